import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import type { ReactElement } from 'react';
import type { Card, Place } from './cards.ts';
import { lookOf } from './kind-look.tsx';
import { StateMark } from './state-mark.tsx';
import { lineOf, toneOf } from './topology-words.ts';

export interface CardContent extends Record<string, unknown> {
  readonly card: Card;
  readonly isChosen: boolean;
  /** Something else is chosen, and this is not on its path. */
  readonly isFaint: boolean;
  readonly choose: (id: string) => void;
}

export interface PlaceContent extends Record<string, unknown> {
  readonly place: Place;
  readonly isChosen: boolean;
  readonly choose: (id: string) => void;
}

export type CardNode = Node<CardContent, 'card'>;
export type PlaceNode = Node<PlaceContent, 'place'>;

const useStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'stretch',
    boxSizing: 'border-box',
    width: '100%',
    height: '100%',
    padding: `7px ${tokens.spacingHorizontalS}`,
    textAlign: 'left',
    font: 'inherit',
    fontSize: tokens.fontSizeBase300,
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderLeftWidth: '4px',
    borderRadius: tokens.borderRadiusMedium,
    boxShadow: tokens.shadow2,
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '1px' },
  },
  good: { borderLeftColor: tokens.colorStatusSuccessBorder2 },
  warning: { borderLeftColor: tokens.colorStatusWarningBorder2 },
  bad: { borderLeftColor: tokens.colorStatusDangerBorder2 },
  still: { borderLeftColor: tokens.colorNeutralStroke1 },
  chosen: { outline: `2px solid ${tokens.colorBrandStroke1}` },
  faint: { opacity: 0.35 },
  head: { display: 'flex', alignItems: 'center', gap: '6px', minWidth: 0 },
  icon: { flexShrink: 0, fontSize: '18px', color: tokens.colorNeutralForeground2 },
  name: { fontWeight: tokens.fontWeightSemibold, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  line: {
    display: 'flex',
    justifyContent: 'space-between',
    gap: tokens.spacingHorizontalS,
    minWidth: 0,
    height: '22px',
    alignItems: 'center',
  },
  text: {
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  spoken: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
  handle: { opacity: 0, pointerEvents: 'none' },
  place: {
    boxSizing: 'border-box',
    width: '100%',
    height: '100%',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground2,
  },
  subnet: { backgroundColor: tokens.colorNeutralBackground3, border: `1px dashed ${tokens.colorNeutralStroke1}` },
  title: {
    display: 'flex',
    alignItems: 'center',
    gap: '6px',
    maxWidth: '100%',
    height: '28px',
    padding: `0 ${tokens.spacingHorizontalS}`,
    font: 'inherit',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    backgroundColor: 'transparent',
    border: 'none',
    borderRadius: tokens.borderRadiusMedium,
    cursor: 'pointer',
    pointerEvents: 'all',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
});

/** A part of the network as a box that is chosen by a click or Enter. */
export function FlowCard({ data: { card, isChosen, isFaint, choose } }: NodeProps<CardNode>): ReactElement {
  const styles = useStyles();
  const { node, rows } = card;
  const { Icon, word } = lookOf(node);
  const { state } = node;
  const name = node.name === '' ? word : node.name;
  return (
    <>
      <Handle type="target" position={Position.Left} className={styles.handle} isConnectable={false} />
      <button
        type="button"
        className={mergeClasses(styles.card, styles[toneOf(state)], isChosen && styles.chosen, isFaint && styles.faint, 'nodrag nopan')}
        aria-pressed={isChosen}
        title={[`${word} ${name}`, node.reason].filter(Boolean).join('\n')}
        onClick={() => choose(card.id)}
      >
        <span className={styles.head}>
          <Icon className={styles.icon} aria-hidden />
          {node.name !== '' && <span className={styles.spoken}>{word} </span>}
          <span className={styles.name}>{name}</span>
        </span>
        <span className={styles.line}>
          <span className={styles.text}>{lineOf(node) || word}</span>
          {state !== undefined && <StateMark state={state} />}
        </span>
        {rows.map((row) => (
          <span key={row.id} className={styles.line} title={row.reason}>
            <span className={styles.text}>{row.text}</span>
            {row.state !== undefined && <StateMark state={row.state} />}
          </span>
        ))}
      </button>
      <Handle type="source" position={Position.Right} className={styles.handle} isConnectable={false} />
    </>
  );
}

/** A network or a subnet, around what lies in it. */
export function FlowPlace({ data: { place, isChosen, choose } }: NodeProps<PlaceNode>): ReactElement {
  const styles = useStyles();
  const { node } = place;
  const { Icon, word } = lookOf(node);
  return (
    <div className={mergeClasses(styles.place, node.kind === 'subnet' && styles.subnet, isChosen && styles.chosen)}>
      <button
        type="button"
        className={mergeClasses(styles.title, 'nodrag nopan')}
        aria-pressed={isChosen}
        title={`${word} ${node.name}`}
        onClick={() => choose(place.id)}
      >
        <Icon aria-hidden />
        <span className={styles.name}>{node.name}</span>
        <span className={styles.text}>{lineOf(node)}</span>
      </button>
    </div>
  );
}
