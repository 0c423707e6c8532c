import { type CaseArea, error, rows, rowsAfter } from '../tsql-case.ts';

export const tables: CaseArea = {
  area: 'Tables, views and schemas',
  cases: [
    rowsAfter('CREATE TABLE #t (a int, b varchar(5))', 'SELECT * FROM #t'),
    rowsAfter(['CREATE TABLE #t (a int)', 'INSERT #t VALUES (1)'], 'SELECT a FROM #t', ['1']),
    rowsAfter("SELECT 1 AS a, 'x' AS b INTO #t", 'SELECT a, b FROM #t', ['1', 'x']),
    rowsAfter(
      'CREATE TABLE tables_1 (a int NOT NULL, b nvarchar(10) NULL)',
      "INSERT tables_1 VALUES (1, N'é'); SELECT b, a FROM dbo.tables_1; DROP TABLE tables_1",
      ['é', '1'],
    ),
    rowsAfter(
      'CREATE TABLE tables_2 (a int, b int) WITH (DISTRIBUTION = HASH(a), CLUSTERED COLUMNSTORE INDEX)',
      'INSERT tables_2 VALUES (1, 2); SELECT a + b FROM tables_2; DROP TABLE tables_2',
      ['3'],
    ),
    rowsAfter(
      ['CREATE TABLE tables_3 WITH (DISTRIBUTION = ROUND_ROBIN, HEAP) AS SELECT 1 AS a, CAST(2.5 AS decimal(5,2)) AS b'],
      'SELECT a, b FROM tables_3; DROP TABLE tables_3',
      ['1', '2.50'],
    ),
    rowsAfter(
      'CREATE TABLE tables_4 (a int)',
      "IF OBJECT_ID('tables_4') IS NOT NULL DROP TABLE tables_4; SELECT OBJECT_ID('dbo.tables_4')",
      [null],
    ),
    rowsAfter(
      'CREATE TABLE tables_5 (a int); INSERT tables_5 VALUES (1)',
      'ALTER TABLE tables_5 ADD b int NULL; SELECT a, b FROM tables_5; DROP TABLE tables_5',
      ['1', null],
    ),
    rowsAfter(
      'CREATE TABLE tables_6 (a int, b int); INSERT tables_6 VALUES (1, 2)',
      'ALTER TABLE tables_6 DROP COLUMN b; SELECT * FROM tables_6; DROP TABLE tables_6',
      ['1'],
    ),
    rowsAfter(
      'CREATE TABLE tables_7 (a int); INSERT tables_7 VALUES (1)',
      'RENAME OBJECT tables_7 TO tables_8; SELECT a FROM tables_8; DROP TABLE tables_8',
      ['1'],
    ),
    rowsAfter(
      ['CREATE TABLE tables_9 (a int); INSERT tables_9 VALUES (1), (2)', 'CREATE VIEW tables_v AS SELECT a * 10 AS x FROM tables_9'],
      'SELECT x FROM tables_v ORDER BY x; DROP VIEW tables_v; DROP TABLE tables_9',
      ['10'],
      ['20'],
    ),
    rowsAfter(
      ['CREATE VIEW tables_w AS SELECT 1 AS x', 'ALTER VIEW tables_w AS SELECT 2 AS x'],
      'SELECT x FROM tables_w; DROP VIEW tables_w',
      ['2'],
    ),
    rowsAfter(
      ['CREATE SCHEMA tables_s', 'CREATE TABLE tables_s.t (a int); INSERT tables_s.t VALUES (5)'],
      'SELECT a FROM tables_s.t; DROP TABLE tables_s.t; DROP SCHEMA tables_s',
      ['5'],
    ),
    rowsAfter(
      'CREATE TABLE tables_10 (a int NOT NULL, b decimal(9,3) NULL, c nvarchar(20))',
      "SELECT COLUMN_NAME, IS_NULLABLE, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'tables_10' ORDER BY ORDINAL_POSITION; DROP TABLE tables_10",
      ['a', 'NO', 'int'],
      ['b', 'YES', 'decimal'],
      ['c', 'YES', 'nvarchar'],
    ),
    rows('DECLARE @t TABLE (a int, b int DEFAULT 5); INSERT @t (a) VALUES (1), (2); SELECT SUM(a), SUM(b) FROM @t', ['3', '10']),
    rows('DROP TABLE IF EXISTS nosuch; SELECT 1', ['1']),
    error(40510, 'CREATE TABLE #t (a int, c AS a * 2)'),
    error(2714, 'CREATE TABLE #t (a int)', 'CREATE TABLE #t (a int)'),
    error(2705, 'CREATE TABLE #t (a int, A int)'),
    error(2715, 'CREATE TABLE #t (a nosuchtype)'),
    error(3701, 'DROP TABLE nosuch'),
    error(111, 'SELECT 1 CREATE VIEW v AS SELECT 1 AS a'),
    error(2760, 'CREATE TABLE nosuchschema.t (a int)'),
    error(40510, 'CREATE PROCEDURE p AS SELECT 1'),
    error(40510, 'CREATE TABLE #t (a xml)'),
    error(4902, 'ALTER TABLE nosuch ADD a int'),
    error(8110, 'CREATE TABLE #t (a int PRIMARY KEY, b int PRIMARY KEY)'),
  ],
};
