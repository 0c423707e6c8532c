import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PgConnection } from '#replication/sources/postgres/connection.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { connectTo } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { notDriven } from './driven.ts';
import { poolFile, synapseParts, untilEqual, type LinkStatus, type SynapsePart } from './link-ground.ts';
import { until } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;
let source: PgConnection;
let sdk: SynapsePart;

async function makeStage(options: readonly string[]): Promise<void> {
  database = await startPostgres();
  plane = await ControlPlane.start(undefined, true, [], options);
  source = await connectTo(database.url());
  sdk = synapseParts(plane, database);
  await source.query(`
    CREATE TABLE public.customers (id bigint PRIMARY KEY, name text NOT NULL, credit numeric(12,2));
    CREATE TABLE public.orders (id bigint PRIMARY KEY, customer bigint NOT NULL, placed timestamp NOT NULL, total numeric(12,2) NOT NULL);
    CREATE TABLE public.notes (id int PRIMARY KEY, said text);
    INSERT INTO public.customers SELECT g, 'customer ' || g, g * 1.25 FROM generate_series(1, 2000) g;
    INSERT INTO public.orders SELECT g, 1 + g % 2000, timestamp '2026-01-01' + g * interval '1 second', g * 0.99 FROM generate_series(1, 5000) g`);
}

async function takeStageAway(): Promise<void> {
  await source.close();
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
}

interface Tested {
  readonly status: number;
  readonly body: {
    readonly succeeded: boolean;
    readonly errors: readonly { readonly code: string; readonly message: string }[];
    readonly hops: readonly { readonly name: string; readonly ok: boolean }[];
    readonly error?: { readonly code: string };
  };
}

const tested = async (workspace: string, service = ''): Promise<Tested> => (await sdk('test', workspace, service)) as Tested;
const outcome = ({ body }: Tested): unknown => [body.succeeded, body.hops.at(-1)?.name, ...body.errors.map(({ code }) => code)];
const status = async (workspace: string): Promise<LinkStatus> => (await sdk('status', workspace)) as LinkStatus;
const untilStatus = (workspace: string, wanted: string): Promise<LinkStatus> =>
  until(`the link is ${wanted}`, async () => {
    const seen = await status(workspace);
    return seen.status === wanted && seen;
  });
const slots = async (): Promise<number> =>
  Number((await source.query(`SELECT count(*) FROM pg_replication_slots`))[0]![0]) +
  Number((await source.query(`SELECT count(*) FROM pg_publication`))[0]![0]);

function testOpenVariant(): void {
  test(
    'variant A: outbound traffic to anywhere; the link goes to the public name of the server, if its firewall and the bypass let it',
    { timeout: 300_000 },
    async () => {
      const workspace = 'ws-open';
      expect(await sdk('server', workspace)).toBe('shop-server.postgres.database.isthmus.localhost');
      expect(await sdk('workspace', workspace, 'no')).toMatchObject({
        state: 'Succeeded',
        network: 'default',
        protects: false,
        bypass: false,
        endpoints: ['dev', 'sql', 'sqlOnDemand', 'web'],
        identity: 36,
        runtimes: ['AutoResolveIntegrationRuntime'],
        seen: workspace,
      });
      expect(await sdk('pool', workspace)).toEqual(['pool1', 'Online', 'DW100c']);
      expect(await sdk('pool-life', workspace)).toEqual({
        made: ['Online', 'DW100c', 'SQL_Latin1_General_CP1_CI_AS'],
        paused: 'Paused',
        resumed: 'Online',
        scaled: 'DW200c',
        listed: ['pool1', 'pool2'],
        plane: ['pool2', 2],
        left: ['pool1'],
      });
      expect(await sdk('default-service', workspace)).toEqual({
        type: 'AzureSqlDW',
        parameters: { DBName: { type: 'String' } },
        isListed: true,
      });
      await sdk('linked-service', workspace);
      expect((await tested(workspace)).body.error?.code).toBe('InteractiveAuthoringNotEnabled');
      expect(await sdk('interactive', workspace)).toEqual(['AutoResolveIntegrationRuntime', 'Managed', 'Online']);

      const closed = await tested(workspace);
      expect(closed.body.succeeded).toBe(false);
      expect(closed.body.errors.map(({ message }) => message).join(' ')).toMatch(/is not allowed to access the server/);
      expect(await sdk('server-firewall', workspace, 'on')).toBe('0.0.0.0');
      const open = await until('the firewall lets it in', async () => {
        const one = await tested(workspace);
        return one.body.succeeded && one;
      });
      expect(open.body.hops.map(({ name }) => name)).toEqual(expect.arrayContaining(['name', 'TCP', 'login', 'rights']));

      const made = { made: ['shop-link', 'By the package.', 4], same: true, status: 'Initial' };
      expect(await sdk('link', workspace)).toEqual(made);
      await sdk('edit-tables', workspace, 'add:public.customers,add:public.orders');
      expect(await sdk('list', workspace)).toEqual(['shop-link']);
      expect(await sdk('start', workspace)).toMatchObject({ message: expect.stringMatching(/bypass/i) });
      expect((await status(workspace)).status).toBe('Initial');
      expect(await sdk('bypass', workspace, 'on')).toBe(true);
      expect(await sdk('start', workspace)).toBeNull();
      expect(await sdk('start', workspace)).toMatchObject({ statusCode: 409 });
      expect(await untilStatus(workspace, 'Running')).toMatchObject({ isApplyingChanges: expect.any(Boolean), run: 36 });
      const file = poolFile(plane, workspace, 'pool1');
      expect(await untilEqual(source, file, 'public.customers')).toBe(2000);
      await source.query(
        `UPDATE public.customers SET credit = credit + 1 WHERE id % 7 = 0; DELETE FROM public.customers WHERE id % 11 = 0`,
      );
      await source.query(
        `BEGIN; INSERT INTO public.orders VALUES (9001, 1, '2026-02-02', 10.00); DELETE FROM public.orders WHERE id = 1; COMMIT`,
      );
      await untilEqual(source, file, 'public.customers');
      expect(await untilEqual(source, file, 'public.orders')).toBe(5000);

      await sdk('edit-tables', workspace, 'Add:public.notes>dbo.remarks,remove:public.orders');
      await source.query(`INSERT INTO public.notes VALUES (1, 'first'), (2, NULL)`);
      expect(await untilEqual(source, file, 'public.notes', 'dbo.remarks')).toBe(2);
      expect(await sdk('link-tables', workspace)).toEqual([
        ['public.customers', 'public', 'Heap'],
        ['public.notes', 'dbo', 'Heap'],
      ]);
      const tables = (await sdk('table-status', workspace)) as { status: string; errorCode?: string; linkTableId: string }[];
      const replicating = ['Replicating', null, 36];
      expect(tables.map((one) => [one.status, one.errorCode ?? null, one.linkTableId.length])).toEqual([replicating, replicating]);

      expect(await sdk('pause', workspace)).toBeNull();
      await untilStatus(workspace, 'Paused');
      await source.query(`INSERT INTO public.notes VALUES (3, 'while paused')`);
      expect(await sdk('resume', workspace)).toBeNull();
      await untilStatus(workspace, 'Running');
      expect(await untilEqual(source, file, 'public.notes', 'dbo.remarks')).toBe(3);

      expect(await sdk('server-firewall', workspace, 'off')).toBeNull();
      // At first it knows only that its connection broke; then it is refused a new one.
      await until('the link says why it stands still', async () => {
        const { status: now, error } = await status(workspace);
        return now !== 'Running' && /not allowed to access the server/.test(error?.message ?? '');
      });
      await sdk('server-firewall', workspace, 'on');
      await untilStatus(workspace, 'Running');

      expect(await sdk('stop', workspace)).toBeNull();
      await untilStatus(workspace, 'Stopped');
      expect(await slots()).toBe(0);
      expect(await sdk('start', workspace)).toBeNull();
      await untilStatus(workspace, 'Running');
      await untilEqual(source, file, 'public.customers');
      expect(await slots()).toBeGreaterThan(0);
      expect(await sdk('delete', workspace)).toBeNull();
      await until('slot and publications are released', async () => (await slots()) === 0);
      expect(await sdk('list', workspace)).toEqual([]);

      // Made once more by that name, and deleted while it is stopped.
      expect(await sdk('link', workspace, '/a/server')).toEqual(made);
      await sdk('edit-tables', workspace, 'Add:public.customers,add:public.orders');
      await sdk('edit-tables', workspace, 'Remove:public.orders');
      expect(await sdk('link-tables', workspace)).toEqual([['public.customers', 'public', 'Heap']]);
      expect(await sdk('start', workspace)).toBeNull();
      await untilStatus(workspace, 'Running');
      expect(await sdk('stop', workspace)).toBeNull();
      await untilStatus(workspace, 'Stopped');
      expect(await slots()).toBe(0);
      expect(await sdk('credential', workspace)).toBe(false);
      expect(await sdk('delete', workspace)).toBeNull();
      await until('the link is gone', async () => JSON.stringify(await sdk('list', workspace)) === '[]');
    },
  );
}

function testProtectedVariant(whileRunning: WhileRunning): void {
  test(
    'variant B: outbound traffic only to approved targets; nothing flows before the owner approves, and nothing after it is rejected',
    { timeout: 300_000 },
    async () => {
      const workspace = 'ws-protected';
      await sdk('server', workspace);
      expect(await sdk('workspace', workspace, 'yes')).toMatchObject({ state: 'Succeeded', protects: true });
      await sdk('bypass', workspace, 'on');
      await sdk('pool', workspace);
      await sdk('interactive', workspace);
      await sdk('linked-service', workspace);
      // The public name leads nowhere from here, whatever the server's firewall says.
      await sdk('server-firewall', workspace, 'on');
      const denied = await tested(workspace);
      expect([denied.body.succeeded, denied.body.errors.at(-1)?.code]).toEqual([
        false,
        expect.stringMatching(/^(NameNotFound|NoEndpoint)$/),
      ]);

      expect(await sdk('endpoint', workspace)).toMatchObject({
        status: 200,
        body: { properties: { connectionState: { status: 'Pending' }, groupId: 'postgresqlServer' } },
      });
      expect(outcome(await tested(workspace))).toEqual([false, 'endpoint', 'SqlFailedToConnect', 'EndpointPending']);
      await sdk('link', workspace);
      await sdk('edit-tables', workspace, 'add:public.customers,add:public.orders');
      expect(await sdk('start', workspace)).toBeNull();
      const waiting = await until('the link says what it waits for', async () => {
        const seen = await status(workspace);
        return seen.error?.code === 'EndpointPending' && seen;
      });
      expect(waiting.status).toBe('Starting');

      expect(await sdk('decide', workspace, 'Approved')).toEqual(['Approved']);
      expect(await sdk('endpoint-state', workspace)).toBe('Approved');
      await untilStatus(workspace, 'Running');
      const file = poolFile(plane, workspace, 'pool1');
      await untilEqual(source, file, 'public.customers');
      await untilEqual(source, file, 'public.orders');
      await whileRunning(plane);
      const open = await tested(workspace);
      expect(open.body.hops.map(({ name }) => name)).toEqual(['name', 'endpoint', 'service', 'TCP', 'TLS', 'login', 'rights']);
      await sdk('linked-service', workspace, 'wrong,not-the-password');
      expect(outcome(await tested(workspace, 'wrong'))).toEqual([false, 'login', 'SqlUnauthorizedAccess', 'WrongPassword']);

      expect(await sdk('decide', workspace, 'Rejected')).toEqual(['Rejected']);
      await until('the link says that it was rejected', async () => {
        const seen = await status(workspace);
        return seen.status === 'Resuming' && seen.error?.code === 'EndpointRejected';
      });
      await source.query(`INSERT INTO public.customers VALUES (70001, 'while rejected', 0)`);
      // Who was rejected asks again, and waits once more.
      expect(await sdk('endpoint', workspace)).toMatchObject({ status: 200 });
      await until('it has asked again', async () => (await sdk('endpoint-state', workspace)) === 'Pending');
      expect(await sdk('decide', workspace, 'Approved')).toEqual(['Approved']);
      await untilStatus(workspace, 'Running');
      await untilEqual(source, file, 'public.customers');

      expect(await sdk('pool-power', workspace, 'pause')).toBe('Paused');
      await source.query(`INSERT INTO public.customers VALUES (70002, 'while the pool is paused', 0)`);
      expect(await sdk('pool-power', workspace, 'resume')).toBe('Online');
      await untilEqual(source, file, 'public.customers');

      // Deleting the workspace gives back what its link holds at the source.
      expect(await sdk('delete-workspace', workspace)).toBeNull();
      expect(await slots()).toBe(0);
      expect(await notDriven(plane, 'azure-synapse-link')).toEqual([]);
    },
  );
}

/** Looks at a link of variant B that has copied its tables. */
type WhileRunning = (plane: ControlPlane) => Promise<void>;

/** The tutorial of a link, in both of its variants, with an `isthmus up` that is given these options. */
export function describeSynapseLink(
  options: readonly string[] = [],
  whileRunning: WhileRunning = async () => undefined,
): () => ControlPlane {
  beforeAll(() => makeStage(options));
  afterAll(takeStageAway);
  testOpenVariant();
  testProtectedVariant(whileRunning);
  return () => plane;
}
