import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { BaseEdge, EdgeLabelRenderer, getBezierPath, type Edge, type EdgeProps } from '@xyflow/react';
import type { ReactElement } from 'react';
import type { Link } from './cards.ts';
import type { Rate } from './rates.ts';
import { openText, speedText, toneOf } from './topology-words.ts';

export interface LinkContent extends Record<string, unknown> {
  readonly link: Link;
  readonly rate: Rate;
  readonly isOnPath: boolean;
  readonly isFaint: boolean;
}

export type LinkEdge = Edge<LinkContent, 'link'>;

const strokes = {
  good: tokens.colorStatusSuccessBorder2,
  warning: tokens.colorStatusWarningBorder2,
  bad: tokens.colorStatusDangerBorder2,
  still: tokens.colorNeutralStroke1,
};

/** The colour of a link that stands so. */
export function strokeOf(state: string | undefined): string {
  return strokes[toneOf(state)];
}

const useStyles = makeStyles({
  label: {
    position: 'absolute',
    padding: `0 ${tokens.spacingHorizontalXS}`,
    whiteSpace: 'nowrap',
    fontSize: '10px',
    lineHeight: '14px',
    textAlign: 'center',
    fontVariantNumeric: 'tabular-nums',
    color: tokens.colorNeutralForeground1,
    pointerEvents: 'none',
  },
  faint: { opacity: 0.25 },
});

/** What leads from one card to the next, with what passes it now. */
export function FlowLink(props: EdgeProps<LinkEdge>): ReactElement {
  const styles = useStyles();
  const { id, data, markerEnd } = props;
  const [path, x, y] = getBezierPath(props);
  if (data === undefined) return <BaseEdge id={id} path={path} />;
  const { link, rate, isOnPath, isFaint } = data;
  const tone = toneOf(link.state);
  const ports = link.ports.map((port) => `:${port}`).join(' ');
  const above = speedText('→', rate.inPerSecond) ?? ports;
  const below = speedText('←', rate.outPerSecond) ?? openText(rate.open) ?? '';
  const width = isOnPath ? 3 : 1.5;
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        {...(markerEnd !== undefined && { markerEnd })}
        style={{
          stroke: isOnPath ? tokens.colorBrandStroke1 : strokes[tone],
          strokeWidth: width,
          opacity: isFaint ? 0.25 : 1,
          ...(tone === 'bad' || tone === 'warning' ? { strokeDasharray: '6 4' } : {}),
        }}
      />
      <EdgeLabelRenderer>
        {above !== '' && (
          <div className={mergeClasses(styles.label, isFaint && styles.faint)} style={{ transform: placed(x, y, '-100%', -2) }}>
            {above}
          </div>
        )}
        {below !== '' && (
          <div className={mergeClasses(styles.label, isFaint && styles.faint)} style={{ transform: placed(x, y, '0', 2) }}>
            {below}
          </div>
        )}
      </EdgeLabelRenderer>
    </>
  );
}

function placed(x: number, y: number, share: string, offset: number): string {
  return `translate(-50%, ${share}) translate(${x}px, ${y + offset}px)`;
}
