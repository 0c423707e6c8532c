import { setTimeout as delay } from 'node:timers/promises';
import { Fault, fault, must } from '#base/fault.ts';
import { BatchBuilder, type ColumnBatch } from '#replication/column.ts';
import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import type { TableProgress } from '#replication/segment.ts';
import type { PageEnd } from '#replication/source.ts';
import { readTables, sameShape, type CatalogOptions, type PgTable } from './catalog.ts';
import type { PgConnection } from './connection.ts';
import type { TableSchema } from '#replication/schema.ts';
import { BinaryRowDecoder } from './types/binary-row-decoder.ts';
import { parseSnapshot, type TakenTransactions } from './visibility.ts';

export interface PageReader {
  readonly connection: PgConnection;
  readonly catalog: CatalogOptions;
  readonly taken: TakenTransactions;
}

/** A page takes a few hundred milliseconds; between two of them changes are applied. */
const pageBytes = 64 * 1024 * 1024;
/** Column stores keep rows in groups (DuckDB: 122,880), and write a group that a page left half full a second time when the next one fills it. */
const groupRows = 122_880;
const batchBytes = 6 * 1024 * 1024;
const guessedRowBytes = 120;
const unseenWaitMs = 20;
const unseenLimitMs = 10_000;

/**
 * The next page of a table in its key's order as the source sorts it, or all of a table without key. One transaction, one snapshot that
 * sees every change already taken from the stream; the table cannot be altered meanwhile.
 * Faults: `TableChanged` (conflict) when its shape is not the schema's; `TableMissing`.
 */
export async function* readPage(reader: PageReader, schema: TableSchema, progress: TableProgress, signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd> {
  const { table, snapshot } = await begin(reader, schema, signal);
  try {
    if (schema.identity !== 'key') {
      yield* copyRows(reader, table, '', signal);
      await reader.connection.query('COMMIT');
      return { after: undefined, seen: snapshot };
    }
    const after = progress.after;
    const upper = await upperBound(reader.connection, table, after);
    const conditions = [after && keyCondition(table, '>', after), upper && keyCondition(table, '<=', upper)].filter((one) => one !== undefined);
    yield* copyRows(reader, table, conditions.join(' AND '), signal);
    await reader.connection.query('COMMIT');
    return { after: upper, seen: undefined };
  } catch (error) {
    throw await rollback(reader.connection, error, schema.table);
  }
}

/** The rows with the given keys that exist now; the rules of `readPage` hold. */
export async function* fetchRows(reader: PageReader, schema: TableSchema, keys: readonly (readonly string[])[], signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd> {
  const { table } = await begin(reader, schema, signal);
  try {
    for (let i = 0; i < keys.length; i += 1000) {
      const list = keys.slice(i, i + 1000).map((key) => `(${key.map(quoteLiteral).join(', ')})`);
      yield* copyRows(reader, table, `(${keyNames(table)}) IN (${list.join(', ')})`, signal);
    }
    await reader.connection.query('COMMIT');
    return { after: undefined, seen: undefined };
  } catch (error) {
    throw await rollback(reader.connection, error, schema.table);
  }
}

async function begin(reader: PageReader, schema: TableSchema, signal: AbortSignal): Promise<{ table: PgTable; snapshot: string }> {
  const waitedFrom = performance.now();
  for (;;) {
    await reader.connection.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      // The lock comes before the snapshot: what the catalog says then holds until the commit. It waits for, and holds up, nothing but DDL.
      await reader.connection.query(`SET LOCAL lock_timeout = '10s'; LOCK TABLE ${quoteIdentifier(schema.schema)}.${quoteIdentifier(schema.name)} IN ACCESS SHARE MODE`);
      const [row] = await reader.connection.query('SELECT pg_catalog.pg_current_snapshot()');
      const snapshot = must(row?.[0], 'no snapshot');
      if (reader.taken.allSeenBy(parseSnapshot(snapshot))) return { table: await verifiedTable(reader, schema), snapshot };
      await reader.connection.query('ROLLBACK');
    } catch (error) {
      throw await rollback(reader.connection, error, schema.table);
    }
    if (performance.now() - waitedFrom > unseenLimitMs) {
      throw fault('timeout', 'CommitNotVisible', 'A transaction that the source has logged is still not visible there.', { target: schema.table, remedy: 'It probably waits for a synchronous standby: check synchronous_standby_names and the standby.' });
    }
    await delay(unseenWaitMs, undefined, { signal });
  }
}

async function verifiedTable(reader: PageReader, schema: TableSchema): Promise<PgTable> {
  const patterns = { matches: (s: string, n: string) => s === schema.schema && n === schema.name, exact: [] };
  const [table] = await readTables(reader.connection, { ...reader.catalog, patterns });
  if (!table) throw fault('missing', 'TableMissing', `${schema.table} is no longer there.`, { target: schema.table, remedy: 'Create it again, or leave it out of --tables.' });
  if (!sameShape(table.schema, schema)) throw fault('conflict', 'TableChanged', `${schema.table} was altered.`, { target: schema.table });
  return table;
}

async function rollback(connection: PgConnection, error: unknown, table: string): Promise<unknown> {
  try {
    await connection.query('ROLLBACK');
  } catch (second) {
    // The connection itself is gone; the first error says why, unless it was only told of the second.
    return error instanceof Fault ? error : second;
  }
  const tableOnly = error instanceof Fault && error.target === undefined && (error.kind === 'denied' || error.kind === 'missing');
  return tableOnly ? fault(error.kind, error.code, error.message, { target: table, remedy: error.remedy, cause: error }) : error;
}

function keyNames(table: PgTable): string {
  return table.schema.key.map((place) => quoteIdentifier(table.schema.columns[place]!.name)).join(', ');
}

function keyCondition(table: PgTable, operator: '>' | '<=', key: readonly string[]): string {
  return `(${keyNames(table)}) ${operator} (${key.map(quoteLiteral).join(', ')})`;
}

/** The key of the page's last row, as the source writes it; undefined: the rest of the table fits one page. */
async function upperBound(connection: PgConnection, table: PgTable, after: readonly string[] | undefined): Promise<readonly string[] | undefined> {
  if (after === undefined && !table.partitioned && table.bytes <= pageBytes) return undefined;
  const rowBytes = table.estimatedRows > 0 && table.bytes > 0 ? Math.max(table.bytes / table.estimatedRows, 24) : guessedRowBytes;
  const rows = pageRows(rowBytes);
  const names = keyNames(table);
  const where = after ? `WHERE ${keyCondition(table, '>', after)} ` : '';
  const [row] = await connection.query(`SELECT ${names} FROM ${table.sqlName} ${where}ORDER BY ${names} OFFSET ${rows - 1} LIMIT 1`);
  return row?.map((value) => must(value, 'a key column is null'));
}

/** Rows of a page: whole groups where it holds any. */
export function pageRows(rowBytes: number): number {
  const rows = Math.round(pageBytes / rowBytes);
  return rows < groupRows ? Math.max(1000, rows) : Math.round(rows / groupRows) * groupRows;
}

async function* copyRows(reader: PageReader, table: PgTable, condition: string, signal: AbortSignal): AsyncGenerator<ColumnBatch, void> {
  const list = table.columns.map((column) => column.plan.copyExpression(quoteIdentifier(column.schema.name))).join(', ');
  const sql = `COPY (SELECT ${list} FROM ${table.sqlName}${condition === '' ? '' : ` WHERE ${condition}`}) TO STDOUT (FORMAT binary)`;
  const decoder = new BinaryRowDecoder(table.columns.map((column) => ({ name: column.schema.name, type: column.schema.type, wire: column.plan.wire })), table.schema.table);
  const builder = new BatchBuilder(table.columns.map((column) => column.schema.type));
  let bytes = 0;
  for await (const buffer of reader.connection.copyOut(sql, signal)) {
    decoder.decode(buffer, 0, buffer.length, builder);
    bytes += buffer.length;
    if (bytes < batchBytes || builder.rows === 0) continue;
    bytes = 0;
    yield builder.take();
  }
  if (!decoder.ended) throw fault('unreachable', 'CopyCutShort', `The copy of ${table.schema.table} ended before its end.`, { remedy: 'Check the network and the log of the source.' });
  if (builder.rows > 0) yield builder.take();
}
