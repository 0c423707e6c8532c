import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import Fastify, { type FastifyInstance } from 'fastify';
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { openCertificates } from './certificates.ts';
import { addPassword, fieldsOf, makePrincipal, openScene, type Credentials, type Scene } from './identity-scene.contract.ts';
import { registerTokenRoutes } from './token-routes.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

function appOf(scene: Scene): FastifyInstance {
  const app = Fastify();
  registerTokenRoutes(app, scene.authority);
  app.get('/*', () => ({ rest: true }));
  return app;
}

test('forms are read, answers are not stored, refusals are OAuth’s', async () => {
  await using scene = await openScene();
  const fields = fieldsOf(await addPassword(scene, await makePrincipal(scene, 'alice')));
  const app = appOf(scene);
  const url = `/${scene.tenant}/oauth2/v2.0/token`;
  const scope = 'https://localhost:4433/.default';
  const good = new URLSearchParams({ grant_type: 'client_credentials', scope, ...fields }).toString();
  const answer = await app.inject({ method: 'POST', url, headers: { ...form, host: 'localhost:4433' }, payload: good });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'content-type': 'application/json; charset=utf-8',
  });
  const correlation = '11111111-1111-4111-8111-111111111111';
  const refused = async (headers: Record<string, string>, payload: string): Promise<unknown> => {
    const { statusCode, body } = await app.inject({
      method: 'POST',
      url,
      headers: { ...headers, 'client-request-id': correlation },
      payload,
    });
    return { statusCode, ...(JSON.parse(body) as object) };
  };
  const invalid = { statusCode: 400, error: 'invalid_request', correlation_id: correlation };
  expect(await refused({ 'content-type': 'application/json' }, '{"grant_type":"client_credentials"}')).toMatchObject(invalid);
  expect(await refused({}, '')).toMatchObject(invalid);
  expect(await refused({ 'content-type': 'nonsense;;' }, 'x=y')).toMatchObject(invalid);
  expect(await refused(form, `x=${'y'.repeat(70_000)}`)).toMatchObject({ ...invalid, statusCode: 413 });
  expect(await refused(form, '%%%=%zz&&&=\u0000')).toMatchObject(invalid);
  expect((await app.inject('/subscriptions')).json()).toEqual({ rest: true });
});

test('a Host that is none does no harm', async () => {
  await using scene = await openScene();
  const app = appOf(scene);
  for (const host of ['a b', '<x>', 'x/y', '', 'h:99999', '"']) {
    const answer = await app.inject({ url: `/${scene.tenant}/v2.0/.well-known/openid-configuration`, headers: { host } });
    expect(answer.statusCode).toBe(200);
    expect(URL.canParse(answer.json<{ issuer: string }>().issuer)).toBe(true);
  }
});

/** Run by a process of its own, since Node reads NODE_EXTRA_CA_CERTS at its start. Prints the token, or the error. */
const script = `
import { ClientSecretCredential } from IDENTITY;
const [authorityHost, tenant, clientId, clientSecret, ...scopes] = process.argv.slice(1);
const credential = new ClientSecretCredential(tenant, clientId, clientSecret, { authorityHost, disableInstanceDiscovery: true });
const outcomes = [];
for (const scope of scopes) {
  outcomes.push(await credential.getToken(scope).then(({ token }) => ({ token }), ({ name, message }) => ({ error: name + ' ' + message })));
}
process.stdout.write(JSON.stringify(outcomes));
`;

interface ClientRun {
  readonly caPath: string;
  readonly authorityHost: string;
  readonly tenant: string;
  readonly credentials: Credentials;
  readonly scopes: readonly string[];
}

async function runClient({ caPath, authorityHost, tenant, credentials, scopes }: ClientRun): Promise<{ token?: string; error?: string }[]> {
  const source = script.replace('IDENTITY', JSON.stringify(createRequire(import.meta.url).resolve('@azure/identity')));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', source, '--', authorityHost, tenant, credentials.clientId, credentials.clientSecret, ...scopes],
    { env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: caPath } },
  );
  return JSON.parse(stdout) as { token?: string; error?: string }[];
}

test('@azure/identity signs in, by both shapes, and its token is let in', async () => {
  await using scene = await openScene();
  const credentials = await addPassword(scene, await makePrincipal(scene, 'alice'));
  const certificates = await openCertificates({ folder: scene.folder, hostNames: [] });
  const app = Fastify({ https: { cert: certificates.cert, key: certificates.key } });
  registerTokenRoutes(app, scene.authority);
  try {
    await app.listen({ port: 0, host: '127.0.0.1' });
    if (!app.server.listening) await once(app.server, 'listening');
    const authorityHost = `https://localhost:${(app.server.address() as { port: number }).port}`;
    const usual = { caPath: certificates.caPath, authorityHost, credentials };
    const scopes = [`${authorityHost}/.default`, 'https://management.core.windows.net//.default', 'https://graph.microsoft.com/.default'];
    const [byTenant, byAdfs, wrong] = await Promise.all([
      runClient({ ...usual, tenant: scene.tenant, scopes }),
      runClient({ ...usual, tenant: 'adfs', scopes: scopes.slice(0, 1) }),
      runClient({ ...usual, tenant: scene.tenant, credentials: { ...credentials, clientSecret: 'ist_wrong' }, scopes: scopes.slice(0, 1) }),
    ]);
    expect(byTenant.map(({ error }) => error?.slice(0, 40))).toEqual([undefined, undefined, expect.stringContaining('Authentication')]);
    expect(byTenant[2]?.error).toContain('AADSTS500011');
    expect(wrong[0]?.error).toContain('AADSTS7000215');
    expect(decodeJwt(byAdfs[0]!.token!).iss).toBe(`${authorityHost}/adfs`);
    for (const { token } of [byTenant[0]!, byTenant[1]!, byAdfs[0]!]) {
      expect(await scene.authenticator.authenticate(`Bearer ${token}`, authorityHost)).toMatchObject({ name: 'alice' });
    }
  } finally {
    await app.close();
  }
});
