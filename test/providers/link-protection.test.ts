import { readdir } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkFolder } from '#providers/synapse/link-places.ts';
import { linkScene, pool, table, workspace, type LinkScene } from './link-scene.ts';
import { quiet } from './memory-pools.ts';

let scene: LinkScene;
beforeEach(async () => {
  scene = await linkScene();
  await scene.ground();
});
afterEach(() => scene[Symbol.asyncDispose]());

const budget = (whenExceeded: 'pause' | 'reseed') => ({
  isthmus: { logBudget: { warnBytes: 2_000_000, mostBytes: 4_000_000, whenExceeded } },
});

async function started(whenExceeded: 'pause' | 'reseed'): Promise<string> {
  await scene.link('shop', budget(whenExceeded));
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  return (await scene.status('shop')).continuousRunId;
}

test('a source that keeps much log is said; one that keeps too much gets it back, and a human resumes with a new copy', async () => {
  const run = await started('pause');
  const worker = scene.runtimes.live[0]!;
  const target = { schema: 'public', name: 'orders' };
  const filled = { table: 'public.orders', target, state: 'Replicating' as const, processedRows: 3, processedBytes: 9, rows: 3 };
  scene.pools.reports.set(run, { ...quiet, tables: [{ ...filled, lastProcessedMs: 1, lastCommitMs: 1, fault: undefined }] });
  await expect.poll(async () => (await scene.record('shop')).filled).toEqual(['public.orders']);
  // Names come from a worker: what no source has is not kept, however much of it there is.
  const made = Array.from({ length: 20_000 }, (_, at) => ({
    ...filled,
    table: `made.${at}`,
    lastProcessedMs: 1,
    lastCommitMs: 1,
    fault: undefined,
  }));
  scene.pools.reports.set(run, { ...quiet, tables: [{ ...made[0]!, table: 'x'.repeat(100_000) }, ...made] });
  await expect.poll(async () => (await scene.record('shop')).filled.length).toBe(10_000);
  expect((await scene.record('shop')).filled.some((table) => table.length > 600)).toBe(false);
  worker.tell({ heldBytes: '3000000' });
  await expect.poll(async () => await scene.status('shop')).toMatchObject({ status: 'Running', error: { code: 'LogBudgetWarning' } });
  worker.tell({ heldBytes: '1000' });
  await expect.poll(async () => (await scene.status('shop')).error).toBeUndefined();
  worker.tell({ heldBytes: '5000000' });
  await scene.reached('shop', 'Paused');
  expect((await scene.status('shop')).error).toMatchObject({ code: 'LogBudgetExceeded', remedy: expect.stringContaining('copied anew') });
  expect([...scene.runtimes.slots, scene.runtimes.live.length]).toEqual([0]);
  await scene.act('shop', 'resume');
  await scene.reached('shop', 'Running');
  const again = await scene.status('shop');
  expect([again.continuousRunId === run, again.error, again.isthmus.run.number]).toEqual([false, undefined, 2]);
  // What the link filled itself is its own.
  expect(scene.runtimes.live[0]?.order.tables[0]?.placement.onExisting).toBe('drop');
});

test('with reseed it goes on by itself; a source that lost the link history is treated alike', async () => {
  const run = await started('reseed');
  scene.runtimes.live[0]!.tell({ heldBytes: '5000000' });
  await expect.poll(async () => (await scene.status('shop')).continuousRunId).not.toBe(run);
  await scene.reached('shop', 'Running');
  expect(scene.runtimes.slots.size).toBe(1);
  // What the run before had landed is nobody's any more.
  const { continuousRunId: now } = await scene.status('shop');
  await expect.poll(() => readdir(linkFolder(scene.folder, `${workspace}/linkConnections/shop`))).toEqual([now]);
  scene.runtimes.live[0]!.fail('lost-history', 'SlotMissing');
  await expect.poll(async () => (await scene.status('shop')).isthmus.run.number).toBe(3);
  await scene.reached('shop', 'Running');
});

test('the budget holds while it is paused too, and then waits for a human whatever was asked', async () => {
  await started('reseed');
  scene.runtimes.held = { heldBytes: '5000000', headroomBytes: null };
  await scene.act('shop', 'pause');
  await expect.poll(async () => (await scene.status('shop')).error?.code, { timeout: 6_000 }).toBe('LogBudgetExceeded');
  await expect.poll(() => scene.runtimes.slots.size).toBe(0);
  expect((await scene.status('shop')).status).toBe('Paused');
  scene.runtimes.held = null;
  await scene.act('shop', 'resume');
  await scene.reached('shop', 'Running');
  expect((await scene.status('shop')).isthmus.run.number).toBe(2);
});

test("what the pool has taken in while the link was paused is the link's own too when it begins anew", async () => {
  const run = await started('pause');
  scene.runtimes.held = { heldBytes: '5000000', headroomBytes: null };
  await scene.act('shop', 'pause');
  await expect.poll(async () => (await scene.status('shop')).error?.code, { timeout: 6_000 }).toBe('LogBudgetExceeded');
  const target = { schema: 'public', name: 'orders' };
  const filled = { table: 'public.orders', target, state: 'Snapshotting' as const, processedRows: 3, processedBytes: 9, rows: 3 };
  scene.pools.reports.set(run, { ...quiet, tables: [{ ...filled, lastProcessedMs: 1, lastCommitMs: 1, fault: undefined }] });
  scene.runtimes.held = null;
  await scene.act('shop', 'resume');
  await scene.reached('shop', 'Running');
  expect(scene.runtimes.live[0]?.order.tables[0]?.placement.onExisting).toBe('drop');
});

test('a budget that is saved while the link is paused is looked at at once', async () => {
  await started('pause');
  await scene.act('shop', 'pause');
  await scene.reached('shop', 'Paused');
  await expect.poll(() => scene.runtimes.live.length).toBe(0);
  scene.runtimes.held = { heldBytes: '3000000', headroomBytes: null };
  await scene.link('shop', { isthmus: { logBudget: { mostBytes: 2_500_000, whenExceeded: 'pause' } } });
  await expect.poll(async () => (await scene.status('shop')).error?.code, { timeout: 6_000 }).toBe('LogBudgetExceeded');
  await expect.poll(() => scene.runtimes.slots.size).toBe(0);
});

test('a paused link whose slot the source has given up says so, and copies anew when it is resumed', async () => {
  await started('reseed');
  const message = 'The source has invalidated the replication slot.';
  scene.runtimes.findings = [{ severity: 'error', code: 'SlotInvalidated', message, target: 'slot', remedy: null }];
  await scene.act('shop', 'pause');
  await expect.poll(async () => (await scene.status('shop')).error?.code, { timeout: 6_000 }).toBe('SlotInvalidated');
  expect((await scene.status('shop')).status).toBe('Paused');
  scene.runtimes.findings = [];
  await scene.act('shop', 'resume');
  await scene.reached('shop', 'Running');
  expect((await scene.status('shop')).isthmus.run.number).toBe(2);
});

test('a link is deleted only once its source has given back its slot; the reason and the way out are said', async () => {
  await started('pause');
  scene.runtimes.away = true;
  const id = `${workspace}/linkConnections/shop`;
  expect((await scene.plane.send('DELETE', id)).status).toBe(200);
  await expect.poll(async () => (await scene.plane.store.get(id))?.status.waitingFor).toMatch(/The source is away.*abandon/);
  expect(scene.runtimes.slots.size).toBe(1);
  expect((await scene.act('shop', 'resume')).body.error.code).toBe('ResourceBeingDeleted');
  await scene.restart();
  scene.runtimes.away = false;
  await expect.poll(async () => (await scene.plane.send('GET', id)).status, { timeout: 5_000 }).toBe(404);
  expect([scene.runtimes.slots.size, await scene.hasFolder('shop')]).toEqual([0, false]);
  await scene.link('shop');
  expect((await scene.status('shop')).status).toBe('Initial');
});

test('a link that was deleted before its start was written down is not started, nor is the next one of its name', async () => {
  await scene.link('shop');
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  scene.runtimes.isolation = async () => {
    ask();
    await answered;
    return { isolated: true };
  };
  const start = scene.act('shop', 'start');
  await asked;
  const id = `${workspace}/linkConnections/shop`;
  expect((await scene.plane.send('DELETE', id)).status).toBe(200);
  await expect.poll(async () => (await scene.plane.send('GET', id)).status).toBe(404);
  answer();
  expect((await start).body.error.code).toBe('ResourceBeingDeleted');
  await scene.link('shop');
  expect([(await scene.status('shop')).status, scene.runtimes.workers.length]).toEqual(['Initial', 0]);
});

test('one whose source is gone for good is abandoned, with the SQL that is left to run', async () => {
  await started('pause');
  scene.runtimes.away = true;
  await scene.act('shop', 'stop');
  await expect.poll(async () => await scene.status('shop')).toMatchObject({ status: 'Stopping', error: { code: 'SourceAway' } });
  const [slot] = scene.runtimes.slots;
  const answer = (await scene.act('shop', 'abandon')).body;
  expect(answer.slots).toEqual([slot]);
  expect(answer.sql).toEqual([expect.stringContaining(`'${slot}'`), expect.stringContaining(`${slot}_append`)]);
  await expect.poll(async () => (await scene.plane.send('GET', `${workspace}/linkConnections/shop`)).status).toBe(404);
  expect(await scene.hasFolder('shop')).toBe(false);
});

test('a workspace that is deleted has its links give back first, whatever they stand on goes after', async () => {
  await started('pause');
  scene.runtimes.away = true;
  expect((await scene.plane.send('DELETE', workspace)).status).toBeLessThan(300);
  await expect.poll(async () => (await scene.plane.store.get(pool))?.status.waitingFor).toContain('linkConnections/shop');
  expect(await scene.plane.store.get(`${workspace}/linkedservices/shop`)).toBeDefined();
  scene.runtimes.away = false;
  await expect.poll(async () => (await scene.plane.send('GET', workspace)).status, { timeout: 5_000 }).toBe(404);
  expect(scene.runtimes.slots.size).toBe(0);
  expect(scene.pools.removed).toHaveLength(1);
});

test('in batches a worker runs now and then; the link is Running in between, and edits are in the next batch', async () => {
  await scene.link('shop', { compute: { dataProcessIntervalMinutes: 1 } });
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  expect(scene.runtimes.live[0]?.order.once).toBe(true);
  scene.runtimes.live[0]!.finish();
  await expect.poll(() => scene.runtimes.live.length).toBe(0);
  await expect.poll(async () => (await scene.status('shop')).isthmus.nextBatch).toEqual(expect.any(String));
  expect((await scene.status('shop')).status).toBe('Running');
  await scene.act('shop', 'edittables', { linkTables: [{ ...table('items'), operationType: 'add' }] });
  await expect.poll(() => scene.runtimes.live[0]?.order.tables.length, { timeout: 3_000 }).toBe(2);
  scene.runtimes.live[0]!.finish();
  await expect.poll(() => scene.runtimes.live.length).toBe(0);
  await scene.act('shop', 'pause');
  await scene.reached('shop', 'Paused');
});

test('a table to be copied anew is asked of each worker until one has begun with it, and of none after that', async () => {
  await scene.link('shop', { compute: { dataProcessIntervalMinutes: 1 } });
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  const batches = scene.runtimes.workers;
  batches[0]!.finish();
  await expect.poll(async () => (await scene.status('shop')).isthmus.nextBatch).toEqual(expect.any(String));
  scene.runtimes.slow = true;
  await scene.act('shop', 'retry', { tables: [{ schemaName: 'public', tableName: 'orders' }] });
  const told = { kind: 'recopy', tables: [{ schema: 'public', name: 'orders' }] };
  // A batch that ends before it has begun with it, however long it was: the next one follows at once and is asked too.
  await expect.poll(() => batches[1]?.messages).toEqual([told]);
  await setTimeout(200);
  batches[1]!.finish();
  await expect.poll(() => batches[2]?.messages).toEqual([told]);
  expect((await scene.record('shop')).recopy).toEqual([{ schema: 'public', name: 'orders' }]);
  // One that has begun with it, however short it was.
  scene.runtimes.slow = false;
  batches[2]!.finish();
  await expect.poll(async () => (await scene.record('shop')).recopy).toEqual([]);
  await expect.poll(async () => (await scene.status('shop')).isthmus.nextBatch).toEqual(expect.any(String));
  expect(batches).toHaveLength(3);
});

test('a pool that cannot be opened is tried again, and no secret is in what is shown', async () => {
  scene.pools.broken = true;
  await scene.link('shop');
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  await expect.poll(async () => (await scene.status('shop')).error?.code).toBe('PoolBroken');
  scene.pools.broken = false;
  await expect.poll(async () => (await scene.status('shop')).error).toBeUndefined();
  const shown = await Promise.all(
    ['', '/detailedstatus', '/linktables'].map((path) => scene.plane.send('GET', `${workspace}/linkConnections/shop${path}`)),
  );
  const audit = await scene.plane.store.auditLog.read({ scope: workspace, limit: 100 });
  expect(JSON.stringify([shown.map(({ text }) => text), audit, await scene.record('shop')])).not.toContain('canary');
  expect(audit.map(({ action }) => action)).toContain('Microsoft.Synapse/workspaces/linkConnections/start/action');
});

test('a record that nobody can read keeps no other link from running', async () => {
  await scene.link('broken', { tables: [table('orders')] });
  await scene.link('shop', { tables: [table('items')] });
  const name = `synapse.link ${workspace}/linkConnections/broken`.toLowerCase();
  await scene.plane.store.write((transaction) => transaction.putSetting(name, { state: 'Lost' }));
  await scene.restart();
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  // Nor from the pool, where nothing of the other is forgotten.
  const { continuousRunId } = await scene.status('shop');
  await expect
    .poll(() => scene.pools.orders.get(pool.toLowerCase()))
    .toMatchObject({ links: [{ run: continuousRunId }], keepsOthers: true });
  expect((await scene.plane.send('GET', `${workspace}/linkConnections/broken/detailedstatus`)).body.error.code).toBe('LinkRecordBroken');
});
