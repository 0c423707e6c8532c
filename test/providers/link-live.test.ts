import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PoolLinkReport, PoolTableReport } from '#providers/synapse/pool-host.ts';
import { linkScene, pool, table, workspace, type LinkScene } from './link-scene.ts';
import { quiet } from './memory-pools.ts';

let scene: LinkScene;
beforeEach(async () => {
  scene = await linkScene();
  await scene.ground();
});
afterEach(() => scene[Symbol.asyncDispose]());

const link = `${workspace}/linkConnections/orders`;
const other = `${workspace}/linkConnections/others`;
const soon = { timeout: 5_000, interval: 2 };

async function runOf(name: string): Promise<string> {
  await scene.act(name, 'start');
  await scene.reached(name, 'Running');
  return (await scene.record(name)).run!.id;
}

const whole: PoolTableReport = {
  table: 'public.orders',
  target: { schema: 'public', name: 'orders' },
  state: 'Replicating',
  processedRows: 5,
  processedBytes: 50,
  lastProcessedMs: 1,
  lastCommitMs: 1,
  rows: 5,
  fault: undefined,
};

test('whoever looks at a link is told when its record, its worker or its pool says something else', async () => {
  await scene.link('orders', { tables: [table('orders')] });
  await scene.link('others', { tables: [table('others')] });
  await runOf('others');
  scene.rung.clear();
  await scene.act('orders', 'start');
  expect(scene.rung).toContain(link);
  await scene.reached('orders', 'Running');
  const run = (await scene.record('orders')).run!.id;
  for (const worker of scene.runtimes.workers) worker.mute = true;
  scene.rung.clear();
  scene.runtimes.workers.find(({ order }) => order.tables[0]!.name === 'orders')!.mute = false;
  await expect.poll(() => [...scene.rung], soon).toEqual([link]);
  for (const worker of scene.runtimes.workers) worker.mute = true;
  const reports: PoolLinkReport[] = [
    { ...quiet, tables: [whole] },
    { ...quiet, tables: [{ ...whole, rows: 6 }] },
    { ...quiet, tables: [{ ...whole, rows: 6, state: 'Suspended', fault: { code: 'X', message: 'Odd.', remedy: undefined } }] },
    { ...quiet, tables: [{ ...whole, rows: 6 }], waitingSegments: 1 },
  ];
  for (const report of reports) {
    scene.rung.clear();
    scene.pools.tell(run, report);
    expect([...scene.rung]).toEqual([link]);
    scene.rung.clear();
    scene.pools.tell(run, structuredClone(report));
    expect([...scene.rung]).toEqual([]);
  }
  expect(scene.rung).not.toContain(other);
});

test('whoever looks at a pool, or at a link of it, is told when it stops and starts', async () => {
  await scene.link('orders', { tables: [table('orders')] });
  await runOf('orders');
  for (const worker of scene.runtimes.workers) worker.mute = true;
  scene.rung.clear();
  await scene.plane.send('POST', `${pool}/pause`);
  await expect.poll(() => [...scene.rung].toSorted(), soon).toEqual([link, pool].toSorted());
  scene.rung.clear();
  scene.pools.broken = true;
  await scene.plane.send('POST', `${pool}/resume`);
  await expect.poll(() => [...scene.rung].toSorted(), soon).toEqual([link, pool].toSorted());
});
