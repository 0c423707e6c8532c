import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import { faultText } from '#base/fault-text.ts';
import type { JobEvent } from '#runtime/job.ts';
import { networkScene, type NetworkScene } from './network-scene.ts';

let scene: NetworkScene;
beforeEach(async () => {
  scene = await networkScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const auto = 'AutoResolveIntegrationRuntime';
const step = (name: 'TCP' | 'login', trouble: ReturnType<typeof fault> | null = null): JobEvent => ({
  kind: 'step',
  step: { name, ok: trouble === null, ms: 1.5, detail: 'Said.', fault: trouble && faultText(trouble) },
});
const wrongPassword = fault('unauthenticated', 'WrongPassword', 'The password is wrong.', { remedy: 'Type it.' });

/** Both homes, each with a managed virtual network and a linked service to the host db.example, to which there is a way. */
const homes = [
  {
    home: 'data factory',
    type: 'Microsoft.DataFactory/factories',
    create: async (id: string) => {
      await scene.put(id, { location: 'eastus' });
      await scene.put(`${id}/managedVirtualNetworks/default`, { properties: {} });
    },
  },
  {
    home: 'workspace',
    type: 'Microsoft.Synapse/workspaces',
    create: async (id: string) => {
      await scene.put(id, { location: 'eastus', properties: { managedVirtualNetwork: 'default' } });
    },
  },
] as const;

describe.for(homes)('interactive authoring of a $home', ({ type, create }) => {
  let home: string;
  let segment: string;
  const post = (path: string, body: unknown = {}) => scene.plane.send('POST', `${home}/${path}`, body);
  const status = async () => (await post(`integrationRuntimes/${auto}/getStatus`)).body.properties;
  const query = async () => (await status()).typeProperties.interactiveQuery;
  const enable = (minutes?: number) =>
    post(`integrationRuntimes/${auto}/enableInteractiveQuery`, minutes === undefined ? {} : { autoTerminationMinutes: minutes });
  const saved = { linkedService: { name: 'shop' } };

  beforeEach(async () => {
    home = scene.id(type, 'home');
    segment = `${home}/managedVirtualNetworks/default`.toLowerCase();
    await create(home);
    scene.open.add('db.example');
    const password = { type: 'SecureString', value: 'p4ss-w0rd' };
    const typeProperties = { server: 'db.example', database: 'shop', username: 'reader', password };
    await scene.put(`${home}/linkedservices/shop`, { properties: { type: 'PostgreSqlV2', typeProperties } });
  });

  test('whoever looks at a runtime is told when it is enabled, used, warm, disabled, or its time has run out', async () => {
    const runtime = `${type}/integrationRuntimes ${home}/integrationRuntimes/${auto}`;
    const rung = (): number => scene.rung.splice(0).filter((one) => one === runtime).length;
    const stop = new AbortController();
    const running = scene.interactive().run(stop.signal);
    scene.told.startsWarm = false;
    await enable(5);
    expect(rung()).toBeGreaterThan(0);
    scene.told.startsWarm = true;
    scene.told.warmthChanged(segment);
    expect(rung()).toBe(1);
    scene.told.warmthChanged(`${segment}2`);
    await scene.interactive().refresh();
    expect(rung()).toBe(0);
    scene.nowMs += 60_000;
    scene.told.said.push({ events: [step('TCP'), { kind: 'done' }] });
    await post('testConnectivity', saved);
    expect(rung()).toBeGreaterThan(0);
    scene.nowMs += 5 * 60_000;
    await scene.interactive().refresh();
    expect(rung()).toBeGreaterThan(0);
    await enable();
    rung();
    await post(`integrationRuntimes/${auto}/disableInteractiveQuery`);
    expect(rung()).toBeGreaterThan(0);
    stop.abort();
    await running;
  });

  test('a worker is kept ready while it is enabled, after a restart too, and let go when the time runs out', async () => {
    expect(await query()).toEqual({ status: 'Disabled', autoTerminationMinutes: 60 });
    scene.told.startsWarm = false;
    await enable();
    expect(await query()).toMatchObject({ status: 'Enabling', worker: { state: 'starting' } });
    scene.told.startsWarm = true;
    expect(await query()).toEqual({
      status: 'Enabled',
      autoTerminationMinutes: 60,
      autoTerminationTime: '2026-01-01T01:00:00.000Z',
      worker: { state: 'warm', since: '1970-01-01T00:00:00.000Z' },
    });
    expect([...scene.told.wanted]).toEqual([segment]);

    await scene.plane.restart();
    scene.told.wanted.clear();
    scene.nowMs += 59 * 60_000;
    expect(await scene.interactive().refresh()).toBe(60_000);
    expect([...scene.told.wanted]).toEqual([segment]);
    scene.nowMs += 60_000;
    await scene.interactive().refresh();
    expect([...scene.told.wanted]).toEqual([]);
    expect(await query()).toMatchObject({ status: 'Disabled' });
  });

  test('running it lets workers go by itself as soon as the network is gone, and when it is disabled', async () => {
    const stop = new AbortController();
    const running = scene.interactive().run(stop.signal);
    await enable(5);
    expect([...scene.told.wanted]).toEqual([segment]);
    await post(`integrationRuntimes/${auto}/disableInteractiveQuery`);
    expect([...scene.told.wanted]).toEqual([]);
    await enable(5);
    await scene.plane.send('DELETE', home);
    await expect.poll(() => [...scene.told.wanted]).toEqual([]);
    stop.abort();
    await running;
  });

  test('a runtime that is created anew is not enabled because its former one was', async () => {
    const own = 'integrationRuntimes/own';
    const properties = { type: 'Managed', managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' } };
    await scene.put(`${home}/${own}`, { properties });
    await post(`${own}/enableInteractiveQuery`);
    await scene.plane.send('DELETE', `${home}/${own}`);
    await scene.interactive().refresh();
    expect([...scene.told.wanted]).toEqual([]);
    await scene.put(`${home}/${own}`, { properties });
    expect((await post(`${own}/getStatus`)).body.properties.typeProperties.interactiveQuery.status).toBe('Disabled');
    await scene.put(`${home}/integrationRuntimes/outside`, { properties: { type: 'Managed' } });
    expect((await post('integrationRuntimes/outside/enableInteractiveQuery')).body.error.code).toBe('ManagedVirtualNetworkRequired');
  });

  test('where nothing holds workers a runtime says so, and is offline unless the operator allowed it', async () => {
    const reason = fault('unsupported', 'NoUserNamespaces', 'There are no user namespaces.', { remedy: 'Allow them.' });
    scene.told.isIsolated = { isolated: false, allowed: true, reason };
    expect(await status()).toMatchObject({ state: 'Online', isolated: false, typeProperties: { otherErrors: [] } });
    scene.told.isIsolated = { isolated: false, allowed: false, reason };
    expect(await status()).toMatchObject({
      state: 'Offline',
      isolated: false,
      typeProperties: { otherErrors: [{ code: 'NoUserNamespaces' }] },
    });
    await enable();
    expect((await post('testConnectivity', saved)).body.error.code).toBe('NotIsolated');
    scene.told.isIsolated = { isolated: true };
    expect(await status()).toMatchObject({ state: 'Online', isolated: true });
  });

  test('testing a connection is a job in the network, with the secrets of this store only, and tells each step', async () => {
    await enable(5);
    scene.told.said.push({ events: [step('TCP'), step('login'), { kind: 'done' }] });
    scene.nowMs += 4 * 60_000;
    const good = await post('testConnectivity', saved);
    expect(good.body).toMatchObject({ succeeded: true, errors: [], runtime: { name: auto, isolated: true } });
    expect(good.body.hops.map(({ name }: { name: string }) => name)).toEqual(['TCP', 'login']);
    expect(scene.told.orders).toEqual([
      {
        segment,
        name: 'test of the connection of shop',
        writable: [],
        job: {
          kind: 'test-connection',
          timeoutMs: 20_000,
          store: {
            kind: 'postgresql',
            host: 'db.example',
            port: 5432,
            database: 'shop',
            user: 'reader',
            password: 'p4ss-w0rd',
            tls: 'prefer',
            certificateName: null,
          },
        },
      },
    ]);
    // Its use has begun the time anew.
    scene.nowMs += 4 * 60_000;
    expect(await query()).toMatchObject({ status: 'Enabled' });
    scene.told.said.push({ events: [step('TCP'), step('login', wrongPassword), { kind: 'done' }] });
    const bad = await post('testConnectivity', saved);
    expect(bad).toMatchObject({
      status: 200,
      body: { succeeded: false, errors: [{ code: 'SqlUnauthorizedAccess' }, { code: 'WrongPassword' }] },
    });
    scene.told.said.push({ events: [step('TCP')], failed: fault('unreachable', 'WorkerLost', 'It is gone.', { remedy: 'Again.' }) });
    const lost = await post('testConnectivity', saved);
    expect(lost.body).toMatchObject({ succeeded: false, errors: [{ code: 'SqlFailedToConnect' }, { code: 'WorkerLost' }] });
    expect(lost.body.hops.at(-1)).toMatchObject({ name: 'runtime', ok: false, code: 'WorkerLost', remedy: 'Again.' });
    expect((await post('testConnectivity', saved)).body.errors[1].code).toBe('WorkerLost');
    expect(JSON.stringify([good, bad, lost])).not.toContain('p4ss-w0rd');
  });

  test('so many jobs run at once and no more; those that end make room', async () => {
    await enable();
    const open = Promise.withResolvers<void>();
    scene.told.held = open.promise;
    const all = Array.from({ length: 12 }, () => post('testConnectivity', saved));
    await expect.poll(() => scene.told.orders.length).toBe(12);
    const refused = await post('testConnectivity', saved);
    expect([refused.status, refused.body.error.code]).toEqual([429, 'TooManyInteractiveJobs']);
    open.resolve();
    await Promise.all(all);
    expect((await post('testConnectivity', saved)).status).toBe(200);
  });

  test('browsing tells the tables that can be chosen, and why others cannot', async () => {
    expect((await post('browse', saved)).body.error.code).toBe('InteractiveAuthoringNotEnabled');
    await enable();
    const refusal = { severity: 'error', code: 'NoKey', message: 'It has no key.', target: 'public.log', remedy: 'Add one.' } as const;
    const tables = [
      { schema: 'public', name: 'orders', estimatedRows: 12, hasKey: true, refusal: null },
      { schema: 'public', name: 'log', estimatedRows: null, hasKey: false, refusal },
    ];
    scene.told.said.push({ events: [{ kind: 'tables', tables }, { kind: 'done' }] });
    expect((await post('browse', saved)).body).toEqual({
      value: [
        { schemaName: 'public', tableName: 'orders', estimatedRows: 12, hasKey: true, refusal: null },
        {
          schemaName: 'public',
          tableName: 'log',
          estimatedRows: null,
          hasKey: false,
          refusal: { code: 'NoKey', message: 'It has no key.', remedy: 'Add one.' },
        },
      ],
    });
    scene.told.said.push({ events: [], failed: wrongPassword });
    const refused = await post('browse', saved);
    // Not 401: it is not this request that is unauthenticated.
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'StoreNotReached', details: [{ code: 'WrongPassword' }] } } });
    scene.open.delete('db.example');
    expect((await post('browse', saved)).body.error).toMatchObject({ code: 'StoreNotReached', details: [{ code: 'NameNotFound' }] });
  });

  test('a preview tells the first rows of one table', async () => {
    await enable();
    const columns = [{ name: 'id', sourceType: 'int4' }];
    scene.told.said.push({ events: [{ kind: 'rows', columns, rows: [['1'], ['2'], ['3']] }, { kind: 'done' }] });
    const table = { tableName: 'orders' };
    const shown = await post('preview', { ...saved, table, mostRows: 2 });
    expect(shown.body).toEqual({ columns, rows: [['1'], ['2']] });
    expect(scene.told.orders.at(-1)?.job).toMatchObject({ kind: 'preview', table: { schema: 'public', name: 'orders' }, mostRows: 2 });
    scene.told.said.push({ events: [{ kind: 'done' }] });
    expect((await post('preview', { ...saved, table })).body.error.code).toBe('WorkerLost');
    for (const wrong of [{}, { table: {} }, { table, mostRows: 0 }, { table, mostRows: 101 }])
      expect((await post('preview', { ...saved, ...wrong })).body.error.code).toBe('InvalidRequestFormat');
  });
});
