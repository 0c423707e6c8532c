import { directDialer } from '#base/dialer.ts';
import { recycle } from '#replication/column.ts';
import { freshProgress } from '#replication/link-book.ts';
import { PostgresSource } from '#replication/sources/postgres/postgres-source.ts';
import { parseTablePatterns } from '#replication/sources/postgres/table-patterns.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { compared, type Benchmark } from './benchmark.ts';
import { makeWide } from './fixtures.ts';
import { dropLinks, startServer, type BenchServer } from './servers.ts';
import { scaled } from './workplace.ts';

export const paging: Benchmark = {
  name: 'paging',
  about: 'The source side alone, decoded and thrown away: pages in key order against one COPY of the whole table',
  run: async (place) => {
    await using source = await startServer();
    const rows = scaled(place, 2_000_000, 2000);
    await makeWide(source, rows);
    const pairs: [number, number][] = [];
    // The first pair warms the compiler up and is not counted.
    for (let round = -1; round < place.rounds; round++) {
      const whole = await readAll(source, 2 ** 50, rows);
      const paged = await readAll(source, undefined, rows);
      place.say(`paging: one COPY ${whole.seconds.toFixed(2)} s, ${paged.pages} pages ${paged.seconds.toFixed(2)} s`);
      if (round >= 0) pairs.push([paged.seconds, whole.seconds]);
    }
    return [compared('pages ÷ one COPY', pairs, { ratioAtLeast: 0.9 })];
  },
};

async function readAll(
  server: BenchServer,
  pageBytes: number | undefined,
  rows: number,
): Promise<{ readonly seconds: number; readonly pages: number }> {
  const signal = new AbortController().signal;
  const options = {
    address: { ...parsePgUrl(server.url()), dialer: directDialer },
    slot: 'bench_paging',
    catalog: { patterns: parseTablePatterns('public.wide'), asText: new Set<string>() },
    failover: false,
    ...(pageBytes !== undefined && { pages: { pageBytes } }),
  };
  await using source = await PostgresSource.connect(options, signal);
  const [schema] = await source.describe();
  await source.open([schema!], undefined);
  let progress = freshProgress(schema!.table);
  let seen = 0;
  let pages = 0;
  const begun = performance.now();
  for (let done = false; !done; pages++) {
    const page = source.page(schema!, progress, signal);
    let next = await page.next();
    for (; !next.done; next = await page.next()) {
      seen += next.value.rows;
      recycle(next.value);
    }
    if ('deferred' in next.value) throw next.value.deferred;
    done = next.value.after === undefined;
    progress = { ...progress, state: 'Snapshotting', after: next.value.after, seen: next.value.seen };
  }
  const seconds = (performance.now() - begun) / 1000;
  if (seen !== rows) throw new Error(`${seen} rows were read instead of ${rows}`);
  await source.release();
  await dropLinks(server, 'bench_%');
  return { seconds, pages };
}
