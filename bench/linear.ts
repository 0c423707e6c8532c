import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { counted, median, type Benchmark, type Measure } from './benchmark.ts';
import { Truth } from './digest.ts';
import { makeWide } from './fixtures.ts';
import { linkOnce, probedArguments } from './link-run.ts';
import { dropLinks, startServer, type BenchServer } from './servers.ts';
import { scaled, until, type Workplace } from './workplace.ts';

const root = join(import.meta.dirname, '..');

export const linear: Benchmark = {
  name: 'linear',
  about: 'How the cost grows: first copy of 1×, 4× and 16× rows; start and idle cost with 1, 100 and 1,000 tables',
  run: async (place) => [...(await byRows(place)), ...(await byTables(place))],
};

async function byRows(place: Workplace): Promise<readonly Measure[]> {
  await using source = await startServer();
  const sizes = [1, 4, 16].map((times) => ({ times, rows: scaled(place, 125_000 * times, 500 * times), table: `wide_${times}` }));
  for (const { rows, table } of sizes) await makeWide(source, rows, { table });
  const perMillion = new Map<number, number[]>(sizes.map(({ times }) => [times, []]));
  for (let round = 0; round < place.rounds; round++) {
    for (const { times, rows, table } of sizes) {
      const file = join(place.folder, 'linear.duckdb');
      const link = await linkOnce(place, { url: source.url(), file, tables: `public.${table}` });
      await (await Truth.of(source, [table])).expectInPool(file);
      rmSync(file);
      await dropLinks(source);
      perMillion.get(times)!.push((link.linkS / rows) * 1e6);
      place.say(`linear: ${rows} rows in ${link.linkS.toFixed(2)} s (program ${link.wallS.toFixed(2)} s, ${link.peakMb.toFixed(0)} MB)`);
    }
  }
  const growth = perMillion.get(16)!.map((large, round) => large / perMillion.get(1)![round]!);
  return [
    counted('time per row, 16× rows against 1×', '×', growth, { atMost: 1.25 }),
    ...sizes.map(({ times, rows }) => counted(`${rows} rows (${times}×): time per million rows`, 's', perMillion.get(times)!)),
  ];
}

async function byTables(place: Workplace): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  for (const count of [1, 100, 1000]) {
    const tables = Math.max(1, Math.round(count * Math.min(1, place.scale * 4)));
    await using source = await startServer();
    for (let i = 0; i < tables; i++)
      await source.sql(`CREATE TABLE t${i} (id int PRIMARY KEY, v text); INSERT INTO t${i} VALUES (1, 'one')`);
    const file = join(place.folder, `tables-${tables}.duckdb`);
    const first = await linkOnce(place, { url: source.url(), file, tables: 'public.*' });
    const again: number[] = [];
    for (let round = 0; round < place.rounds; round++)
      again.push((await linkOnce(place, { url: source.url(), file, tables: 'public.*' })).wallS);
    const idle = await idleCost(place, source, file);
    place.say(
      `linear: ${tables} tables: first ${first.wallS.toFixed(2)} s, again ${median(again).toFixed(2)} s, idle ${idle.cpuPercent.toFixed(2)} % of a core, source ${idle.sourcePercent.toFixed(2)} %, ${first.peakMb.toFixed(0)} MB`,
    );
    measures.push(
      counted(`${tables} tables: program until all are Replicating`, 's', [first.wallS]),
      counted(`${tables} tables: program that finds nothing to do`, 's', again),
      counted(`${tables} tables: idle link`, '% of a core', [idle.cpuPercent]),
      counted(`${tables} tables: server beside an idle link`, '% of a core', [idle.sourcePercent]),
    );
    rmSync(file);
  }
  return measures;
}

/** What a link that follows without changes costs, here and at the source. */
async function idleCost(
  place: Workplace,
  source: BenchServer,
  file: string,
): Promise<{ readonly cpuPercent: number; readonly sourcePercent: number }> {
  const args = ['src/bin/cli.ts', 'link', '--from', source.url(), '--to', file, '--tables', 'public.*'];
  const child = spawn(process.execPath, probedArguments(args), { cwd: root, stdio: 'ignore' });
  const ended = once(child, 'close');
  await until(async () => (await source.sql('SELECT count(*) FROM pg_replication_slots WHERE active'))[0]?.[0] === '1', 50, 120);
  const seconds = scaled(place, 30, 3);
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(3000);
  const own = cpuTicks(child.pid!);
  const theirs = await serverTicks(source);
  await pause(seconds * 1000);
  // Clock ticks are hundredths of a second on every Linux that Node runs on.
  const cpuPercent = (cpuTicks(child.pid!) - own) / seconds;
  const sourcePercent = ((await serverTicks(source)) - theirs) / seconds;
  child.kill('SIGTERM');
  await ended;
  return { cpuPercent, sourcePercent };
}

function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function serverTicks(source: BenchServer): Promise<number> {
  const rows = await source.sql('SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
  return rows.reduce((sum, [pid]) => sum + cpuTicks(Number(pid)), 0);
}
