import { describe, expect, test } from 'vitest';
import { ask, counterOf, over, soon, stage, type OpenEngine } from './engine-stage.contract.ts';
import { describeAgreement, describeDoors, describeEgress, describePublicServers } from './engine-egress.contract.ts';
import { describeRelay } from './engine-relay.contract.ts';
import { describeSessions } from './engine-sessions.contract.ts';
import { describeBackends, describeStreams } from './engine-streams.contract.ts';
import type { FabricPlan } from './plan.ts';
import { call, outwardAddress, ownAddresses, sampleHost, type SamplePeer } from './sample-hosts.contract.ts';
import { SamplePlan } from './sample-plan.contract.ts';

export interface EngineTraits {
  /** Each connection takes descriptors of this process, so that there is a limit to them. */
  readonly limits?: boolean;
}

/** The suite that every engine passes: what goes through, what does not, and what is told of it. */
export function describeEngine(name: string, open: OpenEngine, { limits = true }: EngineTraits = {}): void {
  describe(`${name}: reach`, () => {
    describeReach(open);
  });
  describe(`${name}: approval`, () => {
    describeApproval(open);
  });
  describe(`${name}: doors`, () => {
    describeDoors(open);
  });
  describe(`${name}: egress`, () => {
    describeEgress(open);
  });
  describe(`${name}: public servers`, () => {
    describePublicServers(open);
  });
  describe(`${name}: explain and dials`, () => {
    describeAgreement(open);
  });
  describe(`${name}: dials of those who relay`, () => {
    describeRelay(open);
  });
  describe(`${name}: backends`, () => {
    describeBackends(open);
  });
  describe(`${name}: streams`, () => {
    describeStreams(open);
  });
  describe(`${name}: sessions`, () => {
    describeSessions(open);
  });
  describe(`${name}: plans`, () => {
    describePlans(open);
  });
  describe(`${name}: names and limits`, () => {
    describeNames(open);
    if (limits) describeLimits(open);
  });
}

function describeReach(open: OpenEngine): void {
  test('an approved endpoint leads to the database, by listener, name and address', async () => {
    await using on = await stage(open);
    await on.apply({ segment: { names: [{ name: 'zone.example', addresses: [on.sample.address] }] } });
    const peers = [on.call(), await on.dial(), await on.dial(on.sample.address), await on.dial('ZONE.example.')];
    for (const peer of peers) await ask(peer, 'hello');
    expect(on.host.peers).toHaveLength(4);
    for (const peer of peers) peer.stream.destroy();
  });

  test('nothing else is reached', async () => {
    await using on = await stage(open);
    await on.apply();
    expect(await on.refusal('nowhere.example')).toBe('NameNotFound');
    expect(await on.refusal('10.9.9.9')).toBe('NoEndpoint');
    expect(await on.refusal(on.host.host, on.host.port)).toBe('NoEndpoint');
    expect(await on.refusal(on.sample.name, 22)).toBe('NoRule');
    expect(await on.refusal(on.sample.name, on.sample.port, on.sample.other)).toBe('NameNotFound');
    expect(await on.refusal(on.sample.address, on.sample.port, on.sample.other)).toBe('NoEndpoint');
    expect(await on.refusal(on.sample.address, on.sample.port, '/no/such/segment')).toBe('SegmentNotFound');
    expect(on.engine.listening(on.sample.endpoint, 22)).toBeUndefined();
    expect(on.host.peers).toHaveLength(0);
    expect(on.events.filter((event) => event.kind === 'refused')).toHaveLength(7);
  });

  test('the same address in another segment is another endpoint', async () => {
    await using on = await stage(open);
    await using second = await sampleHost(({ stream }) => stream.end('second'));
    const mine = on.sample.plan();
    const other = new SamplePlan({ host: second.host, port: second.port });
    const theirs = other.plan({ endpoint: { linkId: 18 } });
    const forwarders = theirs.forwarders.map((forwarder) => ({ ...forwarder, id: `${forwarder.id}-b` }));
    const balancers = theirs.balancers.map((balancer) => ({
      ...balancer,
      rules: balancer.rules.map((rule) => ({
        ...rule,
        backends: rule.backends.map((one) => ({ ...one, forwarder: `${one.forwarder}-b` })),
      })),
    }));
    await on.engine.apply({
      ...mine,
      segments: [...mine.segments, ...theirs.segments],
      endpoints: [...mine.endpoints, ...theirs.endpoints],
      services: [...mine.services, ...theirs.services],
      balancers: [...mine.balancers, ...balancers],
      forwarders: [...mine.forwarders, ...forwarders],
    });
    const [first, last] = [await on.dial(on.sample.address), await on.dial(on.sample.address, on.sample.port, other.segment)];
    await ask(first, 'to mine');
    await expect.poll(() => last.text(), soon).toBe('second');
    first.stream.destroy();
    last.stream.destroy();
  });

  test('a segment with open egress reaches anything but the endpoints of others', async () => {
    await using on = await stage(open, { at: outwardAddress() });
    const plan = on.sample.plan();
    await on.engine.apply({
      ...plan,
      segments: plan.segments.map((segment) => (segment.id === on.sample.other ? { ...segment, egress: 'open' } : segment)),
    });
    const peer = await on.dial(on.host.host, on.host.port, on.sample.other);
    await ask(peer, 'hello');
    const at = on.engine.listening(on.sample.endpoint, on.sample.port);
    expect(await on.refusal(at?.host, at?.port, on.sample.other)).toBe('LocalAddressDenied');
    await on.engine.apply(plan);
    await over(peer, 'reset');
  });

  test('a database that takes endpoints itself is reached on its ports', async () => {
    await using on = await stage(open);
    const plan = on.sample.plan();
    const target = { host: on.host.host, port: on.host.port };
    await on.engine.apply({
      ...plan,
      services: [{ kind: 'database', id: on.sample.service, target, ports: [on.sample.port] }],
      balancers: [],
      forwarders: [],
    });
    const peers = [on.call(), await on.dial()];
    for (const peer of peers) await ask(peer, 'hello');
    expect(await on.refusal(on.sample.name, 5_432)).toBe('NoRule');
    for (const peer of peers) peer.stream.destroy();
  });

  test('a rule for all ports takes those that the forwarders pass on', async () => {
    await using on = await stage(open);
    await on.apply({ rule: { frontendPort: 0, backendPort: 0 } });
    await ask(on.call(), 'hello');
    expect(await on.refusal(on.sample.name, 99)).toBe('NoForwardRule');
  });

  test('names with a port mean the endpoint on that port only', async () => {
    await using on = await stage(open);
    await on.apply({ endpoint: { names: [{ name: on.sample.name, port: on.sample.port }] } });
    await ask(await on.dial(), 'hello');
    expect(await on.refusal(on.sample.name, 1_434)).toBe('NameNotFound');
  });
}

function describeApproval(open: OpenEngine): void {
  test.for([
    ['Pending', 'EndpointPending'],
    ['Rejected', 'EndpointRejected'],
    ['Disconnected', 'EndpointDisconnected'],
  ] as const)('an endpoint that is %s listens nowhere and is refused', async ([state, code]) => {
    await using on = await stage(open);
    await on.apply({ endpoint: { state } });
    expect(on.engine.listening(on.sample.endpoint, on.sample.port)).toBeUndefined();
    expect(await on.refusal()).toBe(code);
    expect((await on.engine.explain({ segment: on.sample.segment, host: on.sample.name, port: on.sample.port })).denied?.code).toBe(code);
    expect(on.host.peers).toHaveLength(0);
    expect(counterOf(on.engine, on.sample.endpoint)).toMatchObject({ connections: 0, refused: 1 });
  });

  test.for(['Pending', 'Rejected', 'Disconnected'] as const)(
    'a live connection dies at once when its endpoint becomes %s',
    async (state) => {
      await using on = await stage(open);
      await on.apply();
      const [called, dialled] = [on.call(), await on.dial()];
      await ask(called, 'hello');
      await ask(dialled, 'hello');
      const at = on.engine.listening(on.sample.endpoint, on.sample.port);
      await on.apply({ endpoint: { state } });
      called.stream.write('too late');
      dialled.stream.write('too late');
      for (const peer of [called, dialled, ...on.host.peers]) await over(peer, 'reset');
      await over(call(at), 'reset');
      expect(on.host.peers.map((peer) => peer.text())).toEqual(['hello', 'hello']);
      expect(on.events).toContainEqual({ kind: 'cut', endpoint: on.sample.endpoint, connections: 2, code: expect.stringContaining(state) });
    },
  );

  test('an approval ends by itself, for new and for live connections', async () => {
    await using on = await stage(open);
    await on.apply({ endpoint: { expiresAtMs: Date.now() + 1_000 } });
    const [called, dialled] = [on.call(), await on.dial()];
    await ask(called, 'hello');
    for (const peer of [called, dialled]) await over(peer, 'reset');
    expect(await on.refusal()).toBe('ApprovalExpired');
    expect(on.engine.listening(on.sample.endpoint, on.sample.port)).toBeUndefined();
    await on.apply({ endpoint: { expiresAtMs: Date.now() + 60_000 } });
    await ask(on.call(), 'again');
  });

  test('an endpoint that is gone, or leads to another service, takes its connections with it', async () => {
    await using on = await stage(open);
    await on.apply();
    const first = on.call();
    await ask(first, 'hello');
    await on.engine.apply({ ...on.sample.plan(), endpoints: [] });
    await over(first, 'reset');
    await on.apply();
    const second = on.call();
    await ask(second, 'hello');
    await on.apply({ target: { host: '127.0.0.1', port: 9 } });
    await over(second, 'reset');
    expect(on.events.flatMap((event) => (event.kind === 'cut' ? [event.code] : []))).toEqual(['EndpointDisconnected', 'EndpointRerouted']);
  });

  test('a connect on its way when the endpoint is revoked comes to nothing', async () => {
    const answer = Promise.withResolvers<{ readonly addresses: readonly string[]; readonly ttlMs: number }>();
    await using on = await stage(open, { resolver: { resolve: () => answer.promise } });
    const target = { host: 'slow.example', port: on.host.port };
    await on.apply({ target });
    const [called, refused] = [on.call(), on.refusal()];
    // A kernel lets nobody in before there is an address to go to.
    const waits = (): boolean => called.over === 'reset' || (called.stream as { readyState?: string }).readyState === 'open';
    await expect.poll(waits, soon).toBe(true);
    await on.apply({ target, endpoint: { state: 'Rejected' } });
    answer.resolve({ addresses: [on.host.host], ttlMs: 60_000 });
    expect(await refused).toBe('EndpointRejected');
    await over(called, 'reset');
    expect(on.host.peers).toHaveLength(0);
  });
}

function describePlans(open: OpenEngine): void {
  test('connections that a new plan allows by the same way go on', async () => {
    await using on = await stage(open);
    await on.apply();
    const peers = [on.call(), await on.dial()];
    const at = on.engine.listening(on.sample.endpoint, on.sample.port);
    await on.apply();
    await on.apply({
      rule: { idleMs: 240_000 },
      backends: [{}, {}],
      segment: { names: [{ name: 'more.example', addresses: ['10.0.1.5'] }] },
    });
    await on.engine.apply({
      ...on.sample.plan(),
      endpoints: [
        on.sample.endpointOf(),
        on.sample.endpointOf({ id: `${on.sample.endpoint}-2`, address: '10.0.1.6', linkId: 2, names: [] }),
      ],
    });
    for (const peer of peers) await ask(peer, 'still here');
    expect(on.engine.listening(on.sample.endpoint, on.sample.port)).toEqual(at);
    expect(on.host.peers).toHaveLength(2);
    for (const peer of peers) peer.stream.destroy();
  });

  test('plans given at the same time come into force one after the other', async () => {
    await using on = await stage(open);
    const states = ['Approved', 'Pending', 'Approved', 'Rejected', 'Approved', 'Disconnected', 'Approved'] as const;
    await Promise.all(states.map((state) => on.apply({ endpoint: { state } })));
    await ask(on.call(), 'hello');
    await Promise.all([on.apply({ endpoint: { state: 'Pending' } }), on.apply(), on.apply({ endpoint: { state: 'Rejected' } })]);
    expect(await on.refusal()).toBe('EndpointRejected');
    expect(on.engine.listening(on.sample.endpoint, on.sample.port)).toBeUndefined();
  });

  test('a plan that contradicts itself changes nothing', async () => {
    await using on = await stage(open);
    await on.apply();
    const peer = on.call();
    await ask(peer, 'hello');
    const twice = [on.sample.endpointOf(), on.sample.endpointOf({ id: '/another', linkId: 3 })];
    await expect(on.engine.apply({ ...on.sample.plan(), endpoints: twice })).rejects.toMatchObject({
      code: 'PlanWrong',
      target: '/another',
    });
    await ask(peer, 'still here');
    await ask(on.call(), 'hello');
  });

  test('of a thousand endpoints with ten rules one changes, and the others do not notice', async () => {
    await using on = await stage(open);
    const plan = manyEndpoints(on.sample, 1_000, 10);
    await on.engine.apply(plan);
    const peers: SamplePeer[] = [];
    for (let at = 0; at < 20; at++) peers.push(await on.dial(addressOf(at), 20_000));
    for (const peer of peers) await ask(peer, 'hello');
    await on.engine.apply({
      ...plan,
      endpoints: plan.endpoints.map((endpoint, at) => (at === 7 ? { ...endpoint, state: 'Rejected' } : { ...endpoint })),
    });
    await over(peers[7], 'reset');
    for (const peer of peers) if (peer !== peers[7]) await ask(peer, 'still here');
    expect(await on.refusal(addressOf(7), 20_000)).toBe('EndpointRejected');
    for (const peer of peers) peer.stream.destroy();
  });

  test('an engine that is closed leaves no listener and no connection behind', async () => {
    const on = await stage(open);
    await on.apply();
    const peer = on.call();
    await ask(peer, 'hello');
    const at = on.engine.listening(on.sample.endpoint, on.sample.port);
    await on.engine[Symbol.asyncDispose]();
    await over(peer, 'reset');
    // What a kernel answered for has no address any more.
    const network = at?.host.split('.', 2).join('.') ?? '';
    const isThere = network.startsWith('127.') || ownAddresses().some((address) => address.startsWith(`${network}.`));
    expect(isThere).toBe(on.engine.kind === 'userspace');
    if (isThere) await over(call(at), 'reset');
    await expect(on.apply()).rejects.toMatchObject({ code: 'EngineClosed' });
    await on[Symbol.asyncDispose]();
  });
}

function describeNames(open: OpenEngine): void {
  test('several addresses are tried in turn, and the one that answers is kept', async () => {
    await using on = await stage(open, {
      resolver: { resolve: async () => ({ addresses: ['127.0.0.9', '127.0.0.8', '127.0.0.1'], ttlMs: 60_000 }) },
    });
    await on.apply({ target: { host: 'db.example', port: on.host.port } });
    for (const peer of [await on.dial(), on.call()]) await ask(peer, 'hello');
    expect(on.events).toContainEqual(expect.objectContaining({ kind: 'resolved', forwarder: on.sample.forwarders[0], host: 'db.example' }));
  });

  test('a name without address is said, and found when it comes', async () => {
    const answers: string[] = [];
    await using on = await stage(open, { resolver: { resolve: async () => ({ addresses: [...answers], ttlMs: 60_000 }) } });
    await on.apply({ target: { host: 'db.example', port: on.host.port } });
    expect(await on.refusal()).toBe('TargetNotFound');
    const path = await on.engine.explain({ segment: on.sample.segment, host: on.sample.name, port: on.sample.port });
    expect(path.denied).toMatchObject({ code: 'TargetNotFound', target: 'db.example' });
    expect(path.hops.map((hop) => [hop.kind, hop.ok])).toEqual([
      ['name', true],
      ['endpoint', true],
      ['service', true],
      ['balancer', true],
      ['backend', true],
      ['backend', true],
      ['forwarder', true],
      ['target', false],
    ]);
    answers.push(on.host.host);
    await expect.poll(() => on.refusal(), soon).toBeUndefined();
  });

  test('a dial is cancelled at once', async () => {
    const unanswered = new Promise<never>(() => undefined);
    await using on = await stage(open, { resolver: { resolve: () => unanswered } });
    await on.apply({ target: { host: 'slow.example', port: on.host.port } });
    const stop = new AbortController();
    const dialling = on.engine.dialer(on.sample.segment).dial(on.sample.name, on.sample.port, stop.signal);
    stop.abort();
    await expect(dialling).rejects.toMatchObject({ kind: 'cancelled' });
  });
}

function describeLimits(open: OpenEngine): void {
  test('connections beyond the limit are reset and counted; those that are open live on', async () => {
    await using on = await stage(open, { maxConnections: 8 });
    await on.apply();
    const peers = Array.from({ length: 8 }, () => on.call());
    for (const peer of peers) await ask(peer, 'hello');
    const beyond = Array.from({ length: 50 }, () => on.call());
    for (const peer of beyond) await over(peer, 'reset');
    expect(await on.refusal()).toBe('TooManyConnections');
    for (const peer of peers) await ask(peer, 'still here');
    expect(counterOf(on.engine, on.sample.endpoint)).toMatchObject({ connections: 8, open: 8, refused: 51 });
    for (const peer of peers) peer.stream.destroy();
    await expect.poll(() => on.refusal(), soon).toBeUndefined();
  });
}

/** Each endpoint has a balancer of its own; the first twenty are approved. */
function manyEndpoints(sample: SamplePlan, endpoints: number, rules: number): FabricPlan {
  const plan = sample.plan();
  const [balancer] = plan.balancers;
  const [rule] = balancer?.rules ?? [];
  if (balancer === undefined || rule === undefined) throw new Error('the sample has a rule');
  const numbers = Array.from({ length: endpoints }, (_, at) => at);
  const ports = Array.from({ length: rules }, (_, at) => 20_000 + at);
  return {
    ...plan,
    endpoints: numbers.map((at) => ({
      ...sample.endpointOf({
        id: `${sample.endpoint}-${at}`,
        address: addressOf(at),
        linkId: at,
        names: [],
        service: `${sample.service}-${at}`,
      }),
      state: at < 20 ? 'Approved' : 'Pending',
    })),
    services: numbers.flatMap((at) =>
      plan.services.map((service) => ({ ...service, id: `${sample.service}-${at}`, balancer: `${sample.balancer}-${at}` })),
    ),
    balancers: numbers.map((at) => ({
      ...balancer,
      id: `${sample.balancer}-${at}`,
      probes: [],
      rules: ports.map((port) => ({ ...rule, id: `${rule.id}-${at}-${port}`, frontendPort: port, probe: undefined })),
    })),
  };
}

function addressOf(at: number): string {
  return `10.0.${8 + (at >> 8)}.${at & 255}`;
}
