import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components';
import { useRouterState, useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement } from 'react';
import { useObservable } from '#studio/data/observable.ts';
import { reachability } from '#studio/data/reachability.ts';

/** A page that has just been opened is not live yet, and nobody needs to be told. */
const patienceMs = 1_500;

/** Says when what is shown may be old, and when whoever looks at it is not signed in any more. */
export function ConnectionBanner(): ReactElement | null {
  const { live, sinceMs, signedOut } = useObservable(reachability);
  const navigate = useNavigate();
  const href = useRouterState({ select: ({ location }) => location.href });
  const isOld = useLater(!live && !signedOut);
  if (signedOut)
    return (
      <MessageBar intent="warning" role="alert">
        <MessageBarBody>
          <MessageBarTitle>Your session has ended.</MessageBarTitle>
          What you see is from before. Nothing that you typed is lost until you leave this page.
        </MessageBarBody>
        <MessageBarActions>
          <Button onClick={() => void navigate({ to: '/sign-in', search: { to: href } })}>Sign in again</Button>
        </MessageBarActions>
      </MessageBar>
    );
  if (!isOld) return null;
  return (
    <MessageBar intent="warning" role="alert">
      <MessageBarBody>
        <MessageBarTitle>Isthmus does not answer.</MessageBarTitle>
        What you see is as of {new Date(sinceMs).toLocaleTimeString()}, not live. It is tried again every two seconds.
      </MessageBarBody>
    </MessageBar>
  );
}

/** Whether something has been so for a while. */
function useLater(is: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!is) {
      setLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [is]);
  return late;
}
