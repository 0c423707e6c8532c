import { setTimeout as delay } from 'node:timers/promises';
import { Fault, fault, must } from '#base/fault.ts';
import { BatchBuilder, type ColumnBatch } from '#replication/column.ts';
import { quoteIdentifier, quoteLiteral, sameShape, type TableSchema } from '#replication/schema.ts';
import type { TableProgress } from '#replication/segment.ts';
import type { Deferred, PageEnd } from '#replication/source.ts';
import { readTablesById, treeOf, wasRewritten, type CatalogOptions, type PgTable } from './catalog.ts';
import type { PgConnection } from './connection.ts';
import { sqlstateOf } from './faults.ts';
import { logEnd } from './log-end.ts';
import { isLocked, publishTable, type PublicationNames } from './publications.ts';
import { limited, type Sql } from './sql-session.ts';
import { BinaryRowDecoder } from './types/binary-row-decoder.ts';
import { parseSnapshot, type TakenTransactions } from './visibility.ts';

export interface PageSettings {
  /** A page takes a few hundred milliseconds; between two of them changes are applied. Bytes of the table as it is stored. */
  readonly pageBytes: number;
  /** A batch ends after this many bytes of the source's own form. */
  readonly batchBytes: number;
  /** A copy that brings nothing for this long is given up, and so is the search for a page's end. */
  readonly silenceMs: number;
}

export const defaultPageSettings: PageSettings = { pageBytes: 64 * 1024 * 1024, batchBytes: 6 * 1024 * 1024, silenceMs: 300_000 };

export interface PageReader {
  /** Used by nobody else meanwhile. */
  readonly connection: PgConnection;
  readonly catalog: Pick<CatalogOptions, 'asText'>;
  readonly names: PublicationNames;
  readonly taken: TakenTransactions;
  readonly writers: WritersAtStart;
  readonly holds: Holds;
  readonly settings: PageSettings;
  readonly questionTimeoutMs: number;
  readonly signal: AbortSignal;
}

const guessedRowBytes = 120;
const fewestRows = 1000;
/** Column stores keep rows in groups (DuckDB: 122,880), and write a group that a page left half full a second time when the next one fills it. */
const groupRows = 122_880;
const lockMs = 500;
const patienceMs = 200;
const pollMs = 20;

/**
 * The next page of a table in its key's order as the source sorts it, or all of a table without key. One transaction, one snapshot that
 * sees every change already taken from the stream; the table cannot be altered meanwhile. Before its first page a table's changes begin to be
 * logged for us.
 * Faults: `TableChanged` (conflict) when its shape is not the schema's; `TableMissing`.
 */
export async function* readPage(
  reader: PageReader,
  schema: TableSchema,
  progress: TableProgress,
): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
  const sql = questions(reader);
  const refused = progress.state === 'Waiting' ? await tableOnly(sql, schema.table, () => admit(reader, sql, schema)) : undefined;
  if (refused) return refused;
  const isAgain = progress.state === 'Snapshotting' && progress.after === undefined;
  if (isAgain && !(await reader.holds.isOver(sql, schema)))
    return deferred(
      'LogBehind',
      schema.table,
      `${schema.table} was altered at the source; it is copied again once its changes from before that are read.`,
      'Wait.',
    );
  const begun = await begin(reader, sql, schema);
  if ('deferred' in begun) return begun;
  const { table, snapshot, bytes } = begun;
  return yield* inPage(sql, schema.table, async function* (): AsyncGenerator<ColumnBatch, PageEnd> {
    if (schema.identity !== 'key') {
      yield* copyRows(reader, table, '');
      await sql.query('COMMIT');
      return { after: undefined, seen: snapshot };
    }
    const upper = await upperBound(sql, { table, bytes, after: progress.after, settings: reader.settings });
    const conditions = [progress.after && keyCondition(table, '>', progress.after), upper && keyCondition(table, '<=', upper)].filter(
      (one) => one !== undefined,
    );
    yield* copyRows(reader, table, conditions.join(' AND '));
    await sql.query('COMMIT');
    // What the first page saw need not be applied again. A table that is copied once more has rows that only their own changes take away.
    return { after: upper, seen: progress.state === 'Waiting' ? snapshot : progress.seen };
  });
}

/** The rows with the given keys that exist now; the rules of `readPage` hold. */
export async function* fetchRows(
  reader: PageReader,
  schema: TableSchema,
  keys: readonly (readonly string[])[],
): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
  const sql = questions(reader);
  const begun = await begin(reader, sql, schema);
  if ('deferred' in begun) return begun;
  const { table } = begun;
  return yield* inPage(sql, schema.table, async function* (): AsyncGenerator<ColumnBatch, PageEnd> {
    for (let i = 0; i < keys.length; i += 1000) {
      const list = keys.slice(i, i + 1000).map((key) => `(${key.map(quoteLiteral).join(', ')})`);
      yield* copyRows(reader, table, `(${keyNames(table)}) IN (${list.join(', ')})`);
    }
    await sql.query('COMMIT');
    return { after: undefined, seen: undefined };
  });
}

function questions(reader: PageReader): Sql {
  return limited(reader.connection, { signal: reader.signal, timeoutMs: reader.questionTimeoutMs });
}

/** Who was writing to a table when its changes began to be logged for us. */
export class WritersAtStart {
  readonly #byTable = new Map<string, readonly string[]>();

  /**
   * A transaction that wrote to the table before it was published is logged only in part, or not at all. It is in the first page if that waits
   * for its end, as CREATE INDEX CONCURRENTLY does: for those that hold a lock now, not for those that come later. True: all are over.
   */
  async areOver(sql: Sql, oid: string): Promise<boolean> {
    const before = this.#byTable.get(oid);
    const rows = await sql.query(
      `SELECT DISTINCT l.virtualtransaction FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
        AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        AND l.relation IN (${treeOf(oid, 'true')})`,
    );
    const now = new Set(rows.map((row) => row[0] ?? ''));
    const left = before?.filter((one) => now.has(one)) ?? [...now];
    if (left.length === 0) this.#byTable.delete(oid);
    else this.#byTable.set(oid, left);
    return left.length === 0;
  }
}

/**
 * Keeps a table that is copied again waiting for the log. Altering a table can change its rows without logging them; a change from before that,
 * applied after a page that was read behind it, would bring back a value that no later change mends.
 */
export class Holds {
  readonly #goals = new Map<string, { readonly text: string; readonly goal: bigint }>();
  /** Every transaction that ended before this place was read. */
  readTo = 0n;

  /** True once the log was read up to where it ended when this was first asked for the table in this shape. */
  async isOver(sql: Sql, schema: TableSchema): Promise<boolean> {
    const hold = this.#goals.get(schema.table);
    const text = JSON.stringify(schema);
    if (hold?.text !== text) {
      this.#goals.set(schema.table, { text, goal: await logEnd(sql) });
      return false;
    }
    if (this.readTo < hold.goal) return false;
    this.#goals.delete(schema.table);
    return true;
  }
}

async function admit(reader: PageReader, sql: Sql, schema: TableSchema): Promise<Deferred | undefined> {
  const table = await verifiedTable(reader, sql, schema);
  if (!(await publishTable(sql, reader.names, table)))
    return deferred(
      'TableLocked',
      schema.table,
      `${schema.table} is locked at the source, so its changes cannot be logged yet.`,
      'It is tried again; look for a long ALTER TABLE, VACUUM or CREATE INDEX on it.',
    );
  const patience = performance.now() + patienceMs;
  while (!(await reader.writers.areOver(sql, table.oid))) {
    if (performance.now() > patience)
      return deferred(
        'WritersOpen',
        schema.table,
        `A transaction that wrote to ${schema.table} before the link began with it is still open at the source.`,
        "It is tried again; end the transaction: SELECT pid, xact_start, state FROM pg_stat_activity WHERE state LIKE '%in transaction%' ORDER BY xact_start;",
      );
    await delay(pollMs, undefined, { signal: reader.signal });
  }
  return undefined;
}

function deferred(code: string, target: string, message: string, remedy: string): Deferred {
  return { deferred: fault('throttled', code, message, { target, remedy }) };
}

interface Begun {
  readonly table: PgTable;
  readonly snapshot: string;
  /** Of the table, as it is stored. */
  readonly bytes: number;
}

async function begin(reader: PageReader, sql: Sql, schema: TableSchema): Promise<Begun | Deferred> {
  const patience = performance.now() + patienceMs;
  const name = `${quoteIdentifier(schema.schema)}.${quoteIdentifier(schema.name)}`;
  for (;;) {
    await sql.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      // The lock comes before the snapshot: what the catalog says then holds until the commit. It waits for, and holds up, nothing but DDL.
      await sql.query(`SET LOCAL lock_timeout = ${lockMs}; LOCK TABLE ONLY ${name} IN ACCESS SHARE MODE`);
      const size = `(SELECT pg_catalog.sum(pg_catalog.pg_relation_size(relid)) FROM (${treeOf(schema.id, `EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = ${schema.id} AND c.relkind = 'p')`)}) t)`;
      const [row] = await sql.query(`SELECT pg_catalog.pg_current_snapshot(), ${size}`);
      const snapshot = must(row?.[0], 'no snapshot');
      if (reader.taken.allSeenBy(parseSnapshot(snapshot)))
        return { table: await verifiedTable(reader, sql, schema), snapshot, bytes: Number(row?.[1] ?? 0) };
      await sql.query('ROLLBACK');
    } catch (error) {
      const failure = await failed(sql, error, schema.table);
      if (isLocked(failure))
        return deferred(
          'TableLocked',
          schema.table,
          `${schema.table} is locked at the source.`,
          'It is tried again; look for a long ALTER TABLE on it.',
        );
      throw failure;
    }
    if (performance.now() > patience) {
      return deferred(
        'CommitNotVisible',
        schema.table,
        'A transaction that the source has logged is still not visible there.',
        'It probably waits for a synchronous standby: check synchronous_standby_names and the standby.',
      );
    }
    await delay(pollMs, undefined, { signal: reader.signal });
  }
}

async function verifiedTable(reader: PageReader, sql: Sql, schema: TableSchema): Promise<PgTable> {
  const [table] = await readTablesById(sql, reader.catalog, [schema.id]);
  if (!table) throw tableMissing(schema.table);
  if (!sameShape(table.schema, schema) || wasRewritten(schema, table.schema))
    throw fault('conflict', 'TableChanged', `${schema.table} was altered.`, { target: schema.table });
  return table;
}

function tableMissing(table: string): Fault {
  return fault('missing', 'TableMissing', `${table} is no longer there.`, {
    target: table,
    remedy: 'Create it again, or take it out of the link.',
  });
}

/** Runs the rest of a page; a failure ends its transaction. */
async function* inPage(sql: Sql, table: string, work: () => AsyncGenerator<ColumnBatch, PageEnd>): AsyncGenerator<ColumnBatch, PageEnd> {
  try {
    return yield* work();
  } catch (error) {
    throw await failed(sql, error, table);
  }
}

async function tableOnly<T>(sql: Sql, table: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await failed(sql, error, table);
  }
}

/** Ends the transaction after a failure and answers the fault to throw: what the source refuses of one table concerns that table only. */
async function failed(sql: Sql, error: unknown, table: string): Promise<unknown> {
  let alive = true;
  try {
    await sql.query('ROLLBACK');
  } catch {
    // Where the connection is gone so is its transaction.
    alive = false;
  }
  if (error instanceof Fault && error.code === 'ValueTooLarge')
    return fault(error.kind, error.code, error.message, { target: table, remedy: error.remedy, cause: error });
  if (!alive || !(error instanceof Fault) || sqlstateOf(error) === undefined || isLocked(error)) return error;
  if (error.code === 'TableMissing') return tableMissing(table);
  const ofTable = error.kind === 'denied' || error.kind === 'missing' || error.kind === 'unsupported';
  return ofTable ? fault(error.kind, error.code, error.message, { target: table, remedy: error.remedy, cause: error }) : error;
}

function keyNames(table: PgTable): string {
  return table.schema.key.map((place) => quoteIdentifier(table.schema.columns[place]!.name)).join(', ');
}

function keyCondition(table: PgTable, operator: '>' | '<=', key: readonly string[]): string {
  return `(${keyNames(table)}) ${operator} (${key.map(quoteLiteral).join(', ')})`;
}

interface PageStart {
  readonly table: PgTable;
  readonly bytes: number;
  readonly after: readonly string[] | undefined;
  readonly settings: PageSettings;
}

/** The key of the page's last row, as the source writes it; undefined: the rest of the table fits one page. */
async function upperBound(sql: Sql, { table, bytes, after, settings }: PageStart): Promise<readonly string[] | undefined> {
  const { pageBytes, silenceMs: timeoutMs } = settings;
  if (after === undefined && bytes <= pageBytes) return undefined;
  const rowBytes = table.estimatedRows > 0 && bytes > 0 ? Math.max(bytes / table.estimatedRows, 24) : guessedRowBytes;
  const rows = pageRows(pageBytes, rowBytes);
  const names = keyNames(table);
  const where = after ? `WHERE ${keyCondition(table, '>', after)} ` : '';
  const [row] = await sql.query(`SELECT ${names} FROM ${table.ownRows} ${where}ORDER BY ${names} OFFSET ${rows - 1} LIMIT 1`, {
    timeoutMs,
  });
  return row?.map((value) => must(value, 'a key column is null'));
}

/** Rows of a page: whole groups where it holds any. */
export function pageRows(pageBytes: number, rowBytes: number): number {
  const rows = Math.round(pageBytes / rowBytes);
  return rows < groupRows ? Math.max(Math.min(fewestRows, Math.ceil(pageBytes / 24)), rows) : Math.round(rows / groupRows) * groupRows;
}

async function* copyRows(reader: PageReader, table: PgTable, condition: string): AsyncGenerator<ColumnBatch, void> {
  const list = table.columns.map((column) => column.plan.copyExpression(quoteIdentifier(column.schema.name))).join(', ');
  const sql = `COPY (SELECT ${list} FROM ${table.ownRows}${condition === '' ? '' : ` WHERE ${condition}`}) TO STDOUT (FORMAT binary)`;
  const decoder = new BinaryRowDecoder(
    table.columns.map((column) => ({ name: column.schema.name, type: column.schema.type, wire: column.plan.wire })),
    table.schema.table,
  );
  const builder = new BatchBuilder(table.columns.map((column) => column.schema.type));
  let bytes = 0;
  for await (const buffer of watched(reader, reader.connection.copyOut(sql, reader.signal))) {
    decoder.decode(buffer, 0, buffer.length, builder);
    bytes += buffer.length;
    if (bytes < reader.settings.batchBytes || builder.rows === 0) continue;
    bytes = 0;
    yield builder.take();
  }
  if (!decoder.ended)
    throw fault('unreachable', 'CopyCutShort', `The copy of ${table.schema.table} ended before its end.`, {
      remedy: 'Check the network and the log of the source.',
    });
  if (builder.rows > 0) yield builder.take();
}

/** Gives up the connection when a copy brings nothing for too long; time in which nobody asks for more does not count. */
async function* watched(reader: PageReader, buffers: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const { silenceMs } = reader.settings;
  const silent = fault('timeout', 'CopySilent', `The source has sent nothing of a copy for ${silenceMs / 1000} s.`, {
    remedy: 'Check the network between, and what the source is doing. The page is copied again.',
  });
  const watch = (): NodeJS.Timeout => setTimeout(() => reader.connection.destroy(silent), silenceMs);
  let timer = watch();
  try {
    for await (const buffer of buffers) {
      clearTimeout(timer);
      yield buffer;
      timer = watch();
    }
  } finally {
    clearTimeout(timer);
  }
}
