import { Button, Input, makeStyles, Tab, TabList, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useMemo, type ReactElement } from 'react';
import { byUrgency, connectionShown, nameOf, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { useNames, type NameOf } from '#studio/data/people.ts';
import { useSearch } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Countdown } from '#studio/parts/countdown.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { Page } from '#studio/parts/page.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { DecisionButtons } from './decision-buttons.tsx';
import { connectionAddress, inPart, partOf, progressText, targetWord, type InboxPart } from './decision.ts';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center', justifyContent: 'space-between' },
  state: { display: 'grid', gridTemplateColumns: 'max-content minmax(0, 1fr)', gap: tokens.spacingHorizontalXS, alignItems: 'center' },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const parts: Readonly<Record<InboxPart, string>> = { pending: 'Waiting', approved: 'Approved', ended: 'Rejected or gone', all: 'All' };
const everyConnection = '*/privateEndpointConnections';

interface Address {
  readonly part?: string | undefined;
  readonly text?: string | undefined;
  /** Of one private endpoint only, by its id. */
  readonly endpoint?: string | undefined;
}

/** The owner's inbox: who asks to reach what, those that wait first. */
export function ApprovalsPage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { part: asked, text = '', endpoint } = useAddress({ strict: false }) as Address;
  const part = isPart(asked) ? asked : endpoint === undefined ? 'pending' : 'all';
  const { resources, isPending, error, hasMore, more } = useSearch({ types: [everyConnection], top: 1000 });
  const etags = useMemo(() => new Map(resources.map(({ id, etag }) => [id, etag])), [resources]);
  const all = useMemo(() => resources.map((one) => connectionShown({ ...one }, Date.now())).toSorted(byUrgency), [resources]);
  const name = useNames();
  const go = (change: Address): void =>
    void navigate({ to: '/approvals', search: shortened({ part, text, endpoint, ...change }), replace: true });
  const count = (one: InboxPart): number => inPart(all, { part: one, text: '', endpoint }).length;
  return (
    <Page title="Approvals" about="Who asks to reach your services and databases. Nothing passes before you approve.">
      <div className={styles.bar}>
        <TabList selectedValue={part} onTabSelect={(_, { value }) => go({ part: value as InboxPart })} aria-label="Which connections">
          {(Object.keys(parts) as InboxPart[]).map((one) => (
            <Tab key={one} value={one}>{`${parts[one]} (${count(one)}${hasMore ? '+' : ''})`}</Tab>
          ))}
        </TabList>
        <Input aria-label="Filter connections" placeholder="Filter" value={text} onChange={(_, { value }) => go({ text: value })} />
      </div>
      {endpoint !== undefined && (
        <Text>
          Only what {nameOf(endpoint)} asks for.{' '}
          <AppLink to="/approvals" search={{ part: 'all' }}>
            Show all
          </AppLink>
        </Text>
      )}
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="Private endpoint connections"
        columns={columnsOf({ styles, name, etags })}
        rows={inPart(all, { part, text, endpoint })}
        idOf={({ id }) => id}
        isPending={isPending}
        empty={emptyText(part, all)}
        more={hasMore ? more : undefined}
        onOpen={({ id }) => void navigate({ to: connectionAddress(id) })}
      />
      {hasMore && <Button onClick={more}>Read more connections</Button>}
    </Page>
  );
}

function isPart(text: string | undefined): text is InboxPart {
  return text !== undefined && text in parts;
}

/** What need not be said is not in the address. */
function shortened({ part, text, endpoint }: Address): Address {
  return { ...(part && { part }), ...(endpoint && { endpoint }), ...(text && { text }) };
}

function emptyText(part: InboxPart, all: readonly EndpointConnection[]): string {
  if (all.length === 0)
    return 'Nobody asks for anything that you may read. A private endpoint to a service or server of yours appears here by itself.';
  const others = all.filter((one) => partOf(one) !== part).length;
  return `None here. There are ${others} others.`;
}

interface Ground {
  readonly styles: ReturnType<typeof useStyles>;
  readonly name: NameOf;
  readonly etags: ReadonlyMap<string, string | undefined>;
}

function columnsOf({ styles, name, etags }: Ground): readonly Column<EndpointConnection>[] {
  return [
    {
      key: 'state',
      title: 'State',
      width: 'minmax(150px, 1fr)',
      sortBy: ({ status }) => status,
      cell: (one) => (
        <span className={styles.state}>
          <StatusBadge state={one.status} />
          <span className={styles.quiet} title={progressText(one)}>
            {progressText(one)?.replace(' approved', '')}
          </span>
        </span>
      ),
    },
    {
      key: 'endpoint',
      title: 'Private endpoint',
      width: 'minmax(110px, 1.4fr)',
      sortBy: ({ endpoint }) => nameOf(endpoint),
      cell: ({ id, endpoint }) => (
        <AppLink to={connectionAddress(id)} title={endpoint}>
          {nameOf(endpoint)}
        </AppLink>
      ),
    },
    {
      key: 'target',
      title: 'Asks for',
      width: 'minmax(120px, 1.6fr)',
      sortBy: ({ target }) => nameOf(target),
      cell: ({ target }) => (
        <span title={target}>
          {nameOf(target)} <span className={styles.quiet}>{targetWord(target)}</span>
        </span>
      ),
    },
    {
      key: 'decide',
      title: 'Decide',
      width: '204px',
      cell: (one) => <DecisionButtons connection={one} etag={etags.get(one.id)} />,
    },
    {
      key: 'by',
      title: 'Asked by',
      cell: ({ requestedBy }) => <span title={name(requestedBy)}>{name(requestedBy)}</span>,
      sortBy: ({ requestedBy }) => name(requestedBy),
    },
    { key: 'since', title: 'Since', cell: ({ requestedAt }) => <TimeText at={requestedAt} />, sortBy: ({ requestedAt }) => requestedAt },
    { key: 'message', title: 'Message', width: 'minmax(100px, 1.6fr)', cell: ({ message }) => <span title={message}>{message}</span> },
    {
      key: 'ends',
      title: 'Ends',
      sortBy: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt, status }) =>
        expiresAt === undefined ? status === 'Approved' && 'never' : <Countdown until={expiresAt} over="ended" />,
    },
  ];
}
