import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody, Select, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useMemo, type ReactElement } from 'react';
import { useNames, type NameOf } from '#studio/data/people.ts';
import { useArmList } from '#studio/data/queries.ts';
import { useWrite } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { auditPath, auditPeriods, matching, verdictWord, type AuditRecord } from './audit.ts';
import { ManagePage } from './manage-page.tsx';
import { ScopePicker } from './scope-picker.tsx';

const useStyles = makeStyles({ bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'end' } });
const verifyPath = '/providers/Isthmus.Audit/verify';

interface Address {
  readonly scope?: string;
  readonly period?: string;
  readonly outcome?: string;
  readonly text?: string;
  /** The record that is shown whole. */
  readonly record?: number;
}

/** What was asked, allowed and refused. */
export function AuditPage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const address = useAddress({ strict: false }) as Address;
  const { scope = '/', period = '24h', outcome = '', text = '', record } = address;
  const go = (change: Address): void => void navigate({ to: '/manage/audit', search: { ...address, ...change }, replace: true });
  // Once for each choice: records that come later are in it anyhow.
  const path = useMemo(() => auditPath(scope, period, Date.now()), [scope, period]);
  const { data, isPending, error, refetch } = useArmList<AuditRecord>(path, { watch: { within: scope === '/' ? '' : scope } });
  const name = useNames();
  const shown = useMemo(() => matching(data ?? [], { outcome, text }), [data, outcome, text]);
  const chosen = shown.find(({ sequence }) => sequence === record);
  return (
    <ManagePage title="Audit log" about="What was asked, allowed and refused, by whom." actions={<Verify />}>
      <div className={styles.bar}>
        <ScopePicker value={scope} onChange={(next) => go({ scope: next })} />
        <Field label="Time">
          <Select value={period} onChange={(_, { value }) => go({ period: value })}>
            {auditPeriods.map((one) => (
              <option key={one.value} value={one.value}>
                {one.text}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Outcome">
          <Select value={outcome} onChange={(_, { value }) => go({ outcome: value })}>
            <option value="">Any</option>
            <option value="succeeded">succeeded</option>
            <option value="refused">refused</option>
          </Select>
        </Field>
        <Field label="Words">
          <Input value={text} onChange={(_, { value }) => go({ text: value })} />
        </Field>
        <Button onClick={() => void refetch()}>Read again</Button>
      </div>
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="Audit log"
        columns={columns(name, (sequence) => go({ record: sequence }))}
        rows={shown}
        idOf={({ sequence }) => String(sequence)}
        isPending={isPending}
        empty="Nothing was asked that matches."
        onOpen={({ sequence }) => go({ record: sequence })}
      />
      {chosen !== undefined && <Whole record={chosen} name={name} />}
      <CommandPane
        calls={[
          { method: 'GET', path, ...(scope === '/' && { isthmus: ['audit', ...(period === 'all' ? [] : ['--since', period])] }) },
          { method: 'POST', path: verifyPath, body: {}, isthmus: ['audit', '--verify'] },
        ]}
      />
    </ManagePage>
  );
}

function whoOf(name: NameOf): (record: AuditRecord) => string {
  return ({ principal, principalName }) => {
    const known = name(principal);
    return known === undefined || known === principal ? principalName || principal : known;
  };
}

function columns(name: NameOf, show: (sequence: number) => void): readonly Column<AuditRecord>[] {
  const who = whoOf(name);
  return [
    {
      key: 'number',
      title: 'No.',
      width: '70px',
      sortBy: ({ sequence }) => sequence,
      cell: ({ sequence }) => (
        <Button size="small" appearance="transparent" onClick={() => show(sequence)} aria-label={`Show record ${sequence}`}>
          {sequence}
        </Button>
      ),
    },
    { key: 'time', title: 'When', cell: ({ time }) => <TimeText at={time} />, sortBy: ({ time }) => time },
    { key: 'who', title: 'Who', cell: (one) => <span title={who(one)}>{who(one)}</span>, sortBy: who },
    {
      key: 'action',
      title: 'Action',
      cell: ({ action }) => <span title={action}>{action.split('/').slice(-2).join('/')}</span>,
      sortBy: ({ action }) => action,
      width: 'minmax(140px, 1.6fr)',
    },
    {
      key: 'outcome',
      title: 'Outcome',
      cell: ({ outcome, code }) => (code === undefined ? outcome : `${outcome}: ${code}`),
      sortBy: ({ outcome }) => outcome,
      width: 'minmax(120px, 1.4fr)',
    },
    {
      key: 'scope',
      title: 'Where',
      cell: ({ scope }) => <span title={scope}>{scope.split('/').slice(-2).join('/')}</span>,
      sortBy: ({ scope }) => scope,
      width: 'minmax(140px, 2fr)',
    },
  ];
}

function Whole({ record, name }: { readonly record: AuditRecord; readonly name: NameOf }): ReactElement {
  return (
    <Section title={`Record ${record.sequence}`}>
      <Facts
        facts={[
          ['When', <TimeText key="when" at={record.time} as="exact" />],
          ['Who', whoOf(name)(record)],
          ['Action', record.action],
          ['Where', record.scope],
          ['Outcome', record.code === undefined ? record.outcome : `${record.outcome}: ${record.code}`],
          ['Correlation', record.correlationId],
          ...record.changes.map((one) => [one.name, `${one.before ?? 'nothing'} → ${one.after ?? 'nothing'}`] as const),
        ]}
      />
      <JsonPane value={record} />
    </Section>
  );
}

function Verify(): ReactElement {
  const writing = useWrite();
  return (
    <>
      <Button
        disabled={writing.isPending}
        onClick={() => writing.mutate({ title: 'Verify the audit log', method: 'POST', path: verifyPath, body: {} })}
      >
        Verify
      </Button>
      {writing.error !== null && <FaultPanel error={writing.error} />}
      {writing.data !== undefined && (
        <MessageBar intent={writing.data['valid'] === true ? 'success' : 'error'} layout="multiline" role="status">
          <MessageBarBody>{verdictWord(writing.data)}</MessageBarBody>
        </MessageBar>
      )}
    </>
  );
}
