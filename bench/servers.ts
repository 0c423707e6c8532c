import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { directDialer } from '#base/dialer.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { runProgram, type Ended } from './workplace.ts';

const programs = '/usr/lib/postgresql/15/bin';

/** Durable as a real server; large enough that all rows lie in memory; no checkpoint or vacuum of its own in the middle of a measurement. */
const settings = {
  fsync: 'on',
  shared_buffers: '1GB',
  max_wal_size: '64GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  max_connections: '50',
  // Otherwise a subscription may wait 5 s before it begins.
  wal_retrieve_retry_interval: '100ms',
};

/** A PostgreSQL server of the benchmark's own, of Debian's packages. */
export interface BenchServer extends AsyncDisposable {
  readonly server: TestPostgres;
  /** Runs SQL and answers the rows of the last statement. */
  sql(text: string, database?: string): Promise<readonly (readonly (string | null)[])[]>;
  /** Ends our own connection to a database. */
  close(database: string): Promise<void>;
  url(database?: string): string;
  /** Runs psql, pgbench or another client program against it. */
  client(
    program: string,
    args: readonly string[],
    options?: { readonly discard?: boolean; readonly env?: Record<string, string> },
  ): Promise<Ended>;
}

export async function startServer(more: Readonly<Record<string, string>> = {}): Promise<BenchServer> {
  const server = await startPostgres({ version: 'debian', settings: { ...settings, ...more } });
  const connections = new Map<string, PgConnection>();
  const connect = async (database: string): Promise<PgConnection> => {
    const known = connections.get(database);
    if (known && !known.fault) return known;
    const made = await openConnection(server.url(database));
    connections.set(database, made);
    return made;
  };
  return {
    server,
    sql: async (text, database = 'postgres') => (await connect(database)).query(text),
    close: async (database) => {
      await connections.get(database)?.close();
      connections.delete(database);
    },
    url: (database = 'postgres') => server.url(database),
    client: (program, args, options = {}) =>
      runProgram(`${programs}/${program}`, args, {
        ...options,
        env: {
          PGHOST: server.host,
          PGPORT: String(server.port),
          PGUSER: server.user,
          PGPASSWORD: server.password,
          PGDATABASE: 'postgres',
          ...options.env,
        },
      }),
    [Symbol.asyncDispose]: async () => {
      for (const connection of connections.values()) await connection.close();
      await server[Symbol.asyncDispose]();
      rmSync(dirname(server.logFile), { recursive: true, force: true });
    },
  };
}

export function openConnection(url: string, more: { readonly replication?: 'database' } = {}): Promise<PgConnection> {
  return PgConnection.connect(
    { ...parsePgUrl(url), dialer: directDialer, settings: { search_path: 'public' }, ...more },
    new AbortController().signal,
  );
}

/** As libpq wants it. */
export function conninfo({ server }: BenchServer, database = 'postgres'): string {
  return `host=${server.host} port=${server.port} user=${server.user} password=${server.password} dbname=${database}`;
}

/** The path of a client program of PostgreSQL. */
export function clientProgram(name: string): string {
  return `${programs}/${name}`;
}

/** Waits as an INSERT does no longer than it must: what only prepares a benchmark need not be durable at once. */
export const hastily = { PGOPTIONS: '-c synchronous_commit=off' };

/** Takes away what links left at the source. */
export async function dropLinks(source: BenchServer, like = 'isthmus_%', database?: string): Promise<void> {
  const pattern = `'${like.replaceAll('_', '\\_')}'`;
  await source.sql(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name LIKE ${pattern} AND active`);
  for (let tries = 0; tries < 100; tries++) {
    const [row] = await source.sql(`SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE ${pattern} AND active`);
    if (row?.[0] === '0') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await source.sql(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE ${pattern}`);
  for (const [name] of await source.sql(`SELECT pubname FROM pg_publication WHERE pubname LIKE ${pattern}`, database))
    await source.sql(`DROP PUBLICATION "${name}"`, database);
}
