import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtempDisposable, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeEnvironmentSecret } from '#base/config.ts';
import { secret } from '#base/secret.ts';
import { readSealKeys, sealKeyPath } from './seal-keys.ts';

const newFolder = () => mkdtempDisposable(join(tmpdir(), 'isthmus-keys-'));

test('the key is made once, private, and made private again', async () => {
  await using folder = await newFolder();
  const read = (isNew: boolean) => readSealKeys({ folder: folder.path, fromEnvironment: undefined, isNew });
  const made = await read(true);
  const path = sealKeyPath(folder.path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await chmod(path, 0o644);
  expect(await read(false)).toEqual(made);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFile(path, 'short');
  await expect(read(false)).rejects.toMatchObject({ kind: 'corrupt', code: 'SealKeyBroken', target: path });
});

test('where something is sealed already, a missing key is a fault and never a new key', async () => {
  await using folder = await newFolder();
  const read = (isNew: boolean) => readSealKeys({ folder: folder.path, fromEnvironment: undefined, isNew });
  await read(true);
  const path = sealKeyPath(folder.path);
  await rm(path);
  await expect(read(false)).rejects.toMatchObject({
    kind: 'corrupt',
    code: 'SealKeyMissing',
    message: expect.stringContaining(path),
    remedy: expect.stringContaining('ISTHMUS_SEAL_KEY'),
  });
  expect(existsSync(path)).toBe(false);
});

test('keys of the environment come before those of the file, and need none', async () => {
  await using folder = await newFolder();
  const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64url')];
  const read = (text: string, isNew = true) => readSealKeys({ folder: folder.path, fromEnvironment: secret(text), isNew });
  const ring = await read(`${one}, ${two}`);
  expect(ring.keys.map(({ bytes }) => Buffer.from(bytes).toString('base64url'))).toEqual([
    Buffer.from(one, 'base64').toString('base64url'),
    two,
  ]);
  expect(existsSync(sealKeyPath(folder.path))).toBe(false);
  const kept = await readSealKeys({ folder: folder.path, fromEnvironment: undefined, isNew: true });
  expect((await read(one, false)).keys.map(({ id }) => id)).toEqual([ring.keys[0].id, kept.keys[0].id]);
  for (const wrong of ['', 'short', `${one},`, `${one}${one}`])
    await expect(read(wrong)).rejects.toMatchObject({
      kind: 'invalid',
      code: 'SealKeyInvalid',
      remedy: expect.stringContaining('openssl rand'),
    });
});

test('a secret that was taken from the environment is not in it any more', () => {
  const name = 'ISTHMUS_TEST_TAKEN';
  process.env[name] = 'text';
  expect(takeEnvironmentSecret(name)?.reveal()).toBe('text');
  expect(process.env[name]).toBeUndefined();
  expect(takeEnvironmentSecret(name)).toBeUndefined();
});
