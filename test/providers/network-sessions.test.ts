import { expect, test } from 'vitest';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import { call, sampleHost, type SamplePeer } from '#fabric/sample-hosts.contract.ts';
import { sessionNews } from '#providers/network/session-news.ts';
import { networkScene } from './network-scene.ts';
import { withSubnets } from './network-tutorial.ts';

/** A database server behind an approved endpoint, with a network that really carries. */
async function served() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await sampleHost());
  const engine = stack.use(await openUserspaceEngine());
  const scene = stack.use(await networkScene({ engine }));
  const { plane, put, id } = scene;
  const subnet = await withSubnets(scene);
  const server = id('Microsoft.Sql/servers', 'shop');
  await put(server, {
    location: 'eastus',
    tags: { 'hidden-backend': `${database.host}:${database.port}` },
    properties: { administratorLogin: 'admin1', administratorLoginPassword: 'Not-a-real-1' },
  });
  const endpoint = id('Microsoft.Network/privateEndpoints', 'ep');
  const wish = { name: 'c', properties: { privateLinkServiceId: server, groupIds: ['sqlServer'] } };
  await put(endpoint, { location: 'eastus', properties: { subnet: subnet('pe'), manualPrivateLinkServiceConnections: [wish] } });
  const [connection] = (await plane.send('GET', `${server}/privateEndpointConnections`)).body.value;
  const decide = (status: string) =>
    plane.send('PUT', connection.id, { properties: { privateLinkServiceConnectionState: { status } } }, 'approver');
  await decide('Approved');
  return Object.assign(stack, {
    plane,
    engine,
    decide,
    connection: String(connection.id),
    endpoint: endpoint.toLowerCase(),
    database,
    connect: async (): Promise<SamplePeer> => {
      const peer = call(engine.listening(endpoint.toLowerCase(), 1433));
      peer.stream.write('hello');
      await expect.poll(() => peer.text()).toBe('hello');
      return peer;
    },
  });
}

test('the owner sees who is connected, cuts one, then all; each cut is in the audit log', async () => {
  await using on = await served();
  const { plane, connection } = on;
  const sessions = async () => (await plane.send('GET', `${connection}/sessions`)).body.value;
  expect(await sessions()).toEqual([]);
  const [first, second, third] = [await on.connect(), await on.connect(), await on.connect()];
  const shown = await sessions();
  expect(shown).toHaveLength(3);
  expect(shown[0]).toEqual({
    id: expect.any(String),
    state: 'open',
    since: expect.stringMatching(/^\d{4}-.*Z$/),
    client: { address: expect.stringMatching(/^127\./), port: expect.any(Number) },
    port: 1433,
    target: { host: on.database.host, port: on.database.port },
    bytesIn: 5,
    bytesOut: 5,
    idleMs: expect.any(Number),
  });
  expect((await plane.send('POST', `${connection}/cut`, { session: shown[0].id })).body).toEqual({ cut: 1 });
  await expect.poll(() => first.over).toBe('reset');
  expect([second.over, third.over]).toEqual([undefined, undefined]);
  expect((await plane.send('POST', `${connection}/cut`, { session: shown[0].id })).body.error).toMatchObject({
    code: 'SessionNotFound',
    message: expect.stringContaining('/sessions'),
  });
  expect((await plane.send('POST', `${connection}/cut`)).body).toEqual({ cut: 2 });
  await expect.poll(() => [second.over, third.over]).toEqual(['reset', 'reset']);
  expect((await plane.send('POST', `${connection}/cut`, {})).body).toEqual({ cut: 0 });
  expect(await sessions()).toEqual([]);
  // The way is as open as before.
  (await on.connect()).stream.destroy();
  const audit = await plane.store.auditLog.read({ sinceIso: undefined, scope: connection, after: 0, limit: 100 });
  const cuts = audit.filter(({ action }) => action === 'Microsoft.Sql/servers/privateEndpointConnections/cut/action');
  expect(cuts.map(({ outcome, code }) => [outcome, code])).toEqual([
    ['succeeded', undefined],
    ['refused', 'SessionNotFound'],
    ['succeeded', undefined],
    ['succeeded', undefined],
  ]);
});

test('whoever looks at a connection is told when a session comes, carries something, and goes', async () => {
  await using on = await served();
  const rung: string[] = [];
  const stop = new AbortController();
  const ring = (id: string, type: string): void => void rung.push(`${type} ${id}`);
  const news = sessionNews({ store: on.plane.store, engine: on.engine, ring, pauseMs: 1 }).run(stop.signal);
  const told = async (): Promise<void> => {
    await expect.poll(() => rung).toContain(`Microsoft.Sql/servers/privateEndpointConnections ${on.connection}`);
    rung.length = 0;
  };
  const peer = await on.connect();
  await told();
  await expect.poll(async () => (await on.plane.send('GET', `${on.connection}/sessions`)).body.value[0]?.bytesOut).toBe(5);
  peer.stream.write('more');
  await expect.poll(() => peer.text()).toBe('hellomore');
  await told();
  peer.stream.destroy();
  await told();
  stop.abort();
  await news;
});

test('what a revoked endpoint had open is gone, and there is nothing to cut', async () => {
  await using on = await served();
  const peer = await on.connect();
  await on.decide('Rejected');
  await expect.poll(() => peer.over).toBe('reset');
  expect((await on.plane.send('GET', `${on.connection}/sessions`)).body).toEqual({ value: [] });
  expect((await on.plane.send('POST', `${on.connection}/cut`)).body).toEqual({ cut: 0 });
  expect((await on.plane.send('GET', `${on.connection}-other/sessions`)).status).toBe(404);
});

test.each([{ session: '' }, { session: 7 }, { session: 'x'.repeat(101) }, []])('the input %j is refused', async (input) => {
  await using on = await served();
  expect((await on.plane.send('POST', `${on.connection}/cut`, input)).status).toBe(400);
});
