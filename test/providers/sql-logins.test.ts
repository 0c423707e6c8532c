import { afterEach, beforeEach, expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import type { Principal } from '#arm/resource-type.ts';
import { throttle } from '#control/identity/throttle.ts';
import type { PoolLoginAsked } from '#providers/synapse/pool-host.ts';
import { SqlLogins } from '#providers/synapse/sql-logins.ts';
import { linkScene, pool, workspace, type LinkScene } from './link-scene.ts';
import { sealer } from './provider-scene.ts';

let scene: LinkScene;
let logins: SqlLogins;
let nowMs: number;
/** What each principal may do, by the token that names it. */
const rights: Readonly<Record<string, readonly string[]>> = {
  writer: ['Microsoft.Synapse/workspaces/sqlPools/connect/action', 'Microsoft.Synapse/workspaces/sqlPools/write'],
  reader: ['Microsoft.Synapse/workspaces/sqlPools/connect/action'],
  nobody: [],
};

beforeEach(async () => {
  nowMs = 1_000_000;
  scene = await linkScene();
  await scene.ground({ trustedServiceBypassEnabled: true, sqlAdministratorLogin: 'Boss', sqlAdministratorLoginPassword: 'Pässword-1' });
  logins = new SqlLogins({
    store: scene.plane.store,
    sealer,
    authenticator: {
      authenticate: async (authorization = ''): Promise<Principal> => {
        const name = authorization.slice('Bearer '.length);
        if (rights[name] === undefined) throw fault('unauthenticated', 'InvalidAuthenticationToken', 'The token has expired.');
        return { id: `id-of-${name}`, name, tenant: 'tenant' };
      },
    },
    authorizer: {
      check: async ({ name }, action) => {
        if (rights[name]?.includes(action) !== true)
          throw fault('denied', 'AuthorizationFailed', `${name} may not ${action}.`, { remedy: 'Ask.' });
      },
    },
    guesses: throttle({ free: 2, now: () => nowMs }),
    now: () => nowMs,
  });
});
afterEach(() => scene[Symbol.asyncDispose]());

const good: PoolLoginAsked = {
  user: 'boss',
  password: 'Pässword-1',
  token: undefined,
  address: '127.0.0.1',
  application: 'tests',
  correlationId: crypto.randomUUID(),
};
const decide = (more: Partial<PoolLoginAsked> = {}) => logins.decide(pool, { ...good, ...more });
const numbers = async (more: Partial<PoolLoginAsked>) => {
  const verdict = await decide(more);
  return verdict.kind === 'refused' ? verdict.messages.map(({ number, state }) => [number, state]) : 'accepted';
};
const audited = async () =>
  (await scene.plane.store.auditLog.read({ scope: pool }))
    .filter(({ action }) => action.endsWith('/connect/action'))
    .map(({ principalName, outcome, code }) => [principalName, outcome, code]);

test('the SQL administrator logs in by its password, with or without the workspace behind its name, again and again', async () => {
  for (const user of ['boss', 'BOSS', 'boss@shopspace', 'boss'])
    expect(await decide({ user })).toEqual({ kind: 'accepted', user: { name: 'Boss', mayWrite: true } });
  expect(await audited()).toEqual(Array.from({ length: 4 }, () => ['Boss', 'succeeded', undefined]));
});

test('a wrong password and a wrong user are told apart in the audit log only', async () => {
  expect(await numbers({ password: 'guess' })).toEqual([[18_456, 1]]);
  expect(await numbers({ user: 'my secret password' })).toEqual([[18_456, 1]]);
  expect(await numbers({ password: '' })).toEqual([[18_456, 1]]);
  expect(await audited()).toEqual([
    ['boss', 'refused', 'PasswordWrong'],
    ['(a SQL login)', 'refused', 'LoginUnknown'],
    ['boss', 'refused', 'PasswordWrong'],
  ]);
});

test('a new password is the only one that is good from then on', async () => {
  expect(await numbers({})).toBe('accepted');
  const { status } = await scene.plane.send('PATCH', workspace, { properties: { sqlAdministratorLoginPassword: 'Another-2' } });
  expect(status).toBeLessThan(300);
  expect(await numbers({})).toEqual([[18_456, 1]]);
  expect(await numbers({ password: 'Another-2' })).toBe('accepted');
});

test('guessing becomes slow, for that address only', async () => {
  for (let guess = 0; guess < 3; guess += 1) expect(await numbers({ password: `guess ${guess}` })).toEqual([[18_456, 1]]);
  expect(await numbers({})).toEqual([[18_486, 1]]);
  expect((await audited()).at(-1)).toEqual(['(a SQL login)', 'refused', 'LoginHeldUp']);
  expect(await numbers({ address: '::1' })).toBe('accepted');
  nowMs += 60_000;
  expect(await numbers({})).toBe('accepted');
});

test('many guesses at once are counted one after the other', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, (_, guess) => numbers({ password: `guess ${guess}` })));
  expect(all.filter((one) => JSON.stringify(one) === '[[18456,1]]')).toHaveLength(3);
  expect(all.filter((one) => JSON.stringify(one) === '[[18486,1]]')).toHaveLength(7);
});

test('a workspace without SQL logins takes none', async () => {
  await scene.plane.send('PATCH', workspace, { properties: { azureADOnlyAuthentication: true } });
  expect(await numbers({})).toEqual([[18_456, 1]]);
  expect((await audited()).at(-1)?.[2]).toBe('SqlLoginsOff');
  expect(await numbers({ token: 'reader' })).toBe('accepted');
});

test('a token lets in whom it names, with the roles that this one has on the pool', async () => {
  const by = (token: string) => decide({ user: '', password: '', token });
  expect(await by('writer')).toEqual({ kind: 'accepted', user: { name: 'writer', mayWrite: true } });
  expect(await by('reader')).toEqual({ kind: 'accepted', user: { name: 'reader', mayWrite: false } });
  expect(await by('nobody')).toMatchObject({
    kind: 'refused',
    messages: [{ number: 18_456 }, { text: expect.stringContaining('connect/action') }],
  });
  expect(await by('forged')).toMatchObject({ kind: 'refused', messages: [{ number: 18_456 }, { text: 'The token has expired.' }] });
  expect(await audited()).toEqual([
    ['writer', 'succeeded', undefined],
    ['reader', 'succeeded', undefined],
    ['(an access token)', 'refused', 'AuthorizationFailed'],
    ['(an access token)', 'refused', 'InvalidAuthenticationToken'],
  ]);
});

test('who comes from outside passes the firewall of the workspace first', async () => {
  const outside = { address: '203.0.113.9' };
  expect(await decide(outside)).toMatchObject({ messages: [{ number: 40_615, text: expect.stringContaining('203.0.113.9') }] });
  await scene.put(`${workspace}/firewallRules/office`, { properties: { startIpAddress: '203.0.113.0', endIpAddress: '203.0.113.255' } });
  expect(await numbers(outside)).toBe('accepted');
  await scene.plane.send('PATCH', workspace, { properties: { publicNetworkAccess: 'Disabled' } });
  expect(await numbers(outside)).toEqual([[47_073, 1]]);
  expect(await numbers({})).toBe('accepted');
});

test('refusals beyond so many a minute are counted, and the count is told', async () => {
  for (let count = 0; count < 70; count += 1) await decide({ address: '203.0.113.9' });
  expect(await audited()).toHaveLength(60);
  nowMs += 60_000;
  await decide({ address: '203.0.113.9' });
  const last = (await scene.plane.store.auditLog.read({ scope: pool })).at(-1);
  expect(last?.changes.find(({ name }) => name === 'notWritten')?.after).toBe('10');
});

test('a pool that is gone lets nobody in', async () => {
  await scene.plane.send('DELETE', pool);
  expect(await numbers({})).toEqual([[18_456, 1]]);
});
