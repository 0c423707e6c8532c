import { describe, expect, it } from 'vitest';
import { casesOf, openPlannedPool } from '#test/tsql/planned-pool.ts';

const firstQueries = String.raw`
SELECT 1 AS a, 'x' b, NULL c
=> [a:int! b:varchar(1)! c:int] [1,"x",null]

SELECT * FROM t ORDER BY name DESC, id
=> [id:int! name:varchar(20) qty:int price:decimal(10,2) d:datetime] [3,"Bob",null,"3.00","2024-05-06 00:00:00.12"] [1,"Ann",5,"1.50","2024-01-02 03:04:05"] [2,"ann ",7,"2.25",null] [4,null,2,null,null]

SELECT T.id, Name n, [qty]*2 FROM dbo.T WHERE name = 'ANN' ORDER BY 1 DESC
=> [id:int! n:varchar(20) :int] [2,"ann ",14] [1,"Ann",10]

SELECT name, COUNT(*) c, SUM(qty) s FROM t GROUP BY name ORDER BY c DESC, name
=> [name:varchar(20) c:int! s:int] ["Ann",2,12] [null,1,2] ["Bob",1,null]

SELECT UPPER(name), COUNT(*) FROM t GROUP BY UPPER(name) HAVING COUNT(*) > 1
=> [:varchar(20) :int!] ["ANN",2]

SELECT name, qty, COUNT(*) FROM t GROUP BY name
=> !! 8120 Column 't.qty' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.

SELECT COUNT(*), MAX(price) FROM t WHERE id > 100
=> [:int! :decimal(10,2)] [0,null]

SELECT DISTINCT name FROM t ORDER BY name
=> [name:varchar(20)] [null] ["Ann"] ["Bob"]

SELECT TOP 2 id FROM t ORDER BY qty
=> [id:int!] [3] [4]

SELECT TOP 1 WITH TIES name FROM t WHERE name IS NOT NULL ORDER BY name
=> [name:varchar(20)] ["Ann"] ["ann "]

SELECT TOP 50 PERCENT id FROM t ORDER BY id
=> [id:int!] [1] [2]

SELECT id FROM t ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY
=> [id:int!] [2] [3]

SELECT t.id, u.note FROM t LEFT JOIN u ON u.t_id = t.id ORDER BY t.id, u.note
=> [id:int! note:nvarchar(30)] [1,"x"] [1,"y"] [2,null] [3,"z"] [4,null]

SELECT t.id, x.n FROM t CROSS APPLY (SELECT COUNT(*) n FROM u WHERE u.t_id = t.id) x ORDER BY 1
=> [id:int! n:int!] [1,2] [2,0] [3,1] [4,0]

SELECT t.id, x.note FROM t OUTER APPLY (SELECT TOP 1 note FROM u WHERE u.t_id = t.id ORDER BY note DESC) x ORDER BY 1
=> [id:int! note:nvarchar(30)] [1,"y"] [2,null] [3,"z"] [4,null]

SELECT id, (SELECT COUNT(*) FROM u WHERE u.t_id = t.id) FROM t WHERE EXISTS (SELECT * FROM u WHERE t_id = t.id)
=> [id:int! :int] [1,2] [3,1]

WITH c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT * FROM c
=> [n:int] [1] [2] [3] [4] [5]

WITH c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c
=> !! 530 The statement terminated. The maximum recursion 100 has been exhausted before statement completion.

WITH c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c WHERE n < 200) SELECT COUNT(*) FROM c OPTION (MAXRECURSION 300)
=> [:int!] [200]

WITH a(x) AS (SELECT id FROM t), b AS (SELECT x*2 y FROM a) SELECT SUM(y) s FROM b
=> [s:int] [20]

SELECT 'a' x UNION SELECT 'A' UNION SELECT 'b' ORDER BY x
=> [x:varchar(1)!] ["A"] ["b"]

SELECT id FROM t EXCEPT SELECT t_id FROM u ORDER BY id
=> [id:int!] [2] [4]

SELECT name FROM t INTERSECT SELECT 'BOB'
=> [name:varchar(20)] ["Bob"]

SELECT 1 UNION ALL SELECT 2.5
=> [:decimal(11,1)!] ["1.0"] ["2.5"]

SELECT NULL a UNION ALL SELECT 'x'
=> [a:varchar(1)] [null] ["x"]

SELECT name, qty, GROUPING(name) g, SUM(price) p FROM t GROUP BY ROLLUP(name, qty) ORDER BY 3,1,2
=> [name:varchar(20) qty:int g:tinyint! p:decimal(38,2)] [null,null,0,null] [null,2,0,null] ["Ann",null,0,"3.75"] ["Ann",5,0,"1.50"] ["ann ",7,0,"2.25"] ["Bob",null,0,"3.00"] ["Bob",null,0,"3.00"] [null,null,1,"6.75"]

SELECT * FROM (VALUES (1,'a'),(2,NULL)) v(n, s) ORDER BY n
=> [n:int! s:varchar(1)] [1,"a"] [2,null]

SELECT id, ROW_NUMBER() OVER (PARTITION BY name ORDER BY id) rn, SUM(qty) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) run FROM t ORDER BY id
=> [id:int! rn:bigint! run:int] [1,"1",5] [2,"2",12] [3,"1",12] [4,"1",14]

SELECT name, SUM(SUM(qty)) OVER (ORDER BY name) FROM t GROUP BY name ORDER BY name
=> [name:varchar(20) :int] [null,2] ["Ann",14] ["Bob",14]

SELECT SUM(qty) OVER w FROM t WINDOW w AS (ORDER BY id)
=> [:int] [5] [12] [12] [14]

SELECT * FROM (SELECT name, qty, id FROM t) s PIVOT (SUM(qty) FOR id IN ([1],[2],[3])) p ORDER BY name
=> [name:varchar(20) 1:int 2:int 3:int] [null,null,null,null] ["Ann",5,7,null] ["Bob",null,null,null]

SELECT id, k, v FROM (SELECT id, qty, id*10 x FROM t) s UNPIVOT (v FOR k IN (qty, x)) u ORDER BY id, k
=> [id:int! k:nvarchar(128)! v:int!] [1,"qty",5] [1,"x",10] [2,"qty",7] [2,"x",20] [3,"x",30] [4,"qty",2] [4,"x",40]

SELECT id, name, d, price FROM t ORDER BY id FOR JSON PATH
=> [JSON_F52E2B61-18A1-11d1-B105-00805F49916B:nvarchar(max)] ["[{\"id\":1,\"name\":\"Ann\",\"d\":\"2024-01-02T03:04:05\",\"price\":1.50},{\"id\":2,\"name\":\"ann \",\"price\":2.25},{\"id\":3,\"name\":\"Bob\",\"d\":\"2024-05-06T00:00:00.120\",\"price\":3.00},{\"id\":4}]"]

SELECT id AS [a.id], name AS [a.n/x], (SELECT note FROM u WHERE t_id = t.id FOR JSON PATH) AS notes FROM t ORDER BY id FOR JSON PATH, ROOT('r'), INCLUDE_NULL_VALUES
=> [JSON_F52E2B61-18A1-11d1-B105-00805F49916B:nvarchar(max)] ["{\"r\":[{\"a\":{\"id\":1,\"n\\/x\":\"Ann\"},\"notes\":[{\"note\":\"x\"},{\"note\":\"y\"}]},{\"a\":{\"id\":2,\"n\\/x\":\"ann \"},\"notes\":null},{\"a\":{\"id\":3,\"n\\/x\":\"Bob\"},\"notes\":[{\"note\":\"z\"}]},{\"a\":{\"id\":4,\"n\\/x\":null},\"notes\":null}]}"]

SELECT value FROM STRING_SPLIT('a,b,c', ',') ORDER BY value DESC
=> [value:varchar(5)] ["c"] ["b"] ["a"]

SELECT value, ordinal FROM STRING_SPLIT('a b', ' ', 1) ORDER BY ordinal
=> [value:varchar(3) ordinal:bigint!] ["a","1"] ["b","2"]

SELECT value FROM GENERATE_SERIES(1, 5, 2)
=> [value:int!] [1] [3] [5]

SELECT * FROM OPENJSON('[{"a":1,"b":"x"},{"a":2}]') WITH (a int, b nvarchar(10), z nvarchar(max) '$' AS JSON)
=> [a:int b:nvarchar(10) z:nvarchar(max)] [1,"x","{\"a\":1,\"b\":\"x\"}"] [2,null,"{\"a\":2}"]

SELECT [key], value, type FROM OPENJSON('{"a":1,"b":null,"c":[1,2],"d":"s"}')
=> [key:nvarchar(4000)! value:nvarchar(max) type:tinyint!] ["a","1",2] ["b",null,0] ["c","[1,2]",4] ["d","s",1]

SELECT (SELECT id FROM t)
=> !! 512 Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.

SELECT x FROM t
=> !! 207 Invalid column name 'x'.

SELECT t.x FROM t
=> !! 207 Invalid column name 'x'.

SELECT q.id FROM t
=> !! 4104 The multi-part identifier "q.id" could not be bound.

SELECT id FROM t, u
=> !! 209 Ambiguous column name 'id'.

SELECT * FROM nope
=> !! 208 Invalid object name 'nope'.

SELECT id FROM t ORDER BY 5
=> !! 108 The ORDER BY position number 5 is out of range of the number of items in the select list.

SELECT DISTINCT id FROM t ORDER BY qty
=> !! 145 ORDER BY items must appear in the select list if SELECT DISTINCT is specified.

SELECT id FROM (SELECT id FROM t ORDER BY id) x
=> !! 1033 The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.

SELECT SUM(qty) FROM t WHERE SUM(qty) > 1
=> !! 147 An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.

SELECT SUM(COUNT(*)) FROM t
=> !! 130 Cannot perform an aggregate function on an expression containing an aggregate or a subquery.

SELECT t.* , u.* FROM t JOIN u ON t.id = u.t_id ORDER BY u.id
=> [id:int! name:varchar(20) qty:int price:decimal(10,2) d:datetime id:int t_id:int note:nvarchar(30)] [1,"Ann",5,"1.50","2024-01-02 03:04:05",10,1,"x"] [1,"Ann",5,"1.50","2024-01-02 03:04:05",11,1,"y"] [3,"Bob",null,"3.00","2024-05-06 00:00:00.12",12,3,"z"]

SELECT TOP (@n) id FROM t
=> [id:int!] [1] [2] [3]

SELECT @n = id FROM t ORDER BY id
=> @ [1] [2] [3] [4]

SELECT * FROM pool.dbo.t a WHERE a.id = 1
=> [id:int! name:varchar(20) qty:int price:decimal(10,2) d:datetime] [1,"Ann",5,"1.50","2024-01-02 03:04:05"]

SELECT * FROM other.dbo.t
=> !! 40515 Reference to database and/or server name in 'other.dbo.t' is not supported in this version of SQL Server.

SELECT a.id FROM t a, t b WHERE a.id = b.id AND a.name LIKE 'a%'
=> [id:int!] [1] [2]

SELECT id FROM t WHERE id IN (SELECT t_id FROM u) AND qty > ANY (SELECT 1)
=> [id:int!] [1]
`;

const joins = String.raw`
SELECT CASE WHEN name = 'b' THEN 1 ELSE 0 END x, COUNT(*) FROM t GROUP BY CASE WHEN name = 'b' THEN 1 ELSE 0 END
=> [x:int! :int!] [0,4]

SELECT id % 2, SUM(qty) FROM t GROUP BY id % 2 ORDER BY id % 2
=> [:int! :int] [0,9] [1,5]

SELECT id % 2 + 1, SUM(qty) FROM t GROUP BY id % 2 ORDER BY 1
=> [:int! :int] [1,9] [2,5]

SELECT (SELECT SUM(x.qty) FROM t x WHERE x.id <= t.id), SUM(qty) FROM t GROUP BY id ORDER BY id
=> [:int :int] [5,5] [12,7] [12,null] [14,2]

SELECT name, (SELECT COUNT(*) FROM u WHERE u.t_id = MAX(t.id)) FROM t GROUP BY name ORDER BY name
=> !! 147 An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.

SELECT COUNT(DISTINCT name), COUNT(name), STRING_AGG(name, ',') WITHIN GROUP (ORDER BY id) FROM t
=> [:int! :int! :varchar(8000)] [2,3,"Ann,ann ,Bob"]

SELECT a.id, b.id FROM t a FULL JOIN (SELECT t_id AS id FROM u) b ON a.id = b.id ORDER BY a.id, b.id
=> [id:int id:int] [null,9] [1,1] [1,1] [2,null] [3,3] [4,null]

SELECT * FROM t a RIGHT JOIN u b ON a.id = b.t_id AND b.id > 11 WHERE a.id IS NULL ORDER BY b.id
=> [id:int name:varchar(20) qty:int price:decimal(10,2) d:datetime id:int t_id:int note:nvarchar(30)] [null,null,null,null,null,10,1,"x"] [null,null,null,null,null,11,1,"y"] [null,null,null,null,null,13,9,"w"]

SELECT a.id FROM (t a JOIN u b ON a.id = b.t_id) JOIN t c ON c.id = a.id ORDER BY 1
=> [id:int!] [1] [1] [3]

SELECT x.v FROM t CROSS APPLY (VALUES (t.id), (t.qty)) x(v) WHERE t.id = 1 ORDER BY x.v
=> [v:int] [1] [5]

SELECT t.id, s.value FROM t CROSS APPLY STRING_SPLIT(t.name, 'n') s WHERE t.id = 1
=> [id:int! value:varchar(20)] [1,""] [1,""] [1,"A"]

SELECT id FROM t WHERE name = 'ann' AND qty IN (5, 7) UNION ALL SELECT 9 UNION SELECT 9 ORDER BY 1 DESC
=> [id:int!] [9] [2] [1]

(SELECT TOP 1 id FROM t ORDER BY id DESC) UNION ALL (SELECT TOP 1 id FROM t ORDER BY id)
=> [id:int!] [4] [1]

SELECT TOP 3 id FROM t UNION ALL SELECT TOP 1 t_id FROM u
=> [id:int] [1] [2] [3] [1]

SELECT * FROM (SELECT TOP 2 * FROM t ORDER BY id DESC) x ORDER BY id
=> [id:int! name:varchar(20) qty:int price:decimal(10,2) d:datetime] [3,"Bob",null,"3.00","2024-05-06 00:00:00.12"] [4,null,2,null,null]

SELECT id, name AS id FROM t ORDER BY id
=> !! 209 Ambiguous column name 'id'.

SELECT name AS nm FROM t ORDER BY t.id DESC
=> [nm:varchar(20)] [null] ["Bob"] ["ann "] ["Ann"]

SELECT id x FROM t ORDER BY x + 1
=> !! 207 Invalid column name 'x'.

SELECT TOP 0 * FROM t
=> [id:int! name:varchar(20) qty:int price:decimal(10,2) d:datetime]

SELECT id FROM t ORDER BY (SELECT NULL) OFFSET 0 ROWS
=> [id:int!] [1] [2] [3] [4]

SELECT MAX(id), MIN(name), AVG(qty) FROM t
=> [:int :varchar(20) :int] [4,"Ann",4]

SELECT 1 WHERE 1 = 0
=> [:int!]

SELECT COUNT(*) FROM t HAVING COUNT(*) > 100
=> [:int!]

SELECT TOP 1 PERCENT id FROM t ORDER BY id
=> [id:int!] [1]

SELECT DISTINCT TOP 2 name FROM t ORDER BY name DESC
=> [name:varchar(20)] ["Bob"] ["Ann"]

SELECT GROUPING_ID(name, qty), COUNT(*) FROM t GROUP BY CUBE(name, qty) ORDER BY 1, 2
=> [:int! :int!] [0,1] [0,1] [0,1] [0,1] [1,1] [1,1] [1,2] [2,1] [2,1] [2,1] [2,1] [3,4]

SELECT name, COUNT(*) FROM t GROUP BY GROUPING SETS ((name), ()) ORDER BY 2, 1
=> [name:varchar(20) :int!] [null,1] ["Bob",1] ["Ann",2] [null,4]

SELECT id FROM t WHERE (SELECT COUNT(*) FROM u WHERE u.t_id = t.id AND u.note = 'X') = 1
=> [id:int!] [1]

SELECT t.id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id) ORDER BY 1
=> [id:int!] [2] [4]

SELECT t.id FROM t WHERE t.id NOT IN (SELECT t_id FROM u)
=> [id:int!] [2] [4]

SELECT SUM(u.id) OVER (PARTITION BY t.name), LAG(u.id) OVER (ORDER BY u.id) FROM t JOIN u ON t.id = u.t_id ORDER BY u.id
=> [:int :int] [21,null] [21,10] [12,11]

WITH e(id, boss) AS (SELECT 1, NULL UNION ALL SELECT 2, 1 UNION ALL SELECT 3, 2), r AS (SELECT id, boss, 0 lvl FROM e WHERE boss IS NULL UNION ALL SELECT e.id, e.boss, r.lvl + 1 FROM e JOIN r ON e.boss = r.id) SELECT * FROM r ORDER BY lvl
=> [id:int boss:int lvl:int] [1,null,0] [2,1,1] [3,2,2]

WITH r AS (SELECT CAST('a' AS varchar(10)) s, 1 n UNION ALL SELECT CAST(s + 'b' AS varchar(10)), n + 1 FROM r WHERE n < 3) SELECT s FROM r ORDER BY n
=> [s:varchar(10)] ["a"] ["ab"] ["abb"]

WITH r AS (SELECT 'a' s, 1 n UNION ALL SELECT s + 'b', n + 1 FROM r WHERE n < 3) SELECT s FROM r
=> !! 240 Types don't match between the anchor and the recursive part in column "s" of recursive query "r".

SELECT id, name FROM t WHERE id = 1 FOR JSON PATH, WITHOUT_ARRAY_WRAPPER
=> [JSON_F52E2B61-18A1-11d1-B105-00805F49916B:nvarchar(max)] ["{\"id\":1,\"name\":\"Ann\"}"]

SELECT id FROM t WHERE id = 99 FOR JSON PATH
=> [JSON_F52E2B61-18A1-11d1-B105-00805F49916B:nvarchar(max)]

SELECT id, name FROM t WHERE id < 3 FOR JSON AUTO
=> [JSON_F52E2B61-18A1-11d1-B105-00805F49916B:nvarchar(max)] ["[{\"id\":1,\"name\":\"Ann\"},{\"id\":2,\"name\":\"ann \"}]"]

SELECT id + 1 FROM t FOR JSON PATH
=> !! 13605 Column expressions and data sources without names or aliases cannot be formatted as JSON text using FOR JSON clause. Add alias to the unnamed column or table.

SELECT * FROM t FOR XML PATH
=> !! 40510 FOR XML is not supported by this SQL pool. Use FOR JSON.

SELECT (SELECT 1, 2)
=> !! 116 Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.

SELECT @n = id, name FROM t
=> !! 141 A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.

SELECT @n = @n + qty FROM t
=> !! 40510 A variable that gathers over several rows of a SELECT is not supported by this SQL pool. Use STRING_AGG or SUM.

SELECT @n = MAX(id) FROM t
=> @ [4]

SELECT * FROM t TABLESAMPLE (10 PERCENT)
=> !! 40510 TABLESAMPLE is not supported by this SQL pool.

SELECT a.* FROM t
=> !! 107 The column prefix 'a' does not match with a table name or alias name used in the query.

SELECT b.* FROM t a
=> !! 107 The column prefix 'b' does not match with a table name or alias name used in the query.

SELECT t.id FROM t t, u t
=> !! 1011 The correlation name 't' is specified multiple times in a FROM clause.

SELECT * FROM t JOIN t ON 1 = 1
=> !! 1013 The objects "t" and "t" in the FROM clause have the same exposed names. Use correlation names to distinguish them.

SELECT * FROM (SELECT 1) x
=> !! 8155 No column name was specified for column 1 of 'x'.

SELECT * FROM (SELECT 1 a, 2 a) x
=> !! 8156 The column 'a' was specified multiple times for 'x'.

SELECT * FROM (SELECT 1 a) x(b, c)
=> !! 8159 'x' has fewer columns than were specified in the column list.

SELECT 1 UNION SELECT 1, 2
=> !! 205 All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.

SELECT id FROM t UNION SELECT id FROM u ORDER BY qty
=> !! 104 ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.

SELECT 'abc' UNION ALL SELECT 1
=> !! 245 Conversion failed when converting the varchar value 'abc' to data type int.

SELECT * FROM t WITH (NOLOCK) WHERE id = 1 OPTION (RECOMPILE)
=> [id:int! name:varchar(20) qty:int price:decimal(10,2) d:datetime] [1,"Ann",5,"1.50","2024-01-02 03:04:05"]
`;

describe('queries of T-SQL on a pool', () => {
  it.each([
    ['every clause of a query', firstQueries],
    ['joins, groups, set operations and recursion', joins],
  ])('%s', async (_topic, text) => {
    await using pool = await openPlannedPool();
    for (const [sql, answer] of casesOf(text)) expect(`${sql}\n=> ${await pool.run(sql)}`).toBe(`${sql}\n=> ${answer}`);
  });
});
