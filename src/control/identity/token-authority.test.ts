import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import {
  act,
  addPassword,
  askToken,
  deletePrincipal,
  fieldsOf,
  makePrincipal,
  openScene,
  origin,
  signedIn,
  type Fields,
} from './identity-scene.contract.ts';
import type { TokenAnswer } from './token-answers.ts';

function numberOf({ status, body }: TokenAnswer): string {
  return `${status} ${body['error'] as string} ${(body['error_codes'] as number[])[0]}`;
}

test('a token says what clients and the installation need', async () => {
  await using scene = await openScene();
  const self = await makePrincipal(scene, 'alice');
  const credentials = await addPassword(scene, self);
  const answer = await askToken(scene, fieldsOf(credentials));
  expect(answer).toMatchObject({
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: { token_type: 'Bearer', expires_in: 3_599 },
  });
  const claims = decodeJwt(answer.body['access_token'] as string);
  expect(decodeProtectedHeader(answer.body['access_token'] as string)).toEqual({ alg: 'RS256', typ: 'JWT', kid: scene.key.kid });
  const { appId, principalId } = self.status.outputs;
  expect(claims).toMatchObject({ aud: origin, iss: `${origin}/${scene.tenant}/v2.0`, tid: scene.tenant, oid: principalId, appid: appId });
  expect(claims.sub).toBe(principalId);
  expect(claims.exp! - claims.iat!).toBe(3_600);
  expect(claims.nbf).toBeLessThanOrEqual(claims.iat!);
});

test('all shapes and ways to say for what', async () => {
  await using scene = await openScene();
  const fields = fieldsOf(await addPassword(scene, await makePrincipal(scene, 'alice')));
  const claimsOf = async (more: Fields, request?: Parameters<typeof askToken>[2]) => {
    const { body } = await askToken(scene, { ...fields, ...more }, request);
    return decodeJwt(body['access_token'] as string);
  };
  const az = 'https://management.core.windows.net//.default';
  expect(await claimsOf({ scope: az }, { tenant: 'adfs', shape: 'v1' })).toMatchObject({
    iss: `${origin}/adfs`,
    aud: 'https://management.core.windows.net/',
  });
  const resource = 'https://management.azure.com/';
  expect(await claimsOf({ scope: '', resource }, { shape: 'v1' })).toMatchObject({ iss: `${origin}/${scene.tenant}`, aud: resource });
  expect(await claimsOf({ scope: 'https://dev.azuresynapse.net/.default openid profile' })).toMatchObject({
    aud: 'https://dev.azuresynapse.net',
  });
  const far = 'https://far.example:9443';
  expect(await claimsOf({ scope: `${far}/.default` }, { origin: far, tenant: scene.tenant.toUpperCase() })).toMatchObject({
    iss: `${far}/${scene.tenant}/v2.0`,
    aud: far,
  });
  const basic = `Basic ${Buffer.from(`${fields['client_id']}:${fields['client_secret']}`).toString('base64')}`;
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope: `${origin}/.default` });
  expect((await askToken(scene, {}, { form, authorization: basic })).status).toBe(200);
});

test('each refusal has its status, word and number', async () => {
  await using scene = await openScene();
  const fields = fieldsOf(await addPassword(scene, await makePrincipal(scene, 'alice')));
  const ask = async (more: Record<string, string>, request = {}): Promise<string> =>
    numberOf(await askToken(scene, { ...fields, ...more }, request));
  expect(await ask({ client_secret: 'wrong' })).toBe('401 invalid_client 7000215');
  expect(await ask({ client_id: scene.tenant })).toBe('401 invalid_client 7000215');
  expect(await ask({ client_secret: '' })).toBe('401 invalid_client 7000216');
  expect(await ask({ client_id: '' })).toBe('400 invalid_request 900144');
  expect(await ask({ grant_type: '' })).toBe('400 invalid_request 900144');
  expect(await ask({ grant_type: 'password' })).toBe('400 unsupported_grant_type 70003');
  expect(await ask({ scope: '' })).toBe('400 invalid_request 900144');
  expect(await ask({ scope: origin })).toBe('400 invalid_scope 1002012');
  expect(await ask({ scope: 'https://graph.microsoft.com/.default' })).toBe('400 invalid_resource 500011');
  expect(await ask({ scope: '', resource: 'https://vault.azure.net' })).toBe('400 invalid_resource 500011');
  expect(await ask({}, { tenant: 'common' })).toBe('400 invalid_request 90002');
  expect(await ask({}, { form: undefined })).toBe('400 invalid_request 900144');
  const twice = new URLSearchParams([...Object.entries(fields), ['grant_type', 'client_credentials'], ['client_id', 'other']]);
  expect(await ask({}, { form: twice })).toBe('400 invalid_request 90014');
});

test('a removed, an expired and a foreign password, and one of a deleted principal, give no token', async () => {
  await using scene = await openScene();
  const self = await makePrincipal(scene, 'alice');
  const removed = await addPassword(scene, self);
  const brief = await addPassword(scene, self, { lifetime: 'PT1H' });
  const kept = await addPassword(scene, self);
  const other = await addPassword(scene, await makePrincipal(scene, 'bob'));
  const ask = async (credentials: typeof kept): Promise<number | string> => {
    const answer = await askToken(scene, fieldsOf(credentials));
    return answer.status === 200 ? 200 : numberOf(answer);
  };
  expect(await ask(removed)).toBe(200);
  await act(scene, self, 'removePassword', { keyId: removed.keyId });
  expect(await ask(removed)).toBe('401 invalid_client 7000215');
  expect(await ask({ ...other, clientId: kept.clientId })).toBe('401 invalid_client 7000215');
  expect(await ask(brief)).toBe(200);
  scene.clock.nowMs += 3_600_000;
  expect(await ask(brief)).toBe('401 invalid_client 7000222');
  expect(await ask(kept)).toBe(200);
  await deletePrincipal(scene, 'alice');
  expect(await ask(kept)).toBe('401 invalid_client 7000215');
  expect(await ask(other)).toBe(200);
});

test('who guesses waits longer and longer; others with good passwords do not', async () => {
  await using scene = await openScene();
  const alice = fieldsOf(await addPassword(scene, await makePrincipal(scene, 'alice')));
  const bob = fieldsOf(await addPassword(scene, await makePrincipal(scene, 'bob')));
  const guess = (): Promise<TokenAnswer> => askToken(scene, { ...alice, client_secret: 'ist_guess' });
  const guesses = await Promise.all(Array.from({ length: 20 }, guess));
  expect(guesses.map(({ status }) => status)).toEqual([...Array<number>(6).fill(401), ...Array<number>(14).fill(429)]);
  expect(guesses.at(-1)).toMatchObject({
    headers: { 'retry-after': '1' },
    body: { error: 'temporarily_unavailable', error_codes: [90055] },
  });
  // Even the right password waits, or guessing could go on.
  expect((await askToken(scene, alice)).status).toBe(429);
  expect((await askToken(scene, bob)).status).toBe(200);
  expect((await askToken(scene, alice, { address: '198.51.100.1' })).status).toBe(200);
  scene.clock.nowMs += 1_000;
  expect((await guess()).status).toBe(401);
  expect((await guess()).headers['retry-after']).toBe('2');
  scene.clock.nowMs += 2_000;
  expect((await askToken(scene, alice)).status).toBe(200);
});

test('unknown client ids are held up by address, without others of that address', async () => {
  await using scene = await openScene();
  const bob = fieldsOf(await addPassword(scene, await makePrincipal(scene, 'bob')));
  const tries = await Promise.all(
    Array.from({ length: 20 }, (_, i) => askToken(scene, { client_id: `00000000-0000-4000-8000-0000000000${10 + i}`, client_secret: 'x' })),
  );
  expect(tries.filter(({ status }) => status === 429)).toHaveLength(9);
  expect((await askToken(scene, bob)).status).toBe(200);
});

test('the configuration names addresses by which the client came, and keys without their private half', async () => {
  await using scene = await openScene();
  const request = { origin: 'https://127.0.0.1:1', tenant: scene.tenant, shape: 'v2', correlationId: '' } as const;
  const root = `https://127.0.0.1:1/${scene.tenant}`;
  expect(scene.authority.configuration(request).body).toMatchObject({
    issuer: `${root}/v2.0`,
    token_endpoint: `${root}/oauth2/v2.0/token`,
    jwks_uri: `${root}/discovery/v2.0/keys`,
  });
  const adfs = 'https://127.0.0.1:1/adfs';
  expect(scene.authority.configuration({ ...request, tenant: 'adfs', shape: 'v1' }).body).toMatchObject({
    issuer: adfs,
    token_endpoint: `${adfs}/oauth2/token`,
  });
  expect(numberOf(scene.authority.configuration({ ...request, tenant: 'other' }))).toBe('400 invalid_tenant 90002');
  const [key] = scene.authority.keys(request).body['keys'] as Record<string, string>[];
  expect(Object.keys(key!).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('no password or hash is in the resource, what is shown of it, or the audit log', async () => {
  await using scene = await openScene();
  const { credentials } = await signedIn(scene);
  await askToken(scene, { ...fieldsOf(credentials), client_secret: `${credentials.clientSecret}x` });
  const self = (await scene.store.get('/providers/Isthmus.Identity/servicePrincipals/ALICE'))!;
  const shown = await scene.type.show!(self as never, scene.store);
  expect(shown).toMatchObject({ appId: credentials.clientId, passwordCredentials: [{ keyId: credentials.keyId }] });
  const { hash, salt } = (
    (await scene.store.setting(`principal:${self.id.toLowerCase()}`))!['credentials'] as Record<string, string>[]
  )[0]!;
  const text = JSON.stringify([self, shown]);
  for (const hidden of [credentials.clientSecret, hash!, salt!]) expect(text).not.toContain(hidden);
});
