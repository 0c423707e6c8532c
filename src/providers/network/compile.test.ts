import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type JsonObject, newStatus, type Resource } from '#arm/resource.ts';
import { compileTables } from '#fabric/tables.ts';
import { routeFromEndpoint, routeFromSegment } from '#fabric/route.ts';
import { compile } from './compile.ts';

const group = '/subscriptions/S/resourceGroups/G/providers';
const idOf = (type: string, ...names: readonly string[]): string => {
  const [namespace, ...words] = type.split('/');
  return `${group}/${namespace}/${words.map((word, i) => `${word}/${names[i]}`).join('/')}`;
};

interface Made {
  readonly type: string;
  readonly names: readonly string[];
  readonly properties?: object;
  readonly outputs?: object;
  readonly tags?: Readonly<Record<string, string>>;
  readonly deleting?: boolean;
}

function made({ type, names, properties = {}, outputs = {}, tags = {}, deleting = false }: Made): Resource {
  return {
    id: idOf(type, ...names),
    type,
    name: names.at(-1)!,
    location: 'eastus',
    tags,
    envelope: {},
    properties: properties as JsonObject,
    generation: 1,
    etag: 'e',
    deleting,
    status: { ...newStatus, settled: 1, outcome: 'ready', outputs: outputs as JsonObject },
    createdAt: '2026-01-01T00:00:00.000Z',
    changedAt: '2026-01-01T00:00:00.000Z',
    createdBy: 'p',
    changedBy: 'p',
  };
}

const network = (name: string): string => idOf('Microsoft.Network/virtualNetworks', name);
const subnet = (name: string): { id: string } => ({ id: idOf('Microsoft.Network/virtualNetworks/subnets', name, 's') });
const held = (name: string, slot: string, address: string): object => ({
  addresses: { [slot]: { subnet: subnet(name).id.toLowerCase(), address } },
});
const configuration = (name: string, slot: string, more: object = {}): object => ({
  name: slot,
  properties: { subnet: subnet(name), ...more },
});

const balancer = idOf('Microsoft.Network/loadBalancers', 'b');
const service = idOf('Microsoft.Network/privateLinkServices', 'pls');
const server = idOf('Microsoft.Sql/servers', 'sql');

/** Provider and consumer in networks of the same addresses; two forwarders behind a balancer, and a database server. */
const provider: readonly Resource[] = [
  ...['mine', 'theirs'].flatMap((name) => [
    made({ type: 'Microsoft.Network/virtualNetworks', names: [name] }),
    made({ type: 'Microsoft.Network/virtualNetworks/subnets', names: [name, 's'] }),
  ]),
  made({
    type: 'Microsoft.Network/loadBalancers',
    names: ['b'],
    properties: {
      frontendIPConfigurations: [configuration('theirs', 'front')],
      probes: [],
      loadBalancingRules: [
        {
          name: 'sql',
          properties: {
            frontendIPConfiguration: { id: `${balancer}/frontendIPConfigurations/front` },
            backendAddressPools: [{ id: `${balancer}/backendAddressPools/pool` }],
            protocol: 'Tcp',
            frontendPort: 1433,
            backendPort: 1433,
            loadDistribution: 'Default',
            idleTimeoutInMinutes: 4,
            enableTcpReset: false,
          },
        },
      ],
    },
    outputs: held('theirs', 'front', '10.0.0.4'),
  }),
  made({
    type: 'Microsoft.Network/loadBalancers/backendAddressPools',
    names: ['b', 'pool'],
    properties: { loadBalancerBackendAddresses: [] },
  }),
  ...['1', '2'].flatMap((n) => [
    made({
      type: 'Microsoft.Network/networkInterfaces',
      names: [`nic${n}`],
      properties: {
        ipConfigurations: [
          configuration('theirs', 'ip', { loadBalancerBackendAddressPools: [{ id: `${balancer}/backendAddressPools/pool` }] }),
        ],
      },
      outputs: held('theirs', 'ip', `10.0.0.1${n}`),
    }),
    made({
      type: 'Microsoft.Compute/virtualMachines',
      names: [`vm${n}`],
      properties: { networkProfile: { networkInterfaces: [{ id: idOf('Microsoft.Network/networkInterfaces', `nic${n}`) }] } },
      outputs: { powerState: 'running', forwarding: [{ port: 1433, host: 'DB.example.net', toPort: 1433 }] },
    }),
  ]),
  made({
    type: 'Microsoft.Network/privateLinkServices',
    names: ['pls'],
    properties: {
      loadBalancerFrontendIpConfigurations: [{ id: `${balancer}/frontendIPConfigurations/front` }],
      ipConfigurations: [configuration('theirs', 'nat')],
      fqdns: ['Db.Example.net'],
      enableProxyProtocol: true,
    },
    outputs: held('theirs', 'nat', '10.0.0.20'),
  }),
  made({
    type: 'Microsoft.Sql/servers',
    names: ['sql'],
    tags: { 'Hidden-Backend': '[::1]:1433' },
    outputs: { fullyQualifiedDomainName: 'sql.database.test' },
  }),
];

interface Wish {
  readonly target: 'pls' | 'sql';
  readonly status: 'Approved' | 'Pending' | 'Rejected' | 'Disconnected' | 'none';
  /** The connection is of this endpoint, or of another one. */
  readonly own: boolean;
  readonly sameLink: boolean;
  /** What the endpoint asks for by now. */
  readonly asks: 'same' | 'other';
  readonly leaving: 'endpoint' | 'connection' | undefined;
  readonly expiresAt: string | undefined;
}

function endpointOf(wish: Wish, n: number): readonly Resource[] {
  const [target, other] = wish.target === 'pls' ? [service, server] : [server, service];
  const type = `${wish.target === 'pls' ? 'Microsoft.Network/privateLinkServices' : 'Microsoft.Sql/servers'}/privateEndpointConnections`;
  const names = [wish.target, `e${n}.x`];
  const endpoint = made({
    type: 'Microsoft.Network/privateEndpoints',
    names: [`e${n}`],
    properties: {
      subnet: subnet('mine'),
      privateLinkServiceConnections: [{ name: 'c', properties: { privateLinkServiceId: wish.asks === 'same' ? target : other } }],
      manualPrivateLinkServiceConnections: [],
      customDnsConfigs: [],
    },
    outputs: { ...held('mine', 'endpoint', `10.0.0.${30 + n}`), connection: { id: idOf(type, ...names), linkId: n, request: 1 } },
    deleting: wish.leaving === 'endpoint',
  });
  if (wish.status === 'none') return [endpoint];
  const connection = made({
    type,
    names,
    properties: {
      privateEndpoint: { id: wish.own ? endpoint.id.toUpperCase() : idOf('Microsoft.Network/privateEndpoints', 'another') },
      linkIdentifier: String(wish.sameLink ? n : n + 1_000),
      privateLinkServiceConnectionState: { status: wish.status },
      approval: { decisions: [], ...(wish.expiresAt === undefined ? {} : { expiresAt: wish.expiresAt }) },
    },
    deleting: wish.leaving === 'connection',
  });
  return [endpoint, connection];
}

const wish: fc.Arbitrary<Wish> = fc.record({
  target: fc.constantFrom('pls', 'sql'),
  status: fc.constantFrom('Approved', 'Approved', 'Pending', 'Rejected', 'Disconnected', 'none'),
  own: fc.constantFrom(true, true, true, false),
  sameLink: fc.constantFrom(true, true, true, false),
  asks: fc.constantFrom('same', 'same', 'other'),
  leaving: fc.constantFrom(undefined, undefined, 'endpoint', 'connection'),
  expiresAt: fc.constantFrom(undefined, '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'),
});

const nowMs = Date.parse('2026-06-01T00:00:00Z');
const isOpen = ({ status, own, sameLink, asks, leaving, expiresAt }: Wish): boolean =>
  status === 'Approved' && own && sameLink && asks === 'same' && leaving === undefined && expiresAt !== '2026-01-01T00:00:00.000Z';

test('only an endpoint whose own connection is approved, there and in time has a way through', () => {
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 6 }), (wishes) => {
      const plan = compile([...provider, ...wishes.flatMap((one, i) => endpointOf(one, i + 1))]);
      const tables = compileTables(plan);
      const state = { nowMs, health: () => ({ state: 'up', reason: undefined, sinceMs: 0 }) as const };
      const source = { address: '10.0.0.9', port: 40_000 };
      for (const [i, one] of wishes.entries()) {
        const endpoint = idOf('Microsoft.Network/privateEndpoints', `e${i + 1}`).toLowerCase();
        const by = routeFromEndpoint(tables, state, { endpoint, port: 1433, source });
        expect(by.target !== undefined).toBe(isOpen(one));
        const ask = { segment: network('mine').toLowerCase(), host: `10.0.0.${31 + i}`, port: 1433, source };
        const from = routeFromSegment(tables, state, ask);
        expect(from.target !== undefined && from.endpoint !== undefined).toBe(isOpen(one));
        const otherPort = routeFromEndpoint(tables, state, { endpoint, port: 22, source });
        expect(otherPort.target).toBeUndefined();
      }
    }),
  );
});

test('the order of resources does not matter, and compiling again gives the same', () => {
  const all = fc.array(wish, { maxLength: 4 }).map((wishes) => [...provider, ...wishes.flatMap((one, i) => endpointOf(one, i + 1))]);
  const both = all.chain((resources) => fc.tuple(fc.constant(resources), fc.shuffledSubarray(resources, { minLength: resources.length })));
  fc.assert(
    fc.property(both, ([resources, shuffled]) => {
      const plan = compile(resources);
      expect(compile(shuffled)).toEqual(plan);
      expect(JSON.stringify(compile(resources))).toBe(JSON.stringify(plan));
    }),
  );
});

test('what is not there yet, or not any more, is left out, and what remains is a plan', () => {
  fc.assert(
    fc.property(
      fc.array(wish, { maxLength: 4 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      (wishes, without, unsettled) => {
        const all = [...provider, ...wishes.flatMap((one, i) => endpointOf(one, i + 1))];
        const some = all
          .filter((_, i) => !without.includes(i))
          .map((one, i) => (unsettled.includes(i) ? { ...one, status: newStatus } : one));
        expect(() => compileTables(compile(some))).not.toThrow();
      },
    ),
  );
});

test('networks keep their addresses to themselves', () => {
  const { services, balancers, forwarders, endpoints } = compile([
    ...provider,
    ...endpointOf(
      { target: 'sql', status: 'Approved', own: true, sameLink: true, asks: 'same', leaving: undefined, expiresAt: undefined },
      1,
    ),
  ]);
  expect(services).toMatchObject([
    { kind: 'balanced', natAddresses: ['10.0.0.20'], proxyProtocol: true, frontend: 'front' },
    { kind: 'database', target: { host: '::1', port: 1433 }, ports: [1433] },
  ]);
  expect(balancers[0]!.rules[0]!.backends.map(({ address }) => address)).toEqual(['10.0.0.11', '10.0.0.12']);
  expect(forwarders.map(({ rules }) => rules)).toEqual([
    [{ port: 1433, to: { host: 'db.example.net', port: 1433 } }],
    [{ port: 1433, to: { host: 'db.example.net', port: 1433 } }],
  ]);
  expect(endpoints).toMatchObject([{ names: [{ name: 'sql.database.test' }], state: 'Approved', linkId: 1 }]);
});
