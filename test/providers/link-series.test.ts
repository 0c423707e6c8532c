import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MetricSource } from '#arm/metric.ts';
import type { PoolTableReport } from '#providers/synapse/pool-host.ts';
import { linkSeries } from '#providers/synapse/link-series.ts';
import { linkScene, pool, table, workspace, type LinkScene } from './link-scene.ts';
import { quiet } from './memory-pools.ts';

let scene: LinkScene;
let source: MetricSource;
let beganMs: number;
beforeEach(async () => {
  scene = await linkScene();
  await scene.ground();
  source = linkSeries({ links: scene.keeper });
  beganMs = Date.now();
  await source.read(beganMs);
});
afterEach(() => scene[Symbol.asyncDispose]());

const link = `${workspace}/linkConnections/shop`;

async function read(): Promise<Record<string, number>> {
  const readings = await source.read(Date.now());
  expect(readings.every(({ resource }) => resource === link)).toBe(true);
  return Object.fromEntries(
    readings.map(({ metric, value, dimensions }) => [[metric, ...Object.values(dimensions ?? {})].join(' '), value]),
  );
}

/** What the pool says of the run that is. */
async function told(tables: readonly Partial<PoolTableReport>[], lagMs?: number): Promise<void> {
  const { run } = await scene.record('shop');
  const whole = tables.map((one) => ({ ...idle, ...one }));
  scene.pools.reports.set(run!.id, { ...quiet, tables: whole, lagMs });
}

const idle: PoolTableReport = {
  table: 'public.orders',
  target: undefined,
  state: 'Replicating',
  processedRows: 0,
  processedBytes: 0,
  lastProcessedMs: undefined,
  lastCommitMs: undefined,
  rows: 0,
  fault: undefined,
};

async function running(tables: readonly string[] = ['orders']): Promise<void> {
  await scene.link('shop', {
    tables: tables.map((name) => table(name)),
    isthmus: { logBudget: { warnBytes: 2_000_000, mostBytes: 4_000_000 } },
  });
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
}

test('lag, log, progress and states are read of a link that runs; nothing of one that does not', async () => {
  await scene.link('shop');
  expect(await read()).toEqual({});
  await running(['orders', 'items', 'stock', 'notes']);
  scene.runtimes.live[0]!.tell({
    heldBytes: '1000000',
    tables: [
      { schema: 'public', name: 'orders', state: 'Replicating', rowsCopied: 600, estimatedRows: 500, fault: null },
      { schema: 'public', name: 'items', state: 'Snapshotting', rowsCopied: 100, estimatedRows: 400, fault: null },
      { schema: 'public', name: 'stock', state: 'Waiting', rowsCopied: 0, estimatedRows: null, fault: null },
    ],
  });
  await told([{}, { table: 'public.items', state: 'Snapshotting' }, { table: 'public.notes', state: 'Failed' }], 2_500);
  await expect.poll(read).toMatchObject({
    IntegrationLinkProcessingLatencyInSeconds: 2.5,
    LinkSourceLogHeldBytes: 1_000_000,
    LinkSourceLogHeldPercent: 25,
    LinkTablesFailed: 1,
    LinkTablesSuspended: 0,
    LinkSnapshotProgress: (100 * 700) / 1_002,
  });
  await scene.act('shop', 'stop');
  await scene.reached('shop', 'Stopped');
  const stopped = await read();
  expect(Object.keys(stopped).filter((name) => !name.startsWith('IntegrationLinkConnectionEvents'))).toEqual([]);
});

test('rows and bytes count from what came before, and a table that begins anew counts from nothing', async () => {
  await running();
  await told([]);
  await read();
  await told([{ processedRows: 100, processedBytes: 1_000 }]);
  const rows = async (): Promise<unknown> => {
    const { IntegrationLinkProcessedChangedRows: count, IntegrationLinkProcessedDataVolume: bytes } = await read();
    return [count, bytes];
  };
  expect(await rows()).toEqual([100, 1_000]);
  expect(await rows()).toEqual([0, 0]);
  await told([
    { processedRows: 130, processedBytes: 1_500 },
    { table: 'public.items', processedRows: 5, processedBytes: 50 },
  ]);
  expect(await rows()).toEqual([35, 550]);
  await told([{ processedRows: 7, processedBytes: 70 }]);
  expect(await rows()).toEqual([7, 70]);
});

test('rows that came before this program are not taken for rows of now', async () => {
  await running();
  await told([{ processedRows: 9_000, processedBytes: 90_000 }]);
  const later = linkSeries({ links: scene.keeper });
  const count = async (): Promise<unknown> =>
    (await later.read(Date.now() + 60_000)).find(({ metric }) => metric === 'IntegrationLinkProcessedChangedRows')?.value;
  expect(await count()).toBe(0);
  await told([{ processedRows: 9_004 }]);
  expect(await count()).toBe(4);
});

test('events of links and of tables are told once each', async () => {
  await running();
  await told([{ state: 'Snapshotting' }]);
  const all: Record<string, number> = {};
  const seen = async (): Promise<Record<string, number>> => {
    for (const [name, value] of Object.entries(await read())) if (name.includes('Events')) all[name] = (all[name] ?? 0) + value;
    return all;
  };
  await expect.poll(seen).toEqual({
    'IntegrationLinkConnectionEvents Starting': 1,
    'IntegrationLinkConnectionEvents Running': 1,
    'IntegrationLinkTableEvents Snapshotting': 1,
  });
  await told([{ state: 'Replicating' }]);
  const events = async (): Promise<unknown> => Object.entries(await read()).filter(([name]) => name.includes('Events'));
  expect(await events()).toEqual([['IntegrationLinkTableEvents Replicating', 1]]);
  await told([]);
  expect(await events()).toEqual([['IntegrationLinkTableEvents Removed', 1]]);
  expect(await events()).toEqual([]);
  scene.runtimes.away = true;
  scene.runtimes.live[0]!.lose();
  await scene.reached('shop', 'Resuming');
  await expect.poll(async () => Object.keys(await seen())).toContain('IntegrationLinkConnectionEvents Failure');
});

test('tables of a link that gave its place up, or whose pool is paused, are suspended', async () => {
  await running(['orders', 'items']);
  expect((await read())['LinkTablesSuspended']).toBe(0);
  await scene.plane.send('POST', `${pool}/pause`);
  await expect.poll(async () => (await read())['LinkTablesSuspended']).toBe(2);
  await scene.plane.send('POST', `${pool}/resume`);
  await expect.poll(async () => (await read())['LinkTablesSuspended']).toBe(0);
  scene.runtimes.live[0]!.tell({ heldBytes: '5000000' });
  await scene.reached('shop', 'Paused');
  expect((await read())['LinkTablesSuspended']).toBe(2);
});

test('the log that a source keeps for a link that rests is measured too, as it was looked at last', async () => {
  await running();
  scene.runtimes.live[0]!.tell({ heldBytes: '1000' });
  await expect.poll(async () => (await read())['LinkSourceLogHeldBytes']).toBe(1_000);
  scene.runtimes.held = { heldBytes: '3000000', headroomBytes: null };
  await scene.act('shop', 'pause');
  await scene.reached('shop', 'Paused');
  await expect.poll(read).toMatchObject({ LinkSourceLogHeldBytes: 3_000_000, LinkSourceLogHeldPercent: 75 });
  expect((await scene.status('shop')).isthmus.log).toMatchObject({ heldBytes: '3000000' });
});
