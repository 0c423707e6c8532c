import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toFault } from '#base/fault.ts';
import { openReader, readAll } from '#pool/query-server.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { shopConnection } from '#bin/demo/shop-writer.ts';
import { isthmus } from './program.ts';

export interface ShopPlaces {
  /** The data folder. */
  readonly data: string;
  /** Of the source. */
  readonly url: string;
  /** The pool's file. */
  readonly pool: string;
}

const never = new AbortController().signal;
const lastLines = 20;

/** Where everything between source and pool stands: whoever finds them different learns whether something is late, or lost, and where. */
export async function shopStanding({ data, url, pool }: ShopPlaces): Promise<string> {
  const parts = { status: statusOf(data), source: sourceOf(url), pool: poolOf(pool), 'landing zone': zoneOf(data), logs: logsOf(data) };
  const told = await Promise.all(
    Object.entries(parts).map(async ([name, part]) => `${name}: ${await part.catch((error: unknown) => toFault(error).message)}`),
  );
  return told.join('\n');
}

async function statusOf(data: string): Promise<string> {
  const { links, processes } = JSON.parse((await isthmus(['status', '--data', data, '-o', 'json'])).out) as {
    readonly links: readonly Record<string, unknown>[];
    readonly processes: unknown;
  };
  const shown = links.map(({ state, following, lagMs, waitingSegments, trouble }) => ({
    state,
    following,
    lagMs,
    waitingSegments,
    trouble,
  }));
  return JSON.stringify({ links: shown, processes });
}

async function sourceOf(url: string): Promise<string> {
  await using source = await PgConnection.connect(shopConnection(url), never);
  const slots = await source.query('SELECT slot_name, active, restart_lsn, confirmed_flush_lsn FROM pg_replication_slots');
  return JSON.stringify({ slots, end: await source.query('SELECT pg_current_wal_lsn()') });
}

async function poolOf(file: string): Promise<string> {
  await using pool = await openReader(file);
  return JSON.stringify((await readAll(pool, 'SELECT run, number, position FROM isthmus.link', never)).rows);
}

/** Numbers and positions of what lies there, and by which opening of the zone it was written. */
async function zoneOf(data: string): Promise<string> {
  const folder = join(data, 'links');
  const files = (await readdir(folder, { recursive: true })).filter((name) => /\/(?:base|manifest)\.json$/.test(name)).toSorted();
  const shown = files.map(async (name) => {
    const { body } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { readonly body: Record<string, unknown> };
    const { number, position, epoch, changes } = body;
    return JSON.stringify({ name, number, position, epoch, changes });
  });
  return (await Promise.all(shown)).join('\n  ');
}

/** The last of what each process found wrong. */
async function logsOf(data: string): Promise<string> {
  const folder = join(data, 'logs');
  const shown = (await readdir(folder)).map(async (name) => {
    const wrong = (await readFile(join(folder, name), 'utf8'))
      .split('\n')
      .filter((line) => /"level":"(?:warn|error|fatal)"|"err":/.test(line));
    return [name, ...wrong.slice(-lastLines)].join('\n    ');
  });
  return (await Promise.all(shown)).join('\n  ');
}
