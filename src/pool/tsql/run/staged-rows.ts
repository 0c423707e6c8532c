import type { DuckDBAppender, DuckDBDataChunk } from '@duckdb/node-api';
import { quoteIdentifier } from '#replication/schema.ts';
import type { GivenRows } from '../query/statement.ts';
import { sqlError } from '../sql-error.ts';
import type { ResultColumn, SqlValue } from '../session.ts';
import { duckDbTypeOf } from '../translate/duckdb-type.ts';
import { ofClientText } from '../translate/offset-moment.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { SessionConnection } from './session-connection.ts';
import { textOfValue } from './values.ts';

const table = 'isthmus rows';
const reference = `temp.main.${quoteIdentifier(table)}`;

/** Rows that came from elsewhere lie in a temporary table until their statement is done with them. Dispose it then. */
export interface StagedRows extends AsyncDisposable {
  readonly given: GivenRows;
}

/** Values as a client sent them. Faults: 4815, 40510 where one does not fit its type. */
export async function stageValues(
  connection: SessionConnection,
  { columns, rows }: { readonly columns: readonly ResultColumn[]; readonly rows: AsyncIterable<readonly (readonly SqlValue[])[]> },
  signal: AbortSignal,
): Promise<StagedRows> {
  // Texts are read by the engine, which makes exact values of them.
  const kept = columns.map(({ type }) => (isNative(type) ? duckDbTypeOf(type) : 'VARCHAR'));
  const staged = await make(connection, kept, signal);
  try {
    const appender = await connection.during(signal, (own) => own.createAppender(table, 'main', 'temp'));
    for await (const some of rows) {
      signal.throwIfAborted();
      for (const row of some) appendRow(appender, row, columns);
    }
    appender.closeSync();
  } catch (error) {
    await staged();
    throw error;
  }
  const values = columns.map(({ type }, place) => `${readFrom(`c${place + 1}`, type)} AS c${place + 1}`);
  const source = `(SELECT ${values.join(', ')} FROM ${reference}) AS given`;
  return { given: { reference: source, columns }, [Symbol.asyncDispose]: staged };
}

/** Rows that the engine gave. */
export async function stageChunks(
  connection: SessionConnection,
  { columns, chunks }: { readonly columns: readonly ResultColumn[]; readonly chunks: readonly DuckDBDataChunk[] },
  signal: AbortSignal,
): Promise<StagedRows> {
  const staged = await make(
    connection,
    columns.map(({ type }) => duckDbTypeOf(type)),
    signal,
  );
  try {
    const appender = await connection.during(signal, (own) => own.createAppender(table, 'main', 'temp'));
    for (const chunk of chunks) appender.appendDataChunk(chunk);
    appender.closeSync();
  } catch (error) {
    await staged();
    throw error;
  }
  return { given: { reference, columns }, [Symbol.asyncDispose]: staged };
}

async function make(connection: SessionConnection, types: readonly string[], signal: AbortSignal): Promise<() => Promise<void>> {
  const list = types.map((type, place) => `c${place + 1} ${type}`).join(', ');
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${quoteIdentifier(table)} (${list})`, signal);
  // A transaction that failed has taken it along, or refuses to drop it: the next one replaces it.
  return async () => void (await connection.run(`DROP TABLE IF EXISTS ${reference}`, new AbortController().signal).catch(() => undefined));
}

function readFrom(column: string, type: TsqlType): string {
  return type.name === 'datetimeoffset' ? ofClientText(column) : `CAST(${column} AS ${duckDbTypeOf(type)})`;
}

function isNative({ name }: TsqlType): boolean {
  return ['float', 'real', 'bit', 'binary', 'varbinary'].includes(name);
}

function appendRow(appender: DuckDBAppender, row: readonly SqlValue[], columns: readonly ResultColumn[]): void {
  if (row.length !== columns.length)
    throw sqlError(4815, 'Received an invalid column length from the bcp client: a row has another number of columns than were announced.');
  for (const [place, value] of row.entries()) appendValue(appender, value, columns[place]!.type);
  appender.endRow();
}

function appendValue(appender: DuckDBAppender, value: SqlValue, type: TsqlType): void {
  if (value === null) appender.appendNull();
  else if (value instanceof Uint8Array) appender.appendBlob(value);
  else if (type.name === 'bit') appender.appendBoolean(Boolean(value));
  else if (type.name === 'float') appender.appendDouble(Number(value));
  else if (type.name === 'real') appender.appendFloat(Number(value));
  else appender.appendVarchar(textOfValue(value, type));
}
