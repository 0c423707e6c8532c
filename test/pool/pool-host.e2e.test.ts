import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '#base/log.ts';
import { must, toFault } from '#base/fault.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { openReader, openServed, readAll } from '#pool/query-server.ts';
import type { PoolOrder } from '#providers/synapse/pool-host.ts';
import { mergeMetrics } from '../../src/bin/up/process-metrics.ts';
import { openPoolHost, type PoolProcesses } from '../../src/bin/up/pool-host.ts';
import { CountingZone, countingSql } from './zones.ts';

const never = new AbortController().signal;
let data: string;
let host: PoolProcesses;
const started: ChildProcess[] = [];

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'isthmus-pools-'));
  host = openPoolHost({ folder: data, sql: { firstPort: 0, encryption: 'off', certificate: undefined }, log: silentLog });
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

function order(links: PoolOrder['links'] = [], name = 'ws.sales'): PoolOrder {
  return {
    id: `/pools/${name}`,
    name,
    folder: join(data, 'pools', ...name.split('.')),
    memoryMb: 160,
    serverName: 'ws',
    database: 'sales',
    links,
  };
}

const fileOf = ({ folder }: PoolOrder): string => join(folder, 'pool.duckdb');
const zone = (run: string, padding?: number): Promise<CountingZone> =>
  CountingZone.open(join(data, 'links', 'ws', run, 'landing'), run, padding);
const linkOf = (run: string, { landing }: CountingZone) => ({ run, landing });

/** The process that holds the pool. */
async function holder(pool: PoolOrder): Promise<number> {
  for (;;) {
    try {
      await using _pool = await DuckDbPool.open(fileOf(pool), { readOnly: true });
    } catch (error) {
      const pid = /Process (\d+) holds/.exec(toFault(error).message)?.[1];
      if (pid !== undefined) return Number(pid);
      throw error;
    }
  }
}

/** What a reader sees of a link: left, right, and the log. Undefined: the pool is not there at the moment. */
async function look(pool: PoolOrder, run: string): Promise<readonly (string | null)[] | undefined> {
  try {
    await using reader = await openServed(fileOf(pool));
    return reader && (await readAll(reader, countingSql(run), never)).rows[0];
  } catch (error) {
    if (['PoolGone', 'PoolMissing', 'QueryInvalid', 'PoolReopened'].includes(toFault(error).code)) return undefined;
    throw error;
  }
}

const whole = (n: number): string[] => Array.from({ length: 5 }, () => String(n));

async function reaches(pool: PoolOrder, run: string, n: number): Promise<void> {
  await expect.poll(() => look(pool, run), { timeout: 90_000, interval: 50 }).toEqual(whole(n));
}

test(
  'killed again and again while two links fill it, a pool loses and doubles nothing, and shows no transaction in parts',
  { timeout: 180_000 },
  async () => {
    const [one, two] = [await zone('one', 200), await zone('two')];
    const pool = order([linkOf('one', one), linkOf('two', two)]);
    await host.run(pool);
    const rounds = 4;
    const isOver = { yes: false };
    const watching = (async () => {
      let looks = 0;
      while (!isOver.yes) {
        for (const run of ['one', 'two']) {
          const seen = await look(pool, run);
          if (seen === undefined) continue;
          expect(seen).toEqual(whole(Number(seen[0])));
          looks++;
        }
      }
      return looks;
    })();
    for (let round = 0; round < rounds; round++) {
      const before = Number((await look(pool, 'one'))?.[0] ?? 0);
      await Promise.all([one.put(40), two.put(20)]);
      // In the midst of it: some of these are applied, and not all.
      await expect.poll(async () => Number((await look(pool, 'one'))?.[0] ?? 0), { timeout: 60_000, interval: 5 }).toBeGreaterThan(before);
      process.kill(await holder(pool), 'SIGKILL');
    }
    await Promise.all([reaches(pool, 'one', one.count), reaches(pool, 'two', two.count)]);
    isOver.yes = true;
    expect(await watching).toBeGreaterThan(rounds);
    const { online, links, trouble } = must(host.report(pool.id), 'a report');
    expect({ online, trouble, runs: [...links.keys()].toSorted() }).toEqual({ online: true, trouble: undefined, runs: ['one', 'two'] });
    await expect
      .poll(() => host.report(pool.id)?.links.get('one'), { timeout: 10_000 })
      .toMatchObject({
        applying: true,
        waitingSegments: 0,
        trouble: undefined,
        tables: expect.arrayContaining([
          expect.objectContaining({
            table: 'public.log',
            target: { schema: 'one', name: 'log' },
            rows: one.count,
            processedRows: one.count,
            lastCommitMs: expect.any(Number) as number,
          }),
        ]) as unknown,
      });
    const text = mergeMetrics(await host.metrics());
    expect(text).toMatch(/pool_segments\S*\{[^}]*pool="ws.sales",link="one"[^}]*\} \d+/);
    expect(text.match(/# HELP pool_segments/g)).toHaveLength(1);
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
  },
);

test('links come and go, and go wrong, without disturbing one another; what leaves keeps its tables', { timeout: 60_000 }, async () => {
  const [one, two, three] = [await zone('one'), await zone('two'), await zone('three')];
  const pool = order([linkOf('one', one)]);
  await host.run(pool);
  const pid = await holder(pool);
  await one.put(5);
  await reaches(pool, 'one', 5);
  const both = { ...pool, links: [linkOf('one', one), linkOf('two', two)] };
  await Promise.all([host.run(both), host.run(both)]);
  expect([...(host.report(pool.id)?.links.keys() ?? [])]).toEqual(['one', 'two']);
  await two.put(4);
  await reaches(pool, 'two', 4);
  // A segment of the one link is damaged: the other goes on, and its reason is told.
  await three.put(2);
  truncateSync(join(three.landing, 'seg-000000000002', '01.arrow'), 10);
  await host.run({ ...pool, links: [linkOf('three', three), ...both.links] });
  await expect.poll(() => host.report(pool.id)?.links.get('three')?.trouble?.code, { timeout: 10_000 }).toBe('SegmentCorrupt');
  expect(host.report(pool.id)?.links.get('three')?.applying).toBe(false);
  await one.put(3);
  await reaches(pool, 'one', 8);
  await host.run({ ...pool, links: [linkOf('two', two)] });
  expect([...(host.report(pool.id)?.links.keys() ?? [])]).toEqual(['two']);
  expect(await look(pool, 'one')).toEqual(whole(8));
  // Another run of the same tables finds them in its way, and its other tables do not mind.
  const next = await CountingZone.open(join(data, 'links', 'ws', 'next', 'landing'), 'one');
  await next.put(1);
  await host.run({ ...pool, links: [linkOf('two', two), linkOf('next', next)] });
  await expect
    .poll(
      () =>
        host
          .report(pool.id)
          ?.links.get('next')
          ?.tables.map((table) => [table.state, table.fault?.code]),
      { timeout: 10_000 },
    )
    .toEqual([
      ['Failed', 'TableNotEmpty'],
      ['Failed', 'TableNotEmpty'],
      ['Failed', 'TableNotEmpty'],
    ]);
  expect(await holder(pool)).toBe(pid);
  for (const each of [one, two, three, next]) await each[Symbol.asyncDispose]();
});

test(
  'a pool that is stopped keeps its data; one that is removed leaves nothing; no folder elsewhere is touched',
  { timeout: 60_000 },
  async () => {
    const one = await zone('one');
    const pool = order([linkOf('one', one)]);
    await host.run(pool);
    await one.put(3);
    await reaches(pool, 'one', 3);
    await host.stop(pool.id);
    await host.stop(pool.id);
    expect(host.report(pool.id)).toBeUndefined();
    {
      await using reader = await openReader(fileOf(pool));
      expect((await readAll(reader, countingSql('one'), never)).rows).toEqual([whole(3)]);
    }
    await one.put(2);
    await host.run(pool);
    await reaches(pool, 'one', 5);
    const outside = join(data, 'control');
    mkdirSync(outside, { recursive: true });
    writeFileSync(join(outside, 'resources.db'), 'precious');
    symlinkSync(outside, join(data, 'pools', 'ws', 'trap'));
    for (const folder of [outside, join(data, 'pools'), join(data, 'pools', '..', 'control'), join(data, 'pools', 'ws', 'trap'), '/']) {
      await expect(host.remove(pool.id, folder)).rejects.toMatchObject({ kind: 'denied', code: 'FolderOutside' });
      await expect(host.run({ ...order([], 'ws.other'), folder })).rejects.toMatchObject({ code: 'FolderOutside' });
    }
    expect(existsSync(join(outside, 'resources.db'))).toBe(true);
    await host.remove(pool.id, pool.folder);
    await host.remove(pool.id, pool.folder);
    expect(existsSync(pool.folder)).toBe(false);
    expect(host.report(pool.id)).toBeUndefined();
    await one[Symbol.asyncDispose]();
  },
);

test(
  'why a pool cannot be opened is told to whoever ordered it, and once that is mended it opens by itself',
  { timeout: 60_000 },
  async () => {
    const pool = order();
    mkdirSync(pool.folder, { recursive: true });
    writeFileSync(fileOf(pool), 'no pool at all');
    await expect(host.run(pool)).rejects.toMatchObject({ kind: 'corrupt', code: 'PoolCorrupt' });
    expect(host.report(pool.id)).toMatchObject({ online: false, trouble: { code: 'PoolCorrupt' } });
    rmSync(fileOf(pool));
    await expect.poll(() => host.report(pool.id), { timeout: 30_000 }).toMatchObject({ online: true, trouble: undefined });
    await host.run(pool);
  },
);

/** Starts a program that runs the pool; what it prints comes line by line. `limit`: files of at most so many kB. */
function parent(pool: PoolOrder, limit?: number): { readonly child: ChildProcess; readonly lines: string[] } {
  const limited = limit === undefined ? '' : `trap '' XFSZ; ulimit -S -f ${limit};`;
  const child = spawn(
    'bash',
    [
      '-c',
      `${limited} exec "$@"`,
      'bash',
      process.execPath,
      fileURLToPath(new URL('host-parent.ts', import.meta.url)),
      data,
      JSON.stringify(pool),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  started.push(child);
  const lines: string[] = [];
  must(child.stdout, 'output').on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
  return { child, lines };
}

test('a pool whose parent is gone ends by itself, and its successor waits for the file', { timeout: 60_000 }, async () => {
  const one = await zone('one');
  const pool = order([linkOf('one', one)]);
  const first = parent(pool);
  await expect.poll(() => first.lines, { timeout: 30_000 }).toContain('online');
  await one.put(4);
  const orphan = await holder(pool);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await host.run(pool);
  await reaches(pool, 'one', 4);
  expect(await holder(pool)).not.toBe(orphan);
  await one[Symbol.asyncDispose]();
});

test('a pool with no room left waits with the reason, and goes on by itself when there is room', { timeout: 90_000 }, async () => {
  const one = await zone('one', 100_000);
  const pool = order([linkOf('one', one)]);
  const limited = parent(pool, 8 * 1024);
  await expect.poll(() => limited.lines, { timeout: 30_000 }).toContain('online');
  await one.put(150);
  await expect.poll(() => limited.lines, { timeout: 30_000 }).toContain('PoolFull');
  await once(spawn('prlimit', ['--pid', String(await holder(pool)), '--fsize=unlimited'], { stdio: 'inherit' }), 'close');
  await reaches(pool, 'one', 150);
  await expect.poll(() => limited.lines.at(-1), { timeout: 10_000 }).toBe('well');
  await one[Symbol.asyncDispose]();
});
