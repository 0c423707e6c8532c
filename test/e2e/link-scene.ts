import { join } from 'node:path';
import { openServed, readAll } from '#pool/query-server.ts';
import type { PgConnection } from '#replication/sources/postgres/connection.ts';
import { quoteIdentifier } from '#replication/schema.ts';
import type { TestPostgres } from '../servers/postgres.ts';
import { runClient, type ControlPlane } from './control-plane.ts';
import { until } from './program.ts';

const never = new AbortController().signal;

/** A part of the document about Synapse Link, by Microsoft's packages. */
export type SynapsePart = (part: string, workspace: string, argument?: string) => Promise<unknown>;

export function synapseParts(plane: ControlPlane, database: TestPostgres): SynapsePart {
  const program = join(import.meta.dirname, '../clients/azure-synapse-link.ts');
  return async (part, workspace, argument = '') => {
    const { code, out, err } = await runClient(plane, process.execPath, [program, part, workspace, argument], {
      DATABASE_PORT: String(database.port),
      DATABASE_USER: database.user,
      DATABASE_PASSWORD: database.password,
    });
    if (code !== 0) throw new Error(`${part} ${workspace} ${argument}: ${err}`);
    return JSON.parse(out) as unknown;
  };
}

export interface LinkStatusSeen {
  readonly status: string;
  readonly isPartiallyFailed?: boolean;
  readonly error?: { readonly code?: string; readonly message?: string } | null;
}

/** Where a pool of a workspace lies. */
export function poolFile(plane: ControlPlane, workspace: string, pool = 'pool1'): string {
  return join(plane.folder, 'pools', workspace, pool, 'pool.duckdb');
}

/** What a query of the running pool answers; undefined while no process serves it. */
export async function queryPool(file: string, sql: string): Promise<readonly (readonly (string | null)[])[] | undefined> {
  try {
    await using reader = await openServed(file);
    return reader && (await readAll(reader, sql, never)).rows;
  } catch {
    // Its process was killed meanwhile, or the table is not there yet.
    return undefined;
  }
}

/** Waits until the rows of a table are the same on both sides, in the order of its key, value by value. */
export async function untilEqual(source: PgConnection, file: string, table: string, target: string = table): Promise<number> {
  let last = '';
  const [schema = '', name = ''] = target.split('.');
  try {
    return await until(`${table} is equal on both sides`, async () => {
      const here = await source.query(`SELECT * FROM ${table} ORDER BY 1`);
      const columns = await source.query(
        `SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      );
      const list = columns.map(([column]) => `CAST(${quoteIdentifier(column!)} AS VARCHAR)`).join(', ');
      const first = quoteIdentifier(columns[0]![0]!);
      const there = await queryPool(file, `SELECT ${list} FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)} ORDER BY ${first}`);
      last = `${here.length} rows at the source, ${there?.length ?? 'no'} in the pool`;
      return JSON.stringify(here) === JSON.stringify(there) && here.length;
    });
  } catch (error) {
    throw new Error(`${table}: ${last}`, { cause: error });
  }
}
