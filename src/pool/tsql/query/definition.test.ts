import { describe, expect, it } from 'vitest';
import { casesOf, openPlannedPool } from '#test/tsql/planned-pool.ts';

const definitions = String.raw`
INSERT INTO linked VALUES (1)
=> !! 229 The INSERT permission was denied on the object 'linked', database 'pool', schema 'dbo'. A link fills it.

UPDATE linked SET a = 1
=> !! 229 The UPDATE permission was denied on the object 'linked', database 'pool', schema 'dbo'. A link fills it.

DELETE l FROM linked l
=> !! 229 The DELETE permission was denied on the object 'linked', database 'pool', schema 'dbo'. A link fills it.

MERGE linked USING u ON linked.a = u.id WHEN MATCHED THEN DELETE;
=> !! 229 The MERGE permission was denied on the object 'linked', database 'pool', schema 'dbo'. A link fills it.

TRUNCATE TABLE linked
=> !! 229 The TRUNCATE permission was denied on the object 'linked', database 'pool', schema 'dbo'. A link fills it.

DROP TABLE linked
=> !! 229 The DROP permission was denied on the object 'linked', database 'pool', schema 'dbo'. A link fills it.

ALTER TABLE linked ADD b int
=> !! 229 The ALTER permission was denied on the object 'linked', database 'pool', schema 'dbo'. A link fills it.

CREATE TABLE types (a tinyint, b smallint, c bigint, d decimal(5,2), e money, f float, g real, h date, i time(3), j datetimeoffset(2), k uniqueidentifier, l char(4), m nchar(2), n binary(3), o varbinary(4), p bit, q nvarchar(max), r smalldatetime)
=> 

INSERT INTO types (a, d, e, l, n, o, p) VALUES (255, 1.005, 2, 'ab', 0x01, 0x0102, 1)
=> (change 1)

INSERT INTO types (a) VALUES (256)
=> !! 220 Arithmetic overflow error for data type tinyint, value = 256.

INSERT INTO types (d) VALUES (1000)
=> !! 8115 Arithmetic overflow error converting expression to data type numeric.

INSERT INTO types (o) VALUES (0x0102030405)
=> !! 2628 String or binary data would be truncated in table 'pool.dbo.types', column 'o'.

INSERT INTO types (b) VALUES ('12'), ('x')
=> !! 245 Conversion failed when converting the varchar value 'x' to data type smallint.

INSERT INTO types (h, i, j, k, r) VALUES ('2024-02-29', '10:11:12.3456', '2024-01-01T00:00:00+02:00', '6F9619FF-8B86-D011-B42D-00C04FC964FF', '2024-01-01T10:11:31')
=> (change 1)

INSERT INTO types (b) VALUES (1.9), (-1.9)
=> (change 2)

INSERT INTO types (o) VALUES ('abc')
=> !! 257 Implicit conversion from data type varchar to varbinary is not allowed. Use the CONVERT function to run this query.

SELECT a, d, e, l, n, o, p FROM types WHERE a = 255
=> [a:tinyint d:decimal(5,2) e:money l:char(4) n:binary(3) o:varbinary(4) p:bit] [255,"1.01","2.0000","ab  ","\\x01\\x00\\x00","\\x01\\x02",true]

SELECT h, i, j, k, r FROM types WHERE h IS NOT NULL
=> [h:date i:time(3) j:datetimeoffset(2) k:uniqueidentifier r:smalldatetime] ["2024-02-29","10:11:12.346",{"utc":"2023-12-31 22:00:00+00","offset_minutes":120},"6f9619ff-8b86-d011-b42d-00c04fc964ff","2024-01-01 10:12:00"]

SELECT b FROM types WHERE b IS NOT NULL ORDER BY b
=> [b:smallint] [-1] [1]

INSERT INTO types (a, b) SELECT id, qty FROM t WHERE id < 3
=> (change 2)

INSERT INTO types (a) SELECT id, qty FROM t
=> !! 121 The select list for the INSERT statement contains more items than the insert list. The number of SELECT values must match the number of INSERT columns.

INSERT INTO types (a, b) SELECT id FROM t
=> !! 120 The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT values must match the number of INSERT columns.

INSERT TOP (2) INTO types (c) SELECT id FROM t
=> (change 2)

CREATE TABLE src (k int NOT NULL, v varchar(10), w int)
=> 

INSERT INTO src VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)
=> (change 3)

MERGE INTO src AS s USING (SELECT 2 AS k, 'zwei' AS v UNION ALL SELECT 4, 'vier') AS n ON s.k = n.k WHEN MATCHED AND n.v = 'x' THEN DELETE WHEN MATCHED THEN UPDATE SET v = n.v, w += 10 WHEN NOT MATCHED BY TARGET AND n.k > 3 THEN INSERT (k, v) VALUES (n.k, n.v) WHEN NOT MATCHED BY SOURCE AND s.k = 3 THEN UPDATE SET w = NULL;
=> (count ["3"])

SELECT * FROM src ORDER BY k
=> [k:int! v:varchar(10) w:int] [1,"one",1] [2,"zwei",12] [3,"three",null] [4,"vier",null]

MERGE src USING u ON src.k = u.id WHEN NOT MATCHED THEN DELETE;
=> !! 156 Incorrect syntax near the keyword 'DELETE'.

MERGE src USING u ON src.k = u.id WHEN MATCHED THEN DELETE WHEN MATCHED THEN UPDATE SET w = 1;
=> !! 5324 In a MERGE statement, a 'WHEN MATCHED' clause with a search condition cannot appear after a 'WHEN MATCHED' clause with no search condition.

MERGE src USING u ON src.k = u.id WHEN NOT MATCHED THEN INSERT (v) VALUES ('a');
=> !! 515 Cannot insert the value NULL into column 'k', table 'pool.dbo.src'; column does not allow nulls. INSERT fails.

UPDATE src SET k = NULL WHERE k = 1
=> !! 515 Cannot insert the value NULL into column 'k', table 'pool.dbo.src'; column does not allow nulls. UPDATE fails.

UPDATE src SET v = 'far too long a text' WHERE k = 1
=> !! 2628 String or binary data would be truncated in table 'pool.dbo.src', column 'v'.

UPDATE src SET nope = 1
=> !! 207 Invalid column name 'nope'.

UPDATE src SET v = v, v = 'a'
=> !! 264 The column name 'v' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code.

UPDATE s SET w = x.n FROM src s CROSS APPLY (SELECT COUNT(*) n FROM u WHERE u.t_id = s.k) x
=> (change 4)

UPDATE src SET v = CASE k WHEN 1 THEN 'eins' ELSE v END, w = DEFAULT WHERE k IN (SELECT id FROM t)
=> (change 4)

UPDATE src SET w = SUM(k)
=> !! 157 An aggregate may not appear in the set list of an UPDATE statement.

UPDATE src SET @n = w, w = 5 WHERE k = 1
=> (change 1) | @ [null]

DELETE FROM src FROM src s JOIN u ON u.t_id = s.k WHERE u.id = 12
=> (change 1)

DELETE s FROM src s LEFT JOIN u ON u.t_id = s.k WHERE u.id IS NULL AND s.k = 4
=> (change 1)

SELECT * FROM src ORDER BY k
=> [k:int! v:varchar(10) w:int] [1,"eins",5] [2,"zwei",null]

DELETE FROM nope
=> !! 208 Invalid object name 'nope'.

DELETE nope FROM src
=> !! 208 Invalid object name 'nope'.

CREATE TABLE #g (id bigint IDENTITY(10,-5), v int)
=> 

INSERT INTO #g (v) VALUES (1), (2)
=> (identity ["10"] ["5"])

SELECT * FROM #g ORDER BY id
=> [id:bigint! v:int] ["5",2] ["10",1]

TRUNCATE TABLE #g
=> 

INSERT INTO #g (v) VALUES (3)
=> (identity ["10"])

CREATE TABLE ##g (a int)
=> !! 40510 A global temporary table is not supported by this SQL pool. Use a local one: #name.

CREATE TABLE [select] ([at] int, [order by] varchar(5), [x"y] int)
=> 

INSERT INTO [select] VALUES (1, 'a', 2)
=> (change 1)

SELECT [at], s.[order by], [x"y] FROM [select] s
=> [at:int order by:varchar(5) x"y:int] [1,"a",2]

CREATE TABLE r1 (rowid int)
=> !! 40510 A column named rowid is not supported by this SQL pool. Give it another name.

CREATE TABLE r1 (a int IDENTITY, b int IDENTITY)
=> !! 2744 Multiple identity columns specified for table 'r1'. Only one identity column per table is allowed.

CREATE TABLE r1 (a varchar(5) IDENTITY)
=> !! 2749 Identity column 'a' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0, unencrypted, and constrained to be nonnullable.

CREATE TABLE r0 (a int DEFAULT (1 + 1))
=> !! 40510 A default that is more than a literal or a function of literals is not supported by this SQL pool. Give the value in INSERT.

CREATE TABLE r1 (a int, b AS a + 1)
=> !! 40510 A computed column is not supported by this SQL pool. Compute it in a view.

CREATE TABLE r1 (a xml)
=> !! 40510 The data type xml is not supported by this SQL pool. Use nvarchar(max).

CREATE TABLE r1 (a int) WITH (DISTRIBUTION = REPLICATE, HEAP, PARTITION (a RANGE RIGHT FOR VALUES (1, 2)))
=> 

CREATE TABLE r2 (a int) WITH (MEMORY_OPTIMIZED = ON)
=> !! 40510 The table option MEMORY_OPTIMIZED is not supported by this SQL pool. Leave it out.

CREATE TABLE r2 (a int NOT NULL, b int, PRIMARY KEY NONCLUSTERED (a) NOT ENFORCED, CONSTRAINT uq UNIQUE (b) NOT ENFORCED)
=> 

CREATE TABLE r3 (a int, FOREIGN KEY (a) REFERENCES t(id))
=> !! 40510 A FOREIGN KEY constraint is not supported by this SQL pool. Leave it out.

SELECT id, id FROM t INTO x
=> !! 156 Incorrect syntax near the keyword 'INTO'.

SELECT id, id INTO x FROM t
=> !! 2705 Column names in each table must be unique. Column name 'id' in table 'x' is specified more than once.

SELECT id + 1 INTO x FROM t
=> !! 1038 An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as "" or [] are not allowed. Change the alias to a valid name.

SELECT TOP 2 id AS a, name INTO #top FROM t ORDER BY id DESC
=> (change 2)

SELECT * FROM #top ORDER BY a
=> [a:int! name:varchar(20)] [3,"Bob"] [4,null]

RENAME OBJECT r1 TO t
=> !! 2714 There is already an object named 't' in the database.

RENAME OBJECT r1 TO r9
=> 

INSERT INTO r9 VALUES (1)
=> (change 1)

DROP SCHEMA nope
=> !! 15151 Cannot drop the schema 'nope', because it does not exist or you do not have permission.

CREATE SCHEMA stage
=> 

CREATE TABLE stage.x (a int)
=> 

DROP SCHEMA stage
=> !! 3729 Cannot drop schema 'stage' because it is being referenced by object 'x'.

DROP TABLE stage.x
=> 

DROP SCHEMA stage
=> 

DROP VIEW t
=> !! 3705 Cannot use DROP VIEW with 't' because 't' is a table. Use DROP TABLE.

DROP TABLE IF EXISTS nope
=> 

CREATE UNIQUE INDEX i ON t (id)
=> !! 40510 A UNIQUE index is not supported by this SQL pool. Create it without UNIQUE.

CREATE CLUSTERED COLUMNSTORE INDEX i ON t
=> 

CREATE INDEX i ON t (nope)
=> !! 1911 Column name 'nope' does not exist in the target table or view.

CREATE VIEW #v AS SELECT 1 a
=> !! 4103 "#v": Temporary views are not allowed.

CREATE VIEW vv AS SELECT @n a
=> !! 137 Must declare the scalar variable "@n".

CREATE VIEW vv AS SELECT * FROM #top
=> !! 4508 Views or functions are not allowed on temporary tables. Table names that begin with '#' denote temporary tables.

CREATE VIEW vv AS SELECT id FROM t ORDER BY id
=> !! 1033 The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.

CREATE OR ALTER VIEW vv AS SELECT id, name FROM t WHERE qty > 4
=> 

SELECT vv.name, COUNT(*) FROM vv JOIN u ON u.t_id = vv.id GROUP BY vv.name
=> [name:varchar(20) :int!] ["Ann",2]

CREATE VIEW vv AS SELECT 1 a
=> !! 2714 There is already an object named 'vv' in the database.

DROP VIEW vv
=> 

DECLARE @d TABLE (a int IDENTITY, b varchar(3) NOT NULL PRIMARY KEY)
=> 

DECLARE @d TABLE (a int IDENTITY, b varchar(3) NOT NULL PRIMARY KEY)
=> 

DECLARE @d TABLE (a int, c int)
=> !! 134 The variable name '@d' has already been declared. Variable names must be unique within a query batch or stored procedure.

INSERT INTO @d (b) OUTPUT inserted.* VALUES ('a'), ('b')
=> (identity [1] [2]) | [a:int! b:varchar(3)!] [1,"a"] [2,"b"]

INSERT INTO @d (b) VALUES ('A')
=> !! 50000 Constraint Error: Duplicate key "lower(rtrim(b, ' ')): a" violates unique constraint.

UPDATE x SET b = 'q' FROM @d x WHERE a = 1
=> (change 1)

SELECT * FROM @d d WHERE d.a = 1
=> [a:int! b:varchar(3)!] [1,"q"]

DELETE FROM @d
=> (change 2)

DELETE FROM t OUTPUT deleted.id INTO #top (a) WHERE id = 4
=> (change 1)

SELECT * FROM #top ORDER BY a
=> [a:int! name:varchar(20)] [3,"Bob"] [4,null] [4,null]
`;

describe('definitions and conversions', () => {
  it.each([['what may be written where, in which type', definitions]])('%s', async (_topic, text) => {
    await using pool = await openPlannedPool();
    for (const [sql, answer] of casesOf(text)) expect(`${sql}\n=> ${await pool.run(sql)}`).toBe(`${sql}\n=> ${answer}`);
  });
});
