import { join } from 'node:path';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane, runClient } from './control-plane.ts';
import { notDriven } from './driven.ts';
import { LinkGround } from './link-ground.ts';
import { until } from './program.ts';
import { postOffice, type PostOffice, type WebhookServer, webhookServer } from '../providers/alert-scene.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';

let database: TestPostgres;
let plane: ControlPlane;
let hook: WebhookServer;
let office: PostOffice;
beforeAll(async () => {
  database = await startPostgres();
  hook = await webhookServer();
  office = await postOffice();
  const more = ['--allow-local-webhooks', '--smtp', `smtp://127.0.0.1:${office.port}`, '--smtp-from', 'isthmus@example.org'];
  plane = await ControlPlane.start(undefined, true, [], more);
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
  await office[Symbol.asyncDispose]();
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
  const server = `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/watched`;
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

test("a rule made with Microsoft's package fires, tells and is resolved", { timeout: 120_000 }, async () => {
  const id = `${plane.group('watched')}/providers/Microsoft.Network/privateEndpoints/door`;
  const at = await endpoint(id);
  expect(await sdk('rules', id, `${hook.url}/services/s3cret-canary`)).toEqual({
    receivers: [`${hook.url}/***`],
    rule: [1, true, 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria', 'PT2S'],
    read: true,
    rules: ['open'],
    inSubscription: 1,
    groups: ['people'],
    groupsInSubscription: 1,
  });
  const socket = connect(at);
  await until('both were told that it fired', () => hook.received.length === 1 && office.mails.length === 1);
  expect(hook.received[0]!.body.data.essentials).toMatchObject({ monitorCondition: 'Fired', severity: 'Sev2', alertTargetIDs: [id] });
  expect(await sdk('status')).toEqual({ value: ['Unhealthy'] });
  socket.destroy();
  await until('both were told that it is over', () => hook.received.length === 2 && office.mails.length === 2);
  expect(hook.received[1]!.body.data.essentials).toMatchObject({ monitorCondition: 'Resolved' });
  expect(office.mails[1]!.text).toContain('Subject: [Isthmus] Resolved Sev2: open on door');
  const path = `${id}/providers/Microsoft.AlertsManagement/alerts?api-version=2019-05-05-preview`;
  const { json, text } = await until('it is noted that all were told', async () => {
    const answer = await plane.ask({ path });
    const deliveries = answer.json.value[0].properties.isthmus.deliveries as readonly { readonly state: string }[];
    return deliveries.length === 4 && deliveries.every(({ state }) => state === 'delivered') && answer;
  });
  const essentials = { monitorCondition: 'Resolved', alertRule: expect.stringMatching(/\/open$/) };
  expect(json.value).toMatchObject([{ properties: { essentials } }]);
  expect(text).not.toContain('canary');
  expect(await sdk('remove')).toEqual({ left: 0 });
  expect(await notDriven(plane, 'azure-monitor')).toEqual([]);
});

test("a real link's lag fires a rule and resolves it, and is measured all the while", { timeout: 240_000 }, async () => {
  const ground = new LinkGround(plane, database);
  await ground.lay();
  await ground.fill('orders', 500);
  await ground.link('shop', ['orders']);
  await ground.act('shop', 'start');
  await ground.approve();
  await ground.reached('shop', 'Running');
  // Until the first transaction comes nobody knows how late the pool is.
  await ground.source(`INSERT INTO public.orders VALUES (1000, 6, 'before the pause')`);
  await ground.equal('orders');
  const link = `${ground.workspace}/linkConnections/shop`;
  const group = `${plane.group('shop')}/providers/Microsoft.Insights/actionGroups/crew`;
  const webhookReceivers = [{ name: 'chat', serviceUri: `${hook.url}/lag` }];
  await put(group, { groupShortName: 'crew', webhookReceivers });
  const lag = { name: 'lag', metricName: 'IntegrationLinkProcessingLatencyInSeconds', operator: 'GreaterThan', threshold: 4 };
  await put(`${plane.group('shop')}/providers/Microsoft.Insights/metricAlerts/lag`, {
    severity: 0,
    scopes: [ground.workspace],
    evaluationFrequency: 'PT1S',
    windowSize: 'PT2S',
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria',
      allOf: [{ ...lag, timeAggregation: 'Maximum', dimensions: [{ name: 'LinkConnectionName', operator: 'Include', values: ['shop'] }] }],
    },
    actions: [{ actionGroupId: group }],
  });
  const told = (): readonly string[] =>
    hook.received.filter(({ path }) => path === '/lag').map(({ body }) => body.data.essentials.monitorCondition);
  // Nobody knows what the source has while the link rests: it is as late as its last transaction.
  await ground.act('shop', 'pause');
  await ground.reached('shop', 'Paused');
  await until('the lag is told', () => told().length === 1);
  await ground.source(`INSERT INTO public.orders VALUES (1001, 7, 'after the pause')`);
  await ground.act('shop', 'resume');
  await ground.equal('orders');
  await until('its end is told', () => told().length === 2);
  expect(told()).toEqual(['Fired', 'Resolved']);
  const query =
    'metricnames=IntegrationLinkProcessedChangedRows,LinkSnapshotProgress,IntegrationLinkConnectionEvents&timespan=PT10M&interval=FULL';
  const { json } = await plane.ask({
    path: `${link}/providers/Microsoft.Insights/metrics?${query}&aggregation=Total,Maximum&api-version=2024-02-01`,
  });
  const [rows, progress, events] = (json.value as { timeseries: { data: { total: number; maximum: number }[] }[] }[]).map(
    (one) => one.timeseries[0]!.data[0]!,
  );
  expect(rows!.total).toBe(502);
  expect(progress!.maximum).toBe(100);
  expect(events!.total).toBeGreaterThan(3);
});
