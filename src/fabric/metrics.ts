import { counter, gauge, histogram, type Count, type Distribution, type Reading } from '#base/metrics.ts';
import type { FabricEngine } from './engine.ts';
import type { Backend, BalancerRule, FabricPlan } from './plan.ts';

interface FabricMetrics {
  readonly syns: Count;
  readonly refused: Count;
  readonly outside: Count;
  readonly bytes: Count;
  readonly connect: Distribution;
}

const connectBucketsMs = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 15_000];

/**
 * The fabric's instruments, over all endpoints: what is known of each endpoint, service, rule and backend is in `counters()`. Azure's names, where it
 * has them, stand in the descriptions. Nothing is kept until a program attaches an exporter.
 */
const fabricMetrics: FabricMetrics = {
  syns: counter('fabric.syns', { unit: '{connection}', description: 'Connections asked for (Azure: SynCount)' }),
  refused: counter('fabric.refused', { unit: '{connection}', description: 'Connections refused, by the code of the reason' }),
  outside: counter('fabric.outside', {
    unit: '{connection}',
    description: 'Connections let out of their network, by the code that a closed one would refuse them with where that is reported',
  }),
  bytes: counter('fabric.bytes', {
    unit: 'By',
    description:
      'Bytes relayed; `in` from the client to the database (Azure: ByteCount, PEBytesIn and PEBytesOut, PLSBytesIn and PLSBytesOut)',
  }),
  connect: histogram('fabric.connect', { unit: 'ms', description: 'Time of the connect to the database' }, connectBucketsMs),
};

const bytesIn = { direction: 'in' };
const bytesOut = { direction: 'out' };

export function noteAsked(): void {
  fabricMetrics.syns.add(1);
}

export function noteRefused(code: string, count = 1): void {
  fabricMetrics.refused.add(count, { code });
}

export function noteOutside(code: string | undefined): void {
  fabricMetrics.outside.add(1, { code: code ?? 'none' });
}

export function noteConnected(ms: number): void {
  fabricMetrics.connect.record(ms);
}

export function noteBytes(into: number, out: number): void {
  if (into > 0) fabricMetrics.bytes.add(into, bytesIn);
  if (out > 0) fabricMetrics.bytes.add(out, bytesOut);
}

/** What is only known when asked for, until disposed: to be called by the program once its exporter is attached. `plan` answers the plan in force. */
export function showFabric(engine: FabricEngine, plan: () => FabricPlan): Disposable {
  const shown = [
    gauge('fabric.engine', { unit: '1', description: 'What carries connections: 1 of the kind in use' }, () => [
      { value: 1, attributes: { kind: engine.kind } },
    ]),
    gauge('fabric.open', { unit: '{connection}', description: 'Connections that are open' }, () => [{ value: openOf(engine) }]),
    gauge('fabric.backends_up', { unit: '%', description: 'Backends that answer their probe (Azure: DipAvailability)' }, () =>
      share(rulesOf(plan()).flatMap((rule) => rule.backends.map((backend) => isUp(engine, rule, backend)))),
    ),
    gauge('fabric.rules_up', { unit: '%', description: 'Rules with a backend that takes connections (Azure: VipAvailability)' }, () =>
      share(rulesOf(plan()).map((rule) => rule.backends.some((backend) => isUp(engine, rule, backend)))),
    ),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const one of shown) one[Symbol.dispose]();
    },
  };
}

function openOf(engine: FabricEngine): number {
  return engine.counters().reduce((sum, { of, open }) => sum + (of === 'endpoint' ? open : 0), 0);
}

function rulesOf({ balancers }: FabricPlan): BalancerRule[] {
  return balancers.flatMap(({ rules }) => rules);
}

function isUp(engine: FabricEngine, { probe }: BalancerRule, { id, admin }: Backend): boolean {
  if (admin !== 'None') return admin === 'Up';
  return probe === undefined || engine.health(probe, id).state === 'up';
}

/** In per cent; nothing where there is nothing to count. */
function share(ups: readonly boolean[]): Reading[] {
  return ups.length === 0 ? [] : [{ value: (100 * ups.filter(Boolean).length) / ups.length }];
}
