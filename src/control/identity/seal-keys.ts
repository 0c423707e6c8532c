import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sealKeyVariable } from '#base/config.ts';
import { failpoint } from '#base/failpoint.ts';
import { fault, type Fault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';
import { makePrivateFolder, readIfThere, syncFolder, writeDurably } from './durable-file.ts';

const keyBytes = 32;

/** A key of AES-256. Its id is a part of its SHA-256: it tells keys apart and says nothing of them. */
export interface SealKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** All keys that open what is sealed. */
export interface KeyRing {
  /** The first one seals. */
  readonly keys: readonly [SealKey, ...SealKey[]];
  /** Where keys are looked for, for people. */
  readonly places: string;
}

export interface SealKeysRequest {
  /** The data folder. */
  readonly folder: string;
  /** The value of `ISTHMUS_SEAL_KEY`. */
  readonly fromEnvironment: Secret | undefined;
  /** Nothing is sealed yet: where there is no key, one is made. */
  readonly isNew: boolean;
}

function sealKey(bytes: Uint8Array): SealKey {
  return { id: createHash('sha256').update('isthmus seal key\n').update(bytes).digest('hex').slice(0, 8), bytes };
}

export function newSealKey(): SealKey {
  return sealKey(randomBytes(keyBytes));
}

/** Where the keys of a data folder lie. */
export function sealKeyPath(folder: string): string {
  return join(folder, 'identity', 'seal.key');
}

/**
 * The keys of an installation: those of the environment first, then those of `FOLDER/identity/seal.key` (one a line, only this user may read
 * them), which is made on the first start unless the environment has one. Whoever copies the store must copy the keys too, and keep them
 * elsewhere.
 * Faults: `SealKeyMissing`, `SealKeyBroken` (corrupt), `SealKeyInvalid` (invalid), `IdentityFileDenied` (denied).
 */
export async function readSealKeys({ folder, fromEnvironment, isNew }: SealKeysRequest): Promise<KeyRing> {
  const path = sealKeyPath(folder);
  const own = environmentKeys(fromEnvironment);
  const kept = await readKeyFile(path);
  const places = own.length === 0 ? path : `${sealKeyVariable} and ${path}`;
  const [first, ...rest] = unique([...own, ...kept]);
  if (first !== undefined) return { keys: [first, ...rest], places };
  if (!isNew) throw keyMissing(path);
  const made = newSealKey();
  await writeKeyFile(path, [made]);
  return { keys: [made], places };
}

async function readKeyFile(path: string): Promise<readonly SealKey[]> {
  const text = await readIfThere(path, 0o600);
  if (text === undefined) return [];
  const lines = text.toString('latin1').trim().split(/\s+/);
  return lines.map((line) => {
    const bytes = /^[\w-]+$/.test(line) ? Buffer.from(line, 'base64url') : Buffer.alloc(0);
    if (bytes.length === keyBytes) return sealKey(bytes);
    throw fault('corrupt', 'SealKeyBroken', `The file ${path} does not hold the keys that seal secrets.`, {
      target: path,
      remedy: 'Put back the file from a backup: without it no sealed secret can be read, and all must be given anew.',
    });
  });
}

/** The file holds these from now on, and no others; without any it is gone. Durable when it returns. */
export async function writeKeyFile(path: string, keys: readonly SealKey[]): Promise<void> {
  await makePrivateFolder(join(path, '..'));
  if (keys.length > 0) {
    await writeDurably(path, keys.map(({ bytes }) => `${Buffer.from(bytes).toString('base64url')}\n`).join(''), 0o600);
    return;
  }
  await failpoint('identity.file.before');
  await rm(path, { force: true });
  await syncFolder(join(path, '..'));
}

/** Fault: `SealKeyInvalid` (invalid). */
export function environmentKeys(given: Secret | undefined): readonly SealKey[] {
  if (given === undefined) return [];
  return given
    .reveal()
    .split(',')
    .map((word) => word.trim())
    .map((word) => {
      const bytes = /^[\w+/-]+=*$/.test(word) ? Buffer.from(word, 'base64') : Buffer.alloc(0);
      if (bytes.length === keyBytes) return sealKey(bytes);
      throw fault('invalid', 'SealKeyInvalid', `${sealKeyVariable} does not hold keys of ${keyBytes} bytes as base64.`, {
        target: sealKeyVariable,
        remedy: 'Make a key with: openssl rand -base64 32. Several are written with commas between; the first one seals.',
      });
    });
}

function unique(keys: readonly SealKey[]): readonly SealKey[] {
  return [...new Map(keys.map((key) => [key.id, key])).values()];
}

function keyMissing(path: string): Fault {
  return fault(
    'corrupt',
    'SealKeyMissing',
    `The key that seals secrets is missing: there is no file ${path}, and ${sealKeyVariable} is not set.`,
    {
      target: path,
      remedy: `Put back ${path} from a backup, or set ${sealKeyVariable} to the key that was used.`,
    },
  );
}
