import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '#base/log.ts';
import { openSqliteStore, type SqliteStore } from '#control/store/sqlite-store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { outwardAddress, sampleHost } from '#fabric/sample-hosts.contract.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import { emptyPlan } from '#fabric/plan.ts';
import { factoryHome } from '#providers/data-factory/factory-home.ts';
import { factoryTypes } from '#providers/data-factory/factory-types.ts';
import { authoringNetworks } from '#providers/authoring/managed-networks.ts';
import { InteractiveAuthoring } from '#providers/authoring/interactive-authoring.ts';
import { InteractiveJobs } from '#providers/authoring/interactive-jobs.ts';
import { connectionsOf } from '#providers/network/connections.ts';
import { EgressLog } from '#providers/network/egress-log.ts';
import { createPlanKeeper } from '#providers/network/plan-keeper.ts';
import { ToldRuntimes } from '../servers/told-runtimes.ts';
import { group, providerScene, sealer } from './provider-scene.ts';

const segment = `${group}/providers/microsoft.datafactory/factories/f/managedvirtualnetworks/default`.toLowerCase();
const never = new AbortController().signal;

function planWith(egress: FabricPlan['segments'][number]['egress']): FabricPlan {
  return { ...emptyPlan, segments: [{ id: segment, kind: 'managed', egress, names: [] }] };
}

interface Home extends AsyncDisposable {
  open(): Promise<SqliteStore>;
}

async function home(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-egress-'));
  return {
    open: () => openSqliteStore({ path: join(folder, 'store.db') }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** The log as a service, and what stops it. */
function running(options: ConstructorParameters<typeof EgressLog>[0]): { readonly log: EgressLog } & AsyncDisposable {
  const log = new EgressLog(options);
  const stop = new AbortController();
  const ended = log.run(stop.signal);
  return {
    log,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
      log[Symbol.dispose]();
    },
  };
}

async function dial(engine: FabricEngine, host: string, port: number, asker = 'link shop'): Promise<void> {
  const stream = await engine
    .dialer(segment, asker)
    .dial(host, port, never)
    .catch(() => undefined);
  stream?.destroy();
}

test('what was refused and what was let out is counted by host, port, asker and code, and kept over a restart', async () => {
  await using place = await home();
  await using host = await sampleHost(undefined, outwardAddress());
  await using engine = await openUserspaceEngine();
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  await engine.apply(planWith('none'));
  {
    await using store = await place.open();
    const news: string[] = [];
    await using service = running({ store, engine, nowMs: () => nowMs, onNews: (one) => void news.push(one) });
    await dial(engine, '192.0.2.1', 443);
    expect(news).toEqual([segment]);
    nowMs += 1_000;
    await dial(engine, '192.0.2.1', 443);
    await dial(engine, '192.0.2.1', 443, 'preview');
    await engine.apply(planWith('report'));
    await dial(engine, host.host, host.port);
    expect((await service.log.report(segment)).outside).toHaveLength(1);
  }
  nowMs += 1_000;
  await using store = await place.open();
  await using service = running({ store, engine, nowMs: () => nowMs });
  await engine.apply(planWith('none'));
  await dial(engine, '192.0.2.1', 443);
  const found = await service.log.report(segment);
  const remedy = expect.stringContaining('private endpoint');
  expect(found).toEqual({
    since: '2026-01-01T00:00:00.000Z',
    denied: [
      {
        host: '192.0.2.1',
        port: 443,
        asker: 'link shop',
        code: 'NoEndpoint',
        rule: segment,
        remedy,
        count: 3,
        first: '2026-01-01T00:00:00.000Z',
        last: '2026-01-01T00:00:02.000Z',
      },
      expect.objectContaining({ asker: 'preview', count: 1, last: '2026-01-01T00:00:01.000Z' }),
    ],
    wouldBreak: [expect.objectContaining({ host: host.host, port: host.port, code: 'NoEndpoint', rule: segment, remedy, count: 1 })],
    outside: [{ host: host.host, port: host.port, asker: 'link shop', count: 1, first: expect.any(String), last: expect.any(String) }],
  });
  expect((await service.log.report('/another')).denied).toEqual([]);
});

test('the dry run is of the network as it is now', async () => {
  await using place = await home();
  await using host = await sampleHost(undefined, outwardAddress());
  await using engine = await openUserspaceEngine({
    resolver: { resolve: async () => ({ addresses: [outwardAddress()], ttlMs: 60_000 }) },
  });
  await using store = await place.open();
  await using service = running({ store, engine, nowMs: Date.now });
  await engine.apply(planWith('open'));
  await dial(engine, 'outside.example', host.port);
  expect((await service.log.report(segment)).wouldBreak).toMatchObject([
    { host: 'outside.example', code: 'NameNotFound', rule: 'outside.example' },
  ]);
  await engine.apply({
    ...planWith('open'),
    endpoints: [
      {
        id: `${segment}/e`,
        segment,
        address: '100.64.0.1',
        state: 'Approved',
        names: [{ name: 'outside.example', port: undefined }],
        service: '/db',
        linkId: 1,
        expiresAtMs: undefined,
      },
    ],
    services: [{ kind: 'database', id: '/db', target: { host: host.host, port: host.port }, ports: [host.port] }],
  });
  const { wouldBreak, outside } = await service.log.report(segment);
  expect([wouldBreak.length, outside.length]).toEqual([0, 1]);
});

test('the first denial of each kind is audited, once in all starts; what nobody refused is not', async () => {
  await using place = await home();
  await using engine = await openUserspaceEngine({
    resolver: { resolve: async () => ({ addresses: [outwardAddress()], ttlMs: 60_000 }) },
  });
  await engine.apply(planWith('none'));
  for (let start = 0; start < 2; start++) {
    await using store = await place.open();
    await using service = running({ store, engine, nowMs: Date.now });
    await dial(engine, '192.0.2.1', 443);
    await dial(engine, 'nowhere.example', 443);
    await engine.apply(planWith('open'));
    await dial(engine, outwardAddress(), 9);
    await engine.apply(planWith('none'));
    await expect.poll(async () => (await store.auditLog.read({})).length).toBe(2);
    expect((await service.log.report(segment)).denied.map(({ code, count }) => [code, count])).toEqual([
      ['TargetUnreachable', start + 1],
      ['NameNotFound', start + 1],
      ['NoEndpoint', start + 1],
    ]);
  }
  await using store = await place.open();
  expect(await store.auditLog.read({})).toMatchObject([
    {
      action: expect.stringMatching(/managedvirtualnetworks\/connect$/i),
      scope: segment,
      principalName: 'Isthmus',
      outcome: 'refused',
      code: 'NoEndpoint',
      changes: [
        { name: 'host', after: '192.0.2.1:443' },
        { name: 'rule', after: segment },
        { name: 'asker', after: 'link shop' },
      ],
    },
    { code: 'NameNotFound', changes: [{ name: 'host', after: 'nowhere.example:443' }, { name: 'rule' }, { name: 'asker' }] },
  ]);
  expect(await store.auditLog.verify()).toEqual({ ok: true, records: 2 });
});

test('whoever tries many hosts fills neither the log nor the audit log', async () => {
  await using place = await home();
  await using engine = await openUserspaceEngine();
  await using store = await place.open();
  await engine.apply(planWith('none'));
  {
    await using _service = running({ store, engine, nowMs: Date.now });
    for (let at = 0; at < 700; at++) await dial(engine, `host-${at}.example`, 443);
  }
  expect((await store.auditLog.read({ limit: 1_000 })).length).toBeLessThanOrEqual(100);
  await using service = running({ store, engine, nowMs: Date.now });
  const { denied } = await service.log.report(segment);
  expect(denied).toHaveLength(500);
  expect(denied[0]?.host).toBe('host-699.example');
});

test('the report is read at the managed virtual network, with the mode in force, and goes with the network', async () => {
  await using engine = await openUserspaceEngine();
  let log: EgressLog | undefined;
  const stop = new AbortController();
  await using plane = await providerScene(({ store: storeOf }) => {
    const store = storeOf();
    const nowMs = Date.now;
    const keeper = createPlanKeeper({ store, engine, serverName: async () => undefined, managed: [authoringNetworks(factoryHome)] });
    const made = new EgressLog({ store, engine, nowMs });
    log = made;
    const connections = connectionsOf({ store, mayApprove: async () => false, nowMs });
    const explain: FabricEngine['explain'] = (ask) => engine.explain(ask);
    const egressReport = (of: string) => made.report(of);
    const runtimes = new ToldRuntimes();
    const interactive = new InteractiveAuthoring({ store, runtimes, homes: [factoryHome], nowMs, ring: () => undefined, log: silentLog });
    const jobs = new InteractiveJobs(runtimes);
    return factoryTypes({ store, sealer, connections, plan: keeper, runtimes, interactive, jobs, explain, egressReport });
  });
  const ended = log!.run(stop.signal);
  const factory = `${group}/providers/Microsoft.DataFactory/factories/f`;
  const network = `${factory}/managedVirtualNetworks/default`;
  const create = async (mode: string): Promise<void> => {
    await plane.send('PUT', factory, { location: 'eastus', tags: { 'hidden-egress-mode': mode } });
    await plane.send('PUT', network, { properties: {} });
    await expect.poll(() => engine.isOpen(segment)).toBe(mode !== 'enforce');
  };
  const report = async () => (await plane.send('GET', `${network}/egressReport`)).body;
  await create('enforce');
  await dial(engine, '192.0.2.1', 443);
  const denied = { host: '192.0.2.1', port: 443, asker: 'link shop', code: 'NoEndpoint', count: 1 };
  expect(await report()).toMatchObject({ mode: 'enforce', since: expect.any(String), denied: [denied], wouldBreak: [], outside: [] });
  const audited = async () => (await plane.store.auditLog.read({ limit: 1_000 })).filter(({ action }) => action.endsWith('/connect'));
  await expect.poll(async () => (await audited()).length).toBe(1);
  await dial(engine, '192.0.2.2', 443);
  await plane.send('DELETE', factory);
  await expect.poll(async () => (await plane.send('GET', factory)).status).toBe(404);
  await create('enforce');
  expect(await report()).toMatchObject({ mode: 'enforce', denied: [] });
  stop.abort();
  await ended;
  log![Symbol.dispose]();
  expect((await audited()).map(({ code }) => code)).toEqual(['NoEndpoint', 'NoEndpoint']);
});
