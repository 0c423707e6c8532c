import { readFile, rm, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Principal } from '#arm/resource-type.ts';
import { armFailpoints } from '#base/failpoint.ts';
import { ensureAdministrator, type Administrator } from './administrator.ts';
import { askToken, deletePrincipal, fieldsOf, openScene, type Scene } from './identity-scene.contract.ts';
import { openInstallation } from './installation.ts';
import { readSealKeys } from './seal-keys.ts';
import { sealer as sealerOf } from './sealer.ts';
import { openSigningKeys } from './signing-keys.ts';

async function ensure({ store, folder, tenant, clock }: Scene, granted: Principal[] = []): Promise<Administrator> {
  const grant = async (_: unknown, administrator: Principal): Promise<void> => void granted.push(administrator);
  return ensureAdministrator({ store, folder, tenant, grant, now: () => clock.nowMs });
}

async function tokenBy(scene: Scene, file: string): Promise<number> {
  const { clientId, clientSecret } = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  return (await askToken(scene, fieldsOf({ clientId: clientId!, clientSecret: clientSecret!, keyId: '' }))).status;
}

test('the first start makes an administrator who can sign in at once; later ones leave it alone', async () => {
  await using scene = await openScene();
  const granted: Principal[] = [];
  const first = await ensure(scene, granted);
  expect(first.created).toBe(true);
  expect(granted).toEqual([{ id: first.principalId, name: 'administrator', tenant: scene.tenant }]);
  expect((await stat(first.file)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(first.file, 'utf8'))).toMatchObject({ tenant: scene.tenant });
  expect(await tokenBy(scene, first.file)).toBe(200);
  expect(await ensure(scene, granted)).toEqual({ ...first, created: false });
  await rm(first.file);
  await deletePrincipal(scene, 'administrator');
  expect(await ensure(scene, granted)).toEqual({ ...first, created: false });
  expect(granted).toHaveLength(1);
});

test('a crash between any two steps is put right by the next start', async () => {
  for (const point of ['identity.file.before', 'identity.administrator.before', 'identity.administrator.after']) {
    await using scene = await openScene();
    {
      using _ = armFailpoints(`${point}=throw`);
      await expect(ensure(scene)).rejects.toMatchObject({ code: 'Failpoint' });
    }
    const { file, principalId } = await ensure(scene);
    expect(await tokenBy(scene, file)).toBe(200);
    const self = await scene.store.get('/providers/Isthmus.Identity/servicePrincipals/administrator');
    expect(self).toMatchObject({ generation: 1, status: { settled: 1, outcome: 'ready', outputs: { principalId } } });
  }
});

test('ids and signing keys persist; keys are kept sealed', async () => {
  await using scene = await openScene();
  expect(await openInstallation(scene.store)).toEqual(await openInstallation(scene.store));
  const sealer = sealerOf(await readSealKeys({ folder: scene.folder, fromEnvironment: undefined, isNew: true }));
  const [one, two] = await Promise.all([openSigningKeys({ store: scene.store, sealer }), openSigningKeys({ store: scene.store, sealer })]);
  const later = await openSigningKeys({ store: scene.store, sealer });
  expect([two.jwks, later.jwks]).toEqual([one.jwks, one.jwks]);
  const iat = Math.floor(Date.now() / 1_000);
  const claims = { aud: 'a', iss: 'i', tid: 't', oid: 'o', appid: 'p', sub: 's', iat, nbf: iat, exp: iat + 60 };
  expect(await later.verify(await one.sign(claims), iat * 1_000)).toMatchObject(claims);
  expect(JSON.stringify(await scene.store.setting('signingKeys'))).not.toContain('"d"');
});
