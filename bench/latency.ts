import { join } from 'node:path';
import { counted, quantile, round, type Benchmark, type Measure, type Target } from './benchmark.ts';
import { makeAccounts } from './fixtures.ts';
import { clientProgram, dropLinks, openConnection, startServer, type BenchServer } from './servers.ts';
import { startSide, type RunningSide } from './side-run.ts';
import { runProgram, scaled, until, type Workplace } from './workplace.ts';

interface Lag {
  /** Milliseconds from the commit's answer to the row being read from the pool, in order of the commits. */
  readonly ms: readonly number[];
  /** Of pgbench, as it says. */
  readonly transactionsPerSecond: number | undefined;
}

/** A link that follows, into a pool in its own process or behind a landing zone. */
class Following implements AsyncDisposable {
  readonly #sides: RunningSide[];
  readonly #pending = new Map<number, bigint>();
  readonly lags: number[] = [];
  isReady = false;

  constructor(place: Workplace, source: BenchServer, landed: boolean) {
    const file = join(place.folder, `latency-${landed}.duckdb`);
    const zone = join(place.folder, 'latency-zone');
    const watch = (args: readonly string[]): RunningSide =>
      startSide(place, args, (report) => {
        if (report.kind === 'ready') this.isReady = true;
        if (report.kind === 'visible') this.#visible(report.id, BigInt(report.atNs));
      });
    const url = source.url();
    this.#sides = landed
      ? [watch(['worker', url, zone, 'public.*']), watch(['pool', file, zone])]
      : [watch(['both', url, file, 'public.*'])];
  }

  committed(id: number): void {
    this.#pending.set(id, process.hrtime.bigint());
  }

  get waiting(): number {
    return this.#pending.size;
  }

  #visible(upTo: number, at: bigint): void {
    for (const [id, since] of this.#pending) {
      if (id > upTo) continue;
      this.#pending.delete(id);
      this.lags.push(Math.max(0, Number(at - since) / 1e6));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const side of this.#sides) await side.stop();
  }
}

export const latency: Benchmark = {
  name: 'latency',
  about: 'From the commit of a single row to that row read from the pool: idle, and while pgbench writes on the same cores',
  run: async (place) => {
    await using source = await startServer();
    await makeAccounts(source, scaled(place, 5, 1));
    await source.sql('CREATE TABLE pulse (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())');
    const measures: Measure[] = [];
    for (const landed of [false, true]) {
      const where = landed ? 'through the landing zone' : 'in one process';
      const wanted = landed ? { p50: 60, p99: 200 } : { p50: 30, p99: 100 };
      measures.push(...(await run(place, { source, landed, where, wanted })));
      await dropLinks(source, 'bench_%');
      await source.sql('TRUNCATE pulse');
    }
    return measures;
  },
};

async function run(
  place: Workplace,
  how: {
    readonly source: BenchServer;
    readonly landed: boolean;
    readonly where: string;
    readonly wanted: { readonly p50: number; readonly p99: number };
  },
): Promise<readonly Measure[]> {
  const { source, where, wanted } = how;
  await using following = new Following(place, source, how.landed);
  await until(async () => following.isReady, 20, 300);
  const measures: Measure[] = [];
  const samples = scaled(place, 200, 10);
  const idle = await pulses(source, following, { count: samples, everyMs: 200, load: undefined });
  measures.push(...percentiles(`idle, ${where}`, idle.ms, wanted));
  place.say(`latency: idle, ${where}: ${text(idle.ms)}`);
  for (const rate of [200, 1000]) {
    const seconds = scaled(place, 30, 3);
    const load = runProgram(clientProgram('pgbench'), [
      '-n',
      '-c',
      '4',
      '-j',
      '1',
      '-R',
      String(rate),
      '-T',
      String(seconds),
      source.url(),
    ]);
    const { ms, transactionsPerSecond } = await pulses(source, following, { count: seconds * 10, everyMs: 100, load });
    const third = Math.ceil(ms.length / 3);
    const growth = quantile(ms.slice(-third), 0.5) / quantile(ms.slice(0, third), 0.5);
    const note = `pgbench reached ${transactionsPerSecond?.toFixed(0)} transactions/s; median of the last third ÷ first third: ${round(growth)}`;
    measures.push(...percentiles(`pgbench -R ${rate}, ${where}`, ms).map((one) => ({ ...one, note })));
    place.say(`latency: pgbench -R ${rate}, ${where}: ${text(ms)}; ${note}`);
  }
  return measures;
}

/** Single rows committed one after the other; answers once all of them are visible. */
async function pulses(
  source: BenchServer,
  following: Following,
  how: { readonly count: number; readonly everyMs: number; readonly load: Promise<{ readonly output: string }> | undefined },
): Promise<Lag> {
  await using connection = await openConnection(source.url());
  following.lags.length = 0;
  const first = Number((await connection.query('SELECT coalesce(max(id), 0) FROM pulse'))[0]![0]);
  for (let i = 1; i <= how.count; i++) {
    await connection.query(`INSERT INTO pulse (id) VALUES (${first + i})`);
    following.committed(first + i);
    // Not in step with anything of the link that comes at regular times.
    await new Promise((resolve) => setTimeout(resolve, how.everyMs * (0.5 + Math.random())));
  }
  const load = await how.load;
  await until(async () => following.waiting === 0, 5, 120);
  return { ms: [...following.lags], transactionsPerSecond: load && Number(/tps = ([\d.]+)/.exec(load.output)?.[1]) };
}

function percentiles(what: string, ms: readonly number[], wanted?: { readonly p50: number; readonly p99: number }): readonly Measure[] {
  const one = (share: number, target: Target | undefined): Measure => ({
    ...counted(`${what}: p${share * 100}`, 'ms', [quantile(ms, share)], target),
    note: `${ms.length} samples`,
  });
  return [one(0.5, wanted && { atMost: wanted.p50 }), one(0.99, wanted && { atMost: wanted.p99 })];
}

function text(ms: readonly number[]): string {
  return `p50 ${quantile(ms, 0.5).toFixed(1)} ms, p99 ${quantile(ms, 0.99).toFixed(1)} ms, max ${Math.max(...ms).toFixed(1)} ms`;
}
