import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import type { Action, Read } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { QueryColumn } from '#pool/query.ts';
import { openServed } from '#pool/query-server.ts';
import type { SqlPoolProperties } from './sql-pool-shape.ts';

interface Question {
  readonly sql: string;
  readonly mostRows: number;
}

const usualRows = 1_000;
const mostRows = 10_000;
const mostBytes = 4 * 1024 * 1024;
/** As it comes from the pool: one row may be so long. */
const mostPartBytes = 4 * mostBytes;
const timeoutMs = 60_000;
/** Queries of one pool at once through the control plane; each holds what it answers. */
const mostQueries = 8;

const input: z.ZodType<Question> = z.object({
  sql: z.string().min(1).max(200_000),
  mostRows: z.int().min(1).max(mostRows).default(usualRows),
}) as unknown as z.ZodType<Question>;

/**
 * `POST …/query`: one reading statement, on one committed state. Answers `{columns: [{name, type}], rows, truncated}`; values are their exact
 * text, null is SQL's null. Faults: `SqlPoolNotOnline` (conflict), `QueryTimeout` (timeout), `TooManyQueries` (throttled), those of the query.
 */
export function queryAction(fileOf: (pool: string) => string): Action<SqlPoolProperties, Question> {
  const running = new Map<string, number>();
  return {
    behindRoot: true,
    summary: `Read from the pool: one statement, at most ${mostRows} rows and ${mostBytes / 1024 / 1024} MB, values as exact texts`,
    input,
    run: async ({ self, input: question, signal }) => {
      const pool = self!;
      const now = running.get(pool.id) ?? 0;
      if (now >= mostQueries)
        throw fault('throttled', 'TooManyQueries', `${mostQueries} queries of this pool are being answered already.`, {
          target: pool.id,
          remedy: 'Try again in a moment.',
        });
      running.set(pool.id, now + 1);
      try {
        return { body: await answer(pool, fileOf(pool.id), { ...question, signal }) };
      } finally {
        running.set(pool.id, running.get(pool.id)! - 1);
      }
    },
  };
}

/** The pool's own records of links are no concern of those who read its tables. */
const tablesSql = `SELECT schema_name, table_name, 'table', CAST(estimated_size AS VARCHAR), CAST(column_count AS VARCHAR)
FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal AND NOT temporary AND schema_name <> 'isthmus'
UNION ALL
SELECT schema_name, view_name, 'view', NULL, CAST(column_count AS VARCHAR)
FROM duckdb_views() WHERE database_name = current_database() AND NOT internal AND NOT temporary AND schema_name <> 'isthmus'
ORDER BY 1, 2`;

/**
 * `GET …/tables`: `{value: [{schemaName, tableName, kind: table|view, rows, columns}], truncated}`. `rows` is a text, as the pool estimates it;
 * views have none. Faults: `SqlPoolNotOnline` (conflict), `QueryTimeout` (timeout).
 */
export function tablesRead(fileOf: (pool: string) => string): Read<SqlPoolProperties> {
  return {
    summary: 'Its tables and views, how many columns they have, and about how many rows',
    behindRoot: true,
    run: async ({ self, signal }) => {
      const { rows, truncated } = await answer(self, fileOf(self.id), { sql: tablesSql, mostRows, signal });
      const value = rows.map(([schemaName, tableName, kind, count, columns]) => ({
        schemaName: schemaName!,
        tableName: tableName!,
        kind: kind!,
        ...(count !== null && { rows: count! }),
        columns: Number(columns),
      }));
      return { value, truncated };
    },
  };
}

interface Asked extends Question {
  readonly signal: AbortSignal;
}

async function answer(pool: Resource<SqlPoolProperties>, file: string, { sql, mostRows: rowsAsked, signal }: Asked) {
  if (pool.properties.paused === true) throw notOnline(pool);
  await using reader = await openServed(file);
  if (reader === undefined) throw notOnline(pool);
  const late = AbortSignal.timeout(timeoutMs);
  let columns: readonly QueryColumn[] = [];
  const rows: (readonly (string | null)[])[] = [];
  let bytes = 0;
  let truncated = false;
  try {
    // One row more than is wanted says whether there are more.
    for await (const part of reader.run(sql, AbortSignal.any([signal, late]), { maxRows: rowsAsked + 1, maxPartBytes: mostPartBytes })) {
      if (part.kind === 'columns') columns = part.columns;
      else truncated = part.rows.some((row) => !take(row));
      if (truncated) break;
    }
  } catch (error) {
    if (late.aborted)
      throw fault('timeout', 'QueryTimeout', `The query took longer than ${timeoutMs / 1000} seconds.`, {
        remedy: 'Ask for less, or use isthmus sql on the machine itself.',
        cause: error,
      });
    throw error;
  }
  return { columns: columns.map(({ name, type }) => ({ name, type })), rows, truncated };

  function take(row: readonly (string | null)[]): boolean {
    for (const value of row) bytes += value === null ? 4 : value.length;
    if (rows.length === rowsAsked || (bytes > mostBytes && rows.length > 0)) return false;
    rows.push(row);
    return true;
  }
}

function notOnline({ id, name, properties }: Resource<SqlPoolProperties>): Fault {
  const paused = properties.paused === true;
  return fault('conflict', 'SqlPoolNotOnline', `The SQL pool '${name}' is ${paused ? 'paused' : 'not online yet'}.`, {
    target: id,
    remedy: paused ? `POST ${id}/resume` : 'Try again in a moment; its status says how it stands.',
  });
}
