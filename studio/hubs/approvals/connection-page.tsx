import { makeStyles, MessageBar, MessageBarBody, Text, tokens } from '@fluentui/react-components';
import { useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { connectionShown, nameOf, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { useNames, type NameOf } from '#studio/data/people.ts';
import { useArm, type ShownResource } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { Countdown } from '#studio/parts/countdown.tsx';
import { Facts, type Fact } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Page } from '#studio/parts/page.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { DecisionButtons } from './decision-buttons.tsx';
import { askerWord, decisionWriting, progressText, targetWord, verbsFor } from './decision.ts';
import { AuditView, DecisionsView } from './history-view.tsx';
import { OpensView } from './opens-view.tsx';
import { PolicyView } from './policy-view.tsx';
import { SessionsView } from './sessions-view.tsx';

const useStyles = makeStyles({
  state: { display: 'inline-flex', gap: tokens.spacingHorizontalS, alignItems: 'center', flexWrap: 'wrap' },
});
const crumbs = [{ text: 'Approvals', to: '/approvals' }];

/** One connection: who asks for what and why, what it opens, what was decided, who is connected. */
export function ConnectionPage(): ReactElement {
  const { _splat: rest = '' } = useParams({ strict: false });
  // A place for all that follows would take the list for an id that is empty.
  const id = `/subscriptions/${rest}`;
  const { data, error, refetch } = useArm<ShownResource>(id, { watch: { ids: [id] } });
  if (data === undefined)
    return (
      <Page title={nameOf(id)} crumbs={crumbs}>
        {error === null ? <Waiting /> : <FaultPanel error={error} retry={() => void refetch()} />}
      </Page>
    );
  return <Shown resource={data} error={error} />;
}

function Shown({ resource, error }: { readonly resource: ShownResource; readonly error: Error | null }): ReactElement {
  const connection = connectionShown({ ...resource }, Date.now());
  const facts = useFacts(connection, useNames());
  return (
    <Page
      title={nameOf(connection.endpoint)}
      crumbs={crumbs}
      about={`A ${askerWord(connection.endpoint)} asks to reach the ${targetWord(connection.target)} ${nameOf(connection.target)}.`}
      actions={<DecisionButtons connection={connection} etag={resource.etag} />}
    >
      {error !== null && <FaultPanel error={error} />}
      {connection.actionsRequired !== undefined && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{connection.actionsRequired}</MessageBarBody>
        </MessageBar>
      )}
      <Facts facts={facts} />
      <Section title={connection.status === 'Approved' ? 'What it opens' : 'What it would open'}>
        <OpensView id={connection.id} endpoint={connection.endpoint} />
      </Section>
      <SessionsView connection={connection} />
      <DecisionsView connection={connection} />
      <PolicyView target={connection.target} />
      <AuditView id={connection.id} />
      <div>
        <JsonPane value={resource} path={resource.id} />
        <CommandPane calls={callsOf(connection)} />
      </div>
    </Page>
  );
}

function useFacts(connection: EndpointConnection, name: NameOf): readonly Fact[] {
  const styles = useStyles();
  const { status, target, endpoint, message, requestedBy, requestedAt, expiresAt, approvals, description } = connection;
  const approvedBy = approvals.by.map((id) => name(id)).join(', ');
  return [
    [
      'State',
      <span key="state" className={styles.state}>
        <StatusBadge state={status} />
        {progressText(connection)}
        {verbsFor(connection).length === 0 && <Text>It asks again when its private endpoint is written once more.</Text>}
      </span>,
    ],
    ['Asked by', name(requestedBy)],
    ['Asked', <TimeText key="asked" at={requestedAt} />],
    ['Message', message],
    ['Said last', description === message ? undefined : description],
    ['Asks for', <AppLink key="target" to={resourceAddress(target)} title={target}>{`${nameOf(target)}, ${targetWord(target)}`}</AppLink>],
    ['From', <AppLink key="from" to={resourceAddress(endpoint)} title={endpoint}>{`${nameOf(endpoint)}, ${askerWord(endpoint)}`}</AppLink>],
    [
      'Approvals',
      approvals.needed > 1 || approvals.given > 0
        ? `${approvals.given} of ${approvals.needed}${approvedBy && `: ${approvedBy}`}`
        : undefined,
    ],
    ['Approval ends', expiresAt === undefined ? undefined : <Countdown key="ends" until={expiresAt} over="ended" />],
  ];
}

function callsOf(connection: EndpointConnection): Parameters<typeof CommandPane>[0]['calls'] {
  return verbsFor(connection).map((verb) => {
    const { path, body } = decisionWriting(connection, { verb, because: 'TEXT', etag: undefined });
    return {
      method: 'PUT' as const,
      path,
      body: body!,
      ...(verb === 'Revoke' && { isthmus: ['endpoint', 'revoke', path, '--because', 'TEXT'] }),
    };
  });
}
