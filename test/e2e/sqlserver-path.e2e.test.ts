import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { readerPassword, startReaderScene } from '../servers/sqlserver-double/reader-scene.ts';
import type { SqlServerDouble } from '../servers/sqlserver-double/server.ts';
import { ControlPlane, runClient } from './control-plane.ts';
import { until } from './program.ts';

const [host, node] = ['sqlmi.tutorial.example', 'db1.worker.example'];
const authority = makeAuthority('tutorial');

let database: SqlServerDouble;
let folder: string;
let plane: ControlPlane;
beforeAll(async () => {
  database = await startReaderScene({
    encryption: 'require',
    certificate: authority.issue({ commonName: host, dnsNames: [host] }),
    facts: { engineEdition: 8 },
  });
  folder = mkdtempSync(join(tmpdir(), 'isthmus-sqlmi-'));
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  process.env['NODE_EXTRA_CA_CERTS'] = join(folder, 'ca.pem');
  plane = await ControlPlane.start();
  delete process.env['NODE_EXTRA_CA_CERTS'];
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  rmSync(folder, { recursive: true });
  await database[Symbol.asyncDispose]();
});

/** A part of the tutorial, by Microsoft's packages. */
async function sdk(client: 'azure-private-path' | 'azure-data-path', ...args: readonly string[]): Promise<unknown> {
  const program = join(import.meta.dirname, `../clients/${client}.ts`);
  const { code, out, err } = await runClient(plane, process.execPath, [program, ...args], {
    DATABASE_KIND: 'sqlserver',
    DATABASE_PORT: String(database.port),
    DATABASE_USER: 'reader',
    DATABASE_PASSWORD: readerPassword,
  });
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
  return JSON.parse(out) as unknown;
}

interface Tested {
  readonly status: number;
  readonly body: {
    readonly succeeded: boolean;
    readonly errors: readonly { readonly code: string; readonly message: string }[];
    readonly hops: readonly { readonly name: string; readonly ok: boolean; readonly detail: string; readonly remedy?: string }[];
  };
}

const tested = async (password = ''): Promise<Tested> => (await sdk('azure-data-path', 'test', password)) as Tested;
const outcome = ({ body }: Tested): unknown => [body.succeeded, body.hops.at(-1)?.name, ...body.errors.map(({ code }) => code)];

/** Decides about the connection of the managed private endpoint, as the service's owner. */
async function decide(status: string): Promise<void> {
  const service = `${plane.group('tutorial')}/providers/Microsoft.Network/privateLinkServices/myPrivateLinkService`;
  const { json } = await plane.ask({ path: `${service}/privateEndpointConnections` });
  const [connection] = json.value as { id: string }[];
  const body = { properties: { privateLinkServiceConnectionState: { status, description: `${status} by the owner.` } } };
  expect((await plane.ask({ method: 'PUT', path: connection!.id, body })).status).toBe(200);
}

test(
  'the tutorial as it is written: a SQL Managed Instance on 1433 behind a private link service, a balancer and a forwarder',
  { timeout: 240_000 },
  async () => {
    await sdk('azure-private-path', 'provider');
    await sdk('azure-data-path', 'factory');
    await sdk('azure-data-path', 'endpoint');
    const saved = await sdk('azure-data-path', 'linked-service');
    expect(saved).toMatchObject({
      name: 'sqlmi',
      type: 'AzureSqlMI',
      connectionString: expect.stringContaining(`Server=tcp:${host},1433`),
    });
    expect(JSON.stringify(saved)).not.toContain(readerPassword);
    await sdk('azure-data-path', 'enable');
    expect(outcome(await tested())).toEqual([false, 'endpoint', 'SqlFailedToConnect', 'EndpointPending']);
    expect(database.loginsSeen).toEqual([]);

    await decide('Approved');
    const open = await until('the way is open', async () => {
      const one = await tested();
      return one.body.succeeded && one;
    });
    expect(open.body.hops.map(({ name }) => name).filter((name) => name !== 'backend')).toEqual([
      'name',
      'endpoint',
      'service',
      'balancer',
      'forwarder',
      'TCP',
      'TLS',
      'login',
      'connection policy',
      'rights',
    ]);
    expect(open.body.hops.slice(-4).map(({ detail }) => detail)).toEqual([
      `Encrypted; the certificate is for ${host}. SQL Server 16.0.4135.`,
      'reader is logged in to the database shop (SQL Server 16.0.4135).',
      `${host} serves the session itself and sends clients nowhere else (Proxy).`,
      expect.stringMatching(/may SELECT from 3 of 4 tables, with VIEW CHANGE TRACKING on 2/),
    ]);
    expect(database.loginsSeen.map(({ serverName, database: name }) => [serverName, name])).toEqual([[host, 'shop']]);

    expect(outcome(await tested('not-the-password'))).toEqual([false, 'login', 'SqlUnauthorizedAccess', 'WrongPassword']);

    // 'the "Redirect" connection policy is not supported, you need to switch to "Proxy" mode'
    database.route = { host: node, port: 11_003 };
    const redirected = await tested();
    expect(outcome(redirected)).toEqual([false, 'connection policy', 'SqlFailedToConnect', 'ConnectionRedirected']);
    expect(redirected.body.hops.at(-1)?.detail).toContain(`${host}:1433 sends clients on to ${node}:11003 (connection policy Redirect)`);
    expect(redirected.body.hops.at(-1)?.remedy).toMatch(/proxyOverride":"Proxy/);
    database.route = undefined;
    expect((await tested()).body.succeeded).toBe(true);

    await decide('Rejected');
    const logins = database.loginsSeen.length;
    expect(outcome(await tested())).toEqual([false, 'endpoint', 'SqlFailedToConnect', 'EndpointRejected']);
    expect(database.loginsSeen.length).toBe(logins);
    const everything = JSON.stringify([open, redirected, (await plane.ask({ path: `${plane.group('tutorial')}/resources` })).text]);
    expect(everything).not.toContain(readerPassword);
    expect(everything).not.toContain('not-the-password');
  },
);
