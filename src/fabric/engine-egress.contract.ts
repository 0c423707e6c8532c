import { expect, test } from 'vitest';
import { ask, counterOf, over, soon, stage, type OpenEngine, type Stage } from './engine-stage.contract.ts';
import type { FabricEvent } from './engine.ts';
import { outwardAddress, watch, type SamplePeer } from './sample-hosts.contract.ts';
import type { Sample } from './sample-plan.contract.ts';

const never = new AbortController().signal;

async function dialFor(on: Stage, asker: string, host = on.sample.name, port = on.sample.port): Promise<SamplePeer> {
  return watch(await on.engine.dialer(on.sample.segment, asker).dial(host, port, never));
}

function told<Kind extends FabricEvent['kind']>(on: Stage, kind: Kind): readonly Extract<FabricEvent, { kind: Kind }>[] {
  return on.events.filter((event): event is Extract<FabricEvent, { kind: Kind }> => event.kind === kind);
}

/** What is open in a segment. */
export function describeDoors(open: OpenEngine): void {
  test('the ports of approved endpoints, with the names that mean them', async () => {
    await using on = await stage(open);
    const second = on.sample.endpointOf({
      id: `${on.sample.endpoint}-2`,
      address: '10.0.1.6',
      linkId: 2,
      names: [
        { name: 'Second.example.', port: undefined },
        { name: 'third.example', port: 99 },
        { name: on.sample.name, port: on.sample.port },
      ],
    });
    await on.engine.apply({
      ...on.sample.plan({ segment: { names: [{ name: 'zone.example', addresses: ['10.0.1.6', on.sample.address] }] } }),
      endpoints: [on.sample.endpointOf(), second],
    });
    const { port } = on.sample;
    const direct = on.engine.attach !== undefined;
    expect(on.engine.doors(on.sample.segment)).toEqual([
      // Its only name means the other on this port.
      { address: '10.0.1.5', port, names: [], direct },
      { address: '10.0.1.6', port, names: [on.sample.name, 'second.example', 'zone.example'], direct },
    ]);
    expect(on.engine.doors(on.sample.other)).toEqual([]);
    expect(on.engine.doors('/no/such/segment')).toEqual([]);
    for (const { address, port: at, names } of on.engine.doors(on.sample.segment)) {
      for (const host of [address, ...names]) await ask(await on.dial(host, at), 'hello');
    }
  });

  test.for(['Pending', 'Rejected', 'Disconnected'] as const)(
    'an endpoint that is %s is no door, and its name means the next',
    async (state) => {
      await using on = await stage(open);
      const second = on.sample.endpointOf({ id: `${on.sample.endpoint}-2`, address: '10.0.1.6', linkId: 2 });
      await on.engine.apply({ ...on.sample.plan(), endpoints: [on.sample.endpointOf({ state }), second] });
      expect(on.engine.doors(on.sample.segment)).toMatchObject([{ address: '10.0.1.6', port: on.sample.port, names: [on.sample.name] }]);
    },
  );

  test('whoever follows them is told when a plan or the clock changes them, and finds the new ones then', async () => {
    await using on = await stage(open);
    const seen: number[] = [];
    on.engine.onEvent(({ kind }) => kind === 'applied' && seen.push(on.engine.doors(on.sample.segment).length));
    await on.apply();
    expect(seen).toEqual([1]);
    await on.apply();
    expect(seen).toEqual([1]);
    await on.apply({ endpoint: { state: 'Rejected' } });
    expect(seen).toEqual([1, 0]);
    await on.apply({ endpoint: { expiresAtMs: Date.now() + 500 } });
    await expect.poll(() => seen, soon).toEqual([1, 0, 1, 0]);
  });

  test('a database that takes endpoints itself is a door on its ports', async () => {
    await using on = await stage(open);
    const target = { host: on.host.host, port: on.host.port };
    await on.engine.apply({
      ...on.sample.plan(),
      services: [{ kind: 'database', id: on.sample.service, target, ports: [5_433, 1_434] }],
      balancers: [],
      forwarders: [],
    });
    expect(on.engine.doors(on.sample.segment).map(({ port }) => port)).toEqual([1_434, 5_433]);
  });
}

/** What leaves a network beside its endpoints, and for whom. */
export function describeEgress(open: OpenEngine): void {
  test('events and counters say for whom', async () => {
    await using on = await stage(open);
    await on.apply();
    const { segment, name: host, port, endpoint } = on.sample;
    await ask(await dialFor(on, 'link shop'), 'hello');
    await expect(dialFor(on, 'link shop', '10.9.9.9')).rejects.toMatchObject({ code: 'NoEndpoint' });
    await expect(dialFor(on, 'test of another')).resolves.toBeDefined();
    expect(told(on, 'allowed')).toEqual([
      { kind: 'allowed', endpoint, segment, host, port, asker: 'link shop' },
      { kind: 'allowed', endpoint, segment, host, port, asker: 'test of another' },
    ]);
    expect(told(on, 'refused')).toEqual([
      {
        kind: 'refused',
        endpoint: undefined,
        segment,
        host: '10.9.9.9',
        port,
        asker: 'link shop',
        code: 'NoEndpoint',
        rule: segment,
        remedy: expect.stringContaining('private endpoint'),
        isRule: true,
      },
    ]);
    expect(counterOf(on.engine, `${segment}#link shop`)).toMatchObject({ of: 'asker', connections: 1, open: 1, refused: 1, bytesIn: 5 });
    expect(counterOf(on.engine, `${segment}#test of another`)).toMatchObject({ connections: 1, refused: 0 });
    const way = { endpoint, connections: 1, open: 1, bytesIn: 5, bytesOut: 5 };
    expect(on.engine.passed(segment, 'link shop')).toEqual({ ways: [way], refused: 1 });
    expect(on.engine.passed(segment, 'nobody')).toEqual({ ways: [], refused: 0 });
  });

  test('explain for somebody who would dial is told of where it is refused, and for nobody is not', async () => {
    await using on = await stage(open);
    await on.apply();
    const ask = { segment: on.sample.segment, host: '10.9.9.9', port: 1 };
    await on.engine.explain(ask);
    await on.engine.explain({ ...ask, host: on.sample.name, port: on.sample.port, asker: 'link shop' });
    expect(on.events.filter(({ kind }) => kind === 'refused' || kind === 'allowed')).toEqual([]);
    await on.engine.explain({ ...ask, asker: 'link shop' });
    expect(told(on, 'refused')).toMatchObject([{ ...ask, asker: 'link shop', code: 'NoEndpoint' }]);
  });

  test('open lets out, and each connection is told of', async () => {
    await using on = await stage(open, { at: outwardAddress() });
    await on.apply({ segment: { egress: 'open' } });
    expect(on.engine.isOpen(on.sample.segment)).toBe(true);
    const peer = await dialFor(on, 'link shop', on.host.host, on.host.port);
    await ask(peer, 'hello');
    await expect(dialFor(on, 'link shop', on.host.host, 9)).rejects.toMatchObject({ code: 'TargetUnreachable' });
    const { segment } = on.sample;
    const { host, port } = on.host;
    expect(told(on, 'outside')).toEqual([{ kind: 'outside', segment, host, port, asker: 'link shop', wouldBe: undefined }]);
    expect(told(on, 'refused')).toMatchObject([{ host, port: 9, code: 'TargetUnreachable', isRule: false }]);
  });

  test('report lets out like open, and says what none would refuse and why', async () => {
    const at = outwardAddress();
    await using on = await stage(open, { at, resolver: { resolve: async () => ({ addresses: [at], ttlMs: 60_000 }) } });
    await on.apply({ segment: { egress: 'report' } });
    expect(on.engine.isOpen(on.sample.segment)).toBe(true);
    for (const host of [on.host.host, 'elsewhere.example']) await ask(await dialFor(on, 'link shop', host, on.host.port), 'hello');
    await ask(await dialFor(on, 'link shop'), 'within');
    const would = told(on, 'outside').map(({ host, wouldBe }) => ({ host, ...wouldBe }));
    expect(would).toEqual([
      { host: on.host.host, code: 'NoEndpoint', rule: on.sample.segment, remedy: expect.any(String), isRule: true },
      { host: 'elsewhere.example', code: 'NameNotFound', rule: 'elsewhere.example', remedy: expect.any(String), isRule: true },
    ]);
    for (const { host, code } of would)
      expect(on.engine.ifClosed({ segment: on.sample.segment, host, port: on.host.port })?.code).toBe(code);
    expect(on.engine.ifClosed({ segment: on.sample.segment, host: on.sample.name, port: on.sample.port })).toBeUndefined();
    await on.apply({ segment: { egress: 'none' } });
    for (const { host, code } of would) expect(await on.refusal(host, on.host.port)).toBe(code);
  });

  test('live connections go on while the network lets out, and are cut when it is closed', async () => {
    await using on = await stage(open, { at: outwardAddress() });
    await on.apply({ segment: { egress: 'open' } });
    const [out, within] = [await on.dial(on.host.host, on.host.port), await on.dial()];
    await on.apply({ segment: { egress: 'report' } });
    for (const peer of [out, within]) await ask(peer, 'still here');
    await on.apply({ segment: { egress: 'none' } });
    await over(out, 'reset');
    expect(on.engine.isOpen(on.sample.segment)).toBe(false);
    await ask(within, 'still here');
    expect(told(on, 'cut')).toEqual([{ kind: 'cut', endpoint: on.sample.segment, connections: 1, code: 'NoEndpoint' }]);
  });

  test.for(['open', 'report'] as const)('%s lets nothing out to this host by its loopback, whatever the name', async (egress) => {
    const names: Record<string, readonly string[]> = { 'both.example': ['127.0.0.1', '::1'], 'mapped.example': ['::ffff:127.0.0.1'] };
    const resolve = async (host: string) => ({ addresses: names[host] ?? ['127.0.0.1'], ttlMs: 60_000 });
    await using on = await stage(open, { resolver: { resolve } });
    await on.apply({ segment: { egress }, publicServer: {} });
    const { segment } = on.sample;
    const { port } = on.host;
    const literal = ['127.0.0.1', '127.1.2.3', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '169.254.169.254', 'fe80::1'];
    for (const host of [...literal, 'localhost', '127.1', '2130706433', 'both.example', 'mapped.example']) {
      const refused = await dialFor(on, 'link shop', host, port).catch((error: unknown) => error);
      const remedy = expect.stringMatching(/hidden-backend.* forwarder/);
      expect({ host, refused }).toMatchObject({ host, refused: { kind: 'denied', code: 'LocalAddressDenied', target: segment, remedy } });
      expect((await on.engine.explain({ segment, host, port })).denied?.message).toBe((refused as Error).message);
    }
    expect(on.host.peers).toEqual([]);
    expect(told(on, 'refused').every(({ isRule, code }) => isRule && code === 'LocalAddressDenied')).toBe(true);
    // A server and a forwarder were given their target by somebody who may.
    await ask(await on.dial(on.sample.publicName), 'by the server');
    await ask(await on.dial(), 'by the forwarder');
  });

  test('of several addresses of a name those that are not local are tried', async () => {
    const at = outwardAddress();
    await using on = await stage(open, { at, resolver: { resolve: async () => ({ addresses: ['127.0.0.1', at], ttlMs: 60_000 }) } });
    await on.apply({ segment: { egress: 'open' } });
    await ask(await on.dial('both.example', on.host.port), 'hello');
    const path = await on.engine.explain({ segment: on.sample.segment, host: 'both.example', port: on.host.port });
    expect([path.denied, path.hops.at(-1)?.detail]).toEqual([undefined, expect.stringContaining(`(${at}) answers`)]);
  });

  test('of askers the latest are kept', async () => {
    await using on = await stage(open);
    await on.apply();
    for (let at = 0; at < 1_003; at++) {
      await expect(dialFor(on, `job ${at}`, '10.9.9.9')).rejects.toBeDefined();
    }
    const askers = on.engine.counters().filter(({ of }) => of === 'asker');
    expect(askers).toHaveLength(1_000);
    expect(askers.at(-1)?.id).toBe(`${on.sample.segment}#job 1002`);
  });
}

/** Database servers with a public name. */
export function describePublicServers(open: OpenEngine): void {
  const opened = { segment: { egress: 'open' }, publicServer: {} } as const;

  test('a network that lets out reaches the database by the public name, and is told so', async () => {
    await using on = await stage(open);
    await on.apply(opened);
    const { segment, publicName: host, port } = on.sample;
    await ask(await dialFor(on, 'link shop', host), 'hello');
    expect(told(on, 'outside')).toEqual([{ kind: 'outside', segment, host, port, asker: 'link shop', wouldBe: undefined }]);
    expect(on.host.peers).toHaveLength(1);
    expect(await on.refusal(host, 1_434)).toBe('NoRule');
    await on.apply({ ...opened, segment: { egress: 'report' } });
    await ask(await dialFor(on, 'link shop', `${host.toUpperCase()}.`), 'hello');
    expect(told(on, 'outside').at(-1)).toMatchObject({ wouldBe: { code: 'NoEndpoint', rule: segment } });
    await on.apply({ ...opened, segment: { egress: 'none' } });
    expect(await on.refusal(host)).toBe('NoEndpoint');
  });

  test.for<[string, Sample, string]>([
    ['public access is off', { publicServer: { access: 'disabled' } }, 'PublicNetworkAccessDenied'],
    ['no rule admits', { publicServer: { firewall: [] } }, 'ClientAddressNotAllowed'],
    ['the network is closed', { segment: { egress: 'none' } }, 'NoEndpoint'],
    ['the server stands for no database', { publicServer: { target: undefined } }, 'NoBackend'],
    ['the server is gone', { publicServer: undefined }, 'NameNotFound'],
  ])('when %s, live connections are cut, and new ones refused as explain says', async ([, more, code]) => {
    await using on = await stage(open, { resolver: { resolve: async () => ({ addresses: [], ttlMs: 60_000 }) } });
    await on.apply(opened);
    const [peer, within] = [await on.dial(on.sample.publicName), await on.dial()];
    await ask(peer, 'hello');
    await on.apply({ ...opened, ...more });
    await over(peer, 'reset');
    await ask(within, 'still here');
    expect(told(on, 'cut')).toEqual([{ kind: 'cut', endpoint: on.sample.segment, connections: 1, code }]);
    expect(await on.refusal(on.sample.publicName)).toBe(code);
    const path = await on.engine.explain({ segment: on.sample.segment, host: on.sample.publicName, port: on.sample.port });
    expect(path.denied?.code).toBe(code);
  });

  test('an approved endpoint of the network is taken instead, whatever the firewall says', async () => {
    await using on = await stage(open);
    const names = [{ name: on.sample.publicName, port: undefined }];
    await on.apply({ ...opened, endpoint: { names }, publicServer: { access: 'disabled', firewall: [] } });
    await ask(await on.dial(on.sample.publicName), 'hello');
    expect(told(on, 'allowed')).toMatchObject([{ endpoint: on.sample.endpoint }]);
    await on.apply({ ...opened, endpoint: { names, state: 'Rejected' } });
    expect(await on.refusal(on.sample.publicName)).toBe('EndpointRejected');
  });
}

/** What a dial is refused with is what `explain` says, whatever is asked. */
export function describeAgreement(open: OpenEngine): void {
  const resolver = { resolve: async (host: string) => ({ addresses: host === 'known.example' ? ['127.0.0.1'] : [], ttlMs: 60_000 }) };

  test.for<[string, Sample]>([
    ['closed', {}],
    ['open', { segment: { egress: 'open' } }],
    ['reporting', { segment: { egress: 'report' }, publicServer: {} }],
    ['open, with a server that nobody may reach', { segment: { egress: 'open' }, publicServer: { firewall: [] } }],
    ['closed, with names for one port', { endpoint: { names: [{ name: 'db.shop.example', port: 14_330 }] } }],
    ['open, with names for one port', { segment: { egress: 'open' }, endpoint: { names: [{ name: 'db.shop.example', port: 14_330 }] } }],
    ['closed, with an approval that has ended', { endpoint: { expiresAtMs: 1 } }],
    ['open, with an endpoint that waits', { segment: { egress: 'open' }, endpoint: { state: 'Pending' } }],
    ['closed, without hosts that pass on', { running: [false, false], rule: { probe: undefined } }],
    ['open, with a database whose name nobody knows', { segment: { egress: 'open' }, target: { host: 'no.example', port: 1 } }],
  ])('a network that is %s', async ([, more]) => {
    await using on = await stage(open, { resolver });
    await on.apply(more);
    const { name, publicName, address, port } = on.sample;
    const hosts = [
      name,
      `${name.toUpperCase()}.`,
      publicName,
      address,
      '10.0.1.77',
      'no.example',
      'no.localhost',
      '169.254.169.254',
      '127.0.0.1',
      '::1',
    ];
    for (const host of hosts) {
      for (const at of [port, 22]) {
        if (host === '10.0.1.77' && on.engine.isOpen(on.sample.segment)) continue;
        const { denied, hops } = await on.engine.explain({ segment: on.sample.segment, host, port: at });
        expect([host, at, await on.refusal(host, at)]).toEqual([host, at, denied?.code]);
        expect(hops.at(-1)?.ok ?? false).toBe(denied === undefined);
      }
    }
  });

  test('an approval that ends while a connect is on its way', async () => {
    const answer = Promise.withResolvers<{ readonly addresses: readonly string[]; readonly ttlMs: number }>();
    await using on = await stage(open, { resolver: { resolve: () => answer.promise } });
    await on.apply({ target: { host: 'slow.example', port: on.host.port }, endpoint: { expiresAtMs: Date.now() + 500 } });
    expect(await on.refusal()).toBe('ApprovalExpired');
    answer.resolve({ addresses: [on.host.host], ttlMs: 60_000 });
    const ask = { segment: on.sample.segment, host: on.sample.name, port: on.sample.port };
    expect((await on.engine.explain(ask)).denied?.code).toBe('ApprovalExpired');
    expect(on.host.peers).toHaveLength(0);
    expect(on.engine.doors(on.sample.segment)).toEqual([]);
  });
}
