import { useMemo, type ReactElement } from 'react';
import type { LinkHappening } from '#studio/data/link-shapes.ts';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';

interface Numbered extends LinkHappening {
  readonly number: number;
}

const columns: readonly Column<Numbered>[] = [
  { key: 'at', title: 'When', cell: ({ at }) => <TimeText at={at} as="exact" />, sortBy: ({ at }) => at, width: '190px' },
  { key: 'state', title: 'State', cell: ({ state }) => <StatusBadge state={state} />, sortBy: ({ state }) => state, width: '120px' },
  { key: 'code', title: 'Code', cell: ({ code }) => code ?? '', sortBy: ({ code }) => code ?? '', width: 'minmax(110px, 0.6fr)' },
  { key: 'text', title: 'What happened', cell: ({ text }) => <span title={text}>{text}</span>, width: 'minmax(240px, 3fr)' },
];

/** What happened to the link, newest first: the latest hundred. */
export function LinkTimeline({ happenings }: { readonly happenings: readonly LinkHappening[] }): ReactElement {
  const rows = useMemo(() => happenings.map((one, number) => ({ ...one, number })).toReversed(), [happenings]);
  return <Grid label="Timeline" columns={columns} rows={rows} idOf={({ number }) => `${number}`} empty="Nothing has happened to it yet." />;
}
