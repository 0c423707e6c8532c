import { expect, test } from 'vitest';
import { secret } from '#base/secret.ts';
import type { Sealer } from '#arm/access.ts';
import type { JsonObject } from '#arm/resource.ts';
import { changesOf } from './changes.ts';
import { sealed, secretPaths, withoutMasked, withoutSecrets } from './secrets.ts';

let count = 0;
const sealer: Sealer = {
  seal: (text) => `${(count += 1)}:${Buffer.from(text).toString('hex')}`,
  open: (text) => secret(Buffer.from(text.split(':')[1]!, 'hex').toString()),
};
const paths = secretPaths(['password', 'inner.key', 'values.*.secret', 'connection']);
const given: JsonObject = {
  user: 'sa',
  password: 'p4ss',
  inner: { key: 'k3y', name: 'n' },
  values: { a: { secret: 's1' }, b: { secret: 's2', plain: 'x' } },
  connection: { type: 'SecureString', value: 'conn' },
};

test('secrets are sealed wherever they lie, and never shown', () => {
  const stored = sealed(given, undefined, paths, sealer);
  expect(JSON.stringify(stored)).not.toMatch(/p4ss|k3y|s1|s2|"conn"/);
  expect(stored).toMatchObject({ user: 'sa', inner: { name: 'n' }, values: { b: { plain: 'x' } }, connection: { type: 'SecureString' } });
  const shown = withoutSecrets(stored, paths);
  expect(shown).toEqual({
    user: 'sa',
    inner: { name: 'n' },
    values: { a: {}, b: { plain: 'x' } },
    connection: { type: 'SecureString', value: '**********' },
  });
  expect(JSON.stringify(shown)).not.toContain('$sealed');
});

test('what is sent back as it was shown keeps what is stored; the same secret keeps its seal', () => {
  const stored = sealed(given, undefined, paths, sealer);
  const back = withoutMasked({ ...withoutSecrets(stored, paths), password: '***' }, paths);
  expect(sealed(back, stored, paths, sealer)).toEqual(stored);
  expect(sealed(given, stored, paths, sealer)).toEqual(stored);
  const other = sealed({ ...given, password: 'other' }, stored, paths, sealer);
  expect(other['password']).not.toEqual(stored['password']);
  expect(other['inner']).toEqual(stored['inner']);
});

test('a secret that is sent again beside something new is told from one that was kept', () => {
  const stored = sealed(given, undefined, paths, sealer);
  const absent: JsonObject = { user: 'sb', inner: given['inner']! };
  expect(sealed(absent, stored, paths, sealer)['password']).toEqual(stored['password']);
  expect(sealed({ ...given, user: 'sb' }, stored, paths, sealer)['password']).not.toEqual(stored['password']);
});

test('nobody can pass off a sealed text of their own', () => {
  expect(
    withoutMasked({ password: { $sealed: 'forged' }, connection: { type: 'SecureString', value: { $sealed: 'forged' } } }, paths),
  ).toEqual({});
});

test('the audit log names what changed, with no secret in it', () => {
  const asked = (properties: JsonObject): Parameters<typeof changesOf>[0] => ({ location: 'x', tags: {}, envelope: {}, properties });
  const before = asked(sealed(given, undefined, paths, sealer));
  const after = asked({ ...sealed({ ...given, password: 'new' }, undefined, paths, sealer), user: 'sb', apiToken: 'plain' });
  const changes = changesOf(before, after);
  expect(changes).toContainEqual({ name: 'properties.user', before: 'sa', after: 'sb' });
  expect(changes).toContainEqual({ name: 'properties.password', before: '***', after: '***' });
  expect(changes).toContainEqual({ name: 'properties.apiToken', before: undefined, after: '***' });
  expect(changesOf(undefined, asked({ a: { b: 1 } }))).toEqual([
    { name: 'location', before: undefined, after: 'x' },
    { name: 'tags', before: undefined, after: '{}' },
    { name: 'properties.a.b', before: undefined, after: '1' },
  ]);
});
