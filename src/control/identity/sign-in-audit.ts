import type { AuditEntry, ResourceStore, StoreTransaction } from '#arm/store.ts';
import { principalType } from './principals.ts';
import type { KnownPrincipal } from './principal-directory.ts';

/** One try to sign in. */
export interface SignIn {
  /** Undefined: nobody has this client id. */
  readonly known: KnownPrincipal | undefined;
  /** What was given, whoever it is. */
  readonly clientId: string;
  /** Undefined: not known here. */
  readonly address: string | undefined;
  readonly correlationId: string;
  /** How many tries with this client id or from this address were held up before it. */
  readonly heldUp: number;
}

/** Writes sign-ins to the audit log, never what was signed in with. */
export interface SignInAudit {
  /** `by`: the password's key id, the issuer that was trusted, `one-time link`. `within`: the transaction that it is written in; else one of its own. */
  good(signIn: SignIn, by: string, within?: StoreTransaction): Promise<void>;
  /** `code`: of the refusal. Beyond so many a minute they are counted, and the count is told by the next that is written: nobody fills the disk. */
  refused(signIn: SignIn, code: string, by?: string): Promise<void>;
}

/** So many refusals at once, and so many a minute in the long run: some 10 MB of records a day at most. */
const refusedAtOnce = 60;
const refusedPerMinute = 10;
const longestName = 64;

export function signInAudit(store: ResourceStore, now: () => number): SignInAudit {
  let budget = refusedAtOnce;
  let countedMs = now();
  let notWritten = 0;
  const write = (signIn: SignIn, rest: Pick<AuditEntry, 'outcome' | 'code'>, more: Readonly<Record<string, string>>): Promise<void> =>
    store.write((transaction) => transaction.audit({ ...entry(signIn, more), ...rest }));
  return {
    good: (signIn, by, within) => {
      const succeeded = { outcome: 'succeeded', code: undefined } as const;
      const more = { with: by };
      return within === undefined ? write(signIn, succeeded, more) : within.audit({ ...entry(signIn, more), ...succeeded });
    },
    refused: async (signIn, code, by) => {
      const nowMs = now();
      budget = Math.min(refusedAtOnce, budget + (Math.max(0, nowMs - countedMs) / 60_000) * refusedPerMinute);
      countedMs = nowMs;
      if (budget < 1) {
        notWritten += 1;
        return;
      }
      budget -= 1;
      const missed = notWritten === 0 ? {} : { notWritten: String(notWritten) };
      notWritten = 0;
      await write(signIn, { outcome: 'refused', code }, { ...(by === undefined ? {} : { with: by }), ...missed });
    },
  };
}

function entry(
  { known, clientId, address, correlationId, heldUp }: SignIn,
  more: Readonly<Record<string, string>>,
): Omit<AuditEntry, 'outcome' | 'code'> {
  const facts = { ...(address === undefined ? {} : { address }), ...(heldUp === 0 ? {} : { heldUp: String(heldUp) }), ...more };
  return {
    action: 'signIn',
    scope: known?.resource ?? `/providers/${principalType}`,
    principal: known?.principal.id ?? '',
    principalName: known?.principal.name ?? printable(clientId),
    correlationId,
    changes: Object.entries(facts).map(([name, after]) => ({ name, before: undefined, after })),
  };
}

/** Someone may have sent a password as client id: only what looks like an id is repeated. */
function printable(clientId: string): string {
  return /^[0-9a-f-]{1,40}$/i.test(clientId) ? clientId.slice(0, longestName) : '(not a client id)';
}
