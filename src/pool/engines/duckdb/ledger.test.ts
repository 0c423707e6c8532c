import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { at, int64, progressOf, rows, schemaOf, segment, text } from '#replication/sample-steps.contract.ts';
import { Engine } from './engine.ts';
import { DuckDbPool } from './pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-ledger-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const table = schemaOf('t', [
  ['id', int64],
  ['v', text],
]);
const progress = progressOf(table, { state: 'Replicating', copied: true, rowsCopied: 2 });

/** A pool as format 1 left it, with one table of two rows. */
async function poolOfFormat1(name: string): Promise<string> {
  const file = join(folder, `${name}.duckdb`);
  const engine = await Engine.open(file, { memoryLimitMb: 160, threads: 1, readOnly: false });
  await engine.run(`
    CREATE SCHEMA isthmus;
    CREATE TABLE isthmus.meta (format INTEGER, link_id VARCHAR, source VARCHAR, created TIMESTAMP WITH TIME ZONE);
    CREATE TABLE isthmus.link (number BIGINT, position VARCHAR, committed_at TIMESTAMP WITH TIME ZONE, applied_at TIMESTAMP WITH TIME ZONE);
    CREATE TABLE isthmus.tables (table_name VARCHAR, target_schema VARCHAR, target_name VARCHAR, pages_only BOOLEAN, shape VARCHAR, progress VARCHAR);
    CREATE TABLE isthmus.upkeep (done_at TIMESTAMP WITH TIME ZONE, what VARCHAR);
    INSERT INTO isthmus.meta VALUES (1, 'the-id', 'pg/1', now());
    INSERT INTO isthmus.link VALUES (12, '${at(99)}', now(), now());
    INSERT INTO isthmus.tables VALUES ('public.t', 'public', 't', false, '${JSON.stringify(table)}', '${JSON.stringify(progress.kind === 'progress' && progress.progress)}');
    CREATE SCHEMA public;
    CREATE TABLE public.t (id BIGINT, v VARCHAR);
    INSERT INTO public.t VALUES (1, 'one'), (2, 'two')`);
  await engine.close();
  return file;
}

/** Opens a pool in a process that dies at a crash point. */
async function dieIn(file: string, failpoint: string, program: string): Promise<void> {
  const code = `
    import { DuckDbPool } from ${JSON.stringify(new URL('./pool.ts', import.meta.url).href)};
    const pool = await DuckDbPool.open(${JSON.stringify(file)});
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    stdio: 'inherit',
    env: { ...process.env, ISTHMUS_FAILPOINTS: `${failpoint}=exit` },
  });
  expect((await once(child, 'close'))[1]).toBe('SIGKILL');
}

test('a pool of format 1 is brought to this one and goes on where it was', async () => {
  const file = await poolOfFormat1('upgraded');
  await dieIn(file, 'pool.upgrade.before', '');
  for (const opening of [1, 2]) {
    await using pool = await DuckDbPool.open(file);
    expect(await pool.identity()).toEqual({ linkId: 'the-id' });
    await pool.bind('pg/1');
    const writer = pool.writer();
    expect(await writer.progress()).toEqual({
      number: 11 + opening,
      epoch: opening === 1 ? undefined : 'sample',
      position: at(99),
      tables: new Map([[table.table, progress.kind === 'progress' && progress.progress]]),
      schemas: new Map([[table.table, table]]),
    });
    await writer.apply(segment(12 + opening, [rows(table, { removes: [[1]], inserts: [[1, 'uno']] })]));
    const read = await (await pool.engine()).rows('SELECT * FROM public.t ORDER BY id');
    expect(read.map((row) => row.map(String))).toEqual([
      ['1', 'uno'],
      ['2', 'two'],
    ]);
  }
});

test('a pool of format 2 is brought to this one, and only a segment that goes on from its position is taken', async () => {
  const file = join(folder, 'second.duckdb');
  {
    await using pool = await DuckDbPool.open(file);
    await pool.writer('1').apply(segment(1, [{ kind: 'schema', schema: table, fills: [] }], { position: at(7) }));
    const engine = await pool.engine();
    await engine.run('ALTER TABLE isthmus.link DROP COLUMN epoch; UPDATE isthmus.meta SET format = 2');
  }
  await dieIn(file, 'pool.upgrade.before', '');
  await using pool = await DuckDbPool.open(file);
  const writer = pool.writer('1');
  const next = (place: number) => segment(2, [], { epoch: 'new', continues: { number: 1, epoch: 'old', position: at(place) } });
  await expect(writer.apply(next(8))).rejects.toMatchObject({ kind: 'corrupt', code: 'SegmentForeign' });
  await writer.apply(next(7));
  expect(await writer.progress()).toMatchObject({ number: 2, epoch: 'new', position: at(7) });
  expect(await (await pool.engine()).rows('SELECT format FROM isthmus.meta')).toEqual([[3]]);
});

test('a pool of format 1 that is only read stays as it is', async () => {
  const file = await poolOfFormat1('read');
  for (let time = 0; time < 2; time++) {
    await using pool = await DuckDbPool.open(file, { readOnly: true });
    expect(await (await pool.engine()).rows('SELECT format FROM isthmus.meta')).toEqual([[1]]);
  }
});

test('a pool killed while it forgets a run knows it whole, or not at all', async () => {
  const file = join(folder, 'forget.duckdb');
  {
    await using pool = await DuckDbPool.open(file);
    for (const run of ['1', '2'])
      await pool.writer(run).apply(segment(1, [{ kind: 'schema', schema: { ...table, table: run, name: `t${run}` }, fills: [] }]));
  }
  await dieIn(file, 'pool.forget.before', `await pool.forget('1');`);
  await using pool = await DuckDbPool.open(file);
  expect([...(await pool.writer('1').ledger()).tables.keys()]).toEqual(['1']);
  await pool.forget('1');
  expect(await pool.runs()).toEqual(['2']);
  expect((await pool.writer('1').ledger()).tables.size).toBe(0);
});

test('progress that is lost while tables are known is damage', async () => {
  const file = join(folder, 'damaged.duckdb');
  {
    await using pool = await DuckDbPool.open(file);
    await pool.writer('1').apply(segment(1, [{ kind: 'schema', schema: table, fills: [] }]));
    await (await pool.engine()).run('DELETE FROM isthmus.link');
  }
  await using pool = await DuckDbPool.open(file);
  await expect(pool.writer('1').ledger()).rejects.toMatchObject({ kind: 'corrupt', code: 'PoolCorrupt' });
});
