import { type CaseArea, error, rows, rowsAfter, value } from '../tsql-case.ts';
import { staff } from './queries.ts';

const sales = [
  "CREATE TABLE #s (y int, q varchar(2), n int); INSERT #s VALUES (2023, 'Q1', 1), (2023, 'Q1', 2), (2023, 'Q2', 4), (2024, 'Q2', 8)",
];
const quarters = ['CREATE TABLE #w (y int, Q1 int, Q2 int); INSERT #w VALUES (2023, 3, 4), (2024, NULL, 8)'];

export const pivots: CaseArea = {
  area: 'PIVOT and UNPIVOT',
  cases: [
    rowsAfter(
      sales,
      'SELECT y, [Q1], [Q2], [Q3] FROM #s PIVOT (SUM(n) FOR q IN ([Q1], [Q2], [Q3])) p ORDER BY y',
      ['2023', '3', '4', null],
      ['2024', null, '8', null],
    ),
    rowsAfter(sales, 'SELECT y, Q1, Q2 FROM #s PIVOT (COUNT(n) FOR q IN (Q1, Q2)) p ORDER BY y', ['2023', '2', '1'], ['2024', '0', '1']),
    rowsAfter(sales, 'SELECT * FROM (SELECT q, n FROM #s) s PIVOT (MAX(n) FOR q IN ([Q1], [Q2])) AS p', ['2', '8']),
    rowsAfter(
      quarters,
      'SELECT y, q, n FROM #w UNPIVOT (n FOR q IN (Q1, Q2)) u ORDER BY y, q',
      ['2023', 'Q1', '3'],
      ['2023', 'Q2', '4'],
      ['2024', 'Q2', '8'],
    ),
    { ...error(207, 'SELECT * FROM #s PIVOT (SUM(n) FOR nosuch IN ([a])) p'), setup: sales },
  ],
};

export const json: CaseArea = {
  area: 'JSON',
  cases: [
    rowsAfter(staff, 'SELECT id, name FROM #d ORDER BY id FOR JSON PATH', [
      '[{"id":1,"name":"Sales"},{"id":2,"name":"Works"},{"id":3,"name":"Empty"}]',
    ]),
    rows('SELECT 1 AS a, NULL AS b FOR JSON PATH', ['[{"a":1}]']),
    rows('SELECT 1 AS a, NULL AS b FOR JSON PATH, INCLUDE_NULL_VALUES', ['[{"a":1,"b":null}]']),
    rows('SELECT 1 AS [a.b], 2 AS [a.c] FOR JSON PATH, WITHOUT_ARRAY_WRAPPER', ['{"a":{"b":1,"c":2}}']),
    rows("SELECT 'x\"y' AS s, CAST(1 AS bit) AS t, 1.50 AS d FOR JSON PATH, ROOT('r')", ['{"r":[{"s":"x\\"y","t":true,"d":1.50}]}']),
    rows("SELECT CAST('2024-02-01T10:11:12' AS datetime) AS d, CAST('2024-02-01' AS date) AS e FOR JSON PATH", [
      '[{"d":"2024-02-01T10:11:12","e":"2024-02-01"}]',
    ]),
    value(`JSON_VALUE('{"a":{"b":[1,2]}}', '$.a.b[1]')`, '2', 'nvarchar(4000)'),
    value(`JSON_VALUE('{"a":{}}', '$.a')`, null),
    value(`JSON_QUERY('{"a":{"b":1}}', '$.a')`, '{"b":1}'),
    value(`ISJSON('{"a":1}')`, '1', 'int'),
    value("ISJSON('{a')", '0'),
    value('ISJSON(NULL)', null),
    rows(`SELECT [key], value, type FROM OPENJSON('{"a":1,"b":"x","c":null}')`, ['a', '1', '2'], ['b', 'x', '1'], ['c', null, '0']),
    rows("SELECT [key], value FROM OPENJSON('[10,20]')", ['0', '10'], ['1', '20']),
    rows(`SELECT a, b FROM OPENJSON('[{"a":1,"b":"x"},{"a":2}]') WITH (a int, b varchar(10))`, ['1', 'x'], ['2', null]),
    rows(`SELECT x FROM OPENJSON('{"r":[{"p":{"q":5}}]}', '$.r') WITH (x int '$.p.q')`, ['5']),
    error(13609, "SELECT JSON_VALUE('{a', '$.a')"),
    error(40510, `SELECT JSON_VALUE('{"a":1}', 'strict $.b')`),
    error(40510, 'SELECT 1 AS a FOR XML PATH'),
    value(`JSON_VALUE('{"a":"x"}', '$.b')`, null),
  ],
};
