import { describe, expect, test } from 'vitest';
import { QueryAdmission } from '../../admission.ts';
import type { AnswerSink } from '../session.ts';
import { ask, call, CollectingSink, never, openTestPool, parameter, rowsOf } from '#test/tsql/pool-session.ts';

describe('a batch', () => {
  test('answers results with their types, and counts', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const answer = await ask(session, `SELECT 1 AS a, N'x' AS b; SELECT CAST(NULL AS decimal(10,2)) AS c WHERE 1 = 0`);
    expect(answer).toEqual({
      results: [
        { columns: ['a int', 'b nvarchar(1)'], rows: [[1n, 'x']] },
        { columns: ['c decimal(10,2)'], rows: [] },
      ],
      messages: [],
      done: ['select 1', 'select 0'],
      changes: [],
      outputs: [],
      status: undefined,
    });
  });

  test('of which a part cannot be read runs nothing', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const answer = await ask(session, 'CREATE TABLE dbo.t (a int); SELECT 1 +');
    expect(answer.messages).toEqual([expect.stringMatching(/^102 /)]);
    expect(await rowsOf(session, `SELECT OBJECT_ID('dbo.t')`)).toEqual([[null]]);
  });

  test('goes on after an error of its own severity, ends at names, conversions and THROW', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const said = async (sql: string): Promise<readonly string[]> => (await ask(session, `${sql}; PRINT 'next'`)).messages;
    expect(await said(`RAISERROR('no %s %05d|%-4d|%x', 16, 3, 'good', 42, 7, 255)`)).toEqual(['50000 no good 00042|7   |ff', '0 next']);
    expect(await said('SELECT 1/0')).toEqual(['8134 Divide by zero error encountered.', '0 next']);
    expect(await said('SELECT * FROM nowhere')).toEqual([`208 Invalid object name 'nowhere'.`]);
    expect(await said(`SELECT CAST('x' AS int)`)).toEqual([expect.stringMatching(/^245 /)]);
    expect(await said(`THROW 50001, 'enough', 1`)).toEqual(['50001 enough']);
    expect(await said(`RAISERROR('said', 10, 1)`)).toEqual(['50000 said', '0 next']);
  });

  test('says the line of an error', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const sink = new CollectingSink();
    await session.batch(`SELECT 1\n\nSELECT 1/0\nSELECT a FROM nowhere`, sink, never);
    expect(sink.lines).toEqual([3, 4]);
  });
});

describe('what takes long to read', () => {
  test('is no declaration or time with many blanks, no call with many parameters', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const text = (value: string) => parameter('', { name: 'nvarchar', length: 'max' }, value);
    const blanks = ' '.repeat(400_000);
    const began = performance.now();
    const declared = await call(session, 'sp_executesql', [
      text('SELECT @a'),
      text(`@a int${blanks}OUTPUT${blanks}`),
      parameter('', { name: 'int' }, 3n),
    ]);
    expect(declared.results[0]?.rows).toEqual([[3n]]);
    expect((await call(session, 'sp_executesql', [text('SELECT 1'), text(`@a int${blanks}x`)])).messages).toEqual([
      expect.stringMatching(/^102 /),
    ]);
    expect((await ask(session, `SELECT CAST('12:00${blanks}x' AS datetime2)`)).messages).toEqual([expect.stringMatching(/^241 /)]);
    // Seconds; each of them took minutes.
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('control of flow', () => {
  test('variables, IF, WHILE, BREAK and CONTINUE', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const program = `
      DECLARE @i int = 0, @text varchar(100) = '';
      WHILE 1 = 1
      BEGIN
        SET @i += 1;
        IF @i = 2 CONTINUE;
        IF @i > 4 BREAK;
        SET @text = @text + CAST(@i AS varchar(10)) + ',';
      END
      IF @i = 5 AND NULL IS NULL SELECT @text AS t, @i AS i ELSE SELECT 'wrong' AS t`;
    expect(await rowsOf(session, program)).toEqual([['1,3,4,', 5n]]);
    expect(
      await rowsOf(session, `DECLARE @x int = 7; SELECT @x = v FROM (VALUES (1), (2)) AS t (v) WHERE v > 5; SELECT @x, @@ROWCOUNT`),
    ).toEqual([[7n, 0n]]);
    expect((await ask(session, 'SELECT @i')).messages).toEqual([expect.stringMatching(/^137 Must declare the scalar variable "@i"/)]);
    expect(
      await rowsOf(session, `DECLARE @a varchar(3) = 'abcdef', @b varbinary(2) = 0x010203, @c decimal(5,1) = 2.25; SELECT @a, @b, @c`),
    ).toEqual([['abc', Uint8Array.of(1, 2), '2.3']]);
  });

  test('TRY hears of what went wrong, and THROW says it again', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const answer = await ask(
      session,
      `BEGIN TRY
         SELECT 1/0 AS x
       END TRY
       BEGIN CATCH
         SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_STATE(), ERROR_LINE(), ERROR_MESSAGE(), ERROR_PROCEDURE();
         THROW
       END CATCH`,
    );
    expect(answer.results.at(-1)?.rows).toEqual([[8134n, 16n, 1n, 2n, 'Divide by zero error encountered.', null]]);
    expect(answer.messages).toEqual(['8134 Divide by zero error encountered.']);
    expect(await rowsOf(session, 'SELECT ERROR_NUMBER()')).toEqual([[null]]);
  });

  test('names that are not found are not caught by the TRY around them, but by one outside of their text', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    expect((await ask(session, `BEGIN TRY SELECT * FROM nowhere END TRY BEGIN CATCH PRINT 'caught' END CATCH`)).messages).toEqual([
      `208 Invalid object name 'nowhere'.`,
    ]);
    expect(
      (await ask(session, `BEGIN TRY EXEC (N'SELECT * FROM nowhere') END TRY BEGIN CATCH PRINT ERROR_MESSAGE() END CATCH`)).messages,
    ).toEqual([`0 Invalid object name 'nowhere'.`]);
  });

  test('a loop ends with its signal, and by itself where it ran too many statements', async () => {
    await using pool = await openTestPool({ mostStatements: 500 });
    const session = await pool.session();
    expect((await ask(session, 'WHILE 1 = 1 SET NOCOUNT ON')).messages).toEqual([expect.stringMatching(/^8623 /)]);
    const other = await openTestPool();
    await using _ = other;
    const endless = await other.session();
    const abort = new AbortController();
    const running = endless.batch('WHILE 1 = 1 SET NOCOUNT OFF', new CollectingSink(), abort.signal);
    abort.abort();
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    expect(await rowsOf(endless, 'SELECT 1')).toEqual([[1n]]);
  });

  test('a heavy query ends with its signal, and the session goes on', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const abort = new AbortController();
    const sink = new CollectingSink();
    const heavy = `WITH n AS (SELECT a.v FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10)) a(v))
      SELECT COUNT_BIG(*) FROM n a CROSS JOIN n b CROSS JOIN n c CROSS JOIN n d CROSS JOIN n e CROSS JOIN n f CROSS JOIN n g CROSS JOIN n h CROSS JOIN n i CROSS JOIN n j WHERE a.v + b.v * c.v - d.v <> e.v * f.v + g.v + h.v * i.v - j.v`;
    const running = session.batch(heavy, sink, abort.signal);
    setTimeout(() => abort.abort(), 50);
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    expect(await rowsOf(session, 'SELECT 1')).toEqual([[1n]]);
  });
});

describe('options', () => {
  test('those of each client are taken; those that would change results are refused', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const atLogin = `set ansi_nulls on set ansi_null_dflt_on on set ansi_padding on set ansi_warnings on set arithabort on
      set concat_null_yields_null on set cursor_close_on_commit off set datefirst 7 set dateformat mdy set implicit_transactions off
      set language us_english set numeric_roundabort off set quoted_identifier on set textsize 2147483647
      set transaction isolation level read committed set xact_abort off`;
    expect(await ask(session, atLogin)).toMatchObject({ messages: [] });
    const refused = ['ANSI_NULLS OFF', 'CONCAT_NULL_YIELDS_NULL OFF', 'ANSI_WARNINGS OFF', 'NUMERIC_ROUNDABORT ON', 'ANSI_PADDING OFF'];
    for (const option of refused) expect((await ask(session, `SET ${option}`)).messages).toEqual([expect.stringMatching(/^40510 /)]);
    expect((await ask(session, 'SET NO_SUCH ON')).messages).toEqual([expect.stringMatching(/^195 /)]);
    expect(
      await rowsOf(
        session,
        `SET DATEFIRST 1; SELECT @@DATEFIRST, SESSIONPROPERTY('ANSI_NULLS'), @@OPTIONS & 512; SET NOCOUNT ON; SELECT @@OPTIONS & 512`,
      ),
    ).toEqual([[1n, 1n, 0n], [512n]]);
  });

  test('NOCOUNT counts nothing; ROWCOUNT stops; FMTONLY answers columns only', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    expect((await ask(session, 'SET NOCOUNT ON; SELECT 1 AS a')).done).toEqual(['other', 'select']);
    expect(await rowsOf(session, 'SET ROWCOUNT 2; SELECT v FROM (VALUES (1), (2), (3)) AS t (v) ORDER BY v; SET ROWCOUNT 0')).toHaveLength(
      2,
    );
    expect((await ask(session, 'SET FMTONLY ON SELECT 1 AS a SET FMTONLY OFF')).results).toEqual([{ columns: ['a int'], rows: [] }]);
    expect((await ask(session, 'SET NOEXEC ON SELECT 1/0 SET NOEXEC OFF')).messages).toEqual([]);
  });
});

describe('procedures', () => {
  test('sp_executesql: parameters by name and place, defaults, outputs', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const text = (value: string) => parameter('', { name: 'nvarchar', length: 4000 }, value);
    const answer = await call(session, 'sp_executesql', [
      text('SELECT @a + 1 AS r, @b AS b; SET @o = @a * 2'),
      text(`@a int, @b nvarchar(10) = N'z', @o bigint OUTPUT`),
      parameter('@a', { name: 'int' }, 20n),
      parameter('@o', { name: 'bigint' }, null, true),
    ]);
    expect(answer.results).toEqual([{ columns: ['r int', 'b nvarchar(10)'], rows: [[21n, 'z']] }]);
    expect(answer.outputs).toEqual([{ name: '@o', value: 40n }]);
    expect(answer.status).toBe(0);
    expect(await rowsOf(session, `DECLARE @x int; EXEC sp_executesql N'SET @y = 5', N'@y int OUT', @y = @x OUTPUT; SELECT @x`)).toEqual([
      [5n],
    ]);
    const missing = await call(session, 'sp_executesql', [text('SELECT @a'), text('@a int')]);
    expect(missing.messages).toEqual([expect.stringMatching(/^8178 /)]);
    const failing = await call(session, 'sys.sp_executesql', [text('SELECT 1/0')]);
    expect(failing).toMatchObject({ messages: ['8134 Divide by zero error encountered.'], status: 8134 });
  });

  test('values come to a text exactly as they were sent', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const given = [
      parameter('@a', { name: 'decimal', precision: 38, scale: 10 }, '1234567890123456789012345678.1234567891'),
      parameter('@b', { name: 'datetime2', scale: 6 }, '2024-02-29 23:59:59.123456'),
      parameter('@c', { name: 'bigint' }, -9_223_372_036_854_775_808n),
      parameter('@d', { name: 'varbinary', length: 10 }, Uint8Array.of(0, 255, 39)),
      parameter('@e', { name: 'nvarchar', length: 20 }, `it's \0 "x" 🙂`),
      parameter('@f', { name: 'float' }, 0.1),
      parameter('@g', { name: 'uniqueidentifier' }, '6F9619FF-8B86-D011-B42D-00C04FC964FF'),
      parameter('@h', { name: 'bit' }, true),
      parameter('@i', { name: 'time', scale: 3 }, '01:02:03.004'),
      parameter('@j', { name: 'date' }, '0001-01-01'),
      parameter('@k', { name: 'money' }, '-922337203685477.5808'),
      parameter('@l', { name: 'datetimeoffset', scale: 3 }, '2024-02-01 10:11:12.123 -03:30'),
    ];
    const declared = `@a decimal(38,10), @b datetime2(6), @c bigint, @d varbinary(10), @e nvarchar(20), @f float, @g uniqueidentifier, @h bit, @i time(3), @j date, @k money, @l datetimeoffset(3)`;
    const text = (value: string) => parameter('', { name: 'nvarchar', length: 4000 }, value);
    const answer = await call(session, 'sp_executesql', [
      text('SELECT @a, @b, @c, @d, @e, @f, @g, @h, @i, @j, @k, @l'),
      text(declared),
      ...given,
    ]);
    expect(answer.messages).toEqual([]);
    expect(answer.results[0]?.rows).toEqual([given.map(({ value }) => value)]);
  });

  test('prepared statements live until they are unprepared, or the session is reset', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const text = (value: string) => parameter('', { name: 'nvarchar', length: 4000 }, value);
    const int = (value: bigint) => parameter('', { name: 'int' }, value);
    const handle = parameter('@handle', { name: 'int' }, null, true);
    const both = await call(session, 'sp_prepexec', [handle, text('@a int'), text('SELECT @a * 2'), int(4n)]);
    expect(both).toMatchObject({ results: [{ rows: [[8n]] }], outputs: [{ name: '@handle', value: 1n }] });
    expect((await call(session, 'sp_execute', [int(1n), int(5n)])).results[0]?.rows).toEqual([[10n]]);
    expect((await call(session, 'sp_unprepare', [int(1n)])).status).toBe(0);
    expect((await call(session, 'sp_execute', [int(1n), int(5n)])).messages).toEqual([expect.stringMatching(/^8179 /)]);
    await call(session, 'sp_prepare', [handle, text(''), text('SELECT 1'), int(1n)]);
    await session.reset();
    expect((await call(session, 'sp_execute', [int(2n)])).messages).toEqual([expect.stringMatching(/^8179 /)]);
  });

  test('others are refused by their name', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    expect((await ask(session, 'EXEC dbo.nothing')).messages).toEqual([`2812 Could not find stored procedure 'dbo.nothing'.`]);
    expect((await call(session, 'sp_cursoropen', [])).messages).toEqual([expect.stringMatching(/^16937 /)]);
  });
});

test('a client that does not read keeps nobody else from the engine', async () => {
  using admission = new QueryAdmission({
    atOnce: 1,
    queued: 10,
    statementMs: 60_000,
    statementMb: 1000,
    memory: { heldBytes: () => Promise.resolve(0) },
    patienceMs: 1,
  });
  await using pool = await openTestPool({ admission });
  const [slow, quick] = [await pool.session(), await pool.session()];
  const read = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const sink = new CollectingSink();
  const unread: AnswerSink = {
    columns: (columns) => sink.columns(columns),
    rows: () => {
      begun.resolve();
      return read.promise;
    },
    done: (end) => sink.done(end),
    message: (message) => sink.message(message),
    changed: (change) => sink.changed(change),
    returnValue: (value) => sink.returnValue(value),
    returnStatus: (status) => sink.returnStatus(status),
  };
  const asked = slow.batch('SELECT 1 AS a', unread, never);
  await begun.promise;
  expect(await rowsOf(quick, 'SELECT 2')).toEqual([[2n]]);
  read.resolve();
  await asked;
});

describe('temporary tables', () => {
  test('belong to the session, or to the text that made them', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const other = await pool.session();
    await ask(session, 'CREATE TABLE #a (x int); INSERT #a VALUES (1), (2)');
    expect(await rowsOf(session, 'SELECT SUM(x) FROM #a')).toEqual([[3n]]);
    expect((await ask(other, 'SELECT * FROM #a')).messages).toEqual([`208 Invalid object name '#a'.`]);
    expect(
      await rowsOf(
        session,
        `EXEC (N'CREATE TABLE #b (y int); INSERT #b SELECT x FROM #a; SELECT COUNT(*) FROM #b'); SELECT OBJECT_ID('tempdb..#b')`,
      ),
    ).toEqual([[2n], [null]]);
    await session.reset();
    expect((await ask(session, 'SELECT * FROM #a')).messages).toEqual([`208 Invalid object name '#a'.`]);
  });

  test('table variables end with their batch', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const program = `DECLARE @t TABLE (x int PRIMARY KEY, y varchar(5)); INSERT @t VALUES (1, 'a'); SELECT * FROM @t`;
    expect(await rowsOf(session, program)).toEqual([[1n, 'a']]);
    expect(await rowsOf(session, program)).toEqual([[1n, 'a']]);
    expect((await ask(session, 'SELECT * FROM @t')).messages).toEqual([expect.stringMatching(/^1087 /)]);
  });
});
