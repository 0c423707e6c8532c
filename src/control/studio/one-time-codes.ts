import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ResourceStore, StoreTransaction } from '#arm/store.ts';
import type { KnownPrincipal, PrincipalDirectory } from '../identity/principal-directory.ts';
import { isStillGood } from '../identity/principal-record.ts';

export interface OneTimeCode {
  /** Kept nowhere. */
  readonly code: string;
  /** Milliseconds since 1970. */
  readonly endsMs: number;
}

/** Codes of links that sign somebody in, once. They outlive the process; the store holds their hashes. */
export interface OneTimeCodes {
  /** For this principal; audited. */
  make(known: KnownPrincipal, correlationId: string): Promise<OneTimeCode>;
  /** Whom it signs in; from then on nobody. Undefined: there is no such code any more, its principal is gone, or had a password removed since. */
  use(transaction: StoreTransaction, code: string): Promise<KnownPrincipal | undefined>;
}

export interface CodesOptions {
  readonly store: ResourceStore;
  readonly directory: PrincipalDirectory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const prefix = 'studio.code.';
const lastsMs = 3_600_000;
/** Of one principal at a time; who makes more loses the oldest. */
const mostCodes = 20;

interface Kept {
  readonly principalId: string;
  readonly appId: string;
  readonly endsMs: number;
}

const keptSchema: z.ZodType<Kept> = z.object({ principalId: z.string(), appId: z.string(), endsMs: z.number() });

export function oneTimeCodes({ store, directory, now }: CodesOptions): OneTimeCodes {
  /** Returns the principal's that can still be used, the oldest first. */
  const sweep = async (transaction: StoreTransaction, principalId: string): Promise<readonly string[]> => {
    const mine: (readonly [string, Kept])[] = [];
    for (const [name, value] of await transaction.settings(prefix)) {
      const kept = keptSchema.safeParse(value).data;
      if (kept === undefined || now() >= kept.endsMs) await transaction.putSetting(name, undefined);
      else if (kept.principalId === principalId) mine.push([name, kept]);
    }
    return mine.toSorted(([, one], [, other]) => one.endsMs - other.endsMs).map(([name]) => name);
  };
  return {
    make: async (known, correlationId) => {
      const code = randomBytes(32).toString('base64url');
      const endsMs = now() + lastsMs;
      const { principal, appId, resource } = known;
      await store.write(async (transaction) => {
        const mine = await sweep(transaction, principal.id);
        for (const name of mine.slice(0, Math.max(0, mine.length - mostCodes + 1))) await transaction.putSetting(name, undefined);
        await transaction.putSetting(nameOf(code), { principalId: principal.id, appId, endsMs });
        await transaction.audit({
          action: 'signInLink',
          scope: resource,
          principal: principal.id,
          principalName: principal.name,
          outcome: 'succeeded',
          code: undefined,
          correlationId,
          changes: [{ name: 'ends', before: undefined, after: new Date(endsMs).toISOString() }],
        });
      });
      return { code, endsMs };
    },
    use: async (transaction, code) => {
      const name = nameOf(code);
      const kept = keptSchema.safeParse(await transaction.setting(name)).data;
      if (kept === undefined) return undefined;
      await transaction.putSetting(name, undefined);
      const known = now() < kept.endsMs ? await directory.byPrincipalId(kept.principalId) : undefined;
      if (known?.appId !== kept.appId) return undefined;
      return (await isStillGood(transaction, known.resource, kept.endsMs - lastsMs)) ? known : undefined;
    },
  };
}

function nameOf(code: string): string {
  return prefix + hash('sha256', code);
}
