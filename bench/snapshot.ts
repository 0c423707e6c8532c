import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { compared, worst, type Benchmark, type Measure } from './benchmark.ts';
import { Truth } from './digest.ts';
import { makeAccounts, makeWide, wideColumns } from './fixtures.ts';
import { linkOnce, type LinkResult } from './link-run.ts';
import { conninfo, dropLinks, startServer, type BenchServer } from './servers.ts';
import { scaled, until, type Workplace } from './workplace.ts';

interface SnapshotTable {
  readonly table: string;
  readonly make: (source: BenchServer, place: Workplace) => Promise<void>;
  /** For the subscriber, whose tables must be there. */
  readonly create: string;
  readonly overCopy: number;
  readonly overSubscription: number;
}

export const snapshotWide: Benchmark = snapshot(
  'snapshot-wide',
  'First copy of one table of 2 M rows × 15 columns, from the source to a queryable pool',
  {
    table: 'wide',
    make: (source, place) => makeWide(source, scaled(place, 2_000_000, 2000)),
    create: `CREATE TABLE wide (${wideColumns})`,
    overCopy: 0.65,
    overSubscription: 2,
  },
);

export const snapshotAccounts: Benchmark = snapshot('snapshot-accounts', 'The same for pgbench_accounts, 2 M narrow rows', {
  table: 'pgbench_accounts',
  make: (source, place) => makeAccounts(source, scaled(place, 20, 1)),
  create: 'CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))',
  overCopy: 0.5,
  overSubscription: 3.5,
});

interface Round {
  readonly copyS: number;
  readonly subscriptionS: number;
  readonly link: LinkResult;
}

function snapshot(name: string, about: string, what: SnapshotTable): Benchmark {
  return {
    name,
    about,
    run: async (place) => {
      await using source = await startServer();
      await using subscriber = await startServer();
      await what.make(source, place);
      await source.sql(`CREATE PUBLICATION peer FOR TABLE ${what.table}`);
      const truth = await Truth.of(source, [what.table]);
      place.say(`${name}: source ready`);
      const rounds: Round[] = [];
      for (let round = 0; round < place.rounds; round++) {
        rounds.push(await measure(place, { what, source, subscriber, truth }));
        const { copyS, subscriptionS, link } = rounds.at(-1)!;
        place.say(
          `${name}: COPY ${copyS.toFixed(2)} s, link ${link.linkS.toFixed(2)} s (program ${link.wallS.toFixed(2)} s, ${link.cpuS.toFixed(1)} CPU s, ${link.peakMb.toFixed(0)} MB), subscription ${subscriptionS.toFixed(2)} s`,
        );
      }
      return measures(rounds, what);
    },
  };
}

async function measure(
  place: Workplace,
  parts: { readonly what: SnapshotTable; readonly source: BenchServer; readonly subscriber: BenchServer; readonly truth: Truth },
): Promise<Round> {
  const { what, source, subscriber, truth } = parts;
  const { seconds: before } = await copyOut(source, what.table);
  const file = join(place.folder, 'snapshot.duckdb');
  const link = await linkOnce(place, { url: source.url(), file, tables: `public.${what.table}` });
  // The reference on both sides of our run, so that a machine that slows down meanwhile favours neither.
  const { seconds: after } = await copyOut(source, what.table);
  await truth.expectInPool(file);
  rmSync(file);
  await dropLinks(source);
  await subscriber.sql(`DROP TABLE IF EXISTS ${what.table}; ${what.create}`);
  const begun = performance.now();
  await subscriber.sql(`CREATE SUBSCRIPTION peer CONNECTION '${conninfo(source)}' PUBLICATION peer`);
  await until(async () => (await subscriber.sql("SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel"))[0]?.[0] === 't', 20);
  const subscriptionS = (performance.now() - begun) / 1000;
  await truth.expectIn(subscriber);
  await subscriber.sql('DROP SUBSCRIPTION peer');
  return { copyS: (before + after) / 2, subscriptionS, link };
}

function copyOut(source: BenchServer, table: string): Promise<{ readonly seconds: number }> {
  return source.client('psql', ['-X', '-q', '-c', `COPY ${table} TO STDOUT (FORMAT binary)`], { discard: true });
}

function measures(rounds: readonly Round[], what: SnapshotTable): readonly Measure[] {
  return [
    compared(
      'link ÷ psql COPY (FORMAT binary) > /dev/null',
      rounds.map(({ link, copyS }) => [link.linkS, copyS]),
      { ratioAtLeast: what.overCopy },
    ),
    compared(
      'whole program ÷ psql COPY (FORMAT binary) > /dev/null',
      rounds.map(({ link, copyS }) => [link.wallS, copyS]),
    ),
    compared(
      'whole program ÷ PostgreSQL subscription copying',
      rounds.map(({ link, subscriptionS }) => [link.wallS, subscriptionS]),
      { ratioAtLeast: what.overSubscription },
    ),
    worst(
      'peak memory of the program',
      'MB',
      rounds.map(({ link }) => link.peakMb),
      { atMost: 512 },
    ),
  ];
}
