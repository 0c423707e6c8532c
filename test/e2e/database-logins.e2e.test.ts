import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { startMariaDb, type TestMariaDb } from '../servers/mariadb.ts';
import { readerPassword as password, startReaderScene } from '../servers/sqlserver-double/reader-scene.ts';
import type { SqlServerDouble } from '../servers/sqlserver-double/server.ts';
import { ControlPlane } from './control-plane.ts';
import { until } from './program.ts';

const [host, node, mysqlHost] = ['sqlmi.logins.example', 'db1.worker.example', 'shop.mysql.example'];
const authority = makeAuthority('logins');
const certificate = authority.issue({ commonName: host, dnsNames: [host, mysqlHost] });
const unknown = makeAuthority('unknown').issue({ commonName: node, dnsNames: [node] });

let proxied: SqlServerDouble;
/** With a certificate of an authority that nobody knows. */
let strange: SqlServerDouble;
let redirecting: SqlServerDouble;
let mariadb: TestMariaDb;
let folder: string;
let plane: ControlPlane;
beforeAll(async () => {
  proxied = await startReaderScene({ encryption: 'require', certificate });
  strange = await startReaderScene({ encryption: 'require', certificate: unknown });
  redirecting = await startReaderScene({ encryption: 'require', certificate });
  redirecting.route = { host: node, port: 1433 };
  mariadb = await startMariaDb({
    certificate,
    statements: [
      'CREATE DATABASE shop',
      'CREATE TABLE shop.orders (id INT PRIMARY KEY)',
      `CREATE USER reader@'%' IDENTIFIED BY '${password}'`,
      "GRANT SELECT ON shop.* TO reader@'%'",
    ],
  });
  folder = mkdtempSync(join(tmpdir(), 'isthmus-logins-'));
  // As an operator does whose databases have certificates of the company's own authority.
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  process.env['NODE_EXTRA_CA_CERTS'] = join(folder, 'ca.pem');
  plane = await ControlPlane.start();
  delete process.env['NODE_EXTRA_CA_CERTS'];
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  rmSync(folder, { recursive: true });
  for (const server of [proxied, strange, redirecting, mariadb]) await server[Symbol.asyncDispose]();
});

const providers = (): string => `${plane.group('logins')}/providers`;
const factory = (): string => `${providers()}/Microsoft.DataFactory/factories/logins-factory`;

async function put(path: string, body: unknown): Promise<void> {
  const { status, text } = await plane.ask({ method: 'PUT', path, body });
  if (status > 202) throw new Error(`${path}: ${text}`);
}

/** A server that stands for an existing one, and a managed private endpoint to it that its owner has approved. */
async function reach(
  server: string,
  port: number,
  endpoint: { readonly groupId: string; readonly fqdns: readonly string[] },
): Promise<void> {
  await put(server, { location: 'eastus', tags: { 'hidden-backend': `127.0.0.1:${port}` }, properties: {} });
  const path = `${factory()}/managedVirtualNetworks/default/managedPrivateEndpoints/to-${server.split('/').at(-1)}`;
  await put(path, { properties: { privateLinkResourceId: server, ...endpoint } });
  const connection = await until('the owner is asked', async () => {
    const { json } = await plane.ask({ path: `${server}/privateEndpointConnections` });
    return (json.value as readonly { readonly id: string }[])[0];
  });
  await put(connection.id, { properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'By the owner.' } } });
}

interface Tested {
  readonly succeeded: boolean;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  readonly hops: readonly { readonly name: string; readonly ok: boolean; readonly detail: string; readonly remedy?: string }[];
  readonly runtime: { readonly isolated: boolean };
}

async function tested(type: string, more: Readonly<Record<string, unknown>>): Promise<Tested> {
  const typeProperties = { database: 'shop', password: { type: 'SecureString', value: password }, ...more };
  const body = { linkedService: { name: 'unsaved', properties: { type, typeProperties } } };
  const { status, json, text } = await plane.ask({ method: 'POST', path: `${factory()}/testConnectivity`, body });
  if (status !== 200) throw new Error(text);
  expect(text).not.toContain(password);
  return json as Tested;
}

const outcome = ({ succeeded, hops, errors }: Tested): unknown => [succeeded, hops.at(-1)?.name, ...errors.map(({ code }) => code)];
const steps = ['TCP', 'TLS', 'login', 'connection policy', 'rights'];

test('SQL Server and MySQL are logged in to over the private path, from the sandbox', { timeout: 240_000 }, async () => {
  await put(plane.group('logins'), { location: 'eastus' });
  await put(factory(), { location: 'eastus' });
  await put(`${factory()}/managedVirtualNetworks/default`, { properties: {} });
  const sqlServer = (name: string): string => `${providers()}/Microsoft.Sql/servers/${name}`;
  await reach(sqlServer('gateway'), proxied.port, { groupId: 'sqlServer', fqdns: [host] });
  await reach(`${providers()}/Microsoft.DBforMySQL/flexibleServers/shop`, mariadb.port, { groupId: 'mysqlServer', fqdns: [mysqlHost] });
  const enable = `${factory()}/integrationRuntimes/AutoResolveIntegrationRuntime/enableInteractiveQuery`;
  expect((await plane.ask({ method: 'POST', path: enable, body: { autoTerminationMinutes: 10 } })).status).toBeLessThan(300);

  const sql = { server: host, authenticationType: 'SQL', userName: 'reader' };
  const open = await until('the way is open', async () => {
    const one = await tested('AzureSqlMI', sql);
    return one.succeeded && one;
  });
  expect(open.runtime.isolated).toBe(true);
  expect(open.hops.map(({ name }) => name).slice(-5)).toEqual(steps);
  expect(open.hops.at(-1)?.detail).toContain('may SELECT from 3 of 4 tables');
  expect(proxied.loginsSeen.at(-1)?.serverName).toBe(host);

  const wrong = await tested('AzureSqlMI', { ...sql, userName: 'nobody' });
  expect(outcome(wrong)).toEqual([false, 'login', 'SqlUnauthorizedAccess', 'WrongPassword']);
  expect(wrong.errors[0]?.message).toMatch(/SqlErrorNumber=18456$/);
  const mysql = await until('the way to MySQL is open', async () => {
    const one = await tested('MySql', { server: mysqlHost, username: 'reader', sslMode: 'verify_full' });
    return one.succeeded && one;
  });
  expect(mysql.hops.at(-1)?.detail).toMatch(/^reader may SELECT from 1 of 1 tables and not follow the binary log/);
  // The same server, whose connection policy is Redirect from now on.
  await put(sqlServer('gateway'), { location: 'eastus', tags: { 'hidden-backend': `127.0.0.1:${redirecting.port}` }, properties: {} });
  const redirected = await until('the gateway redirects', async () => {
    const one = await tested('AzureSqlMI', sql);
    return !one.succeeded && one;
  });
  expect(outcome(redirected)).toEqual([false, 'connection policy', 'SqlFailedToConnect', 'ConnectionRedirected']);
  expect(redirected.hops.at(-1)?.detail).toContain(`${host}:1433 sends clients on to ${node}:1433 (connection policy Redirect)`);
  expect(redirected.hops.at(-1)?.remedy).toContain('Proxy');

  // The owner of the node carries it over the private path too.
  await reach(sqlServer('node'), strange.port, { groupId: 'sqlServer', fqdns: [node] });
  const trusting = { ...sql, trustServerCertificate: true };
  const followed = await until('the way to the node is open', async () => {
    const one = await tested('AzureSqlMI', trusting);
    return one.succeeded && one;
  });
  expect(followed.hops.at(-2)?.detail).toBe(`Redirect: ${host} sends clients on to ${node}:1433, which can be reached from here.`);
  expect(strange.loginsSeen.at(-1)?.serverName).toBe(node);
  expect(outcome(await tested('AzureSqlMI', sql))).toEqual([false, 'connection policy', 'SqlFailedToConnect', 'UnknownAuthority']);
});
