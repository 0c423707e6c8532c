import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { UnsecuredJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import {
  addPassword,
  askToken,
  deletePrincipal,
  fieldsOf,
  makePrincipal,
  openScene,
  origin,
  signedIn,
  type Scene,
} from './identity-scene.contract.ts';
import { newSigningKey, signingKeys, type SigningKeys } from './signing-keys.ts';

let foreignKeys: SigningKeys;
beforeAll(async () => {
  foreignKeys = await signingKeys([await newSigningKey()]);
});

const invalid = (text: string) =>
  expect.objectContaining({ kind: 'unauthenticated', code: 'InvalidAuthenticationToken', message: expect.stringContaining(text) });

async function claimsOf(scene: Scene, changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const { status } =
    (await scene.store.get('/providers/Isthmus.Identity/servicePrincipals/alice')) ?? (await makePrincipal(scene, 'alice'));
  const { appId, principalId } = status.outputs;
  const iat = Math.floor(scene.clock.nowMs / 1_000);
  const who = { tid: scene.tenant, oid: principalId, appid: appId, sub: principalId };
  return { aud: origin, iss: `${origin}/${scene.tenant}/v2.0`, ...who, iat, nbf: iat, exp: iat + 3_600, ...changes };
}

async function refusalOf(scene: Scene, token: string, at: string | undefined = origin): Promise<unknown> {
  return scene.authenticator.authenticate(`Bearer ${token}`, at).then(
    () => 'accepted',
    (error: unknown) => error,
  );
}

test('a token of ours says who asks, by every name of the host and by the one that the client used', async () => {
  await using scene = await openScene();
  const { token } = await signedIn(scene);
  const principal = { name: 'alice', tenant: scene.tenant };
  for (const at of [origin, undefined, 'https://127.0.0.1:4433', origin]) {
    expect(await scene.authenticator.authenticate(`Bearer ${token}`, at)).toMatchObject(principal);
    expect(await scene.authenticator.authenticate(`bearer ${token}`, at)).toMatchObject(principal);
  }
  for (const aud of [
    'https://management.azure.com',
    'https://management.core.windows.net/',
    'https://dev.azuresynapse.net/',
    `${origin}//`,
  ]) {
    expect(await refusalOf(scene, await scene.keys.sign(await claimsOf(scene, { aud })))).toBe('accepted');
  }
  const far = await scene.keys.sign(await claimsOf(scene, { aud: 'https://far.example:9/' }));
  expect(await refusalOf(scene, far, 'https://far.example:9')).toBe('accepted');
  expect(await refusalOf(scene, far, origin)).toEqual(invalid('audience'));
  for (const iss of [`${origin}/adfs`, `${origin}/${scene.tenant}`]) {
    expect(await refusalOf(scene, await scene.keys.sign(await claimsOf(scene, { iss })))).toBe('accepted');
  }
});

test('a request without a token is refused as such', async () => {
  await using scene = await openScene();
  await expect(scene.authenticator.authenticate(undefined)).rejects.toMatchObject({
    kind: 'unauthenticated',
    code: 'AuthenticationFailed',
  });
});

test('what was not signed by our key with RS256 is refused', async () => {
  await using scene = await openScene();
  const claims = await claimsOf(scene);
  expect(await refusalOf(scene, new UnsecuredJWT(claims).encode())).toEqual(invalid(''));
  expect(await refusalOf(scene, await foreignKeys.sign(claims))).toEqual(invalid('not signed by a key of this installation'));
  const good = await scene.keys.sign(claims);
  const [header = '', payload = '', signature = ''] = good.split('.');
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const none = encode({ alg: 'none', typ: 'JWT', kid: scene.key.kid });
  for (const empty of ['', signature]) expect(await refusalOf(scene, `${none}.${payload}.${empty}`)).toEqual(invalid(''));
  // The public key as the secret of HS256: what libraries fell for.
  const pem = createPublicKey({ key: scene.key as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const hs256 = encode({ alg: 'HS256', typ: 'JWT', kid: scene.key.kid });
  const forged = createHmac('sha256', pem).update(`${hs256}.${payload}`).digest('base64url');
  expect(await refusalOf(scene, `${hs256}.${payload}.${forged}`)).toEqual(invalid('algorithm'));
  const other = encode({ ...claims, oid: scene.tenant });
  expect(await refusalOf(scene, `${header}.${other}.${signature}`)).toEqual(invalid('signature'));
});

test('wrong claims are refused', async () => {
  await using scene = await openScene();
  const sign = async (changes: Record<string, unknown>): Promise<string> => scene.keys.sign(await claimsOf(scene, changes));
  const nowSeconds = Math.floor(scene.clock.nowMs / 1_000);
  expect(await refusalOf(scene, await sign({ exp: nowSeconds - 1 }))).toEqual(invalid('expired'));
  expect(await refusalOf(scene, await sign({ nbf: nowSeconds + 600 }))).toEqual(invalid("'nbf'"));
  expect(await refusalOf(scene, await sign({ aud: 'https://graph.microsoft.com' }))).toEqual(invalid('audience'));
  expect(await refusalOf(scene, await sign({ aud: `${origin}/other` }))).toEqual(invalid('audience'));
  expect(await refusalOf(scene, await sign({ iss: 'https://sts.windows.net/other/' }))).toEqual(invalid('issuer'));
  expect(await refusalOf(scene, await sign({ tid: scene.key.kid }))).toEqual(invalid('tenant'));
  expect(await refusalOf(scene, await sign({ oid: scene.tenant }))).toEqual(invalid('principal'));
  expect(await refusalOf(scene, await sign({ appid: scene.tenant }))).toEqual(invalid('principal'));
  expect(await refusalOf(scene, await sign({ appid: undefined }))).toEqual(invalid("'appid'"));
  for (const text of ['', 'x', 'a.b.c', 'a.b', `${'x'.repeat(20_000)}`, '....', 'é'])
    expect(await refusalOf(scene, text)).toEqual(invalid(''));
  await expect(scene.authenticator.authenticate('Basic abc')).rejects.toEqual(invalid('Bearer'));
});

test('a remembered token ends with its hour, and with its principal', async () => {
  await using scene = await openScene();
  const { token } = await signedIn(scene);
  const bob = await signedIn(scene, 'bob');
  expect(await refusalOf(scene, token)).toBe('accepted');
  await makePrincipal(scene, 'carol');
  expect(await refusalOf(scene, token)).toBe('accepted');
  await deletePrincipal(scene, 'alice');
  expect(await refusalOf(scene, token)).toEqual(invalid('does not exist any more'));
  expect(await refusalOf(scene, token)).toEqual(invalid('does not exist any more'));
  expect(await refusalOf(scene, bob.token)).toBe('accepted');
  scene.clock.nowMs += 3_600_000;
  expect(await refusalOf(scene, bob.token)).toEqual(invalid('expired'));
});

test('a principal made anew under a name is another: tokens and passwords of the first do not serve', async () => {
  await using scene = await openScene();
  const { token, credentials } = await signedIn(scene);
  await deletePrincipal(scene, 'alice');
  const self = (await scene.store.get('/providers/Isthmus.Identity/servicePrincipals/alice'))!;
  await scene.type.remove!(self as never, { resources: scene.store, signal: new AbortController().signal });
  await scene.store.write((transaction) => transaction.remove(self.id));
  const second = await addPassword(scene, await makePrincipal(scene, 'alice'));
  expect(second.clientId).not.toBe(credentials.clientId);
  expect(await refusalOf(scene, token)).toEqual(invalid('does not exist any more'));
  expect((await askToken(scene, fieldsOf(credentials))).status).toBe(401);
  expect((await askToken(scene, { ...fieldsOf(credentials), client_id: second.clientId })).status).toBe(401);
});
