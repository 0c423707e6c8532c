import { afterEach, beforeEach, expect, test } from 'vitest';
import { armClient } from '#arm/client.ts';
import type { JsonObject } from '#arm/resource.ts';
import { startArmServer, testSubscription, type ArmReply, type ArmRequest, type ArmServer } from '#test/servers/arm-server.ts';
import { shopPaths } from './shop-resources.ts';
import { setUpShop } from './shop-setup.ts';

const paths = shopPaths(testSubscription);
const connection = `${paths.service}/privateEndpointConnections/c`;
let server: ArmServer;
/** What the link says of itself. */
let state: string;
let rule: string;
let tested: JsonObject;
beforeEach(async () => {
  server = await startArmServer();
  [state, rule] = ['Initial', ''];
  tested = { succeeded: true, hops: [{ name: 'TCP', ok: true }] };
  server.script = answer;
});
afterEach(() => server[Symbol.asyncDispose]());

const table = { schemaName: 'public', tableName: 'orders', refusal: null };
const browsed: JsonObject = {
  value: [
    table,
    { ...table, tableName: 'odd', refusal: { code: 'NoKey' } },
    { ...table, schemaName: 'other' },
    { ...table, tableName: 'items' },
  ],
};
const moves: Readonly<Record<string, string>> = { start: 'Running', resume: 'Running', stop: 'Stopped' };

function answer({ method, path, body }: ArmRequest): ArmReply | undefined {
  if (path === `${paths.link}/detailedstatus`) return { status: 200, body: { status: state } };
  if (method === 'PUT' && path === paths.endpoint) asksFor('Pending');
  if (method !== 'POST') return undefined;
  const verb = path.split('/').at(-1)!;
  state = moves[verb] ?? state;
  if (verb === 'testConnectivity') return { status: 200, body: tested };
  if (verb === 'browse') return { status: 200, body: browsed };
  if (verb !== 'runCommand') return { status: 200, body: {} };
  const [command] = (body as { script: string[] }).script;
  const message = command === rule ? 'already installed, skipping' : 'Installing DNAT rule';
  rule = command!;
  return { status: 200, body: { value: [{ message }] } };
}

function asksFor(status: string): void {
  const properties = { privateEndpoint: { id: paths.endpoint }, privateLinkServiceConnectionState: { status } };
  server.resources.set(connection.toLowerCase(), { id: connection, name: 'c', properties });
}

async function setUp(change: { readonly resync?: boolean; readonly port?: number } = {}): Promise<readonly string[]> {
  const steps: string[] = [];
  await setUpShop({
    arm: armClient({ endpoint: server.url, fetch, token: async () => server.token() }),
    subscription: testSubscription,
    source: { url: `postgres://anna@127.0.0.1:${change.port ?? 5433}/shop`, password: 'p@ss' },
    memoryMb: 256,
    resync: change.resync ?? false,
    signal: new AbortController().signal,
    onStep: (text) => steps.push(text),
  });
  return steps;
}

const puts = (): readonly string[] => server.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);

test('everything is made once, in order: approved, tested, started; again it is left as it is', async () => {
  const steps = await setUp();
  expect(steps.map((step) => step.split(',')[0])).toEqual([
    'making a resource group',
    'making a virtual network with be-subnet',
    'making a standard internal load balancer with pool',
    'making a private link service',
    'making a network interface in be-subnet',
    'making a forwarder',
    'on the forwarder: sudo ./ip_fwd.sh -i eth0 -f 5432 -a 127.0.0.1 -b 5433',
    'making a workspace with a managed network and data exfiltration protection',
    'making a SQL pool',
    'making a managed private endpoint to the service',
    'approving the endpoint',
    'making a linked service',
    'enabling interactive authoring',
    'testing the connection',
    'tested: ✓ TCP',
    'browsing the tables',
    'making a link connection of 2 tables',
    'starting the link',
  ]);
  expect(state).toBe('Running');
  const link = server.resources.get(paths.link.toLowerCase())!['properties'] as { linkTables: { source: { tableName: string } }[] };
  expect(link.linkTables.map(({ source }) => source.tableName)).toEqual(['orders', 'items']);
  asksFor('Approved');
  const before = puts().length;
  expect(await setUp()).toEqual([]);
  expect(puts()).toHaveLength(before);
});

test('what ended in the midst goes on from there, and what others took away is made anew', async () => {
  await setUp();
  asksFor('Approved');
  server.resources.delete(paths.link.toLowerCase());
  state = 'Initial';
  const steps = await setUp();
  expect(steps.filter((step) => step.startsWith('making'))).toEqual(['making a link connection of 2 tables']);
  expect(steps.at(-1)).toBe('starting the link');
});

test('a shop at another port is forwarded to; nothing else changes', async () => {
  await setUp();
  asksFor('Approved');
  expect(await setUp({ port: 6000 })).toEqual(['on the forwarder: sudo ./ip_fwd.sh -i eth0 -f 5432 -a 127.0.0.1 -b 6000']);
});

test('what the owner refused or took back stays so', async () => {
  await setUp();
  asksFor('Rejected');
  const before = puts().length;
  await setUp();
  expect(puts()).toHaveLength(before);
});

test('a link that rests goes on; to copy everything anew it is stopped first', async () => {
  await setUp();
  asksFor('Approved');
  state = 'Paused';
  expect(await setUp()).toEqual(['resuming the link']);
  expect(await setUp({ resync: true })).toEqual(['stopping the link, so that everything is copied anew', 'starting the link']);
  state = 'Stopped';
  expect(await setUp({ resync: true })).toEqual(['starting the link']);
});

test('a connection that is tested in vain ends it, with the reason of the hop', async () => {
  const failed = { name: 'login', ok: false, code: 'WrongPassword', detail: 'It is wrong.', remedy: 'Give the right one.' };
  tested = { succeeded: false, hops: [{ name: 'TCP', ok: true }, failed] };
  await expect(setUp()).rejects.toMatchObject({
    kind: 'unreachable',
    code: 'WrongPassword',
    message: 'It is wrong.',
    remedy: 'Give the right one.',
  });
  tested = { succeeded: true, hops: [] };
  expect((await setUp()).filter((step) => step.startsWith('making') || step.startsWith('tes'))).toEqual([
    'testing the connection',
    'tested: ',
    'making a link connection of 2 tables',
  ]);
});
