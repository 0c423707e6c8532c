import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainPath, type LivePath } from './explain.ts';
import type { FirewallRange } from './plan.ts';
import { publicDenial } from './public-server.ts';
import { routeFromSegment, wayStands } from './route.ts';
import { SamplePlan, type Sample } from './sample-plan.contract.ts';
import { compileTables } from './tables.ts';

const sample = new SamplePlan({ host: 'db.example', port: 1_433 });
const live: LivePath = {
  nowMs: 0,
  health: () => ({ state: 'up', reason: undefined, sinceMs: 0 }),
  addresses: () => ({ addresses: ['192.0.2.7'], problem: undefined }),
  unreachable: () => undefined,
  listening: () => undefined,
};
const open = { egress: 'open' } as const;

function range(from: string, to: string): FirewallRange {
  return { id: `${sample.server}/firewallrules/r`, name: 'r', from, to };
}

function explained(more: Sample, port = sample.port, host = sample.publicName) {
  return explainPath(sample.plan(more), live, { segment: sample.segment, host, port });
}

test('the public name of a server leads to its database, past a rule that admits', () => {
  const { hops, denied } = explained({ segment: open, publicServer: {} });
  expect(denied).toBeUndefined();
  expect(hops.map(({ kind, ok, detail }) => `${ok ? '+' : '-'} ${kind}: ${detail}`)).toEqual([
    '+ name: shop.database.example is the public name of shop.',
    '+ firewall: Of shop public access is on, and the firewall rule azure (0.0.0.0 to 0.0.0.0) admits services of the cloud.',
    '+ target: db.example:1433 (192.0.2.7) answers.',
  ]);
});

test.for<[code: string, says: string, remedy: string, ...Parameters<typeof explained>]>([
  ['NoEndpoint', 'lets nothing else out', 'private endpoint', { publicServer: {} }],
  ['PublicNetworkAccessDenied', 'SqlErrorNumber=47073', 'publicNetworkAccess', { segment: open, publicServer: { access: 'disabled' } }],
  [
    'PublicNetworkAccessDenied',
    'is disabled',
    'network.publicNetworkAccess',
    { segment: open, publicServer: { access: 'disabled', product: 'postgresql' } },
  ],
  [
    'PublicNetworkAccessDenied',
    'is disabled',
    'publicDataEndpointEnabled',
    { segment: open, publicServer: { access: 'disabled', product: 'managed-instance', firewall: undefined } },
  ],
  ['NoPublicEndpoint', 'own network only', '3342', { segment: open, publicServer: { access: 'none', firewall: undefined } }],
  [
    'ClientAddressNotAllowed',
    "Client with IP address '192.0.2.10' is not allowed to access the server",
    'firewallRules',
    { segment: open, publicServer: { firewall: [range('192.0.2.11', '192.0.2.20')] } },
  ],
  ['ClientAddressNotAllowed', 'none of its firewall rules', '0.0.0.0', { segment: open, publicServer: { firewall: [] } }],
  ['NoRule', 'port 14330', 'Dial a port', { segment: open, publicServer: {} }, 5_432],
  ['NoBackend', 'stands for no database', 'hidden-backend', { segment: open, publicServer: { target: undefined } }],
  ['NameNotFound', 'is not known', 'fqdns', { segment: open }, sample.port, 'gone.database.isthmus.localhost'],
])('%s: says %s, and what would mend it', ([code, says, remedy, ...ask]) => {
  const { hops, denied } = explained(...ask);
  expect(denied).toMatchObject({ code, message: expect.stringContaining(says), remedy: expect.stringContaining(remedy) });
  expect(hops.at(-1)).toMatchObject({ ok: false, detail: denied?.message });
  expect(hops.slice(0, -1).every(({ ok }) => ok)).toBe(true);
});

test.for(['Approved', 'Pending', 'Rejected', 'Disconnected'] as const)('an endpoint of the network that is %s has the name', (state) => {
  const names = [{ name: sample.publicName, port: undefined }];
  const { hops, denied } = explained({ segment: open, publicServer: {}, endpoint: { names, state } });
  expect(hops.map(({ kind }) => kind)).not.toContain('firewall');
  expect(denied?.code).toBe(state === 'Approved' ? undefined : `Endpoint${state}`);
});

test('a network that reports reaches it too, and says that closed it will not', () => {
  const { hops, denied } = explained({ segment: { egress: 'report' }, publicServer: {} });
  expect(denied).toBeUndefined();
  expect(hops[0]?.detail).toContain('NoEndpoint');
});

test('a firewall admits services of the cloud, this host, or everybody, and nobody else', () => {
  const address = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((octets) => octets.join('.'));
  const order = (a: string, b: string): number => {
    const [one, other] = [a, b].map((text) =>
      text
        .split('.')
        .map((octet) => octet.padStart(3, '0'))
        .join('.'),
    );
    return one! < other! ? -1 : Number(one! > other!);
  };
  const ranges = fc.tuple(address, address).map(([a, b]) => (order(a, b) <= 0 ? range(a, b) : range(b, a)));
  const anyRange = fc.oneof(
    { weight: 8, arbitrary: ranges },
    fc.constant(range('0.0.0.0', '0.0.0.0')),
    fc.constant(range('0.0.0.0', '255.255.255.255')),
  );
  fc.assert(
    fc.property(fc.array(anyRange, { maxLength: 4 }), address, (firewall, own) => {
      const [server] = sample.plan({ publicServer: { firewall } }).publicServers;
      const admitted = firewall.some(({ from, to }) => {
        return (from === '0.0.0.0' && to === '0.0.0.0') || (order(from, own) <= 0 && order(own, to) <= 0);
      });
      expect(publicDenial(server!, sample.port, [own])?.code).toBe(admitted ? undefined : 'ClientAddressNotAllowed');
    }),
  );
  const [server] = sample.plan({ publicServer: { firewall: [range('0.0.0.0', '255.255.255.255')] } }).publicServers;
  expect(publicDenial(server!, sample.port, [])).toBeUndefined();
});

test.for<[string, Sample, boolean]>([
  ['nothing changed', {}, true],
  ['the network reports', { segment: { egress: 'report' } }, true],
  ['another rule admits', { publicServer: { firewall: [range('192.0.2.1', '192.0.2.20')] } }, true],
  ['the network is closed', { segment: { egress: 'none' } }, false],
  ['public access is off', { publicServer: { access: 'disabled' } }, false],
  ['no rule admits any more', { publicServer: { firewall: [] } }, false],
  ['the server is another', { publicServer: { id: '/provider/servers/other' } }, false],
  ['the server stands for another database', { publicServer: { target: { host: 'db2.example', port: 1_433 } } }, false],
  ['the server stands for none', { publicServer: { target: undefined } }, false],
  ['the port is another', { publicServer: { port: 1 } }, false],
])('whether a connection to a public name may go on when %s', ([, more, goesOn]) => {
  const base = { segment: open, publicServer: {} };
  const ask = { segment: sample.segment, host: sample.publicName, port: sample.port, source: { address: '127.0.0.1', port: 1 } };
  const way = routeFromSegment(compileTables(sample.plan(base)), live, ask);
  if (way.target === undefined) throw new Error('it is open');
  expect(wayStands(compileTables(sample.plan({ ...base, ...more })), way, 0) !== undefined).toBe(goesOn);
  expect(wayStands(compileTables(sample.plan({ segment: open })), way, 0)).toBeUndefined();
});

test('a plan with two servers of one public name is wrong', () => {
  const plan = sample.plan({ publicServer: {} });
  expect(() => compileTables({ ...plan, publicServers: [...plan.publicServers, ...plan.publicServers] })).toThrow(
    expect.objectContaining({ code: 'PlanWrong' }),
  );
});
