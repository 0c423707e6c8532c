import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compared, counted, worst, type Benchmark, type Measure } from './benchmark.ts';
import { Truth } from './digest.ts';
import { insertWide, makeAccounts, makeWide, pgbenchTables, wideColumns } from './fixtures.ts';
import { linkOnce, runProbed, type LinkResult } from './link-run.ts';
import { conninfo, hastily, startServer, type BenchServer } from './servers.ts';
import { scaled, until, type Workplace } from './workplace.ts';

const tables = [...pgbenchTables, 'wide', 'done'];
const subscriberTables = `
  CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
  CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
  CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
  CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
  CREATE TABLE wide (${wideColumns});
  CREATE TABLE done (id int PRIMARY KEY)`;

/** A source with changes prepared that a slot has not read yet, and what knew the source before them. */
interface Prepared {
  readonly source: BenchServer;
  readonly subscriber: BenchServer;
  /** A pool that is where the slots are. */
  readonly pool: string;
  readonly slot: string;
  /** The end of the changes. */
  readonly goal: string;
  readonly changes: number;
  readonly truth: Truth;
}

interface Round {
  readonly rawS: number;
  readonly recvS: number;
  readonly subscriptionS: number;
  readonly link: LinkResult;
}

export const changesDrain: Benchmark = {
  name: 'changes-drain',
  about:
    '1.3 M prepared changes (150 k TPC-B transactions; 300 k inserts, 300 k updates, 100 k deletes on 15 columns), from the slot to committed in the pool',
  run: async (place) => {
    await using source = await startServer();
    await using subscriber = await startServer();
    const prepared = await prepare(place, source, subscriber);
    place.say(`changes-drain: ${prepared.changes} changes ready`);
    const rounds: Round[] = [];
    for (let round = 0; round < place.rounds; round++) {
      const one = await measure(place, prepared, round);
      place.say(
        `changes-drain: raw reader ${one.rawS.toFixed(2)} s, link ${one.link.wallS.toFixed(2)} s (${one.link.cpuS.toFixed(1)} CPU s, ${one.link.peakMb.toFixed(0)} MB), pg_recvlogical ${one.recvS.toFixed(2)} s, subscription ${one.subscriptionS.toFixed(2)} s`,
      );
      rounds.push(one);
    }
    return measures(rounds, prepared.changes);
  },
};

async function prepare(place: Workplace, source: BenchServer, subscriber: BenchServer): Promise<Prepared> {
  const rows = scaled(place, 2_000_000, 20_000);
  await makeAccounts(source, scaled(place, 20, 1));
  await makeWide(source, rows);
  await source.sql('CREATE TABLE done (id int PRIMARY KEY)');
  const pool = join(place.folder, 'before.duckdb');
  await linkOnce(place, { url: source.url(), file: pool, tables: 'public.*' });
  const [slot] = (await source.sql("SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'isthmus%'"))[0]!;
  await source.sql(`SELECT pg_copy_logical_replication_slot('${slot}', 'ours_before')`);
  await source.sql(`CREATE PUBLICATION peer FOR TABLE ${tables.join(', ')}`);
  await source.sql("SELECT pg_create_logical_replication_slot('peer_before', 'pgoutput')");
  await prepareSubscriber(source, subscriber);
  place.say('changes-drain: pool and subscriber hold the rows before the changes');
  const changes = await makeChanges(place, source, rows);
  const [goal] = (await source.sql('SELECT pg_current_wal_insert_lsn()'))[0]!;
  await source.sql('CHECKPOINT');
  const truth = await Truth.of(source, tables);
  return { source, subscriber, pool, slot: slot!, goal: goal!, changes, truth };
}

/** A database with the rows before the changes, to be copied for each round. */
async function prepareSubscriber(source: BenchServer, subscriber: BenchServer): Promise<void> {
  await subscriber.sql('CREATE DATABASE before');
  await subscriber.sql(subscriberTables, 'before');
  await subscriber.sql(`CREATE SUBSCRIPTION prepare CONNECTION '${conninfo(source)}' PUBLICATION peer`, 'before');
  await until(
    async () => (await subscriber.sql("SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel", 'before'))[0]?.[0] === 't',
    100,
  );
  await subscriber.sql('DROP SUBSCRIPTION prepare', 'before');
  await subscriber.sql('VACUUM (ANALYZE, FREEZE)', 'before');
  await subscriber.close('before');
}

async function makeChanges(place: Workplace, source: BenchServer, rows: number): Promise<number> {
  const transactions = scaled(place, 37_500, 500);
  await source.client('pgbench', ['-n', '-c', '4', '-j', '2', '-t', String(transactions)], { env: hastily });
  const more = scaled(place, 300_000, 3000);
  await insertWide(source, { from: rows + 1, to: rows + more });
  await source.sql(`UPDATE wide SET n = n + 1, t = md5(t), ts = ts + interval '1 day' WHERE id % 20 IN (1, 8, 15) AND id <= ${rows}`);
  await source.sql(`DELETE FROM wide WHERE id % 20 = 7 AND id <= ${rows}`);
  await source.sql('INSERT INTO done VALUES (1)');
  return transactions * 16 + more + Math.floor(rows / 20) * 4 + 1;
}

async function measure(place: Workplace, prepared: Prepared, round: number): Promise<Round> {
  const before = await readRaw(place, prepared);
  const link = await drain(place, prepared);
  const after = await readRaw(place, prepared);
  const recvS = await receive(prepared);
  const subscriptionS = await catchUp(prepared, `round_${round}`);
  return { rawS: (before + after) / 2, link, recvS, subscriptionS };
}

/** Gives `use` a slot of its own that stands before the changes. */
async function withSlot<T>(source: BenchServer, use: (slot: string) => Promise<T>): Promise<T> {
  await source.sql("SELECT pg_copy_logical_replication_slot('peer_before', 'peer_now')");
  try {
    return await use('peer_now');
  } finally {
    await until(
      async () => (await source.sql("SELECT active FROM pg_replication_slots WHERE slot_name = 'peer_now'"))[0]?.[0] !== 't',
      20,
      60,
    );
    await source.sql("SELECT pg_drop_replication_slot('peer_now')");
  }
}

async function readRaw(place: Workplace, { source, goal }: Prepared): Promise<number> {
  return withSlot(source, async (slot) => (await runProbed(place, ['bench/raw-reader.ts', source.url(), slot, 'peer', goal])).seconds);
}

async function drain(place: Workplace, { source, pool, slot, truth }: Prepared): Promise<LinkResult> {
  const file = join(place.folder, 'after.duckdb');
  copyFileSync(pool, file);
  await source.sql(`SELECT pg_drop_replication_slot('${slot}')`);
  await source.sql(`SELECT pg_copy_logical_replication_slot('ours_before', '${slot}')`);
  const link = await linkOnce(place, { url: source.url(), file, tables: 'public.*' });
  await truth.expectInPool(file);
  rmSync(file);
  return link;
}

function receive({ source, goal }: Prepared): Promise<number> {
  return withSlot(source, async (slot) => {
    const options = ['--start', '-f', '/dev/null', '--no-loop', '-o', 'proto_version=1', '-o', 'publication_names=peer', '--endpos', goal];
    return (await source.client('pg_recvlogical', ['-d', 'postgres', '--slot', slot, ...options])).seconds;
  });
}

function catchUp({ source, subscriber, truth }: Prepared, database: string): Promise<number> {
  return withSlot(source, async (slot) => {
    await subscriber.sql(`CREATE DATABASE ${database} TEMPLATE before`);
    await subscriber.sql('CHECKPOINT');
    const begun = performance.now();
    await subscriber.sql(
      `CREATE SUBSCRIPTION peer CONNECTION '${conninfo(source)}' PUBLICATION peer WITH (create_slot = false, slot_name = '${slot}', copy_data = false)`,
      database,
    );
    await until(async () => (await subscriber.sql('SELECT count(*) FROM done', database))[0]?.[0] === '1', 50);
    const seconds = (performance.now() - begun) / 1000;
    await truth.expectIn(subscriber, database);
    await subscriber.sql('ALTER SUBSCRIPTION peer DISABLE', database);
    await subscriber.sql('ALTER SUBSCRIPTION peer SET (slot_name = NONE)', database);
    await subscriber.sql('DROP SUBSCRIPTION peer', database);
    await subscriber.close(database);
    await subscriber.sql(`DROP DATABASE ${database} WITH (FORCE)`);
    return seconds;
  });
}

function measures(rounds: readonly Round[], changes: number): readonly Measure[] {
  return [
    compared(
      'whole program ÷ paced reader that discards',
      rounds.map(({ link, rawS }) => [link.wallS, rawS]),
      { ratioAtLeast: 0.85 },
    ),
    compared(
      'whole program ÷ pg_recvlogical -f /dev/null',
      rounds.map(({ link, recvS }) => [link.wallS, recvS]),
      { ratioAtLeast: 1.3 },
    ),
    compared(
      'whole program ÷ PostgreSQL subscription catching up',
      rounds.map(({ link, subscriptionS }) => [link.wallS, subscriptionS]),
      { ratioAtLeast: 2 },
    ),
    counted(
      'changes a second',
      '1/s',
      rounds.map(({ link }) => changes / link.wallS),
    ),
    worst(
      'peak memory of the program',
      'MB',
      rounds.map(({ link }) => link.peakMb),
      { atMost: 512 },
    ),
  ];
}
