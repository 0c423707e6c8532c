import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ManagedNetworks } from '#arm/private-link.ts';
import { type JsonObject, newStatus, type Resource } from '#arm/resource.ts';
import type { PublicServer } from '#fabric/plan.ts';
import { routeFromSegment } from '#fabric/route.ts';
import { compileTables } from '#fabric/tables.ts';
import { compile } from './compile.ts';

const group = '/subscriptions/S/resourceGroups/G/providers';

interface Given {
  readonly properties?: object;
  readonly tags?: Readonly<Record<string, string>>;
  readonly fullyQualifiedDomainName?: string;
  readonly deleting?: boolean;
}

function made(
  type: string,
  path: string,
  { properties = {}, tags = {}, fullyQualifiedDomainName, deleting = false }: Given = {},
): Resource {
  const outputs: JsonObject = fullyQualifiedDomainName === undefined ? {} : { fullyQualifiedDomainName };
  return {
    id: `${group}/${path}`,
    type,
    name: path.split('/').at(-1)!,
    location: 'eastus',
    tags,
    envelope: {},
    properties: properties as JsonObject,
    generation: 1,
    etag: 'e',
    deleting,
    status: { ...newStatus, settled: 1, outcome: 'ready', outputs },
    createdAt: '2026-01-01T00:00:00.000Z',
    changedAt: '2026-01-01T00:00:00.000Z',
    createdBy: 'p',
    changedBy: 'p',
  };
}

const tags = { 'hidden-backend': '127.0.0.1:5432' };
const postgresql = (more: Given = {}): Resource =>
  made('Microsoft.DBforPostgreSQL/flexibleServers', 'Microsoft.DBforPostgreSQL/flexibleServers/Shop', {
    tags,
    fullyQualifiedDomainName: 'Shop.postgres.test',
    properties: { network: { publicNetworkAccess: 'Enabled' } },
    ...more,
  });
const rule = (name: string, startIpAddress: string, endIpAddress: string, more: Given = {}): Resource =>
  made('Microsoft.DBforPostgreSQL/flexibleServers/firewallRules', `Microsoft.DBforPostgreSQL/flexibleServers/Shop/firewallRules/${name}`, {
    properties: { startIpAddress, endIpAddress },
    ...more,
  });
const serverId = `${group}/Microsoft.DBforPostgreSQL/flexibleServers/Shop`.toLowerCase();

test('a server with its rules, those that are about to go left out', () => {
  const resources = [
    rule('b', '10.0.0.1', '10.0.0.9'),
    rule('A', '0.0.0.0', '0.0.0.0'),
    rule('c', '10.0.0.1', '10.0.0.9', { deleting: true }),
    postgresql(),
  ];
  const { publicServers, publicAddresses } = compile(resources, [], ['192.0.2.1']);
  expect(publicAddresses).toEqual(['192.0.2.1']);
  expect(publicServers).toEqual([
    {
      id: serverId,
      name: 'shop.postgres.test',
      product: 'postgresql',
      port: 5432,
      target: { host: '127.0.0.1', port: 5432 },
      access: 'enabled',
      firewall: [
        { id: `${serverId}/firewallrules/a`, name: 'A', from: '0.0.0.0', to: '0.0.0.0' },
        { id: `${serverId}/firewallrules/b`, name: 'b', from: '10.0.0.1', to: '10.0.0.9' },
      ],
    },
  ]);
});

test.for<[string, Resource, Partial<PublicServer> | undefined]>([
  ['access off', postgresql({ properties: { network: { publicNetworkAccess: 'Disabled' } } }), { access: 'disabled' }],
  [
    'a network of its own',
    postgresql({ properties: { network: { publicNetworkAccess: 'Enabled', delegatedSubnetResourceId: '/x' } } }),
    { access: 'disabled' },
  ],
  ['no database behind it', postgresql({ tags: {} }), { access: 'enabled', target: undefined }],
  ['no host name', postgresql({ fullyQualifiedDomainName: undefined } as unknown as Given), undefined],
  ['its end near', postgresql({ deleting: true }), undefined],
  [
    'SQL, with access on',
    made('Microsoft.Sql/servers', 'Microsoft.Sql/servers/s', {
      tags,
      fullyQualifiedDomainName: 's.database.test',
      properties: { publicNetworkAccess: 'Enabled' },
    }),
    { product: 'sql', port: 1433, access: 'enabled', firewall: [] },
  ],
  [
    'SQL, behind a perimeter',
    made('Microsoft.Sql/servers', 'Microsoft.Sql/servers/s', {
      tags,
      fullyQualifiedDomainName: 's.database.test',
      properties: { publicNetworkAccess: 'SecuredByPerimeter' },
    }),
    { access: 'disabled' },
  ],
  [
    'MySQL',
    made('Microsoft.DBforMySQL/flexibleServers', 'Microsoft.DBforMySQL/flexibleServers/m', {
      tags,
      fullyQualifiedDomainName: 'm.mysql.test',
      properties: { network: { publicNetworkAccess: 'Enabled' } },
    }),
    { product: 'mysql', port: 3306, access: 'enabled' },
  ],
])('a server with %s', ([, server, expected]) => {
  expect(compile([server]).publicServers).toMatchObject(expected === undefined ? [] : [expected]);
});

test.for([true, false])('a managed instance has a public name only where its public endpoint is on (%s)', (on) => {
  const instance = made('Microsoft.Sql/managedInstances', 'Microsoft.Sql/managedInstances/mi', {
    tags,
    fullyQualifiedDomainName: 'mi.0123abc.database.test',
    properties: { publicDataEndpointEnabled: on },
  });
  expect(compile([instance]).publicServers.map(({ name, port, access, firewall }) => ({ name, port, access, firewall }))).toEqual([
    { name: 'mi.0123abc.database.test', port: 3342, access: 'none', firewall: undefined },
    { name: 'mi.public.0123abc.database.test', port: 3342, access: on ? 'enabled' : 'disabled', firewall: undefined },
  ]);
});

test('only a server that is on, with a rule that admits, is reached, and only from networks that let out', () => {
  const anyRule = fc.constantFrom(['0.0.0.0', '0.0.0.0'], ['192.0.2.1', '192.0.2.9'], ['10.1.0.0', '10.2.0.0'] as const);
  const given = fc.record({
    egress: fc.constantFrom('none', 'report', 'open'),
    access: fc.constantFrom('Enabled', 'Enabled', 'Disabled'),
    rules: fc.array(anyRule, { maxLength: 3 }),
    leaving: fc.constantFrom(false, false, false, true),
  });
  const state = { nowMs: 0, health: () => ({ state: 'up', reason: undefined, sinceMs: 0 }) as const };
  fc.assert(
    fc.property(given, ({ egress, access, rules, leaving }) => {
      const networks: ManagedNetworks = { types: [], networks: () => [{ id: '/net', egress, endpoints: [] }] };
      const server = postgresql({ properties: { network: { publicNetworkAccess: access } }, deleting: leaving });
      const plan = compile([server, ...rules.map(([from = '', to = ''], at) => rule(`r${at}`, from, to))], [networks], ['192.0.2.5']);
      const way = routeFromSegment(compileTables(plan), state, {
        segment: '/net',
        host: 'shop.postgres.test',
        port: 5432,
        source: { address: '127.0.0.1', port: 1 },
      });
      const admitted = rules.some(([from]) => from === '0.0.0.0' || from === '192.0.2.1');
      const open = egress !== 'none' && access === 'Enabled' && admitted && !leaving;
      expect(way.target?.host === '127.0.0.1').toBe(open);
    }),
  );
});
