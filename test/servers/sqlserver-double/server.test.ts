import { Connection, ISOLATION_LEVEL, Request, TYPES } from 'tedious';
import { expect, test } from 'vitest';
import {
  capturedStatement,
  capturesStatement,
  changesStatement,
  commitsStatement,
  marksStatement,
  maxLsnStatement,
  pageStatement,
  rowStatement,
  serverStatement,
  tablesStatement,
  versionStatement,
} from '#replication/sources/sqlserver/statements.ts';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import type { DatabaseDouble } from './database.ts';
import { deadlock, once } from './interference.ts';
import { selectionOf, statementKey, statementTable } from './selections.ts';
import { doubleOwner, SqlServerDouble } from './server.ts';
import { insert, remove, truncate, update } from './writes.ts';

interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly encrypt?: boolean;
}

async function connect(server: SqlServerDouble, { user, password, database = 'shop', encrypt = false }: Login = {}): Promise<Connection> {
  const options = { userName: user ?? doubleOwner.user, password: password ?? doubleOwner.password };
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options },
    options: { port: server.port, database, encrypt, trustServerCertificate: true, connectTimeout: 5_000 },
  });
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
  return connection;
}

type Rows = readonly (readonly unknown[])[];

function ask(connection: Connection, sql: string, parameters: Readonly<Record<string, string | number | bigint>> = {}): Promise<Rows> {
  return new Promise((resolve, reject) => {
    const rows: unknown[][] = [];
    const request = new Request(sql, (error) => (error ? reject(error) : resolve(rows)));
    request.on('row', (columns: { readonly value: unknown }[]) => rows.push(columns.map(({ value }) => value)));
    const entries = Object.entries(parameters);
    for (const [name, value] of entries)
      request.addParameter(name, typeof value === 'number' ? TYPES.Int : typeof value === 'bigint' ? TYPES.BigInt : TYPES.NVarChar, value);
    if (entries.length === 0) connection.execSqlBatch(request);
    else connection.execSql(request);
  });
}

function begin(connection: Connection): Promise<void> {
  const { SNAPSHOT } = ISOLATION_LEVEL as Readonly<Record<'SNAPSHOT', number>>;
  return new Promise((resolve, reject) => connection.beginTransaction((error) => (error ? reject(error) : resolve()), '', SNAPSHOT));
}

function commit(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => connection.commitTransaction((error) => (error ? reject(error) : resolve())));
}

function shop(server: SqlServerDouble): DatabaseDouble {
  const database = server.database('shop');
  database.create('dbo.orders', { id: 'bigint', said: 'nvarchar(20) null', price: 'decimal(38,4) null' }, ['id']);
  database.trackChanges();
  database.trackTable('dbo.orders');
  database.transact([insert('dbo.orders', ...[...Array(500).keys()].map((i) => ({ id: BigInt(i), said: `row ${i}`, price: `${i}.5` })))]);
  return database;
}

function ordersStatement(server: SqlServerDouble, make: (table: ReturnType<typeof statementTable>) => string): string {
  const table = server.database('shop').table('dbo.orders');
  const columns = selectionOf(table.columns, ['T.[id]', 'T.[said]', 'CONVERT(varchar(41), T.[price])'], 'T')!;
  return make(
    statementTable(
      table,
      columns.map(({ statement }) => statement),
      statementKey(table)!,
    ),
  );
}

const failure = async (asked: Promise<unknown>): Promise<unknown> => {
  try {
    await asked;
    return undefined;
  } catch (error) {
    const { number, code, message } = error as { number?: number; code?: string; message?: string };
    return number ?? code ?? message;
  }
};

test('a driver that knows nothing of the double is answered over TDS, values whole', async () => {
  await using server = await SqlServerDouble.start();
  const database = shop(server);
  const connection = await connect(server);
  const [facts] = await ask(connection, serverStatement);
  expect(facts?.slice(0, 8)).toEqual([
    3,
    '16.0.4135.4',
    'Developer Edition (64-bit)',
    'READ_WRITE',
    'shop',
    1,
    false,
    database.identity.brokerGuid,
  ]);
  expect((await ask(connection, tablesStatement)).map((row) => row.slice(1, 8))).toEqual([
    ['dbo', 'orders', false, '500', expect.stringMatching(/^0@2026-/), 1, 1],
  ]);
  const page = ordersStatement(server, (table) => pageStatement(table, true));
  expect(await ask(connection, page, { rows: 2, k0: '497' })).toEqual([
    ['498', 'row 498', '498.5000'],
    ['499', 'row 499', '499.5000'],
  ]);
  database.transact([insert('dbo.orders', { id: 2n ** 62n, price: '-1234567890123456789012345678901234.0001' })]);
  expect(await ask(connection, ordersStatement(server, rowStatement), { k0: '4611686018427387904' })).toEqual([
    ['4611686018427387904', null, '-1234567890123456789012345678901234.0001'],
  ]);
  connection.close();
});

test('a SNAPSHOT transaction sees one moment over many statements; others see the last commit', async () => {
  await using server = await SqlServerDouble.start();
  const database = shop(server);
  const [reader, other] = [await connect(server), await connect(server)];
  const changes = ordersStatement(server, changesStatement);
  database.transact([update('dbo.orders', { id: 1n }, { said: 'first' })]);
  await begin(reader);
  expect((await ask(reader, versionStatement))[0]?.[0]).toBe('2');
  database.transact([update('dbo.orders', { id: 1n }, { said: 'second' }), remove('dbo.orders', { id: 2n })]);
  expect(await ask(reader, changes, { from: 1n })).toEqual([['2', 'U', 1, '1', '1', 'first', '1.5000']]);
  expect(await ask(other, changes, { from: 1n })).toEqual([
    ['3', 'U', 1, '1', '1', 'second', '1.5000'],
    ['3', 'D', 0, '2', null, null, null],
  ]);
  database.cleanUpTracking();
  expect((await ask(reader, changes, { from: 1n })).length).toBe(1);
  expect(await ask(other, changes, { from: 1n })).toEqual([]);
  expect((await ask(other, marksStatement))[0]?.slice(1)).toEqual(['dbo', 'orders', '3', expect.stringMatching(/^0@2026-/)]);
  await commit(reader);
  expect((await ask(reader, versionStatement))[0]?.[0]).toBe('3');
  for (const connection of [reader, other]) connection.close();
});

test('DDL breaks a SNAPSHOT, a TRUNCATE takes rows from it, and where none is allowed there is none', async () => {
  await using server = await SqlServerDouble.start();
  const database = shop(server);
  const connection = await connect(server);
  const page = ordersStatement(server, (table) => pageStatement(table, false));
  await begin(connection);
  expect((await ask(connection, page, { rows: 9 })).length).toBe(9);
  database.transact([truncate('dbo.orders')]);
  expect(await ask(connection, page, { rows: 9 })).toEqual([]);
  database.addColumn('dbo.orders', 'more', 'int null');
  expect(await failure(ask(connection, page, { rows: 9 }))).toBe(3961);
  expect((await ask(connection, page, { rows: 9 })).length).toBe(0);
  database.dropColumn('dbo.orders', 'said');
  expect(await failure(ask(connection, page, { rows: 9 }))).toBe(207);
  database.snapshotIsolation = 'off';
  await begin(connection);
  expect(await failure(ask(connection, versionStatement))).toBe(3952);
  database.drop('dbo.orders');
  expect(await failure(ask(connection, page, { rows: 9 }))).toBe(208);
  connection.close();
});

test('a capture instance is read by places in the log', async () => {
  await using server = await SqlServerDouble.start();
  const database = shop(server);
  const connection = await connect(server);
  expect(await failure(ask(connection, capturesStatement))).toBe(208);
  database.enableCapture();
  database.captureTable('dbo.orders');
  const [[from]] = (await ask(connection, maxLsnStatement)) as [[string]];
  database.transact([update('dbo.orders', { id: 1n }, { said: 'captured' }), remove('dbo.orders', { id: 2n })]);
  expect((await ask(connection, capturesStatement)).map((row) => row[0])).toEqual(['dbo_orders']);
  const [[to]] = (await ask(connection, commitsStatement, { from, rows: 10 })) as [[string]];
  const columns = selectionOf(database.table('dbo.orders').columns, ['T.[id]', 'T.[said]'], 'T')!.map(({ statement }) => statement);
  const found = await ask(connection, capturedStatement('dbo_orders', columns), { from, to });
  expect(found.map(([lsn, , ...row]) => [lsn === to, ...row])).toEqual([
    [true, 3, '1', 'row 1'],
    [true, 4, '1', 'captured'],
    [true, 1, '2', 'row 2'],
  ]);
  connection.close();
});

test("a text that is not the connector's is an error", async () => {
  await using server = await SqlServerDouble.start();
  shop(server);
  const connection = await connect(server);
  for (const sql of ['SELECT 1', `${serverStatement} `, 'SELECT T.[id] FROM [dbo].[orders] AS T WHERE 1 = 1', 'DELETE FROM dbo.orders'])
    expect(await failure(ask(connection, sql))).toBe(50_000);
  expect(await failure(ask(connection, 'SELECT T.[nothing] FROM [dbo].[orders] AS T'))).toBe(207);
  connection.close();
});

test('faults come where they are asked for: an error, a cut before an answer and within one', async () => {
  await using server = await SqlServerDouble.start();
  shop(server);
  const page = ordersStatement(server, (table) => pageStatement(table, false));
  const connection = await connect(server);
  await begin(connection);
  server.interferes = once('page', { kind: 'error', error: deadlock });
  expect(await failure(ask(connection, page, { rows: 9 }))).toBe(1205);
  expect((await ask(connection, page, { rows: 9 })).length).toBe(9);
  server.interferes = once('page', { kind: 'cut' });
  expect(await failure(ask(connection, page, { rows: 9 }))).toBe('ECONNRESET');

  const again = await connect(server);
  server.interferes = once('page', { kind: 'cut', afterRows: 300 });
  let rows = 0;
  const broken = new Promise<unknown>((resolve) => {
    const request = new Request(page, (error) => resolve((error as { code?: string } | undefined)?.code));
    request.addParameter('rows', TYPES.Int, 500);
    request.on('row', () => (rows += 1));
    again.execSql(request);
  });
  expect(await broken).toBe('ECONNRESET');
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThanOrEqual(300);
  expect(server.seen.map(({ name }) => name)).toEqual(['begin', 'page', 'page', 'page', 'page']);
});

test('logins are judged, or sent elsewhere, and rights are those of the login', async () => {
  const authority = makeAuthority('double');
  await using server = await SqlServerDouble.start({
    certificate: authority.issue({ commonName: 'double', dnsNames: ['double'] }),
    databases: ['shop', 'books'],
    logins: { reader: { password: 'Read-only-1', databases: ['shop'], select: ['dbo.orders'], viewTracking: 'all' } },
  });
  const database = shop(server);
  database.create('dbo.hidden', { id: 'int' }, ['id']);
  const reader = { user: 'reader', password: 'Read-only-1', encrypt: true };
  const connection = await connect(server, reader);
  expect((await ask(connection, tablesStatement)).map((row) => [row[2], row[6], row[7]])).toEqual([
    ['hidden', 0, 1],
    ['orders', 1, 1],
  ]);
  server.logins.set('reader', { password: 'Read-only-1' });
  expect(
    await failure(
      ask(
        connection,
        ordersStatement(server, (table) => pageStatement(table, false)),
        { rows: 1 },
      ),
    ),
  ).toBe(229);
  connection.close();
  expect(await failure(connect(server, { ...reader, password: 'wrong' }))).toBe('ELOGIN');
  expect(await failure(connect(server, { ...reader, database: 'nowhere' }))).toBe('ELOGIN');
  server.refusesLogins = {
    number: 40_615,
    text: "Cannot open server 'double' requested by the login. Client with IP address '203.0.113.9' is not allowed to access the server.",
  };
  expect(await failure(connect(server, reader))).toBe('ELOGIN');
  server.refusesLogins = undefined;

  await using node = await SqlServerDouble.start({ logins: { reader: { password: 'Read-only-1' } } });
  server.route = { host: '127.0.0.1', port: node.port };
  (await connect(server, { ...reader, encrypt: false })).close();
  expect([server.loginsSeen.length, node.loginsSeen.length]).toEqual([5, 1]);
});
