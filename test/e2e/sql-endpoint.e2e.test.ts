import { readFileSync } from 'node:fs';
import { Connection, Request, type ConnectionConfiguration } from 'tedious';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane } from './control-plane.ts';
import { until } from './program.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await ControlPlane.start();
  await plane.ask({ method: 'PUT', path: plane.group('sql'), body: { location: 'eastus' } });
  const properties = { sqlAdministratorLogin: 'boss', sqlAdministratorLoginPassword: password };
  await plane.ask({ method: 'PUT', path: workspace(), body: { location: 'eastus', properties } });
  for (const name of ['sales', 'other']) await plane.ask({ method: 'PUT', path: pool(name), body: { location: 'eastus', properties: {} } });
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
});

const password = 'Kept-to-itself-1';
const workspace = (): string => `${plane.group('sql')}/providers/Microsoft.Synapse/workspaces/sqlspace`;
const pool = (name: string): string => `${workspace()}/sqlPools/${name}`;

/** Where the pool says that it is reached. */
async function portOf(name: string): Promise<number> {
  const found = await until(`the address of ${name}`, async () => {
    const { json } = await plane.ask({ path: pool(name) });
    return /^localhost,(\d+)$/.exec(String(json.properties?.sqlEndpoint))?.[1];
  });
  return Number(found);
}

async function connected(
  port: number,
  authentication: NonNullable<ConnectionConfiguration['authentication']>,
  database = 'sales',
): Promise<Connection> {
  const connection = new Connection({
    server: 'localhost',
    authentication,
    options: { port, database, encrypt: true, cryptoCredentialsDetails: { ca: readFileSync(plane.ca, 'utf8') }, requestTimeout: 0 },
  });
  connection.on('error', () => connection.close());
  await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
  return connection;
}

const byPassword = (given = password) => ({ type: 'default', options: { userName: 'boss', password: given } }) as const;
const byToken = (token: string) => ({ type: 'azure-active-directory-access-token', options: { token } }) as const;

function rows(connection: Connection, sql: string): Promise<readonly unknown[][]> {
  return new Promise((resolve, reject) => {
    const found: unknown[][] = [];
    const request = new Request(sql, (error) => (error ? reject(error) : resolve(found)));
    request.on('row', (cells: readonly { readonly value: unknown }[]) => found.push(cells.map(({ value }) => value)));
    connection.execSqlBatch(request);
  });
}

test('each pool has a port, which its resource and its workspace tell, and keeps it', { timeout: 120_000 }, async () => {
  const [sales, other] = [await portOf('sales'), await portOf('other')];
  expect(sales).not.toBe(other);
  const { json } = await plane.ask({ path: workspace() });
  expect(json.properties.connectivityEndpoints).toMatchObject({
    sql: `localhost,${other}`,
    'sql/other': `localhost,${other}`,
    'sql/sales': `localhost,${sales}`,
  });
  await plane.ask({ method: 'POST', path: `${pool('sales')}/pause` });
  expect((await plane.ask({ path: pool('sales') })).json.properties.sqlEndpoint).toBeUndefined();
  await plane.ask({ method: 'POST', path: `${pool('sales')}/resume` });
  expect(await portOf('sales')).toBe(sales);
});

test('the SQL administrator writes and reads in T-SQL over TLS that our own authority vouches for', { timeout: 120_000 }, async () => {
  const connection = await connected(await portOf('sales'), byPassword());
  await rows(connection, `CREATE TABLE dbo.orders (id int NOT NULL, amount decimal(18,2), name nvarchar(40))`);
  await rows(connection, `INSERT INTO dbo.orders VALUES (1, 12.50, N'Zoë'), (2, NULL, NULL)`);
  expect(await rows(connection, `SELECT id, CAST(amount AS varchar(20)), name FROM dbo.orders ORDER BY id`)).toEqual([
    [1, '12.50', 'Zoë'],
    [2, null, null],
  ]);
  expect(await rows(connection, `SELECT TOP 1 7 / 2, DB_NAME(), SUSER_SNAME()`)).toEqual([[3, 'sales', 'boss']]);
  connection.close();
  await expect(connected(await portOf('sales'), byPassword('guess'))).rejects.toThrow("Login failed for user 'boss'.");
  await expect(connected(await portOf('sales'), byPassword(), 'nothing')).rejects.toThrow("Login failed for user 'boss'.");
});

test('an access token lets in with the roles of whom it names', { timeout: 120_000 }, async () => {
  const connection = await connected(await portOf('sales'), byToken(await plane.token()));
  expect(await rows(connection, 'SELECT count(*) FROM dbo.orders')).toEqual([[2]]);
  connection.close();
  await expect(connected(await portOf('sales'), byToken('not.a.token'))).rejects.toThrow('access token is invalid');
});

test('every login and every refusal is in the audit log, and no password', { timeout: 60_000 }, async () => {
  const { text } = await plane.ask({ path: `${pool('sales')}/providers/Isthmus.Audit/records` });
  expect(text).toContain('sqlPools/connect/action');
  expect(text).toContain('PasswordWrong');
  expect(text).not.toContain(password);
  expect(text).not.toContain('guess');
});

test('heavy statements keep nobody from logging in, and one that is cancelled frees the engine', { timeout: 120_000 }, async () => {
  const port = await portOf('sales');
  const heavy = await Promise.all(Array.from({ length: 8 }, () => connected(port, byPassword())));
  await rows(heavy[0]!, 'CREATE TABLE dbo.numbers (n bigint)');
  await rows(
    heavy[0]!,
    `INSERT INTO dbo.numbers SELECT a.id * 1000 + b.id FROM (SELECT id FROM dbo.orders) a CROSS JOIN (SELECT id FROM dbo.orders) b`,
  );
  for (let doubling = 0; doubling < 9; doubling += 1) await rows(heavy[0]!, 'INSERT INTO dbo.numbers SELECT n FROM dbo.numbers');
  // 2^33 rows: hours, if nobody stops them.
  const endless = 'SELECT sum(a.n + b.n + c.n) FROM dbo.numbers a CROSS JOIN dbo.numbers b CROSS JOIN dbo.numbers c';
  const running = heavy.map((connection) => rows(connection, endless).catch((error: unknown) => String(error)));
  const begunMs = performance.now();
  for (let login = 0; login < 5; login += 1) {
    const connection = await connected(port, byPassword());
    expect(await rows(connection, 'SELECT 1')).toEqual([[1]]);
    connection.close();
  }
  expect(performance.now() - begunMs).toBeLessThan(30_000);
  for (const connection of heavy) connection.cancel();
  expect(await Promise.all(running)).toEqual(heavy.map(() => expect.stringContaining('Canceled')));
  expect(await rows(heavy[0]!, 'SELECT 2')).toEqual([[2]]);
  for (const connection of heavy) connection.close();
});
