import { z } from 'zod';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlError } from '../sql-error.ts';
import { textLiteral } from '../translate/sql-text.ts';

/** Functions that stand in FROM and read rows of the pool, or make their own: others switch the engine's settings, log everybody's statements, show the machine or read memory. */
const harmlessTables: ReadonlySet<string> = new Set(
  `range generate_series unnest repeat json_each json_tree duckdb_tables duckdb_columns duckdb_views duckdb_constraints duckdb_indexes
  duckdb_schemas duckdb_sequences duckdb_types duckdb_functions duckdb_keywords pragma_table_info pragma_storage_info pragma_version
  pragma_collations pg_timezone_names icu_calendar_names test_all_types histogram histogram_values`.split(/\s+/),
);
/** Functions of values that change something, or show the machine. */
const harmful: ReadonlySet<string> = new Set(['nextval', 'write_log', 'current_setting']);
/** Views and lists of the engine's own that do the same by another name. */
const machineTable = /^"?(?:databases|duckdb_(?:logs?|log_contexts|databases|settings|secrets|extensions)|pragma_database_list)"?$/;

const serialized = z.object({
  error: z.boolean(),
  error_message: z.string().optional(),
  error_type: z.string().optional(),
  statements: z.array(z.unknown()).optional(),
});

/**
 * What of a statement in DuckDB's SQL is not for whoever asks, in words; undefined: it only reads rows. DuckDB's own parser says what is in it.
 * What it cannot parse is not asked of the engine at all, which may see less of it. Error 50000.
 */
export async function refusedPart(connection: DuckDBConnection, sql: string): Promise<string | undefined> {
  const result = await connection.runAndReadAll(`SELECT CAST(json_serialize_sql(${textLiteral(sql)}) AS VARCHAR)`);
  const { error, error_type, error_message = '', statements } = serialized.parse(JSON.parse(String(result.getRows()[0]?.[0])));
  if (error && error_type === 'parser') throw sqlError(50_000, `DuckDB refused the statement: ${error_message.slice(0, 500)}`);
  if (error) return 'a statement that is no plain SELECT';
  return refusedWithin(statements);
}

function refusedWithin(tree: unknown): string | undefined {
  const left: unknown[] = [tree];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== 'object' || node === null) continue;
    const refused = refusedNode(node as Readonly<Record<string, unknown>>);
    if (refused !== undefined) return refused;
    for (const value of Object.values(node)) if (typeof value === 'object') left.push(value);
  }
  return undefined;
}

function refusedNode({
  type,
  function: called,
  function_name: name,
  table_name: table,
}: Readonly<Record<string, unknown>>): string | undefined {
  if (type === 'TABLE_FUNCTION') {
    const tableFunction = (called as { readonly function_name?: unknown } | null)?.function_name;
    if (typeof tableFunction !== 'string' || !harmlessTables.has(tableFunction.toLowerCase()))
      return `${typeof tableFunction === 'string' ? tableFunction : 'that function'} in FROM`;
  }
  if (typeof name === 'string' && harmful.has(name.toLowerCase())) return name;
  if (typeof table === 'string' && machineTable.test(table.toLowerCase())) return table;
  return undefined;
}
