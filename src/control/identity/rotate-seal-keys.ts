import { randomUUID } from 'node:crypto';
import { failpoint } from '#base/failpoint.ts';
import type { Secret } from '#base/secret.ts';
import { openForUpkeep } from '../store/rewrite-texts.ts';
import { environmentKeys, newSealKey, readSealKeys, sealKeyPath, writeKeyFile, type SealKey } from './seal-keys.ts';
import { sealer, wantsSealing } from './sealer.ts';

export interface RotateRequest {
  /** The data folder, locked by whoever asks: nothing seals meanwhile. */
  readonly folder: string;
  /** The store's file. */
  readonly store: string;
  /** The value of `ISTHMUS_SEAL_KEY`. */
  readonly fromEnvironment: Secret | undefined;
  /** Who asks, for the audit log. */
  readonly by: string;
}

export interface Rotated {
  /** Id of the key that seals from now on. */
  readonly key: string;
  /** The key is that of the environment, and no file holds any. */
  readonly isFromEnvironment: boolean;
  /** How many places of the store were sealed anew. */
  readonly changed: number;
  /** Sealed texts that no key opens: they stay as they are. */
  readonly unreadable: number;
  /** Ids of the keys that nothing is sealed with any more. */
  readonly dropped: readonly string[];
}

/**
 * Seals everything in a store anew and forgets the keys it was sealed with: with a new key of the file, or with the first one of the
 * environment where that has any. Killed anywhere, every secret still opens, and it can be run again: keys are added before anything is
 * sealed with them, and dropped after nothing is.
 * Faults: those of reading keys and store.
 */
export async function rotateSealKeys({ folder, store, fromEnvironment, by }: RotateRequest): Promise<Rotated> {
  const path = sealKeyPath(folder);
  const before = await readSealKeys({ folder, fromEnvironment, isNew: false });
  const [own] = environmentKeys(fromEnvironment);
  const first = own ?? newSealKey();
  const keys = [first, ...before.keys.filter(({ id }) => id !== first.id)] as const;
  if (own === undefined) await writeKeyFile(path, keys);
  await failpoint('secrets.key-added.after');
  using upkeep = openForUpkeep(store);
  const resealing = resealed(keys, before.places);
  const changed = await upkeep.rewriteTexts(resealing.change);
  await failpoint('secrets.resealed.after');
  const dropped = keys.slice(1).map(({ id }) => id);
  upkeep.audit({
    action: 'Isthmus.Identity/sealKeys/rotate/action',
    scope: '/',
    principal: '00000000-0000-0000-0000-000000000000',
    principalName: by,
    outcome: 'succeeded',
    code: undefined,
    correlationId: randomUUID(),
    changes: [{ name: 'key', before: dropped.join(', '), after: first.id }],
  });
  await failpoint('secrets.audited.after');
  await writeKeyFile(path, own === undefined ? [first] : []);
  return { key: first.id, isFromEnvironment: own !== undefined, changed, unreadable: resealing.unreadable(), dropped };
}

/** Seals texts in JSON anew. What no key opens is no text of ours, or lost already. */
function resealed(
  keys: readonly [SealKey, ...SealKey[]],
  places: string,
): { readonly change: (json: string) => string; readonly unreadable: () => number } {
  const ring = sealer({ keys, places });
  let unreadable = 0;
  return {
    // Nothing in a sealed text is written otherwise in JSON.
    change: (json) =>
      json.replaceAll(/(?<=")v[12]\.[\w.-]*(?=")/g, (text) => {
        if (!wantsSealing(text, keys[0])) return text;
        try {
          return ring.seal(ring.open(text).reveal());
        } catch {
          unreadable += 1;
          return text;
        }
      }),
    unreadable: () => unreadable,
  };
}
