import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Sealer } from '#arm/access.ts';
import { fault, type Fault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import { makePrivateFolder, readIfThere, writeDurably } from './durable-file.ts';

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** What is sealed says how, so that another way can follow: `v1.` and base64url of nonce, tag and cipher text of AES-256-GCM. */
const version = 'v1.';

/**
 * The sealer of an installation, with the key in `FOLDER/identity/seal.key`, made on first start. Whoever copies the store must copy the
 * key too, and keep it elsewhere.
 * Faults: `SealKeyBroken` (corrupt), `IdentityFileDenied` (denied).
 */
export async function openSealer(folder: string): Promise<Sealer> {
  const home = join(folder, 'identity');
  const path = join(home, 'seal.key');
  await makePrivateFolder(home);
  const text = await readIfThere(path, 0o600);
  if (text === undefined) {
    const key = randomBytes(keyBytes);
    await writeDurably(path, `${key.toString('base64url')}\n`, 0o600);
    return sealer(key);
  }
  const key = Buffer.from(text.toString('latin1').trim(), 'base64url');
  if (key.length === keyBytes) return sealer(key);
  throw fault('corrupt', 'SealKeyBroken', `The file ${path} does not hold the key that seals secrets.`, {
    target: path,
    remedy: 'Put back the file from a backup: without it no sealed secret can be read, and all must be given anew.',
  });
}

/** Seals with a key of 32 bytes. A nonce is drawn for each text: one key serves 2^32 of them. */
export function sealer(key: Uint8Array): Sealer {
  return {
    seal: (text) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(version));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return version + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open: (sealed) => {
      if (!sealed.startsWith(version) || !/^[\w-]*$/.test(sealed.slice(version.length))) throw sealBroken();
      const bytes = Buffer.from(sealed.slice(version.length), 'base64url');
      // Other spellings of the same bytes would make a text that was never written open.
      if (bytes.length < nonceBytes + tagBytes || bytes.toString('base64url') !== sealed.slice(version.length)) throw sealBroken();
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(version));
        decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return secret(Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8'));
      } catch (cause) {
        throw sealBroken(cause);
      }
    },
  };
}

function sealBroken(cause?: unknown): Fault {
  return fault('corrupt', 'SealBroken', 'A sealed secret cannot be opened: it was changed, or sealed with another key.', {
    remedy: 'Put back identity/seal.key that belongs to this store, or give the secret anew.',
    cause,
  });
}
