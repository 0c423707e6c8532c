import { join } from 'node:path';
import { existsSync, readdirSync, rmSync, watch, type FSWatcher } from 'node:fs';
import { readManifest } from '#replication/landing-zone/zone-folder.ts';
import { ControlPlane } from '../test/e2e/control-plane.ts';
import { makeLink, queryPool, type MadeLink } from '../test/e2e/link-ground.ts';
import { compared, counted, median, quantile, type Benchmark, type Measure, type Target } from './benchmark.ts';
import { Truth } from './digest.ts';
import { makeAccounts, makeWide } from './fixtures.ts';
import { linkOnce } from './link-run.ts';
import { clientProgram, openConnection, startServer, type BenchServer } from './servers.ts';
import { runProgram, scaled, until, type Workplace } from './workplace.ts';

const tables = ['wide', 'pgbench_accounts', 'pgbench_branches', 'pgbench_tellers', 'pgbench_history', 'pulse'];
const compareTables = tables.filter((table) => table !== 'pgbench_history');
const workspace = 'bench';
const root = join(import.meta.dirname, '..');

interface Round {
  readonly snapshot: readonly [through: number, direct: number];
  readonly changes: readonly [through: number, direct: number];
}

interface Stage {
  readonly source: BenchServer;
  readonly plane: ControlPlane;
  readonly link: MadeLink;
  readonly rows: number;
}

/** The whole (a sandboxed worker, its gateway and relay, landing zone, pool process) against `isthmus link` in one process. */
export const linkThroughPath: Benchmark = {
  name: 'link-through-path',
  about:
    'First copy of 2 M wide and 500 k narrow rows, and 1 M prepared row changes, through an approved endpoint by a sandboxed worker into a pool process; against isthmus link in one process, directly',
  run: async (place) => {
    await using source = await startServer();
    const rows = scaled(place, 2_000_000, 5_000);
    await makeWide(source, rows);
    await makeAccounts(source, scaled(place, 5, 1));
    await source.sql('CREATE TABLE pulse (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())');
    await using plane = await ControlPlane.start(undefined, false);
    const { port, user, password } = source.server;
    const link = await makeLink(plane, { workspace, database: { port, user, password }, tables });
    const stage = { source, plane, link, rows };
    const rounds: Round[] = [];
    try {
      await untilCopied(stage);
      for (let round = 0; round < place.rounds; round++) rounds.push(await measure(place, stage, round));
      const late = await latency(place, stage);
      return [
        compared(
          'snapshot: from start to all rows in the pool',
          rounds.map((one) => one.snapshot),
          { ratioAtLeast: 0.8 },
        ),
        compared(
          'changes: from resume to the last one in the pool',
          rounds.map((one) => one.changes),
          { ratioAtLeast: 0.8 },
        ),
        ...late,
      ];
    } finally {
      plane.forget();
    }
  },
};

async function measure(place: Workplace, stage: Stage, round: number): Promise<Round> {
  const { source, link } = stage;
  const file = join(place.folder, `direct-${round}.duckdb`);
  const direct = async (): Promise<number> =>
    (await linkOnce(place, { url: source.url(), file, tables: tables.map((table) => `public.${table}`).join(',') })).wallS;
  await act(link, 'stop', 'Stopped');
  const ours = async (): Promise<number> =>
    timed(async () => {
      await link.ask('start');
      await untilCopied(stage);
    });
  const snapshot = await inTurn(round, ours, direct);
  await act(link, 'pause', 'Paused');
  const marker = await makeChanges(place, stage, round);
  const resume = async (): Promise<number> =>
    timed(async () => {
      await link.ask('resume');
      await until(async () => (await queryPool(link.poolFile, `SELECT 1 FROM public.pulse WHERE id = ${marker}`))?.length === 1, 10);
    });
  const changes = await inTurn(round, resume, direct);
  const truth = await Truth.of(source, compareTables);
  await truth.expectInPool(file);
  await expectInRunningPool(stage, truth);
  await runProgram(process.execPath, ['src/bin/cli.ts', 'link', '--from', source.url(), '--to', file, '--release'], { cwd: root });
  rmSync(file, { force: true });
  place.say(
    `link-through-path: snapshot ${snapshot[0].toFixed(2)} s (direct ${snapshot[1].toFixed(2)} s), changes ${changes[0].toFixed(2)} s (direct ${changes[1].toFixed(2)} s)`,
  );
  return { snapshot, changes };
}

/** Ours first in even rounds, so that a machine that slows down favours neither. */
async function inTurn(
  round: number,
  ours: () => Promise<number>,
  direct: () => Promise<number>,
): Promise<readonly [ours: number, direct: number]> {
  if (round % 2 === 0) {
    const first = await ours();
    return [first, await direct()];
  }
  const first = await direct();
  return [await ours(), first];
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function act(link: MadeLink, action: string, state: string): Promise<void> {
  await link.ask(action);
  await link.untilStatus(state);
}

async function untilCopied({ link, rows }: Stage): Promise<void> {
  await until(async () => {
    const { json } = await link.ask('querytablestatus', {});
    const states = ((json as { value?: { status: string }[] }).value ?? []).map((one) => one.status);
    return states.length === tables.length && states.every((state) => state === 'Replicating');
  }, 20);
  const [count] = (await queryPool(link.poolFile, 'SELECT count(*) FROM public.wide')) ?? [];
  if (Number(count?.[0]) !== rows) throw new Error(`the pool has ${count?.[0]} of ${rows} rows`);
}

/** A million row changes in transactions of different sizes; answers the id of the last row. */
async function makeChanges(place: Workplace, { source, rows }: Stage, round: number): Promise<number> {
  const part = Math.floor(rows / 10);
  for (let n = 0; n < 10; n++) {
    const [from, to] = [n * part + 1, (n + 1) * part];
    await source.sql(`UPDATE wide SET a = a + 1, t = md5(t) WHERE id BETWEEN ${from} AND ${to} AND id % 4 = ${round % 4}`);
  }
  const transactions = scaled(place, 100_000, 200);
  await source.client('pgbench', ['-n', '-c', '4', '-j', '2', '-t', String(Math.ceil(transactions / 4))], {
    env: { PGOPTIONS: '-c synchronous_commit=off' },
  });
  const marker = Date.now();
  await source.sql(`INSERT INTO pulse (id) VALUES (${marker})`);
  return marker;
}

/** The pool is paused for it: then its file can be opened. */
async function expectInRunningPool({ plane, link }: Stage, truth: Truth): Promise<void> {
  const { pool } = link.ground;
  const power = async (action: string, wanted: string): Promise<void> => {
    await plane.ask({ method: 'POST', path: `${pool}/${action}` });
    await until(async () => {
      const { json } = await plane.ask({ path: pool });
      return (json as { properties: { status?: string } }).properties.status === wanted;
    }, 50);
  };
  await power('pause', 'Paused');
  await truth.expectInPool(link.poolFile);
  await power('resume', 'Online');
}

/** Commit to visible at 1,000 row changes a second, and how long each stage takes. */
async function latency(place: Workplace, stage: Stage): Promise<readonly Measure[]> {
  const { source, link } = stage;
  await link.untilStatus('Running');
  const seconds = scaled(place, 30, 5);
  const load = runProgram(clientProgram('pgbench'), ['-n', '-c', '4', '-j', '1', '-R', '250', '-T', String(seconds), source.url()]);
  using landed = new LandedSegments(landingFolder(stage));
  const { visible, inPool } = await pulses(stage, seconds);
  await load;
  const durable = landed.lagsMs;
  const shares = `commit → durable in the landing zone p50 ${median(durable).toFixed(0)} ms, → committed in the pool ${median(inPool).toFixed(0)} ms, → read ${median(visible).toFixed(0)} ms`;
  place.say(`link-through-path: ${shares}; p99 ${quantile(visible, 0.99).toFixed(0)} ms`);
  const one = (what: string, share: number, values: readonly number[], target?: Target): Measure => ({
    ...counted(what, 'ms', [quantile(values, share)], target),
    note: `${values.length} samples; ${shares}`,
  });
  return [
    one('commit to visible at 1,000 row changes/s: p50', 0.5, visible, { atMost: 500 }),
    one('the same: p99', 0.99, visible, { atMost: 1_500 }),
    one('of that until durable in the landing zone: p50', 0.5, durable),
    one('of that until committed in the pool: p50', 0.5, inPool),
  ];
}

function landingFolder({ plane }: Stage): string {
  const folder = join(plane.folder, 'links', workspace, 'db-link');
  const runs = readdirSync(folder).map((run) => join(folder, run, 'landing'));
  return runs.find((landing) => existsSync(landing))!;
}

/** From the commit of the last transaction in a segment to the segment having its name. */
class LandedSegments implements Disposable {
  readonly lagsMs: number[] = [];
  readonly #watcher: FSWatcher;
  readonly #seen = new Set<string>();

  constructor(folder: string) {
    this.#watcher = watch(folder, (_, name) => {
      const number = Number(/^seg-(\d+)$/.exec(name ?? '')?.[1] ?? Number.NaN);
      if (Number.isNaN(number) || this.#seen.has(name!)) return;
      this.#seen.add(name!);
      const nowMs = Date.now();
      void this.#note(folder, number, nowMs);
    });
  }

  async #note(folder: string, number: number, nowMs: number): Promise<void> {
    const found = await readManifest(folder, number).catch(() => undefined);
    const committedAt = found?.manifest.committedAt;
    if (committedAt !== undefined) this.lagsMs.push(Math.max(0, nowMs - Number(BigInt(committedAt) / 1000n)));
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}

async function pulses({ source, link }: Stage, seconds: number): Promise<{ readonly visible: number[]; readonly inPool: number[] }> {
  await using connection = await openConnection(source.url());
  const pending = new Map<number, number>();
  const visible: number[] = [];
  const inPool: number[] = [];
  const done = new AbortController();
  const first = Date.now();
  const watching = (async (): Promise<void> => {
    while (!done.signal.aborted || pending.size > 0) {
      const [row] = (await queryPool(link.poolFile, 'SELECT max(id) FROM public.pulse')) ?? [];
      const now = performance.now();
      for (const [id, since] of pending) {
        if (id > Number(row?.[0] ?? 0)) continue;
        pending.delete(id);
        visible.push(now - since);
      }
      await new Promise((settle) => setTimeout(settle, 5));
    }
  })();
  for (let i = 1; i <= seconds * 5; i++) {
    await connection.query(`INSERT INTO pulse (id) VALUES (${first + i})`);
    pending.set(first + i, performance.now());
    await new Promise((settle) => setTimeout(settle, 200 * (0.5 + Math.random())));
    if (i % 5 !== 0) continue;
    const status = await link.status();
    if (status.lagSeconds !== undefined) inPool.push(status.lagSeconds * 1_000);
  }
  done.abort();
  await watching;
  return { visible, inPool };
}
