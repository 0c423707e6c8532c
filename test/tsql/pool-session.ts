import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { createLog } from '#base/log.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import type { DuckDbSession } from '#pool/tsql/run/duckdb-session.ts';
import { type SessionClient, SqlPool, type SqlPoolOptions } from '#pool/tsql/run/sql-pool.ts';
import { sqlValueOf } from '#pool/tsql/run/values.ts';
import type { AnswerSink, ResultColumn, SqlParameter, SqlValue } from '#pool/tsql/session.ts';
import { tsqlTypeText } from '#pool/tsql/tsql-type.ts';

/** A pool in a folder of its own, with T-SQL on it. */
export interface TestPool extends AsyncDisposable {
  readonly pool: DuckDbPool;
  readonly sql: SqlPool;
  readonly file: string;
  /** What was logged, as lines of JSON. */
  readonly logged: readonly string[];
  session(client?: Partial<SessionClient>): Promise<DuckDbSession>;
}

let sessions = 50;

export async function openTestPool(options: Partial<SqlPoolOptions> = {}): Promise<TestPool> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-tsql-'));
  const file = join(folder, 'pool1.duckdb');
  const pool = await DuckDbPool.open(file, { rejectsTables: true });
  const logged: string[] = [];
  const log = options.log ?? createLog({ level: 'info', write: (line) => logged.push(line) });
  const sql = new SqlPool(pool, {
    database: 'pool1',
    serverName: 'shop',
    admission: { run: (signal, work) => work(signal, { away: (wait) => wait }) },
    now: () => Date.UTC(2024, 1, 1, 10, 11, 12, 123),
    ...options,
    log,
  });
  const open: DuckDbSession[] = [];
  return {
    pool,
    sql,
    file,
    logged,
    async session(client = {}) {
      const session = await sql.open({
        user: { name: 'ann', mayWrite: true },
        number: ++sessions,
        application: 'test',
        host: 'desk',
        address: '127.0.0.1',
        encrypted: false,
        ...client,
      });
      open.push(session);
      return session;
    },
    async [Symbol.asyncDispose]() {
      for (const session of open) await session[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a request answered, in short words. */
export interface Answer {
  /** Of each result: `name type` of its columns, then its rows. */
  readonly results: { readonly columns: readonly string[]; readonly rows: SqlValue[][] }[];
  /** `number text`, errors and what was merely said. */
  readonly messages: string[];
  /** `command rows`, `command` where it counts none, `command failed`. */
  readonly done: string[];
  readonly changes: string[];
  readonly outputs: { readonly name: string; readonly value: SqlValue }[];
  status: number | undefined;
}

export class CollectingSink implements AnswerSink {
  readonly answer: Answer = { results: [], messages: [], done: [], changes: [], outputs: [], status: undefined };
  readonly lines: number[] = [];
  #columns: readonly ResultColumn[] = [];

  columns(columns: readonly ResultColumn[]): void {
    this.#columns = columns;
    this.answer.results.push({ columns: columns.map(({ name, type }) => `${name} ${tsqlTypeText(type)}`.trim()), rows: [] });
  }

  async rows(chunk: DuckDBDataChunk): Promise<void> {
    const { rows } = this.answer.results.at(-1)!;
    for (const row of chunk.getRows()) rows.push(row.map((value, place) => plain(sqlValueOf(value, this.#columns[place]!.type))));
  }

  done(end: Parameters<AnswerSink['done']>[0]): void {
    const { command, rows, failed } = end;
    this.answer.done.push(failed === true ? `${command} failed` : rows === undefined ? command : `${command} ${rows}`);
  }

  message(message: Parameters<AnswerSink['message']>[0]): void {
    this.answer.messages.push(`${message.number} ${message.text}`);
    this.lines.push(message.line);
  }

  changed(change: Parameters<AnswerSink['changed']>[0]): void {
    this.answer.changes.push(change.now);
  }

  returnValue(parameter: SqlParameter): void {
    this.answer.outputs.push({ name: parameter.name, value: parameter.value });
  }

  returnStatus(status: number): void {
    this.answer.status = status;
  }
}

/** Bytes are compared as such, whatever they lie in. */
function plain(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? Uint8Array.from(value) : value;
}

export const never: AbortSignal = new AbortController().signal;

export async function ask(session: DuckDbSession, sql: string): Promise<Answer> {
  const sink = new CollectingSink();
  await session.batch(sql, sink, never);
  return sink.answer;
}

export async function call(session: DuckDbSession, procedure: string, parameters: readonly SqlParameter[]): Promise<Answer> {
  const sink = new CollectingSink();
  await session.call(procedure, parameters, sink, never);
  return sink.answer;
}

/** Rows of the batch's results, all of them; its errors are thrown. */
export async function rowsOf(session: DuckDbSession, sql: string): Promise<readonly (readonly SqlValue[])[]> {
  const { results, messages, done } = await ask(session, sql);
  if (done.some((line) => line.endsWith('failed'))) throw new Error(messages.join('; '));
  return results.flatMap(({ rows }) => rows);
}

/** Of one parameter, given by name. */
export function parameter(name: string, type: SqlParameter['type'], value: SqlValue, output = false): SqlParameter {
  return { name, type, value, output };
}
