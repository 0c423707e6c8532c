import { makeStyles, tokens } from '@fluentui/react-components';
import { Background, Controls, MarkerType, ReactFlow, useReactFlow, useStore, type ColorMode } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useEffect, useMemo, type ReactElement } from 'react';
import type { Drawing } from './cards.ts';
import { FlowCard, FlowPlace, type CardNode, type PlaceNode } from './flow-card.tsx';
import { FlowLink, strokeOf, type LinkEdge } from './flow-link.tsx';
import { layoutOf, type Box } from './layout.ts';
import type { HighlightedPath } from './path.ts';
import { sumOf } from './rates.ts';
import type { Rates } from './use-topology.ts';

const useStyles = makeStyles({
  canvas: {
    height: '100%',
    backgroundColor: tokens.colorNeutralBackground1,
    '& .react-flow__controls': { boxShadow: tokens.shadow4, borderRadius: tokens.borderRadiusMedium, overflow: 'hidden' },
    '& .react-flow__controls-button': {
      display: 'flex',
      alignItems: 'center',
      justifyContent: 'center',
      width: '32px',
      height: '32px',
      padding: '8px',
      boxSizing: 'border-box',
      border: 'none',
      cursor: 'pointer',
      backgroundColor: tokens.colorNeutralBackground1,
      color: tokens.colorNeutralForeground1,
      ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
      ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
    },
    '& .react-flow__controls-button svg': { fill: 'currentColor', maxWidth: '14px', maxHeight: '14px' },
    '& .react-flow__node-place': { pointerEvents: 'none' },
  },
});

/** What is neither selected nor dragged gets no clicks otherwise. */
const clickable = { pointerEvents: 'all' } as const;
const nodeTypes = { card: FlowCard, place: FlowPlace };
const edgeTypes = { link: FlowLink };
/** Of more than that only what is seen is drawn. */
const manyCards = 120;

export interface TopologyCanvasProps {
  readonly drawing: Drawing;
  readonly rates: Rates;
  readonly chosen: string | undefined;
  /** Of what is chosen. */
  readonly path: HighlightedPath | undefined;
  readonly choose: (id: string | undefined) => void;
  readonly colorMode: ColorMode;
}

/** The network as a picture that is moved and zoomed. */
export function TopologyCanvas({ drawing, rates, chosen, path, choose, colorMode }: TopologyCanvasProps): ReactElement {
  const styles = useStyles();
  const layout = useMemo(() => layoutOf(drawing), [drawing]);
  const places = useMemo(
    () =>
      drawing.places.flatMap((place): PlaceNode[] => {
        const box = layout.places.get(place.id);
        const data = { place, isChosen: place.id === chosen, choose };
        // Networks lie below their subnets, and these below cards and links.
        return box === undefined
          ? []
          : [{ id: place.id, type: 'place', ...placed(box), zIndex: place.within === undefined ? -2 : -1, data }];
      }),
    [drawing, layout, chosen, choose],
  );
  const cards = useMemo(
    () =>
      drawing.cards.map((card): CardNode => {
        const isFaint = path !== undefined && !path.cards.has(card.id);
        return {
          id: card.id,
          type: 'card',
          ...placed(layout.cards.get(card.id)!),
          style: clickable,
          data: { card, isChosen: card.id === chosen, isFaint, choose },
        };
      }),
    [drawing, layout, chosen, path, choose],
  );
  const links = useMemo(
    () =>
      drawing.links.map((link): LinkEdge => {
        const rate = sumOf(rates, link.counted);
        const isOnPath = path?.links.has(link.id) === true;
        return {
          id: link.id,
          type: 'link',
          source: link.from,
          target: link.to,
          markerEnd: {
            type: MarkerType.ArrowClosed,
            width: 12,
            height: 12,
            markerUnits: 'userSpaceOnUse',
            color: isOnPath ? tokens.colorBrandStroke1 : strokeOf(link.state),
          },
          data: { link, rate, isOnPath, isFaint: path !== undefined && !isOnPath },
        };
      }),
    [drawing, rates, path],
  );
  const nodes = useMemo(() => [...places, ...cards], [places, cards]);
  return (
    <div className={styles.canvas}>
      <ReactFlow
        nodes={nodes}
        edges={links}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        colorMode={colorMode}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        deleteKeyCode={null}
        onPaneClick={() => choose(undefined)}
        onlyRenderVisibleElements={cards.length > manyCards}
        fitView
        fitViewOptions={fit}
        minZoom={0.1}
        maxZoom={1.5}
        proOptions={{ hideAttribution: true }}
      >
        <Background />
        <Fitted when={nodes.length} />
        <Controls showInteractive={false} aria-label="Zoom" />
      </ReactFlow>
    </div>
  );
}

/** Brings all of it into view again when there is another number of parts, or other room for them. */
function Fitted({ when }: { readonly when: number }): null {
  const { fitView } = useReactFlow();
  const room = useStore(({ width, height }) => `${width} ${height}`);
  useEffect(() => {
    const frame = requestAnimationFrame(() => void fitView(fit));
    return () => cancelAnimationFrame(frame);
  }, [fitView, when, room]);
  return null;
}

const fit = { padding: 0.05, maxZoom: 1 };

function placed({ x, y, width, height }: Box): Pick<CardNode, 'position' | 'width' | 'height'> {
  return { position: { x, y }, width, height };
}
