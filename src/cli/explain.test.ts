import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { testSubscription } from '#test/servers/arm-server.ts';
import { startCommandLine, type CommandLine } from '#test/servers/command-line.ts';
import { addExplain } from './explain-options.ts';

const network = (group: string, name: string): string =>
  `/subscriptions/${testSubscription}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/${name}`;
const hops = [
  { kind: 'name', id: 'db', ok: true, detail: 'db means the endpoint e.' },
  { kind: 'endpoint', id: '/e', ok: true, detail: 'e is approved.' },
];
const open: JsonObject = { open: true, hops };
const closed = (kind: string): JsonObject => ({
  open: false,
  hops: [hops[0]!, { ...hops[1]!, ok: false, detail: 'e waits.' }],
  denied: { kind, code: 'EndpointPending', message: 'e waits.', target: '/e', remedy: 'Approve it.' },
});

let line: CommandLine;
let answer: JsonObject;
beforeEach(async () => {
  line = await startCommandLine(addExplain);
  answer = open;
  line.server.script = ({ path }) => (path.endsWith('/explain') ? { status: 200, body: answer } : undefined);
  for (const [group, name] of [
    ['one', 'factory'],
    ['one', 'twice'],
    ['two', 'twice'],
  ] as const)
    line.server.resources.set(network(group, name).toLowerCase(), { id: network(group, name), name });
});
afterEach(() => line[Symbol.asyncDispose]());

const asked = (): unknown => line.server.requests.filter(({ method }) => method === 'POST').map(({ path, body }) => ({ path, body }));

test('the way is shown hop by hop', async () => {
  const { out } = await line.run('explain', '--from', 'Factory', '--to', 'DB:5432', '--check');
  expect(out).toBe('✓ name      db means the endpoint e.\n✓ endpoint  e is approved.\nopen: a connection to DB:5432 arrives.\n');
  expect(asked()).toEqual([{ path: `${network('one', 'factory')}/explain`, body: { host: 'db', port: 5432 } }]);
});

test('what passed a hop is shown beside it, where anything did', async () => {
  const counts = { connections: 3, open: 1, refused: 2, bytesIn: 10, bytesOut: 2_000 };
  answer = {
    open: true,
    hops: [
      { ...hops[0]!, counts: { ...counts, connections: 0, refused: 0 } },
      { ...hops[1]!, counts },
    ],
  };
  const { out } = await line.run('explain', '--from', 'factory', '--to', 'db:5432');
  expect(out).toBe(
    '✓ name      db means the endpoint e.\n✓ endpoint  e is approved. (3 connections, 1 open, 2 refused, 10 bytes in, 2000 out)\nopen: a connection to db:5432 arrives.\n',
  );
});

test('what denies it is shown with what would mend it; only --check makes that a fault', async () => {
  answer = closed('denied');
  const to = ['explain', '--from', 'factory', '--to', 'db:5432'];
  expect((await line.run(...to)).out).toBe(
    '✓ name      db means the endpoint e.\n✗ endpoint  e waits.\ndenied EndpointPending: e waits.\nremedy: Approve it.\n',
  );
  expect(JSON.parse((await line.run(...to, '-o', 'json')).out)).toEqual(answer);
  const fault = { code: 'EndpointPending', message: 'e waits.', remedy: 'Approve it.', target: '/e' };
  await expect(line.run(...to, '--check')).rejects.toMatchObject({ kind: 'denied', ...fault });
  answer = closed('unreachable');
  await expect(line.run(...to, '--check', '-o', 'json')).rejects.toMatchObject({ kind: 'unreachable', ...fault });
});

test('a network is named so that it is the only one', async () => {
  await expect(line.run('explain', '--from', 'twice', '--to', 'db:1')).rejects.toMatchObject({
    code: 'WhichNetwork',
    message: expect.stringContaining(network('two', 'twice')),
  });
  await expect(line.run('explain', '--from', 'none', '--to', 'db:1')).rejects.toMatchObject({ code: 'NetworkNotFound' });
  await line.run('explain', '--from', 'twice', '-g', 'two', '--to', '10.0.0.4:1');
  await line.run('explain', '--from', `${network('two', 'twice')}/`, '--to', '10.0.0.4:1');
  const path = `${network('two', 'twice')}/explain`;
  expect(asked()).toEqual([expect.objectContaining({ path }), expect.objectContaining({ path })]);
});

test.each(['db', 'db:0', ':5432', 'https://db:5432', 'a b:1'])('%j is nowhere', async (to) => {
  await expect(line.run('explain', '--from', 'factory', '--to', to)).rejects.toMatchObject({ kind: 'invalid', code: 'BadDestination' });
});

const homeId = (type: string, name: string): string => `/subscriptions/${testSubscription}/resourceGroups/one/providers/${type}/${name}`;
const workspace = homeId('Microsoft.Synapse/workspaces', 'w');
const dataFactory = homeId('Microsoft.DataFactory/factories', 'f');

function putHomes(): void {
  const inNetwork = { managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' } };
  const put = (id: string, properties: JsonObject): unknown =>
    line.server.resources.set(id.toLowerCase(), { id, name: id.split('/').at(-1)!, properties });
  for (const home of [workspace, dataFactory]) put(home, {});
  for (const runtime of [`${workspace}/integrationRuntimes/AutoResolveIntegrationRuntime`, `${dataFactory}/integrationRuntimes/Mine`])
    put(runtime, { type: 'Managed', ...inNetwork });
  put(`${dataFactory}/integrationRuntimes/AutoResolveIntegrationRuntime`, { type: 'Managed' });
}

test.each([
  ['W', workspace],
  ['w/AutoResolveIntegrationRuntime', workspace],
  ['w/default', workspace],
  [workspace, workspace],
  [`${workspace}/integrationRuntimes/AutoResolveIntegrationRuntime/`, workspace],
  [`${workspace}/managedVirtualNetworks/default`, workspace],
  ['f/Mine', dataFactory],
])('from %j the way begins in its managed virtual network', async (from, home) => {
  putHomes();
  await line.run('explain', '--from', from, '--to', 'db:5432');
  expect(asked()).toEqual([{ path: `${home}/managedVirtualNetworks/default/explain`, body: { host: 'db', port: 5432 } }]);
});

test('a runtime that stands in no network, and names that mean nothing, are refused', async () => {
  putHomes();
  const from = (place: string) => line.run('explain', '--from', place, '--to', 'db:1');
  await expect(from('f')).rejects.toMatchObject({ kind: 'conflict', code: 'NotInNetwork' });
  await expect(from('f/none')).rejects.toMatchObject({ kind: 'missing' });
  await expect(from('none/Mine')).rejects.toMatchObject({ code: 'NetworkNotFound', remedy: expect.stringContaining('These are there:') });
});
