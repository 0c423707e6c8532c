import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compared, type Benchmark, type Measure } from './benchmark.ts';
import { Truth } from './digest.ts';
import { makeAccounts, makeWide } from './fixtures.ts';
import { linkOnce } from './link-run.ts';
import { dropLinks, startServer, type BenchServer } from './servers.ts';
import { runProgram, scaled, type Workplace } from './workplace.ts';

const folder = join(import.meta.dirname, 'zero');
const limitS = 900;

interface Synced {
  /** From the start of the program until it says that all rows are there. */
  readonly wallS: number;
  /** What it says that its initial sync took. */
  readonly syncS: number;
}

interface Round {
  readonly linkS: number;
  readonly wallS: number;
  readonly zero: Synced;
}

export const peers: Benchmark = {
  name: 'peers',
  about: 'First copy of the same tables by zero-cache (@rocicorp/zero), which keeps a replica in SQLite',
  run: async (place) => {
    const trouble = await install(place);
    if (trouble !== undefined) return [{ what: 'zero-cache', unit: 's', ours: 0, runs: [], note: `not measured: ${trouble}` }];
    await using source = await startServer();
    await source.sql('CREATE DATABASE rows');
    await makeAccounts(source, scaled(place, 20, 1), 'rows');
    await makeWide(source, scaled(place, 2_000_000, 2000), { database: 'rows' });
    await source.close('rows');
    const measures: Measure[] = [];
    for (const table of ['wide', 'pgbench_accounts']) measures.push(...(await compare(place, source, table)));
    return measures;
  },
};

/** Installs the peer where it is missing. Answers why it cannot be. */
async function install(place: Workplace): Promise<string | undefined> {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  const installed = join(folder, 'node_modules/@rocicorp/zero/package.json');
  if (
    existsSync(installed) &&
    (JSON.parse(readFileSync(installed, 'utf8')) as { version: string }).version === dependencies['@rocicorp/zero']
  )
    return undefined;
  place.say('peers: installing zero-cache');
  try {
    // Its native parts come prebuilt in the package: no script of any package has to run.
    await runProgram('npm', ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
    });
    return undefined;
  } catch (error) {
    return `npm could not install it: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function compare(place: Workplace, source: BenchServer, table: string): Promise<readonly Measure[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < place.rounds; round++) {
    const database = `${table}_${round}`;
    // The peer leaves schemas and event triggers behind, so each round has a database of its own.
    await source.sql(`CREATE DATABASE ${database} TEMPLATE rows`);
    const truth = await Truth.of(source, [table], database);
    const file = join(place.folder, 'peers.duckdb');
    const link = await linkOnce(place, { url: source.url(database), file, tables: `public.${table}` });
    await truth.expectInPool(file);
    rmSync(file);
    await dropLinks(source, 'isthmus_%', database);
    const zero = await syncZero(place, source, { database, table });
    await source.close(database);
    await dropLinks(source, '%');
    await source.sql(`DROP DATABASE ${database} WITH (FORCE)`);
    rounds.push({ linkS: link.linkS, wallS: link.wallS, zero });
    place.say(
      `peers: ${table}: link ${link.linkS.toFixed(2)} s (program ${link.wallS.toFixed(2)} s), zero-cache ${zero.syncS.toFixed(2)} s (program ${zero.wallS.toFixed(2)} s)`,
    );
  }
  return [
    compared(
      `${table}: link ÷ zero-cache's initial sync`,
      rounds.map(({ linkS, zero }) => [linkS, zero.syncS]),
    ),
    compared(
      `${table}: whole program ÷ zero-cache until synced`,
      rounds.map(({ wallS, zero }) => [wallS, zero.wallS]),
    ),
  ];
}

async function syncZero(
  place: Workplace,
  source: BenchServer,
  what: { readonly database: string; readonly table: string },
): Promise<Synced> {
  await source.sql(`CREATE PUBLICATION peer FOR TABLE ${what.table}`, what.database);
  const expected = (await source.sql(`SELECT count(*) FROM ${what.table}`, what.database))[0]![0]!;
  const replica = join(place.folder, 'zero.db');
  const begun = performance.now();
  const child = spawn(process.execPath, [join(folder, 'node_modules/.bin/zero-cache')], {
    cwd: place.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ZERO_UPSTREAM_DB: source.url(what.database),
      ZERO_REPLICA_FILE: replica,
      ZERO_APP_PUBLICATIONS: 'peer',
      ZERO_APP_ID: 'peer',
      ZERO_PORT: String(20_000 + Math.floor(Math.random() * 10_000)),
      ZERO_NUM_SYNC_WORKERS: '1',
      ZERO_ADMIN_PASSWORD: 'bench',
      ZERO_CHANGE_STREAMER_STARTUP_DELAY_MS: '0',
      ZERO_ENABLE_TELEMETRY: 'false',
      DO_NOT_TRACK: '1',
    },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitS * 1000);
  let copied: string | undefined;
  let said = '';
  let synced: Synced | undefined;
  child.stderr.on('data', (bytes: Buffer) => (said = (said + bytes.toString('utf8')).slice(-2000)));
  for await (const line of createInterface({ input: child.stdout })) {
    said = `${said}\n${line}`.slice(-2000);
    const copy = /Finished copying ([\d,]+) rows into (\S+)/.exec(line);
    if (copy?.[2] === what.table) copied = copy[1]!.replaceAll(',', '');
    const total = /Synced [\d,]+ rows .*total: ([\d.]+) ms/.exec(line);
    if (!total) continue;
    synced = { wallS: (performance.now() - begun) / 1000, syncS: Number(total[1]) / 1000 };
    child.kill('SIGTERM');
    break;
  }
  child.stdout.resume();
  await ended;
  clearTimeout(timer);
  for (const suffix of ['', '-wal', '-wal2', '-shm']) rmSync(replica + suffix, { force: true });
  if (!synced) throw new Error(`zero-cache ended without having synced: ${said}`);
  if (copied !== expected) throw new Error(`zero-cache copied ${copied} rows of ${what.table} instead of ${expected}`);
  return synced;
}
