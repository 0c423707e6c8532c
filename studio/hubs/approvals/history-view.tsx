import { Text } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import type { ConnectionDecision, EndpointConnection } from '#arm/endpoint-connection.ts';
import { toFault } from '#base/fault.ts';
import { useNames, type NameOf } from '#studio/data/people.ts';
import { useArmList } from '#studio/data/queries.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { eventWord, type ConnectionRecord } from './history.ts';

/** What was decided, by whom and why; from the connection itself, which whoever decides may read. */
export function DecisionsView({ connection }: { readonly connection: EndpointConnection }): ReactElement {
  const nameOfPerson = useNames();
  const columns: readonly Column<ConnectionDecision>[] = [
    { key: 'at', title: 'When', cell: ({ at }) => <TimeText at={at} />, sortBy: ({ at }) => at },
    { key: 'status', title: 'Decision', cell: ({ status }) => <StatusBadge state={status} />, sortBy: ({ status }) => status },
    { key: 'by', title: 'By', cell: (one) => byText(one, nameOfPerson), sortBy: ({ by }) => by, width: 'minmax(140px, 1.5fr)' },
    { key: 'because', title: 'Reason', cell: ({ because }) => <span title={because}>{because}</span>, width: 'minmax(200px, 3fr)' },
  ];
  return (
    <Section title="Decisions">
      <Grid
        label="Decisions"
        columns={columns}
        rows={connection.decisions.toReversed()}
        idOf={({ at, by, status }) => `${at} ${by} ${status}`}
        empty="Nobody has decided about it yet."
        height="260px"
      />
    </Section>
  );
}

function byText({ by, through }: ConnectionDecision, name: NameOf): string {
  if (through === 'list') return 'the list of the service';
  return `${name(by) ?? ''}${through === 'role' ? ' (asked, and may approve)' : ''}`;
}

/** Everything that was asked of the connection, refused too. */
export function AuditView({ id }: { readonly id: string }): ReactElement {
  const nameOfPerson = useNames();
  const { data, error, isPending } = useArmList<ConnectionRecord>(`${id}/providers/Isthmus.Audit/records`, { watch: { ids: [id] } });
  if (error !== null && data === undefined) {
    return (
      <Section title="Audit log">
        {toFault(error).kind === 'denied' && (
          <Text>The audit log is kept; you may not read it. The decisions above are all there were.</Text>
        )}
        <FaultPanel error={error} />
      </Section>
    );
  }
  return (
    <Section title="Audit log" about="What was asked of this connection, allowed and refused.">
      <Grid
        label="Audit log"
        columns={auditColumns(nameOfPerson)}
        rows={(data ?? []).toReversed()}
        idOf={({ sequence }) => String(sequence)}
        isPending={isPending}
        empty="Nothing was asked of it."
        height="320px"
      />
    </Section>
  );
}

function auditColumns(name: NameOf): readonly Column<ConnectionRecord>[] {
  const who = ({ principal, principalName }: ConnectionRecord): string => name(principal) ?? principalName;
  return [
    { key: 'time', title: 'When', cell: ({ time }) => <TimeText at={time} />, sortBy: ({ sequence }) => sequence },
    { key: 'who', title: 'Who', cell: (one) => <span title={who(one)}>{who(one)}</span>, sortBy: who },
    {
      key: 'what',
      title: 'What',
      cell: (one) => <span title={`${eventWord(one)}\n${one.action}`}>{eventWord(one)}</span>,
      sortBy: eventWord,
      width: 'minmax(200px, 3fr)',
    },
    {
      key: 'outcome',
      title: 'Outcome',
      cell: ({ outcome, code }) => (code === undefined ? outcome : `${outcome}: ${code}`),
      sortBy: ({ outcome }) => outcome,
    },
  ];
}
