import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { WarningFilled } from '@fluentui/react-icons';
import type { ReactElement } from 'react';
import { poolOf, type Link, type LinkStatus, type LogHeld, type TableCounts } from '#studio/data/link-shapes.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import type { Column } from '#studio/parts/grid.tsx';
import { troubleOf } from '#studio/parts/link-words.ts';
import { bytesText, countText, shortCountText } from '#studio/parts/quantity-words.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { durationText } from '#studio/parts/time-words.ts';

/** A link and what is true of it. */
export interface WatchedLink {
  readonly link: Link;
  /** Undefined: not known yet. */
  readonly status: LinkStatus | undefined;
}

const useStyles = makeStyles({
  waits: { color: tokens.colorStatusWarningForeground1, display: 'inline-flex', alignItems: 'center', gap: tokens.spacingHorizontalXS },
});

export const linkColumns: readonly Column<WatchedLink>[] = [
  {
    key: 'name',
    title: 'Link',
    cell: ({ link }) => <AppLink to={linkAddress(link.name)}>{link.name}</AppLink>,
    sortBy: ({ link }) => link.name,
    width: 'minmax(90px, 1.4fr)',
  },
  {
    key: 'state',
    title: 'State',
    cell: ({ status }) => (status === undefined ? '…' : <StatusBadge state={status.status} />),
    sortBy: ({ status }) => status?.status,
    width: '106px',
  },
  {
    key: 'waits',
    title: 'Waits for',
    cell: ({ status }) => status && <WaitsFor status={status} />,
    sortBy: ({ status }) => status?.error?.code,
    width: 'minmax(90px, 1.2fr)',
  },
  {
    key: 'source',
    title: 'Source',
    cell: ({ link }) => sourceOf(link),
    sortBy: ({ link }) => sourceOf(link),
    width: 'minmax(80px, 1fr)',
  },
  {
    key: 'pool',
    title: 'SQL pool',
    cell: ({ link }) => poolOf(link.properties),
    sortBy: ({ link }) => poolOf(link.properties),
    width: 'minmax(64px, 0.7fr)',
  },
  {
    key: 'tables',
    title: 'Tables',
    cell: ({ link, status }) => {
      const text = tablesText(status?.isthmus.tables, link.properties.linkTables?.length ?? 0);
      return <span title={text}>{text}</span>;
    },
    sortBy: ({ link }) => link.properties.linkTables?.length,
    width: 'minmax(100px, 1.4fr)',
  },
  {
    key: 'lag',
    title: 'Lag',
    cell: ({ status }) => lagText(status?.lagSeconds),
    sortBy: ({ status }) => status?.lagSeconds,
    width: '78px',
    isNumber: true,
  },
  {
    key: 'rate',
    title: 'Rows/s',
    cell: ({ status }) => rateText(status?.isthmus.changesPerSecond),
    sortBy: ({ status }) => status?.isthmus.changesPerSecond,
    width: '78px',
    isNumber: true,
  },
  {
    key: 'log',
    title: 'Log held',
    cell: ({ status }) => status && <span title={logText(status.isthmus.log)}>{heldText(status.isthmus.log)}</span>,
    sortBy: ({ status }) => Number(status?.isthmus.log.heldBytes ?? 0),
    width: '78px',
    isNumber: true,
  },
  {
    key: 'run',
    title: 'Run',
    cell: ({ status }) => <span title={status?.continuousRunId}>{runText(status)}</span>,
    sortBy: ({ status }) => status?.isthmus.run?.number,
    width: '36px',
    isNumber: true,
  },
  {
    key: 'started',
    title: 'Started',
    cell: ({ status }) => <TimeText at={status?.startTime} />,
    sortBy: ({ status }) => status?.startTime,
    width: '96px',
  },
];

function WaitsFor({ status }: { readonly status: LinkStatus }): ReactElement {
  const styles = useStyles();
  const trouble = troubleOf(status);
  if (trouble !== undefined)
    return (
      <span className={styles.waits} title={`${trouble.message} ${trouble.remedy ?? ''}`.trim()}>
        <WarningFilled aria-hidden />
        {trouble.code}
      </span>
    );
  return status.isPartiallyFailed ? (
    <span className={styles.waits}>
      <WarningFilled aria-hidden />
      some tables
    </span>
  ) : (
    <Text>–</Text>
  );
}

/** The page of one link. */
export function linkAddress(name: string): string {
  return `/monitor/link/${encodeURIComponent(name)}`;
}

export function sourceOf({ properties }: Link): string {
  return properties.sourceDatabase.linkedService.referenceName;
}

/** `3 Replicating, 1 Failed`. */
export function tablesText(counts: TableCounts | undefined, count: number): string {
  if (counts === undefined) return countText(count);
  const states = Object.entries(counts.states).toSorted(([, a], [, b]) => b - a);
  return states.length === 0 ? '0' : states.map(([state, many]) => `${countText(many)} ${state}`).join(', ');
}

export function lagText(seconds: number | undefined): string {
  return seconds === undefined ? '–' : durationText(seconds);
}

export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return '–';
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : shortCountText(Math.round(perSecond));
}

export function heldText({ heldBytes }: LogHeld): string {
  return heldBytes === undefined ? '–' : bytesText(Number(heldBytes));
}

function logText(log: LogHeld): string {
  return `${heldText(log)} of at most ${bytesText(Number(log.mostBytes))}`;
}

function runText(status: LinkStatus | undefined): string {
  const number = status?.isthmus.run?.number;
  return number === undefined ? '–' : `${number}`;
}
