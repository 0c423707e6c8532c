import type { DuckDBDataChunk } from '@duckdb/node-api';
import { sqlValueOf } from '#pool/tsql/run/values.ts';
import type { AnswerSink, ResultColumn, SqlMessage, SqlSession, SqlValue } from '#pool/tsql/session.ts';
import { tsqlTypeText } from '#pool/tsql/tsql-type.ts';

/** What a batch answered, as cases write it. */
export interface CaseAnswer {
  /** Of the first result. */
  readonly columns: readonly (readonly [name: string, type: string])[];
  /** Of all results. */
  readonly rows: readonly (string | null)[][];
  readonly errors: readonly SqlMessage[];
  readonly said: readonly string[];
}

function shown(value: SqlValue): string | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex').toUpperCase()}`;
  return String(value);
}

/** Runs a batch and gathers its answer. What takes longer than a minute is ended, which is a fault. */
export async function answerOf(session: SqlSession, sql: string): Promise<CaseAnswer> {
  const results: (readonly ResultColumn[])[] = [];
  const rows: (string | null)[][] = [];
  const errors: SqlMessage[] = [];
  const said: string[] = [];
  const sink: AnswerSink = {
    columns: (columns) => void results.push(columns),
    rows: async (chunk: DuckDBDataChunk) => {
      const columns = results.at(-1) ?? [];
      for (const row of chunk.getRows()) rows.push(columns.map((column, index) => shown(sqlValueOf(row[index], column.type))));
    },
    done: () => undefined,
    message: (message) => void (message.severity > 10 ? errors.push(message) : said.push(message.text)),
    changed: () => undefined,
    returnValue: () => undefined,
    returnStatus: () => undefined,
  };
  await session.batch(sql, sink, AbortSignal.timeout(60_000));
  return { columns: (results[0] ?? []).map((column) => [column.name, tsqlTypeText(column.type)] as const), rows, errors, said };
}
