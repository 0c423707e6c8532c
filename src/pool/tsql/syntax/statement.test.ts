import { describe, expect, it } from 'vitest';
import { read, refusal } from './test-reading.ts';

describe('statements', () => {
  it.each([
    [
      'INSERT INTO t (a, b) VALUES (1, DEFAULT), (2, 3)',
      {
        kind: 'insert',
        columns: ['a', 'b'],
        source: {
          rows: [
            [{}, { kind: 'default' }],
            [{}, {}],
          ],
        },
      },
    ],
    ['INSERT t DEFAULT VALUES', { source: { kind: 'default-values' } }],
    ['INSERT TOP (1) INTO @t (SELECT 1)', { target: { kind: 'table-variable' }, top: {}, source: { kind: 'query' } }],
    [
      'INSERT t WITH (TABLOCK) (a) SELECT 1 UNION ALL SELECT 2',
      { columns: ['a'], source: { kind: 'query', query: { body: { kind: 'set' } } } },
    ],
    ['INSERT t OUTPUT inserted.a INTO @o (a) EXEC p 1', { output: { into: { parts: ['@o'] } }, source: { kind: 'execute' } }],
    ['WITH c AS (SELECT 1 a) INSERT t SELECT a FROM c', { kind: 'insert', with: [{ name: 'c' }] }],
    [
      'UPDATE t SET a = 1, @x = b = 2, c += DEFAULT',
      { assignments: [{}, { variable: '@x', column: { parts: ['b'] } }, { operator: '+=' }] },
    ],
    ['UPDATE x SET x.a = y.a FROM t x JOIN y ON 1 = 1 WHERE x.b = 1 OPTION (MAXDOP 1)', { kind: 'update', from: [{ kind: 'join' }] }],
    ['DELETE TOP (3) FROM t OUTPUT deleted.* WHERE a = 1', { kind: 'delete', output: { items: [{ kind: 'all' }] } }],
    ['DELETE x FROM t x WHERE a = 1', { kind: 'delete', target: { name: { parts: ['x'] } } }],
    ['TRUNCATE TABLE dbo.t', { kind: 'truncate' }],
    [
      `MERGE t WITH (HOLDLOCK) AS d USING s ON d.a = s.a WHEN MATCHED AND s.b = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET b = s.b
       WHEN NOT MATCHED BY TARGET THEN INSERT VALUES (1) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET b = 0 OUTPUT $action;`,
      { branches: [{ action: { kind: 'delete' } }, {}, { when: 'not-matched-by-target' }, { when: 'not-matched-by-source' }], alias: 'd' },
    ],
    [
      'INSERT BULK [t] ([a] int, [b] nvarchar(10) COLLATE x NOT NULL) WITH (KEEP_NULLS, TABLOCK)',
      { kind: 'insert-bulk', options: ['KEEP_NULLS', 'TABLOCK'] },
    ],
    [
      "CREATE TABLE t (a int IDENTITY(1, -1) NOT NULL CONSTRAINT p PRIMARY KEY, b varchar(5) COLLATE x NULL DEFAULT ('q'), c AS a + 1 PERSISTED, UNIQUE (a, b), CONSTRAINT k CHECK (a > 1), FOREIGN KEY (a) REFERENCES u (a)) ON [PRIMARY]",
      {
        columns: [
          { identity: { seed: '1', increment: '-1' }, nullable: false, primaryKey: true },
          { collation: 'x', nullable: true },
          { computed: {} },
        ],
        constraints: [{ kind: 'unique' }, { kind: 'check', name: 'k' }, { kind: 'foreign-key' }],
        options: [{ name: 'ON', value: 'PRIMARY' }],
      },
    ],
    [
      'CREATE TABLE t (a int) WITH (DISTRIBUTION = HASH(a, b), CLUSTERED COLUMNSTORE INDEX ORDER (a), PARTITION (a RANGE RIGHT FOR VALUES (1, 2)))',
      {
        options: [
          { name: 'DISTRIBUTION', value: 'HASH', columns: ['a', 'b'] },
          { name: 'CLUSTERED COLUMNSTORE INDEX', value: 'ORDER', columns: ['a'] },
          { name: 'PARTITION', columns: ['a'], value: 'RANGE RIGHT FOR VALUES (1, 2)' },
        ],
      },
    ],
    ['CREATE TABLE t (a int, PRIMARY KEY NONCLUSTERED (a) NOT ENFORCED)', { constraints: [{ options: ['NONCLUSTERED', 'NOT ENFORCED'] }] }],
    [
      'CREATE TABLE t WITH (HEAP, DISTRIBUTION = ROUND_ROBIN) AS SELECT 1 AS a',
      { kind: 'create-table-as', options: [{ name: 'HEAP' }, { value: 'ROUND_ROBIN' }] },
    ],
    [
      'CREATE TABLE t (a, b) WITH (DISTRIBUTION = REPLICATE) AS WITH c AS (SELECT 1 x, 2 y) SELECT * FROM c',
      { kind: 'create-table-as', columns: ['a', 'b'] },
    ],
    ['ALTER TABLE t ADD a int NULL, b int', { change: { kind: 'add-columns', columns: [{}, {}] } }],
    ['ALTER TABLE t WITH CHECK ADD CONSTRAINT k UNIQUE (a)', { change: { kind: 'add-constraint', constraint: { name: 'k' } } }],
    ['ALTER TABLE t DROP COLUMN IF EXISTS a, b', { change: { kind: 'drop-columns', columns: ['a', 'b'], ifExists: true } }],
    ['ALTER TABLE t DROP CONSTRAINT k', { change: { kind: 'drop-constraint', name: 'k' } }],
    ['ALTER TABLE t ALTER COLUMN a varchar(3) COLLATE x NOT NULL', { change: { kind: 'alter-column', nullable: false, collation: 'x' } }],
    ['DROP TABLE IF EXISTS a, dbo.b', { kind: 'drop', what: 'table', ifExists: true, names: [{}, { parts: ['dbo', 'b'] }] }],
    ['DROP INDEX i ON t', { what: 'index', on: { parts: ['t'] } }],
    [
      'CREATE OR ALTER VIEW v (a) WITH SCHEMABINDING AS SELECT 1 AS b;',
      { kind: 'create-view', replaces: 'maybe', text: 'SELECT 1 AS b', columns: ['a'] },
    ],
    ['ALTER VIEW v AS WITH c AS (SELECT 1 x) SELECT * FROM c', { replaces: 'must', text: 'WITH c AS (SELECT 1 x) SELECT * FROM c' }],
    ['CREATE SCHEMA s AUTHORIZATION dbo', { kind: 'create-schema', name: 's', authorization: 'dbo' }],
    [
      'CREATE UNIQUE CLUSTERED INDEX i ON t (a DESC, b) INCLUDE (c) WITH (FILLFACTOR = 80) ON [PRIMARY]',
      { unique: true, clustered: true, include: ['c'] },
    ],
    ['CREATE CLUSTERED COLUMNSTORE INDEX i ON t', { columnstore: true, columns: [] }],
    ['CREATE STATISTICS s ON t (a) WITH FULLSCAN', { kind: 'create-statistics', name: 's' }],
    ['UPDATE STATISTICS t (s) WITH SAMPLE 10 PERCENT', { kind: 'update-statistics', name: 's' }],
    ['RENAME OBJECT::dbo.a TO b', { kind: 'rename', what: 'object', to: 'b' }],
    ['RENAME COLUMN t.a TO b', { what: 'column' }],
    ['DECLARE @a int = 1, @b AS varchar(max)', { variables: [{ name: '@a', value: {} }, { type: { arguments: ['max'] } }] }],
    ['DECLARE @t TABLE (a int PRIMARY KEY, INDEX i (a))', { kind: 'declare-table', columns: [{ primaryKey: true }] }],
    ['SET @a -= 1', { kind: 'set-variable', operator: '-=' }],
    ['SET ANSI_NULLS, ANSI_PADDING ON', { kind: 'set-option', names: ['ANSI_NULLS', 'ANSI_PADDING'], value: 'ON' }],
    ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', { names: ['TRANSACTION ISOLATION LEVEL'], value: 'REPEATABLE READ' }],
    ['SET STATISTICS IO, TIME ON', { names: ['STATISTICS IO', 'STATISTICS TIME'] }],
    ['SET IDENTITY_INSERT dbo.t ON', { names: ['IDENTITY_INSERT'], value: 'ON', table: { parts: ['dbo', 't'] } }],
    ['SET LOCK_TIMEOUT -1', { value: { kind: 'unary' } }],
    ['SET DATEFORMAT dmy', { value: 'DMY' }],
    ['IF 1 = 1 SELECT 1; ELSE IF 2 = 2 SELECT 2 ELSE SELECT 3', { kind: 'if', otherwise: { kind: 'if', otherwise: {} } }],
    ['WHILE 1 = 1 BEGIN BREAK; CONTINUE END', { kind: 'while', body: { statements: [{ kind: 'break' }, { kind: 'continue' }] } }],
    ['BEGIN TRY SELECT 1; END TRY; BEGIN CATCH END CATCH', { kind: 'try', catch: [] }],
    ["RAISERROR ('x %d', 16, 1, @a) WITH NOWAIT, LOG", { kind: 'raiserror', arguments: [{}], options: ['NOWAIT', 'LOG'] }],
    ["THROW 50000, 'x', 1", { kind: 'throw', error: { number: { text: '50000' } } }],
    ['THROW', { kind: 'throw' }],
    ['RETURN -1', { kind: 'return', value: {} }],
    ['BEGIN TRANSACTION t WITH MARK', { kind: 'begin-transaction', name: 't' }],
    ['COMMIT WORK', { kind: 'commit' }],
    ['ROLLBACK TRAN @t', { kind: 'rollback', name: '@t' }],
    ['SAVE TRAN s', { kind: 'save-transaction', name: 's' }],
    ['USE [pool one]', { kind: 'use', database: 'pool one' }],
    [
      "EXEC @s = dbo.p 1, N'x', foo, NULL, -2, @a OUTPUT, @n = DEFAULT",
      { status: '@s', arguments: [{}, {}, { value: { value: 'foo' } }, {}, {}, { output: true }, { name: '@n' }] },
    ],
    ["EXECUTE ('SELECT ' + @x)", { kind: 'execute-text' }],
    ['{call dbo.p (@a)}', { kind: 'execute', arguments: [{}] }],
    ["WAITFOR DELAY '00:00:01'", { kind: 'wait-for', what: 'DELAY' }],
    ['KILL 53', { kind: 'kill' }],
    ['PRINT @a', { kind: 'print' }],
  ])('%s', (sql, expected) => {
    const found = read(sql);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject(expected);
  });

  it('follow each other without semicolons', () => {
    const sql = `DECLARE @a int SET @a = 1 IF @a = 1 BEGIN SELECT 1 END ELSE SELECT 2 EXEC p foo PRINT 'x' INSERT t VALUES (1) UPDATE t SET a = 1
      DELETE t DROP TABLE t BEGIN TRAN COMMIT TRAN RETURN`;
    expect(read(sql).map((statement) => statement.kind)).toEqual([
      'declare',
      'set-variable',
      'if',
      'execute',
      'print',
      'insert',
      'update',
      'delete',
      'drop',
      'begin-transaction',
      'commit',
      'return',
    ]);
  });

  it('take quotes for texts from the SET on that says so', () => {
    expect(read('SELECT "a" SET QUOTED_IDENTIFIER OFF SELECT "a"')).toMatchObject([
      { query: { body: { items: [{ value: { kind: 'column' } }] } } },
      {},
      { query: { body: { items: [{ value: { kind: 'string' } }] } } },
    ]);
  });
});

describe('what is known and not supported', () => {
  it.each([
    ['CREATE PROCEDURE p AS SELECT 1 GO', 'CREATE PROCEDURE'],
    ['CREATE OR ALTER FUNCTION f() RETURNS int AS BEGIN RETURN 1 END', 'CREATE OR ALTER FUNCTION'],
    ['ALTER DATABASE x SET RECOVERY SIMPLE', 'ALTER DATABASE'],
    ["BACKUP DATABASE x TO DISK = 'y'", 'BACKUP DATABASE'],
    ['DECLARE c CURSOR FOR SELECT 1', 'DECLARE CURSOR'],
    ['FETCH NEXT FROM c', 'FETCH'],
    ['SELECT 1 IF 1 = 1 BEGIN GOTO x END', 'GOTO'],
    ['x: SELECT 1', 'A label'],
    ['GRANT SELECT ON t TO u', 'GRANT'],
    ['DBCC CHECKDB', 'DBCC'],
    ["COPY INTO t FROM 'x'", 'COPY INTO'],
    ['DROP LOGIN x', 'DROP LOGIN'],
    ['ALTER TABLE t SWITCH TO u', 'ALTER TABLE … SWITCH'],
    ["BULK INSERT t FROM 'x'", 'BULK INSERT'],
  ])('%s comes alone: nothing of the batch runs', (sql, words) => {
    expect(read(sql)).toEqual([{ kind: 'unsupported', words }]);
  });

  it.each([
    ['UPDATE t SET a = 1 WHERE CURRENT OF c', 40510],
    ['CREATE TABLE t (a int REFERENCES u (a) ON DELETE CASCADE)', 40510],
    ['EXEC @p 1', 40510],
    ["EXEC ('x') AT linked", 40510],
    ['MERGE t USING s ON 1 = 1 WHEN MATCHED THEN DELETE', 10713],
    ['SELECT 1 CREATE VIEW v AS SELECT 1', 111],
    ['IF 1 = 1 CREATE SCHEMA s', 111],
    ['CREATE VIEW v AS SELECT 1 SELECT 2', 156],
    ['EXEC p @a = 1, 2', 119],
    ['EXEC p 1 OUTPUT', 179],
    ['BREAK', 135],
    ['IF 1 = 1 CONTINUE', 136],
    ['DECLARE @a int DECLARE @A int', 134],
    ['BEGIN END', 156],
    ['BEGIN TRY END TRY', 156],
    ['INSERT t', 102],
    ['UPDATE t WHERE a = 1', 156],
    ['DECLARE @a int WITH c AS (SELECT 1 x) SELECT * FROM c', 319],
    ['DROP TABLE', 102],
    ['RAISERROR (1)', 102],
    ['SELECT 1\nGO\nSELECT 2', 102],
    ['GO', 102],
    ['ELSE', 156],
    ['SELECT 1 )', 102],
    ['SELECT 1 é ü', 102],
  ])('%s: %i', (sql, number) => {
    expect(refusal(sql).number).toBe(number);
  });

  it('tells of GO what it is', () => {
    expect(refusal('SELECT 1\nGO 5\nSELECT 2')).toMatchObject({
      line: 2,
      text: expect.stringContaining('GO is a word of client programs'),
    });
    expect(read('SELECT go FROM t go')).toHaveLength(1);
  });
});
