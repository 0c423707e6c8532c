import type { AuditEntry, ResourceStore } from '#arm/store.ts';
import { principalType } from './principals.ts';
import type { KnownPrincipal } from './principal-directory.ts';

/** One try to sign in. */
export interface SignIn {
  /** Undefined: nobody has this client id. */
  readonly known: KnownPrincipal | undefined;
  /** What was given, whoever it is. */
  readonly clientId: string;
  readonly address: string;
  readonly correlationId: string;
  /** How many tries with this client id or from this address were held up before it. */
  readonly heldUp: number;
}

/** Writes sign-ins to the audit log, never what was signed in with. */
export interface SignInAudit {
  /** `with`: the password's key id, or the issuer that was trusted. */
  good(signIn: SignIn, by: string): Promise<void>;
  /** `code`: of the refusal. Beyond so many a minute they are counted, and the count is told by the next that is written. */
  refused(signIn: SignIn, code: string): Promise<void>;
}

const refusedPerMinute = 60;
const longestName = 64;

export function signInAudit(store: ResourceStore, now: () => number): SignInAudit {
  let minute = 0;
  let written = 0;
  let notWritten = 0;
  const write = (signIn: SignIn, rest: Pick<AuditEntry, 'outcome' | 'code'>, more: Readonly<Record<string, string>>): Promise<void> =>
    store.write((transaction) => transaction.audit({ ...entry(signIn, more), ...rest }));
  return {
    good: (signIn, by) => write(signIn, { outcome: 'succeeded', code: undefined }, { with: by }),
    refused: async (signIn, code) => {
      const current = Math.floor(now() / 60_000);
      if (current !== minute) written = 0;
      minute = current;
      if (written >= refusedPerMinute) {
        notWritten += 1;
        return;
      }
      written += 1;
      const missed = notWritten;
      notWritten = 0;
      await write(signIn, { outcome: 'refused', code }, missed === 0 ? {} : { notWritten: String(missed) });
    },
  };
}

function entry(
  { known, clientId, address, correlationId, heldUp }: SignIn,
  more: Readonly<Record<string, string>>,
): Omit<AuditEntry, 'outcome' | 'code'> {
  const facts = { address, ...(heldUp === 0 ? {} : { heldUp: String(heldUp) }), ...more };
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
