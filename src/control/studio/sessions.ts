import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Log } from '#base/log.ts';
import type { ResourceStore, StoreTransaction } from '#arm/store.ts';
import type { KnownPrincipal, PrincipalDirectory } from '../identity/principal-directory.ts';
import { isStillGood } from '../identity/principal-record.ts';

/** Somebody who is signed in by a browser. */
export interface StudioSession {
  readonly known: KnownPrincipal;
  /** When it ends however much it is used, in milliseconds since 1970. */
  readonly endsMs: number;
}

/** Sessions of browsers. They outlive the process; what the store holds signs nobody in, since it is the hash of what the browser has. */
export interface StudioSessions {
  /** Part of the transaction that says why. `value`: for the cookie, and kept nowhere. */
  start(transaction: StoreTransaction, known: KnownPrincipal): Promise<{ readonly value: string; readonly endsMs: number }>;
  /** Undefined: there is no such session, it has ended, its principal is gone, or had a password removed since. `isUse`: it is used by this. */
  find(value: string, isUse: boolean): Promise<StudioSession | undefined>;
  /** Undefined: there was none. */
  end(transaction: StoreTransaction, value: string): Promise<StudioSession | undefined>;
  /** Forgets those that have ended. */
  sweep(transaction: StoreTransaction): Promise<void>;
}

export interface SessionsOptions {
  readonly store: ResourceStore;
  readonly directory: PrincipalDirectory;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const prefix = 'studio.session.';
const longestMs = 12 * 3_600_000;
const idleMs = 2 * 3_600_000;
/** The last use is written this often at most: it may be told too early by as much after a restart. */
const writeEveryMs = 5 * 60_000;
/** Of one principal; who opens more loses the one that was not used for the longest time. */
const mostSessions = 50;

interface Kept {
  readonly principalId: string;
  /** A principal made anew under the same name is another one. */
  readonly appId: string;
  readonly startedMs: number;
  readonly usedMs: number;
}

const keptSchema: z.ZodType<Kept> = z.object({ principalId: z.string(), appId: z.string(), startedMs: z.number(), usedMs: z.number() });

export function studioSessions({ store, directory, log, now }: SessionsOptions): StudioSessions {
  /** By setting: newer than what is written. */
  const uses = new Map<string, { readonly usedMs: number; readonly writtenMs: number }>();
  const usedMsOf = (name: string, kept: Kept): number => Math.max(uses.get(name)?.usedMs ?? 0, kept.usedMs);
  const isOver = (name: string, kept: Kept | undefined): boolean =>
    kept === undefined || now() >= kept.startedMs + longestMs || now() >= usedMsOf(name, kept) + idleMs;
  const forget = async (transaction: StoreTransaction, name: string): Promise<void> => {
    uses.delete(name);
    await transaction.putSetting(name, undefined);
  };
  const lookUp = async (
    name: string,
    from: Pick<StoreTransaction, 'setting'>,
  ): Promise<(StudioSession & { readonly kept: Kept }) | undefined> => {
    const kept = keptSchema.safeParse(await from.setting(name)).data;
    if (kept === undefined || isOver(name, kept)) return undefined;
    const known = await directory.byPrincipalId(kept.principalId);
    if (known?.appId !== kept.appId || !(await isStillGood(from, known.resource, kept.startedMs))) return undefined;
    return { known, kept, endsMs: kept.startedMs + longestMs };
  };
  /** Returns those that go on, the longest unused first. */
  const sweep = async (transaction: StoreTransaction): Promise<readonly (readonly [string, Kept])[]> => {
    const going: (readonly [string, Kept])[] = [];
    const all = await transaction.settings(prefix);
    for (const name of uses.keys()) if (!all.has(name)) uses.delete(name);
    for (const [name, value] of all) {
      const kept = keptSchema.safeParse(value).data;
      if (kept === undefined || isOver(name, kept)) await forget(transaction, name);
      else going.push([name, kept]);
    }
    return going.toSorted(([a, one], [b, other]) => usedMsOf(a, one) - usedMsOf(b, other));
  };
  const writeUse = async (name: string, usedMs: number): Promise<void> => {
    await store.write(async (transaction) => {
      // It may have ended in the meantime.
      const kept = keptSchema.safeParse(await transaction.setting(name)).data;
      if (kept !== undefined) await transaction.putSetting(name, { ...kept, usedMs });
    });
  };

  return {
    start: async (transaction, { principal, appId }) => {
      const mine = (await sweep(transaction)).filter(([, kept]) => kept.principalId === principal.id);
      for (const [name] of mine.slice(0, Math.max(0, mine.length - mostSessions + 1))) await forget(transaction, name);
      const value = randomBytes(32).toString('base64url');
      const startedMs = now();
      await transaction.putSetting(nameOf(value), { principalId: principal.id, appId, startedMs, usedMs: startedMs });
      return { value, endsMs: startedMs + longestMs };
    },
    find: async (value, isUse) => {
      const name = nameOf(value);
      const found = await lookUp(name, store);
      if (found === undefined) return undefined;
      const { known, endsMs, kept } = found;
      if (!isUse) return { known, endsMs };
      const usedMs = now();
      const writtenMs = Math.max(kept.usedMs, uses.get(name)?.writtenMs ?? 0);
      const isDue = usedMs - writtenMs >= writeEveryMs;
      uses.set(name, { usedMs, writtenMs: isDue ? usedMs : writtenMs });
      if (isDue)
        writeUse(name, usedMs).catch((error: unknown) => log.warn({ err: error }, 'the last use of a session could not be written'));
      return { known, endsMs };
    },
    end: async (transaction, value) => {
      const name = nameOf(value);
      const found = await lookUp(name, transaction);
      await forget(transaction, name);
      return found && { known: found.known, endsMs: found.endsMs };
    },
    sweep: async (transaction) => void (await sweep(transaction)),
  };
}

function nameOf(value: string): string {
  return prefix + hash('sha256', value);
}
