import { Spinner } from '@fluentui/react-components';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement } from 'react';
import { followChanges } from '#studio/data/live.ts';
import { sessionQuery } from '#studio/data/session.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Shell } from './shell.tsx';

/** Lets in whoever is signed in, and keeps what they see true. */
export function Gate(): ReactElement {
  const { data, isPending, error, refetch } = useQuery(sessionQuery);
  if (isPending) return <Spinner label="Isthmus Studio" />;
  if (error !== null) return <FaultPanel error={error} retry={() => void refetch()} />;
  return data === null ? <ToSignIn /> : <Inside />;
}

function ToSignIn(): null {
  const navigate = useNavigate();
  const href = useRouterState({ select: ({ location }) => location.href });
  // While the other page is on its way this one is still there, at the other's address.
  const [first] = useState(href);
  useEffect(() => void navigate({ to: '/sign-in', search: { to: first }, replace: true }), [navigate, first]);
  return null;
}

function Inside(): ReactElement {
  const client = useQueryClient();
  useEffect(() => followChanges(client), [client]);
  return <Shell />;
}
