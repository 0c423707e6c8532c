import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { fault, toFault } from '#base/fault.ts';
import { arm, studioHeader } from './arm.ts';

/** A way to sign in beside credentials of this installation. */
export interface SignInWay {
  readonly name: string;
  /** Where the browser goes. */
  readonly signIn: string;
}

export interface Session {
  readonly principal: { readonly id: string; readonly name: string };
  readonly tenant: string;
  /** ISO 8601. */
  readonly expires: string;
  readonly installation: { readonly subscription: string; readonly version: string };
  readonly issuers: readonly SignInWay[];
}

export type SignIn = { readonly code: string } | { readonly clientId: string; readonly clientSecret: string };

const address = '/studio/session';

/** Undefined: nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<Session | null> => {
    try {
      return (await arm.get(address)) as unknown as Session;
    } catch (error) {
      if (toFault(error).kind === 'unauthenticated') return null;
      throw error;
    }
  },
});

/** Faults: those of the server, as they are. */
export async function signIn(by: SignIn): Promise<Session> {
  return (await arm.post(address, { ...by })) as unknown as Session;
}

export async function signOut(): Promise<void> {
  await fetch(address, { method: 'DELETE', headers: { [studioHeader]: '1' }, credentials: 'same-origin' });
}

/** Whoever is signed in; only below the sign-in gate. */
export function useSession(): Session {
  const { data } = useSuspenseQuery(sessionQuery);
  if (data === null) throw fault('bug', 'NotSignedIn', 'This is shown only to whoever is signed in.');
  return data;
}

/** `/subscriptions/{id}`: where everything of this installation lies. */
export function useSubscription(): string {
  return `/subscriptions/${useSession().installation.subscription}`;
}
