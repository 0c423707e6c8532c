import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openServed, readAll } from '#pool/query-server.ts';
import { shopTableCount } from '#bin/demo/shop-schema.ts';
import { compareShop } from './shop-comparison.ts';
import { shopStanding } from './shop-standing.ts';
import { allDescendants, descendants, isthmus, isThere, RunningProgram, until } from './program.ts';

/** Generous, for machines that do other things meanwhile. */
const timeout = 400_000;
const readyMs = 150_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-up-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function up(rate: number): RunningProgram {
  return new RunningProgram([
    'up',
    '--demo',
    '--data',
    folder,
    '--scale',
    '0.02',
    '--rate',
    String(rate),
    '--metrics-port',
    '0',
    '--port',
    '0',
  ]);
}

async function ordersInPool(): Promise<number> {
  try {
    await using reader = await openServed(join(folder, 'pools/shop/shop/pool.duckdb'));
    return reader ? Number((await readAll(reader, 'SELECT max(id) FROM public.orders', new AbortController().signal)).rows[0]?.[0]) : 0;
  } catch {
    // Its process was killed meanwhile.
    return 0;
  }
}

/** Waits until orders that were placed after now are in the pool. */
async function seesNewOrders(): Promise<void> {
  const before = await ordersInPool();
  await until('new orders in the pool', async () => (await ordersInPool()) > before, readyMs);
}

async function endsAll(pids: readonly number[]): Promise<void> {
  await until('no process left', () => !pids.some(isThere));
}

/** Stops the writer, then compares every value of every table. */
async function expectEqual(): Promise<void> {
  await using quiet = up(0);
  const { source = '', pool = '' } = await quiet.ready(readyMs);
  const password = readFileSync(join(folder, 'demo/postgres/password'), 'utf8').trim();
  const url = source.replace('@', `:${encodeURIComponent(password)}@`);
  const compared = await until(
    'source and pool are equal',
    async () => {
      const tables = await compareShop(url, pool);
      return Object.values(tables).every((one) => one.different.length === 0) && tables;
    },
    60_000,
  ).catch(async () => compareShop(url, pool));
  const different = Object.entries(compared).flatMap(([table, one]) => one.different.map((row) => `${table}: ${row}`));
  const standing = different.length === 0 ? '' : await shopStanding({ data: folder, url, pool });
  expect({ different, standing }).toEqual({ different: [], standing: '' });
  expect(Object.keys(compared)).toHaveLength(shopTableCount);
  expect(compared['order_items']?.rows).toBeGreaterThan(1_000);
  const family = descendants(quiet.pid);
  quiet.process.kill('SIGINT');
  expect(await quiet.ended).toMatchObject({ code: 0 });
  await endsAll(family);
}

test(
  'up with the demo answers queries, metrics and status, refuses a second one, survives kill -9, and loses nothing',
  { timeout },
  async () => {
    await using first = up(30);
    const { pool = '', metrics = '' } = await first.ready(readyMs);
    await seesNewOrders();

    const asked = await isthmus(
      ['sql', '--file', pool, '-o', 'json', '-'],
      'SELECT count(*) AS n, min(total) AS t FROM public.orders WHERE false',
    );
    expect(asked).toEqual({ code: 0, err: '', out: '[\n{"n":0,"t":null}\n]\n' });
    const scraped = await (await fetch(metrics)).text();
    for (const name of ['link_lag_bucket', 'link_state', 'pool_segments_total', 'pool_apply_duration_count', 'landing_bytes'])
      expect(scraped).toContain(`\n${name}{`);
    for (const name of ['up', 'control', 'pool', 'demo']) expect(scraped).toContain(`process_memory{process="${name}"}`);
    expect((await fetch(new URL('/readyz', metrics))).status).toBe(200);
    expect((await fetch(new URL('/healthz', metrics))).status).toBe(200);
    expect((await fetch(new URL('/status', metrics))).status).toBe(401);
    const status = await isthmus(['status', '--data', folder, '-o', 'json']);
    expect(JSON.parse(status.out)).toMatchObject({ pid: first.pid, ready: true });

    const second = await isthmus(['up', '--demo', '--data', folder]);
    expect(second).toMatchObject({ code: 5, out: '' });
    expect(second.err).toContain(`error DataInUse: Process ${first.pid} runs`);
    expect(second.err).toContain('remedy: ');

    const family = descendants(first.pid);
    first.process.kill('SIGKILL');
    await endsAll(family);
    expect(await isthmus(['status', '--data', folder])).toMatchObject({ code: 4 });

    await using again = up(30);
    await again.ready(readyMs);
    await seesNewOrders();
    const restarted = descendants(again.pid);
    again.process.kill('SIGINT');
    expect(await again.ended).toMatchObject({ code: 0 });
    await endsAll(restarted);
    await expectEqual();
  },
);

test('each process of up may be killed at any moment: it is started again, and nothing is lost', { timeout }, async () => {
  await using program = up(30);
  await program.ready(readyMs);
  for (const title of ['isthmus control', 'isthmus worker', 'isthmus pool', 'isthmus demo']) {
    await seesNewOrders();
    // Of workers there may be a spare one beside that of the link.
    const pids = allDescendants(program.pid, title);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(`another ${title}`, () => allDescendants(program.pid, title).some((pid) => !pids.includes(pid)));
    await seesNewOrders();
  }
  const server = Number(readFileSync(join(folder, 'demo/postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(server, 'SIGKILL');
  await seesNewOrders();
  const family = descendants(program.pid);
  program.process.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0 });
  await endsAll(family);
  await expectEqual();
});
