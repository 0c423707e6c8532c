import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlError, sqlMessageOf } from '#pool/tsql/sql-error.ts';
import type {
  AnswerSink,
  BulkRows,
  ResultColumn,
  SqlParameter,
  SqlSession,
  SqlValue,
  StatementCommand,
  TransactionAction,
} from '#pool/tsql/session.ts';
import type { TsqlType } from '#pool/tsql/tsql-type.ts';

/**
 * A session that speaks DuckDB's own SQL, so that what is between clients and sessions can be tried by itself: statements apart by `;`, `PRINT`,
 * `sp_executesql` whose parameters are `$name`, and `INSERT BULK table (columns)`.
 */
export class PlainSession implements SqlSession {
  readonly database = 'pool1';
  readonly #connection: DuckDBConnection;
  #isOpen = false;
  #bulk: string | undefined;
  resets = 0;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  get bulkColumns(): readonly { readonly name: string; readonly type: TsqlType }[] | undefined {
    return this.#bulk === undefined ? undefined : [];
  }

  async batch(sql: string, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    for (const statement of sql.split(';').map((text) => text.trim())) if (statement !== '') await this.#statement(statement, sink, signal);
  }

  async call(procedure: string, parameters: readonly SqlParameter[], sink: AnswerSink, signal: AbortSignal): Promise<void> {
    if (procedure.toLowerCase() === 'sp_executesql') {
      const [text, , ...given] = parameters;
      let sql = String(text!.value);
      for (const { name, value } of given) sql = sql.replaceAll(`$${name.slice(1)}`, literal(value));
      await this.batch(sql, sink, signal);
    } else if (procedure === 'twice') {
      const [given, out] = parameters;
      sink.returnValue({ ...out!, value: BigInt(given!.value as bigint) * 2n });
    } else sink.message({ number: 2812, severity: 16, state: 62, text: `Could not find stored procedure '${procedure}'.`, line: 1 });
    sink.returnStatus(0);
  }

  async transact(action: TransactionAction, sink: AnswerSink): Promise<void> {
    const verbs = { begin: 'BEGIN', commit: 'COMMIT', rollback: 'ROLLBACK', save: 'SELECT 1' } as const;
    await this.#connection.run(verbs[action.kind]);
    if (action.kind === 'save') return;
    this.#isOpen = action.kind === 'begin';
    sink.changed({ kind: 'transaction', now: ({ begin: 'begun', commit: 'committed', rollback: 'rolled-back' } as const)[action.kind] });
    sink.done({ command: 'other', rows: undefined });
  }

  async bulk({ columns, rows }: BulkRows, sink: AnswerSink): Promise<void> {
    let count = 0n;
    for await (const part of rows)
      for (const row of part) {
        await this.#connection.run(
          `INSERT INTO ${this.#bulk} (${columns.map(({ name }) => name).join()}) VALUES (${row.map(literal).join()})`,
        );
        count += 1n;
      }
    this.#bulk = undefined;
    sink.done({ command: 'insert', rows: count });
  }

  async reset(): Promise<void> {
    this.resets += 1;
    if (this.#isOpen) await this.#connection.run('ROLLBACK');
    this.#isOpen = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.disconnectSync();
  }

  async #statement(sql: string, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const print = /^print '(.*)'$/i.exec(sql)?.[1];
    if (print !== undefined) return sink.message({ number: 0, severity: 0, state: 1, text: print, line: 1 });
    const bulk = /^insert bulk ([^\s(]+)/i.exec(sql)?.[1];
    const command = (/^\w+/.exec(sql)?.[0] ?? 'other').toLowerCase();
    if (command === 'set') return sink.done({ command: 'other', rows: undefined });
    if (bulk !== undefined) {
      this.#bulk = bulk;
      return sink.done({ command: 'other', rows: undefined });
    }
    const interrupt = (): void => this.#connection.interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      await this.#run(sql, isCommand(command) ? command : 'other', sink);
    } catch (error) {
      sink.message(error instanceof Error && error.name === 'Error' ? sqlMessageOf(sqlError(208, error.message)) : sqlMessageOf(error));
      sink.done({ command: 'other', rows: undefined, failed: true });
    } finally {
      signal.removeEventListener('abort', interrupt);
    }
  }

  async #run(sql: string, command: StatementCommand, sink: AnswerSink): Promise<void> {
    const result = await this.#connection.stream(sql);
    const columns = result.columnNames().map((name, index): ResultColumn => ({
      name,
      type: typeOf(String(result.columnType(index))),
      nullable: true,
    }));
    let rows = 0n;
    if (command === 'select') sink.columns(columns);
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      rows += command === 'select' ? BigInt(chunk.rowCount) : BigInt(chunk.getRows()[0]![0] as bigint);
      if (command === 'select') await sink.rows(chunk);
    }
    sink.done({ command, rows: command === 'other' ? undefined : rows });
  }
}

function isCommand(word: string): word is StatementCommand {
  return ['select', 'insert', 'update', 'delete'].includes(word);
}

function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return value instanceof Uint8Array ? `unhex('${Buffer.from(value).toString('hex')}')` : String(value);
}

function typeOf(duckdb: string): TsqlType {
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(duckdb) ?? [];
  if (precision !== undefined) return { name: 'decimal', precision: Number(precision), scale: Number(scale) };
  const known: Readonly<Record<string, TsqlType>> = {
    BOOLEAN: { name: 'bit' },
    INTEGER: { name: 'int' },
    BIGINT: { name: 'bigint' },
    DOUBLE: { name: 'float' },
    DATE: { name: 'date' },
    TIMESTAMP: { name: 'datetime2', scale: 7 },
    UUID: { name: 'uniqueidentifier' },
    BLOB: { name: 'varbinary', length: 'max' },
  };
  return known[duckdb] ?? { name: 'nvarchar', length: 4000 };
}
