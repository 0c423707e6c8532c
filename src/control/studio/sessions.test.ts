import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { deletePrincipal, makePrincipal } from '../identity/identity-scene.contract.ts';
import { ownPage, principals, studioScene, type Sent, type StudioScene } from './studio-scene.contract.ts';

const minute = 60_000;
const hour = 60 * minute;
const session = '/studio/session';

const asked = (scene: StudioScene, cookie: string, headers: Record<string, string> = ownPage): Promise<Sent> =>
  scene.send('GET', session, { cookie, ...headers });

async function settings(scene: StudioScene, prefix: string): Promise<readonly string[]> {
  return scene.identity.store.write(async (transaction) => [...(await transaction.settings(prefix)).keys()]);
}

test('a one-time code signs its principal in, once, and the session lasts over a restart', async () => {
  await using scene = await studioScene();
  const code = await scene.code();
  const answer = await scene.send('POST', session, ownPage, { code });
  expect(answer.status).toBe(200);
  const shown = {
    principal: { name: 'alice' },
    tenant: scene.identity.tenant,
    expires: new Date(scene.identity.clock.nowMs + 12 * hour).toISOString(),
    installation: { subscription: 'the-subscription', version: '1.2.3' },
    issuers: [],
  };
  expect(answer.body).toMatchObject(shown);
  expect(answer.setCookie).toEqual([
    expect.stringMatching(/^__Host-isthmus=[\w-]{43}; Path=\/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict$/),
  ]);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.text).not.toContain(answer.cookie!.split('=')[1]);
  const again = await scene.send('POST', session, ownPage, { code });
  expect([again.status, again.body.error.code, again.setCookie]).toEqual([403, 'SignInRefused', []]);
  scene.restart();
  expect((await asked(scene, answer.cookie!)).body).toMatchObject(shown);
  expect((await scene.send('GET', principals, { ...ownPage, cookie: answer.cookie! })).body.value).toHaveLength(1);
});

test('of many that use one code at once, one gets in', async () => {
  await using scene = await studioScene();
  const code = await scene.code();
  const answers = await Promise.all(Array.from({ length: 8 }, () => scene.send('POST', session, ownPage, { code })));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(7).fill(403)]);
});

test('what the store holds signs nobody in', async () => {
  await using scene = await studioScene();
  const code = await scene.code();
  const cookie = await scene.signIn();
  const names = [...(await settings(scene, 'studio.'))];
  expect(names).toEqual([expect.stringMatching(/^studio\.code\.[0-9a-f]{64}$/), expect.stringMatching(/^studio\.session\.[0-9a-f]{64}$/)]);
  const all = await scene.identity.store.write((transaction) => transaction.settings(''));
  const text = JSON.stringify([...all]);
  expect(text).not.toContain(code);
  expect(text).not.toContain(cookie.split('=')[1]);
});

test('a code lasts an hour, a principal has a bounded number of them, and old ones are swept', async () => {
  await using scene = await studioScene();
  const { clock } = scene.identity;
  const first = await scene.code();
  clock.nowMs += 1;
  const others = await Promise.all(Array.from({ length: 20 }, () => scene.code()));
  expect(await settings(scene, 'studio.code.')).toHaveLength(20);
  clock.nowMs += hour - 1;
  const enter = async (code: string | undefined): Promise<number> => (await scene.send('POST', session, ownPage, { code })).status;
  expect([await enter(first), await enter(others.at(-1))]).toEqual([403, 200]);
  clock.nowMs += 1;
  expect(await enter(others[0])).toBe(403);
  await scene.code();
  expect(await settings(scene, 'studio.code.')).toHaveLength(1);
});

test('a session ends after 12 hours however much it is used', async () => {
  await using scene = await studioScene();
  const { clock } = scene.identity;
  const cookie = await scene.signIn();
  for (let hours = 1; hours < 12; hours += 1) {
    clock.nowMs += hour;
    expect((await asked(scene, cookie)).status).toBe(200);
  }
  clock.nowMs += hour - 1;
  expect((await asked(scene, cookie)).status).toBe(200);
  clock.nowMs += 1;
  const over = await asked(scene, cookie);
  expect([over.status, over.body.error.code, over.body.issuers]).toEqual([401, 'SessionEnded', []]);
  expect((await scene.send('GET', principals, { ...ownPage, cookie })).body.error.code).toBe('SessionEnded');
});

test('a session ends after 2 hours without use, and its last use survives a restart', async () => {
  await using scene = await studioScene();
  const { clock } = scene.identity;
  const [used, unused] = [await scene.signIn(), await scene.signIn()];
  clock.nowMs += 2 * hour - 1;
  expect((await asked(scene, used)).status).toBe(200);
  await expect.poll(async () => JSON.stringify([...(await allSessions(scene)).values()])).toContain(`"usedMs":${clock.nowMs}`);
  scene.restart();
  clock.nowMs += 1;
  expect([(await asked(scene, used)).status, (await asked(scene, unused)).status]).toEqual([200, 401]);
  await scene.signIn();
  expect(await settings(scene, 'studio.session.')).toHaveLength(2);
});

const allSessions = (scene: StudioScene) => scene.identity.store.write((transaction) => transaction.settings('studio.session.'));

test('the last use is written every five minutes at most', async () => {
  await using scene = await studioScene();
  const { clock } = scene.identity;
  const cookie = await scene.signIn();
  const startedMs = clock.nowMs;
  const uses = async (): Promise<unknown[]> => [...(await allSessions(scene)).values()].map(({ usedMs }) => usedMs);
  for (let i = 0; i < 4; i += 1) {
    clock.nowMs += minute;
    await asked(scene, cookie);
  }
  expect(await uses()).toEqual([startedMs]);
  clock.nowMs += minute;
  await asked(scene, cookie);
  await expect.poll(uses).toEqual([clock.nowMs]);
});

test('signing out ends the session and says so to the browser', async () => {
  await using scene = await studioScene();
  const [cookie, other] = [await scene.signIn(), await scene.signIn()];
  const answer = await scene.send('DELETE', session, { ...ownPage, cookie });
  expect([answer.status, answer.setCookie]).toEqual([204, ['__Host-isthmus=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict']]);
  expect([(await asked(scene, cookie)).status, (await asked(scene, other)).status]).toEqual([401, 200]);
  expect((await scene.send('DELETE', session, { ...ownPage, cookie })).status).toBe(401);
});

test('signing in anew ends the session that the browser had', async () => {
  await using scene = await studioScene();
  const before = await scene.signIn();
  const answer = await scene.send('POST', session, { ...ownPage, cookie: before }, { code: await scene.code() });
  expect([(await asked(scene, before)).status, (await asked(scene, answer.cookie!)).status]).toEqual([401, 200]);
});

test('a deleted principal is out at once, with its links', async () => {
  await using scene = await studioScene();
  await makePrincipal(scene.identity, 'bob');
  const cookie = await scene.signIn('bob');
  const code = await scene.code('bob');
  expect((await asked(scene, cookie)).status).toBe(200);
  await deletePrincipal(scene.identity, 'bob');
  expect((await asked(scene, cookie)).status).toBe(401);
  expect((await scene.send('GET', principals, { ...ownPage, cookie })).status).toBe(401);
  expect((await scene.send('POST', session, ownPage, { code })).status).toBe(403);
});

test('a stream of changes that is left open is no use of its session', async () => {
  await using scene = await studioScene();
  const { clock } = scene.identity;
  const cookie = await scene.signIn();
  await scene.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = scene.app.server.address() as AddressInfo;
  clock.nowMs += hour;
  const asking = request({ port, host: '127.0.0.1', path: '/events', headers: { cookie, ...ownPage } });
  asking.end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  answer.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await makePrincipal(scene.identity, 'told');
  await expect.poll(() => text).toContain('/told');
  clock.nowMs += hour;
  const ended = once(answer, 'end');
  await makePrincipal(scene.identity, 'untold');
  await ended;
  expect(text).not.toContain('/untold');
  expect((await asked(scene, cookie)).status).toBe(401);
});

test('a stream of changes ends with the session that it was opened by, before anything more is told', async () => {
  await using scene = await studioScene();
  await makePrincipal(scene.identity, 'bob');
  const [alice, bob] = [await scene.signIn(), await scene.signIn('bob')];
  await scene.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = scene.app.server.address() as AddressInfo;
  const stream = async (cookie: string): Promise<{ text: string; ended: boolean }> => {
    const asking = request({ port, host: '127.0.0.1', path: '/events', headers: { cookie, ...ownPage } });
    asking.end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    const heard = { text: '', ended: false };
    answer.on('data', (bytes: Buffer) => (heard.text += bytes.toString()));
    answer.on('end', () => (heard.ended = true));
    await expect.poll(() => heard.text).toContain('hello');
    return heard;
  };
  const heard = [await stream(alice), await stream(bob)] as const;
  await makePrincipal(scene.identity, 'before');
  for (const one of heard) await expect.poll(() => one.text).toContain('/before');
  await scene.send('DELETE', session, { ...ownPage, cookie: alice });
  await makePrincipal(scene.identity, 'after');
  await expect.poll(() => heard[0].ended).toBe(true);
  await expect.poll(() => heard[1].text).toContain('/after');
  expect(heard[0].text).not.toContain('/after');
  await deletePrincipal(scene.identity, 'bob');
  await expect.poll(() => heard[1].ended).toBe(true);
  expect(heard[1].text).not.toContain('/bob"');
});

test('a principal has a bounded number of sessions: the one that was longest unused goes', async () => {
  await using scene = await studioScene();
  const { clock } = scene.identity;
  const first = await scene.signIn();
  clock.nowMs += 1;
  const second = await scene.signIn();
  clock.nowMs += 1;
  for (let i = 2; i < 50; i += 1) await scene.signIn();
  clock.nowMs += minute;
  expect((await asked(scene, first)).status).toBe(200);
  await scene.signIn();
  expect([(await asked(scene, first)).status, (await asked(scene, second)).status]).toEqual([200, 401]);
  expect(await settings(scene, 'studio.session.')).toHaveLength(50);
});
