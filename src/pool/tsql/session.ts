import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { TsqlType } from './tsql-type.ts';

/** A column of a result, with the type that clients are told. Its values come in DuckDB's vectors: see `duckDbTypeOf`. */
export interface ResultColumn {
  /** Empty: it has none. */
  readonly name: string;
  readonly type: TsqlType;
  readonly nullable: boolean;
}

/**
 * One value given or answered outside of a result: exact, never through a JavaScript number but for `real` and `float`.
 * Integers are bigint; `bit` boolean; `decimal`, money, dates and times are their text as SQL Server writes it (`2024-02-01 10:11:12.123`,
 * `12.50`); `uniqueidentifier` its text in upper case; texts are strings; binary values bytes.
 */
export type SqlValue = null | boolean | bigint | number | string | Uint8Array;

export interface SqlParameter {
  /** With its `@`; empty where it is given by its place. */
  readonly name: string;
  readonly type: TsqlType;
  readonly value: SqlValue;
  readonly output: boolean;
  /** The procedure's own default is asked for, in place of `value`. */
  readonly isDefault?: boolean | undefined;
}

/** An error (`severity` above 10) or what is merely said. Numbers, states and texts are SQL Server's own where it has one for the case. */
export interface SqlMessage {
  readonly number: number;
  readonly severity: number;
  readonly state: number;
  readonly text: string;
  /** Of the batch, from 1. */
  readonly line: number;
  readonly procedure?: string | undefined;
}

/** What a statement was, for the token that ends it. */
export type StatementCommand = 'select' | 'insert' | 'update' | 'delete' | 'merge' | 'other';

/** Hears what a request answers, in order. */
export interface AnswerSink {
  /** A result begins. */
  columns(columns: readonly ResultColumn[]): void;
  /** Rows of the result begun last, in DuckDB's own vectors, one for each column. Resolves when there is room for more. */
  rows(chunk: DuckDBDataChunk): Promise<void>;
  /** A statement has ended. `rows` undefined: it counts none, or `NOCOUNT` is on. `failed`: a message said why. */
  done(end: { readonly command: StatementCommand; readonly rows: bigint | undefined; readonly failed?: boolean | undefined }): void;
  message(message: SqlMessage): void;
  /** The session's transaction or database is another from here on. */
  changed(change: SessionChange): void;
  /** An output parameter of a procedure, once it has ended. */
  returnValue(parameter: SqlParameter): void;
  returnStatus(status: number): void;
}

export type SessionChange =
  | { readonly kind: 'transaction'; readonly now: 'begun' | 'committed' | 'rolled-back' }
  | { readonly kind: 'database'; readonly now: string };

export type TransactionAction =
  | { readonly kind: 'begin'; readonly isolation: IsolationLevel | undefined; readonly name: string }
  | {
      readonly kind: 'commit' | 'rollback';
      readonly name: string;
      /** Begins the next one at once. */
      readonly thenBegin: { readonly isolation: IsolationLevel | undefined } | undefined;
    }
  | { readonly kind: 'save'; readonly name: string };

export type IsolationLevel = 'read-uncommitted' | 'read-committed' | 'repeatable-read' | 'serializable' | 'snapshot';

/** Rows of a bulk load, in order, as the client describes them. */
export interface BulkRows {
  readonly columns: readonly { readonly name: string; readonly type: TsqlType }[];
  readonly rows: AsyncIterable<readonly (readonly SqlValue[])[]>;
}

/**
 * What a client's connection does with a pool: one request at a time, in order. What is wrong with a statement is a message and a failed `done`;
 * methods reject only when the signal aborts (`cancelled`), the pool goes, or with a bug.
 */
export interface SqlSession extends AsyncDisposable {
  /** The database it stands in: the pool's name, or `master`. */
  readonly database: string;
  /** A batch of statements. */
  batch(sql: string, sink: AnswerSink, signal: AbortSignal): Promise<void>;
  /**
   * A stored procedure by name, as `sp_executesql` or `sys.sp_tables`, with its parameters in order. Among them are those that prepare and run
   * statements: `sp_prepare`, `sp_execute`, `sp_prepexec`, `sp_unprepare`. Ends with a `returnStatus`.
   */
  call(procedure: string, parameters: readonly SqlParameter[], sink: AnswerSink, signal: AbortSignal): Promise<void>;
  transact(action: TransactionAction, sink: AnswerSink, signal: AbortSignal): Promise<void>;
  /** The rows that follow an `INSERT BULK` that `batch` took. */
  bulk(rows: BulkRows, sink: AnswerSink, signal: AbortSignal): Promise<void>;
  /** The types of the columns that the `INSERT BULK` taken last asks for; undefined: none was. */
  readonly bulkColumns: readonly { readonly name: string; readonly type: TsqlType }[] | undefined;
  /** As if newly logged in: options, temporary tables, prepared statements and variables are gone, an open transaction is rolled back. */
  reset(): Promise<void>;
}

/** Lets statements into the engine, a few at a time. */
export interface Admission {
  /**
   * Waits for its turn, then runs `work` with a signal that also ends when the statement takes longer or more memory than it may.
   * Faults: `cancelled`; `QueryQueueFull` (throttled); `QueryTooLong` (timeout); `QueryTooLarge` (throttled).
   */
  run<T>(signal: AbortSignal, work: (signal: AbortSignal, place: AdmittedPlace) => Promise<T>): Promise<T>;
}

/** A statement's place among those that run. */
export interface AdmittedPlace {
  /** Waits for something that is not the engine, as for a client that reads slowly: others may run meanwhile. Rejects as `wait` does. */
  away(wait: Promise<void>): Promise<void>;
}

/** Who logged in, as `SUSER_SNAME()` and audit records name them. */
export interface SessionUser {
  readonly name: string;
  /** May change what no link fills; otherwise only read. */
  readonly mayWrite: boolean;
}
