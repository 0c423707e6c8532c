import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { writerContract, type PoolUnderTest } from '#replication/writer.contract.ts';
import { writerRunsContract, type SharedPoolUnderTest } from '#replication/writer-runs.contract.ts';
import { DuckDbPool, type DuckDbPoolOptions } from './pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newFile = (): string => join(folder, `${++files}.duckdb`);

interface OpenPool {
  readonly pool: DuckDbPool;
  readonly query: (sql: string) => Promise<(string | null)[][]>;
  /** As a crash: nothing is rolled back or written first. */
  readonly crash: () => Promise<void>;
}

async function openPool(path: string, options: DuckDbPoolOptions): Promise<OpenPool> {
  const pool = await DuckDbPool.open(path, options);
  const engine = await pool.engine();
  const reader = await engine.connect();
  return {
    pool,
    query: async (sql) => {
      const result = await reader.run(sql.startsWith('SELECT') ? `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql})` : sql);
      return (await result.getRows()).map((row) => row.map((value) => (value === null ? null : String(value))));
    },
    crash: async () => {
      await engine.close();
      await pool[Symbol.asyncDispose]();
    },
  };
}

/** `fallback`: strings are handed over one by one. */
async function openAlone(path: string, fallback: boolean): Promise<PoolUnderTest> {
  const { pool, query, crash } = await openPool(path, {});
  if (fallback) (await pool.engine()).batches.sharedStrings = false;
  return {
    writer: pool.writer(),
    query,
    reopen: async () => {
      await crash();
      return openAlone(path, fallback);
    },
    close: () => pool[Symbol.asyncDispose](),
  };
}

async function openShared(path: string, nowMs: number): Promise<SharedPoolUnderTest> {
  const { pool, query, crash } = await openPool(path, { rejectsTables: true, now: () => nowMs });
  return {
    writer: (run) => pool.writer(run),
    table: async (run, table) => (await pool.writer(run).ledger()).tables.get(table),
    runs: () => pool.runs(),
    forget: (run) => pool.forget(run),
    query,
    reopen: async () => {
      await crash();
      return openShared(path, nowMs);
    },
    close: () => pool[Symbol.asyncDispose](),
  };
}

writerContract('DuckDB', () => openAlone(newFile(), false));
writerContract('DuckDB, strings one by one', () => openAlone(newFile(), true), 2);
writerRunsContract('DuckDB', (nowMs) => openShared(newFile(), nowMs));
