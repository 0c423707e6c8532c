import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { act, addPassword, askToken, fieldsOf, makePrincipal, openScene, type Scene } from './identity-scene.contract.ts';
import { signInAudit } from './sign-in-audit.ts';

interface Told {
  readonly action: string;
  readonly outcome: string;
  readonly name: string;
  readonly code: string | undefined;
  readonly changes: Readonly<Record<string, string | undefined>>;
}

async function records(scene: Scene): Promise<Told[]> {
  const all = await scene.store.auditLog.read({ limit: 1_000 });
  return all.map(({ action, outcome, principalName, code, changes }) => ({
    action,
    outcome,
    name: principalName,
    code,
    changes: Object.fromEntries(changes.map(({ name, after }) => [name, after])),
  }));
}

test('good and refused sign-ins and changes of passwords are recorded, without any secret', async () => {
  await using scene = await openScene();
  const self = await makePrincipal(scene, 'alice');
  const credentials = await addPassword(scene, self);
  await askToken(scene, fieldsOf(credentials));
  await askToken(scene, { ...fieldsOf(credentials), client_secret: 'ist_guessed' });
  await askToken(scene, { client_id: 'my secret as client id', client_secret: 'ist_guessed' });
  await act(scene, self, 'removePassword', { keyId: credentials.keyId });
  const type = 'Isthmus.Identity/servicePrincipals/passwordCredentials';
  const password = `passwordCredentials.${credentials.keyId}`;
  const [address, code] = ['192.0.2.1', 'AADSTS7000215'];
  expect(await records(scene)).toEqual([
    { action: `${type}/write`, outcome: 'succeeded', name: 'admin', code: undefined, changes: { [password]: '***' } },
    { action: 'signIn', outcome: 'succeeded', name: 'alice', code: undefined, changes: { address, with: credentials.keyId } },
    { action: 'signIn', outcome: 'refused', name: 'alice', code, changes: { address } },
    { action: 'signIn', outcome: 'refused', name: '(not a client id)', code, changes: { address } },
    { action: `${type}/delete`, outcome: 'succeeded', name: 'admin', code: undefined, changes: { [password]: undefined } },
  ]);
  const files = await Promise.all(['store.db', 'store.db-wal'].map((name) => readFile(join(scene.folder, name), 'latin1')));
  for (const hidden of [credentials.clientSecret, 'ist_guessed', 'my secret']) expect(files.join('')).not.toContain(hidden);
  expect(await scene.store.auditLog.verify()).toMatchObject({ ok: true });
});

test('tries that are held up are counted, not recorded one by one', async () => {
  await using scene = await openScene();
  const credentials = await addPassword(scene, await makePrincipal(scene, 'alice'));
  for (let i = 0; i < 40; i += 1) await askToken(scene, { ...fieldsOf(credentials), client_secret: 'ist_guessed' });
  scene.clock.nowMs += 1_000;
  await askToken(scene, fieldsOf(credentials));
  const signIns = (await records(scene)).filter(({ action }) => action === 'signIn');
  expect(signIns.map(({ outcome }) => outcome)).toEqual([...Array<string>(6).fill('refused'), 'succeeded']);
  expect(signIns.at(-1)?.changes['heldUp']).toBe('34');
});

test('from many addresses too, no more than so many refusals a minute are recorded, and how many were not is', async () => {
  await using scene = await openScene();
  const audit = signInAudit(scene.store, () => scene.clock.nowMs);
  const refuse = (address: string): Promise<void> =>
    audit.refused({ known: undefined, clientId: scene.tenant, address, correlationId: scene.tenant, heldUp: 0 }, 'AADSTS7000215');
  await Promise.all(Array.from({ length: 64 }, (_, i) => refuse(`198.51.100.${i}`)));
  scene.clock.nowMs += 60_000;
  await refuse('192.0.2.9');
  const signIns = (await records(scene)).filter(({ action }) => action === 'signIn');
  expect(signIns).toHaveLength(61);
  expect(signIns.at(-1)?.changes['notWritten']).toBe('4');
});
