import { setImmediate as nextTurn } from 'node:timers/promises';
import { StatementType, type DuckDBConnection, type DuckDBPreparedStatement, type DuckDBResult } from '@duckdb/node-api';
import { fault } from '#base/fault.ts';
import type { Engine } from './engines/duckdb/engine.ts';
import { poolFault } from './engines/duckdb/faults.ts';
import { textOf } from './value-text.ts';

export interface QueryColumn {
  readonly name: string;
  /** As DuckDB spells it. */
  readonly type: string;
}

/** A result comes as its columns once, then rows in order. Values are their exact text; null is SQL's null. */
export type QueryPart =
  | { readonly kind: 'columns'; readonly columns: readonly QueryColumn[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | null)[])[] };

export interface QueryLimits {
  /** Rows after which the result ends; none: all. */
  readonly maxRows?: number | undefined;
  /** Of one part of the answer, for whoever asks another process and must not hold more. A row that is longer is refused. */
  readonly maxPartBytes?: number | undefined;
}

/** Rows beyond this size come in a part of their own. */
const partLength = 1_048_576;

/** Something that answers queries about a pool. Every statement sees one committed state, never part of a source transaction. */
export interface PoolReader extends AsyncDisposable {
  /**
   * Runs one reading statement. Ending the iteration or aborting ends the statement too.
   * Faults: `ReadOnly` (denied), `QueryInvalid` (invalid), `cancelled`, and those of the pool.
   */
  run(sql: string, signal: AbortSignal, limits?: QueryLimits): AsyncGenerator<QueryPart, void>;
}

const reading: ReadonlySet<StatementType> = new Set([
  StatementType.SELECT,
  StatementType.EXPLAIN,
  StatementType.RELATION,
  StatementType.PRAGMA,
]);
/** Of the pragmas only those that describe. */
const describing = /^\s*(?:show|describe|desc|summarize|pragma\s+(?:table_info|show_tables|show|database_size|version|storage_info))\b/i;

/** Answers queries on connections of their own, beside the writer. */
export class EngineReader implements PoolReader {
  readonly #engine: () => Promise<Engine>;

  constructor(engine: () => Promise<Engine>) {
    this.#engine = engine;
  }

  async *run(sql: string, signal: AbortSignal, limits: QueryLimits = {}): AsyncGenerator<QueryPart, void> {
    const engine = await this.#engine();
    if (signal.aborted) throw fault('cancelled', 'QueryCanceled', 'The query was cancelled.');
    const connection = await engine.connect();
    const onAbort = (): void => connection.interrupt();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      yield* results({ engine, connection, signal }, sql, limits);
    } catch (error) {
      if (signal.aborted) throw fault('cancelled', 'QueryCanceled', 'The query was cancelled.', { cause: error });
      throw queryFault(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
      engine.disconnect(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The engine belongs to the pool.
  }
}

interface Asked {
  readonly engine: Engine;
  readonly connection: DuckDBConnection;
  readonly signal: AbortSignal;
}

async function* results({ engine, connection, signal }: Asked, sql: string, limits: QueryLimits): AsyncGenerator<QueryPart, void> {
  const result = await engine.during(start(connection, sql));
  const columns = result.columnNames().map((name, i) => ({ name, type: String(result.columnType(i)) }));
  const toText = columns.map((_, i) => textOf(result.columnTypeId(i)));
  yield { kind: 'columns', columns };
  let left = limits.maxRows ?? Number.POSITIVE_INFINITY;
  while (left > 0 && !signal.aborted) {
    const chunk = await engine.during(result.fetchChunk());
    if (!chunk || chunk.rowCount === 0) break;
    const rows = chunk
      .getRows()
      .slice(0, left)
      .map((row) => row.map((value, i) => (value === null ? null : toText[i]!(value))));
    left -= rows.length;
    yield* inParts(rows);
    await nextTurn();
  }
  if (signal.aborted) throw fault('cancelled', 'QueryCanceled', 'The query was cancelled.');
}

function* inParts(rows: readonly (readonly (string | null)[])[]): Generator<QueryPart, void> {
  let from = 0;
  let length = 0;
  for (const [at, row] of rows.entries()) {
    length += row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    if (length < partLength) continue;
    yield { kind: 'rows', rows: rows.slice(from, at + 1) };
    from = at + 1;
    length = 0;
  }
  if (from < rows.length) yield { kind: 'rows', rows: rows.slice(from) };
}

async function start(connection: DuckDBConnection, sql: string): Promise<DuckDBResult> {
  // Whatever a statement is made of, the engine itself lets it write nothing.
  await connection.run('BEGIN TRANSACTION READ ONLY');
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1)
    throw fault('invalid', 'QueryInvalid', `The text holds ${statements.count} statements.`, { remedy: 'Send one statement at a time.' });
  const statement = await statements.prepare(0);
  refuseWrites(statement, sql);
  return statement.stream();
}

function refuseWrites(statement: DuckDBPreparedStatement, sql: string): void {
  const type = statement.statementType;
  if (reading.has(type) && (type !== StatementType.PRAGMA || describing.test(sql))) return;
  throw fault('denied', 'ReadOnly', `A pool is only read here; ${StatementType[type] ?? 'this'} statements are refused.`, {
    remedy: 'Use SELECT, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN. The link alone writes.',
  });
}

/** DuckDB's own message says where a query is wrong; it is the asker's own text. */
function queryFault(error: unknown): unknown {
  const known = poolFault(error);
  if (known.kind !== 'bug' || !(error instanceof Error)) return known;
  return fault('invalid', 'QueryInvalid', error.message.split('\n').slice(0, 4).join(' ').slice(0, 500), {
    remedy: 'Names are written schema.table; SHOW ALL TABLES lists them.',
    cause: error,
  });
}
