import { DuckDBInstance } from '@duckdb/node-api';
import { Connection, ISOLATION_LEVEL, Request, TYPES } from 'tedious';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '#base/log.ts';
import { PlainSession } from '#test/pool/plain-session.ts';
import { ask, tedious } from './front-scene.contract.ts';
import type { TdsFront } from './front.ts';
import { openPoolEndpoint, type EndpointClient, type EndpointLogin } from './pool-endpoint.ts';

let instance: DuckDBInstance;
let front: TdsFront;
const logins: EndpointLogin[] = [];
const clients: EndpointClient[] = [];
const sessions: PlainSession[] = [];

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  front = await openPoolEndpoint({
    host: '127.0.0.1',
    port: 0,
    encryption: 'off',
    serverName: 'ws',
    database: 'pool1',
    decide: (login) => {
      logins.push(login);
      const isGood = login.password === 'good' || login.token === 'a.good.token';
      return Promise.resolve(
        isGood
          ? { kind: 'accepted', user: { name: 'ada', mayWrite: true } }
          : { kind: 'refused', messages: [{ number: 18_456, state: 1, text: 'Login failed.' }] },
      );
    },
    open: async (client) => {
      clients.push(client);
      const session = new PlainSession(await instance.connect());
      sessions.push(session);
      return session;
    },
    log: createLog({ level: 'silent', write: () => undefined }),
  });
});
afterAll(async () => await front[Symbol.asyncDispose]());

async function connected(): Promise<Connection> {
  return await tedious({ port: front.port, encrypt: false, login: { user: 'ada', password: 'good' } });
}

/** Settles with the next of its callbacks. */
function done(start: (settle: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

test('results, counts, errors and what is said come in order', async () => {
  const connection = await connected();
  const said: string[] = [];
  connection.on('infoMessage', ({ message }) => said.push(message));
  expect(
    (await ask(connection, `SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL ORDER BY 1; PRINT 'hello'; SELECT 9::BIGINT AS c`)).rows,
  ).toEqual([[1, 'x'], [2, null], ['9']]);
  expect(said).toEqual(['hello']);
  expect(
    (await ask(connection, `CREATE TEMP TABLE t(i INTEGER); INSERT INTO t SELECT * FROM range(42); DELETE FROM t WHERE i > 30`)).count,
  ).toBe(53);
  await expect(ask(connection, 'SELECT 1 AS a; SELECT nothing')).rejects.toThrow('nothing');
  expect((await ask(connection, 'SELECT 3 AS a')).rows).toEqual([[3]]);
  connection.close();
});

test('a value that T-SQL has not ends the statement, and the connection goes on', async () => {
  const connection = await connected();
  await expect(ask(connection, `SELECT 'infinity'::TIMESTAMP AS x`)).rejects.toThrow('Arithmetic overflow');
  expect((await ask(connection, 'SELECT 3 AS a')).rows).toEqual([[3]]);
  connection.close();
});

test('procedures take parameters and return values', async () => {
  const connection = await connected();
  const rows: unknown[][] = [];
  await done((settle) => {
    const request = new Request('SELECT $n + 1 AS n, $t AS t', settle);
    request.addParameter('n', TYPES.Int, 41);
    request.addParameter('t', TYPES.NVarChar, 'Zoë');
    request.on('row', (cells: readonly { readonly value: unknown }[]) => rows.push(cells.map(({ value }) => value)));
    connection.execSql(request);
  });
  expect(rows).toEqual([[42, 'Zoë']]);
  const returned: unknown[] = [];
  await done((settle) => {
    const request = new Request('twice', settle);
    request.addParameter('n', TYPES.Int, 21);
    request.addOutputParameter('m', TYPES.Int);
    request.on('returnValue', (name, value) => returned.push(name, value));
    connection.callProcedure(request);
  });
  expect(returned).toEqual(['m', 42]);
  await expect(done((settle) => connection.callProcedure(new Request('sp_nothing', settle)))).rejects.toThrow(
    "stored procedure 'sp_nothing'",
  );
  connection.close();
});

test('transactions are begun, committed and rolled back, and a reset ends one', async () => {
  const connection = await connected();
  await ask(connection, 'CREATE TABLE kept(i INTEGER)');
  const begin = (): Promise<void> => done((settle) => connection.beginTransaction(settle, '', ISOLATION_LEVEL['SNAPSHOT']));
  await begin();
  await ask(connection, 'INSERT INTO kept VALUES (1)');
  await done((settle) => connection.commitTransaction(settle));
  await begin();
  await ask(connection, 'INSERT INTO kept VALUES (2)');
  await done((settle) => connection.rollbackTransaction(settle));
  await begin();
  await ask(connection, 'INSERT INTO kept VALUES (3)');
  await done((settle) => connection.reset(settle));
  expect(sessions.at(-1)!.resets).toBe(1);
  expect((await ask(connection, 'SELECT i FROM kept')).rows).toEqual([[1]]);
  connection.close();
});

test('rows are loaded in bulk', async () => {
  const connection = await connected();
  await ask(connection, 'CREATE TABLE loaded(id INTEGER, name VARCHAR)');
  const count = await new Promise<number>((resolve, reject) => {
    const load = connection.newBulkLoad('loaded', (error, rows) => (error ? reject(error) : resolve(rows ?? 0)));
    load.addColumn('id', TYPES.Int, { nullable: false });
    load.addColumn('name', TYPES.NVarChar, { nullable: true });
    connection.execBulkLoad(
      load,
      Array.from({ length: 200 }, (_, id) => ({ id, name: id % 2 === 0 ? null : `row ${id}` })),
    );
  });
  expect(count).toBe(200);
  expect((await ask(connection, 'SELECT count(*)::INTEGER AS n, max(name) AS name FROM loaded')).rows).toEqual([[200, 'row 99']]);
  connection.close();
});

test('who logs in, and with what, is told to whoever decides', async () => {
  logins.length = 0;
  const connection = await connected();
  expect(logins).toMatchObject([{ user: 'ada', password: 'good', token: undefined, address: '127.0.0.1' }]);
  expect(clients.at(-1)).toMatchObject({ user: { name: 'ada', mayWrite: true }, encrypted: false });
  connection.close();
  await expect(tedious({ port: front.port, encrypt: false, login: { user: 'ada', password: 'bad' } })).rejects.toThrow('Login failed.');
  const byToken = (token: string): Promise<Connection> =>
    new Promise((resolve, reject) => {
      const made = new Connection({
        server: 'localhost',
        authentication: { type: 'azure-active-directory-access-token', options: { token } },
        options: { port: front.port, encrypt: false, database: 'POOL1' },
      });
      made.connect((error) => (error ? reject(error) : resolve(made)));
    });
  (await byToken('a.good.token')).close();
  await expect(byToken('another')).rejects.toThrow('Login failed.');
  expect(logins.slice(-2).map(({ token }) => token)).toEqual(['a.good.token', 'another']);
});
