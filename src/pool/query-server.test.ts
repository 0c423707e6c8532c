import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DuckDbPool } from './engines/duckdb/pool.ts';
import { openReader, readAll, serveQueries } from './query-server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-query-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

async function fill(pool: DuckDbPool): Promise<void> {
  const engine = await pool.engine();
  await engine.run(
    `CREATE SCHEMA public; CREATE TABLE public.t AS SELECT * FROM (VALUES (9223372036854775807, 1.10::DECIMAL(20,2), TIMESTAMPTZ '2024-01-02 03:04:05.678901+00', '\\xAB'::BLOB, 'zwei'), (NULL, NULL, NULL, NULL, NULL)) AS v (a, b, c, d, e)`,
  );
}

for (const where of ['served', 'closed'] as const) {
  test(`a ${where} pool answers with exact texts`, async () => {
    const file = join(folder, where === 'served' ? 'p.duckdb' : 'q.duckdb');
    await using stack = new AsyncDisposableStack();
    const pool = await DuckDbPool.open(file);
    await fill(pool);
    if (where === 'closed') await pool[Symbol.asyncDispose]();
    else {
      stack.use(pool);
      stack.use(await serveQueries(pool));
    }
    await using reader = await openReader(file);
    const { columns, rows } = await readAll(reader, 'SELECT * FROM public.t', never);
    expect(columns).toEqual([
      { name: 'a', type: 'BIGINT' },
      { name: 'b', type: 'DECIMAL(20,2)' },
      { name: 'c', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'd', type: 'BLOB' },
      { name: 'e', type: 'VARCHAR' },
    ]);
    expect(rows).toEqual([
      ['9223372036854775807', '1.10', '2024-01-02 03:04:05.678901+00', '\\xab', 'zwei'],
      [null, null, null, null, null],
    ]);
    await expect(readAll(reader, 'DELETE FROM public.t', never)).rejects.toMatchObject({ kind: 'denied', code: 'ReadOnly' });
    await expect(readAll(reader, 'EXPLAIN ANALYZE DELETE FROM public.t', never)).rejects.toMatchObject({
      code: expect.any(String) as string,
    });
    await expect(readAll(reader, 'SELECT 1; SELECT 2', never)).rejects.toMatchObject({ kind: 'invalid' });
    await expect(readAll(reader, 'SELECT nothing FROM public.t', never)).rejects.toMatchObject({ kind: 'invalid', code: 'QueryInvalid' });
    await expect(readAll(reader, "SELECT * FROM read_csv('/etc/passwd')", never)).rejects.toMatchObject({ kind: 'invalid' });
    expect((await readAll(reader, 'SELECT count(*) FROM public.t', never)).rows).toEqual([['2']]);
    expect((await readAll(reader, 'DESCRIBE public.t', never)).rows).toHaveLength(5);
  });
}

test('the socket is for its owner only, and one that a kill left is replaced', async () => {
  const file = join(folder, 'p.duckdb');
  writeFileSync(`${file}.sock`, 'left by a kill');
  await using pool = await DuckDbPool.open(file);
  await using _served = await serveQueries(pool);
  expect(statSync(`${file}.sock`).mode & 0o777).toBe(0o600);
  await using reader = await openReader(file);
  expect((await readAll(reader, 'SELECT 42', never)).rows).toEqual([['42']]);
});

test('the socket of a pool whose path is too long for one is found all the same', async () => {
  const file = join(folder, 'a'.repeat(90), 'p.duckdb');
  mkdirSync(dirname(file));
  await using pool = await DuckDbPool.open(file);
  await using _served = await serveQueries(pool);
  await using reader = await openReader(file);
  expect((await readAll(reader, 'SELECT 42', never)).rows).toEqual([['42']]);
});

test('who must not hold much is given no long row, and of many long ones a part at a time', async () => {
  const file = join(folder, 'p.duckdb');
  await using pool = await DuckDbPool.open(file);
  await using _served = await serveQueries(pool);
  await using reader = await openReader(file);
  const limits = { maxPartBytes: 3 * 1_048_576 };
  const asked = (sql: string) => reader.run(sql, never, limits);
  const parts: number[] = [];
  for await (const part of asked(`SELECT i, repeat('é', 300000) FROM range(20) AS t (i)`))
    if (part.kind === 'rows') parts.push(...part.rows.map(([, text]) => text!.length));
  expect(parts).toEqual(Array.from({ length: 20 }, () => 300_000));
  const long = async () => {
    for await (const part of asked(`SELECT repeat('x', 50000000)`)) parts.push(part.kind.length);
  };
  await expect(long()).rejects.toMatchObject({ kind: 'invalid', code: 'QueryRowTooLarge', remedy: expect.any(String) as string });
  expect((await readAll(reader, `SELECT repeat('x', 50000000)`, never)).rows[0]![0]!.length).toBe(50_000_000);
});

test('ending a query early frees the engine', async () => {
  const file = join(folder, 'p.duckdb');
  await using pool = await DuckDbPool.open(file);
  await using _served = await serveQueries(pool);
  await using reader = await openReader(file);
  for await (const part of reader.run('SELECT * FROM range(1000000000000)', never)) if (part.kind === 'rows') break;
  const stop = new AbortController();
  const endless = readAll(reader, 'SELECT sum(a.range * b.range) FROM range(1000000000) a, range(1000000) b', stop.signal);
  setImmediate(() => stop.abort());
  await expect(endless).rejects.toMatchObject({ kind: 'cancelled' });
  expect((await readAll(reader, 'SELECT 1', never)).rows).toEqual([['1']]);
});
