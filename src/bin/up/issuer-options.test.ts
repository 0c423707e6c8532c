import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { issuerSettings, withSecrets } from './issuer-options.ts';

const issuer = 'https://login.example/v2.0';
const usual = { issuer, audience: 'isthmus', claim: 'email', principals: { 'a@b.example': 'alice' } };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-issuer-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('an issuer needs no client; a client may have a secret, in a file or in the environment', () => {
  const file = join(folder, 'secret');
  writeFileSync(file, 'of the file\n');
  vi.stubEnv('SHOP_SECRET', 'of the environment');
  expect(withSecrets(usual)).toEqual({ ...usual, name: undefined, clientId: undefined, clientSecret: undefined });
  expect(withSecrets({ ...usual, name: 'Shop', clientId: 'c' })).toMatchObject({ name: 'Shop', clientId: 'c', clientSecret: undefined });
  expect(withSecrets({ ...usual, clientId: 'c', clientSecretFile: file }).clientSecret?.reveal()).toBe('of the file');
  expect(withSecrets({ ...usual, clientId: 'c', clientSecretVariable: 'SHOP_SECRET' }).clientSecret?.reveal()).toBe('of the environment');
  expect(process.env['SHOP_SECRET']).toBeUndefined();
});

test('what is wrong is refused, naming the issuer and never the secret', () => {
  const empty = join(folder, 'empty');
  writeFileSync(empty, ' \n');
  const wrong = [
    { clientSecretFile: empty },
    { clientId: 'c', clientSecretFile: empty },
    { clientId: 'c', clientSecretFile: join(folder, 'none') },
    { clientId: 'c', clientSecretVariable: 'NO_SUCH_SECRET' },
    { clientId: 'c', clientSecretFile: empty, clientSecretVariable: 'NO_SUCH_SECRET' },
  ];
  for (const more of wrong) {
    const refused = expect.objectContaining({ kind: 'invalid', code: 'BadConfig', target: issuer, remedy: expect.stringContaining('.') });
    expect(() => withSecrets({ ...usual, ...more })).toThrow(refused);
  }
  expect(issuerSettings.safeParse([usual]).success).toBe(true);
  for (const more of [{ clientSecret: 'written into the file' }, { clientID: 'c' }, { issuer: 'login' }, { name: '' }])
    expect(issuerSettings.safeParse([{ ...usual, ...more }]).success).toBe(false);
});
