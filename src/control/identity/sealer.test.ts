import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newSealKey, type SealKey } from './seal-keys.ts';
import { sealer } from './sealer.ts';

const broken = expect.objectContaining({ kind: 'corrupt', code: 'SealBroken' });
const withKeys = (...keys: [SealKey, ...SealKey[]]) => sealer({ keys, places: 'the key file' });
const newSealer = () => withKeys(newSealKey());

test('what is sealed opens again, whatever it is', () => {
  const one = newSealer();
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('utf8');
      expect(one.open(one.seal(text)).reveal()).toBe(text);
    }),
  );
});

test('a sealed text is refused after any change', () => {
  const one = newSealer();
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.integer({ min: 1, max: 255 }), (text, at, change) => {
      const sealed = one.seal(text);
      const head = sealed.slice(0, sealed.lastIndexOf('.') + 1);
      const bytes = Buffer.from(sealed.slice(head.length), 'base64url');
      bytes[at % bytes.length]! ^= change;
      expect(() => one.open(head + bytes.toString('base64url'))).toThrow(broken);
      expect(() => one.open(head + bytes.subarray(0, at % bytes.length).toString('base64url'))).toThrow(broken);
    }),
  );
});

test('random texts are refused as broken', () => {
  const one = newSealer();
  const id = one.seal('').split('.')[1];
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String().map((text) => `v1.${text}`),
        fc.base64String().map((text) => `v2.${id}.${text}`),
      ),
      (text) => {
        expect(() => one.open(text)).toThrow(broken);
      },
    ),
  );
});

test('the first key seals, all open; a text says which key it wants, and one that is not there is named with the file', () => {
  const [old, fresh] = [newSealKey(), newSealKey()];
  const before = withKeys(old).seal('text');
  const both = withKeys(fresh, old);
  expect(both.open(before).reveal()).toBe('text');
  expect(withKeys(fresh).open(both.seal('text')).reveal()).toBe('text');
  expect(() => withKeys(fresh).open(before)).toThrow(
    expect.objectContaining({
      kind: 'corrupt',
      code: 'SealKeyMissing',
      message: `A secret is sealed with the key ${old.id}, which is not in the key file.`,
      remedy: expect.stringContaining('seal.key'),
    }),
  );
  // A key cannot be passed off as another.
  expect(() => both.open(before.replace(old.id, fresh.id))).toThrow(broken);
});

test('what was sealed before keys had ids opens with whichever key it was', () => {
  const [old, fresh] = [newSealKey(), newSealKey()];
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', old.bytes, nonce, { authTagLength: 16 });
  cipher.setAAD(Buffer.from('v1.'));
  const text = Buffer.concat([cipher.update('text', 'utf8'), cipher.final()]);
  const sealed = `v1.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`;
  expect(withKeys(fresh, old).open(sealed).reveal()).toBe('text');
  expect(() => withKeys(fresh).open(sealed)).toThrow(broken);
});

test('the same text is never sealed the same way, and printing shows nothing', () => {
  const one = newSealer();
  expect(one.seal('text')).not.toBe(one.seal('text'));
  expect(String(one.open(one.seal('text')))).toBe('***');
});
