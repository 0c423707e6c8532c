import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { must, toFault } from '#base/fault.ts';
import { workerNetwork, type WorkerNetwork } from '#test/fabric/worker-network.ts';
import { ask, over, soon, stage, type Stage } from '../engine-stage.contract.ts';
import type { AttachedNetwork, FabricEngine } from '../engine.ts';
import { outwardAddress, sampleHost, watch, type SamplePeer } from '../sample-hosts.contract.ts';
import { SamplePlan } from '../sample-plan.contract.ts';
import { openKernelEngine } from './engine.ts';
import { inHubOf } from './hub-inside.contract.ts';

interface Exposed extends AsyncDisposable {
  readonly on: Stage;
  readonly hub: string;
}

/** An engine with its hub in sight, and the sample's plan in force. */
async function exposed(serve?: Parameters<typeof sampleHost>[0]): Promise<Exposed> {
  const label = randomBytes(4).toString('hex');
  const on = await stage((more) => openKernelEngine({ label, limits: { tickMs: more.tickMs ?? 50 } }), {
    at: outwardAddress(),
    ...(serve && { serve }),
  });
  await on.apply();
  return { on, hub: label, [Symbol.asyncDispose]: () => on[Symbol.asyncDispose]() };
}

interface Worker extends AsyncDisposable {
  readonly network: WorkerNetwork;
  readonly attached: AttachedNetwork;
}

async function worker(engine: FabricEngine, segment: string, asker = 'a job'): Promise<Worker> {
  const network = await workerNetwork();
  const attached = await must(engine.attach, 'an engine that attaches').call(engine, { segment, pid: network.pid, asker });
  return {
    network,
    attached,
    [Symbol.asyncDispose]: async () => {
      await attached[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
    },
  };
}

async function connected({ network }: Worker, host: string, port: number): Promise<SamplePeer> {
  return watch(await network.connect(host, port));
}

/** Packets that the hub refused, by reason. */
function refused(hub: string): Readonly<Record<string, number>> {
  const said = inHubOf(hub, '/usr/sbin/nft', '-j', 'list', 'counters');
  const { nftables } = JSON.parse(said) as {
    readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
  };
  return Object.fromEntries(nftables.flatMap(({ counter }) => (counter === undefined ? [] : [[counter.name, counter.packets]])));
}

/** Sends one packet of ICMP that asks for an echo. */
const ping =
  'use Socket; socket(S, PF_INET, SOCK_RAW, 1) or die; send(S, pack("C2n3", 8, 0, 0xf7ff, 0, 0), 0, sockaddr_in(0, inet_aton($ARGV[0]))) or die';

test("a worker reaches its endpoint by the endpoint's own address, and is counted and seen", async () => {
  await using all = await exposed();
  const { on } = all;
  await using one = await worker(on.engine, on.sample.segment);
  expect(one.attached).toMatchObject({ address: expect.stringMatching(/^198\.1[89]\.|^100\./), resolver: '168.63.129.16' });
  const peer = await connected(one, on.sample.address, on.sample.port);
  await ask(peer, 'hello');
  expect(on.host.peers.map((each) => each.text())).toEqual(['hello']);
  expect(on.engine.doors(on.sample.segment)).toMatchObject([{ address: on.sample.address, port: on.sample.port, direct: true }]);
  expect(on.engine.sessions(on.sample.endpoint)).toMatchObject([
    { asker: 'a job', client: undefined, port: on.sample.port, bytesIn: 5, bytesOut: 5 },
  ]);
  peer.stream.end();
  await over(peer, 'ended');
});

test('what connections of a worker moved is counted as its own, also when it has another name, and when it is gone', async () => {
  await using all = await exposed();
  const { on } = all;
  const { segment, endpoint, address, port } = on.sample;
  await using one = await worker(on.engine, segment, 'link shop');
  await using other = await worker(on.engine, segment, 'preview');
  const [first, second] = [await connected(one, address, port), await connected(other, address, port)];
  await ask(first, 'hello');
  await ask(second, 'hello again');
  const host = on.call();
  await ask(host, 'a program of the host');
  const way = { endpoint, connections: 1, open: 1 };
  expect(on.engine.passed(segment, 'link shop')).toEqual({ ways: [{ ...way, bytesIn: 5, bytesOut: 5 }], refused: 0 });
  expect(on.engine.passed(segment, 'preview')).toEqual({ ways: [{ ...way, bytesIn: 11, bytesOut: 11 }], refused: 0 });
  expect(on.engine.sessions(endpoint).map(({ asker }) => asker ?? 'nobody said')).toEqual(
    expect.arrayContaining(['link shop', 'preview', 'nobody said']),
  );
  one.attached.rename('link stock');
  const third = await connected(one, address, port);
  await ask(third, 'for another');
  await ask(first, ' more');
  expect(on.engine.passed(segment, 'link shop')).toEqual({ ways: [{ ...way, bytesIn: 10, bytesOut: 10 }], refused: 0 });
  expect(on.engine.passed(segment, 'link stock')).toEqual({ ways: [{ ...way, bytesIn: 11, bytesOut: 11 }], refused: 0 });
  // One that is half closed still counts.
  first.stream.end('bye');
  await over(first, 'ended');
  third.stream.end('bye');
  await over(third, 'ended');
  await one.attached[Symbol.asyncDispose]();
  for (const [asker, bytes] of [
    ['link shop', 13],
    ['link stock', 14],
  ] as const)
    await expect
      .poll(() => on.engine.passed(segment, asker), soon)
      .toEqual({ ways: [{ endpoint, connections: 1, open: 0, bytesIn: bytes, bytesOut: bytes }], refused: 0 });
  const counter = on.engine.counters().find(({ id }) => id === endpoint);
  expect(counter).toMatchObject({ connections: 4, open: 2, bytesIn: 13 + 14 + 11 + 21, bytesOut: 13 + 14 + 11 + 21 });
  const asked = { segment, endpoint, host: address, port };
  const allowed = on.events.flatMap((event) => (event.kind === 'allowed' ? [event] : []));
  // In the order of the kernel's list.
  expect(allowed.toSorted((a, b) => String(a.asker).localeCompare(String(b.asker)))).toEqual(
    ['link shop', 'link stock', 'preview'].map((asker) => ({ kind: 'allowed', ...asked, asker })),
  );
  second.stream.destroy();
  host.stream.destroy();
});

test('a connection that one end has closed is one, and what the other still sends is counted', async () => {
  const megabytes = Buffer.alloc(4 * 1024 * 1024, 'row');
  await using all = await exposed(() => undefined);
  const { on } = all;
  const { segment, endpoint, address, port } = on.sample;
  await using one = await worker(on.engine, segment);
  const peer = await connected(one, address, port);
  peer.stream.end('a question');
  await over(on.host.peers[0], 'ended');
  // Seen half closed before the answer begins.
  const way = { endpoint, connections: 1, bytesIn: 10 };
  expect(on.engine.passed(segment, 'a job').ways).toEqual([{ ...way, open: 1, bytesOut: 0 }]);
  expect(on.engine.sessions(endpoint)).toHaveLength(1);
  on.host.peers[0]?.stream.end(megabytes);
  await over(peer, 'ended');
  expect(peer.bytes).toBe(megabytes.length);
  await expect.poll(() => on.engine.passed(segment, 'a job').ways[0]?.open, soon).toBe(0);
  const [counted] = on.engine.passed(segment, 'a job').ways;
  expect(counted?.bytesOut).toBeGreaterThanOrEqual(megabytes.length);
  // What acknowledges out of order is longer: see `payload`.
  expect(counted?.bytesOut).toBeLessThan(megabytes.length * 1.001);
});

test('the same address in two segments is two endpoints', async () => {
  await using all = await exposed();
  const { on } = all;
  await using second = await sampleHost(({ stream }) => stream.end('second'), outwardAddress());
  const mine = on.sample.plan();
  const other = new SamplePlan({ host: second.host, port: second.port });
  const service = {
    kind: 'database',
    id: other.service,
    ports: [on.sample.port],
    target: { host: second.host, port: second.port },
  } as const;
  await on.engine.apply({
    ...mine,
    segments: [...mine.segments, { id: other.segment, kind: 'managed', egress: 'none', names: [] }],
    endpoints: [...mine.endpoints, other.endpointOf({ linkId: 18 })],
    services: [...mine.services, service],
  });
  await using a = await worker(on.engine, on.sample.segment);
  await using b = await worker(on.engine, other.segment);
  await using c = await worker(on.engine, on.sample.other);
  const [first, last] = [await connected(a, on.sample.address, on.sample.port), await connected(b, on.sample.address, on.sample.port)];
  await ask(first, 'to mine');
  await expect.poll(() => last.text(), soon).toBe('second');
  expect(await c.network.refusal(on.sample.address, on.sample.port)).toBe('ECONNREFUSED');
  first.stream.destroy();
  last.stream.destroy();
});

test('nothing else is reached, and all of it is counted', async () => {
  await using all = await exposed();
  const { on, hub } = all;
  await using one = await worker(on.engine, on.sample.segment);
  await using neighbour = await worker(on.engine, on.sample.segment, 'its neighbour');
  const entry = must(on.engine.listening(on.sample.endpoint, on.sample.port), 'an entry');
  const range = entry.host.split('.').slice(0, 2).join('.');
  const { port } = on.sample;
  const places: readonly (readonly [host: string, port: number])[] = [
    [on.sample.address, port + 1],
    [on.sample.address, 22],
    // Beside it, the frontend, a forwarder.
    ['10.0.1.6', port],
    ['10.0.2.4', port],
    ['10.0.1.10', port],
    // The database itself.
    [on.host.host, on.host.port],
    // What the host uses: its leg, the hub's, the endpoint's entry, what databases see.
    [`${range}.0.1`, on.host.port],
    [`${range}.0.2`, port],
    [entry.host, port],
    [`${range}.1.1`, port],
    ['169.254.1.1', port],
    ['169.254.169.254', 80],
    ['168.63.129.16', 53],
    ['168.63.129.16', 80],
    ['192.0.2.1', 443],
    [neighbour.attached.address, 22],
  ];
  for (const [host, its] of places) expect([host, its, await one.network.refusal(host, its)]).toEqual([host, its, 'ECONNREFUSED']);
  expect(refused(hub)['no_door']).toBe(places.length);
  // What is no TCP gets no answer.
  for (const host of [on.sample.address, on.host.host, '168.63.129.16', neighbour.attached.address]) {
    await one.network.send(host, 54);
    await one.network.run('/usr/bin/perl', '-e', ping, host);
  }
  await expect.poll(() => refused(hub)['no_door'], soon).toBe(places.length + 8);
  expect(refused(hub)).toMatchObject({ spoofed: 0, not_ip4: 0, no_backend: 0, revoked: 0 });
  // As this worker's own, with the reason that a dial gets.
  await expect.poll(() => on.engine.passed(on.sample.segment, 'a job'), soon).toEqual({ ways: [], refused: places.length + 8 });
  expect(on.engine.passed(on.sample.segment, 'its neighbour').refused).toBe(0);
  const told = on.events.flatMap((event) => (event.kind === 'refused' ? [event] : []));
  for (const [host, its] of places) {
    const dialled = await on.refusal(host, its);
    const [event, ...more] = told.filter((one) => one.host === host && one.port === its);
    expect([host, its, event?.code]).toEqual([host, its, dialled]);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ segment: on.sample.segment, asker: 'a job', isRule: true, remedy: expect.any(String) });
  }
  const ofEndpoint = told.filter(({ endpoint }) => endpoint === on.sample.endpoint);
  expect(ofEndpoint.map((one) => `${one.port} ${one.code}`).toSorted((x, y) => x.localeCompare(y))).toEqual(
    [0, port + 1, 22, 54].map((its) => `${its} NoRule`).toSorted((x, y) => x.localeCompare(y)),
  );
  expect(on.engine.counters().find(({ id }) => id === on.sample.endpoint)).toMatchObject({ refused: 2 + 2 + 2, connections: 0 });
  expect(on.host.peers).toEqual([]);
});

test("an address that is not the worker's own sends nothing, and neither does IPv6", async () => {
  await using all = await exposed();
  const { on, hub } = all;
  await using one = await worker(on.engine, on.sample.segment);
  await using neighbour = await worker(on.engine, on.sample.segment);
  const before = refused(hub);
  expect(before).toMatchObject({ spoofed: 0, not_ip4: 0 });
  for (const address of [neighbour.attached.address, on.host.host]) {
    await one.network.run('/sbin/ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
    await one.network.send(on.sample.address, on.sample.port, address);
  }
  await expect.poll(() => refused(hub)['spoofed'], soon).toBe(2);
  // Whoever has all rights in it may take IPv6 up again. The hub knows none: it is thrown away before any rule.
  await one.network.run('/bin/sh', '-c', 'echo 0 > /proc/sys/net/ipv6/conf/net0/disable_ipv6');
  const sixes = (): string => inHubOf(hub, '/bin/grep', 'InDiscards', '/proc/net/snmp6');
  await expect.poll(sixes, { ...soon, timeout: 10_000 }).toMatch(/\s[1-9]/);
  expect(refused(hub)['no_door']).toBe(0);
  expect(on.host.peers).toEqual([]);
  await expect
    .poll(() => on.events, soon)
    .toContainEqual(expect.objectContaining({ kind: 'refused', code: 'NotItsOwnAddress', host: '::', asker: 'a job' }));
  const told = on.events.filter((event) => event.kind === 'refused' && event.host === on.sample.address);
  expect(told.length).toBeGreaterThan(0);
  for (const event of told) expect(event).toMatchObject({ code: 'NotItsOwnAddress', asker: 'a job', port: on.sample.port });
  expect(on.engine.passed(on.sample.segment, 'a job').refused).toBeGreaterThan(2);
});

test('an approval opens and a revocation closes, while the worker is there; live connections end on both sides', async () => {
  await using all = await exposed();
  const { on } = all;
  await on.apply({ endpoint: { state: 'Pending' } });
  await using one = await worker(on.engine, on.sample.segment);
  expect(await one.network.refusal(on.sample.address, on.sample.port)).toBe('ECONNREFUSED');
  await on.apply();
  const refusal = { segment: on.sample.segment, host: on.sample.address, port: on.sample.port, asker: 'a job' };
  await expect
    .poll(() => on.events.filter(({ kind }) => kind === 'refused'), soon)
    .toMatchObject([{ ...refusal, endpoint: on.sample.endpoint, code: 'EndpointPending', rule: on.sample.endpoint, isRule: true }]);
  const [busy, idle] = [await connected(one, on.sample.address, on.sample.port), await connected(one, on.sample.address, on.sample.port)];
  await ask(busy, 'hello');
  await on.apply({ endpoint: { state: 'Rejected' } });
  await over(busy, 'reset');
  await over(idle, 'reset');
  for (const peer of on.host.peers) await over(peer, 'reset');
  expect(on.events.filter((event) => event.kind === 'cut')).toMatchObject([{ connections: 2, code: 'EndpointRejected' }]);
  expect(await one.network.refusal(on.sample.address, on.sample.port)).toBe('ECONNREFUSED');
  await on.apply();
  const again = await connected(one, on.sample.address, on.sample.port);
  await ask(again, 'and again');
  again.stream.destroy();
});

test('what a worker tried before it has another name is not told of by that', async () => {
  await using all = await exposed();
  const { on } = all;
  await using one = await worker(on.engine, on.sample.segment, 'link shop');
  expect(await one.network.refusal('192.0.2.1', 443)).toBe('ECONNREFUSED');
  one.attached.rename('link stock');
  expect(on.engine.passed(on.sample.segment, 'link shop').refused).toBe(1);
  expect(await one.network.refusal('192.0.2.1', 443)).toBe('ECONNREFUSED');
  expect(await one.network.refusal('192.0.2.1', 443)).toBe('ECONNREFUSED');
  await one.attached[Symbol.asyncDispose]();
  expect(on.engine.passed(on.sample.segment, 'link shop').refused).toBe(1);
  expect(on.engine.passed(on.sample.segment, 'link stock').refused).toBe(2);
});

test('an approved endpoint that nothing stands behind refuses, as the worker is told by a dial', async () => {
  await using all = await exposed();
  const { on } = all;
  await on.apply({ backends: [{ admin: 'Down' }, { admin: 'Down' }] });
  await using one = await worker(on.engine, on.sample.segment);
  expect(await one.network.refusal(on.sample.address, on.sample.port)).toBe('ECONNREFUSED');
  const told = (): readonly unknown[] => on.events.filter(({ kind }) => kind === 'refused');
  await expect
    .poll(told, soon)
    .toMatchObject([{ endpoint: on.sample.endpoint, code: 'NoHealthyBackend', rule: on.sample.rule, asker: 'a job', isRule: false }]);
  expect(on.engine.passed(on.sample.segment, 'a job').refused).toBe(1);
  expect(on.engine.counters().find(({ id }) => id === on.sample.endpoint)?.refused).toBe(1);
});

test("a session of a worker's is cut alone", async () => {
  await using all = await exposed();
  const { on } = all;
  await using one = await worker(on.engine, on.sample.segment);
  const [first, second] = [
    await connected(one, on.sample.address, on.sample.port),
    await connected(one, on.sample.address, on.sample.port),
  ];
  await ask(first, 'first');
  await ask(second, 'second');
  const sessions = on.engine.sessions(on.sample.endpoint);
  const its = must(
    sessions.find(({ bytesIn }) => bytesIn === 'first'.length),
    'its session',
  );
  expect(on.engine.cut(on.sample.endpoint, its.id)).toBe(1);
  await over(first, 'reset');
  await ask(second, 'goes on');
  second.stream.destroy();
});

test('a worker that is parted reaches nothing more, and its connections end', async () => {
  await using all = await exposed();
  const { on, hub } = all;
  await using one = await worker(on.engine, on.sample.segment);
  await using other = await worker(on.engine, on.sample.segment);
  const [peer, stays] = [
    await connected(one, on.sample.address, on.sample.port),
    await connected(other, on.sample.address, on.sample.port),
  ];
  await ask(peer, 'hello');
  await one.attached[Symbol.asyncDispose]();
  await over(peer, 'reset');
  await over(on.host.peers[0], 'reset');
  expect(await one.network.refusal(on.sample.address, on.sample.port)).toBe('ENETUNREACH');
  await ask(stays, 'still there');
  expect(on.engine.sessions(on.sample.endpoint)).toHaveLength(1);
  const left = (...what: readonly string[]): string => inHubOf(hub, ...what);
  expect(left('/sbin/ip', '-o', 'link', 'show', 'type', 'veth').trim().split('\n')).toHaveLength(2);
  expect(left('/usr/sbin/nft', 'list', 'set', 'inet', 'isthmus', 'nic_address')).not.toContain(one.attached.address);
  stays.stream.destroy();
});

test('a network whose process has ended is parted too, and one that cannot be joined leaves nothing', async () => {
  await using all = await exposed();
  const { on, hub } = all;
  const gone = await workerNetwork();
  await gone[Symbol.asyncDispose]();
  const attach = async (segment: string, pid: number): Promise<string | undefined> => {
    try {
      await on.engine.attach?.({ segment, pid, asker: 'a job' });
      return undefined;
    } catch (error) {
      return toFault(error).code;
    }
  };
  expect(await attach(on.sample.segment, gone.pid)).toBe('KernelCommandFailed');
  // Never this host's own.
  expect(await attach(on.sample.segment, process.pid)).toBe('KernelCommandFailed');
  expect(await attach('/no/such/segment', process.pid)).toBe('SegmentNotFound');
  const one = await worker(on.engine, on.sample.segment);
  await one.network[Symbol.asyncDispose]();
  await one.attached[Symbol.asyncDispose]();
  const rows = inHubOf(hub, '/usr/sbin/nft', 'list', 'set', 'inet', 'isthmus', 'nic_address');
  expect(rows).not.toContain('elements');
});
