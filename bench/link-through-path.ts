import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '#base/log.ts';
import { openRuntimes } from '#bin/up/runtime-parts.ts';
import { SamplePlan } from '#fabric/sample-plan.contract.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import type { LinkOrder } from '#runtime/job.ts';
import type { RuntimeHost, RunningJob } from '#runtime/runtime.ts';
import { compared, type Benchmark } from './benchmark.ts';
import { Truth } from './digest.ts';
import { makeWide } from './fixtures.ts';
import { dropLinks, startServer, type BenchServer } from './servers.ts';
import { startSide, type RunningSide } from './side-run.ts';
import type { SideReport } from './side.ts';
import { scaled, type Workplace } from './workplace.ts';

const never = new AbortController().signal;

/** A link of the wide table, from nothing to its first copy and then over changes. */
interface Linked {
  readonly pool: string;
  /** Begins, or goes on. */
  start(onReport: (report: SideReport) => void): Promise<Running>;
}

interface Running {
  stop(): Promise<void>;
}

interface Times {
  readonly copyS: number;
  readonly changesS: number;
}

export const linkThroughPath: Benchmark = {
  name: 'link-through-path',
  about:
    'First copy of the wide table, then updates of a quarter of its rows: sandboxed worker, private path, landing zone and pool process, against a link in one process with a direct connection',
  run: async (place) => {
    await using source = await startServer();
    const rows = scaled(place, 1_000_000, 4_000);
    await makeWide(source, rows);
    await using engine = await openUserspaceEngine();
    const { host, port } = source.server;
    const sample = new SamplePlan({ host, port });
    await engine.apply(sample.plan());
    await using runtimes = openRuntimes({ engine, folder: place.folder, allowUnisolated: false, log: silentLog });
    const rounds: { readonly through: Times; readonly direct: Times }[] = [];
    for (let round = 0; round < place.rounds; round += 1) {
      const direct = await timed(source, rows, directLink(place, source, round));
      const through = await timed(source, rows, linkThrough(place, { source, runtimes, sample, round }));
      place.say(
        `copy ${direct.copyS.toFixed(2)} s direct, ${through.copyS.toFixed(2)} s through; changes ${direct.changesS.toFixed(2)} s, ${through.changesS.toFixed(2)} s`,
      );
      rounds.push({ direct, through });
    }
    const pairs = (part: keyof Times) => rounds.map(({ through, direct }) => [through[part], direct[part]] as const);
    return [
      compared('first copy through the path ÷ direct', pairs('copyS'), { ratioAtLeast: 0.8 }),
      compared('changes through the path ÷ direct', pairs('changesS'), { ratioAtLeast: 0.8 }),
    ];
  },
};

/** From the start of the programs until the pool has all rows, and then until it has all changes that were made meanwhile. */
async function timed(source: BenchServer, rows: number, link: Linked): Promise<Times> {
  const copyS = await timeUntil(link, (report) => report.kind === 'ready');
  const changed = Math.floor(rows / 4);
  await source.sql(`UPDATE wide SET a = (a + 1) % 1000003, t = md5(t) WHERE id <= ${changed}`);
  let applied = 0;
  const changesS = await timeUntil(link, (report) => {
    if (report.kind === 'applied') applied += report.changes;
    return applied >= changed;
  });
  await (await Truth.of(source, ['wide'])).expectInPool(link.pool);
  await dropLinks(source, 'bench_%');
  return { copyS, changesS };
}

async function timeUntil(link: Linked, isDone: (report: SideReport) => boolean): Promise<number> {
  const begun = performance.now();
  const done = Promise.withResolvers<number>();
  const running = await link.start((report) => {
    if (isDone(report)) done.resolve((performance.now() - begun) / 1000);
  });
  const seconds = await done.promise;
  await running.stop();
  return seconds;
}

function directLink(place: Workplace, source: BenchServer, round: number): Linked {
  const pool = join(place.folder, `direct-${round}.duckdb`);
  return { pool, start: async (onReport) => stopping(startSide(place, ['both', source.url(), pool, 'public.wide'], onReport)) };
}

interface ThroughAsk {
  readonly source: BenchServer;
  readonly runtimes: RuntimeHost;
  readonly sample: SamplePlan;
  readonly round: number;
}

function linkThrough(place: Workplace, { source, runtimes, sample, round }: ThroughAsk): Linked {
  const pool = join(place.folder, `through-${round}.duckdb`);
  const folder = join(place.folder, `through-${round}`);
  const [landing, spool] = [join(folder, 'landing'), join(folder, 'spool')];
  for (const one of [landing, spool]) mkdirSync(one, { recursive: true, mode: 0o700 });
  const { user, password } = source.server;
  const login = { database: 'postgres', user, password, tls: 'prefer', certificateName: null } as const;
  const placement = { schema: 'public', name: 'wide', onExisting: 'drop' } as const;
  const link: LinkOrder = {
    name: 'wide',
    slot: `bench_path_${round}`,
    store: { kind: 'postgresql', host: sample.name, port: sample.port, ...login },
    tables: [{ schema: 'public', name: 'wide', placement }],
    landing,
    spool,
    once: false,
  };
  const order = { segment: sample.segment, name: 'link wide', job: { kind: 'link', link }, writable: [landing, spool] } as const;
  const start: Linked['start'] = async (onReport) => {
    const side = stopping(startSide(place, ['pool', pool, landing], onReport));
    const worker = await runtimes.start(order, never);
    const ended = allRead(worker);
    return {
      stop: async () => {
        await worker.stop();
        await ended;
        await side.stop();
      },
    };
  };
  return { pool, start };
}

async function allRead({ events }: RunningJob): Promise<void> {
  for await (const event of events)
    if (event.kind === 'link' && event.report.trouble !== null) throw new Error(event.report.trouble.message);
}

function stopping(side: RunningSide): Running {
  return {
    stop: async () => {
      await side.stop();
    },
  };
}
