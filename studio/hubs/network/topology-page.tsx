import { Button, Input, makeStyles, mergeClasses, Tab, TabList, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useDeferredValue, useMemo, type ReactElement } from 'react';
import { useObservable } from '#studio/data/observable.ts';
import { preferences } from '#studio/data/preferences.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { useSubscription } from '#studio/data/session.ts';
import { bounded } from './bounded.ts';
import { drawingOf } from './cards.ts';
import { EmptyNetwork } from './empty-network.tsx';
import { NetworkPage } from './network-page.tsx';
import { NodePanel } from './node-panel.tsx';
import { pathThrough } from './path.ts';
import type { Topology } from './topology-shape.ts';
import { TopologyTree } from './topology-tree.tsx';
import { useRates, useTopology } from './use-topology.ts';
import { cardOf, narrowed } from './narrowed.ts';

const TopologyCanvas = lazy(async () => ({ default: (await import('./topology-canvas.tsx')).TopologyCanvas }));

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center', justifyContent: 'space-between' },
  views: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingHorizontalL,
  },
  /** Beside the picture where there is room for both, else below it. */
  withPanel: { '@media (min-width: 1600px)': { gridTemplateColumns: 'minmax(0, 1fr) 320px' } },
  view: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'auto',
    height: 'max(420px, calc(100vh - 330px))',
    minWidth: 0,
  },
  lower: { '@media (max-width: 1599px)': { height: 'max(260px, calc(100vh - 620px))' } },
  panel: { minWidth: 0, '@media (min-width: 1600px)': { overflow: 'auto', maxHeight: 'max(420px, calc(100vh - 330px))' } },
});

interface Address {
  readonly view?: 'picture' | 'list' | undefined;
  /** What is chosen. */
  readonly node?: string | undefined;
  readonly text?: string | undefined;
}

/** The network as it is carried now, as a picture and as a list. */
export function TopologyPage(): ReactElement {
  const { data, error, refetch } = useTopology();
  const about = 'Who reaches which database, by which way, and what passes at this moment.';
  return (
    <NetworkPage title="Topology" about={data?.engine === 'kernel' ? `${about} The kernel carries it.` : about}>
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Waiting what="Reading the network" />}
      {data !== undefined && <Shown topology={data} />}
    </NetworkPage>
  );
}

function Shown({ topology }: { readonly topology: Topology }): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const subscription = useSubscription();
  const { view = 'picture', node: asked, text = '' } = useAddress({ strict: false }) as Address;
  const filter = useDeferredValue(text);
  const { topology: shown, leftOut } = useMemo(() => bounded(narrowed(topology, filter)), [topology, filter]);
  const go = useCallback(
    (change: Address): void =>
      void navigate({
        to: '/network',
        search: ((before: Address) =>
          Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined && value !== ''))) as never,
        replace: true,
      }),
    [navigate],
  );
  const choose = useCallback((id: string | undefined) => go({ node: id }), [go]);
  const node = topology.nodes.find(({ id }) => id === asked);
  if (topology.nodes.length === 0) return <EmptyNetwork />;
  return (
    <>
      <div className={styles.bar}>
        <TabList
          selectedValue={view}
          onTabSelect={(_, { value }) => go({ view: value === 'list' ? 'list' : undefined })}
          aria-label="How it is shown"
        >
          <Tab value="picture">Picture</Tab>
          <Tab value="list">List</Tab>
        </TabList>
        <Input
          aria-label="Show only ways through what is called so"
          placeholder="Show only ways through …"
          value={text}
          onChange={(_, { value }) => go({ text: value })}
        />
      </div>
      {leftOut > 0 && (
        <Text role="status">
          {`${leftOut.toLocaleString()} parts more are not drawn: those on a way come first. Say above what the ways are to lead through; Resources lists everything.`}
        </Text>
      )}
      <Views topology={shown} chosen={node?.id} view={view} choose={choose} />
      {shown.nodes.length === 0 && (
        <Text>
          Nothing here is called so. <Button onClick={() => go({ text: undefined })}>Show all</Button>
        </Text>
      )}
      <JsonPane value={topology} path={`${subscription}/providers/Isthmus.Fabric/topology`} />
    </>
  );
}

interface ViewsProps {
  readonly topology: Topology;
  readonly chosen: string | undefined;
  readonly view: 'picture' | 'list';
  readonly choose: (id: string | undefined) => void;
}

function Views({ topology, chosen, view, choose }: ViewsProps): ReactElement {
  const styles = useStyles();
  const rates = useRates();
  const { theme } = useObservable(preferences);
  const drawing = useMemo(() => drawingOf(topology), [topology]);
  const path = useMemo(() => {
    const card = chosen === undefined ? undefined : cardOf(drawing, chosen);
    return card === undefined ? undefined : pathThrough(drawing.links, card);
  }, [drawing, chosen]);
  const node = topology.nodes.find(({ id }) => id === chosen);
  const colorMode = theme === 'system' ? 'system' : theme === 'light' ? 'light' : 'dark';
  return (
    <div className={mergeClasses(styles.views, node !== undefined && styles.withPanel)}>
      <div className={mergeClasses(styles.view, node !== undefined && view === 'picture' && styles.lower)}>
        {view === 'list' ? (
          <TopologyTree topology={topology} rates={rates} chosen={chosen} choose={choose} />
        ) : (
          <Suspense fallback={<Waiting what="Drawing" />}>
            <TopologyCanvas drawing={drawing} rates={rates} chosen={chosen} path={path} choose={choose} colorMode={colorMode} />
          </Suspense>
        )}
      </div>
      {node !== undefined && (
        <div className={styles.panel}>
          <NodePanel node={node} topology={topology} rates={rates} choose={choose} />
        </div>
      )}
    </div>
  );
}
