import { join } from 'node:path';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane, runClient } from './control-plane.ts';
import { until } from './program.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';

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

/** A part of what the client does, by Microsoft's package. */
async function sdk(...args: readonly string[]): Promise<Record<string, unknown>> {
  const program = join(import.meta.dirname, '../clients/azure-monitor.ts');
  const { code, out, err } = await runClient(plane, process.execPath, [program, ...args]);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
  return JSON.parse(out) as Record<string, unknown>;
}

const location = 'eastus';

async function put(id: string, properties: object, more: object = {}): Promise<void> {
  const { status, text } = await plane.ask({ method: 'PUT', path: id, body: { location, properties, ...more } });
  if (status >= 300) throw new Error(`${id}: ${status} ${text}`);
}

/** A private endpoint to the database, which its owner approves. Answers where it listens. */
async function endpoint(id: string): Promise<{ readonly host: string; readonly port: number }> {
  const group = plane.group('watched');
  await put(group, {});
  const server = `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop`;
  await put(server, {}, { tags: { 'hidden-backend': `localhost:${database.port}` } });
  const network = `${group}/providers/Microsoft.Network/virtualNetworks/net`;
  const subnets = [{ name: 'a', properties: { addressPrefix: '10.0.1.0/24' } }];
  await put(network, { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets });
  await put(id, {
    subnet: { id: `${network}/subnets/a` },
    privateLinkServiceConnections: [{ name: 'c', properties: { privateLinkServiceId: server, groupIds: ['postgresqlServer'] } }],
  });
  return await until('the endpoint listens', async () => {
    const { json } = await plane.ask({ path: id });
    const [listener] = (json.properties.listeners ?? []) as readonly { readonly host: string; readonly hostPort: number }[];
    return listener !== undefined && { host: listener.host, port: listener.hostPort };
  });
}

test("metrics of an endpoint are read with Microsoft's package", { timeout: 120_000 }, async () => {
  const id = `${plane.group('watched')}/providers/Microsoft.Network/privateEndpoints/door`;
  const at = await endpoint(id);
  const socket = connect(at);
  socket.end(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  await new Promise((resolve) => socket.resume().once('close', resolve));
  const seen = await until('its bytes are counted', async () => {
    const found = await sdk('metrics', id);
    return Number(found['values']) > 0 && found;
  });
  expect(seen).toEqual({
    definitions: [
      ['PEBytesIn', 'Count', 'Total'],
      ['PEBytesOut', 'Count', 'Total'],
      ['PEConnections', 'Count', 'Total'],
      ['PEConnectionsRefused', 'Count', 'Total'],
      ['PEConnectionsOpen', 'Count', 'Average'],
    ],
    namespaces: ['Microsoft.Network/privateEndpoints'],
    interval: 'PT1S',
    name: 'Bytes In',
    values: 1,
    times: true,
    refused: { code: 'InvalidMetricName', statusCode: 400 },
  });
});
