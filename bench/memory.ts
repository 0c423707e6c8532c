import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counted, quantile, worst, type Benchmark, type Measure } from './benchmark.ts';
import { Truth } from './digest.ts';
import { linkOnce } from './link-run.ts';
import { dropLinks, hastily, startServer, type BenchServer } from './servers.ts';
import { startSide } from './side-run.ts';
import { scaled, until, type Workplace } from './workplace.ts';

const mostMb = { atMost: 512 };

export const memory: Benchmark = {
  name: 'memory',
  about: 'One transaction of 5 M rows; 10 M updates: memory of the link, size of the pool file, and how long a flush takes at most',
  run: async (place) => {
    await using source = await startServer();
    return [...(await largeTransaction(place, source)), ...(await manyUpdates(place, source))];
  },
};

async function largeTransaction(place: Workplace, source: BenchServer): Promise<readonly Measure[]> {
  const rows = scaled(place, 5_000_000, 50_000);
  const file = join(place.folder, 'large.duckdb');
  await source.sql('CREATE TABLE large (id bigint PRIMARY KEY, v int NOT NULL, t text NOT NULL)');
  await linkOnce(place, { url: source.url(), file, tables: 'public.large' });
  await source.sql(`INSERT INTO large SELECT i, i % 1000, md5(i::text) FROM generate_series(1, ${rows}) AS i`);
  const link = await linkOnce(place, { url: source.url(), file, tables: 'public.large' });
  await (await Truth.of(source, ['large'])).expectInPool(file);
  rmSync(file);
  await dropLinks(source);
  place.say(`memory: one transaction of ${rows} rows in ${link.wallS.toFixed(1)} s, ${link.peakMb.toFixed(0)} MB`);
  return [
    worst(`peak memory, one transaction of ${rows} rows`, 'MB', [link.peakMb], mostMb),
    counted(`one transaction of ${rows} rows`, 's', [link.wallS]),
  ];
}

/** Transactions of 1,000 updates each over 1 M rows, followed live. */
async function manyUpdates(place: Workplace, source: BenchServer): Promise<readonly Measure[]> {
  const rows = scaled(place, 1_000_000, 10_000);
  const transactions = scaled(place, 10_000, 100);
  await source.sql(`CREATE TABLE hot (id bigint PRIMARY KEY, v int NOT NULL, n numeric(18,4), t text NOT NULL);
    INSERT INTO hot SELECT i, 0, i / 7.0, md5(i::text) FROM generate_series(1, ${rows}) AS i; ALTER TABLE hot SET (fillfactor = 50)`);
  await source.sql('VACUUM (ANALYZE) hot');
  const file = join(place.folder, 'hot.duckdb');
  const flushes: number[] = [];
  let changes = 0;
  let ready = false;
  const side = startSide(place, ['both', source.url(), file, 'public.hot'], (report) => {
    if (report.kind === 'ready') ready = true;
    if (report.kind !== 'applied' || report.changes === 0) return;
    changes += report.changes;
    flushes.push(report.ms);
  });
  await until(async () => ready, 20, 600);
  const script = join(place.folder, 'updates.sql');
  writeFileSync(
    script,
    `\\set a random(1, ${Math.max(1, rows - 999)})\nUPDATE hot SET v = v + 1, n = n + 0.5, t = md5(t) WHERE id BETWEEN :a AND :a + 999;\n`,
  );
  const begun = performance.now();
  await source.client('pgbench', ['-n', '-c', '1', '-t', String(transactions), '-f', script], { env: hastily });
  await until(async () => changes >= transactions * 1000, 50);
  const seconds = (performance.now() - begun) / 1000;
  const { peakMb } = await side.stop();
  await (await Truth.of(source, ['hot'])).expectInPool(file);
  const fresh = join(place.folder, 'fresh.duckdb');
  await dropLinks(source, 'bench_%');
  await linkOnce(place, { url: source.url(), file: fresh, tables: 'public.hot' });
  await dropLinks(source);
  const growth = statSync(file).size / statSync(fresh).size;
  place.say(
    `memory: ${changes} updates in ${seconds.toFixed(0)} s, ${peakMb.toFixed(0)} MB, file ${(statSync(file).size / 2 ** 20).toFixed(0)} MB = ${growth.toFixed(2)} × fresh, ${flushes.length} flushes: p50 ${quantile(flushes, 0.5).toFixed(0)} ms, p99 ${quantile(flushes, 0.99).toFixed(0)} ms, max ${Math.max(...flushes).toFixed(0)} ms`,
  );
  rmSync(file);
  rmSync(fresh);
  return [
    worst(`peak memory, ${changes} updates`, 'MB', [peakMb], mostMb),
    counted(`pool file after ${changes} updates, against one freshly loaded`, '×', [growth], { atMost: 2 }),
    worst('longest flush', 'ms', [Math.max(...flushes)], { atMost: 500 }),
    counted('flush, p50', 'ms', [quantile(flushes, 0.5)]),
    counted('updates followed', '1/s', [changes / seconds]),
  ];
}
