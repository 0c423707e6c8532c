import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf } from '../case-answer.ts';
import { openTestPool, rowsOf, type TestPool } from '../pool-session.ts';
import { generateTpch } from './generator.ts';
import { duckDb, tpchQueries, tsql } from './queries.ts';

const linesAtOnce = 500;

let pool: TestPool;
let engine: DuckDBConnection;

/** The same rows go to the pool by T-SQL's INSERT, and to a DuckDB of its own by DuckDB's. */
beforeAll(async () => {
  pool = await openTestPool();
  engine = await (await DuckDBInstance.create(':memory:')).connect();
  await using session = await pool.session();
  for (const { name, columns, rows } of generateTpch(22)) {
    await rowsOf(session, `CREATE TABLE ${name} (${columns})`);
    await engine.run(`CREATE TABLE ${name} (${columns})`);
    for (let at = 0; at < rows.length; at += linesAtOnce) {
      const insert = `INSERT INTO ${name} VALUES ${rows
        .slice(at, at + linesAtOnce)
        .map((row) => `(${row})`)
        .join(', ')}`;
      await rowsOf(session, insert);
      await engine.run(insert);
    }
  }
}, 60_000);
afterAll(async () => {
  engine.disconnectSync();
  await pool[Symbol.asyncDispose]();
});

/** Trailing blanks do not count. T-SQL's averages and quotients are decimals, cut at the millionth; DuckDB's are floating point. */
function isSame(value: string | null | undefined, direct: string | null | undefined): boolean {
  if (value === null || direct === null || value === undefined || direct === undefined) return value === direct;
  const [left, right] = [Number(value), Number(direct)];
  if (value === '' || Number.isNaN(left) || Number.isNaN(right)) return value.trimEnd() === direct.trimEnd();
  return Math.abs(left - right) <= 1.1e-6 + Math.abs(right) * 1e-9;
}

describe('TPC-H in T-SQL gives what DuckDB gives in its own dialect', () => {
  it.each(tpchQueries.map((query, index) => [index + 1, query] as const))('query %i', async (_, query) => {
    await using session = await pool.session();
    const answer = await answerOf(session, query(tsql));
    expect(answer.errors).toEqual([]);
    const direct = (await engine.runAndReadAll(query(duckDb)))
      .getRows()
      .map((row) => row.map((value) => (value === null ? null : String(value))));
    expect(direct.length).toBeGreaterThan(0);
    expect(answer.rows.length).toBe(direct.length);
    const differing = answer.rows.filter((row, index) => !row.every((value, column) => isSame(value, direct[index]?.[column])));
    expect(differing).toEqual([]);
  });
});
