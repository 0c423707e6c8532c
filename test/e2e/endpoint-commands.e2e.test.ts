import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { ControlPlane } from './control-plane.ts';
import { isthmus, until, type Ran } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;
let folder: string;
beforeAll(async () => {
  [database, plane] = await Promise.all([startPostgres(), ControlPlane.start()]);
  folder = mkdtempSync(join(tmpdir(), 'isthmus-endpoint-'));
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: readonly string[]): Promise<Ran> {
  return isthmus(args, '', { ISTHMUS_DATA: plane.folder, ISTHMUS_HOME: join(folder, 'home') });
}

async function apply(name: string, resources: readonly object[], group: string): Promise<void> {
  const file = join(folder, `${name}.yaml`);
  // JSON is YAML.
  writeFileSync(file, resources.map((one) => JSON.stringify(one)).join('\n---\n'));
  expect(await run('apply', '-f', file, '-g', group, '--location', 'eastus', '--yes')).toMatchObject({ code: 0 });
}

const network = (group: string, path: string): string => `${plane.group(group)}/providers/Microsoft.Network/${path}`;

/** A network of consumers, and an endpoint in it. */
function consumer(group: string, endpoint: string, connection: object): object[] {
  const subnets = [{ name: 'endpoints', properties: { addressPrefix: '10.1.0.0/24' } }];
  return [
    {
      type: 'Microsoft.Network/virtualNetworks',
      name: `${group}-consumer`,
      location: 'eastus',
      properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] }, subnets },
    },
    {
      type: 'Microsoft.Network/privateEndpoints',
      name: endpoint,
      location: 'eastus',
      properties: {
        subnet: { id: network(group, `virtualNetworks/${group}-consumer/subnets/endpoints`) },
        customDnsConfigs: [{ fqdn: `${endpoint}.example.net` }],
        manualPrivateLinkServiceConnections: [{ name: 'c', properties: { requestMessage: 'Reports, please.', ...connection } }],
      },
    },
  ];
}

interface Listener {
  readonly port: number;
  readonly host: string;
  readonly hostPort: number;
}

async function connect(group: string, endpoint: string): Promise<PgConnection> {
  const shown = await run('get', 'privateEndpoints', endpoint, '-g', group, '-o', 'json');
  const [listener] = (JSON.parse(shown.out) as { properties: { listeners: readonly Listener[] } }).properties.listeners;
  const url = database.url().replace(`${database.host}:${database.port}`, `${listener?.host}:${listener?.hostPort}`);
  return PgConnection.connect({ ...parsePgUrl(url), dialer: directDialer }, AbortSignal.timeout(10_000));
}

test('the owner of a server is asked, lets through, and cuts off again', { timeout: 120_000 }, async () => {
  const server = `${plane.group('shop')}/providers/Microsoft.DBforPostgreSQL/flexibleServers/orders`;
  const direct = [
    {
      type: 'Microsoft.DBforPostgreSQL/flexibleServers',
      name: 'orders',
      location: 'eastus',
      tags: { 'hidden-backend': `127.0.0.1:${database.port}` },
      properties: { administratorLogin: 'owner' },
    },
    ...consumer('shop', 'orders-endpoint', { privateLinkServiceId: server, groupIds: ['postgresqlServer'] }),
  ];
  await apply('shop', direct, 'shop');
  const explain = (...more: readonly string[]): Promise<Ran> =>
    run('explain', '--from', 'shop-consumer', '--to', 'orders.postgres.database.isthmus.localhost:5432', ...more);
  const listed = await run('endpoint', 'list');
  expect(listed.out).toMatch(/^orders-endpoint +Pending +flexibleServers\/orders +administrator +\S+ +Reports, please\./m);
  const waits = await explain();
  expect(waits).toMatchObject({ code: 0, out: expect.stringContaining('✗ endpoint') });
  expect(waits.out).toMatch(/^denied EndpointPending: .*\nremedy: .*isthmus endpoint approve orders-endpoint --because/m);
  expect(await explain('--check')).toMatchObject({ code: 3, err: expect.stringContaining('error EndpointPending: ') });
  expect((await run('endpoint', 'revoke', 'orders-endpoint', '--because', 'no')).code).toBe(5);
  expect(await run('endpoint', 'approve', 'orders-endpoint', '--because', 'Ticket 4711')).toMatchObject({
    code: 0,
    out: 'orders-endpoint: approved: traffic may pass\n',
  });
  expect(await explain('--check')).toMatchObject({ code: 0, out: expect.stringMatching(/^✓ target .*\nopen: /m) });
  const connection = await connect('shop', 'orders-endpoint');
  expect((await connection.query('SELECT inet_server_port()'))[0]).toEqual([String(database.port)]);
  expect(await run('endpoint', 'revoke', 'orders-endpoint', '--because', 'Ticket 4712')).toMatchObject({
    code: 0,
    out: 'orders-endpoint: revoked: traffic is cut\n',
  });
  await expect(connection.query('SELECT 1')).rejects.toMatchObject({ kind: 'unreachable' });
  expect((await explain()).out).toContain('denied EndpointRejected: ');
  expect((await run('endpoint', 'list')).out).toMatch(/^orders-endpoint +Rejected .* administrator +\S+ +Ticket 4712 /m);
  const audit = JSON.parse((await run('audit', '-o', 'json')).out) as { scope: string; changes?: { after?: unknown }[] }[];
  expect(audit.some(({ scope }) => /privateEndpointConnections\/orders-endpoint/i.test(scope))).toBe(true);
});

/** The document's chain: balancer, two forwarders, private link service. */
function chain(group: string): object[] {
  const subnet = (name: string): object => ({ id: network(group, `virtualNetworks/myVNet/subnets/${name}`) });
  const part = (path: string): object => ({ id: network(group, `loadBalancers/myLoadBalancer/${path}`) });
  const frontend = part('frontendIPConfigurations/LoadBalancerFrontEnd');
  const pool = part('backendAddressPools/myBackendPool');
  const rule = { protocol: 'Tcp', frontendPort: 1433, backendPort: 1433, frontendIPConfiguration: frontend, backendAddressPool: pool };
  const balancer = {
    frontendIPConfigurations: [{ name: 'LoadBalancerFrontEnd', properties: { subnet: subnet('fe-subnet') } }],
    backendAddressPools: [{ name: 'myBackendPool' }],
    probes: [{ name: 'myHealthProbe', properties: { protocol: 'Tcp', port: 22, intervalInSeconds: 5, numberOfProbes: 1 } }],
    loadBalancingRules: [{ name: 'myRule', properties: { ...rule, probe: part('probes/myHealthProbe') } }],
  };
  const service = {
    loadBalancerFrontendIpConfigurations: [frontend],
    ipConfigurations: [{ name: 'nat', properties: { subnet: subnet('pls-subnet') } }],
  };
  const subnets = ['be', 'fe', 'pls'].map((name, at) => ({
    name: `${name}-subnet`,
    properties: { addressPrefix: `10.0.${at}.0/24`, ...(name === 'pls' ? { privateLinkServiceNetworkPolicies: 'Disabled' } : {}) },
  }));
  const made = (type: string, name: string, properties: object): object => ({ type, name, location: 'eastus', properties });
  return [
    made('Microsoft.Network/virtualNetworks', 'myVNet', { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets }),
    { ...made('Microsoft.Network/loadBalancers', 'myLoadBalancer', balancer), sku: { name: 'Standard' } },
    made('Microsoft.Network/privateLinkServices', 'myPrivateLinkService', service),
    ...['myVM1', 'myVM2'].flatMap((name) => {
      const ipConfigurations = [{ name: 'ip', properties: { subnet: subnet('be-subnet'), loadBalancerBackendAddressPools: [pool] } }];
      const forwarding = { host: '127.0.0.1', toPort: database.port };
      return [
        made('Microsoft.Network/networkInterfaces', `${name}-nic`, { ipConfigurations }),
        made('Microsoft.Compute/virtualMachines', name, {
          networkProfile: { networkInterfaces: [{ id: network(group, `networkInterfaces/${name}-nic`) }] },
        }),
        { type: 'Microsoft.Compute/virtualMachines/forwardingRules', name: `${name}/1433`, properties: forwarding },
      ];
    }),
  ];
}

test('explain: a working path, a pending endpoint, a dead backend, a missing name, a blocked port', { timeout: 180_000 }, async () => {
  const service = network('tutorial', 'privateLinkServices/myPrivateLinkService');
  await apply('tutorial', [...chain('tutorial'), ...consumer('tutorial', 'mi', { privateLinkServiceId: service })], 'tutorial');
  const explain = (to: string, ...more: readonly string[]): Promise<Ran> =>
    run('explain', '--from', 'tutorial-consumer', '--to', to, ...more);
  expect((await explain('mi.example.net:1433')).out).toContain('denied EndpointPending: ');
  expect((await run('endpoint', 'approve', 'mi', '--because', 'Ticket 4711', '-g', 'tutorial')).code).toBe(0);
  const open = await until('open', async () => {
    const ran = await explain('mi.example.net:1433', '--check');
    return ran.code === 0 && ran.out;
  });
  expect(open.split('\n').map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual([
    '✓ name',
    '✓ endpoint',
    '✓ service',
    '✓ balancer',
    '✓ backend',
    '✓ backend',
    '✓ forwarder',
    '✓ target',
    'open: a',
    '',
  ]);
  const connection = await connect('tutorial', 'mi');
  expect((await connection.query('SELECT 1'))[0]).toEqual(['1']);
  expect((await explain('mi.example.net:1434')).out).toMatch(/^denied NoRule: myloadbalancer .*1434.*\nremedy: /im);
  expect((await explain('m1.example.invalid:1433')).out).toMatch(/^denied NameNotFound: m1\.example\.invalid .*\nremedy: /m);
  expect((await explain('m1.example.invalid:1433', '--check')).code).toBe(7);
  for (const name of ['myVM1', 'myVM2']) {
    const machine = `${plane.group('tutorial')}/providers/Microsoft.Compute/virtualMachines/${name}`;
    expect((await run('rest', 'POST', `${machine}/deallocate`)).code).toBe(0);
  }
  const dead = await until('dead', async () => {
    const ran = await explain('mi.example.net:1433', '--check', '-o', 'json');
    return ran.err.includes('NoHealthyBackend') && ran;
  });
  expect(dead.code).toBe(7);
  expect(JSON.parse(dead.out)).toMatchObject({
    open: false,
    denied: { code: 'NoHealthyBackend', message: expect.stringMatching(/myvm1/i) },
  });
  await expect(connection.query('SELECT 1')).rejects.toMatchObject({ kind: 'unreachable' });
});
