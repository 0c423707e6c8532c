import { describe, expect, it } from 'vitest';
import { casesOf, openPlannedPool } from '#test/tsql/planned-pool.ts';

const rules = String.raw`
SELECT id % 2 r, SUM(qty) FROM t GROUP BY id % 2 ORDER BY id % 2
=> [r:int! :int] [0,9] [1,5]

SELECT id % 2 + 1, SUM(qty) FROM t GROUP BY id % 2 ORDER BY 1
=> [:int! :int] [1,9] [2,5]

SELECT id x FROM t ORDER BY id * -1
=> [x:int!] [4] [3] [2] [1]

CREATE VIEW v AS SELECT id, name FROM t
=> 

ALTER VIEW v AS SELECT id FROM v
=> 

SELECT * FROM v
=> !! 4429 View or function 'v' contains a self-reference. Views or functions cannot reference themselves directly or indirectly.

CREATE VIEW v2 AS SELECT TOP 2 id, COUNT(*) OVER () AS n FROM t ORDER BY id DESC
=> 

SELECT a.id, a.n FROM v2 AS a JOIN t ON t.id = a.id ORDER BY a.id
=> [id:int! n:int!] [3,4] [4,4]

SELECT YEAR(d), COUNT(*) FROM t GROUP BY YEAR(d)
=> [:int :int!] [null,2] [2024,2]

SELECT name, qty FROM t GROUP BY name, qty HAVING qty > 5
=> [name:varchar(20) qty:int] ["ann ",7]

SELECT name FROM t HAVING COUNT(*) > 1
=> !! 8120 Column 't.name' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.

SELECT * FROM t GROUP BY id
=> !! 8120 Column 't.name' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.

SELECT COUNT(*) FROM t GROUP BY (SELECT 1)
=> !! 144 Cannot use an aggregate or a subquery in an expression used for the group by list of a GROUP BY clause.

SELECT COUNT(*) FROM t GROUP BY 1
=> !! 164 Each GROUP BY expression must contain at least one column that is not an outer reference.

SELECT name, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, name) FROM t GROUP BY name
=> [name:varchar(20) :bigint!] ["Ann","1"] [null,"2"] ["Bob","3"]

SELECT id FROM t WHERE ROW_NUMBER() OVER (ORDER BY id) = 1
=> !! 4108 Windowed functions can only appear in the SELECT or ORDER BY clauses.

SELECT SUM(ROW_NUMBER() OVER (ORDER BY id)) FROM t
=> !! 4109 Windowed functions cannot be used in the context of another windowed function or aggregate.

SELECT x.* FROM (SELECT id, RANK() OVER (ORDER BY name) r FROM t) x WHERE r = 2 ORDER BY id
=> [id:int! r:bigint!] [1,"2"] [2,"2"]

SELECT COUNT(*) c FROM (SELECT DISTINCT name, qty FROM t) q
=> [c:int!] [4]

SELECT a.id, b.id FROM t a CROSS JOIN t b WHERE a.id < b.id ORDER BY 1, 2 OFFSET 2 ROWS FETCH NEXT 2 ROWS ONLY
=> [id:int! id:int!] [1,4] [2,3]

SELECT TOP (2) PERCENT WITH TIES id FROM t ORDER BY name DESC
=> [id:int!] [3]

SELECT TOP 1.5 id FROM t
=> !! 1060 The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.

SELECT TOP (-1) id FROM t
=> !! 127 A TOP N or FETCH rowcount value may not be negative.

SELECT id FROM t ORDER BY id OFFSET -1 ROWS
=> !! 10742 The offset specified in a OFFSET clause may not be negative.

SELECT id FROM t ORDER BY id OFFSET 0 ROWS FETCH NEXT 0 ROWS ONLY
=> !! 10744 The number of rows provided for a FETCH clause must be greater then zero.

SELECT TOP 1 id FROM t ORDER BY id OFFSET 0 ROWS
=> !! 10741 A TOP can not be used in the same query or sub-query as a OFFSET.

SELECT TOP 1 WITH TIES id FROM t
=> !! 1062 The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.

SELECT d.n FROM (SELECT N'é' n UNION ALL SELECT N'E' UNION ALL SELECT N'f' UNION ALL SELECT N'D') d ORDER BY n
=> [n:nvarchar(1)!] ["D"] ["E"] ["é"] ["f"]

SELECT DISTINCT x FROM (VALUES ('a '), ('A'), ('b')) v(x) ORDER BY x
=> [x:varchar(2)!] ["A"] ["b"]

SELECT x COLLATE Latin1_General_BIN2 b FROM (VALUES ('a'), ('B'), ('A')) v(x) ORDER BY x COLLATE Latin1_General_BIN2
=> [b:varchar(1)!] ["A"] ["B"] ["a"]

SELECT x FROM (VALUES (CAST(NULL AS int)), (2), (1)) v(x) ORDER BY x DESC
=> [x:int] [2] [1] [null]

SELECT * FROM (VALUES (1, 'a'), (2)) v(a, b)
=> !! 10709 The number of columns for each row in a table value constructor must be the same.

SELECT * FROM (VALUES (1), (2.5)) v(a)
=> [a:decimal(11,1)!] ["1.0"] ["2.5"]

SELECT * FROM (VALUES (1), ('x')) v(a)
=> !! 245 Conversion failed when converting the varchar value 'x' to data type int.

SELECT id, u1.note FROM t LEFT JOIN (u u1 INNER JOIN u u2 ON u1.id = u2.id) ON u1.t_id = t.id ORDER BY t.id, u1.note
=> !! 209 Ambiguous column name 'id'.

SELECT t.id FROM t WHERE t.id = ALL (SELECT 1 UNION ALL SELECT 1)
=> [id:int!] [1]

SELECT t.id, (SELECT TOP 1 note FROM u WHERE u.t_id = t.id ORDER BY u.id DESC) FROM t ORDER BY 1
=> [id:int! :nvarchar(30)] [1,"y"] [2,null] [3,"z"] [4,null]

SELECT o.id FROM t o WHERE o.qty = (SELECT MAX(i.qty) FROM t i WHERE i.name = o.name)
=> [id:int!] [2]

WITH c AS (SELECT id FROM t), c AS (SELECT 1 a) SELECT * FROM c
=> !! 239 Duplicate common table expression name 'c' was specified.

WITH c AS (SELECT id FROM t ORDER BY id) SELECT * FROM c
=> !! 1033 The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.

WITH c AS (SELECT id FROM c) SELECT * FROM c
=> !! 252 Recursive common table expression 'c' does not contain a top-level UNION ALL operator.

WITH c AS (SELECT 1 a UNION ALL SELECT DISTINCT a + 1 FROM c WHERE a < 3) SELECT * FROM c
=> !! 460 DISTINCT operator is not allowed in the recursive part of a recursive common table expression 'c'.

WITH c AS (SELECT 1 a UNION ALL SELECT MAX(a) + 1 FROM c) SELECT * FROM c
=> !! 467 GROUP BY, HAVING, or aggregate functions are not allowed in the recursive part of a recursive common table expression 'c'.

WITH c AS (SELECT 1 a UNION ALL SELECT c.a + 1 FROM t LEFT JOIN c ON c.a = t.id) SELECT * FROM c
=> !! 462 Outer join is not allowed in the recursive part of a recursive common table expression 'c'.

WITH c AS (SELECT 1 a UNION ALL SELECT x.a + y.a FROM c x JOIN c y ON x.a = y.a) SELECT * FROM c
=> !! 253 Recursive member of a common table expression 'c' has multiple recursive references.

WITH c(a, b) AS (SELECT 1) SELECT * FROM c
=> !! 8159 'c' has fewer columns than were specified in the column list.

WITH n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 3), m AS (SELECT i * 10 j FROM n) SELECT n.i, m.j FROM n JOIN m ON m.j = n.i * 10 ORDER BY 1
=> [i:int j:int] [1,10] [2,20] [3,30]

SELECT (SELECT id, name FROM t x WHERE x.id = t.id FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) j FROM t WHERE id = 1
=> [j:nvarchar(max)] ["{\"id\":1,\"name\":\"Ann\"}"]

SELECT JSON_QUERY('{"a":1}') AS q, N'a/"b' + NCHAR(10) AS s, CAST(1.5 AS float) f, CAST(1 AS bit) b, CAST('2024-01-02T03:04:05.1234567' AS datetime2(3)) d, 0x0102 AS x FOR JSON PATH
=> [JSON_F52E2B61-18A1-11d1-B105-00805F49916B:nvarchar(max)] ["[{\"q\":{\"a\":1},\"s\":\"a\\/\\\"b\\n\",\"f\":1.500000000000000e+000,\"b\":true,\"d\":\"2024-01-02T03:04:05.123\",\"x\":\"AQI=\"}]"]

SELECT 1 AS a, 2 AS a FOR JSON PATH
=> !! 13601 Property 'a' cannot be generated in JSON output due to a conflict with another column name or alias. Use different names and aliases for each column in SELECT list.

SELECT 1 AS [a.b], 2 AS [c], 3 AS [a.d] FOR JSON PATH
=> !! 13601 Property 'a.d' cannot be generated in JSON output due to a conflict with another column name or alias. Use different names and aliases for each column in SELECT list.

SELECT * FROM OPENJSON('{"p":{"q":[10,20]}}', '$.p.q')
=> [key:nvarchar(4000)! value:nvarchar(max) type:tinyint!] ["0","10",2] ["1","20",2]

SELECT * FROM OPENJSON('{"p":1}') WITH (p int, q varchar(10) '$.p', r int '$.zz')
=> [p:int q:varchar(10) r:int] [1,"1",null]

SELECT * FROM OPENJSON('not json')
=> !! 13609 JSON text is not properly formatted.

SELECT t.id, j.v FROM t CROSS APPLY OPENJSON('[{"v":5}]') WITH (v int) j WHERE t.id < 3 ORDER BY 1
=> [id:int! v:int] [1,5] [2,5]

SELECT * FROM GENERATE_SERIES(3, 1)
=> [value:int!] [3] [2] [1]

SELECT * FROM STRING_SPLIT('a,b', '')
=> !! 214 Procedure expects parameter 'separator' of type 'nchar(1)/nvarchar(1)'.

SELECT value FROM STRING_SPLIT(NULL, ',')
=> [value:nvarchar(max)]

SELECT * FROM NOSUCH(1)
=> !! 208 Invalid object name 'NOSUCH'.

SELECT * FROM (SELECT 1 a, 'x' b) s UNPIVOT (v FOR k IN (a, b)) u
=> !! 8167 The type of column "b" conflicts with the type of other columns specified in the UNPIVOT list.

SELECT b, [x], [y] FROM (SELECT 'B' b, 'X' k, 1 v UNION ALL SELECT 'b', 'x', 2 UNION ALL SELECT 'c', 'y', 3) s PIVOT (SUM(v) FOR k IN ([x], [y])) p ORDER BY b
=> [b:varchar(1)! x:int y:int] ["B",3,null] ["c",null,3]

SELECT TOP 1 t.* FROM dbo.t ORDER BY dbo.t.id
=> [id:int! name:varchar(20) qty:int price:decimal(10,2) d:datetime] [1,"Ann",5,"1.50","2024-01-02 03:04:05"]

SELECT dbo.t.id FROM dbo.t AS x
=> !! 4104 The multi-part identifier "dbo.t.id" could not be bound.

SELECT [t].[id] FROM "t"
=> [id:int!] [1] [2] [3] [4]

SELECT master.dbo.t.id FROM t
=> !! 4104 The multi-part identifier "master.dbo.t.id" could not be bound.

SELECT id FROM srv.pool.dbo.t
=> !! 40515 Reference to database and/or server name in 'srv.pool.dbo.t' is not supported in this version of SQL Server.

SELECT SUM(qty) OVER nope FROM t
=> !! 5359 The window name 'nope' is not defined.

SELECT FIRST_VALUE(name) OVER (PARTITION BY name ORDER BY id DESC) FROM t ORDER BY id
=> [:varchar(20)] ["ann "] ["ann "] ["Bob"] [null]

SELECT AVG(price) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t ORDER BY id
=> [:decimal(38,6)] ["1.500000"] ["1.875000"] ["2.625000"] ["3.000000"]

SELECT COUNT(*) FROM t FOR BROWSE
=> !! 40510 FOR BROWSE is not supported by this SQL pool.
`;

describe('rules of queries', () => {
  it.each([['what is refused, and what is nearly so', rules]])('%s', async (_topic, text) => {
    await using pool = await openPlannedPool();
    for (const [sql, answer] of casesOf(text)) expect(`${sql}\n=> ${await pool.run(sql)}`).toBe(`${sql}\n=> ${answer}`);
  });
});
