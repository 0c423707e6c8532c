import { z } from 'zod';
import { bytesOfWays, type BothWays, type CountedElsewhere, type PathProof, type PathVerdict, type ProvenWorker } from './path-proof.ts';

/** What is kept of the paths of a link's workers, with the link. */
export interface PathRecord {
  /** The worker that runs, as it was when it was about to begin. */
  readonly open: Omit<ProvenWorker, 'isolated'> | null;
  readonly total: PathTotal | null;
  /** Of workers that have ended, in that order: the latest twenty. */
  readonly ended: readonly PathProof[];
}

/** Over all workers of a link that have ended. */
export interface PathTotal {
  /** When the first of them began: ISO 8601, UTC. */
  readonly since: string;
  readonly workers: number;
  /** How many of them ended with which verdict. */
  readonly verdicts: Readonly<Partial<Record<PathVerdict, number>>>;
  readonly said: BothWays;
  /** By endpoints. */
  readonly counted: BothWays;
  readonly elsewhere: Omit<CountedElsewhere, 'tried'>;
}

export const newPathRecord: PathRecord = { open: null, total: null, ended: [] };

const mostEnded = 20;

const count = z.number();
const ways = { sent: count, received: count };
const text = z.string();
const engine = z.enum(['userspace', 'kernel']);
const ended = z.object({
  job: text,
  run: count.nullable(),
  since: text,
  engine,
  isolated: z.boolean().nullable(),
  at: text,
  ended: z.boolean(),
  verdict: text,
  says: text,
  said: z.object({ ...ways, at: text }).nullable(),
  counted: z.array(z.object({ endpoint: text, connections: count, open: count, ...ways })).nullable(),
  elsewhere: z.object({ connections: count, ...ways, refused: count, tried: count.nullable() }).nullable(),
  difference: z.object(ways).nullable(),
  incidents: z.object({ sentAgain: count, outOfOrder: count, duplicates: count, resets: count }).nullable().default(null),
});

export const pathRecordShape: z.ZodType<PathRecord> = z.object({
  open: z.object({ job: text, run: count.nullable(), since: text, engine }).nullable(),
  total: z
    .object({
      since: text,
      workers: count,
      verdicts: z.record(text, count),
      said: z.object(ways),
      counted: z.object(ways),
      elsewhere: z.object({ connections: count, ...ways, refused: count }),
    })
    .nullable(),
  ended: z.array(ended),
}) as never;

/** The record after a worker has ended with this proof. */
export function withProof({ total, ended: before }: PathRecord, proof: PathProof): PathRecord {
  return { open: null, total: summed(total, proof), ended: [...before.slice(1 - mostEnded), proof] };
}

function summed(total: PathTotal | null, { since, verdict, said, counted, elsewhere }: PathProof): PathTotal {
  const before = total ?? { ...noneYet, since };
  return {
    since: before.since,
    workers: before.workers + 1,
    verdicts: { ...before.verdicts, [verdict]: (before.verdicts[verdict] ?? 0) + 1 },
    said: sum(before.said, said ?? nothing),
    counted: sum(before.counted, bytesOfWays(counted ?? [])),
    elsewhere: {
      ...sum(before.elsewhere, elsewhere ?? nothing),
      connections: before.elsewhere.connections + (elsewhere?.connections ?? 0),
      refused: before.elsewhere.refused + (elsewhere?.refused ?? 0),
    },
  };
}

const nothing: BothWays = { sent: 0, received: 0 };
const noneYet: Omit<PathTotal, 'since'> = {
  workers: 0,
  verdicts: {},
  said: nothing,
  counted: nothing,
  elsewhere: { connections: 0, ...nothing, refused: 0 },
};

function sum(one: BothWays, other: BothWays): BothWays {
  return { sent: one.sent + other.sent, received: one.received + other.received };
}
