import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { expect, test } from 'vitest';
import { secret } from '#base/secret.ts';
import { makePrincipal } from '../identity/identity-scene.contract.ts';
import { externalIssuers } from '../identity/external-issuers.ts';
import { newSealKey } from '../identity/seal-keys.ts';
import { sealer as sealerOf } from '../identity/sealer.ts';
import { host, ownPage, studioScene, type Sent, type StudioScene } from './studio-scene.contract.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const clientSecret = 'the secret of the client & more: +%';
const callback = `http://${host}/studio/sign-in/callback`;

interface Issuer extends AsyncDisposable {
  readonly address: string;
  /** What was asked of its token endpoint: methods of proving who we are. */
  readonly proofs: readonly string[];
}

/** A real OpenID provider on this machine. Whoever signs in there says who they are. */
async function startIssuer(method: 'client_secret_basic' | 'client_secret_post' | 'none' = 'client_secret_basic'): Promise<Issuer> {
  const proofs: string[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/token') proofs.push(request.headers.authorization === undefined ? 'body' : 'basic');
    void provider.callback()(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(address, {
    clients: [
      {
        client_id: 'isthmus-studio',
        ...(method === 'none' ? {} : { client_secret: clientSecret }),
        redirect_uris: [callback],
        token_endpoint_auth_method: method,
        application_type: 'web',
      },
    ],
    clientAuthMethods: [method],
    pkce: { required: () => true },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id, email: `${id}@shop.example` }) }),
    cookies: { keys: ['of the test'] },
  } as ConstructorParameters<typeof Provider>[1]);
  return {
    address,
    proofs,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface SceneOptions {
  readonly issuer: string;
  readonly clientSecret?: string | undefined;
}

async function sceneOf({ issuer, clientSecret: text }: SceneOptions): Promise<StudioScene> {
  const principals = { 'alice@shop.example': 'alice', 'bob@shop.example': 'bob' };
  const trusted = { issuer, audience: 'isthmus', claim: 'email', principals, clientId: 'isthmus-studio' };
  return studioScene({
    issuers: [{ issuer, name: 'Shop', clientId: 'isthmus-studio', clientSecret: text === undefined ? undefined : secret(text) }],
    external: externalIssuers({ issuers: [trusted], now: Date.now }),
    sealer: sealerOf({ keys: [newSealKey()], places: 'the test' }),
  });
}

/** A browser at the issuer: its cookies, and the forms it fills in. Ends where the issuer sends it back. */
async function atIssuer(start: string, login: string): Promise<URL> {
  const jar = new Map<string, string>();
  let address = start;
  let form: URLSearchParams | undefined;
  for (let steps = 0; steps < 15; steps += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(address, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie },
      ...(form && { body: form }),
    });
    for (const set of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = set.split(';')[0]!.split('=');
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    form = undefined;
    const location = answer.headers.get('location');
    if (location !== null) {
      const next = new URL(location, address);
      if (next.href.startsWith(callback)) return next;
      address = next.href;
      continue;
    }
    const page = await answer.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined) throw new TypeError(`the issuer shows something else: ${answer.status} ${page}`);
    address = new URL(action, address).href;
    form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login, password: 'x' } : {}) });
  }
  throw new TypeError('the issuer never sent the browser back');
}

async function begin(scene: StudioScene): Promise<Sent> {
  const { body } = await scene.send('GET', '/studio/session', {});
  return scene.send('GET', body.issuers[0].signIn);
}

const back = (scene: StudioScene, url: URL, cookie: string): Promise<Sent> =>
  scene.send('GET', url.pathname + url.search, { cookie, 'sec-fetch-site': 'cross-site' });

async function signIns(scene: StudioScene): Promise<readonly unknown[]> {
  const records = await scene.identity.store.auditLog.read({});
  return records
    .filter(({ action }) => action === 'signIn')
    .map(({ outcome, principalName, code, changes }) => [outcome, principalName, code, changes.find(({ name }) => name === 'with')?.after]);
}

test.each(['client_secret_basic', 'client_secret_post', 'none'] as const)(
  'who signs in at an issuer is its principal (%s)',
  async (method) => {
    await using issuer = await startIssuer(method);
    await using scene = await sceneOf({ issuer: issuer.address, clientSecret: method === 'none' ? undefined : clientSecret });
    const begun = await begin(scene);
    expect(begun.status).toBe(303);
    expect(begun.setCookie).toEqual([
      expect.stringMatching(/^__Host-isthmus-signin=v2\.[\w.-]+; Path=\/; Max-Age=900; Secure; HttpOnly; SameSite=Lax$/),
    ]);
    const asked = new URL(begun.headers['location']!).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', redirect_uri: callback });
    expect(asked.get('state')).toMatch(/^[\w-]{43}$/);
    const came = await atIssuer(begun.headers['location']!, 'alice');
    const done = await back(scene, came, begun.cookie!);
    expect([done.status, done.headers['location'], done.headers['cache-control']]).toEqual([303, '/studio/', 'no-store']);
    const set = done.setCookie.toSorted((a, b) => a.length - b.length);
    expect(set[0]).toBe('__Host-isthmus-signin=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax');
    expect(set[1]).toMatch(/^__Host-isthmus=[\w-]{43}; .*SameSite=Strict$/);
    const session = await scene.send('GET', '/studio/session', { ...ownPage, cookie: set[1]!.split(';')[0]! });
    expect(session.body).toMatchObject({ principal: { name: 'alice' }, issuers: [{ name: 'Shop' }] });
    expect(issuer.proofs).toEqual([method === 'client_secret_basic' ? 'basic' : 'body']);
    expect(await signIns(scene)).toEqual([['succeeded', 'alice', undefined, issuer.address]]);
    // The code is used up at the issuer.
    const again = await back(scene, came, begun.cookie!);
    expect([again.status, again.setCookie.length]).toEqual([403, 1]);
    expect(again.text).toContain('&#39;invalid_grant&#39;');
  },
);

test('who is not named, or whose principal is not there, is told so and does not come in', async () => {
  await using issuer = await startIssuer();
  await using scene = await sceneOf({ issuer: issuer.address, clientSecret });
  for (const login of ['mallory', 'bob', '<img src=x onerror=alert(1)>']) {
    const begun = await begin(scene);
    const done = await back(scene, await atIssuer(begun.headers['location']!, login), begun.cookie!);
    expect([login, done.status, done.setCookie.length]).toEqual([login, 403, 1]);
    expect(done.headers['content-security-policy']).toContain("default-src 'none'");
    expect(done.text).toContain('Not signed in');
    expect(done.text).not.toContain('<img');
  }
  expect(await signIns(scene)).toEqual([
    ['refused', '(not a client id)', 'InvalidAuthenticationToken', issuer.address],
    ['refused', '(not a client id)', 'SignInRefused', issuer.address],
    ['refused', '(not a client id)', 'InvalidAuthenticationToken', issuer.address],
  ]);
  await makePrincipal(scene.identity, 'bob');
  const begun = await begin(scene);
  expect((await back(scene, await atIssuer(begun.headers['location']!, 'bob'), begun.cookie!)).status).toBe(303);
});

test('what comes back is taken only from the browser that began it, unchanged, and in time', async () => {
  await using issuer = await startIssuer();
  await using scene = await sceneOf({ issuer: issuer.address, clientSecret });
  const [mine, other] = [await begin(scene), await begin(scene)];
  const came = await atIssuer(mine.headers['location']!, 'alice');
  const changed = (name: string, value: string | undefined): URL => {
    const url = new URL(came);
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    return url;
  };
  const tries: readonly (readonly [string, URL, string])[] = [
    ['another browser', came, other.cookie!],
    ['none', came, ''],
    ['a made-up cookie', came, '__Host-isthmus-signin=v2.00000000.eA'],
    ['a changed cookie', came, `${mine.cookie!.slice(0, -4)}AAAA`],
    ['no state', changed('state', undefined), mine.cookie!],
    ['another state', changed('state', 'x'), mine.cookie!],
    ['another issuer', changed('iss', 'https://evil.example'), mine.cookie!],
    ['no code', changed('code', undefined), mine.cookie!],
    ['a made-up code', changed('code', 'x'), mine.cookie!],
    ['a refusal', changed('error', 'access_denied'), mine.cookie!],
  ];
  for (const [what, url, cookie] of tries) {
    const answer = await back(scene, url, cookie);
    expect([what, answer.status, answer.setCookie.some((one) => one.startsWith('__Host-isthmus='))]).toEqual([what, 403, false]);
  }
  scene.identity.clock.nowMs += 15 * 60_000;
  const late = await back(scene, came, mine.cookie!);
  expect([late.status, late.text.includes('took too long')]).toEqual([403, true]);
  scene.identity.clock.nowMs -= 15 * 60_000;
  expect((await back(scene, came, mine.cookie!)).status).toBe(303);
});

test('an issuer that does not answer, or is not configured, is told on a page', async () => {
  await using scene = await sceneOf({ issuer: 'http://127.0.0.1:1' });
  const silent = await begin(scene);
  expect([silent.status, silent.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
  expect(silent.text).toContain('cannot be read');
  for (const name of ['https://other.example', '', '<script>alert(1)</script>']) {
    const unknown = await scene.send('GET', `/studio/sign-in/oidc?issuer=${encodeURIComponent(name)}`);
    expect([unknown.status, unknown.setCookie]).toEqual([404, []]);
    expect(unknown.text).not.toContain('<script');
  }
});
