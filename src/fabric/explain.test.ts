import { expect, test } from 'vitest';
import { explainPath, type LivePath } from './explain.ts';
import { SamplePlan, type Sample } from './sample-plan.contract.ts';

const sample = new SamplePlan({ host: 'db.example', port: 1_433 });

const live: LivePath = {
  nowMs: Date.UTC(2026, 0, 1),
  health: () => ({ state: 'up', reason: undefined, sinceMs: 0 }),
  addresses: () => ({ addresses: ['192.0.2.7', '192.0.2.8'], problem: undefined }),
  unreachable: () => undefined,
  listening: (_, port) => ({ host: '127.64.0.5', port }),
};

function explained(
  more: Sample = {},
  alive: Partial<LivePath> = {},
  ask: { readonly host?: string; readonly port?: number; readonly segment?: string } = {},
) {
  return explainPath(sample.plan(more), { ...live, ...alive }, { segment: sample.segment, host: sample.name, port: sample.port, ...ask });
}

test('an open way shows each hop as it stands', () => {
  const { hops, denied } = explained({
    endpoint: { expiresAtMs: Date.UTC(2026, 6, 1) },
    backends: [{}, { admin: 'Down' }],
    service: { proxyProtocol: true },
  });
  expect(denied).toBeUndefined();
  const name = sample.endpoint.split('/').at(-1);
  expect(hops.map(({ kind, ok, detail }) => `${ok ? '+' : '-'} ${kind}: ${detail}`)).toEqual([
    `+ name: db.shop.example means the private endpoint ${name}.`,
    `+ endpoint: ${name} at 10.0.1.5 is approved until 2026-07-01T00:00:00.000Z. On this host ${name} listens at 127.64.0.5:14330.`,
    `+ service: ${sample.service.split('/').at(-1)} passes on to ${sample.balancer.split('/').at(-1)}, with a PROXY header.`,
    '+ balancer: The rule my-rule takes port 14330 to port 14330 of its backends.',
    '+ backend: forwarder-1 (10.0.1.10) is healthy. This connection would take it.',
    '- backend: forwarder-2 (10.0.1.11): it is set to Down by its administrator.',
    '+ forwarder: forwarder-1 runs and forwards port 14330 to db.example:1433.',
    '+ target: db.example:1433 (192.0.2.7, 192.0.2.8) answers.',
  ]);
});

const down: Partial<LivePath> = { health: () => ({ state: 'down', reason: 'db.example:1433 did not answer within 5 s.', sinceMs: 0 }) };

test.for<[code: string, target: string, ends: string, ...Parameters<typeof explained>]>([
  ['SegmentNotFound', '/nowhere', '', {}, {}, { segment: '/nowhere' }],
  ['NameNotFound', 'db2.example', 'name', {}, {}, { host: 'db2.example' }],
  ['NameNotFound', sample.name, 'name', { endpoint: { names: [{ name: sample.name, port: 1 }] } }],
  ['NoEndpoint', sample.segment, 'endpoint', {}, {}, { host: '10.0.1.200' }],
  ['EndpointPending', sample.endpoint, 'endpoint', { endpoint: { state: 'Pending' } }],
  ['EndpointRejected', sample.endpoint, 'endpoint', { endpoint: { state: 'Rejected' } }],
  ['EndpointDisconnected', sample.endpoint, 'endpoint', { endpoint: { state: 'Disconnected' } }],
  ['ApprovalExpired', sample.endpoint, 'endpoint', { endpoint: { expiresAtMs: 0 } }],
  ['NoRule', sample.balancer, 'balancer', {}, {}, { port: 1_434 }],
  ['NoHealthyBackend', sample.rule, 'backend', {}, down],
  ['NoForwarder', sample.backends[0], 'forwarder', { backends: [{ forwarder: undefined }] }],
  ['ForwarderStopped', sample.forwarders[0], 'forwarder', { running: [false, false], backends: [{}] }],
  ['NoForwardRule', sample.forwarders[0], 'forwarder', { rule: { backendPort: 1_434 }, backends: [{}] }],
  ['TargetNotFound', 'db.example', 'target', {}, { addresses: () => ({ addresses: [], problem: 'no name server knows it' }) }],
  ['TargetUnreachable', 'db.example:1433', 'target', {}, { unreachable: () => 'it refuses connections (nothing listens there)' }],
])('%s names %s, and what would mend it', ([code, target, ends, ...ask]) => {
  const { hops, denied } = explained(...ask);
  expect(denied).toMatchObject({ code, target });
  expect(denied?.remedy).toMatch(/^[A-Z].{15,}/);
  expect(denied?.message).toMatch(/^.{15,}\.$/);
  expect(hops.at(-1)?.kind ?? '').toBe(ends);
  expect(hops.at(-1)?.ok ?? false).toBe(false);
  expect(hops.slice(0, -1).every((hop) => hop.ok || hop.kind === 'backend')).toBe(true);
});

test('no healthy backend: each says why', () => {
  const { denied } = explained({ backends: [{}, { admin: 'Down' }] }, down);
  expect(denied?.details?.map(({ target, message }) => `${target} ${message}`)).toEqual([
    '/provider/nics/nic-1 db.example:1433 did not answer within 5 s.',
    '/provider/nics/nic-2 it is set to Down by its administrator.',
  ]);
});

test('from a network that lets everything out', () => {
  const { hops, denied } = explained({ segment: { egress: 'open' } }, {}, { host: 'elsewhere.example', port: 443 });
  expect(denied).toBeUndefined();
  expect(hops.map((hop) => hop.kind)).toEqual(['name', 'target']);
});

test('a name that nobody knows, from a network that lets everything out, is a name that is missing', () => {
  const { hops, denied } = explained(
    { segment: { egress: 'open' } },
    { addresses: () => ({ addresses: [], problem: 'no name server knows it' }) },
    { host: 'elsewhere.example', port: 443 },
  );
  expect(denied).toMatchObject({ code: 'NameNotFound', target: 'elsewhere.example', remedy: expect.stringContaining('private DNS zone') });
  expect(hops.map(({ kind, ok }) => [kind, ok])).toEqual([
    ['name', true],
    ['target', false],
  ]);
});
