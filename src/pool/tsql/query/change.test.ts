import { describe, expect, it } from 'vitest';
import { casesOf, openPlannedPool } from '#test/tsql/planned-pool.ts';

const changes = String.raw`
CREATE TABLE a (id int IDENTITY(1,1) NOT NULL, name varchar(5) NOT NULL, n int NULL DEFAULT 7, d datetime2 NULL) WITH (DISTRIBUTION = HASH(id), CLUSTERED COLUMNSTORE INDEX)
=> 

INSERT INTO a (name) VALUES ('x'), ('y')
=> (identity [1] [2])

INSERT a (name, n, d) VALUES ('abc  ', NULL, '2024-01-02'), ('q', DEFAULT, NULL)
=> (identity [3] [4])

SELECT * FROM a ORDER BY id
=> [id:int! name:varchar(5)! n:int d:datetime2(7)] [1,"x",7,null] [2,"y",7,null] [3,"abc  ",null,"2024-01-02 00:00:00"] [4,"q",7,null]

INSERT INTO a (name) VALUES ('toolong')
=> !! 2628 String or binary data would be truncated in table 'pool.dbo.a', column 'name'.

INSERT INTO a (name) SELECT note + 'zzzzzz' FROM u
=> !! 2628 String or binary data would be truncated in table 'pool.dbo.a', column 'name'.

INSERT INTO a (name) VALUES (NULL)
=> !! 515 Cannot insert the value NULL into column 'name', table 'pool.dbo.a'; column does not allow nulls. INSERT fails.

INSERT INTO a (id, name) VALUES (1, 'x')
=> !! 544 Cannot insert explicit value for identity column in table 'a' when IDENTITY_INSERT is set to OFF.

INSERT INTO a VALUES (1)
=> !! 213 Column name or number of supplied values does not match table definition.

INSERT INTO a (name, zz) VALUES ('x', 1)
=> !! 207 Invalid column name 'zz'.

INSERT INTO a (name, name) VALUES ('x', 'y')
=> !! 264 The column name 'name' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code.

INSERT INTO a (name, n) VALUES ('x')
=> !! 109 There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.

INSERT INTO a (name) OUTPUT inserted.id, inserted.name VALUES ('o1'), ('o2')
=> (identity [11] [12]) | [id:int! name:varchar(5)!] [11,"o1"] [12,"o2"]

UPDATE a SET n = n + 1 WHERE name = 'X'
=> (change 1)

UPDATE a SET n += 10, name = 'upd' OUTPUT deleted.n, inserted.n, inserted.name WHERE id = 2
=> (change 1) | [n:int n:int name:varchar(5)!] [7,17,"upd"]

UPDATE x SET n = u.id FROM a x JOIN u ON u.t_id = x.id
=> !! 40510 An UPDATE in which several rows of FROM that differ match one row of the table is not supported by this SQL pool. Join on what is unique, or use MERGE.

UPDATE x SET n = u.id FROM a x JOIN u ON u.t_id = x.id WHERE u.id <> 11
=> (change 2)

UPDATE a SET n = u.id FROM u WHERE u.t_id = a.id AND u.id = 10
=> (change 1)

UPDATE TOP (1) a SET n = 0
=> (change 1)

UPDATE a SET id = 5
=> !! 8102 Cannot update identity column 'id'.

UPDATE a SET n = (SELECT MAX(u.id) FROM u WHERE u.t_id = a.id)
=> (change 6)

SELECT * FROM a ORDER BY id
=> [id:int! name:varchar(5)! n:int d:datetime2(7)] [1,"x",11,null] [2,"upd",null,null] [3,"abc  ",12,"2024-01-02 00:00:00"] [4,"q",null,null] [11,"o1",null,null] [12,"o2",null,null]

DELETE FROM a WHERE name = 'ABC'
=> (change 1)

DELETE x OUTPUT deleted.* FROM a x JOIN u ON u.t_id = x.id
=> (change 1) | [id:int! name:varchar(5)! n:int d:datetime2(7)] [1,"x",11,null]

DELETE TOP (1) FROM a
=> (change 1)

SELECT COUNT(*) FROM a
=> [:int!] [3]

MERGE a AS t USING (VALUES ('q', 100), ('new', 200)) AS s(name, n) ON t.name = s.name
WHEN MATCHED THEN UPDATE SET n = s.n
WHEN NOT MATCHED THEN INSERT (name, n) VALUES (s.name, s.n)
WHEN NOT MATCHED BY SOURCE AND t.name = 'o1' THEN DELETE
OUTPUT $action, inserted.name, deleted.name;
=> [$action:nvarchar(10)! name:varchar(5) name:varchar(5)] ["UPDATE","q","q"] ["INSERT","new",null] ["DELETE",null,"o1"] | (count ["3"])

SELECT * FROM a ORDER BY id
=> [id:int! name:varchar(5)! n:int d:datetime2(7)] [4,"q",100,null] [12,"o2",null,null] [13,"new",200,null]

MERGE a AS t USING (VALUES ('q', 100), ('q', 200)) AS s(name, n) ON t.name = s.name WHEN MATCHED THEN UPDATE SET n = s.n;
=> !! 8672 The MERGE statement attempted to UPDATE or DELETE the same row more than once. This happens when a target row matches more than one source row. A MERGE statement cannot UPDATE/DELETE the same row of the target table multiple times. Refine the ON clause to ensure a target row matches at most one source row, or use the GROUP BY clause to group the source rows.

CREATE TABLE #x (a int PRIMARY KEY, b nvarchar(10))
=> 

INSERT INTO #x VALUES (1, 'a')
=> (change 1)

INSERT INTO #x VALUES (1, 'a')
=> !! 50000 Constraint Error: Duplicate key "a: 1" violates unique constraint.

SELECT * INTO #y FROM #x
=> (change 1)

SELECT * FROM tempdb..#y
=> [a:int! b:nvarchar(10)] [1,"a"]

INSERT INTO #y (a, b) OUTPUT inserted.a, inserted.b INTO #x VALUES (2, 'b')
=> (change 1)

SELECT * FROM #x ORDER BY a
=> [a:int! b:nvarchar(10)] [1,"a"] [2,"b"]

DROP TABLE #x
=> 

DROP TABLE #x
=> !! 3701 Cannot drop the table '#x', because it does not exist or you do not have permission.

DROP TABLE IF EXISTS #x, nope
=> 

SELECT id, name, n * 1.5 AS v INTO b FROM a
=> (change 3)

SELECT * FROM b ORDER BY 1
=> [id:int! name:varchar(5)! v:decimal(13,1)] [4,"q","150.0"] [12,"o2",null] [13,"new","300.0"]

CREATE TABLE c WITH (DISTRIBUTION = ROUND_ROBIN, HEAP) AS SELECT name, COUNT(*) AS k FROM t GROUP BY name
=> (change 3)

SELECT * FROM c ORDER BY k, name
=> [name:varchar(20) k:int!] [null,1] ["Bob",1] ["Ann",2]

ALTER TABLE c ADD z int NOT NULL DEFAULT 4, w varchar(3)
=> 

SELECT * FROM c ORDER BY k, name
=> [name:varchar(20) k:int! z:int! w:varchar(3)] [null,1,4,null] ["Bob",1,4,null] ["Ann",2,4,null]

ALTER TABLE c ALTER COLUMN w varchar(30) NOT NULL
=> !! 515 Cannot insert the value NULL into column 'w', table 'pool.dbo.c'; column does not allow nulls. UPDATE fails.

UPDATE c SET w = 'abc'
=> (change 3)

ALTER TABLE c ALTER COLUMN w varchar(2)
=> !! 2628 String or binary data would be truncated in table 'pool.dbo.c', column 'w'.

ALTER TABLE c ALTER COLUMN k varchar(10) NULL
=> 

ALTER TABLE c DROP COLUMN z
=> 

SELECT * FROM c ORDER BY name
=> [name:varchar(20) k:varchar(10) w:varchar(3)] [null,"1","abc"] ["Ann","2","abc"] ["Bob","1","abc"]

ALTER TABLE c ADD CONSTRAINT pk PRIMARY KEY NONCLUSTERED (name) NOT ENFORCED
=> 

ALTER TABLE c ADD CONSTRAINT pk2 PRIMARY KEY (name)
=> !! 104467 Enforced unique constraints are not supported. To create an unenforced unique constraint you must include the NOT ENFORCED syntax as part of your statement.

ALTER TABLE c DROP CONSTRAINT pk
=> 

ALTER TABLE c DROP CONSTRAINT pk
=> !! 3728 'pk' is not a constraint.

CREATE VIEW v AS SELECT name, k FROM c WHERE k IS NOT NULL
=> 

SELECT * FROM v ORDER BY name
=> [name:varchar(20) k:varchar(10)] [null,"1"] ["Ann","2"] ["Bob","1"]

INSERT INTO v VALUES ('a', 1)
=> !! 229 The INSERT permission was denied on the object 'v', database 'pool', schema 'dbo'. It is a view.

ALTER VIEW v (p, q) AS SELECT name, 1 FROM c
=> 

SELECT q, COUNT(*) n FROM dbo.v GROUP BY q
=> [q:int! n:int!] [1,3]

CREATE VIEW w AS SELECT 1
=> !! 4511 Create View or Function failed because no column name was specified for column 1.

RENAME OBJECT c TO c2
=> 

SELECT COUNT(*) FROM c2
=> [:int!] [3]

CREATE INDEX i ON c2 (name)
=> 

CREATE STATISTICS s ON c2 (name)
=> 

DROP INDEX i ON c2
=> 

DROP INDEX i ON c2
=> !! 3701 Cannot drop the index 'c2.i', because it does not exist or you do not have permission.

TRUNCATE TABLE a
=> 

INSERT INTO a (name) OUTPUT inserted.id VALUES ('x')
=> (identity [1]) | [id:int!] [1]

INSERT INTO a DEFAULT VALUES
=> !! 515 Cannot insert the value NULL into column 'name', table 'pool.dbo.a'; column does not allow nulls. INSERT fails.

DROP TABLE a
=> 

DROP VIEW v
=> 

CREATE TABLE bad (a int, A int)
=> !! 2705 Column names in each table must be unique. Column name 'A' in table 'bad' is specified more than once.

CREATE TABLE t (a int)
=> !! 2714 There is already an object named 't' in the database.

CREATE TABLE nos.t (a int)
=> !! 2760 The specified schema name "nos" either does not exist or you do not have permission to use it.

CREATE TABLE e (a int PRIMARY KEY)
=> !! 104467 Enforced unique constraints are not supported. To create an unenforced unique constraint you must include the NOT ENFORCED syntax as part of your statement.

CREATE TABLE e (a int CHECK (a > 1))
=> !! 40510 A CHECK constraint is not supported by this SQL pool. Check values before they are inserted.

CREATE TABLE e (a int) WITH (DISTRIBUTION = HASH(zz))
=> !! 1911 Column name 'zz' does not exist in the target table or view.

CREATE SCHEMA sales
=> 

DECLARE @t TABLE (a int, b varchar(3)); INSERT INTO @t VALUES (1,'x'); SELECT * FROM @t
=> (change 1) | [a:int b:varchar(3)] [1,"x"]

WITH d AS (SELECT id FROM t WHERE id = 1) INSERT INTO b (id, name, v) SELECT id, 'w', 1 FROM d
=> (change 1)

WITH d AS (SELECT id FROM b WHERE id = 1) DELETE FROM d
=> (change 1)

UPDATE t SET qty = 1 FROM t a JOIN t b ON a.id = b.id
=> !! 8154 The table 't' is ambiguous.

INSERT INTO b SELECT * FROM t
=> !! 213 Column name or number of supplied values does not match table definition.
`;

const altered = String.raw`
CREATE TABLE c (name varchar(20), k int)
=> 

INSERT INTO c VALUES ('a',1),('A',2),('b',3),(NULL,4)
=> (change 4)

ALTER TABLE c ADD z int NOT NULL DEFAULT 4, w varchar(3)
=> 

SELECT * FROM c ORDER BY k
=> [name:varchar(20) k:int z:int! w:varchar(3)] ["a",1,4,null] ["A",2,4,null] ["b",3,4,null] [null,4,4,null]

ALTER TABLE c ALTER COLUMN w varchar(30) NOT NULL
=> !! 515 Cannot insert the value NULL into column 'w', table 'pool.dbo.c'; column does not allow nulls. UPDATE fails.

UPDATE c SET w = 'abc'
=> (change 4)

ALTER TABLE c ALTER COLUMN w varchar(30) NOT NULL
=> 

ALTER TABLE c ALTER COLUMN w varchar(2)
=> !! 2628 String or binary data would be truncated in table 'pool.dbo.c', column 'w'.

ALTER TABLE c ADD q int NOT NULL
=> !! 4901 ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified, or the column being added is an identity or timestamp column, or alternatively if none of the previous conditions are satisfied the table must be empty to allow addition of this column. Column 'q' cannot be added to non-empty table 'c' because it does not satisfy these conditions.

ALTER TABLE c DROP COLUMN z
=> 

SELECT * FROM c ORDER BY k
=> [name:varchar(20) k:int w:varchar(30)!] ["a",1,"abc"] ["A",2,"abc"] ["b",3,"abc"] [null,4,"abc"]

WITH d AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY name ORDER BY k) rn FROM c) DELETE FROM d WHERE rn > 1
=> (change 1)

WITH d AS (SELECT TOP 1 * FROM c ORDER BY k DESC) UPDATE d SET name = 'last' OUTPUT inserted.name, deleted.name
=> (change 1) | [name:varchar(20) name:varchar(20)] ["last",null]

WITH d AS (SELECT TOP 1 name AS k, k AS name FROM c ORDER BY k DESC) UPDATE d SET name = 5
=> !! 40510 UPDATE of a common table expression that is more than rows of one table is not supported by this SQL pool. Change the table itself, with the condition in WHERE.

SELECT * FROM c ORDER BY k
=> [name:varchar(20) k:int w:varchar(30)!] ["a",1,"abc"] ["b",3,"abc"] ["last",4,"abc"]

DELETE x OUTPUT deleted.k FROM u LEFT JOIN c x ON x.k = u.t_id
=> (change 2) | [k:int] [1] [3]

CREATE VIEW w AS SELECT 1
=> !! 4511 Create View or Function failed because no column name was specified for column 1.

UPDATE c SET k = 1 OUTPUT inserted.k WHERE k = 3
=> (change 0) | [k:int]
`;

describe('changes by T-SQL on a pool', () => {
  it.each([
    ['INSERT, UPDATE, DELETE, MERGE and tables', changes],
    ['altered tables, and rows found through a WITH', altered],
  ])('%s', async (_topic, text) => {
    await using pool = await openPlannedPool();
    for (const [sql, answer] of casesOf(text)) expect(`${sql}\n=> ${await pool.run(sql)}`).toBe(`${sql}\n=> ${answer}`);
  });
});
