import { statSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { int64, rows, schemaOf, segment, shape, text } from '#replication/sample-steps.contract.ts';
import { ask, CollectingSink, never, openTestPool, rowsOf } from '#test/tsql/pool-session.ts';

const reader = { user: { name: 'rita', mayWrite: false } };
const orders = schemaOf('orders', [
  ['id', int64],
  ['v', text],
]);

describe('a transaction', () => {
  test('is counted, named, kept and rolled back', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int)');
    const kept = await ask(
      session,
      'BEGIN TRAN outer_one; BEGIN TRAN; INSERT t VALUES (1); SELECT @@TRANCOUNT, XACT_STATE(); COMMIT; SELECT @@TRANCOUNT; COMMIT',
    );
    expect(kept.results.map((result) => result.rows)).toEqual([[[2n, 1n]], [[1n]]]);
    expect(kept.changes).toEqual(['begun', 'committed']);
    const undone = await ask(session, 'BEGIN TRAN a; INSERT t VALUES (2); ROLLBACK TRAN b; ROLLBACK TRAN a');
    expect(undone.messages).toEqual([expect.stringMatching(/^6401 /)]);
    expect(undone.changes).toEqual(['begun', 'rolled-back']);
    expect(await rowsOf(session, 'SELECT a FROM t')).toEqual([[1n]]);
    expect((await ask(session, 'COMMIT')).messages).toEqual([expect.stringMatching(/^3902 /)]);
    expect((await ask(session, 'ROLLBACK')).messages).toEqual([expect.stringMatching(/^3903 /)]);
    expect((await ask(session, 'SAVE TRAN s')).messages).toEqual([expect.stringMatching(/^40510 SAVE TRANSACTION .*savepoints/)]);
  });

  test('comes by requests of the protocol too, and follows its predecessor', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int)');
    const sink = new CollectingSink();
    await session.transact({ kind: 'begin', isolation: 'snapshot', name: '' }, sink, never);
    await session.batch('INSERT t VALUES (1)', sink, never);
    await session.transact({ kind: 'commit', name: '', thenBegin: { isolation: undefined } }, sink, never);
    await session.batch('INSERT t VALUES (2)', sink, never);
    await session.transact({ kind: 'rollback', name: '', thenBegin: undefined }, sink, never);
    expect(sink.answer.changes).toEqual(['begun', 'committed', 'begun', 'rolled-back']);
    expect(await rowsOf(session, 'SELECT a FROM t')).toEqual([[1n]]);
  });

  test('sees one state of the pool from its first access on, and others see it whole', async () => {
    await using pool = await openTestPool();
    const one = await pool.session();
    const two = await pool.session();
    await ask(one, 'CREATE TABLE dbo.t (a int); INSERT t VALUES (1)');
    await ask(two, 'BEGIN TRAN; SELECT a FROM t');
    await ask(one, 'INSERT t VALUES (2); ALTER TABLE t ADD b int');
    expect((await ask(two, 'SELECT * FROM t')).results).toEqual([{ columns: ['a int'], rows: [[1n]] }]);
    await ask(two, 'COMMIT');
    expect((await ask(two, 'SELECT * FROM t ORDER BY a')).results[0]).toMatchObject({ columns: ['a int', 'b int'] });
  });

  test('in which the engine failed is doomed until it is rolled back', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int)');
    const answer = await ask(
      session,
      `BEGIN TRAN; INSERT t VALUES (1);
       BEGIN TRY SELECT 1 / a - 1 / (a - 1) FROM t END TRY
       BEGIN CATCH
         SELECT XACT_STATE(), @@TRANCOUNT, ERROR_NUMBER();
         INSERT t VALUES (3);
         COMMIT;
         IF XACT_STATE() <> 0 ROLLBACK;
       END CATCH
       SELECT COUNT(*) FROM t, (SELECT @@TRANCOUNT AS c) AS x`,
    );
    expect(answer.results.slice(-2).map((result) => result.rows)).toEqual([[[-2n, 1n, 8134n]], [[0n]]]);
    expect(answer.messages).toEqual([expect.stringMatching(/^111233 .*ROLLBACK/), expect.stringMatching(/^111233 /)]);
  });

  test('goes on after what was refused before it did anything', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int)');
    await ask(session, 'BEGIN TRAN; INSERT t VALUES (1)');
    expect((await ask(session, 'SELECT nothing FROM t')).messages).toEqual([expect.stringMatching(/^207 /)]);
    expect(await rowsOf(session, 'SELECT XACT_STATE(); COMMIT; SELECT a FROM t')).toEqual([[1n], [1n]]);
  });

  test('with XACT_ABORT is rolled back by any error, and the batch ends', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int); SET XACT_ABORT ON');
    const answer = await ask(session, `BEGIN TRAN; INSERT t VALUES (1); SELECT 1/0; PRINT 'next'`);
    expect(answer.messages).toEqual([expect.stringMatching(/^8134 /)]);
    expect(await rowsOf(session, 'SELECT @@TRANCOUNT, COUNT(*) FROM t')).toEqual([[0n, 0n]]);
    expect(await rowsOf(session, `BEGIN TRAN; BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH SELECT XACT_STATE() END CATCH ROLLBACK`)).toEqual([
      [-2n],
    ]);
  });

  test('begins by itself where IMPLICIT_TRANSACTIONS is on', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int); SET IMPLICIT_TRANSACTIONS ON');
    expect(await rowsOf(session, 'SELECT @@TRANCOUNT')).toEqual([[0n]]);
    expect((await ask(session, 'INSERT t VALUES (1)')).changes).toEqual(['begun']);
    expect(await rowsOf(session, 'SELECT @@TRANCOUNT')).toEqual([[1n]]);
    expect((await ask(session, 'IF @@TRANCOUNT > 0 ROLLBACK TRAN')).changes).toEqual(['rolled-back']);
    expect(await rowsOf(session, 'SELECT COUNT(*) FROM t')).toEqual([[0n]]);
  });

  test('takes back what it did with temporary tables', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE #kept (a int); BEGIN TRAN; CREATE TABLE #gone (a int); DROP TABLE #kept; ROLLBACK');
    expect(await rowsOf(session, 'SELECT COUNT(*) FROM #kept')).toEqual([[0n]]);
    expect((await ask(session, 'SELECT * FROM #gone')).messages).toEqual([expect.stringMatching(/^208 /)]);
    expect(await rowsOf(session, 'CREATE TABLE #gone (b int); SELECT COUNT(*) FROM #gone')).toEqual([[0n]]);
  });

  test('leaves the rows of table variables, or none of that name', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int)');
    const declared = `DECLARE @t TABLE (a int PRIMARY KEY, b varchar(5)); INSERT @t VALUES (1, 'x')`;
    const rolledBack = `${declared}; BEGIN TRAN; INSERT @t VALUES (2, NULL); UPDATE @t SET b = 'y' WHERE a = 1; INSERT t VALUES (1); ROLLBACK`;
    expect(await rowsOf(session, `${rolledBack}; SELECT a, b FROM @t ORDER BY a; SELECT COUNT(*) FROM t`)).toEqual([
      [1n, 'y'],
      [2n, null],
      [0n],
    ]);
    const doomed = await ask(session, `${declared}; BEGIN TRAN; INSERT @t VALUES (2, NULL); SELECT 1/0; ROLLBACK; SELECT a FROM @t`);
    expect(doomed.messages).toEqual([expect.stringMatching(/^8134 /), expect.stringMatching(/^1087 /)]);
  });

  test('that changes what another has changed is told to run again', async () => {
    await using pool = await openTestPool();
    const one = await pool.session();
    const two = await pool.session();
    await ask(one, 'CREATE TABLE dbo.t (a int, b int); INSERT t VALUES (1, 0)');
    await ask(one, 'BEGIN TRAN; UPDATE t SET b = 1 WHERE a = 1');
    expect((await ask(two, 'UPDATE t SET b = 2 WHERE a = 1')).messages).toEqual([expect.stringMatching(/^3960 .*again/)]);
    await ask(one, 'COMMIT');
    expect(await rowsOf(two, 'UPDATE t SET b = 3 WHERE a = 1; SELECT b FROM t')).toEqual([[3n]]);
  });

  test('in which nothing is done for long is rolled back, and says so', async () => {
    await using pool = await openTestPool({ idleTransactionMs: 30 });
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int)');
    await ask(session, 'BEGIN TRAN; INSERT t VALUES (1)');
    await vi.waitFor(async () => expect(await rowsOf(session, 'SELECT XACT_STATE()')).toEqual([[-2n]]));
    const answer = await ask(session, 'SELECT a FROM t; ROLLBACK; SELECT COUNT(*) FROM t');
    expect(answer.messages).toEqual([expect.stringMatching(/^111233 .*Nothing was done in it/)]);
    expect(answer.results.at(-1)?.rows).toEqual([[0n]]);
  });

  test('ends with its session', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int); BEGIN TRAN; INSERT t VALUES (1)');
    await session[Symbol.asyncDispose]();
    expect(await rowsOf(await pool.session(), 'SELECT COUNT(*) FROM t')).toEqual([[0n]]);
  });
});

describe('rights', () => {
  test('who may only read changes nothing but temporary tables', async () => {
    await using pool = await openTestPool();
    const writer = await pool.session();
    await ask(writer, 'CREATE TABLE dbo.t (a int); INSERT t VALUES (1)');
    const session = await pool.session(reader);
    const refused: readonly (readonly [string, number])[] = [
      ['INSERT t VALUES (2)', 229],
      ['UPDATE t SET a = 2', 229],
      ['DELETE t', 229],
      ['DELETE x FROM t AS x', 229],
      ['TRUNCATE TABLE t', 262],
      ['DROP TABLE t', 262],
      ['CREATE TABLE dbo.u (a int)', 262],
      ['SELECT a INTO dbo.u FROM t', 262],
      ['CREATE VIEW dbo.v AS SELECT a FROM dbo.t', 262],
      ['CREATE SCHEMA s', 262],
      ['INSERT #own OUTPUT inserted.a INTO dbo.t VALUES (2)', 229],
      ['UPDATE #own SET a = 2 OUTPUT inserted.a INTO t', 229],
      ['DELETE #own OUTPUT deleted.a INTO t', 229],
      ['MERGE #own USING (SELECT 1 AS b) AS s ON 1 = 1 WHEN MATCHED THEN DELETE OUTPUT deleted.a INTO dbo.t;', 229],
    ];
    await ask(session, 'CREATE TABLE #own (a int); INSERT #own VALUES (1)');
    for (const [sql, number] of refused) {
      const before = (await ask(session, sql)).messages;
      await ask(session, 'BEGIN TRAN');
      const within = (await ask(session, sql)).messages;
      await ask(session, 'ROLLBACK');
      const said = expect.stringMatching(new RegExp(`^${number} `)) as string;
      expect({ sql, before, within }).toEqual({ sql, before: [said], within: [said] });
    }
    expect(await rowsOf(session, 'SELECT a INTO #a FROM t; INSERT #a VALUES (5); SELECT SUM(a) FROM #a')).toEqual([[6n]]);
    expect(
      await rowsOf(
        session,
        'DECLARE @t TABLE (a int PRIMARY KEY); BEGIN TRAN; INSERT @t VALUES (1); COMMIT; UPDATE x SET a = 2 FROM @t AS x; SELECT a FROM @t',
      ),
    ).toEqual([[2n]]);
    expect(await rowsOf(writer, 'SELECT a FROM t')).toEqual([[1n]]);
  });

  test('what a link fills is only read, and the tables of the pool itself are not there', async () => {
    await using pool = await openTestPool();
    await pool.pool.writer('sales').apply(segment(1, [shape(orders), rows(orders, { inserts: [[1, 'a']] })]));
    const session = await pool.session();
    expect(await rowsOf(session, 'SELECT id, v FROM [public].orders')).toEqual([[1n, 'a']]);
    for (const sql of [
      'INSERT [public].orders VALUES (2, 1)',
      'DELETE [public].orders',
      'DROP TABLE [public].orders',
      'ALTER TABLE [public].orders ADD x int',
    ])
      expect({ sql, ...(await ask(session, sql)) }).toMatchObject({
        sql,
        messages: [expect.stringMatching(/filled by a link \(run 'sales'/)],
      });
    expect((await ask(session, 'SELECT * FROM isthmus.tables')).messages).toEqual([expect.stringMatching(/^208 /)]);
    expect((await ask(session, 'CREATE TABLE isthmus.x (a int)')).done).toEqual(['other failed']);
  });
});

describe('beside a link', () => {
  test('its applies go on while a transaction of T-SQL is open, writes and makes tables', async () => {
    await using pool = await openTestPool();
    const link = pool.pool.writer();
    await link.apply(segment(1, [shape(orders), rows(orders, { inserts: [[1, 'a']] })]));
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.notes (a int)');
    await ask(session, 'BEGIN TRAN; INSERT notes VALUES (1); CREATE TABLE dbo.more (a int); INSERT more SELECT id FROM [public].orders');
    for (let number = 2; number < 30; number++) await link.apply(segment(number, [rows(orders, { inserts: [[number, 'b']] })]));
    await link.apply(segment(30, [shape(schemaOf('others', [['id', int64]]))]));
    expect(
      await rowsOf(session, 'SELECT COUNT(*) FROM [public].orders; COMMIT; SELECT COUNT(*) FROM [public].orders; SELECT a FROM more'),
    ).toEqual([[1n], [29n], [1n]]);
    expect((await link.progress()).number).toBe(30);
  });

  test('a table that a session is making is not taken from it: the link is told to try again', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE SCHEMA [public]');
    await ask(session, 'BEGIN TRAN; CREATE TABLE [public].orders (a int)');
    const link = pool.pool.writer();
    const apply = (): Promise<void> => link.apply(segment(1, [shape(orders), rows(orders, { inserts: [[1, 'a']] })]));
    await expect(apply()).rejects.toMatchObject({ kind: 'unreachable', code: 'PoolBusy' });
    await ask(session, 'ROLLBACK');
    await apply();
    expect(await rowsOf(session, 'SELECT v FROM [public].orders')).toEqual([['a']]);
  });

  test('sessions see at once what a link makes of its tables', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    expect((await ask(session, 'SELECT * FROM [public].orders')).messages).toEqual([expect.stringMatching(/^208 /)]);
    const link = pool.pool.writer();
    await link.apply(segment(1, [shape(orders)]));
    expect((await ask(session, 'SELECT * FROM [public].orders')).results[0]?.columns).toEqual(['id bigint', 'v nvarchar(max)']);
    const wider = schemaOf('orders', [
      ['id', int64, 1],
      ['v', text, 2],
      ['more', int64, 3],
    ]);
    await link.apply(segment(2, [shape(wider)]));
    expect((await ask(session, 'SELECT * FROM [public].orders')).results[0]?.columns).toEqual([
      'id bigint',
      'v nvarchar(max)',
      'more bigint',
    ]);
  });

  test('what sessions write is brought into the file though no link writes', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, 'CREATE TABLE dbo.t (a int, b varchar(200))');
    const digits = '(VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))';
    const many = `INSERT t SELECT a.v, '${'x'.repeat(150)}' + CAST(b.v * c.v AS varchar(10)) FROM ${digits} a(v) CROSS JOIN ${digits} b(v) CROSS JOIN ${digits} c(v) CROSS JOIN ${digits} d(v) CROSS JOIN (VALUES (1),(2),(3),(4)) e(v)`;
    const walBytes = (): number => statSync(`${pool.file}.wal`, { throwIfNoEntry: false })?.size ?? 0;
    await ask(session, many);
    expect(walBytes()).toBeGreaterThan(5 * 1024 * 1024);
    for (let i = 0; i < 3; i++) await ask(session, many);
    await vi.waitFor(() => expect(walBytes()).toBeLessThan(20 * 1024 * 1024), { timeout: 10_000 });
    expect(await rowsOf(session, 'SELECT COUNT(*) FROM t')).toEqual([[160_000n]]);
  });
});
