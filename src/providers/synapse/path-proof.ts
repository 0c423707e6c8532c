import type { FabricEngine, Passed } from '#fabric/engine.ts';
import type { TcpIncidents } from '#runtime/runtime.ts';

/**
 * `Equal`: what the worker says is what was counted, in each direction, and nothing was counted elsewhere. `Underway`: it runs, and the difference is
 * what can be on its way, or was when a connection ended. `Undelivered`: it has ended, and the difference was on its way when connections ended.
 * `Unsaid`: the worker did not say, or ended without its last word. `Repeated`: equal but for packets that TCP sent again or had to acknowledge at
 * length, which an engine that counts packets counts again. `Elsewhere`: connections led out of the network, by no endpoint. `Differs`: no way of
 * bytes explains the difference. `Unknown`: it ran when the program was killed, and nothing is known of it.
 */
export type PathVerdict = 'Equal' | 'Underway' | 'Undelivered' | 'Repeated' | 'Unsaid' | 'Elsewhere' | 'Differs' | 'Unknown';

/** Bytes of TCP's payload: from the worker, and to it. */
export interface BothWays {
  readonly sent: number;
  readonly received: number;
}

/** What a worker says that its connections moved since it began. */
export interface SaidBytes extends BothWays {
  /** When it said so: ISO 8601, UTC. */
  readonly at: string;
}

/** Which worker, in which network, counted by whom. */
export interface ProvenWorker {
  readonly job: string;
  /** The number of the link's run. */
  readonly run: number | null;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly isolated: boolean;
  readonly engine: FabricEngine['kind'];
}

/** One worker of a link, by both sides. Members that are null are not known. */
export interface PathProof extends Omit<ProvenWorker, 'isolated'> {
  readonly isolated: boolean | null;
  /** Of when this is: ISO 8601, UTC. */
  readonly at: string;
  readonly ended: boolean;
  readonly verdict: PathVerdict;
  /** The verdict in words. */
  readonly says: string;
  readonly said: SaidBytes | null;
  /** By endpoint, in order. */
  readonly counted: readonly CountedWay[] | null;
  readonly elsewhere: CountedElsewhere | null;
  /** What was said less what was counted, elsewhere too. */
  readonly difference: BothWays | null;
  /** What TCP met with in the worker's network, where that makes counts of packets inexact: with a kernel engine. */
  readonly incidents: TcpIncidents | null;
}

export interface CountedWay extends BothWays {
  /** Its id. */
  readonly endpoint: string;
  readonly connections: number;
  readonly open: number;
}

export interface CountedElsewhere extends BothWays {
  /** That led out of the network, by no endpoint. */
  readonly connections: number;
  /** Attempts at anything that were refused by the network: they moved nothing. */
  readonly refused: number;
  /** Attempts that found nobody, by the kernel of the worker's own network; null: it has none of its own. */
  readonly tried: number | null;
}

export interface PathSides {
  readonly worker: ProvenWorker;
  readonly at: string;
  readonly said: SaidBytes | undefined;
  /** `told`: it has ended, and what it said is its last word; `untold`: it has ended without one. */
  readonly end: 'none' | 'told' | 'untold';
  /** What was counted before the worker was asked what is `said`: of so much it must know. */
  readonly before: Passed;
  /** What was counted after it had said it. */
  readonly after: Passed;
  readonly tried: number | undefined;
  readonly incidents: TcpIncidents | undefined;
}

/** What both sides say of one worker, and what follows. Pure. */
export function pathProof({ worker, at, said, end, before, after, tried, incidents: met }: PathSides): PathProof {
  const ways = after.ways.flatMap(({ endpoint, connections, open, bytesIn, bytesOut }) =>
    endpoint === undefined ? [] : [{ endpoint, connections, open, sent: bytesIn, received: bytesOut }],
  );
  const out = after.ways.find(({ endpoint }) => endpoint === undefined);
  const counted = bytesOf(after);
  const elsewhere: CountedElsewhere = {
    connections: out?.connections ?? 0,
    sent: out?.bytesIn ?? 0,
    received: out?.bytesOut ?? 0,
    refused: after.refused,
    tried: tried ?? null,
  };
  const difference = said === undefined ? null : { sent: said.sent - counted.sent, received: said.received - counted.received };
  const incidents = worker.engine === 'kernel' ? (met ?? null) : null;
  const verdict = verdictOf({ said, end, least: bytesOf(before), counted, isOut: elsewhere.connections > 0, slack: slackOf(incidents) });
  const proof = { ...worker, at, ended: end !== 'none', verdict, said: said ?? null, counted: ways, elsewhere, difference, incidents };
  return { ...proof, says: wordsOf(proof, counted) };
}

interface Judged {
  readonly said: BothWays | undefined;
  readonly end: PathSides['end'];
  readonly least: BothWays;
  readonly counted: BothWays;
  readonly isOut: boolean;
  readonly slack: Slack;
}

/** What counts of packets may be wrong by, at most. */
interface Slack {
  readonly more: BothWays;
  readonly less: number;
}

/** The most that one packet holds, as the kernel passes it. */
const packetBytes = 65_535;
/** What one acknowledgement grows by that names up to three gaps. */
const gapBytes = 28;
/** What a reset lacks that answers for a connection that is over: it has no time stamp. */
const stampBytes = 12;

function slackOf(met: TcpIncidents | null): Slack {
  if (met === null) return { more: nothing, less: 0 };
  const gaps = met.outOfOrder + met.duplicates;
  return {
    more: { sent: met.sentAgain * packetBytes + gaps * gapBytes, received: gaps * packetBytes + met.sentAgain * gapBytes },
    less: met.resets * stampBytes,
  };
}

/**
 * Bytes that a worker sends are counted after it sent them, and those that it receives before: so much each side may be ahead of the other, and no
 * connection that is cut changes that.
 */
function verdictOf({ said, end, least, counted, isOut, slack }: Judged): PathVerdict {
  if (said !== undefined) {
    const known = end === 'told' ? counted : least;
    const hides = end !== 'untold' && known.sent - said.sent > slack.more.sent;
    if (hides || said.received - counted.received > slack.less) return 'Differs';
  }
  if (isOut) return 'Elsewhere';
  if (said === undefined || end === 'untold') return 'Unsaid';
  if (said.sent === counted.sent && said.received === counted.received) return 'Equal';
  const isWithin = (more: number, most: number): boolean => more <= most && -more <= slack.less;
  if (isWithin(counted.sent - said.sent, slack.more.sent) && isWithin(counted.received - said.received, slack.more.received))
    return 'Repeated';
  return end === 'told' ? 'Undelivered' : 'Underway';
}

type Worded = Omit<PathProof, 'says'> & Pick<ProvenWorker, 'isolated'> & { readonly elsewhere: CountedElsewhere };

function wordsOf({ verdict, said, difference, elsewhere, isolated, ended }: Worded, counted: BothWays): string {
  const first: Readonly<Record<PathVerdict, string>> = {
    Equal: `The worker says that it ${moved(counted)}, and that is what was counted.`,
    Underway: `The worker runs: ${gap(difference)} are on their way, or were when a connection ended.`,
    Undelivered: `${gap(difference)} were on their way when connections ended; all else is equal.`,
    Repeated: `${gap(difference)} were counted again: packets that TCP sent again, or acknowledged at length; all else is equal.`,
    Unsaid: ended
      ? `The worker ended without its last word; it ${moved(counted)}, as was counted.`
      : 'The worker has not said yet what it moved.',
    Elsewhere: `Connections of the worker led out of its network, by no endpoint: ${elsewhere.connections}, which ${moved(elsewhere)}.`,
    Differs: `The worker says that it ${moved(said ?? nothing)}, but it ${moved(counted)}, as was counted.`,
    Unknown: '',
  };
  const left = elsewhere.connections > 0 ? 'Some of that left the network by no endpoint.' : 'No byte went elsewhere.';
  const refused = Math.max(elsewhere.refused, elsewhere.tried ?? 0);
  const sentences = [
    first[verdict],
    verdict === 'Elsewhere' ? '' : left,
    refused > 0 ? `What it tried beside approved endpoints was refused: ${times(refused)}.` : '',
    isolated ? '' : 'The worker is not isolated: what it sends beside its dialer nobody counts.',
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

const nothing: BothWays = { sent: 0, received: 0 };

function moved({ sent, received }: BothWays): string {
  return `sent ${sent} bytes and received ${received}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function gap(difference: BothWays | null): string {
  const { sent, received } = difference ?? nothing;
  return `${Math.abs(sent)} bytes from it and ${Math.abs(received)} to it`;
}

/** Of all ways, those out of the network too. */
export function bytesOf({ ways }: Passed): BothWays {
  return bytesOfWays(ways.map(({ bytesIn, bytesOut }) => ({ sent: bytesIn, received: bytesOut })));
}

export function bytesOfWays(ways: readonly BothWays[]): BothWays {
  return ways.reduce((sum, { sent, received }) => ({ sent: sum.sent + sent, received: sum.received + received }), nothing);
}

/** What passed between two looks at the same asker. An engine that has forgotten the asker meanwhile began anew with 0. */
export function passedSince(base: Passed, now: Passed): Passed {
  const known = new Map(base.ways.map((way) => [way.endpoint, way]));
  const ways = now.ways.flatMap((way) => {
    const before = known.get(way.endpoint);
    if (before === undefined || way.connections < before.connections) return [way];
    const connections = way.connections - before.connections;
    const bytesIn = way.bytesIn - before.bytesIn;
    const bytesOut = way.bytesOut - before.bytesOut;
    return connections === 0 && bytesIn === 0 && bytesOut === 0 ? [] : [{ ...way, connections, bytesIn, bytesOut }];
  });
  return { ways, refused: now.refused < base.refused ? now.refused : now.refused - base.refused };
}

/** Of a worker that ran when the program ended without a word. */
export function unknownProof({ job, run, since, engine }: Omit<ProvenWorker, 'isolated'>, at: string): PathProof {
  return {
    job,
    run,
    since,
    engine,
    isolated: null,
    at,
    ended: true,
    verdict: 'Unknown',
    says: 'The program ended while this worker ran: what it moved is not known.',
    said: null,
    counted: null,
    elsewhere: null,
    difference: null,
    incidents: null,
  };
}
