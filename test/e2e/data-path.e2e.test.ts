import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
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

/** A part of the tutorial, by Microsoft's packages. */
async function sdk(client: 'azure-private-path' | 'azure-data-path', ...args: readonly string[]): Promise<unknown> {
  const program = join(import.meta.dirname, `../clients/${client}.ts`);
  const { code, out, err } = await runClient(plane, process.execPath, [program, ...args], {
    DATABASE_PORT: String(database.port),
    DATABASE_USER: database.user,
    DATABASE_PASSWORD: database.password,
  });
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
  return JSON.parse(out) as unknown;
}

interface Tested {
  readonly status: number;
  readonly body: {
    readonly succeeded: boolean;
    readonly errors: readonly { readonly code: string; readonly message: string }[];
    readonly hops: readonly { readonly name: string; readonly ok: boolean; readonly ms: number; readonly detail: string }[];
    readonly error?: { readonly code: string };
  };
}

const tested = async (password = ''): Promise<Tested> => (await sdk('azure-data-path', 'test', password)) as Tested;
const outcome = ({ body }: Tested): unknown => [body.succeeded, body.hops.at(-1)?.name, ...body.errors.map(({ code }) => code)];

/** Decides about the connection of the managed private endpoint, as the service's owner. */
async function decide(status: string): Promise<void> {
  const service = `${plane.group('tutorial')}/providers/Microsoft.Network/privateLinkServices/myPrivateLinkService`;
  const { json } = await plane.ask({ path: `${service}/privateEndpointConnections` });
  const [connection] = json.value as { id: string; properties: { privateEndpoint: { id: string } } }[];
  expect(connection!.properties.privateEndpoint.id).toMatch(/managedPrivateEndpoints\/toSqlMi$/);
  const body = { properties: { privateLinkServiceConnectionState: { status, description: `${status} by the owner.` } } };
  expect((await plane.ask({ method: 'PUT', path: connection!.id, body })).status).toBe(200);
}

test(
  'the tutorial to its end: the connection of a linked service is tested hop by hop, and fails at the hop that is closed',
  { timeout: 240_000 },
  async () => {
    await sdk('azure-private-path', 'provider');
    expect(await sdk('azure-data-path', 'factory')).toEqual({
      state: 'Succeeded',
      version: '2018-06-01',
      hasETag: true,
      principal: 36,
      network: ['default', 36],
      runtimes: ['AutoResolveIntegrationRuntime'],
      own: 'Managed',
      status: ['AutoResolveIntegrationRuntime', 'Managed', 'Online'],
    });
    expect(await sdk('azure-data-path', 'endpoint')).toEqual({
      state: 'Pending',
      provisioning: 'Succeeded',
      fqdns: ['sqlmi.tutorial.example'],
    });
    const saved = await sdk('azure-data-path', 'linked-service');
    expect(saved).toMatchObject({ name: 'sqlmi', type: 'AzurePostgreSql', connectionString: expect.not.stringContaining('assword') });

    const off = await tested();
    expect([off.status, off.body.error?.code]).toEqual([400, 'InteractiveAuthoringNotEnabled']);
    expect(await sdk('azure-data-path', 'enable')).toMatchObject({
      properties: {
        isolated: true,
        typeProperties: { interactiveQuery: { status: expect.stringMatching(/^Enabl(?:ing|ed)$/), autoTerminationMinutes: 10 } },
      },
    });

    expect(outcome(await tested())).toEqual([false, 'endpoint', 'SqlFailedToConnect', 'EndpointPending']);

    await decide('Approved');
    expect(await sdk('azure-data-path', 'state')).toBe('Approved');
    const open = await until('the way is open', async () => {
      const one = await tested();
      return one.body.succeeded && one;
    });
    expect(open.body.hops.every(({ ok }) => ok)).toBe(true);
    const names = open.body.hops.map(({ name }) => name).filter((name) => name !== 'backend');
    expect(names).toEqual(['name', 'endpoint', 'service', 'balancer', 'forwarder', 'TCP', 'TLS', 'login', 'rights']);
    expect(open.body.hops.at(-2)?.detail).toMatch(/^postgres is logged in to the database postgres/);

    const wrong = await tested('not-the-password');
    expect(outcome(wrong)).toEqual([false, 'login', 'SqlUnauthorizedAccess', 'WrongPassword']);

    await decide('Rejected');
    expect(outcome(await tested())).toEqual([false, 'endpoint', 'SqlFailedToConnect', 'EndpointRejected']);
    const everything = JSON.stringify([off, open, wrong, (await plane.ask({ path: `${plane.group('tutorial')}/resources` })).text]);
    expect(everything).not.toContain(database.password);
    expect(everything).not.toContain('not-the-password');
    expect(await notDriven(plane, 'azure-data-path')).toEqual([]);
  },
);
