import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { ControlPlane, runClient } from './control-plane.ts';
import { notDriven } from './driven.ts';
import { until } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;

/** A part of the tutorial, by Microsoft's packages. */
async function sdk(...args: readonly string[]): Promise<unknown> {
  const program = join(import.meta.dirname, '../clients/azure-private-path.ts');
  const { code, out, err } = await runClient(plane, process.execPath, [program, ...args], { DATABASE_PORT: String(database.port) });
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
  return JSON.parse(out) as unknown;
}

const network = (name: string): string => `${plane.group('tutorial')}/providers/Microsoft.Network/${name}`;

interface Listener {
  readonly port: number;
  readonly host: string;
  readonly hostPort: number;
}

/** Where an endpoint listens on this host. */
async function listeners(endpoint: string): Promise<readonly Listener[]> {
  const { json } = await plane.ask({ path: network(`privateEndpoints/${endpoint}`) });
  return json.properties.listeners as readonly Listener[];
}

async function explained(
  host: string,
  port: number,
): Promise<{ open: boolean; denied?: { code: string; remedy: string }; hops: { kind: string }[] }> {
  return (await plane.ask({ method: 'POST', path: network('virtualNetworks/consumer/explain'), body: { host, port } })).json;
}

function connect({ host, hostPort }: Pick<Listener, 'host' | 'hostPort'>): Promise<PgConnection> {
  const url = database.url().replace(`${database.host}:${database.port}`, `${host}:${hostPort}`);
  return PgConnection.connect({ ...parsePgUrl(url), dialer: directDialer }, AbortSignal.timeout(10_000));
}

async function serverPort(connection: PgConnection): Promise<string | null | undefined> {
  return (await connection.query('SELECT inet_server_port()'))[0]?.[0];
}

/** The tutorial of a private path, with an `isthmus up` that is given these options. Answers what gives it to further tests. */
export function describePrivatePath(...options: readonly string[]): () => ControlPlane {
  beforeAll(async () => {
    database = await startPostgres();
    plane = await ControlPlane.start(undefined, true, [], options);
  });
  afterAll(async () => {
    await plane[Symbol.asyncDispose]();
    plane.forget();
    await database[Symbol.asyncDispose]();
  });

  test(
    'the tutorial, step by step: bytes reach the database once its owner has approved, and not before or after',
    { timeout: 240_000 },
    async () => {
      const made = (await sdk('provider')) as Record<string, unknown>;
      expect(made).toMatchObject({
        subnets: ['be-subnet', 'fe-subnet'],
        frontend: '10.0.2.4',
        nat: 1,
        alias: expect.stringMatching(/^myPrivateLinkService\..*\.azure\.privatelinkservice$/),
      });
      const powers = made['powers'] as [string, string][];
      expect(powers.map(([power]) => power)).toEqual(['PowerState/running', 'PowerState/running']);
      for (const [, message] of powers) expect(message).toMatch(new RegExp(`DNAT.*tcp dpt:1433 .*to:.*:${database.port}`));

      expect(await sdk('consumer')).toEqual({ state: 'Pending', message: 'For the nightly report.' });
      const { json } = await plane.ask({ path: network('privateEndpoints/toDatabase') });
      const address = (json.properties.customDnsConfigs as { ipAddresses: string[] }[])[0]?.ipAddresses[0] ?? '10.0.9.4';
      expect(await listeners('toDatabase')).toEqual([]);
      expect((await explained(address, 1433)).denied).toMatchObject({ code: 'EndpointPending', remedy: expect.any(String) });

      expect(await sdk('decide', 'Approved')).toEqual({ state: 'Approved', seen: 'Approved' });
      const [listener] = await until('the endpoint listens', async () => {
        const found = await listeners('toDatabase');
        return found.length > 0 && found;
      });
      expect(listener?.port).toBe(1433);
      await until('a forwarder is up', async () => (await explained(address, 1433)).open);
      const held = await connect(listener!);
      expect(await serverPort(held)).toBe(String(database.port));

      expect(await sdk('power', 'myVM1=off')).toContain('PowerState/stopped');
      await until('new connections go to the other forwarder', async () => {
        const one = await connect(listener!).catch(() => undefined);
        if (one === undefined) return false;
        const port = await serverPort(one).catch(() => undefined);
        await one.close();
        return port === String(database.port);
      });
      expect(await sdk('power', 'myVM2=off')).toContain('PowerState/stopped');
      const none = await until('nothing is up', async () => {
        const path = await explained(address, 1433);
        return !path.open && path;
      });
      expect(['NoHealthyBackend', 'ForwarderStopped']).toContain(none.denied?.code);
      await expect(connect(listener!)).rejects.toMatchObject({ kind: 'unreachable' });
      await sdk('power', 'myVM1=on');
      await sdk('power', 'myVM2=on');
      await until('both are up again', async () => (await explained(address, 1433)).open);

      const live = await connect(listener!);
      expect(await serverPort(live)).toBe(String(database.port));
      expect(await sdk('decide', 'Rejected')).toEqual({ state: 'Rejected', seen: 'Rejected' });
      await expect(live.query('SELECT 1')).rejects.toMatchObject({ kind: 'unreachable' });
      expect(await listeners('toDatabase')).toEqual([]);
      await expect(connect(listener!)).rejects.toMatchObject({ kind: 'unreachable' });
      expect((await explained(address, 1433)).denied?.code).toBe('EndpointRejected');

      const server = (await sdk('server')) as Record<string, unknown>;
      expect(server).toMatchObject({ state: 'Approved', seen: ['Approved'] });
      expect(server['password']).toBeUndefined();
      const direct = await until('the server’s endpoint listens', async () => {
        const found = await listeners('toServer');
        return found.length > 0 && found;
      });
      const through = await connect(direct[0]!);
      expect(await serverPort(through)).toBe(String(database.port));
      await through.close();
      expect((await explained(String(server['name']), 1433)).open).toBe(true);
      const metrics = await (await fetch(plane.program.out.match(/"metrics":"([^"]+)"/)![1]!)).text();
      for (const name of ['fabric_open', 'fabric_backends_up', 'fabric_rules_up']) expect(metrics).toContain(`\n${name}`);
      expect(await notDriven(plane, 'azure-private-path')).toEqual([]);
    },
  );
  return () => plane;
}
