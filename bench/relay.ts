import { counted, median, round, type Benchmark, type Measure, type Target } from './benchmark.ts';
import { openRelayParts, type RelayParts, type Road } from './relay-parts.ts';
import { scaled, type Workplace } from './workplace.ts';

const largeBufferBytes = 131_072;
const loads = [
  { what: 'one stream up', words: ['stream', 'up', 1] },
  { what: 'one stream down', words: ['stream', 'down', 1] },
  { what: 'four streams up', words: ['stream', 'up', 4] },
  { what: 'four streams down', words: ['stream', 'down', 4] },
] as const;

interface Rival {
  readonly name: string;
  readonly target: Target;
  readonly road: (parts: RelayParts) => Promise<Road>;
  readonly haproxy: boolean;
}

const rivals: readonly Rival[] = [
  { name: 'HAProxy, one hop', target: { ratioAtLeast: 1.3 }, road: (parts) => parts.haproxy(1), haproxy: true },
  {
    name: 'HAProxy, buffers of 128 KiB',
    target: { ratioAtLeast: 0.6 },
    road: (parts) => parts.haproxy(1, largeBufferBytes),
    haproxy: true,
  },
  { name: 'HAProxy, four hops', target: { ratioAtLeast: 2 }, road: (parts) => parts.haproxy(4), haproxy: true },
  { name: 'direct', target: { ratioAtLeast: 0.5 }, road: async (parts) => parts.direct, haproxy: false },
];

export const relayThroughput: Benchmark = {
  name: 'relay-throughput',
  about:
    'Bytes through endpoint → service → balancer → forwarder → database in one relay, against HAProxy 2.6 in TCP mode with one thread and against no relay at all; client, relay and server share the cores',
  run: async (place) => {
    await using parts = await openRelayParts(place);
    const seconds = Math.max(0.2, 2 * place.scale);
    const measured = rivals.filter((rival) => !rival.haproxy || parts.noHaproxy === undefined);
    const roads = new Map<string, Road>();
    for (const rival of measured) roads.set(rival.name, await rival.road(parts));
    const pairs = new Map<string, [number, number][]>();
    for (let run = 0; run < place.rounds; run++) {
      for (const { what, words } of loads) {
        const speed = async (road: Road): Promise<number> => (await parts.load([...words, seconds], road))[0]! / 1e6;
        for (const [name, road] of roads) {
          const pair: [number, number] = [await speed(parts.ours), await speed(road)];
          const key = `${what}: ${name}`;
          pairs.set(key, [...(pairs.get(key) ?? []), pair]);
          place.say(`relay-throughput ${key}: ${pair.map(Math.round).join(' against ')} MB/s`);
        }
      }
    }
    return [
      ...loads.flatMap(({ what }) =>
        measured.map(({ name, target }) => faster(`${what}: ${name}`, 'MB/s', pairs.get(`${what}: ${name}`) ?? [], target)),
      ),
      ...notMeasured(parts, 'MB/s'),
    ];
  },
};

export const relayConnects: Benchmark = {
  name: 'relay-connects',
  about:
    'New connections per second (connect, one byte each way, close; 32 at a time) and 1-byte ping-pong through the relay against HAProxy 2.6 with one hop; approval to first byte and revocation to last byte; memory of idle connections; change of one endpoint among 1,000 with ten rules each',
  run: async (place) => {
    await using parts = await openRelayParts(place);
    const measures: Measure[] = [];
    if (parts.noHaproxy === undefined) measures.push(...(await againstHaproxy(place, parts)));
    else measures.push(...notMeasured(parts, 'connections/s'));
    const approvals = await parts.ask({ kind: 'approvals', rounds: scaled(place, 200, 5) });
    if (approvals.kind === 'approvals') {
      measures.push(counted('approve → first byte, p99', 'ms', [approvals.firstByteMs], { atMost: 100 }));
      measures.push(counted('revoke → last byte, p99', 'ms', [approvals.lastByteMs], { atMost: 50 }));
    }
    // What many connections leave behind, room in the heap as well as sockets, would change what follows.
    await using unused = await openRelayParts(place);
    measures.push(await idleMemory(place, unused));
    await using fresh = await openRelayParts(place);
    const plans = await fresh.ask({ kind: 'plans', idle: scaled(place, 2_000, 20) });
    if (plans.kind === 'plans') {
      measures.push(counted('apply with one endpoint of 1,000 changed', 'ms', [plans.quietMs], { atMost: 50 }));
      measures.push(counted('the same with 2,000 connections through the others', 'ms', [plans.busyMs], { atMost: 50 }));
    }
    return measures;
  },
};

async function againstHaproxy(place: Workplace, parts: RelayParts): Promise<readonly Measure[]> {
  const rival = await parts.haproxy(1);
  const seconds = Math.max(0.2, 3 * place.scale);
  const connects: [number, number][] = [];
  const pings: [number, number][] = [];
  for (let run = 0; run < place.rounds; run++) {
    const rate = async (road: Road): Promise<number> => (await parts.load(['connects', 32, seconds], road))[0]!;
    const p50 = async (road: Road): Promise<number> => (await parts.load(['ping', scaled(place, 20_000, 200)], road))[0]!;
    connects.push([await rate(parts.ours), await rate(rival)]);
    pings.push([await p50(parts.ours), await p50(rival)]);
    place.say(
      `relay-connects: ${connects.at(-1)!.map(Math.round).join(' against ')} per second; p50 ${pings.at(-1)!.join(' against ')} µs`,
    );
  }
  const slower = pings.map(([ours, theirs]) => [1 / ours, 1 / theirs] as const);
  return [
    faster('connections per second: HAProxy, one hop', 'connections/s', connects, { ratioAtLeast: 0.5 }),
    {
      what: '1-byte ping-pong, p50: HAProxy, one hop',
      unit: 'µs',
      ours: round(median(pings.map((pair) => pair[0]))),
      reference: round(median(pings.map((pair) => pair[1]))),
      ratio: round(median(slower.map(([ours, theirs]) => ours / theirs))),
      target: { ratioAtLeast: round(1 / 1.5) },
      runs: pings,
    },
  ];
}

/** The relay's own memory; the sockets' is the kernel's. */
async function idleMemory(place: Workplace, parts: RelayParts): Promise<Measure> {
  const count = scaled(place, 9_500, 100);
  const resident = async (): Promise<number> => {
    const answer = await parts.ask({ kind: 'memory' });
    return answer.kind === 'memory' ? answer.bytes : 0;
  };
  // What the first connections cost once, the others do not.
  await (await parts.idle(scaled(place, 500, 50), parts.ours))[Symbol.asyncDispose]();
  const before = await resident();
  await using _held = await parts.idle(count, parts.ours);
  const each = ((await resident()) - before) / count / 1024;
  return {
    ...counted(`memory of an idle connection, of ${count}`, 'KiB', [each], { atMost: 16 }),
    note: 'two descriptors each; 20,000 are allowed',
  };
}

/** A comparison of speeds. */
function faster(what: string, unit: string, pairs: readonly (readonly [ours: number, reference: number])[], target: Target): Measure {
  return {
    what,
    unit,
    ours: round(median(pairs.map((pair) => pair[0]))),
    reference: round(median(pairs.map((pair) => pair[1]))),
    ratio: round(median(pairs.map(([ours, reference]) => ours / reference))),
    target,
    runs: pairs.map(([ours, reference]) => [round(ours), round(reference)] as const),
  };
}

function notMeasured({ noHaproxy }: RelayParts, unit: string): Measure[] {
  return noHaproxy === undefined ? [] : [{ what: 'against HAProxy: not measured', unit, ours: 0, runs: [], note: noHaproxy }];
}
