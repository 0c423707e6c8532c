import { Fault, fault } from '#base/fault.ts';
import type { ColumnBatch } from '#replication/column.ts';
import { sameShape, type TableSchema } from '#replication/schema.ts';
import type { TableProgress } from '#replication/segment.ts';
import type { Deferred, PageEnd } from '#replication/source.ts';
import { errorNumberOf } from '../error-number.ts';
import type { SqlServerShape } from './catalog.ts';
import { RowCollector } from './rows.ts';
import type { Parameters, SqlServerSession } from './session.ts';
import { allRowsStatement, pageStatement, rowStatement } from './statements.ts';

export interface PageSettings {
  /** A page takes a few hundred milliseconds; between two of them changes are applied. Bytes of its values. */
  readonly pageBytes: number;
  readonly fewestRows: number;
  readonly batchBytes: number;
}

export const defaultPageSettings: PageSettings = { pageBytes: 48 * 1024 * 1024, fewestRows: 1_000, batchBytes: 6 * 1024 * 1024 };

/** What one moment shows of a table. */
export interface PageView {
  /** The shape as it is now, with the version that the pages are to have. */
  readonly shape: SqlServerShape;
  /** See `PageEnd.seen`. */
  readonly seen: string | undefined;
}

export interface PageReader {
  /** Used by nobody else meanwhile. */
  readonly session: SqlServerSession;
  readonly settings: PageSettings;
  /** Begins a transaction that sees one moment, and says what it shows of the table. Fault: `TableMissing` (missing), where that is nothing. */
  readonly begin: (session: SqlServerSession, schema: TableSchema) => Promise<PageView>;
  /** Bytes of a row, by table, as pages have shown it. */
  readonly rowBytes: Map<string, number>;
}

/** Column stores keep rows in groups (DuckDB: 122,880), and write one that a page left half full a second time. */
const groupRows = 122_880;
const guessedRowBytes = 200;

/**
 * The next page of a table, in the order of its key's index, or all of a table without key, as of one moment. Faults: `TableChanged` (conflict),
 * `TableMissing` (missing), what the server refuses of the table; deferred, where the moment passed before anything was read.
 */
export function readPage(
  reader: PageReader,
  schema: TableSchema,
  progress: TableProgress,
): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
  return inMoment(reader, schema, async function* (view) {
    const { statement } = view.shape;
    const first = progress.state === 'Waiting';
    const seen = first ? view.seen : progress.seen;
    if (schema.identity !== 'key') {
      yield* collect(reader, view.shape, [{ sql: allRowsStatement(statement) }]);
      return { after: undefined, seen };
    }
    const rows = pageRows(reader.settings, reader.rowBytes.get(schema.table));
    const ask = {
      sql: pageStatement(statement, progress.after !== undefined),
      parameters: { rows, ...keyParameters(progress.after ?? []) },
    };
    const { key, rows: read } = yield* collect(reader, view.shape, [ask]);
    return { after: read < rows ? undefined : key, seen };
  });
}

/** The rows with the given keys that exist now. Faults as of `readPage`. */
export function fetchRows(
  reader: PageReader,
  schema: TableSchema,
  keys: readonly (readonly string[])[],
): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
  return inMoment(reader, schema, async function* ({ shape }) {
    const sql = rowStatement(shape.statement);
    yield* collect(
      reader,
      shape,
      keys.map((key) => ({ sql, parameters: keyParameters(key) })),
    );
    return { after: undefined, seen: undefined };
  });
}

/** Rows of a page: whole groups where it holds any. */
function pageRows({ pageBytes, fewestRows }: PageSettings, rowBytes: number = guessedRowBytes): number {
  const rows = Math.max(fewestRows, Math.round(pageBytes / Math.max(rowBytes, 1)));
  return rows < groupRows ? rows : Math.min(Math.round(rows / groupRows), 8) * groupRows;
}

function keyParameters(key: readonly string[]): Parameters {
  return Object.fromEntries(key.map((value, i) => [`k${i}`, value]));
}

interface Ask {
  readonly sql: string;
  readonly parameters?: Parameters;
}

async function* collect(reader: PageReader, shape: SqlServerShape, asks: readonly Ask[]): AsyncGenerator<ColumnBatch, RowCollector> {
  const collector = new RowCollector(shape, reader.settings.batchBytes);
  for (const { sql, parameters } of asks) {
    for await (const rows of reader.session.rows(sql, parameters)) {
      for (const row of rows) collector.take(row);
      const batch = collector.batch(false);
      if (batch !== undefined) yield batch;
    }
  }
  const rest = collector.batch(true);
  if (rest !== undefined) yield rest;
  if (collector.rows > 0) reader.rowBytes.set(shape.schema.table, collector.bytes / collector.rows);
  return collector;
}

async function* inMoment(
  reader: PageReader,
  schema: TableSchema,
  work: (view: PageView) => AsyncGenerator<ColumnBatch, PageEnd>,
): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
  const { session } = reader;
  let isWhole = false;
  let isRead = false;
  try {
    const view = await reader.begin(session, schema);
    if (!sameShape(view.shape.schema, schema) || view.shape.schema.version !== schema.version)
      throw fault('conflict', 'TableChanged', `${schema.table} was altered.`, { target: schema.table });
    const batches = work(view);
    let next = await batches.next();
    for (; !next.done; next = await batches.next()) {
      isRead = true;
      yield next.value;
    }
    await session.commit();
    isWhole = true;
    return next.value;
  } catch (error) {
    const trouble = ofTable(error, schema.table);
    if (trouble instanceof Fault && trouble.kind === 'throttled' && !isRead) return { deferred: trouble };
    throw trouble;
  } finally {
    // What is left of the transaction ends with the session.
    if (!isWhole) session.destroy();
  }
}

const gone: ReadonlySet<number> = new Set([207, 208]);

/** What the server refuses of one table concerns that table only. */
export function ofTable(error: unknown, table: string): unknown {
  if (!(error instanceof Fault) || error.target === table || error.target?.startsWith(`${table}.`)) return error;
  const number = errorNumberOf(error);
  if (number === undefined) return error;
  if (gone.has(number)) return fault('conflict', 'TableChanged', `${table} was altered.`, { target: table, cause: error });
  const { kind, code, message, remedy } = error;
  const concerns = kind === 'denied' || kind === 'missing' || kind === 'unsupported' || kind === 'precondition';
  return concerns ? fault(kind, code, message, { target: table, remedy, cause: error }) : error;
}
