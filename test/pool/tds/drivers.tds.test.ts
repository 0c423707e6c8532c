import knexOf from 'knex';
import mssql from 'mssql';
import { DataTypes, Sequelize } from 'sequelize';
import { Request, TYPES } from 'tedious';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { heavyQuery } from './kinds.ts';
import { openSqlScene, tediousConfig, type SqlScene } from './sql-scene.ts';
import { askTedious, connectTedious } from './tedious-calls.ts';

/** Drivers of npm, unmodified, against a SQL pool as isthmus up opens it. */
let scene: SqlScene;
beforeAll(async () => {
  scene = await openSqlScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

const failing = ['SELECT * FROM dbo.nowhere', 'SELECT 1/0', 'SELEC 1'] as const;
const failures = [208, 8134, 2812];

test.for(['off', 'support', 'require', 'strict'] as const)(
  'tedious logs in where the pool says %s, and a wrong password is refused',
  async (encryption) => {
    await using own = await openSqlScene(encryption);
    const config = tediousConfig(own);
    const connection = await connectTedious(config);
    expect((await askTedious(connection, 'SELECT name FROM dbo.keyed ORDER BY id')).answers[0]?.rows).toEqual([
      ['one'],
      ['two'],
      ['three'],
    ]);
    connection.close();
    const wrong = { ...config, authentication: { type: 'default', options: { userName: own.user, password: 'wrong' } } } as const;
    await expect(connectTedious(wrong)).rejects.toMatchObject({ code: 'ELOGIN' });
  },
);

test('tedious reads each type, at its edge and as null', async () => {
  const connection = await connectTedious(tediousConfig(scene));
  const { answers } = await askTedious(connection, 'SELECT * FROM dbo.kinds ORDER BY id');
  const [answer] = answers;
  expect(answer?.types).toEqual([
    'IntN',
    'BitN',
    'IntN',
    'IntN',
    'IntN',
    'DecimalN',
    'MoneyN',
    'FloatN',
    'FloatN',
    'Date',
    'Time',
    'DateTime2',
    'DateTimeN',
    'DateTimeN',
    'DateTimeOffset',
    'UniqueIdentifier',
    'NVarChar',
    'VarChar',
    'Char',
    'NVarChar',
    'VarBinary',
  ]);
  const [edge, nulls] = answer!.rows;
  expect(edge).toEqual([
    1,
    true,
    255,
    -32_768,
    '-9223372036854775808',
    1.2345678901234567e27,
    -922_337_203_685_477.6,
    1.5e300,
    0.25,
    new Date('2024-02-29T00:00:00Z'),
    expect.any(Date),
    expect.any(Date),
    new Date('2024-02-29T10:11:12.123Z'),
    new Date('2024-02-29T10:11:00Z'),
    Object.assign(new Date('2024-02-29T10:11:12.123Z'), { nanosecondsDelta: 0.000456 }),
    '6F9619FF-8B86-D011-B42D-00C04FC964FF',
    'Zürich €😀',
    'é',
    'ab   ',
    'x'.repeat(10_000),
    Buffer.from('00ff10', 'hex'),
  ]);
  expect(nulls).toEqual([2, ...Array.from({ length: 20 }, () => null)]);
  connection.close();
});

test('tedious gives parameters, prepares, and runs what it prepared again', async () => {
  const connection = await connectTedious(tediousConfig(scene));
  const { answers } = await askTedious(connection, 'SELECT @i AS i, @n AS n, @d AS d, @w AS w, @x AS x', {
    prepare: (request) => {
      request.addParameter('i', TYPES.BigInt, '9007199254740993');
      request.addParameter('n', TYPES.NVarChar, "it's €");
      request.addParameter('d', TYPES.Decimal, 12.5, { precision: 10, scale: 2 });
      request.addParameter('w', TYPES.DateTime2, new Date('2024-02-29T10:11:12.123Z'), { scale: 3 });
      request.addParameter('x', TYPES.VarChar, null);
    },
  });
  expect(answers[0]?.rows).toEqual([['9007199254740993', "it's €", 12.5, new Date('2024-02-29T10:11:12.123Z'), null]]);
  const counts: unknown[] = [];
  await new Promise<void>((done, failed) => {
    const left = [1, 2, 99];
    const request = new Request('SELECT COUNT(*) FROM dbo.kinds WHERE id = @id', (error) => {
      if (error) return failed(error);
      const id = left.shift();
      if (id === undefined) connection.unprepare(request);
      else connection.execute(request, { id });
    });
    request.addParameter('id', TYPES.Int, undefined);
    request.on('row', (row: { value: unknown }[]) => counts.push(row[0]?.value));
    request.once('prepared', () => connection.execute(request, { id: left.shift() }));
    request.on('requestCompleted', () => counts.length === 3 && left.length === 0 && done());
    connection.prepare(request);
  });
  expect(counts).toEqual([1, 1, 0]);
  connection.close();
});

test('tedious: transactions, an interrupted statement, a reset', async () => {
  const connection = await connectTedious(tediousConfig(scene));
  const step = (run: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((done, failed) => run((error) => (error ? failed(error) : done())));
  await step((done) => connection.beginTransaction(done));
  await askTedious(connection, "INSERT INTO dbo.tedious_notes (id, note) VALUES (1, N'kept')");
  await step((done) => connection.commitTransaction(done));
  await step((done) => connection.beginTransaction(done));
  await askTedious(connection, "INSERT INTO dbo.tedious_notes (id, note) VALUES (2, N'given up')");
  await step((done) => connection.rollbackTransaction(done));
  expect((await askTedious(connection, 'SELECT id, note FROM dbo.tedious_notes')).answers[0]?.rows).toEqual([[1, 'kept']]);
  const cancelled = askTedious(connection, heavyQuery, { prepare: (request) => request.once('columnMetadata', () => undefined) });
  connection.cancel();
  await expect(cancelled).rejects.toMatchObject({ code: 'ECANCEL' });
  await askTedious(connection, 'CREATE TABLE #mine (id int); SET NOCOUNT ON', { batch: true });
  await step((done) => connection.reset(done));
  await expect(askTedious(connection, 'SELECT * FROM #mine')).rejects.toMatchObject({ number: 208 });
  expect((await askTedious(connection, 'SELECT @@TRANCOUNT, @@SPID')).answers[0]?.rows[0]?.[0]).toBe(0);
  connection.close();
});

function mssqlConfig(): mssql.config {
  const { host, port, user, password, database } = scene;
  return { server: host, port, user, password, database, options: { encrypt: true, trustServerCertificate: true, useUTC: true } };
}

test('mssql: a pool of connections, prepared statements, transactions, bulk, cancel, errors', async () => {
  const pool = await new mssql.ConnectionPool(mssqlConfig()).connect();
  const request = pool.request().input('a', mssql.Int, 7).input('b', mssql.NVarChar, 'Zürich €').input('c', mssql.VarChar, null);
  expect((await request.query('SELECT @a AS a, @b AS b, @c AS c')).recordset).toEqual([{ a: 7, b: 'Zürich €', c: null }]);
  const prepared = new mssql.PreparedStatement(pool);
  prepared.input('id', mssql.Int);
  await prepared.prepare('SELECT COUNT(*) AS n FROM dbo.kinds WHERE id = @id');
  for (const [id, n] of [
    [1, 1],
    [99, 0],
  ] as const)
    expect((await prepared.execute({ id })).recordset).toEqual([{ n }]);
  await prepared.unprepare();
  for (const [id, ends] of [
    [1, 'commit'],
    [2, 'rollback'],
  ] as const) {
    const transaction = new mssql.Transaction(pool);
    await transaction.begin();
    await new mssql.Request(transaction).query(`INSERT INTO dbo.mssql_notes VALUES (${id}, N'${ends}')`);
    await transaction[ends]();
  }
  expect((await pool.request().query('SELECT id, note FROM dbo.mssql_notes')).recordset).toEqual([{ id: 1, note: 'commit' }]);
  const table = new mssql.Table('dbo.mssql_notes');
  table.columns.add('id', mssql.Int, { nullable: false });
  table.columns.add('note', mssql.NVarChar(40), { nullable: true });
  for (let id = 100; id < 1_100; id += 1) table.rows.add(id, id % 10 === 0 ? null : `note ${id}`);
  expect((await pool.request().bulk(table)).rowsAffected).toBe(1_000);
  const counted = await pool
    .request()
    .query('SELECT COUNT(*) AS n, COUNT(note) AS notes, MAX(id) AS last FROM dbo.mssql_notes WHERE id >= 100');
  expect(counted.recordset).toEqual([{ n: 1_000, notes: 900, last: 1_099 }]);
  const heavy = pool.request();
  const running = heavy.query(heavyQuery);
  heavy.cancel();
  await expect(running).rejects.toMatchObject({ code: 'ECANCEL' });
  for (const [at, sql] of failing.entries()) await expect(pool.request().query(sql)).rejects.toMatchObject({ number: failures[at] });
  const several = await pool.request().query('SELECT 1 AS a; SELECT 2 AS b; DECLARE @x int = 3; SELECT @x AS c');
  expect(several.recordsets).toEqual([[{ a: 1 }], [{ b: 2 }], [{ c: 3 }]]);
  await pool.close();
});

test('sequelize: models, pages, transactions, what it asks of the catalogue', async () => {
  const { host, port, user, password, database } = scene;
  const options = { encrypt: true, trustServerCertificate: true };
  const sequelize = new Sequelize(database, user, password, { dialect: 'mssql', host, port, logging: false, dialectOptions: { options } });
  await sequelize.authenticate();
  // A primary key that is enforced is refused here as by SQL pools of Azure, so that the table is not made by `sync`.
  await sequelize.query('CREATE TABLE dbo.seq_notes (id int IDENTITY(1,1) NOT NULL, note nvarchar(40), amount decimal(10,2))');
  const id = { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true };
  const Note = sequelize.define('seq_note', { id, note: DataTypes.STRING(40), amount: DataTypes.DECIMAL(10, 2) }, { timestamps: false });
  expect((await Note.create({ note: 'Zürich', amount: '12.50' })).toJSON()).toMatchObject({ id: 1, note: 'Zürich' });
  await Note.bulkCreate([
    { note: 'b', amount: '1.00' },
    { note: 'c', amount: null },
  ]);
  const found = await Note.findAll({ where: { note: ['b', 'c'] }, order: [['id', 'ASC']], limit: 1, offset: 1 });
  expect(found.map((one) => one.toJSON() as unknown)).toEqual([{ id: 3, note: 'c', amount: null }]);
  expect(await Note.update({ note: 'd' }, { where: { note: 'b' } })).toEqual([1]);
  const transaction = await sequelize.transaction();
  await Note.create({ note: 'given up' }, { transaction });
  await transaction.rollback();
  expect(await Note.count()).toBe(3);
  expect(await sequelize.getQueryInterface().describeTable('seq_notes')).toMatchObject({
    note: { type: 'NVARCHAR(40)', allowNull: true },
    id: { allowNull: false },
  });
  await Note.drop();
  await sequelize.close();
});

test('knex: tables made, filled, paged, changed and described', async () => {
  const { host, port, user, password, database } = scene;
  // Its types know none of the driver's options.
  const options = { port, encrypt: true, trustServerCertificate: true } as unknown as string;
  const knex = knexOf({
    client: 'mssql',
    connection: { server: host, user, password, database, options },
  });
  await knex.schema.createTable('knex_notes', (table) => {
    table.integer('id').notNullable();
    table.string('note', 40);
  });
  await knex('knex_notes').insert([
    { id: 1, note: 'a' },
    { id: 2, note: null },
  ]);
  expect(await knex('knex_notes').where('id', '>', 0).orderBy('id').limit(1).offset(1)).toEqual([{ id: 2, note: null }]);
  expect(await knex('knex_notes').where({ id: 1 }).update({ note: 'z' })).toBe(1);
  const failed = knex.transaction(async (within) => {
    await within('knex_notes').insert({ id: 3 });
    await within.raw('SELECT 1/0');
  });
  await expect(failed).rejects.toMatchObject({ number: 8134 });
  expect(await knex('knex_notes').count('* as n')).toEqual([{ n: 2 }]);
  expect(await knex('knex_notes').columnInfo()).toMatchObject({ note: { type: 'nvarchar', maxLength: 40, nullable: true } });
  await knex.schema.dropTable('knex_notes');
  expect(await knex.schema.hasTable('knex_notes')).toBe(false);
  await knex.destroy();
});
