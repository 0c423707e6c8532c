import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import duckdb from '@duckdb/node-bindings';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cellsOf, isNull, stringAt } from './cells.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-strings-'));
let connection: DuckDBConnection;

/** Lengths around those that matter: kept in the entry up to 12, copied together up to 4096. */
const mixed = `CASE (hash(i) >> 3) % 7
  WHEN 0 THEN NULL
  WHEN 1 THEN ''
  WHEN 2 THEN repeat('ä', (hash(i) % 9)::INT)
  WHEN 3 THEN 'x' || repeat(i::VARCHAR, (hash(i) % 40)::INT)
  WHEN 4 THEN repeat('yz€', (hash(i) % 1500)::INT)
  WHEN 5 THEN 'one of few that come often ' || (i % 5)
  ELSE 'a text of usual length ' || i END`;

beforeAll(async () => {
  const file = join(folder, 'a.duckdb');
  const instance = await DuckDBInstance.create(file);
  connection = await instance.connect();
  await connection.run(`CREATE TABLE stored AS SELECT i, ${mixed} AS s FROM range(6000) t(i)`);
  await connection.run(`CREATE TABLE few AS SELECT i, 'one of few that come often ' || (i % 11) AS s FROM range(6000) t(i)`);
  // Stored texts are compressed, and lie otherwise than new ones.
  await connection.run('CHECKPOINT');
});

afterAll(() => {
  connection.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

test.for([
  ['made', `SELECT ${mixed} AS s FROM range(5000) t(i)`],
  ['stored', 'SELECT s FROM stored'],
  ['stored, of few kinds', 'SELECT s FROM few'],
  ['sorted', 'SELECT s FROM stored ORDER BY hash(i)'],
  ['sorted the other way', 'SELECT s FROM stored ORDER BY i DESC LIMIT 5000'],
  ['filtered', 'SELECT s FROM stored WHERE i % 3 = 0'],
  ['joined', 'SELECT a.s FROM stored a JOIN stored b ON a.i = 5999 - b.i WHERE b.i < 4000'],
  ['binary', 'SELECT encode(s) AS s FROM stored'],
  ['of one value', `SELECT 'the same text for all of the rows' AS s FROM range(3000)`],
])('strings that are %s are those that the engine says', async ([, sql]) => {
  const result = await connection.stream(sql!);
  let rows = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const { rowCount } = chunk;
    const cells = cellsOf(duckdb.data_chunk_get_vector(chunk.chunk, 0), rowCount, 16);
    const read = Array.from({ length: rowCount }, (_, row) => {
      if (isNull(cells, row)) return null;
      const { bytes, from, to } = stringAt(cells, row);
      return Buffer.from(bytes.subarray(from, to)).toString();
    });
    expect(read).toEqual(chunk.getColumnValues(0).map((value) => (value === null || typeof value === 'string' ? value : textOf(value))));
    rows += rowCount;
  }
  expect(rows).toBeGreaterThan(1900);
});

function textOf(value: unknown): string {
  return Buffer.from((value as { readonly bytes: Uint8Array }).bytes).toString();
}
