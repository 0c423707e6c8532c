import { type CaseArea, error, rows, rowsAfter, type TsqlCase } from '../tsql-case.ts';

const table = 'CREATE TABLE #t (a int NOT NULL); INSERT #t VALUES (1), (2), (3)';

/** What runs on after an error, with the error's number. */
function rowsAndError(number: number, sql: string, ...expected: readonly (readonly (string | null)[])[]): TsqlCase {
  return { sql, rows: expected, error: number };
}

export const variables: CaseArea = {
  area: 'Variables, IF and WHILE',
  cases: [
    rows("DECLARE @a int = 5, @b varchar(3) = 'abcdef'; SET @a += 2; SELECT @a, @b, @a / 2", ['7', 'abc', '3']),
    rows("DECLARE @b varchar = 'abc'; SELECT @b", ['a']),
    rows('DECLARE @a int; SELECT @a', [null]),
    rows('DECLARE @A int = 1; SELECT @a', ['1']),
    { ...error(40510, 'DECLARE @s int = 0; SELECT @s = @s + a FROM #t; SELECT @s'), setup: [table] },
    rowsAfter(table, 'DECLARE @m int; SELECT @m = MAX(a) FROM #t; SELECT @m', ['3']),
    rowsAfter(table, 'DECLARE @m int = 9; SELECT @m = a FROM #t WHERE a > 100; SELECT @m', ['9']),
    rowsAfter(table, 'DECLARE @m int = 9; SET @m = (SELECT a FROM #t WHERE a > 100); SELECT @m', [null]),
    rowsAfter(table, 'SELECT a FROM #t WHERE a = 2; SELECT @@ROWCOUNT', ['2'], ['1']),
    rows('IF 1 = 1 SELECT 1 ELSE SELECT 2', ['1']),
    rows('IF NULL = NULL SELECT 1 ELSE SELECT 2', ['2']),
    rowsAfter(table, 'IF EXISTS (SELECT 1 FROM #t WHERE a = 3) BEGIN SELECT 1; SELECT 2 END', ['1'], ['2']),
    rows(
      'DECLARE @i int = 0, @s int = 0; WHILE @i < 10 BEGIN SET @i += 1; IF @i = 3 CONTINUE; IF @i = 6 BREAK; SET @s += @i END; SELECT @i, @s',
      ['6', '12'],
    ),
    rows('SELECT 1; RETURN; SELECT 2', ['1']),
    rows("DECLARE @d date = '20240131'; SELECT DATEADD(month, 1, @d)", ['2024-02-29']),
    rows('DECLARE @x decimal(5,2) = 1.239; SELECT @x', ['1.24']),
    { sql: "PRINT 'a' + 'b'; PRINT 1 + 1", rows: [], said: ['ab', '2'] },
    rows('SELECT 1 -- one\n/* two /* nested */ */ , 2', ['1', '2']),
    error(137, 'SELECT @nosuch'),
    error(134, 'DECLARE @a int, @A int'),
    error(135, 'BREAK'),
    error(136, 'CONTINUE'),
    error(512, 'DECLARE @a int; SET @a = (SELECT v FROM (VALUES (1), (2)) x (v))'),
    error(141, 'DECLARE @a int; SELECT @a = 1, 2'),
    error(1087, 'SELECT * FROM @nosuch'),
  ],
};

export const failures: CaseArea = {
  area: 'Errors, TRY and THROW',
  cases: [
    rows('BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_MESSAGE() END CATCH', [
      '8134',
      '16',
      'Divide by zero error encountered.',
    ]),
    rows(
      "BEGIN TRY SELECT 1; THROW 50001, 'mine', 3; SELECT 2 END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_MESSAGE(), ERROR_STATE() END CATCH",
      ['1'],
      ['50001', 'mine', '3'],
    ),
    rows("BEGIN TRY RAISERROR ('n %d s %s', 16, 1, 5, 'x') END TRY BEGIN CATCH SELECT ERROR_MESSAGE(), ERROR_NUMBER() END CATCH", [
      'n 5 s x',
      '50000',
    ]),
    rows("BEGIN TRY RAISERROR ('low', 10, 1); SELECT 'on' END TRY BEGIN CATCH SELECT 'caught' END CATCH", ['on']),
    rows('BEGIN TRY\nSELECT 1;\nSELECT 1 / 0\nEND TRY BEGIN CATCH SELECT ERROR_LINE() END CATCH', ['1'], ['3']),
    rows('BEGIN TRY BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH THROW END CATCH END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH', [
      '8134',
    ]),
    rows('BEGIN TRY SELECT 1 END TRY BEGIN CATCH SELECT 2 END CATCH', ['1']),
    rows('SELECT ERROR_NUMBER()', [null]),
    rows("BEGIN TRY DECLARE @a int = CAST('x' AS int) END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH", ['245']),
    rowsAndError(8134, 'SELECT 1 / 0; SELECT 2', ['2']),
    rowsAndError(8134, 'SELECT 1 / 0; SELECT @@ERROR', ['8134']),
    rowsAndError(50000, "RAISERROR ('x', 16, 1); SELECT 1", ['1']),
    rowsAndError(50001, "SELECT 1; THROW 50001, 'x', 1; SELECT 2", ['1']),
    rowsAndError(245, "SELECT 1; SELECT CAST('x' AS int); SELECT 2", ['1']),
    { sql: "RAISERROR ('said', 0, 1) WITH NOWAIT", rows: [], said: ['said'] },
    error(35100, "THROW 49999, 'x', 1"),
    error(10704, 'THROW'),
    error(2812, 'EXEC nosuchprocedure'),
  ],
};

export const transactions: CaseArea = {
  area: 'Transactions',
  cases: [
    rowsAfter(table, 'BEGIN TRAN; DELETE #t; ROLLBACK; SELECT COUNT(*) FROM #t', ['3']),
    rowsAfter(table, 'BEGIN TRANSACTION; DELETE #t WHERE a = 1; COMMIT; SELECT COUNT(*) FROM #t', ['2']),
    rows(
      'SELECT @@TRANCOUNT; BEGIN TRAN; SELECT @@TRANCOUNT; BEGIN TRAN; SELECT @@TRANCOUNT; COMMIT; SELECT @@TRANCOUNT; COMMIT; SELECT @@TRANCOUNT',
      ['0'],
      ['1'],
      ['2'],
      ['1'],
      ['0'],
    ),
    rows('BEGIN TRAN; BEGIN TRAN; ROLLBACK; SELECT @@TRANCOUNT', ['0']),
    rowsAfter([table, 'BEGIN TRAN', 'UPDATE #t SET a = 9'], 'ROLLBACK; SELECT MAX(a) FROM #t', ['3']),
    rowsAfter(
      [table, 'SET IMPLICIT_TRANSACTIONS ON', 'DELETE #t'],
      'SELECT @@TRANCOUNT; ROLLBACK; SELECT COUNT(*) FROM #t; ROLLBACK',
      ['1'],
      ['3'],
    ),
    rows('SELECT XACT_STATE(); BEGIN TRAN; SELECT XACT_STATE(); ROLLBACK', ['0'], ['1']),
    rows(
      'BEGIN TRAN; BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH IF XACT_STATE() <> 0 ROLLBACK; SELECT @@TRANCOUNT, ERROR_NUMBER() END CATCH',
      ['0', '8134'],
    ),
    error(3902, 'COMMIT'),
    error(3903, 'ROLLBACK'),
  ],
};

export const procedures: CaseArea = {
  area: 'EXEC and sp_executesql',
  cases: [
    rows("EXEC ('SELECT 1 + 1')", ['2']),
    rows("DECLARE @s varchar(20) = 'SELECT '; EXEC (@s + '5')", ['5']),
    rows("EXEC sp_executesql N'SELECT @a + @b', N'@a int, @b int', 1, @b = 2", ['3']),
    rows("DECLARE @o int; EXEC sp_executesql N'SET @x = 7', N'@x int OUTPUT', @x = @o OUTPUT; SELECT @o", ['7']),
    rows("sp_executesql N'SELECT N''x'''", ['x']),
    rowsAfter(table, "EXEC ('DELETE #t WHERE a = 1'); SELECT COUNT(*) FROM #t", ['2']),
    rows("DECLARE @r int; EXEC @r = sp_executesql N'SELECT 1'; SELECT @r", ['1'], ['0']),
    rows('SELECT DB_NAME()', ['pool1']),
    error(174, 'SELECT OBJECT_ID()'),
    error(174, "SELECT DATABASEPROPERTYEX('pool1')"),
    error(156, "EXEC ('SELECT FROM WHERE x y z (')"),
    error(137, "DECLARE @a int = 1; EXEC ('SELECT @a')"),
  ],
};

export const syntax: CaseArea = {
  area: 'Syntax',
  cases: [
    rows('SELECT 1 SELECT 2', ['1'], ['2']),
    rows('SELECT @@MAX_PRECISION SET TRANSACTION ISOLATION LEVEL READ COMMITTED SET IMPLICIT_TRANSACTIONS OFF', ['38']),
    rows('SET QUOTED_IDENTIFIER OFF SELECT "it\'s"', ["it's"]),
    rows('SELECT [select] FROM (SELECT 1 AS [select]) [from]', ['1']),
    rows('SELECT "a b" FROM (SELECT 1 AS "a b") x', ['1']),
    rows("SELECT {fn UCASE('a')}, {d '2024-02-01'}", ['A', '2024-02-01 00:00:00.000']),
    rows("SELECT 'it''s', N'日本', ''", ["it's", '日本', '']),
    rows('select\u00a01 , -- x\n 2', ['1', '2']),
    rows('SELECT 0x, 0xABC', ['0x', '0x0ABC']),
    error(156, 'SELECT FROM t'),
    error(102, 'SELECT 1 +'),
    error(102, 'SELECT (1'),
    error(105, "SELECT 'abc"),
    error(113, 'SELECT 1 /* x'),
    error(191, `SELECT ${'('.repeat(10_000)}`),
    error(102, 'SELECT 1\nGO\nSELECT 2'),
    error(336, 'SELECT * FROM t WITH c AS (SELECT 1 x) SELECT 1'),
    error(40510, 'DECLARE c CURSOR FOR SELECT 1'),
    error(40510, 'SELECT 1; GOTO x'),
    error(40510, "SELECT * FROM OPENROWSET(BULK 'x', FORMAT = 'CSV') r"),
    error(40510, 'GRANT SELECT ON t TO u'),
  ],
};
