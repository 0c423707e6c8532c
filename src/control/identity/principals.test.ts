import { expect, test } from 'vitest';
import { act, addPassword, deletePrincipal, makePrincipal, openScene, type Scene } from './identity-scene.contract.ts';

async function endOf(scene: Scene, input: Record<string, string>): Promise<string> {
  const self = await makePrincipal(scene, `p${Object.values(input).join('').replaceAll(/\W/g, '')}`);
  return ((await act(scene, self, 'addPassword', input)) as { endDateTime: string }).endDateTime;
}

test('a password lasts as long as asked for, or a year', async () => {
  await using scene = await openScene();
  scene.clock.nowMs = Date.parse('2027-01-31T10:00:00.000Z');
  expect(await endOf(scene, {})).toBe('2028-01-31T10:00:00.000Z');
  expect(await endOf(scene, { lifetime: 'P2W' })).toBe('2027-02-14T10:00:00.000Z');
  expect(await endOf(scene, { lifetime: 'P1DT12H30M' })).toBe('2027-02-01T22:30:00.000Z');
  expect(await endOf(scene, { lifetime: 'PT90S' })).toBe('2027-01-31T10:01:30.000Z');
  expect(await endOf(scene, { endDateTime: '2027-06-30T00:00:00+02:00' })).toBe('2027-06-29T22:00:00.000Z');
});

test('lifetimes that make no sense are refused, with what would do', async () => {
  await using scene = await openScene();
  const self = await makePrincipal(scene, 'alice');
  const invalid = { kind: 'invalid', code: 'InvalidPasswordLifetime', remedy: expect.stringContaining('P90D') };
  for (const input of [
    { endDateTime: '2001-01-01T00:00:00Z' },
    { lifetime: 'PT0S' },
    { lifetime: 'P9999Y', endDateTime: '2027-01-01T00:00:00Z' },
  ]) {
    await expect(act(scene, self, 'addPassword', input)).rejects.toMatchObject(invalid);
  }
  for (const lifetime of ['P', 'PT', '1Y', 'P-1D', 'P1H'])
    await expect(act(scene, self, 'addPassword', { lifetime })).rejects.toThrow('P90D');
});

test('there are at most 20 passwords; an unknown one cannot be removed; one that is being deleted gets none', async () => {
  await using scene = await openScene();
  const self = await makePrincipal(scene, 'alice');
  const all = await Promise.allSettled(Array.from({ length: 22 }, () => addPassword(scene, self)));
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  expect(all.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { kind: 'conflict', code: 'TooManyPasswords' } });
  const missing = { kind: 'missing', code: 'PasswordNotFound' };
  await expect(act(scene, self, 'removePassword', { keyId: scene.tenant })).rejects.toMatchObject(missing);
  await deletePrincipal(scene, 'alice');
  await expect(addPassword(scene, self)).rejects.toMatchObject({ kind: 'conflict', code: 'PrincipalIsGoing' });
});
