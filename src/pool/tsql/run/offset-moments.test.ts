import { expect, test } from 'vitest';
import { int64, rows, schemaOf, segment, shape } from '#replication/sample-steps.contract.ts';
import { ask, openTestPool, rowsOf } from '#test/tsql/pool-session.ts';

/** 2024-02-01 10:00:00 in UTC. */
const ten = 1_706_781_600_000_000n;

test('what a link fills is on the clock of UTC, and is compared with any', async () => {
  await using pool = await openTestPool();
  const orders = schemaOf('orders', [
    ['id', int64],
    ['at', { kind: 'timestamptz' }],
  ]);
  await pool.pool.writer().apply(
    segment(1, [
      shape(orders),
      rows(orders, {
        inserts: [
          [1, ten],
          [2, ten + 3_600_000_000n],
          [3, null],
        ],
      }),
    ]),
  );
  const session = await pool.session();
  const { results } = await ask(session, 'SELECT at FROM [public].orders ORDER BY id');
  expect(results).toEqual([
    {
      columns: ['at datetimeoffset(6)'],
      rows: [['2024-02-01 10:00:00.000000 +00:00'], ['2024-02-01 11:00:00.000000 +00:00'], [null]],
    },
  ]);
  expect(await rowsOf(session, `SELECT id FROM [public].orders WHERE at = '2024-02-01 12:00:00 +02:00'`)).toEqual([[1n]]);
  expect(await rowsOf(session, `SELECT id FROM [public].orders WHERE at IS NULL`)).toEqual([[3n]]);
  expect(await rowsOf(session, `SELECT CONVERT(varchar(20), MAX(at), 126), COUNT(at) FROM [public].orders`)).toEqual([
    ['2024-02-01T11:00:00.', 2n],
  ]);
  expect(await rowsOf(session, `EXEC sp_duckdb N'SELECT "at" FROM isthmus_pool.public.orders ORDER BY id'`)).toEqual([
    ['2024-02-01 10:00:00.000000 +00:00'],
    ['2024-02-01 11:00:00.000000 +00:00'],
    [null],
  ]);
});

test('a table that a former version made keeps moments, and refuses other clocks', async () => {
  await using pool = await openTestPool();
  const session = await pool.session();
  await ask(session, 'CREATE TABLE dbo.t (id int NOT NULL, at datetimeoffset(0))');
  const engine = await pool.pool.engine();
  const connection = await engine.connect();
  await connection.run('ALTER TABLE isthmus_pool.dbo.t ALTER COLUMN "at" SET DATA TYPE TIMESTAMPTZ USING NULL');
  engine.disconnect(connection);
  const fresh = await pool.session();
  expect((await ask(fresh, `INSERT dbo.t VALUES (1, '2024-02-01 10:00:00'), (2, NULL)`)).messages).toEqual([]);
  expect((await ask(fresh, `INSERT dbo.t VALUES (3, '2024-02-01 10:00:00 +01:00')`)).messages).toEqual([
    expect.stringMatching(/^40510 An offset other than \+00:00 .* CREATE TABLE AS SELECT/),
  ]);
  expect(await rowsOf(fresh, `SELECT id, at FROM dbo.t ORDER BY id`)).toEqual([
    [1n, '2024-02-01 10:00:00 +00:00'],
    [2n, null],
  ]);
  expect((await ask(fresh, 'ALTER TABLE dbo.t ALTER COLUMN at datetimeoffset(3) NULL')).messages).toEqual([]);
  expect((await ask(fresh, `UPDATE dbo.t SET at = '2024-02-01 10:00:00 +01:00' WHERE id = 2`)).messages).toEqual([]);
  expect(await rowsOf(fresh, `SELECT at FROM dbo.t ORDER BY id`)).toEqual([
    ['2024-02-01 10:00:00.000 +00:00'],
    ['2024-02-01 10:00:00.000 +01:00'],
  ]);
});
