import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Sealer } from '#arm/access.ts';
import { fault, type Fault } from '#base/fault.ts';
import { secret, type Secret } from '#base/secret.ts';
import type { KeyRing, SealKey } from './seal-keys.ts';

const nonceBytes = 12;
const tagBytes = 16;
/**
 * What is sealed says how, and with which key: `v2.`, the key's id, and base64url of nonce, tag and cipher text of AES-256-GCM. What was
 * sealed before keys had ids begins with `v1.`, and is tried with each.
 */
const form = /^(?:v2\.(?<id>[0-9a-f]{8})|v1)\.(?<text>[\w-]*)$/;

/** Seals with the first key, opens with all. A nonce is drawn for each text: one key serves 2^32 of them. */
export function sealer({ keys, places }: KeyRing): Sealer {
  const [first] = keys;
  return {
    seal: (text) => {
      const head = `v2.${first.id}.`;
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', first.bytes, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(head));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return head + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open: (sealed) => {
      const { id, text } = form.exec(sealed)?.groups ?? {};
      if (text === undefined) throw sealBroken();
      const bytes = Buffer.from(text, 'base64url');
      // Other spellings of the same bytes would make a text that was never written open.
      if (bytes.length < nonceBytes + tagBytes || bytes.toString('base64url') !== text) throw sealBroken();
      const able = id === undefined ? keys : keys.filter((key) => key.id === id);
      if (able.length === 0) throw keyUnknown(id ?? '', places);
      const head = sealed.slice(0, -text.length);
      for (const key of able) {
        const opened = tryOpen(key, head, bytes);
        if (opened !== undefined) return opened;
      }
      throw sealBroken(places);
    },
  };
}

/** Whether a text looks like one that was sealed, and is not sealed with this key. */
export function wantsSealing(text: string, { id }: SealKey): boolean {
  return form.test(text) && !text.startsWith(`v2.${id}.`);
}

function tryOpen({ bytes: key }: SealKey, head: string, bytes: Buffer): Secret | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(head));
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  const opened = decipher.update(bytes.subarray(nonceBytes + tagBytes));
  try {
    return secret(Buffer.concat([opened, decipher.final()]).toString('utf8'));
  } catch {
    // Another key, or not the bytes that were written: the same to whoever asks.
    return undefined;
  }
}

function keyUnknown(id: string, places: string): Fault {
  return fault('corrupt', 'SealKeyMissing', `A secret is sealed with the key ${id}, which is not in ${places}.`, {
    target: places,
    remedy: 'Put back the key that belongs to this store: identity/seal.key of its data folder from a backup, or its ISTHMUS_SEAL_KEY.',
  });
}

function sealBroken(places = 'identity/seal.key'): Fault {
  return fault('corrupt', 'SealBroken', 'A sealed secret cannot be opened: it was changed, or sealed with another key.', {
    remedy: `Put back the key that belongs to this store into ${places}, or give the secret anew.`,
  });
}
