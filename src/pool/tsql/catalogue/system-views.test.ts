import { describe, expect, test } from 'vitest';
import { int64, rows, schemaOf, segment, shape, text } from '#replication/sample-steps.contract.ts';
import { ask, call, openTestPool, parameter, rowsOf } from '#test/tsql/pool-session.ts';
import { informationSchema } from './information-schema.ts';
import { isMeant } from './odbc-rowsets.ts';
import { systemViews } from './system-views.ts';

const setUp = `CREATE TABLE dbo.items (id int NOT NULL IDENTITY(1,1), name nvarchar(20) NULL DEFAULT N'x', price decimal(10,2) NOT NULL, at datetime2(3),
  CONSTRAINT pk_items PRIMARY KEY NONCLUSTERED (id) NOT ENFORCED)`;

describe('views', () => {
  test('each is there with its columns, and its rows fit them', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, setUp);
    await ask(session, 'CREATE VIEW dbo.cheap AS SELECT id, name FROM dbo.items WHERE price < 5');
    const all = [
      ...Object.keys(systemViews).map((name) => `sys.${name}`),
      ...Object.keys(informationSchema).map((name) => `information_schema.${name}`),
    ];
    expect(all.length).toBeGreaterThan(60);
    for (const view of all) {
      const { messages, results } = await ask(session, `SELECT * FROM ${view}`);
      expect({ view, messages, wide: (results[0]?.columns.length ?? 0) > 1 }).toEqual({ view, messages: [], wide: true });
    }
  }, 30_000);

  test('say what was declared, and what a link brought', async () => {
    await using pool = await openTestPool();
    const orders = schemaOf('orders', [
      ['id', int64],
      ['v', text],
    ]);
    await pool.pool.writer().apply(segment(1, [shape(orders), rows(orders, { inserts: [[1, 'a']] })]));
    const session = await pool.session();
    await ask(session, setUp);
    expect(
      await rowsOf(
        session,
        `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, IS_NULLABLE
         FROM INFORMATION_SCHEMA.COLUMNS ORDER BY TABLE_NAME, ORDINAL_POSITION`,
      ),
    ).toEqual([
      ['dbo', 'items', 'id', 'int', null, 10n, 0n, null, 'NO'],
      ['dbo', 'items', 'name', 'nvarchar', 20n, null, null, null, 'YES'],
      ['dbo', 'items', 'price', 'decimal', null, 10n, 2n, null, 'NO'],
      ['dbo', 'items', 'at', 'datetime2', null, null, null, 3n, 'YES'],
      ['public', 'orders', 'id', 'bigint', null, 19n, 0n, null, 'NO'],
      ['public', 'orders', 'v', 'nvarchar', -1n, null, null, null, 'YES'],
    ]);
    expect(
      await rowsOf(
        session,
        `SELECT c.name, t.name, c.max_length, c.is_identity FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID('items') ORDER BY c.column_id`,
      ),
    ).toEqual([
      ['id', 'int', 4n, true],
      ['name', 'nvarchar', 40n, false],
      ['price', 'decimal', 9n, false],
      ['at', 'datetime2', 7n, false],
    ]);
    expect(
      await rowsOf(
        session,
        `SELECT i.name, c.name FROM sys.indexes i JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
         JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id WHERE i.is_primary_key = 1 AND OBJECT_NAME(i.object_id) = 'items'`,
      ),
    ).toEqual([['pk_items', 'id']]);
    expect(await rowsOf(session, `SELECT name, state_desc FROM master.sys.databases ORDER BY database_id`)).toEqual([
      ['master', 'ONLINE'],
      ['pool1', 'ONLINE'],
    ]);
    expect(await rowsOf(session, `SELECT is_replicated FROM sys.tables WHERE name = 'orders'`)).toEqual([[true]]);
  });

  test('an object keeps its number when the pool is opened again by another session', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, setUp);
    const before = await rowsOf(session, `SELECT OBJECT_ID('dbo.items'), OBJECT_ID('[pool1].[dbo].[ITEMS]', 'U'), OBJECT_ID('items', 'V')`);
    await ask(session, 'CREATE TABLE dbo.another (a int)');
    expect(
      await rowsOf(await pool.session(), `SELECT OBJECT_ID('dbo.items'), OBJECT_ID('[pool1].[dbo].[ITEMS]', 'U'), OBJECT_ID('items', 'V')`),
    ).toEqual(before);
    expect(before[0]?.[2]).toBeNull();
  });

  test('one that is not here is an error, and its name is in the log', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    expect((await ask(session, 'SELECT * FROM sys.dm_os_wait_stats')).messages).toEqual([
      `208 Invalid object name 'sys.dm_os_wait_stats'.`,
    ]);
    expect(pool.logged.join('')).toContain('"view":"sys.dm_os_wait_stats"');
  });
});

describe('procedures', () => {
  test('tables, columns, keys and types as ODBC asks for them', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, setUp);
    const tables = await call(session, 'sp_tables', [parameter('@table_name', { name: 'nvarchar', length: 100 }, 'it_m%')]);
    expect(tables).toMatchObject({ results: [{ rows: [['pool1', 'dbo', 'items', 'TABLE', null]] }], status: 0 });
    const columns = await rowsOf(session, `EXEC sp_columns_100 N'items', N'dbo', @ODBCVer = 3`);
    expect(columns.map((row) => row.slice(3, 11))).toEqual([
      ['id', 4n, 'int identity', 10n, 4n, 0n, 10n, 0n],
      ['name', -9n, 'nvarchar', 20n, 40n, null, null, 1n],
      ['price', 3n, 'decimal', 10n, 12n, 2n, 10n, 0n],
      ['at', 93n, 'datetime2', 23n, 16n, 3n, null, 1n],
    ]);
    expect((await rowsOf(session, `EXEC sp_pkeys 'items'`)).map((row) => row.slice(3))).toEqual([['id', 1n, 'pk_items']]);
    expect((await ask(session, `EXEC sp_fkeys 'items'`)).results[0]?.columns).toHaveLength(14);
    expect((await rowsOf(session, 'sp_datatype_info_100 4, 3')).map(([name]) => name)).toEqual(['int']);
    for (const name of ['sp_statistics', 'sp_special_columns', 'sp_spaceused'])
      expect((await rowsOf(session, `EXEC ${name} 'items'`)).length).toBe(name === 'sp_statistics' ? 2 : 1);
  });

  test('the first result of a text is described without running it', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, setUp);
    const described = await ask(
      session,
      `EXEC sp_describe_first_result_set N'SELECT name, price * 2 AS p FROM items WHERE id = @id', N'@id int'`,
    );
    expect(described.messages).toEqual([]);
    expect(described.results[0]?.rows.map((row) => [row[2], row[5]])).toEqual([
      ['name', 'nvarchar(20)'],
      ['p', expect.stringMatching(/^decimal\(/)],
    ]);
    const undeclared = await ask(session, `EXEC sp_describe_undeclared_parameters N'SELECT @a, @b, @A', N'@b int'`);
    expect(undeclared.results[0]?.rows.map((row) => row[1])).toEqual(['@a']);
  });

  test('sp_duckdb reads in the SQL of DuckDB, and only reads', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    const answer = await ask(
      session,
      `EXEC sp_duckdb N'SELECT 1::UTINYINT AS a, sum(x) AS s, [1, 2] AS l, 3::UINTEGER AS u FROM range(5) r(x)'`,
    );
    expect(answer).toMatchObject({
      results: [{ columns: ['a tinyint', 's decimal(38,0)', 'l nvarchar(max)', 'u bigint'], rows: [[1n, '10', '[1, 2]', 3n]] }],
    });
    for (const sql of ['CREATE TABLE x (a INT)', 'SELECT 1; SELECT 2', "ATTACH 'x.db'", 'SET threads = 4'])
      expect((await ask(session, `EXEC sp_duckdb N'${sql.replaceAll("'", "''")}'`)).messages).toEqual([expect.stringMatching(/^40510 /)]);
    expect((await ask(session, `EXEC sp_duckdb N'SELECT * FROM nowhere'`)).messages).toEqual([
      expect.stringMatching(/^50000 DuckDB refused/),
    ]);
  });

  test('sp_duckdb shows neither the machine nor statements of others, and switches nothing', async () => {
    await using pool = await openTestPool();
    const session = await pool.session({ user: { name: 'rita', mayWrite: false } });
    for (const sql of [
      `SELECT * FROM enable_logging('QueryLog')`,
      'SELECT * FROM "ENABLE_LOGGING"()',
      'SELECT message FROM duckdb_logs',
      `SELECT 1 WHERE EXISTS (FROM duckdb_logs_parsed('QueryLog'))`,
      `WITH c AS MATERIALIZED (SELECT * FROM checkpoint('isthmus_pool')) FROM c`,
      'SELECT * FROM arrow_scan(1, 2, 3)',
      `SELECT * FROM query('SELECT * FROM duckdb_logs')`,
      `SELECT * FROM query_table('duckdb_logs')`,
      `SELECT * FROM read_text('/etc/hostname')`,
      `SELECT nextval('s')`,
      `SELECT current_setting('temp_directory')`,
      'PRAGMA database_list',
      'SELECT path FROM duckdb_databases()',
      'SELECT path FROM system.main.duckdb_databases',
      'SHOW DATABASES',
      'SELECT value FROM duckdb_settings()',
    ])
      expect({ sql, ...(await ask(session, `EXEC sp_duckdb N'${sql.replaceAll("'", "''")}'`)) }).toMatchObject({
        sql,
        results: [],
        messages: [expect.stringMatching(/^40510 sp_duckdb takes one SELECT .* and not /)],
      });
    const cut = parameter('', { name: 'nvarchar', length: 'max' }, `SELECT * FROM enable_logging('QueryLog')\0)`);
    expect((await call(session, 'sp_duckdb', [cut])).messages).toEqual([expect.stringMatching(/^40510 /)]);
    expect(
      await rowsOf(
        session,
        `EXEC sp_duckdb N'SELECT x FROM range(2) AS r(x), unnest([1]) WHERE x IN (SELECT count(*) FROM duckdb_tables() WHERE false) ORDER BY x'`,
      ),
    ).toEqual([[0n]]);
  });

  test('a plan is shown in place of running', async () => {
    await using pool = await openTestPool();
    const session = await pool.session();
    await ask(session, `${setUp}; INSERT items (price) VALUES (1), (2)`);
    await ask(session, 'SET SHOWPLAN_ALL ON');
    const shown = await ask(session, 'SELECT * FROM items');
    expect(shown.results[0]?.columns).toContain('EstimateRows float');
    await ask(session, 'DELETE items');
    await ask(session, 'SET SHOWPLAN_ALL OFF');
    expect(await rowsOf(session, 'SELECT COUNT(*) FROM items')).toEqual([[2n]]);
  });
});

test.each([
  ['orders', 'ord%', true],
  ['Orders', 'orders', true],
  ['order_lines', String.raw`order\_lines`, true],
  ['orderXlines', String.raw`order\_lines`, false],
  ['a1', 'a[0-9]', true],
  ['a.b', 'a.b', true],
  ['axb', 'a.b', false],
  ['ab', 'a[^b]', false],
  ['b', '[z-a]', false],
  ['é', '[a-f]', true],
  ['_', '[A-z]', false],
  ['B', '[a-c]', true],
  ['a-b', 'a[+--]b', true],
  ['a]b', String.raw`a[\]b`, false],
])('the name %s and the pattern %s', (name, pattern, meant) => {
  expect(isMeant(name, pattern, true)).toBe(meant);
});

test('a pattern of many % is as quick as another', () => {
  expect(isMeant('a'.repeat(128), `${'%a'.repeat(60)}%b`, true)).toBe(false);
  expect(isMeant('a'.repeat(128), `${'%_'.repeat(60)}%`, true)).toBe(true);
});
