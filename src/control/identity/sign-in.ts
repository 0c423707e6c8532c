import type { ResourceStore } from '#arm/store.ts';
import { matchCredential, type Match } from './credential.ts';
import type { KnownPrincipal, PrincipalDirectory } from './principal-directory.ts';
import { readRecord } from './principal-record.ts';
import { signInAudit, type SignIn } from './sign-in-audit.ts';
import { countedAddress, throttle, type Throttle } from './throttle.ts';
import { refusals, throttled, type TokenRefusal } from './token-answers.ts';
import { turns } from './turns.ts';

export interface SignInRequest {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of the client, as text. */
  readonly address: string;
  readonly correlationId: string;
}

/** Checks passwords; audited, and slow for those who guess. */
export interface SignInDesk {
  signIn(request: SignInRequest): Promise<{ readonly known: KnownPrincipal } | { readonly refusal: TokenRefusal }>;
}

export interface SignInOptions {
  readonly store: ResourceStore;
  readonly directory: PrincipalDirectory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One principal's password from one address. */
const freeForPair = 5;
/** One principal's from anywhere: many more, or anyone could lock out anyone whose client id they know. */
const freeForClient = 100;
/** Unknown client ids from one address. Known ones pass: a neighbour who guesses holds up nobody but itself. */
const freeForAddress = 10;
const maxWaiting = 50;

export function signInDesk({ store, directory, now }: SignInOptions): SignInDesk {
  const pairs = throttle({ free: freeForPair, now });
  const clients = throttle({ free: freeForClient, now });
  const addresses = throttle({ free: freeForAddress, now });
  const audit = signInAudit(store, now);
  const inTurn = turns(maxWaiting);

  const countedFor = (known: KnownPrincipal | undefined, address: string): readonly (readonly [Throttle, string])[] =>
    known === undefined
      ? [[addresses, address]]
      : [
          [pairs, `${known.appId} ${address}`],
          [clients, known.appId],
        ];
  const check: SignInDesk['signIn'] = async (request) => {
    const known = await directory.byAppId(request.clientId);
    const address = countedAddress(request.address);
    const counted = countedFor(known, address);
    const waits = counted.flatMap(([table, key]) => table.waitSeconds(key) ?? []);
    if (waits.length > 0) return { refusal: throttled(Math.max(...waits)) };
    const record = known === undefined ? undefined : await readRecord(store, known.resource);
    const match = await matchCredential(request.clientSecret, record?.credentials ?? [], now());
    const heldUp = counted.reduce((sum, [table, key]) => sum + table.takeHeldUp(key), 0);
    const signIn: SignIn = { known, clientId: request.clientId, address: request.address, correlationId: request.correlationId, heldUp };
    if (match.kind === 'good' && known !== undefined) {
      await audit.good(signIn, match.keyId);
      for (const [table, key] of counted) table.succeeded(key);
      return { known };
    }
    for (const [table, key] of counted) table.failed(key);
    const refusal = refusalOf(match);
    await audit.refused(signIn, `AADSTS${refusal.number}`);
    return { refusal };
  };

  return {
    signIn: async (request) => {
      const known = await directory.byAppId(request.clientId);
      const address = countedAddress(request.address);
      // One after the other, or a thousand at once would all be tried before the first was counted.
      const mine = inTurn.take(known === undefined ? address : `${known.appId} ${address}`, () => check(request));
      return mine ?? { refusal: throttled(1) };
    },
  };
}

function refusalOf(match: Match): TokenRefusal {
  return match.kind === 'expired' ? refusals.expiredSecret : refusals.wrongSecret;
}
