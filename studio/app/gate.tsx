import { Spinner } from '@fluentui/react-components';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Navigate, useRouterState } from '@tanstack/react-router';
import { useEffect, type ReactElement } from 'react';
import { followChanges } from '#studio/data/live.ts';
import { sessionQuery } from '#studio/data/session.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Shell } from './shell.tsx';

/** Lets in whoever is signed in, and keeps what they see true. */
export function Gate(): ReactElement {
  const { data, isPending, error, refetch } = useQuery(sessionQuery);
  const href = useRouterState({ select: ({ location }) => location.href });
  if (isPending) return <Spinner label="Isthmus Studio" />;
  if (error !== null) return <FaultPanel error={error} retry={() => void refetch()} />;
  if (data === null) return <Navigate to="/sign-in" search={{ to: href }} replace />;
  return <Inside />;
}

function Inside(): ReactElement {
  const client = useQueryClient();
  useEffect(() => followChanges(client), [client]);
  return <Shell />;
}
