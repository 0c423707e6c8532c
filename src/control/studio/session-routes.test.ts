import { expect, test } from 'vitest';
import { act, makePrincipal, signedIn } from '../identity/identity-scene.contract.ts';
import { host, ownPage, principals, studioScene, type StudioScene } from './studio-scene.contract.ts';

const session = '/studio/session';
const body = { properties: {} };
const bob = '/providers/Isthmus.Identity/servicePrincipals/bob?api-version=2026-11-01';

async function records(scene: StudioScene): Promise<readonly Record<string, unknown>[]> {
  const all = await scene.identity.store.auditLog.read({});
  return all
    .filter(({ action }) => action.startsWith('sign'))
    .map(({ action, outcome, principalName, code, changes }) => ({
      action,
      outcome,
      principalName,
      code,
      ...Object.fromEntries(changes.map(({ name, after }) => [name, after])),
    }));
}

test('client id and secret sign in; wrong ones do not, are audited, and slow whoever guesses down, at the token endpoint too', async () => {
  await using scene = await studioScene();
  const { clientId, clientSecret } = scene.alice;
  const good = await scene.send('POST', session, ownPage, { clientId, clientSecret });
  expect([good.status, good.body.principal.name]).toEqual([200, 'alice']);
  const guess = () => scene.send('POST', session, ownPage, { clientId, clientSecret: 'ist_wrong' });
  const wrong = await guess();
  expect([wrong.status, wrong.body.error.code, wrong.setCookie]).toEqual([403, 'SignInRefused', []]);
  expect(wrong.text).not.toContain('ist_wrong');
  while ((await guess()).status !== 429);
  const held = await scene.send('POST', session, ownPage, { clientId, clientSecret });
  expect([held.status, held.body.error.code]).toEqual([429, 'SignInThrottled']);
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: `https://${host}/.default`,
  });
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await scene.send('POST', `/${scene.identity.tenant}/oauth2/v2.0/token`, type, form.toString())).status).toBe(429);
  const signIns = await records(scene);
  expect(signIns[0]).toMatchObject({
    action: 'signIn',
    outcome: 'succeeded',
    principalName: 'alice',
    with: scene.alice.keyId,
    address: '127.0.0.1',
  });
  expect(signIns[1]).toMatchObject({ action: 'signIn', outcome: 'refused', principalName: 'alice', code: 'AADSTS7000215' });
});

test('links, sign-ins by them and sign-outs are audited, without the code', async () => {
  await using scene = await studioScene();
  const code = await scene.code();
  const { cookie } = await scene.send('POST', session, ownPage, { code });
  await scene.send('POST', session, ownPage, { code });
  await scene.send('DELETE', session, { ...ownPage, cookie: cookie! });
  const told = await records(scene);
  expect(told).toMatchObject([
    { action: 'signInLink', outcome: 'succeeded', principalName: 'alice' },
    { action: 'signIn', outcome: 'succeeded', principalName: 'alice', with: 'one-time link', address: '127.0.0.1' },
    { action: 'signIn', outcome: 'refused', code: 'SignInRefused', with: 'one-time link' },
    { action: 'signOut', outcome: 'succeeded', principalName: 'alice' },
  ]);
  expect(JSON.stringify(told)).not.toContain(code);
});

test('what says in no known way who signs in is refused', async () => {
  await using scene = await studioScene();
  const { clientId, clientSecret } = scene.alice;
  const bodies = [
    undefined,
    '',
    '{',
    '[]',
    'null',
    {},
    { code: 1 },
    { code: '' },
    { code: 'x'.repeat(513) },
    { clientId },
    { clientId, clientSecret, code: 'x' },
  ];
  for (const one of bodies) expect([one, (await scene.send('POST', session, ownPage, one)).status]).toEqual([one, 400]);
  const form = await scene.send('POST', session, { ...ownPage, 'content-type': 'text/plain' }, { clientId, clientSecret });
  expect([form.status, form.body.error.code]).toEqual([415, 'UnsupportedMediaType']);
});

test('a cookie counts only for requests of our own pages', async () => {
  await using scene = await studioScene();
  const cookie = await scene.signIn();
  const site = (value?: string): Record<string, string> => ({ cookie, 'x-isthmus-studio': '1', ...(value && { 'sec-fetch-site': value }) });
  for (const value of [undefined, 'none', 'same-site', 'cross-site', 'SAME-ORIGIN', 'same-origin, cross-site']) {
    const answers = [
      await scene.send('GET', principals, site(value)),
      await scene.send('PUT', bob, site(value), body),
      await scene.send('GET', '/events', site(value)),
      await scene.send('GET', session, site(value)),
      await scene.send('DELETE', session, site(value)),
    ];
    for (const { status, body: told } of answers) expect([value, status, told.error.code]).toEqual([value, 401, 'CookieNotAccepted']);
  }
  expect(await scene.identity.directory.byName('bob')).toBeUndefined();
});

test('a write needs the header that only a page of ours can send; a read does not', async () => {
  await using scene = await studioScene();
  const cookie = await scene.signIn();
  const bare = { cookie, 'sec-fetch-site': 'same-origin' };
  for (const method of ['PUT', 'PATCH', 'POST', 'DELETE']) {
    for (const more of [{}, { 'x-isthmus-studio': '' }, { 'x-isthmus-studio': 'true' }]) {
      const answer = await scene.send(method, bob, { ...bare, ...more }, body);
      expect([answer.status, answer.body.error.code]).toEqual([401, 'CookieNotAccepted']);
    }
  }
  expect([(await scene.send('GET', principals, bare)).status, (await scene.send('HEAD', bob, bare)).status]).toEqual([200, 404]);
  expect((await scene.send('PUT', bob, { ...bare, 'x-isthmus-studio': '1' }, body)).status).toBe(201);
});

test('rights are those of the principal, and refusals the ordinary ones', async () => {
  await using scene = await studioScene();
  await makePrincipal(scene.identity, 'carol');
  const cookie = await scene.signIn('carol');
  const refused = await scene.send('PUT', bob, { ...ownPage, cookie }, body);
  expect([refused.status, refused.body.error.code]).toEqual([403, 'AuthorizationFailed']);
});

test('a request with an Authorization header is none of the cookie', async () => {
  await using scene = await studioScene();
  const cookie = await scene.signIn();
  for (const authorization of ['', 'Bearer x', 'Basic eA==']) {
    const answer = await scene.send('GET', principals, { ...ownPage, cookie, authorization });
    expect([authorization, answer.status]).toEqual([authorization, 401]);
  }
  const { token } = await signedIn(scene.identity, 'dave');
  const put = await scene.send('PUT', bob, { ...ownPage, cookie, authorization: `Bearer ${token}` }, body);
  expect(put.body.error.message).toContain('dave');
});

test('cookies that nobody gave out are nobody', async () => {
  await using scene = await studioScene();
  const cookie = await scene.signIn();
  const value = cookie.split('=')[1]!;
  const others = [
    '__Host-isthmus=',
    `__Host-isthmus=${value}x`,
    `__Host-isthmus=${value.slice(1)}`,
    `__Host-isthmus="${value}"`,
    `__host-isthmus=${value}`,
    `isthmus=${value}`,
    `x=__Host-isthmus=${value}`,
    `__Host-isthmus=${'y'.repeat(5_000)}`,
    `__Host-isthmus=wrong; ${cookie}`,
  ];
  for (const one of others) expect([one, (await scene.send('GET', principals, { ...ownPage, cookie: one })).status]).toEqual([one, 401]);
  expect((await scene.send('GET', principals, { ...ownPage, cookie: `a=b; ${cookie};c` })).status).toBe(200);
});

test('no other site can sign a browser in', async () => {
  await using scene = await studioScene();
  const code = await scene.code();
  for (const headers of [
    {},
    { 'sec-fetch-site': 'cross-site', 'x-isthmus-studio': '1' },
    { 'sec-fetch-site': 'same-origin' },
    { 'x-isthmus-studio': '1' },
  ]) {
    const answer = await scene.send('POST', session, headers, { code });
    expect([answer.status, answer.body.error.code, answer.setCookie]).toEqual([403, 'CrossSiteRequest', []]);
  }
  expect((await scene.send('POST', session, ownPage, { code })).status).toBe(200);
});

test('a link is made for who has a token, and for that principal', async () => {
  await using scene = await studioScene();
  const { token } = await signedIn(scene.identity, 'erin');
  const answer = await scene.send('POST', '/studio/links', { authorization: `Bearer ${token}` });
  const { link, code, expires, principal } = answer.body;
  expect([answer.status, link, principal.name]).toEqual([
    200,
    `https://${host}/studio/sign-in#code=${code}`.replace('https', 'http'),
    'erin',
  ]);
  expect(expires).toBe(new Date(scene.identity.clock.nowMs + 3_600_000).toISOString());
  expect((await scene.send('POST', session, ownPage, { code })).body.principal.name).toBe('erin');
  const cookie = await scene.signIn();
  for (const headers of [{}, { ...ownPage, cookie }]) expect((await scene.send('POST', '/studio/links', headers)).status).toBe(401);
});

test('the link of a principal that is gone signs nobody in', async () => {
  await using scene = await studioScene();
  expect(await scene.studio.link(`https://${host}`, 'nobody', 'test')).toBe(`https://${host}/studio/`);
});

test('who removes a password ends all sessions and links of its principal, and nobody else', async () => {
  await using scene = await studioScene();
  const { identity, alice } = scene;
  const self = (await identity.store.get('/providers/Isthmus.Identity/servicePrincipals/alice')) as unknown as Parameters<typeof act>[1];
  await makePrincipal(identity, 'bob');
  const [stolen, link, other] = [await scene.signIn(), await scene.code(), await scene.signIn('bob')];
  await act(identity, self, 'removePassword', { keyId: alice.keyId });
  const answer = await scene.send('GET', session, { ...ownPage, cookie: stolen });
  expect([answer.status, answer.body.error.code]).toEqual([401, 'SessionEnded']);
  expect((await scene.send('GET', principals, { ...ownPage, cookie: stolen })).status).toBe(401);
  expect((await scene.send('POST', session, ownPage, { code: link })).status).toBe(403);
  expect((await scene.send('GET', session, { ...ownPage, cookie: other })).status).toBe(200);
  identity.clock.nowMs += 1;
  scene.restart();
  expect((await scene.send('GET', session, { ...ownPage, cookie: stolen })).status).toBe(401);
  const anew = await scene.signIn();
  expect((await scene.send('GET', session, { ...ownPage, cookie: anew })).status).toBe(200);
});
