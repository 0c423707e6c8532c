import { useQuery } from '@tanstack/react-query';
import type { SignInWay } from '#studio/data/session.ts';

/** Ways beside credentials of this installation: what the server says to whoever is not signed in. */
export function useSignInWays(): readonly SignInWay[] {
  const { data } = useQuery({
    queryKey: ['sign-in-ways'],
    queryFn: async ({ signal }): Promise<readonly SignInWay[]> => {
      const answer = await fetch('/studio/session', { credentials: 'same-origin', signal });
      const { issuers } = (await answer.json()) as { issuers?: readonly SignInWay[] };
      return issuers ?? [];
    },
  });
  return data ?? [];
}
