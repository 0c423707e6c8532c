import { Text } from '@fluentui/react-components';
import { Fragment, type ReactElement } from 'react';
import { connectionShown, nameOf } from '#arm/endpoint-connection.ts';
import { useSearch } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { Panel } from './panel.tsx';

const shown = 5;

/** Private endpoints that wait for somebody's decision. */
export function RequestsPanel(): ReactElement {
  const { resources, hasMore, isPending, error } = useSearch({
    types: ['*/privateEndpointConnections'],
    top: 1000,
    kinds: ['written', 'settled', 'removed'],
  });
  const pending = resources.map((one) => connectionShown({ ...one }, Date.now())).filter(({ status }) => status === 'Pending');
  return (
    <Panel
      title={pending.length === 0 ? 'Approvals' : `Approvals: ${pending.length} ${pending.length === 1 ? 'waits' : 'wait'} for a decision`}
      to="/approvals"
      more="All requests"
      isPending={isPending}
      error={error}
      empty="Nobody waits for a decision."
      note={note(pending.length, hasMore)}
    >
      {pending.slice(0, shown).map(({ id, endpoint, target, requestedAt }) => (
        <Fragment key={id}>
          <span>
            <AppLink to={`/approvals${id.split('/').map(encodeURIComponent).join('/')}`}>{nameOf(endpoint)}</AppLink>{' '}
            <Text size={200}>asks for {nameOf(target)}</Text>
          </span>
          <Text size={200}>
            <TimeText at={requestedAt} />
          </Text>
        </Fragment>
      ))}
    </Panel>
  );
}

function note(count: number, hasMore: boolean): string | undefined {
  if (hasMore) return 'Only the first 1,000 connections were looked at.';
  return count > shown ? `and ${count - shown} more` : undefined;
}
