// The user-space engine in a process of its own, with one approved endpoint in front of 127.0.0.1:PORT. Tells its parent where the endpoint
// listens, and then what it is asked.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FabricEngine } from '#fabric/engine.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import { SamplePlan } from '#fabric/sample-plan.contract.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import { quantile } from './benchmark.ts';

export type RelayAsk =
  | { readonly kind: 'memory' }
  | { readonly kind: 'approvals'; readonly rounds: number }
  | { readonly kind: 'plans'; readonly idle: number };

export type RelayAnswer =
  | { readonly kind: 'listening'; readonly host: string; readonly port: number }
  | { readonly kind: 'memory'; readonly bytes: number }
  /** 99th percentiles. */
  | { readonly kind: 'approvals'; readonly firstByteMs: number; readonly lastByteMs: number }
  | { readonly kind: 'plans'; readonly quietMs: number; readonly busyMs: number };

const target = { host: '127.0.0.1', port: Number(process.argv[2]) };
const sample = new SamplePlan(target);
const engine = await openUserspaceEngine();
await engine.apply(sample.plan());
const at = engine.listening(sample.endpoint, sample.port);
if (at === undefined) throw new Error('it does not listen');
process.on('message', (ask: RelayAsk) => void answer(ask).then(tell));
process.on('disconnect', () => process.exit());
tell({ kind: 'listening', ...at });

function tell(one: RelayAnswer): void {
  process.send?.(one);
}

async function answer(ask: RelayAsk): Promise<RelayAnswer> {
  switch (ask.kind) {
    case 'memory':
      globalThis.gc?.();
      return { kind: 'memory', bytes: process.memoryUsage.rss() };
    case 'approvals':
      return approvals(ask.rounds);
    case 'plans':
      return plans(ask.idle);
  }
}

/** From the approval to the first byte back, and from the revocation to the last byte that comes. */
async function approvals(rounds: number): Promise<RelayAnswer> {
  const [first, last]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    await engine.apply(sample.plan({ endpoint: { state: 'Pending' } }));
    const approvedMs = performance.now();
    await engine.apply(sample.plan());
    const talking = await talk();
    first.push(performance.now() - approvedMs);
    let lastMs = 0;
    talking.on('data', () => (lastMs = performance.now()));
    const writing = setInterval(() => talking.write('x'), 0);
    await once(talking, 'data');
    const revokedMs = performance.now();
    const over = once(talking, 'close').catch(() => undefined);
    await engine.apply(sample.plan({ endpoint: { state: 'Rejected' } }));
    clearInterval(writing);
    await over;
    last.push(Math.max(0, lastMs - revokedMs));
  }
  await engine.apply(sample.plan());
  return { kind: 'approvals', firstByteMs: quantile(first, 0.99), lastByteMs: quantile(last, 0.99) };
}

async function talk(): Promise<Socket> {
  const listening = engine.listening(sample.endpoint, sample.port);
  if (listening === undefined) throw new Error('it does not listen');
  const socket = connect({ ...listening, noDelay: true });
  socket.on('error', () => socket.destroy());
  socket.write('Ex');
  await once(socket, 'data');
  return socket;
}

/** A plan of 1,000 approved endpoints with ten rules each, of which one changes, with and without idle connections through the others. */
async function plans(idle: number): Promise<RelayAnswer> {
  await using many = await openUserspaceEngine();
  const states = ['Rejected', 'Approved'] as const;
  const plan = (turn: number): FabricPlan => manyEndpoints(states[turn % 2] ?? 'Approved');
  await many.apply(plan(1));
  const quietMs = await changes(many, plan);
  const sockets: Socket[] = [];
  for (let made = 0; made < idle; made++) sockets.push(await idleThrough(many, made));
  const busyMs = await changes(many, plan);
  for (const socket of sockets) socket.destroy();
  return { kind: 'plans', quietMs, busyMs };
}

async function changes(many: FabricEngine, plan: (turn: number) => FabricPlan): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    // A compiled plan shares nothing with the one before.
    const next = structuredClone(plan(turn));
    const begunMs = performance.now();
    await many.apply(next);
    times.push(performance.now() - begunMs);
  }
  return quantile(times, 0.5);
}

async function idleThrough(many: FabricEngine, number: number): Promise<Socket> {
  const listening = many.listening(`${sample.endpoint}-${1 + (number % 999)}`, 20_000);
  if (listening === undefined) throw new Error('it does not listen');
  const socket = connect(listening);
  socket.on('error', () => socket.destroy());
  socket.write('Ex');
  await once(socket, 'data');
  return socket;
}

function manyEndpoints(first: 'Approved' | 'Rejected'): FabricPlan {
  const plan = sample.plan();
  const numbers = Array.from({ length: 1_000 }, (_, number) => number);
  return {
    ...plan,
    endpoints: numbers.map((number) => ({
      ...sample.endpointOf({
        id: `${sample.endpoint}-${number}`,
        address: `10.0.${8 + (number >> 8)}.${number & 255}`,
        linkId: number,
        names: [],
      }),
      service: `${sample.service}-${number}`,
      state: number === 0 ? first : 'Approved',
    })),
    services: plan.services.flatMap((service) =>
      numbers.map((number) => ({ ...service, id: `${sample.service}-${number}`, balancer: `${sample.balancer}-${number}` })),
    ),
    balancers: plan.balancers.flatMap((balancer) =>
      numbers.map((number) => ({
        ...balancer,
        id: `${sample.balancer}-${number}`,
        probes: balancer.probes.map((probe) => ({ ...probe, id: `${probe.id}-${number}`, intervalMs: 15_000 })),
        rules: balancer.rules.flatMap((rule) =>
          Array.from({ length: 10 }, (_, at) => ({
            ...rule,
            id: `${rule.id}-${number}-${at}`,
            frontendPort: 20_000 + at,
            probe: `${rule.probe}-${number}`,
          })),
        ),
      })),
    ),
  };
}
