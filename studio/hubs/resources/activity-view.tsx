import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { useMemo, useState, type ReactElement } from 'react';
import type { Json } from '#arm/resource.ts';
import { useArmList } from '#studio/data/queries.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { shortType } from '#studio/parts/resource-address.ts';
import { TimeText } from '#studio/parts/time-text.tsx';

const useStyles = makeStyles({ view: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM } });

/** One record of the audit log. */
interface AuditShown {
  readonly sequence: number;
  /** ISO 8601. */
  readonly time: string;
  readonly action: string;
  readonly scope: string;
  readonly principalName: string;
  readonly outcome: string;
  readonly code?: string;
  readonly correlationId: string;
  readonly changes: readonly { readonly name: string; readonly before?: Json; readonly after?: Json }[];
}

const shownMs = 30 * 86_400_000;
const columns: readonly Column<AuditShown>[] = [
  { key: 'time', title: 'When', cell: ({ time }) => <TimeText at={time} />, sortBy: ({ time }) => time, width: '140px' },
  { key: 'who', title: 'Who', cell: ({ principalName }) => principalName, sortBy: ({ principalName }) => principalName },
  {
    key: 'action',
    title: 'What',
    cell: ({ action, scope }) => <span title={`${action} on ${scope}`}>{shortType(action)}</span>,
    sortBy: ({ action }) => action,
    width: 'minmax(200px, 2fr)',
  },
  {
    key: 'outcome',
    title: 'Outcome',
    cell: ({ outcome, code }) => <span title={code}>{[outcome, code].filter(Boolean).join(': ')}</span>,
    sortBy: ({ outcome }) => outcome,
    width: 'minmax(110px, 1.4fr)',
  },
  { key: 'changes', title: 'Changed', cell: ({ changes }) => <Changes changes={changes} />, width: 'minmax(200px, 3fr)' },
];

/** What was asked of a resource and all that lies in it in the last 30 days, allowed and refused. */
export function ActivityView({ scope }: { readonly scope: string }): ReactElement {
  const styles = useStyles();
  const [since] = useState(() => new Date(Date.now() - shownMs).toISOString());
  const path = `${scope}/providers/Isthmus.Audit/records?$since=${encodeURIComponent(since)}`;
  const { data, error, isPending, refetch } = useArmList<AuditShown>(path, { watch: { ids: [scope], within: scope } });
  const rows = useMemo(() => (data ?? []).toReversed(), [data]);
  return (
    <div className={styles.view}>
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      <Grid
        label="Activity"
        columns={columns}
        rows={rows}
        idOf={({ sequence }) => String(sequence)}
        isPending={isPending}
        empty={<Text>Nobody has asked anything of it in the last 30 days.</Text>}
      />
      <CommandPane calls={[{ method: 'GET', path }]} />
    </div>
  );
}

function Changes({ changes }: Pick<AuditShown, 'changes'>): ReactElement {
  const text = changes.map(({ name, before, after }) => `${name}: ${valueText(before)} → ${valueText(after)}`).join('; ');
  return <span title={text}>{text === '' ? '–' : text}</span>;
}

function valueText(value: Json | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
