import { expect, test } from 'vitest';
import type { Json } from '#arm/resource.ts';
import { call, sampleHost } from '#fabric/sample-hosts.contract.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import { fabricProvider } from '#providers/network/topology/topology.ts';
import { topologyNews } from '#providers/network/topology/topology-news.ts';
import type { RunningWorker } from '#runtime/runtime.ts';
import { networkScene } from './network-scene.ts';
import { tutorial } from './network-tutorial.ts';

interface Node {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly resourceId?: string;
  readonly parent?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

interface Edge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly state?: string;
  readonly port?: number;
}

interface Topology {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly revision: string;
}

interface Counted {
  readonly id: string;
  readonly open: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

interface Counters {
  readonly began: string;
  readonly atMs: number;
  readonly nodes: readonly Counted[];
  readonly edges: readonly Counted[];
}

type MayRead = (type: string, id: string) => boolean;

const owner = { id: 'owner', name: 'Owner', tenant: 'tenant' };

/** The tutorial with a network that carries, one database behind both forwarders, and who asks for its topology. */
async function carried() {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await sampleHost());
  const engine = stack.use(await openUserspaceEngine());
  const scene = stack.use(await networkScene({ engine }));
  const steps = await tutorial(scene);
  await steps.ask();
  for (const name of ['myVM1', 'myVM2']) {
    const script = [`sudo ./ip_fwd.sh -i eth0 -f 1433 -a ${database.host} -b ${database.port}`];
    const machine = scene.id('Microsoft.Compute/virtualMachines', name);
    const ran = await scene.plane.send('POST', `${machine}/runCommand`, { commandId: 'RunShellScript', script });
    expect(ran.status).toBe(200);
  }
  const shown: RunningWorker[] = [];
  let steadyMs = 0;
  const provider = fabricProvider({
    keeper: scene.keeper,
    engine,
    runtimes: { running: () => shown },
    nowMs: () => scene.nowMs,
    steadyMs: () => (steadyMs += 500),
  });
  const read = async (word: string, scope: string, mayRead: MayRead): Promise<Json> => {
    const answer = provider.answers.find((one) => one.word === word)!;
    return await answer.run({
      scope,
      words: [],
      query: new Map(),
      principal: owner,
      base: '',
      correlationId: '',
      signal: new AbortController().signal,
      body: () => undefined,
      mayRead,
    });
  };
  const all: MayRead = () => true;
  return Object.assign(stack, {
    scene,
    engine,
    steps,
    shown,
    database,
    endpoint: steps.endpoint.toLowerCase(),
    topology: async (mayRead: MayRead = all, scope = '') => (await read('topology', scope, mayRead)) as unknown as Topology,
    counters: async (mayRead: MayRead = all, scope = '') => (await read('counters', scope, mayRead)) as unknown as Counters,
  });
}

/** The kinds that can be reached from a node, each one step after the other. */
function kindsAfter({ nodes, edges }: Topology, start: string): string[][] {
  const steps: string[][] = [];
  for (let at = new Set([start]); at.size > 0; at = new Set(edges.filter(({ from }) => at.has(from)).map(({ to }) => to)))
    steps.push([...at].map((id) => nodes.find((node) => node.id === id)!.kind));
  return steps;
}

test('the way of the tutorial is drawn from the endpoint to the database, each part in its subnet', async () => {
  await using on = await carried();
  await on.steps.decide('Approved');
  const topology = await on.topology();
  expect(kindsAfter(topology, on.endpoint)).toEqual([
    ['endpoint'],
    ['service'],
    ['balancer'],
    ['rule'],
    ['backend', 'backend'],
    ['forwarder', 'forwarder'],
    ['database'],
  ]);
  const byKind = Map.groupBy(topology.nodes, ({ kind }) => kind);
  const named = (kind: string): string[] => (byKind.get(kind) ?? []).map(({ name }) => name);
  expect(named('site')).toEqual(['This host']);
  expect(named('virtualNetwork')).toEqual(['myVNet']);
  expect(named('subnet')).toEqual(['be-subnet', 'fe-subnet', 'pe-subnet', 'pls-subnet']);
  expect(named('forwarder')).toEqual(['myVM1', 'myVM2']);
  expect(named('database')).toEqual([`${on.database.host}:${on.database.port}`]);
  const subnetName = (kind: string) => byKind.get(kind)![0]!.parent?.split('/').at(-1);
  expect(['endpoint', 'service', 'balancer', 'rule', 'backend', 'forwarder'].map(subnetName)).toEqual([
    'pe-subnet',
    'pls-subnet',
    'fe-subnet',
    'fe-subnet',
    'be-subnet',
    'be-subnet',
  ]);
  expect(byKind.get('endpoint')![0]).toMatchObject({ state: 'Approved', resourceId: on.steps.endpoint });
  expect(byKind.get('rule')![0]).toMatchObject({ name: 'myRule', detail: { frontendPort: 1433, probe: 'myhealthprobe' } });
  expect(byKind.get('forwarder')![0]).toMatchObject({ state: 'running', detail: { rules: [{ port: 1433 }] } });
  expect(byKind.get('subnet')![0]!.parent).toBe(byKind.get('virtualNetwork')![0]!.id);
});

test('probes, approvals and forwarders are seen as they stand, and the revision says when', async () => {
  await using on = await carried();
  const first = await on.topology();
  const endpointOf = ({ nodes }: Topology) => nodes.find(({ kind }) => kind === 'endpoint');
  expect(endpointOf(first)).toMatchObject({ state: 'Pending', reason: expect.stringContaining('approval') });
  await on.steps.decide('Approved');
  const approved = await on.topology();
  expect(endpointOf(approved)).toMatchObject({ state: 'Approved' });
  expect(approved.revision).not.toBe(first.revision);
  const states = async () =>
    (await on.topology()).nodes.filter(({ kind }) => ['service', 'balancer', 'rule', 'backend'].includes(kind)).map(({ state }) => state);
  await expect.poll(states).toEqual(['up', 'up', 'up', 'up', 'up']);
  const settled = await on.topology();
  expect((await on.topology()).revision).toBe(settled.revision);
  await on.scene.plane.send('POST', `${on.scene.id('Microsoft.Compute/virtualMachines', 'myVM1')}/powerOff`);
  const stopped = await on.topology();
  expect(stopped.nodes.filter(({ kind }) => kind === 'forwarder').map(({ state }) => state)).toEqual(['stopped', 'running']);
  await on.steps.decide('Rejected');
  expect(endpointOf(await on.topology())).toMatchObject({ state: 'Rejected' });
});

test('what passes is counted on every edge of the way, with a time that only grows', async () => {
  await using on = await carried();
  await on.steps.decide('Approved');
  const before = await on.counters();
  const peer = call(on.engine.listening(on.endpoint, 1433));
  peer.stream.write('hello');
  await expect.poll(() => peer.text()).toBe('hello');
  const after = await on.counters();
  expect(after.began).toBe(before.began);
  expect(after.atMs).toBeGreaterThan(before.atMs);
  const { edges } = await on.topology();
  const chain = ['endpoint', 'service', 'rule', 'backend', 'forward'];
  const moved = after.edges.filter(({ bytesIn }) => bytesIn === 5);
  expect(moved).toHaveLength(chain.length);
  for (const one of moved) expect(one).toMatchObject({ open: 1, bytesOut: 5 });
  expect(moved.every(({ id }) => edges.some((edge) => edge.id === id))).toBe(true);
  expect(after.nodes.find(({ id }) => id === on.endpoint)).toMatchObject({ open: 1, bytesIn: 5 });
  peer.stream.destroy();
});

test('who may not see a part sees neither its name nor what lies behind it', async () => {
  await using on = await carried();
  await on.steps.decide('Approved');
  const peer = call(on.engine.listening(on.endpoint, 1433));
  peer.stream.write('hello');
  await expect.poll(() => peer.text()).toBe('hello');
  const consumer: MayRead = (type) => !/privateLinkServices|loadBalancers|virtualMachines/.test(type);
  const seen = await on.topology(consumer);
  expect(kindsAfter(seen, on.endpoint)).toEqual([['endpoint'], ['hidden']]);
  const text = JSON.stringify(seen).toLowerCase();
  for (const secret of ['myprivatelinkservice', 'myloadbalancer', 'myvm1', 'myrule', on.database.host + ':'])
    expect(text).not.toContain(secret);
  expect((await on.counters(consumer)).edges).toEqual([]);
  const provider: MayRead = (type) => !type.endsWith('/privateEndpoints');
  const theirs = await on.topology(provider);
  const hidden = theirs.nodes.find(({ kind }) => kind === 'hidden')!;
  expect(hidden).toEqual({ id: expect.stringMatching(/^hidden:/), kind: 'hidden', name: '', detail: {} });
  expect(kindsAfter(theirs, hidden.id)[1]).toEqual(['service']);
  expect(JSON.stringify(theirs).toLowerCase()).not.toContain('myendpoint');
  expect((await on.counters(provider)).edges.map(({ id }) => id).filter((id) => id.startsWith('hidden:'))).toEqual([]);
  expect(await on.topology(() => false)).toMatchObject({ nodes: [], edges: [] });
  peer.stream.destroy();
});

test('a scope shows what lies in it, and the ways from and to it', async () => {
  await using on = await carried();
  const whole = await on.topology();
  const ofService = await on.topology(undefined, on.steps.service);
  expect(ofService.edges).toEqual(whole.edges);
  for (const kind of ['endpoint', 'forwarder', 'database']) expect(ofService.nodes.map((node) => node.kind)).toContain(kind);
  const elsewhere = await on.topology(undefined, '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/Other');
  expect(elsewhere).toMatchObject({ nodes: [], edges: [] });
  const ofRight = await on.topology(undefined, on.scene.id('Microsoft.Compute/virtualMachines', 'myVM2'));
  expect(ofRight.nodes.filter(({ kind }) => kind === 'forwarder').map(({ name }) => name)).toEqual(['myVM2']);
  expect(ofRight.nodes.some(({ kind }) => kind === 'endpoint')).toBe(true);
});

test('workers stand in their network, and are tied to what they are connected through', async () => {
  await using on = await carried();
  await on.steps.decide('Approved');
  const network = on.scene.id('Microsoft.Network/virtualNetworks', 'myVNet').toLowerCase();
  const worker = { segment: network, job: 'link', sinceMs: 0 } as const;
  on.shown.push({ ...worker, name: 'link shop', isolated: true }, { ...worker, name: 'test of x', isolated: false });
  const stream = await on.engine.dialer(network, 'link shop').dial('mi1.abc.database.windows.net', 1433, new AbortController().signal);
  const { nodes, edges } = await on.topology();
  const workers = nodes.filter(({ kind }) => kind === 'worker');
  expect(workers.map(({ name, state, parent }) => [name, state, parent])).toEqual([
    ['link shop', 'isolated', network],
    ['test of x', 'notIsolated', network],
  ]);
  expect(edges.filter(({ from }) => from.startsWith('worker:'))).toEqual([
    { id: `${workers[0]!.id}>>${on.endpoint}`, from: workers[0]!.id, to: on.endpoint },
  ]);
  stream.destroy();
});

test('news are told once they are there: of counters when something passed, of the topology when it is another', async () => {
  await using on = await carried();
  await on.steps.decide('Approved');
  const rung: string[] = [];
  const stop = new AbortController();
  const news = topologyNews({
    keeper: on.scene.keeper,
    engine: on.engine,
    runtimes: { running: () => on.shown },
    ring: (id, type) => rung.push(`${type} ${id}`),
    pauseMs: 5,
  });
  const running = news.run(stop.signal);
  const group = '/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop';
  const counters = `Isthmus.Fabric/counters ${group}/providers/Isthmus.Fabric/counters`;
  const topology = `Isthmus.Fabric/topology ${group}/providers/Isthmus.Fabric/topology`;
  const peer = call(on.engine.listening(on.endpoint, 1433));
  peer.stream.write('hello');
  await expect.poll(() => rung).toContain(counters);
  expect(rung).toContain(counters.replaceAll('/resourcegroups/shop', ''));
  rung.length = 0;
  await on.steps.decide('Rejected');
  await expect.poll(() => rung).toContain(topology);
  peer.stream.destroy();
  await expect.poll(() => on.engine.sessions(on.endpoint)).toEqual([]);
  stop.abort();
  await running;
});
