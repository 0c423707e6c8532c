import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSealer, sealer } from './sealer.ts';

const broken = expect.objectContaining({ kind: 'corrupt', code: 'SealBroken' });

test('what is sealed opens again, whatever it is', () => {
  const one = sealer(randomBytes(32));
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('utf8');
      expect(one.open(one.seal(text)).reveal()).toBe(text);
    }),
  );
});

test('a sealed text is refused after any change, and with another key', () => {
  const one = sealer(randomBytes(32));
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.integer({ min: 1, max: 255 }), (text, at, change) => {
      const sealed = one.seal(text);
      const bytes = Buffer.from(sealed.slice(3), 'base64url');
      bytes[at % bytes.length]! ^= change;
      expect(() => one.open(`v1.${bytes.toString('base64url')}`)).toThrow(broken);
      expect(() => one.open(`v1.${bytes.subarray(0, at % bytes.length).toString('base64url')}`)).toThrow(broken);
    }),
  );
  expect(() => sealer(randomBytes(32)).open(one.seal('text'))).toThrow(broken);
});

test('random texts are refused as broken', () => {
  const one = sealer(randomBytes(32));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String().map((text) => `v1.${text}`),
      ),
      (text) => {
        expect(() => one.open(text)).toThrow(broken);
      },
    ),
  );
});

test('the same text is never sealed the same way, and printing shows nothing', () => {
  const one = sealer(randomBytes(32));
  expect(one.seal('text')).not.toBe(one.seal('text'));
  expect(String(one.open(one.seal('text')))).toBe('***');
});

test('the key is made once, private, and made private again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-sealer-'));
  try {
    const sealed = (await openSealer(folder)).seal('text');
    const path = join(folder, 'identity', 'seal.key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    expect((await openSealer(folder)).open(sealed).reveal()).toBe('text');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFile(path, 'short');
    await expect(openSealer(folder)).rejects.toMatchObject({ kind: 'corrupt', code: 'SealKeyBroken' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
