import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { must } from '#base/fault.ts';
import { codeOf, int64, progressOf, rows, schemaOf, segment, shape, text, type Value } from '#replication/sample-steps.contract.ts';
import { DuckDbPool } from './pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newFile = (): string => join(folder, `${++files}.duckdb`);
const table = schemaOf('t', [
  ['id', int64],
  ['v', text],
]);
const open = (file: string): Promise<string> => codeOf(DuckDbPool.open(file).then((pool) => pool[Symbol.asyncDispose]()));

/** Runs a program with a pool in a process of its own: `pool`, `writer`, `segment` … are there; what it prints comes back. */
function other(file: string, program: string, options: { readonly failpoints?: string; readonly fileBlocks?: number } = {}): ChildProcess {
  const sources = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const code = `
    import { DuckDbPool } from ${sources('./pool.ts')};
    import { int64, rows, schemaOf, segment, shape, text } from ${sources('../../../replication/sample-steps.contract.ts')};
    const table = schemaOf('t', [['id', int64], ['v', text]]);
    const pool = await DuckDbPool.open(${JSON.stringify(file)});
    const writer = pool.writer();
    ${program}`;
  const limited = options.fileBlocks === undefined ? '' : `trap '' XFSZ; ulimit -S -f ${options.fileBlocks};`;
  return spawn('bash', ['-c', `${limited} exec "$0" --input-type=module-typescript -e "$1"`, process.execPath, code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ISTHMUS_FAILPOINTS: options.failpoints ?? '' },
  });
}

async function printed(child: ChildProcess): Promise<string> {
  let out = '';
  must(child.stdout, 'output').on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(child, 'close');
  return out.trim();
}

describe('opening', () => {
  test('one pool per file and process, whatever the path is called', async () => {
    const file = newFile();
    const both = await Promise.allSettled([DuckDbPool.open(file), DuckDbPool.open(file)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const link = newFile();
    symlinkSync(file, link);
    expect(await open(link)).toBe('PoolInUse');
    for (const one of both) if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
    expect(await open(link)).toBe('no fault');
  });

  test('a file that another process holds names its holder', async () => {
    const file = newFile();
    const holder = other(file, `console.log('open'); setInterval(() => {}, 1000);`);
    await once(must(holder.stdout, 'output'), 'data');
    await expect(DuckDbPool.open(file)).rejects.toMatchObject({
      kind: 'conflict',
      code: 'PoolInUse',
      message: expect.stringContaining(String(holder.pid)) as string,
    });
    holder.kill('SIGKILL');
    await once(holder, 'close');
    expect(await open(file)).toBe('no fault');
  });

  test('what is not a pool, or was damaged, is refused with a remedy', async () => {
    const good = newFile();
    await using stack = new AsyncDisposableStack();
    const pool = await DuckDbPool.open(good);
    await pool
      .writer()
      .apply(segment(1, [shape(table), rows(table, { inserts: Array.from({ length: 5000 }, (_, i): Value[] => [i, `value ${i}`]) })]));
    await pool[Symbol.asyncDispose]();
    for (const size of [0, 10, 5000, 12_288, 270_000]) {
      const cut = newFile();
      copyFileSync(good, cut);
      truncateSync(cut, size);
      await expect(DuckDbPool.open(cut)).rejects.toMatchObject({
        kind: 'corrupt',
        code: 'PoolCorrupt',
        remedy: expect.any(String) as string,
      });
    }
    const foreign = newFile();
    writeFileSync(foreign, 'id,name\n1,one\n'.repeat(2000));
    expect(await open(foreign)).toBe('PoolCorrupt');
    expect(await open(folder)).toBe('PoolIsFolder');
    expect(await open(join(folder, 'none', 'x.duckdb'))).toBe('PoolMissing');
    stack.use(await DuckDbPool.open(good));
  });

  test('a pool of a newer version is refused', async () => {
    const file = newFile();
    const pool = await DuckDbPool.open(file);
    await (await pool.engine()).run('UPDATE isthmus.meta SET format = 99');
    await pool[Symbol.asyncDispose]();
    expect(await open(file)).toBe('PoolNewer');
  });

  test('its identity is its own and lasts; it belongs to one source', async () => {
    const [a, b] = [newFile(), newFile()];
    const first = await DuckDbPool.open(a);
    const { linkId } = await first.identity();
    await first.bind('pg/1');
    await first.bind('pg/1');
    expect(await codeOf(first.bind('pg/2'))).toBe('PoolOfAnotherLink');
    await first[Symbol.asyncDispose]();
    await using again = await DuckDbPool.open(a);
    await using another = await DuckDbPool.open(b);
    expect((await again.identity()).linkId).toBe(linkId);
    expect((await another.identity()).linkId).not.toBe(linkId);
    expect(await codeOf(again.bind('pg/2'))).toBe('PoolOfAnotherLink');
  });
});

describe('tables that are there already', () => {
  const there = async (
    onExisting: 'drop' | 'fail-if-not-empty' | 'merge' | undefined,
    sql: string,
  ): Promise<{ pool: DuckDbPool; code: string }> => {
    const pool = await DuckDbPool.open(newFile(), { onExisting });
    await (await pool.engine()).run(`CREATE SCHEMA public; CREATE TABLE public.mine AS SELECT 1 AS a; ${sql}`);
    const code = await codeOf(
      pool.writer().apply(
        segment(1, [
          shape(table),
          rows(table, {
            inserts: [
              [1, 'new'],
              [2, 'two'],
            ],
            replaces: true,
          }),
        ]),
      ),
    );
    return { pool, code };
  };
  const content = async (pool: DuckDbPool): Promise<unknown> => {
    const engine = await pool.engine();
    expect(await engine.rows('SELECT a FROM public.mine')).toEqual([[1]]);
    return (await engine.rows('SELECT * FROM public.t ORDER BY 1')).map((row) => row.map(String));
  };
  const full = `CREATE TABLE public.T (ID BIGINT, v VARCHAR); INSERT INTO public.t VALUES (1, 'old'), (9, 'nine')`;

  test.each([
    [
      'fail-if-not-empty',
      full,
      'TableNotEmpty',
      [
        ['1', 'old'],
        ['9', 'nine'],
      ],
    ],
    [
      undefined,
      full,
      'TableNotEmpty',
      [
        ['1', 'old'],
        ['9', 'nine'],
      ],
    ],
    [
      'fail-if-not-empty',
      'CREATE TABLE public.t (other INTEGER)',
      'no fault',
      [
        ['1', 'new'],
        ['2', 'two'],
      ],
    ],
    ['fail-if-not-empty', `CREATE VIEW public.t AS SELECT 5 AS id`, 'TableNotEmpty', [['5']]],
    ['merge', `CREATE VIEW public.t AS SELECT 5 AS id WHERE false`, 'TableNotEmpty', []],
    [
      'drop',
      full,
      'no fault',
      [
        ['1', 'new'],
        ['2', 'two'],
      ],
    ],
    [
      'merge',
      full,
      'no fault',
      [
        ['1', 'new'],
        ['2', 'two'],
        ['9', 'nine'],
      ],
    ],
    ['merge', 'CREATE TABLE public.t (id BIGINT, v INTEGER)', 'TableDiffers', []],
  ] as const)('%s of %s', async (onExisting, sql, code, rowsAfter) => {
    const { pool, code: found } = await there(onExisting, sql);
    await using _closing = pool;
    expect(found).toBe(code);
    expect(await content(pool)).toEqual(rowsAfter);
  });
});

describe('crashes', () => {
  for (const [failpoints, number] of [
    ['pool.commit.before=exit:2', 1],
    ['pool.commit.after=exit:2', 2],
  ] as const) {
    test(`kill -9 at ${failpoints}`, async () => {
      const file = newFile();
      await once(
        other(
          file,
          `for (let n = 1; n < 9; n++) await writer.apply(segment(n, [...(n === 1 ? [shape(table)] : []), rows(table, { inserts: [[n, 'v']] })]));`,
          { failpoints },
        ),
        'close',
      );
      await using pool = await DuckDbPool.open(file);
      expect((await pool.writer().progress()).number).toBe(number);
      expect(await (await pool.engine()).rows('SELECT count(*)::INTEGER FROM public.t')).toEqual([[number]]);
      await pool.writer().apply(segment(number + 1, [rows(table, { inserts: [[number + 1, 'v']] })]));
    });
  }

  test('no room left: the transaction is given up, what was committed stays, and the pool goes on when there is room', async () => {
    const file = newFile();
    // A megabyte per transaction, and files of at most 6 MB.
    const fill = `
      const big = (n) => rows(table, { inserts: Array.from({ length: 500 }, (_, i) => [n * 1000 + i, Array.from({ length: 300 }, (_, j) => (n * 7919 + i * 31 + j * 17).toString(36)).join('')]) });
      await writer.apply(segment(1, [shape(table)]));
      let done = 1;
      try { for (let n = 2; n < 50; n++) { await writer.apply(segment(n, [big(n)])); done = n; } } catch (error) { console.log(error.kind, error.code, error.remedy !== undefined, done); }
      process.kill(process.pid, 'SIGKILL');`;
    const [kind, code, remedy, done] = (await printed(other(file, fill, { fileBlocks: 6 * 1024 }))).split(' ');
    expect([kind, code, remedy]).toEqual(['unreachable', 'PoolFull', 'true']);
    await using pool = await DuckDbPool.open(file);
    expect((await pool.writer().progress()).number).toBe(Number(done));
    expect(await (await pool.engine()).rows('SELECT count(DISTINCT id)::INTEGER, count(*)::INTEGER FROM public.t')).toEqual([
      [(Number(done) - 1) * 500, (Number(done) - 1) * 500],
    ]);
    await pool.writer().apply(segment(Number(done) + 1, [rows(table, { inserts: [[1, 'v']] })]));
  });
});

describe('beside the writer', () => {
  test('a reader sees whole transactions only, over tables, and its own state as long as it likes', async () => {
    await using pool = await DuckDbPool.open(newFile());
    const other = schemaOf('u', [
      ['id', int64],
      ['v', text],
    ]);
    const writer = pool.writer();
    await writer.apply(
      segment(1, [shape(table), shape(other), rows(table, { inserts: [[1, '10']] }), rows(other, { inserts: [[1, '0']] })]),
    );
    const engine = await pool.engine();
    const [long, short] = [await engine.connect(), await engine.connect()];
    const read = async (reader: typeof long): Promise<unknown> =>
      (await (await reader.run('SELECT (SELECT v FROM public.t), (SELECT v FROM public.u)')).getRows())[0];
    await long.run('BEGIN TRANSACTION READ ONLY');
    expect(await read(long)).toEqual(['10', '0']);
    await writer.apply(segment(2, [rows(table, { removes: [[1]], inserts: [[1, '7']] })], { last: false }));
    expect(await read(short)).toEqual(['10', '0']);
    await writer.apply(segment(3, [rows(other, { removes: [[1]], inserts: [[1, '3']] })], { first: false }));
    expect(await read(short)).toEqual(['7', '3']);
    expect(await read(long)).toEqual(['10', '0']);
  });

  test('only our own connection reads batches, and settings and files are out of reach', async () => {
    await using pool = await DuckDbPool.open(newFile());
    const engine = await pool.engine();
    const reader = await engine.connect();
    const lent = engine.batches.lend({ rows: 0, columns: [] });
    await expect(reader.run(`SELECT * FROM ${lent.sql}`)).rejects.toThrow('there is no batch');
    await expect(reader.run(`COPY (SELECT 1) TO '${newFile()}'`)).rejects.toThrow('disabled by configuration');
    await expect(reader.run('SET enable_external_access = true')).rejects.toThrow('Cannot enable external access');
  });
});

describe('upkeep', () => {
  const big = (first: number, count: number, tag: string): Value[][] =>
    Array.from({ length: count }, (_, i) => [first + i, `${tag} ${(first + i) * 7919} ${'x'.repeat((first + i) % 50)}`]);
  const keys = (first: number, count: number): Value[][] => Array.from({ length: count }, (_, i) => [first + i]);

  test('while a reader holds an old state the WAL is still brought into the file', async () => {
    await using pool = await DuckDbPool.open(newFile());
    const writer = pool.writer();
    await writer.apply(segment(1, [shape(table), rows(table, { inserts: big(0, 10, 'a') })]));
    const engine = await pool.engine();
    const reader = await engine.connect();
    await reader.run('BEGIN; SELECT count(*) FROM public.t');
    for (let n = 2; n < 10; n++)
      await writer.apply(
        segment(n, [rows(table, { removes: keys(0, 10), inserts: [[n * 100_000, 'y'.repeat(4_000_000) + n], ...big(0, 10, 'b')] })]),
      );
    await pool.upkeep.settle();
    expect(pool.upkeep.lastFault).toBeUndefined();
    expect(engine.walBytes()).toBeLessThan(1_000_000);
  });

  test('a file whose rows were all changed many times is hardly larger than a fresh one', { timeout: 60_000 }, async () => {
    const count = 150_000;
    const size = async (rounds: number): Promise<number> => {
      const pool = await DuckDbPool.open(newFile());
      const writer = pool.writer();
      await writer.apply(
        segment(1, [shape(table), progressOf(table, { state: 'Replicating' }), rows(table, { inserts: big(0, count, 'r0') })]),
      );
      let number = 1;
      for (let round = 1; round <= rounds; round++) {
        for (let first = 0; first < count; first += 50_000)
          await writer.apply(segment(++number, [rows(table, { removes: keys(first, 50_000), inserts: big(first, 50_000, `r${round}`) })]));
      }
      await pool.upkeep.settle();
      expect(pool.upkeep.lastFault).toBeUndefined();
      const engine = await pool.engine();
      expect(
        await engine.rows(
          `SELECT count(*)::INTEGER, count(DISTINCT id)::INTEGER, count(*) FILTER (v LIKE 'r${rounds} %')::INTEGER FROM public.t`,
        ),
      ).toEqual([[count, count, count]]);
      await pool[Symbol.asyncDispose]();
      expect(existsSync(`${pool.path}.wal`)).toBe(false);
      return statSync(pool.path).size;
    };
    const fresh = await size(0);
    expect(await size(4)).toBeLessThan(fresh * 2);
  });

  test('a transaction that comes in the middle of upkeep waits for a step, not for all of it', async () => {
    await using pool = await DuckDbPool.open(newFile());
    const writer = pool.writer();
    await writer.apply(segment(1, [shape(table), rows(table, { inserts: big(0, 100_000, 'a') })]));
    await writer.apply(segment(2, [rows(table, { removes: keys(0, 100_000), inserts: big(0, 100_000, 'b') })]));
    const settling = pool.upkeep.settle();
    await writer.apply(segment(3, [rows(table, { removes: keys(5, 1), inserts: [[5, 'c']] })]));
    await settling;
    expect(await (await pool.engine()).rows("SELECT count(*)::INTEGER, count(*) FILTER (v = 'c')::INTEGER FROM public.t")).toEqual([
      [100_000, 1],
    ]);
  });
});
