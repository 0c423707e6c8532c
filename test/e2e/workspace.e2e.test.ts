import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { connectTo } from './bank.ts';
import { ControlPlane, runClient } from './control-plane.ts';
import { notDriven } from './driven.ts';
import { until } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;
beforeAll(async () => {
  database = await startPostgres();
  plane = await ControlPlane.start();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
});

// oxlint-disable-next-line typescript/no-explicit-any -- what the client program saw, in whatever form
async function sdk(...args: readonly string[]): Promise<any> {
  const program = join(import.meta.dirname, '../clients/azure-workspace.ts');
  const { code, out, err } = await runClient(plane, process.execPath, [program, ...args], {
    DATABASE_USER: database.user,
    DATABASE_PASSWORD: database.password,
  });
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
  return JSON.parse(out);
}

const providers = (): string => `${plane.group('synapse')}/providers`;
const server = (): string => `${providers()}/Microsoft.DBforPostgreSQL/flexibleServers/shop-source`;

/** The owner of the database server decides. */
async function decide(status: string): Promise<void> {
  const { json } = await plane.ask({ path: `${server()}/privateEndpointConnections` });
  const [connection] = json.value as { id: string }[];
  const body = { properties: { privateLinkServiceConnectionState: { status, description: 'By the owner.' } } };
  expect((await plane.ask({ method: 'PUT', path: connection!.id, body })).status).toBe(200);
}

test(
  'a protected workspace, its firewall, runtimes, linked services and managed private endpoint; its store is tested, browsed and previewed over that',
  { timeout: 240_000 },
  async () => {
    const connection = await connectTo(`postgres://${database.user}:${database.password}@127.0.0.1:${database.port}/postgres`);
    await connection.query('CREATE TABLE public.orders (id int PRIMARY KEY, note text)');
    await connection.query('CREATE TABLE public.log (at timestamptz)');
    await connection.query(`INSERT INTO public.orders SELECT n, 'row-canary-' || n FROM generate_series(1, 5) n`);
    await connection.close();
    await plane.ask({ method: 'PUT', path: plane.group('synapse'), body: { location: 'eastus' } });
    const tags = { 'hidden-backend': `127.0.0.1:${database.port}` };
    const made = await plane.ask({ method: 'PUT', path: server(), body: { location: 'eastus', tags, properties: {} } });
    const host = String(made.json.properties.fullyQualifiedDomainName);

    const { text, ...workspace } = await sdk('workspace');
    expect(workspace).toEqual({
      state: 'Succeeded',
      endpoints: ['dev', 'sql', 'sqlOnDemand', 'web'],
      principal: 36,
      uid: 36,
      settings: { preventDataExfiltration: true, linkedAccessCheckOnTargetResource: false, allowedAadTenantIdsForLinking: [] },
      bypass: [false, true, true],
      access: ['Enabled', 'Disabled'],
      listed: ['tutorialspace'],
      everywhere: 1,
      loosened: [400, 'PropertyChangeNotAllowed'],
    });
    expect(text).not.toContain('canary-of-the-administrator');
    const byHost = await plane.ask({ path: '/workspace', headers: { host: 'tutorialspace.dev.isthmus.localhost' } });
    expect([byHost.status, byHost.json.name]).toEqual([200, 'tutorialspace']);

    expect(await sdk('firewall')).toEqual({ before: ['allowAll'], end: '255.255.255.255', after: ['office'], last: [] });
    expect(await sdk('runtimes')).toEqual({
      own: 'Managed',
      listed: ['AutoResolveIntegrationRuntime', 'own'],
      alias: 'AutoResolveIntegrationRuntime',
      status: ['AutoResolveIntegrationRuntime', 'Managed', 'Online'],
    });
    const ready = async () => {
      const { body } = await sdk('status');
      return body.properties.typeProperties.interactiveQuery.status === 'Enabled' && body.properties.isolated === true;
    };
    await until('a worker is kept ready', ready);
    await plane[Symbol.asyncDispose]();
    plane = await ControlPlane.start(plane.folder);
    await until('a worker is kept ready after a restart', ready);
    expect(await sdk('artifacts', host)).toEqual({
      made: 'shop',
      listed: ['tutorialspace-WorkspaceDefaultSqlServer', 'other', 'shop'],
      connectionString: expect.not.stringContaining('assword'),
      root: ['tutorialspace', 'default'],
      runtimes: ['AutoResolveIntegrationRuntime'],
      gone: [404, 'ResourceNotFound'],
    });

    const closed = await sdk('test');
    expect([closed.body.succeeded, closed.body.errors.map(({ code }: { code: string }) => code)[0]]).toEqual([false, 'SqlFailedToConnect']);
    const endpoint = await sdk('endpoint');
    expect(endpoint).toMatchObject({ status: 200, body: { properties: { connectionState: { status: 'Pending' }, isCompliant: true } } });
    expect((await sdk('test')).body.errors[1].code).toBe('EndpointPending');
    await decide('Approved');
    expect((await sdk('state')).body.properties.connectionState.status).toBe('Approved');
    const open = await until('the way is open', async () => {
      const { body } = await sdk('test');
      return body.succeeded && body;
    });
    expect(open.runtime).toMatchObject({ name: 'AutoResolveIntegrationRuntime', isolated: true });
    expect(open.hops.map(({ name }: { name: string }) => name).slice(-4)).toEqual(['TCP', 'TLS', 'login', 'rights']);
    // Data exfiltration is prevented: there is no way to anywhere else.
    expect((await sdk('elsewhere')).body).toMatchObject({ succeeded: false, hops: [{ name: 'name', ok: false }] });

    const browsed = await sdk('browse');
    expect(browsed).toMatchObject({
      status: 200,
      body: {
        value: [
          { tableName: 'log', hasKey: false },
          { tableName: 'orders', hasKey: true },
        ],
      },
    });
    expect(await sdk('preview', 'orders')).toMatchObject({
      status: 200,
      body: {
        rows: [
          ['1', 'row-canary-1'],
          ['2', 'row-canary-2'],
        ],
      },
    });
    expect((await sdk('preview', 'none')).body.error).toMatchObject({ code: 'StoreNotReached', details: [{ code: 'TableMissing' }] });

    await decide('Rejected');
    expect((await sdk('test')).body.errors[1].code).toBe('EndpointRejected');
    expect(await sdk('remove-endpoint')).toEqual([202, { value: [] }]);

    // The other section of the second document: outbound traffic is let out, and the server's own firewall decides.
    const id = `${providers()}/Microsoft.Synapse/workspaces/tutorialspace`;
    await plane.ask({ method: 'PATCH', path: id, body: { tags: { 'hidden-egress-mode': 'report' } } });
    const outside = await until('the firewall refuses', async () => {
      const { body } = await sdk('test');
      return body.hops.some(({ name }: { name: string }) => name === 'firewall') && body;
    });
    expect(outside.succeeded).toBe(false);
    const services = { properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' } };
    expect((await plane.ask({ method: 'PUT', path: `${server()}/firewallRules/services`, body: services })).status).toBe(201);
    expect(
      (
        await until('the firewall admits', async () => {
          const { body } = await sdk('test');
          return body.succeeded && body;
        })
      ).hops.map(({ name }: { name: string }) => name),
    ).toContain('rights');
    expect(await sdk('disable')).toMatchObject({ properties: { typeProperties: { interactiveQuery: { status: 'Disabled' } } } });
    expect(await sdk('delete')).toEqual([404, 'ResourceNotFound']);
    const folder = join(plane.folder, 'logs');
    const logs = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const said = [plane.program.out, plane.program.err, ...logs].join('\n');
    for (const secret of [database.password, 'canary-of-the-administrator', 'row-canary']) expect(said).not.toContain(secret);
    expect(await notDriven(plane, 'azure-workspace')).toEqual([]);
  },
);
