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

const nested = String.raw`
SELECT @n = id, @s = name FROM t ORDER BY id DESC
=> @ [4,null] [3,"Bob"] [2,"ann "] [1,"Ann"]

SELECT TOP 2 @n = id FROM t ORDER BY id
=> @ [1] [2]

SELECT @n = 5
=> @ [5]

SELECT @n = id FROM t WHERE 1 = 0
=> @

SELECT @n += id FROM t WHERE id = 2
=> @ [5,null]

SELECT t.id, x.note FROM t CROSS APPLY (SELECT TOP 1 WITH TIES note FROM u WHERE u.t_id = t.id ORDER BY u.t_id) x ORDER BY 1, 2
=> [id:int! note:nvarchar(30)] [1,"x"] [1,"y"] [3,"z"]

SELECT t.id, x.note FROM t CROSS APPLY (SELECT TOP 50 PERCENT note FROM u WHERE u.t_id = t.id ORDER BY note) x ORDER BY 1, 2
=> [id:int! note:nvarchar(30)] [1,"x"] [3,"z"]

SELECT t.id, x.note FROM t CROSS APPLY (SELECT note FROM u WHERE u.t_id = t.id ORDER BY note OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY) x ORDER BY 1, 2
=> [id:int! note:nvarchar(30)] [1,"y"]

SELECT t.id, (SELECT MAX(x.c) FROM (SELECT COUNT(*) c FROM u WHERE u.t_id = t.id GROUP BY note) x) m FROM t ORDER BY 1
=> [id:int! m:int] [1,1] [2,null] [3,1] [4,null]

SELECT t.id, x.rn, x.note FROM t CROSS APPLY (SELECT note, ROW_NUMBER() OVER (ORDER BY note DESC) rn FROM u WHERE u.t_id = t.id) x ORDER BY 1, 2
=> [id:int! rn:bigint! note:nvarchar(30)] [1,"1","y"] [1,"2","x"] [3,"1","z"]

SELECT t.id, x.v FROM t CROSS APPLY (SELECT DISTINCT UPPER(note) v FROM u WHERE u.t_id = t.id UNION SELECT 'x') x ORDER BY 1, 2
=> [id:int! v:nvarchar(30)] [1,"X"] [1,"Y"] [2,"x"] [3,"x"] [3,"Z"] [4,"x"]

SELECT t.id, x.v FROM t CROSS APPLY (SELECT note v FROM u WHERE u.t_id = t.id EXCEPT SELECT 'X') x ORDER BY 1, 2
=> [id:int! v:nvarchar(30)] [1,"y"] [3,"z"]

SELECT t.id, x.k FROM t CROSS APPLY (SELECT k FROM (SELECT t.id a, t.qty b) s UNPIVOT (v FOR k IN (a, b)) p) x ORDER BY 1, 2
=> [id:int! k:nvarchar(128)!] [1,"a"] [1,"b"] [2,"a"] [2,"b"] [3,"a"] [4,"a"] [4,"b"]

SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id GROUP BY u.t_id HAVING COUNT(*) > 1)
=> [id:int!] [1]

SELECT id, (SELECT COUNT(*) FROM u WHERE u.t_id = t.id GROUP BY u.t_id) FROM t ORDER BY id
=> [id:int! :int] [1,2] [2,null] [3,1] [4,null]

SELECT id FROM t WHERE id = (SELECT TOP 1 t_id FROM u WHERE u.note > t.name ORDER BY u.id)
=> [id:int!] [1]

SELECT CASE WHEN EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id) THEN 'y' ELSE 'n' END e, COUNT(*) FROM t GROUP BY t.id ORDER BY t.id
=> [e:varchar(1)! :int!] ["y",1] ["n",1] ["y",1] ["n",1]

SELECT a.x FROM (SELECT NULL x UNION ALL SELECT NULL) a
=> [x:int] [null] [null]

SELECT a.x FROM (SELECT NULL x) a UNION ALL SELECT GETDATE() WHERE 1 = 0
=> [x:datetime] [null]

SELECT x + 1 FROM (SELECT NULL x) a
=> [:int] [null]

WITH c AS (SELECT NULL AS p, 1 AS n UNION ALL SELECT n, n + 1 FROM c WHERE n < 3) SELECT * FROM c ORDER BY n
=> [p:int n:int] [null,1] [1,2] [2,3]

WITH c AS (SELECT 1 AS n UNION ALL SELECT NULL FROM c WHERE n < 3) SELECT * FROM c ORDER BY n
=> [n:int] [null] [1]

SELECT name, COUNT(*) OVER (PARTITION BY name) FROM t ORDER BY id
=> [name:varchar(20) :int!] ["Ann",2] ["ann ",2] ["Bob",1] [null,1]

SELECT DENSE_RANK() OVER (ORDER BY name), NTILE(2) OVER (ORDER BY id) FROM t ORDER BY id
=> [:bigint! :bigint!] ["2","1"] ["2","1"] ["3","2"] ["1","2"]

SELECT COUNT(*) FROM (SELECT TOP 3 id FROM t ORDER BY NEWID()) x
=> [:int!] [3]

SELECT SUM(x) OVER (ORDER BY x) FROM (SELECT DISTINCT qty x FROM t) y ORDER BY 1
=> [:int] [null] [2] [7] [14]

SELECT STRING_AGG(note, '-') WITHIN GROUP (ORDER BY note DESC) FROM u
=> [:nvarchar(4000)] ["z-y-x-w"]

SELECT u.t_id, STRING_AGG(CAST(u.id AS varchar(10)), ',') WITHIN GROUP (ORDER BY u.id) ids FROM u GROUP BY u.t_id ORDER BY 1
=> [t_id:int ids:varchar(8000)] [1,"10,11"] [3,"12"] [9,"13"]

SELECT t.name, MAX(u.note) FROM t, u WHERE t.id = u.t_id GROUP BY t.name, t.id HAVING MAX(u.id) > 10 ORDER BY COUNT(*) DESC, 1
=> [name:varchar(20) :nvarchar(30)] ["Ann","y"] ["Bob","z"]

SELECT IIF(COUNT(*) > 3, 'many', 'few'), COUNT(*) * 2 + MAX(id) FROM t
=> [:varchar(4)! :int] ["many",12]

SELECT COALESCE(name, 'none') n, SUM(qty) FROM t GROUP BY COALESCE(name, 'none') ORDER BY COALESCE(name, 'none')
=> [n:varchar(20)! :int] ["Ann",12] ["Bob",null] ["none",2]

SELECT CAST(d AS date) dd, COUNT(*) FROM t GROUP BY CAST(d AS date) ORDER BY dd
=> [dd:date :int!] [null,2] ["2024-01-02",1] ["2024-05-06",1]

SELECT id FROM t WHERE name LIKE '%N%' ORDER BY LEN(name), id
=> [id:int!] [1] [2]

SELECT * FROM u PIVOT (COUNT(id) FOR note IN ([x], [y])) p ORDER BY t_id
=> [t_id:int x:int! y:int!] [1,1,1] [3,0,0] [9,0,0]

SELECT p.* FROM (SELECT t_id, note, id FROM u) s PIVOT (MAX(id) FOR note IN (x, y, z)) AS p WHERE p.t_id = 1
=> [t_id:int x:int y:int z:int] [1,10,11,null]

SELECT name, COUNT(*) FROM t GROUP BY name WITH ROLLUP ORDER BY GROUPING(name), name
=> [name:varchar(20) :int!] [null,1] ["Ann",2] ["Bob",1] [null,4]

SELECT GROUPING(qty) FROM t GROUP BY name
=> !! 8161 Argument 1 of the GROUPING function does not match any of the expressions in the GROUP BY clause.

SELECT a.id FROM t a WHERE a.qty > (SELECT AVG(b.qty) FROM t b) ORDER BY a.id
=> [id:int!] [1] [2]

SELECT t.id FROM t LEFT JOIN u ON t.id = u.t_id AND u.note = 'x' WHERE u.id IS NULL ORDER BY t.id
=> [id:int!] [2] [3] [4]

SELECT l.a, r.b FROM (VALUES (1), (2)) l(a) FULL OUTER JOIN (VALUES (2), (3)) r(b) ON l.a = r.b ORDER BY COALESCE(l.a, r.b)
=> [a:int b:int] [1,null] [2,2] [null,3]

SELECT MAX(t.id) FROM t GROUP BY t.name ORDER BY MAX(t.id) DESC
=> [:int] [4] [3] [2]

SELECT (SELECT MAX(t.id)) FROM t
=> !! 40510 An aggregate of an outer query's columns is not supported by this SQL pool. Compute it in the outer query.

SELECT id FROM t ORDER BY COUNT(*)
=> !! 8120 Column 't.id' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.

SELECT TOP 1 name, COUNT(*) c FROM t GROUP BY name ORDER BY 2 DESC
=> [name:varchar(20) c:int!] ["Ann",2]

SELECT id AS name, name AS id FROM t ORDER BY name
=> [name:int! id:varchar(20)] [1,"Ann"] [2,"ann "] [3,"Bob"] [4,null]

SELECT t.id, t.id AS id2 FROM t GROUP BY t.id ORDER BY id2 DESC
=> [id:int! id2:int!] [4,4] [3,3] [2,2] [1,1]

SELECT DISTINCT id, name FROM t ORDER BY t.name, id
=> [id:int! name:varchar(20)] [4,null] [1,"Ann"] [2,"ann "] [3,"Bob"]

SELECT DISTINCT qty * 2 AS dbl FROM t ORDER BY qty * 2
=> [dbl:int] [null] [4] [10] [14]

INSERT INTO u (id) SELECT TOP 1 id FROM t ORDER BY id DESC
=> (change 1)

SELECT id FROM u ORDER BY id OFFSET (SELECT COUNT(*) FROM t) ROWS
=> [id:int] [13]
`;

describe('rules of queries', () => {
  it.each([
    ['what is refused, and what is nearly so', rules],
    ['variables, correlated queries and groups in each other', nested],
  ])('%s', async (_topic, text) => {
    await using pool = await openPlannedPool();
    for (const [sql, answer] of casesOf(text)) expect(`${sql}\n=> ${await pool.run(sql)}`).toBe(`${sql}\n=> ${answer}`);
  });
});
