import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { writerContract, type PoolUnderTest } from '#replication/writer.contract.ts';
import { DuckDbPool, type DuckDbPoolOptions } from './pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** `fallback`: strings are handed over one by one. */
async function openPool(path: string, options: DuckDbPoolOptions, fallback: boolean): Promise<PoolUnderTest> {
  const pool = await DuckDbPool.open(path, options);
  const engine = await pool.engine();
  if (fallback) engine.batches.sharedStrings = false;
  const reader = await engine.connect();
  return {
    writer: pool.writer(),
    query: async (sql) => {
      const result = await reader.run(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql})`);
      return (await result.getRows()).map((row) => row.map((value) => (value === null ? null : String(value))));
    },
    reopen: async () => {
      // As a crash: nothing is rolled back or written first.
      await engine.close();
      await pool[Symbol.asyncDispose]();
      return openPool(path, options, fallback);
    },
    close: () => pool[Symbol.asyncDispose](),
  };
}

writerContract('DuckDB', () => openPool(join(folder, `${++files}.duckdb`), {}, false));
writerContract('DuckDB, strings one by one', () => openPool(join(folder, `${++files}.duckdb`), {}, true), 2);
