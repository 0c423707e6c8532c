import { expect, test } from 'vitest';
import type { DuckDbSession } from './duckdb-session.ts';
import type { BulkRows, SqlValue } from '../session.ts';
import { type Answer, ask, CollectingSink, never, openTestPool, rowsOf } from '#test/tsql/pool-session.ts';

async function* parts(...rows: readonly (readonly (readonly SqlValue[])[])[]): AsyncGenerator<readonly (readonly SqlValue[])[]> {
  yield* rows;
}

async function load(session: DuckDbSession, rows: BulkRows): Promise<Answer> {
  const sink = new CollectingSink();
  await session.bulk(rows, sink, never);
  return sink.answer;
}

test('rows of a bulk load come in with their types, all or none', async () => {
  await using pool = await openTestPool();
  const session = await pool.session();
  await ask(
    session,
    'CREATE TABLE dbo.t (id int NOT NULL, amount decimal(20,4), at datetime2(6), name nvarchar(20), raw varbinary(4), yes bit, moved datetimeoffset(0))',
  );
  const announced = await ask(
    session,
    'INSERT BULK [t] ([id] int, [amount] decimal(20,4), [at] datetime2(6), [name] nvarchar(20), [raw] varbinary(4), [yes] bit, [moved] datetimeoffset(0)) WITH (KEEP_NULLS)',
  );
  expect(announced).toMatchObject({ messages: [], done: ['other'] });
  expect(session.bulkColumns?.map(({ name }) => name)).toEqual(['id', 'amount', 'at', 'name', 'raw', 'yes', 'moved']);
  const columns = session.bulkColumns!;
  const first = [1n, '1234567890123456.7891', '2024-02-29 23:59:59.123456', 'é🙂', Uint8Array.of(0, 1), true, '2024-02-29 23:59:59 -05:00'];
  const second = [2n, null, null, null, null, false, null];
  expect(await load(session, { columns, rows: parts([first], [second]) })).toMatchObject({ messages: [], done: ['insert 2'] });
  expect(await rowsOf(session, 'SELECT * FROM t ORDER BY id')).toEqual([first, second]);

  await ask(session, 'INSERT BULK [t] ([id] int, [name] nvarchar(20))');
  const two = session.bulkColumns!;
  const failed = await load(session, { columns: two, rows: parts([[3n, 'c']], [[null, 'd']]) });
  expect(failed.messages).toEqual([expect.stringMatching(/^515 /)]);
  expect(await rowsOf(session, 'SELECT COUNT(*) FROM t')).toEqual([[2n]]);
  expect(await load(session, { columns: two, rows: parts() })).toMatchObject({ done: ['other failed'] });
});

test('a bulk load is refused where an INSERT would be', async () => {
  await using pool = await openTestPool();
  const writer = await pool.session();
  await ask(writer, 'CREATE TABLE dbo.t (id int)');
  const session = await pool.session({ user: { name: 'rita', mayWrite: false } });
  expect((await ask(session, 'INSERT BULK t (id int)')).messages).toEqual([expect.stringMatching(/^229 /)]);
  expect((await ask(writer, 'INSERT BULK nowhere (id int)')).messages).toEqual([expect.stringMatching(/^208 /)]);
  expect((await ask(writer, 'INSERT BULK t (other int)')).messages).toEqual([expect.stringMatching(/^207 /)]);
  expect(writer.bulkColumns).toBeUndefined();
});

test('INSERT … EXECUTE inserts what a procedure or text answers', async () => {
  await using pool = await openTestPool();
  const session = await pool.session();
  await ask(session, 'CREATE TABLE dbo.t (a int, b varchar(10)); CREATE TABLE #names (name nvarchar(60))');
  expect((await ask(session, `INSERT INTO t EXEC (N'SELECT 1, ''x'' UNION ALL SELECT 2, ''y''')`)).done).toEqual(['insert 2']);
  expect(await rowsOf(session, 'SELECT a, b FROM t ORDER BY a')).toEqual([
    [1n, 'x'],
    [2n, 'y'],
  ]);
  expect((await ask(session, `INSERT INTO t EXEC sp_executesql N'SELECT 1/0, ''x'''`)).messages).toEqual([expect.stringMatching(/^8134 /)]);
  expect(await rowsOf(session, 'SELECT COUNT(*) FROM t')).toEqual([[2n]]);
});
