import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { ControlPlane } from './control-plane.ts';
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

const providers = (): string => `${plane.group('public')}/providers`;
const server = (): string => `${providers()}/Microsoft.DBforPostgreSQL/flexibleServers/shop`;
const factory = (): string => `${providers()}/Microsoft.DataFactory/factories/shop`;
const rule = (): string => `${server()}/firewallRules/AllowAllWindowsAzureIps`;

// oxlint-disable-next-line typescript/no-explicit-any -- whatever was answered
async function put(path: string, body: unknown): Promise<any> {
  const { status, json, text } = await plane.ask({ method: 'PUT', path, body });
  if (status > 201) throw new Error(`${path}: ${text}`);
  return json;
}

const setMode = (mode: string): Promise<unknown> =>
  put(factory(), { location: 'eastus', tags: { 'hidden-egress-mode': mode }, properties: {} });

/** `undefined`: it succeeded; else our code, after Azure's words. */
async function tested(host: string): Promise<readonly [azure: string, code: string] | undefined> {
  const typeProperties = {
    server: host,
    port: 5432,
    database: 'postgres',
    username: database.user,
    password: { type: 'SecureString', value: database.password },
    sslMode: 0,
  };
  const body = { linkedService: { name: 'shop', properties: { type: 'PostgreSqlV2', typeProperties } } };
  const { status, json, text } = await plane.ask({ method: 'POST', path: `${factory()}/testConnectivity`, body });
  if (status !== 200) throw new Error(text);
  return json.succeeded === true ? undefined : [String(json.errors[0].message), String(json.errors[1].code)];
}

const met = (host: string, code: string | undefined): Promise<unknown> =>
  until(`${host} meets ${code ?? 'nothing'}`, async () => (await tested(host))?.[1] === code);

test(
  'a server by its public name: firewall, public access and egress modes, and the report of all that',
  { timeout: 240_000 },
  async () => {
    await put(plane.group('public'), { location: 'eastus' });
    const shown = await put(server(), { location: 'eastus', tags: { 'hidden-backend': `127.0.0.1:${database.port}` }, properties: {} });
    const host = String(shown.properties.fullyQualifiedDomainName);
    await setMode('open');
    await put(`${factory()}/managedVirtualNetworks/default`, { properties: {} });
    const runtime = `${factory()}/integrationRuntimes/AutoResolveIntegrationRuntime`;
    expect((await plane.ask({ method: 'POST', path: `${runtime}/enableInteractiveQuery`, body: {} })).status).toBeLessThan(300);

    await met(host, 'ClientAddressNotAllowed');
    expect((await tested(host))?.[0]).toMatch(
      /^Cannot connect to SQL Database: .*Client with IP address '\S+' is not allowed to access the server/,
    );
    await put(rule(), { properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' } });
    await met(host, undefined);
    await put(server(), {
      location: 'eastus',
      tags: { 'hidden-backend': `127.0.0.1:${database.port}` },
      properties: { network: { publicNetworkAccess: 'Disabled' } },
    });
    await met(host, 'PublicNetworkAccessDenied');
    await put(server(), { location: 'eastus', tags: { 'hidden-backend': `127.0.0.1:${database.port}` }, properties: {} });
    await met(host, undefined);
    await setMode('report');
    await met(host, undefined);

    const report = async () => (await plane.ask({ path: `${factory()}/managedVirtualNetworks/default/egressReport` })).json;
    const asker = 'test of the connection of shop';
    const reported = await report();
    expect(reported).toMatchObject({
      mode: 'report',
      wouldBreak: [{ host, port: 5432, asker, code: 'NoEndpoint', remedy: expect.stringContaining('private endpoint') }],
      outside: expect.arrayContaining([expect.objectContaining({ host, port: 5432, asker })]),
    });
    const refused = (codes: { denied: readonly { code: string; asker?: string }[] }) => codes.denied.map(({ code }) => code);
    expect(refused(reported)).toEqual(['PublicNetworkAccessDenied', 'ClientAddressNotAllowed']);

    await setMode('enforce');
    await met(host, 'NoEndpoint');
    expect(await report()).toMatchObject({ mode: 'enforce', wouldBreak: [], denied: [{ code: 'NoEndpoint', host, asker }, {}, {}] });
    const metrics = await (await fetch(plane.program.out.match(/"metrics":"([^"]+)"/)![1]!)).text();
    expect(metrics).toMatch(/\nfabric_refused\w*\{[^}]*code="ClientAddressNotAllowed"/);
    expect(metrics).toMatch(/\nfabric_outside\w*\{[^}]*code="NoEndpoint"/);

    const audit = await until('all denials are audited', async () => {
      const { json } = await plane.ask({ path: `${factory()}/providers/Isthmus.Audit/records?$top=1000` });
      const found = ((json?.value ?? []) as { action: string; code?: string }[]).filter(({ action }) => action.endsWith('/connect'));
      return found.length === 3 && found;
    });
    expect(audit.map(({ code }) => code)).toEqual(['ClientAddressNotAllowed', 'PublicNetworkAccessDenied', 'NoEndpoint']);
    const { folder } = plane;
    await plane[Symbol.asyncDispose]();
    plane = await ControlPlane.start(folder);
    expect(refused(await report())).toEqual(['NoEndpoint', 'PublicNetworkAccessDenied', 'ClientAddressNotAllowed']);
  },
);
