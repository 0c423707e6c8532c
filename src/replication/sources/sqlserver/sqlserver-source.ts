import type { Dialer } from '#base/dialer.ts';
import { fault, must } from '#base/fault.ts';
import type { ColumnBatch } from '#replication/column.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft, Position, TableProgress } from '#replication/segment.ts';
import type { ChangeSource, Deferred, Finding, FollowedTables, PageEnd, SourceHealth } from '#replication/source.ts';
import { capturedLog } from './captured-log.ts';
import { readTables, type SqlServerTable, type TableFilter } from './catalog.ts';
import { readDatabase, type DatabaseIdentity } from './database.ts';
import type { SessionOptions, SqlServerAddress } from './driver-login.ts';
import { OpenSession } from './open-session.ts';
import { defaultPageSettings, fetchRows, readPage, type PageReader, type PageSettings } from './pages.ts';
import { verifyIdentity, type Capture } from './place.ts';
import { preflight, tableRefusals, type PreflightInput } from './preflight.ts';
import { defaultFollowSettings, type FollowSettings } from './tracked-changes.ts';
import type { ChangeLog } from './change-log.ts';
import { trackedLog } from './tracked-log.ts';

export interface SqlServerSourceOptions {
  readonly address: SqlServerAddress;
  readonly dialer: Dialer;
  /** Shown in the server's list of sessions. */
  readonly applicationName: string;
  readonly capture: Capture;
  readonly tables: TableFilter;
  /** A chosen table that is not there keeps only itself from being replicated, from the start. */
  readonly toleratesMissing?: boolean | undefined;
  readonly follow?: Partial<FollowSettings> | undefined;
  readonly pages?: Partial<PageSettings> | undefined;
  readonly connectTimeoutMs?: number | undefined;
  /** For the first answer to a question, and for anything at all while rows come. */
  readonly questionTimeoutMs?: number | undefined;
}

const defaultConnectTimeoutMs = 15_000;
const defaultQuestionTimeoutMs = 60_000;

/**
 * A SQL Server (2016 and later), Azure SQL Database or Managed Instance as a source: change tracking or CDC for changes, pages in the order of
 * the primary key for existing rows. Nothing is made at the source, and nothing changed: what it keeps it keeps for everybody, for as long as its
 * owner said. Where it kept too little for a table, that table is copied anew.
 */
export class SqlServerSource implements ChangeSource {
  readonly #options: SqlServerSourceOptions;
  readonly #signal: AbortSignal;
  readonly #log: ChangeLog;
  readonly #control: OpenSession;
  readonly #pages: OpenSession;
  readonly #changes: OpenSession;
  readonly #rowBytes = new Map<string, number>();
  #chosen: readonly string[] = [];
  #identity: DatabaseIdentity | undefined;
  #heardMs: number | undefined;

  private constructor(options: SqlServerSourceOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#log = options.capture === 'cdc' ? capturedLog : trackedLog;
    const session: SessionOptions = {
      ...options.address,
      dialer: options.dialer,
      applicationName: options.applicationName,
      connectTimeoutMs: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
      questionTimeoutMs: options.questionTimeoutMs ?? defaultQuestionTimeoutMs,
    };
    this.#control = new OpenSession(session, signal);
    this.#pages = new OpenSession(session, signal);
    this.#changes = new OpenSession(session, signal);
  }

  /** Logs in; the faults are those of the session. */
  static async connect(options: SqlServerSourceOptions, signal: AbortSignal): Promise<SqlServerSource> {
    const source = new SqlServerSource(options, signal);
    await source.#control.get();
    return source;
  }

  async check(): Promise<readonly Finding[]> {
    return (await this.inspect()).findings;
  }

  /** As `check`, with the chosen tables as they are. */
  async inspect(): Promise<{ readonly findings: readonly Finding[]; readonly tables: readonly SqlServerTable[] }> {
    const input = await this.#look();
    return { findings: preflight(input), tables: input.tables };
  }

  async describe(): Promise<readonly TableSchema[]> {
    const input = await this.#look();
    return input.tables.filter((table) => tableRefusals(table, input).length === 0).map(({ shape }) => shape.schema);
  }

  async estimate(): Promise<ReadonlyMap<string, number>> {
    const { tables } = await this.#look();
    return new Map(tables.map(({ facts, shape }) => [shape.schema.table, facts.estimatedRows]));
  }

  async open(tables: readonly TableSchema[], from: Position | undefined): Promise<Position> {
    const { capture, toleratesMissing } = this.#options;
    const refusesMissing = from === undefined && toleratesMissing !== true;
    const blocking = (await this.check()).find(
      (one) => one.severity === 'error' && (one.target === undefined || (refusesMissing && one.code === 'TableMissing')),
    );
    if (blocking)
      throw fault(blocking.code === 'TableMissing' ? 'missing' : 'precondition', blocking.code, blocking.message, {
        target: blocking.target,
        remedy: blocking.remedy,
      });
    const session = await this.#control.get();
    const { identity } = await readDatabase(session);
    if (from !== undefined) verifyIdentity(from, capture, identity);
    this.#identity = identity;
    await this.choose(tables);
    return await this.#log.begin(session, identity, from);
  }

  choose(tables: readonly TableSchema[]): Promise<void> {
    this.#chosen = tables.map(({ table }) => table);
    return Promise.resolve();
  }

  async *page(table: TableSchema, progress: TableProgress, signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
    signal.throwIfAborted();
    return yield* readPage(await this.#reader(), table, progress);
  }

  async *fetch(
    table: TableSchema,
    keys: readonly (readonly string[])[],
    signal: AbortSignal,
  ): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
    signal.throwIfAborted();
    return yield* fetchRows(await this.#reader(), table, keys);
  }

  follow(from: Position, tables: FollowedTables, signal: AbortSignal): AsyncIterable<Draft> {
    return this.#log.follow(
      {
        session: this.#changes,
        identity: must(this.#identity, 'follow before open'),
        chosen: () => this.#chosen,
        settings: { ...defaultFollowSettings, ...this.#options.follow },
        onHeard: () => {
          this.#heardMs = Date.now();
        },
      },
      { from, tables, signal: AbortSignal.any([signal, this.#signal]) },
    );
  }

  async head(): Promise<Position> {
    return await this.#log.head(await this.#control.get(), must(this.#identity, 'head before open'));
  }

  /** What the source keeps it keeps for a time, whoever has read it. */
  confirm(): void {}

  async health(): Promise<SourceHealth> {
    return { head: await this.head(), heldBytes: 0n, headroomBytes: undefined, heardMs: this.#heardMs };
  }

  /** Nothing was made. */
  release(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pages, this.#changes, this.#control].map((session) => session[Symbol.asyncDispose]()));
  }

  async #look(): Promise<PreflightInput> {
    const { capture, tables: filter, address } = this.#options;
    const session = await this.#control.get();
    const database = await readDatabase(session);
    const tables: readonly SqlServerTable[] = await readTables(session, filter);
    return await this.#log.look(session, { capture, database, tables, filter, user: address.user, captured: undefined, jobRuns: false });
  }

  async #reader(): Promise<PageReader> {
    return {
      session: await this.#pages.get(),
      settings: { ...defaultPageSettings, ...this.#options.pages },
      begin: (session, schema) => this.#log.beginPage(session, schema),
      rowBytes: this.#rowBytes,
    };
  }
}
