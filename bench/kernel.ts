import { counted, median, round, worst, type Benchmark, type Measure, type Target } from './benchmark.ts';
import { openKernelParts, type KernelParts, type KernelSide, type NetworkRoad } from './kernel-parts.ts';
import type { ChangeName } from './kernel-side.ts';
import { openRelayParts } from './relay-parts.ts';
import { scaled, type Workplace } from './workplace.ts';

/** What is measured against what, and how well it must do: ratios of speeds, above 1 where we are faster. */
type LoadName = 'up' | 'down' | 'connects' | 'ping';
const loads: readonly { readonly name: LoadName; readonly what: string; readonly unit: string }[] = [
  { name: 'up', what: 'one stream up', unit: 'MB/s' },
  { name: 'down', what: 'one stream down', unit: 'MB/s' },
  { name: 'connects', what: 'new connections', unit: 'connections/s' },
  { name: 'ping', what: '1-byte ping-pong, p50', unit: 'µs' },
];

/** Roads that are measured in every round, one after the other. */
interface Roads {
  readonly ours: NetworkRoad;
  readonly direct: NetworkRoad;
  readonly haproxy: NetworkRoad | undefined;
  readonly entry: NetworkRoad;
  readonly local: NetworkRoad;
  readonly userspace: NetworkRoad;
}
type RoadName = keyof Roads;
type Values = Partial<Record<RoadName, number>>;

interface Comparison {
  readonly ours: RoadName;
  readonly reference: RoadName;
  readonly words: string;
  readonly targets: Partial<Record<LoadName, number>>;
}

const comparisons: readonly Comparison[] = [
  { ours: 'ours', reference: 'direct', words: 'two networks joined directly', targets: { up: 0.65, down: 0.65, connects: 0.4 } },
  { ours: 'ours', reference: 'haproxy', words: 'HAProxy, four hops', targets: { up: 3, down: 3, connects: 2.5, ping: 1 / 0.35 } },
  { ours: 'ours', reference: 'userspace', words: 'the engine in user space', targets: {} },
  { ours: 'entry', reference: 'direct', words: 'from a program of the host; two networks joined directly', targets: {} },
  { ours: 'local', reference: 'direct', words: 'the same, to a target on its loopback; two networks joined directly', targets: {} },
];

const crowdSize = 1_000;
const largeCrowd = 10_000;

export const kernel: Benchmark = {
  name: 'kernel',
  about:
    'The kernel engine: endpoint → service → balancer → forwarder → server for a client in a network of its own, against two networks joined directly and against four HAProxies, each in a network of its own; changes of one endpoint among many, and what they cost connections; what live connections cost the control process',
  run: async (place) => {
    await using parts = await openKernelParts(place);
    const measures: Measure[] = [];
    // Each in a hub of its own: connections that have ended are in the kernel's list for half a minute.
    const within = async (size: number, measure: (side: KernelSide) => Promise<readonly Measure[]>): Promise<void> => {
      await using side = await parts.side(size);
      measures.push(...(await measure(side)));
    };
    const [few, many] = [scaled(place, crowdSize, 20), scaled(place, largeCrowd, 40)];
    await within(few, (side) => throughRoads(place, parts, side));
    await within(few, (side) => underChange(place, parts, side));
    await within(few, (side) => changed(place, side, { build: 500, change: 30 }));
    await within(few, (side) => idleConnections(place, parts, side));
    await within(many, (side) => changed(place, side, { build: 5_000, change: 200 }));
    return measures;
  },
};

async function throughRoads(place: Workplace, parts: KernelParts, side: KernelSide): Promise<readonly Measure[]> {
  await using relay = await openRelayParts(place);
  const worker = await parts.worker();
  await side.ask({ kind: 'join', pid: worker.pid }, 'done');
  const { address, entry, localEntry, port } = side.ready;
  const roads: Roads = {
    ours: { host: address, port, from: worker },
    direct: await parts.direct(),
    haproxy: parts.noHaproxy === undefined ? await parts.haproxyChain() : undefined,
    entry: { host: entry, port, from: undefined },
    local: { host: localEntry, port, from: undefined },
    userspace: { ...relay.ours, from: undefined },
  };
  const runs = new Map<LoadName, Values[]>();
  for (let run = 0; run < place.rounds; run++) {
    for (const { name } of loads) runs.set(name, [...(runs.get(name) ?? []), await oneRound(place, parts, { roads, name })]);
  }
  const measures = comparisons.flatMap((comparison) => loads.map((load) => compare(load, comparison, runs.get(load.name) ?? [])));
  return [...measures.flatMap((one) => (one === undefined ? [] : [one])), ...notMeasured(parts)];
}

/** By each road, one after the other. */
async function oneRound(
  place: Workplace,
  parts: KernelParts,
  { roads, name }: { readonly roads: Roads; readonly name: LoadName },
): Promise<Values> {
  const values: Values = {};
  for (const [road, to] of Object.entries(roads) as [RoadName, NetworkRoad | undefined][]) {
    if (to === undefined) continue;
    const [value = 0, cores] = await parts.load(wordsOf(place, name), to);
    values[road] = name === 'up' || name === 'down' ? value / 1e6 : value;
    place.say(`kernel: ${name}, ${road}: ${round(values[road])}${name === 'ping' ? '' : `; the client took ${cores} cores`}`);
  }
  return values;
}

function wordsOf(place: Workplace, load: LoadName): readonly (string | number)[] {
  const seconds = Math.max(0.2, 1.5 * place.scale);
  switch (load) {
    case 'up':
    case 'down':
      return ['stream', load, 1, seconds];
    case 'connects':
      return ['connects', 32, seconds];
    case 'ping':
      return ['ping', scaled(place, 20_000, 200)];
  }
}

/** Undefined: one of the two was not measured. Of times the ratio is of speeds too. */
function compare(
  { name, what, unit }: (typeof loads)[number],
  { ours, reference, words, targets }: Comparison,
  runs: readonly Values[],
): Measure | undefined {
  const pairs = runs.flatMap((values): (readonly [number, number])[] => {
    const [one, other] = [values[ours], values[reference]];
    return one === undefined || other === undefined ? [] : [[one, other]];
  });
  if (pairs.length === 0) return undefined;
  const ratioAtLeast = targets[name];
  const target: Target | undefined = ratioAtLeast === undefined ? undefined : { ratioAtLeast: round(ratioAtLeast) };
  return {
    what: `${what}: ${words}`,
    unit,
    ours: round(median(pairs.map((pair) => pair[0]))),
    reference: round(median(pairs.map((pair) => pair[1]))),
    ratio: round(median(pairs.map(([one, other]) => (name === 'ping' ? other / one : one / other)))),
    ...(target && { target }),
    runs: pairs.map(([one, other]) => [round(one), round(other)] as const),
  };
}

const changeWords: Readonly<Record<ChangeName, string>> = {
  approve: 'approve, until in force',
  approveSeen: 'approve, until a new connection has its first byte',
  revoke: 'revoke, until in force',
  revokeSeen: 'revoke, until a new connection is refused',
  drain: 'take a backend out, until in force',
  noticed: 'a probe notices that a backend is down, until in force',
};

async function changed(
  place: Workplace,
  side: KernelSide,
  most: { readonly build: number; readonly change: number },
): Promise<readonly Measure[]> {
  const among = `among ${side.ready.size}`;
  const builds: number[] = [];
  const times: Record<ChangeName, number>[] = [];
  for (let run = 0; run < place.rounds; run++) {
    builds.push((await side.ask({ kind: 'build' }, 'built')).ms);
    times.push((await side.ask({ kind: 'changes', turns: scaled(place, 7, 1) }, 'changed')).ms);
    place.say(`kernel: ${among}: built in ${round(builds.at(-1)!)} ms; ${JSON.stringify(times.at(-1))}`);
  }
  return [
    counted(`all endpoints of ${side.ready.size}, until in force`, 'ms', builds, { atMost: most.build }),
    ...(Object.keys(changeWords) as ChangeName[]).map((name) =>
      counted(
        `${among}: ${changeWords[name]}`,
        'ms',
        times.map((all) => all[name]),
        { atMost: most.change },
      ),
    ),
  ];
}

/** 12,000 connections while the plan changes all the time, beside connections that nobody touches. */
async function underChange(place: Workplace, parts: KernelParts, side: KernelSide): Promise<readonly Measure[]> {
  const road = { host: side.ready.entry, port: side.ready.port, from: undefined };
  const count = scaled(place, 12_000, 200);
  await using _held = await parts.idle(6, road);
  const failed: number[] = [];
  const longest: number[] = [];
  const quiet: number[] = [];
  const changes: number[] = [];
  for (let run = 0; run < place.rounds; run++) {
    quiet.push((await parts.load(['burst', count, 16], road))[3] ?? 0);
    await side.ask({ kind: 'begin' }, 'done');
    const [missing = 0, , , longestMs = 0] = await parts.load(['burst', count, 16], road);
    const made = await side.ask({ kind: 'stop' }, 'stopped');
    failed.push(missing);
    longest.push(longestMs);
    changes.push(made.changes);
    place.say(`kernel: ${missing} of ${count} failed while the plan changed ${made.changes} times, longest ${longestMs} ms`);
  }
  const { secondsLeft } = await side.ask({ kind: 'held' }, 'held');
  const untouched = secondsLeft.filter((seconds) => seconds > 0 && seconds <= 900).length;
  return [
    {
      ...worst(`of ${count} connections while the plan changes on and on: failed`, '', failed, { atMost: 0 }),
      note: `${Math.round(median(changes))} changes meanwhile`,
    },
    worst('the same: longest, connect to first byte back', 'ms', longest, { atMost: 250 }),
    worst('the same without changes: longest', 'ms', quiet),
    counted('live connections whose idle time is another after all that, of 6', '', [6 - untouched], { atMost: 0 }),
  ];
}

async function idleConnections(place: Workplace, parts: KernelParts, side: KernelSide): Promise<readonly Measure[]> {
  const road = { host: side.ready.entry, port: side.ready.port, from: undefined };
  const count = scaled(place, 10_000, 100);
  const seconds = scaled(place, 8, 1);
  // What the first connections cost once, the others do not.
  await (await parts.idle(scaled(place, 500, 50), road))[Symbol.asyncDispose]();
  const before = await side.ask({ kind: 'spend', seconds }, 'spent');
  await using _held = await parts.idle(count, road);
  const after = await side.ask({ kind: 'spend', seconds }, 'spent');
  const { ms } = await side.ask({ kind: 'changes', turns: scaled(place, 7, 1) }, 'changed');
  place.say(`kernel: ${count} idle connections: ${JSON.stringify({ before, after, ms })}`);
  return [
    counted(`memory of an idle connection in the control process, of ${count}`, 'KiB', [
      (after.residentBytes - before.residentBytes) / count / 1024,
    ]),
    counted(`${count} idle connections: the control process takes of a core`, 'ms/s', [after.msPerSecond]),
    counted('the same with none', 'ms/s', [before.msPerSecond]),
    counted(`${count} idle connections: its counters, read once`, 'ms', [after.countersMs]),
    counted(`${count} idle connections, among ${side.ready.size}: ${changeWords.approve}`, 'ms', [ms.approve]),
    counted(`${count} idle connections, among ${side.ready.size}: ${changeWords.revoke}`, 'ms', [ms.revoke]),
  ];
}

function notMeasured({ noHaproxy }: KernelParts): Measure[] {
  return noHaproxy === undefined ? [] : [{ what: 'against HAProxy: not measured', unit: 'MB/s', ours: 0, runs: [], note: noHaproxy }];
}
