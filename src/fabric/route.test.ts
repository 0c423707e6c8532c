import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainPath } from './explain.ts';
import { mix } from './hash.ts';
import type { EgressMode, EndpointState, FabricPlan } from './plan.ts';
import type { RouteState } from './choose.ts';
import { routeFromEndpoint, routeFromSegment, wayStands } from './route.ts';
import { SamplePlan, type Sample } from './sample-plan.contract.ts';
import { sameValue } from './same-value.ts';
import { compileTables } from './tables.ts';

const nowMs = 1_000_000;
const sample = new SamplePlan({ host: 'db.example', port: 1_433 });
const source = { address: '10.0.0.4', port: 50_000 };

function stateOf(...health: ('up' | 'down' | 'unknown')[]): RouteState {
  return {
    nowMs,
    health: (_, backend) => ({ state: health[Number(backend.slice(-1)) - 1] ?? 'unknown', reason: 'because', sinceMs: 0 }),
  };
}

function routed(more: Sample, state = stateOf('up', 'up'), from = source) {
  return routeFromEndpoint(compileTables(sample.plan(more)), state, { endpoint: sample.endpoint, port: sample.port, source: from });
}

test('nothing passes an endpoint that is not approved, or no longer, whatever else is so', () => {
  const anySample = fc.record({
    state: fc.constantFrom<EndpointState>('Approved', 'Pending', 'Rejected', 'Disconnected'),
    expiresAtMs: fc.option(fc.integer({ min: nowMs - 2, max: nowMs + 2 }), { nil: undefined }),
    health: fc.array(fc.constantFrom('up' as const, 'down' as const, 'unknown' as const), { minLength: 2, maxLength: 2 }),
    running: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
    whenNoneHealthy: fc.constantFrom('AllProbedUp' as const, 'AllProbedDown' as const),
    admin: fc.constantFrom('None' as const, 'Up' as const, 'Down' as const),
  });
  fc.assert(
    fc.property(anySample, ({ state, expiresAtMs, health, running, whenNoneHealthy, admin }) => {
      const tables = compileTables(
        sample.plan({ endpoint: { state, expiresAtMs }, running, rule: { whenNoneHealthy }, backends: [{ admin }, {}] }),
      );
      const open = state === 'Approved' && (expiresAtMs === undefined || expiresAtMs > nowMs);
      const byListener = routeFromEndpoint(tables, stateOf(...health), { endpoint: sample.endpoint, port: sample.port, source });
      for (const host of [sample.name, sample.address]) {
        const way = routeFromSegment(tables, stateOf(...health), { segment: sample.segment, host, port: sample.port, source });
        expect(way.target !== undefined && !open).toBe(false);
        // The same evaluation, whichever way the endpoint was named.
        expect(sameValue(way, byListener)).toBe(true);
      }
    }),
  );
});

test('a backend that is up is taken before one that is not known, and that before none', () => {
  const taken = (more: Sample, ...health: Parameters<typeof stateOf>): string => {
    const way = routed(more, stateOf(...health));
    return way.target === undefined ? way.denied.code : (way.backend?.id.slice(-1) ?? '');
  };
  expect(taken({}, 'down', 'up')).toBe('2');
  expect(taken({}, 'unknown', 'up')).toBe('2');
  expect(taken({}, 'unknown', 'down')).toBe('1');
  expect(taken({}, 'down', 'down')).toBe('NoHealthyBackend');
  expect(taken({ rule: { whenNoneHealthy: 'AllProbedUp' }, running: [false, true] }, 'down', 'down')).toBe('2');
  expect(taken({ rule: { whenNoneHealthy: 'AllProbedUp' } }, 'up', 'down')).toBe('1');
  expect(taken({ backends: [{ admin: 'Down' }, {}] }, 'up', 'down')).toBe('NoHealthyBackend');
  expect(taken({ backends: [{ admin: 'Up' }, {}] }, 'down', 'down')).toBe('1');
  // Stopped, and not yet found out by the probe.
  expect(taken({ running: [false, true] }, 'up', 'up')).toBe('2');
  expect(taken({ running: [false, false] }, 'up', 'up')).toBe('ForwarderStopped');
});

test('the hash: all five parts spread, two or three keep a consumer with its backend, and few move when one is gone', () => {
  const backendOf = (port: number, address: string, more: Sample = {}, state = stateOf('up', 'up')) =>
    routed(more, state, { port, address }).backend?.id;
  const ports = Array.from({ length: 400 }, (_, at) => 1_024 + at);
  const first = ports.filter((port) => backendOf(port, '10.0.0.4') === sample.backends[0]).length;
  expect(first).toBeGreaterThan(140);
  expect(first).toBeLessThan(260);
  for (const distribution of ['2-tuple', '3-tuple'] as const) {
    for (const at of [1, 2, 3, 4, 5]) {
      const rule = { rule: { distribution } };
      expect(new Set(ports.slice(0, 40).map((port) => backendOf(port, `10.0.0.${at}`, rule))).size).toBe(1);
    }
  }
  const stayed = ports.filter((port) => backendOf(port, '10.0.0.4') === sample.backends[0]);
  expect(stayed.every((port) => backendOf(port, '10.0.0.4', {}, stateOf('up', 'down')) === sample.backends[0])).toBe(true);
});

test('consumers behind a service come from one of its addresses', () => {
  const chosen = (natAddresses: readonly string[]): Set<string | undefined> =>
    new Set(
      Array.from({ length: 60 }, (_, linkId) => {
        const rule = { distribution: '2-tuple' } as const;
        return routed({ endpoint: { linkId }, service: { natAddresses }, rule }).backend?.id;
      }),
    );
  expect(chosen(['10.0.3.4']).size).toBe(1);
  expect(chosen(Array.from({ length: 8 }, (_, at) => `10.0.3.${at + 4}`)).size).toBe(2);
});

test('within its own network a frontend and a forwarder are reached by address', () => {
  const plan = sample.plan();
  const provider = { id: '/provider', kind: 'virtual-network', egress: 'none', names: [] } as const;
  const tables = compileTables({ ...plan, segments: [...plan.segments, provider] });
  const to = (host: string, port: number, segment = '/provider') =>
    routeFromSegment(tables, stateOf('up', 'up'), { segment, host, port, source });
  expect(to('10.0.2.4', sample.port)).toMatchObject({ target: { host: 'db.example' }, endpoint: undefined, rule: { name: 'my-rule' } });
  expect(to('10.0.1.11', sample.port)).toMatchObject({
    target: { host: 'db.example' },
    rule: undefined,
    forwarder: { id: sample.forwarders[1] },
  });
  expect(to('10.0.2.4', 99)).toMatchObject({ denied: { code: 'NoRule', target: sample.balancer } });
  expect(to('10.0.2.4', sample.port, sample.segment)).toMatchObject({ denied: { code: 'NoEndpoint' } });
});

test('of several endpoints of one name the approved one is meant', () => {
  const plan = sample.plan({ endpoint: { state: 'Rejected' } });
  const successor = sample.endpointOf({ id: `${sample.endpoint}-2`, address: '10.0.1.6', linkId: 2 });
  const tables = compileTables({ ...plan, endpoints: [...plan.endpoints, successor] });
  const way = routeFromSegment(tables, stateOf('up', 'up'), { segment: sample.segment, host: sample.name, port: sample.port, source });
  expect(way.endpoint?.id).toBe(successor.id);
});

test('an endpoint without a service, or of one that is gone, is disconnected; one without its balancer has no rule', () => {
  expect(routed({ endpoint: { service: undefined } })).toMatchObject({ denied: { code: 'EndpointDisconnected' } });
  expect(routed({ endpoint: { service: '/gone' } })).toMatchObject({ denied: { code: 'EndpointDisconnected' } });
  expect(routed({ service: { balancer: '/gone' } })).toMatchObject({ denied: { code: 'NoRule', target: sample.service } });
  expect(routed({ service: { frontend: 'gone' } })).toMatchObject({ denied: { code: 'NoRule', target: sample.balancer } });
});

test.for<[string, Sample, boolean]>([
  ['nothing changed', {}, true],
  ['probes and administrators take backends out', { backends: [{ admin: 'Down' }, { admin: 'Down' }] }, true],
  ['the idle time changed', { rule: { idleMs: 1 } }, true],
  ['the approval is over', { endpoint: { expiresAtMs: nowMs } }, false],
  ['the endpoint was rejected', { endpoint: { state: 'Rejected' } }, false],
  ['the endpoint has another address', { endpoint: { address: '10.0.1.9' } }, false],
  ['the service has the PROXY protocol now', { service: { proxyProtocol: true } }, false],
  ['the rule takes another port', { rule: { frontendPort: 99 } }, false],
  ['the rule is another', { rule: { id: '/another' } }, false],
  ['the rule leads to another port', { rule: { backendPort: 99 } }, false],
  ['the backends left the pool', { backends: [] }, false],
  ['the forwarders are stopped', { running: [false, false] }, false],
  ['the target is another', { target: { host: 'db2.example', port: 1_433 } }, false],
])('whether a connection may go on when %s', ([, more, goesOn]) => {
  const way = routed({});
  if (way.target === undefined) throw new Error('it is open');
  expect(wayStands(compileTables(sample.plan(more)), way, nowMs) !== undefined).toBe(goesOn);
});

/** Everything on which admission depends, and what may be asked. */
const anyAsk = fc.record({
  endpoint: fc.record({
    state: fc.constantFrom<EndpointState>('Approved', 'Approved', 'Pending', 'Rejected', 'Disconnected'),
    expiresAtMs: fc.constantFrom(undefined, nowMs - 1, nowMs, nowMs + 1),
    names: fc.constantFrom(
      [{ name: sample.name, port: undefined }],
      [{ name: sample.name, port: sample.port }],
      [{ name: sample.publicName, port: undefined }],
      [],
    ),
    service: fc.constantFrom(sample.service, sample.service, undefined),
  }),
  egress: fc.constantFrom<EgressMode>('none', 'report', 'open'),
  names: fc.constantFrom([], [{ name: sample.name, addresses: [sample.address] }], [{ name: sample.publicName, addresses: ['10.9.9.9'] }]),
  publicServer: fc.option(
    fc.record({
      access: fc.constantFrom('enabled' as const, 'enabled' as const, 'disabled' as const, 'none' as const),
      firewall: fc.constantFrom(undefined, [], [{ id: '/r', name: 'r', from: '0.0.0.0', to: '0.0.0.0' }]),
    }),
    { nil: undefined },
  ),
  running: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
  host: fc.constantFrom(
    sample.name,
    sample.publicName,
    `${sample.name.toUpperCase()}.`,
    sample.address,
    '10.9.9.9',
    'no.example',
    'no.localhost',
  ),
  port: fc.constantFrom(sample.port, sample.port, 22),
});

test('explain, a dial and the dry run agree, whatever is admitted and asked', () => {
  fc.assert(
    fc.property(anyAsk, ({ endpoint, egress, names, publicServer, running, host, port }) => {
      const plan = sample.plan({ endpoint, segment: { egress, names }, publicServer, running, backends: [{}] });
      const ask = { segment: sample.segment, host, port };
      const state = stateOf('up');
      const route = (as: EgressMode) => routeFromSegment(compileTables(plan), state, { ...ask, source, egress: as });
      const way = routeFromSegment(compileTables(plan), state, { ...ask, source });
      const live = {
        addresses: () => ({ addresses: ['192.0.2.7'], problem: undefined }),
        unreachable: () => undefined,
        listening: () => undefined,
      };
      const path = explainPath(plan, { ...state, ...live }, ask);
      expect(path.denied?.code).toBe(way.target === undefined ? way.denied.code : undefined);
      expect(path.hops.at(-1)?.ok).toBe(way.target !== undefined);
      const [closed, reported, opened] = [route('none'), route('report'), route('open')];
      expect(closed.outside).toBeUndefined();
      expect(opened.target).toEqual(reported.target);
      expect(opened.outside?.wouldBe).toBeUndefined();
      // What leads out is what closing refuses, for the reason that was reported; everything else stays as it is.
      const denied = closed.target === undefined ? closed.denied.code : undefined;
      expect(reported.outside === undefined ? opened.target : undefined).toEqual(
        reported.outside === undefined ? closed.target : undefined,
      );
      expect(reported.outside?.wouldBe?.code).toBe(reported.outside === undefined ? undefined : denied);
      const isOpen = endpoint.state === 'Approved' && (endpoint.expiresAtMs ?? Infinity) > nowMs && endpoint.service !== undefined;
      expect(closed.target !== undefined && !isOpen).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test.for<[string, (plan: FabricPlan) => FabricPlan]>([
  ['two endpoints of one id', (plan) => ({ ...plan, endpoints: [...plan.endpoints, ...plan.endpoints] })],
  [
    'two endpoints of one link id',
    (plan) => ({ ...plan, endpoints: [...plan.endpoints, sample.endpointOf({ id: '/2', address: '10.0.1.6' })] }),
  ],
  ['an endpoint of no segment', (plan) => ({ ...plan, segments: [] })],
  ['an endpoint of no address', (plan) => ({ ...plan, endpoints: [sample.endpointOf({ address: 'here' })] })],
  [
    'two rules of one port',
    (plan) => ({ ...plan, balancers: plan.balancers.map((one) => ({ ...one, rules: [...one.rules, ...one.rules] })) }),
  ],
  ['a rule of no frontend', (plan) => ({ ...plan, balancers: plan.balancers.map((one) => ({ ...one, frontends: [] })) })],
  ['a port that is none', () => sample.plan({ rule: { backendPort: 70_000 } })],
  ['a target that has no port', () => sample.plan({ target: { host: 'db.example', port: 0 } })],
  [
    'two rules of a forwarder on one port',
    (plan) => ({ ...plan, forwarders: plan.forwarders.map((one) => ({ ...one, rules: [...one.rules, ...one.rules] })) }),
  ],
])('a plan with %s is wrong', ([, change]) => {
  expect(() => compileTables(change(sample.plan()))).toThrow(expect.objectContaining({ kind: 'bug', code: 'PlanWrong' }));
});

test('tables of what did not change are the ones before', () => {
  const before = compileTables(sample.plan());
  const after = compileTables(structuredClone(sample.plan({ running: [true, false] })), before);
  expect(after.endpoints.get(sample.endpoint)).toBe(before.endpoints.get(sample.endpoint));
  expect(after.balancers.get(sample.balancer)).toBe(before.balancers.get(sample.balancer));
  expect(after.forwarders.get(sample.forwarders[0])).toBe(before.forwarders.get(sample.forwarders[0]));
  expect(after.forwarders.get(sample.forwarders[1])).not.toBe(before.forwarders.get(sample.forwarders[1]));
});

test('values are the same as their copies and as nothing else', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => sameValue(value, structuredClone(value))));
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => sameValue(a, b) === (JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)))),
  );
  expect(sameValue({ a: undefined }, {})).toBe(true);
  expect(mix(1, 2)).not.toBe(mix(2, 1));
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value === 0 ? String(Object.is(value, -0)) : value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { fields: fields.map(([name, one]) => [name, sorted(one)]) };
}
