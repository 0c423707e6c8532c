import { Fault, assert, fault } from '#base/fault.ts';
import {
  parseRow,
  parseNotice,
  parseParameterStatus,
  parseReadyForQuery,
  parseRowDescription,
  tag,
  type ResultColumn,
} from '#wire/pg/backend.ts';
import { framesOf, type Run } from '#wire/pg/frames.ts';
import { cancelRequest, copyFail, query, terminate } from '#wire/pg/frontend.ts';
import { CopyBoth } from './copy-both.ts';
import { dialSecured, settledOrAborted, withDeadline, type DialOptions } from './dial.ts';
import { connectionFault, endsConnection, serverFault } from './faults.ts';
import { logIn, type Session } from './handshake.ts';
import { PgTransport } from './transport.ts';

export interface PgOptions extends DialOptions {
  /** `database`: a walsender bound to the database, which takes replication commands and SQL. `physical`: one that takes replication commands only. */
  readonly replication?: 'database' | 'physical' | undefined;
  /** The longest row that is taken; 256 MB otherwise. A longer one is refused with `ValueTooLarge` before it is read. */
  readonly maxFrameBytes?: number | undefined;
  /** Run-time settings by name, over those that make values' texts canonical. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

export interface QueryLimits {
  readonly signal?: AbortSignal | undefined;
  /** 0 or absent: none. */
  readonly timeoutMs?: number | undefined;
}

/** Values in columns' order, as the server writes them; null for SQL's null. */
export type TextRow = readonly (string | null)[];

const defaultMaxFrameBytes = 256 * 1024 * 1024;
const cancelMs = 5000;
const closeMs = 1000;
/**
 * Pauses after busy reads: of a replication stream, which the server sends message by message, and of a copy, which it sends in pieces of 8 KiB.
 * Measured on two cores: a fifth of the reads and half or less of our processor time, at the same speed or a better one.
 */
const defaultPaceMs = 20;
const copyPaceMs = 2;

/**
 * Settings under which one value always has one text, whatever the database's, the role's and the machine's own are; and under which a
 * query is neither ended by a limit meant for people nor answered in part: with `row_security` off, rows that a policy would hide are an error.
 * `search_path` is empty as in PostgreSQL's own subscriber: names are written with their schema.
 */
const canonicalSettings: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  search_path: '',
  row_security: 'off',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  client_min_messages: 'warning',
  // Compiling the catalog's large queries takes a second each, and running them a few milliseconds (measured).
  jit: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

/** Limits that only newer servers know, so that they cannot be named before the version is known. */
const newerLimits = `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout') AND setting <> '0'`;

/**
 * One session on a PostgreSQL server (13 and later). Calls queue up: a query waits until what was asked before has ended.
 * After a fault of kind `unreachable`, `timeout`, `cancelled` or `corrupt` the connection is dead; every further call rejects with that fault.
 */
export class PgConnection implements AsyncDisposable {
  readonly database: string;
  readonly processId: number;
  /** As the server reports them; kept current. */
  readonly parameters: ReadonlyMap<string, string>;
  /** As `server_version_num`: 150018 is 15.18. */
  readonly serverVersion: number;
  readonly #options: PgOptions;
  readonly #transport: PgTransport;
  readonly #session: Session;
  #turn: Promise<void> = Promise.resolve();
  #busy = false;

  private constructor(options: PgOptions, transport: PgTransport, session: Session) {
    this.#options = options;
    this.#transport = transport;
    this.#session = session;
    this.database = options.database;
    this.processId = session.processId;
    this.parameters = session.parameters;
    this.serverVersion = versionNumber(session.parameters.get('server_version') ?? '');
  }

  /** Dials, secures and logs in, all within `connectTimeoutMs`. Faults: see `faults.ts`; each names host and port, and what to do. */
  static async connect(options: PgOptions, signal: AbortSignal): Promise<PgConnection> {
    const target = `${options.host}:${options.port}`;
    return withDeadline({ signal, timeoutMs: options.connectTimeoutMs, target }, async (deadline) => {
      const secured = await dialSecured(options, deadline);
      const transport = new PgTransport(secured.stream, { target, maxFrameBytes: options.maxFrameBytes ?? defaultMaxFrameBytes });
      const release = transport.guard({ signal: deadline });
      try {
        const session = await logIn(transport, {
          address: options,
          encrypted: secured.encrypted,
          endPoint: secured.endPoint,
          settings: startupSettings(options),
        });
        const connection = new PgConnection(options, transport, session);
        if (options.replication !== 'physical' && connection.serverVersion >= 140_000) await connection.query(newerLimits);
        return connection;
      } catch (error) {
        transport.destroy(connectionFault('closed', target));
        throw error;
      } finally {
        release();
      }
    });
  }

  /** Why the connection is dead; undefined while it is not. */
  get fault(): Fault | undefined {
    return this.#transport.fault;
  }

  /** Runs statements by the simple protocol; answers the rows of the last that has rows. For small results: all rows are held. */
  async query(sql: string, limits: QueryLimits = {}): Promise<readonly TextRow[]> {
    return (await this.#simple(sql, limits)).rows;
  }

  /** Like `query`, with columns by name. */
  async queryObjects(sql: string, limits: QueryLimits = {}): Promise<readonly Readonly<Record<string, string | null>>[]> {
    const { columns, rows } = await this.#simple(sql, limits);
    return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column.name, row[i] ?? null])));
  }

  /**
   * Runs `COPY … TO STDOUT`. Yields buffers of whole CopyData messages, each with its 5-byte header, in order; at least one message per buffer.
   * Reads about 1 MB ahead of the consumer. Ended early, the copy is cancelled at the server and the connection is dead.
   * Faults: the server's (the connection lives on), `unsupported` `ValueTooLarge`, those of the connection, the signal's.
   */
  async *copyOut(sql: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const leave = await this.#enter(signal);
    const release = this.#transport.guard({ signal });
    const reply = new Reply(this.#session, this.#transport);
    try {
      this.#transport.pace(copyPaceMs);
      this.#transport.send(query(sql));
      while (!reply.complete) {
        const run = await this.#next(reply);
        if (run.tag === tag.copyData && reply.copying) yield run.bytes;
        else reply.take(run);
      }
      reply.check();
      if (!reply.copied) throw fault('bug', 'NotCopyOut', 'copyOut was given a statement that is not COPY … TO STDOUT');
    } finally {
      this.#transport.pace(0);
      release();
      if (!reply.complete) this.#abandon();
      leave();
    }
  }

  /**
   * Starts a replication stream. While it is open the connection takes no queries.
   * After busy reads the socket is left alone for `paceMs`: the walsender sends every change on its own, and a reader that takes each at once
   * halves its speed (measured); small reads are handed over at once.
   */
  async copyBoth(
    sql: string,
    options: { readonly signal?: AbortSignal | undefined; readonly paceMs?: number | undefined } = {},
  ): Promise<CopyBoth> {
    const leave = await this.#enter(options.signal);
    const release = this.#transport.guard({ signal: options.signal });
    const done = (): void => {
      release();
      leave();
    };
    const reply = new Reply(this.#session, this.#transport);
    try {
      this.#transport.send(query(sql));
      while (!reply.complete) {
        const run = await this.#next(reply);
        if (run.tag === tag.copyBoth) {
          this.#transport.pace(options.paceMs ?? defaultPaceMs);
          return new CopyBoth(this.#transport, done);
        }
        reply.take(run);
      }
      reply.check();
      throw fault('bug', 'NotCopyBoth', 'copyBoth was given a statement that is not START_REPLICATION');
    } catch (error) {
      if (!reply.complete) this.#abandon();
      done();
      throw error;
    }
  }

  /** Ends the connection at once; everything pending rejects with `reason`, or with a cancellation. */
  destroy(reason?: Fault): void {
    this.#transport.destroy(reason ?? connectionFault('closed', this.#transport.target));
  }

  /** Logs out. What still runs is given up, also at the server. */
  async close(): Promise<void> {
    if (this.#busy) this.#abandon();
    else await this.#transport.finish(terminate(), closeMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #simple(
    sql: string,
    limits: QueryLimits,
  ): Promise<{ readonly columns: readonly ResultColumn[]; readonly rows: readonly TextRow[] }> {
    const leave = await this.#enter(limits.signal);
    const release = this.#transport.guard(limits);
    const reply = new Reply(this.#session, this.#transport);
    try {
      this.#transport.send(query(sql));
      while (!reply.complete) reply.take(await this.#next(reply));
      reply.check();
      return reply;
    } catch (error) {
      if (!reply.complete) this.#abandon();
      throw error;
    } finally {
      release();
      leave();
    }
  }

  async #next(reply: Reply): Promise<Run> {
    try {
      return await this.#transport.next();
    } catch (error) {
      // The server's own words say more than that the connection broke after them.
      throw reply.fault ?? error;
    }
  }

  /** Waits until what was asked before has ended. */
  async #enter(signal: AbortSignal | undefined): Promise<() => void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = before.then(() => promise);
    try {
      await settledOrAborted(before, signal, this.#transport.target);
      if (this.#transport.fault !== undefined) throw this.#transport.fault;
    } catch (error) {
      resolve();
      throw error;
    }
    this.#busy = true;
    return () => {
      this.#busy = false;
      resolve();
    };
  }

  /** Gives up what runs: here at once, at the server by a CancelRequest of its own, which nobody waits for. */
  #abandon(): void {
    this.#transport.destroy(connectionFault('closed', this.#transport.target));
    if (this.#session.cancelKey.length === 0) return;
    // The connection is gone either way, and the server notices when it next sends: a lost CancelRequest only costs it time.
    this.#cancel().catch(() => undefined);
  }

  async #cancel(): Promise<void> {
    const target = this.#transport.target;
    await withDeadline({ timeoutMs: cancelMs, target }, async (deadline) => {
      const { stream } = await dialSecured(this.#options, deadline);
      stream.on('error', () => stream.destroy());
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.once('close', resolve);
      stream.resume().end(cancelRequest(this.#session.processId, this.#session.cancelKey));
      try {
        await settledOrAborted(promise, deadline, target);
      } finally {
        stream.destroy();
      }
    });
  }
}

/** What the server answered to one query so far. */
class Reply {
  columns: readonly ResultColumn[] = [];
  rows: TextRow[] = [];
  /** The server's first error. */
  fault: Fault | undefined;
  /** ReadyForQuery has come: the connection is free. */
  complete = false;
  /** Between CopyOutResponse and CopyDone. */
  copying = false;
  copied = false;
  readonly #session: Session;
  readonly #transport: PgTransport;

  constructor(session: Session, transport: PgTransport) {
    this.#session = session;
    this.#transport = transport;
  }

  take(run: Run): void {
    for (const frame of framesOf(run)) this.#takeFrame(run.tag, frame);
  }

  check(): void {
    if (this.fault !== undefined) throw this.fault;
  }

  #takeFrame(kind: number, frame: Uint8Array): void {
    assert(!this.complete, 'a message after ReadyForQuery was read');
    switch (kind) {
      case tag.dataRow:
        this.rows.push(parseRow(frame));
        return;
      case tag.rowDescription:
        this.columns = parseRowDescription(frame);
        this.rows = [];
        return;
      case tag.error: {
        const error = parseNotice(frame);
        this.fault ??= serverFault(error, this.#transport.target);
        if (endsConnection(error)) this.#transport.destroy(this.fault);
        return;
      }
      case tag.readyForQuery:
        parseReadyForQuery(frame);
        this.complete = true;
        return;
      case tag.parameterStatus: {
        const { name, value } = parseParameterStatus(frame);
        this.#session.parameters.set(name, value);
        return;
      }
      case tag.copyOut:
        this.copying = this.copied = true;
        return;
      case tag.copyDone:
        this.copying = false;
        return;
      case tag.copyIn:
        this.#transport.send(copyFail('not expected'));
        return;
      case tag.copyData: // of a COPY given to `query`: discarded
      case tag.commandComplete:
      case tag.emptyQuery:
      case tag.notice:
      case tag.notification:
        return;
      default:
        this.fault ??= connectionFault('outOfStep', this.#transport.target);
        this.#transport.destroy(this.fault);
    }
  }
}

function startupSettings(options: PgOptions): Readonly<Record<string, string>> {
  const replication = { database: 'database', physical: 'true' } as const;
  return {
    ...canonicalSettings,
    application_name: options.applicationName,
    ...options.settings,
    ...(options.replication === undefined ? {} : { replication: replication[options.replication] }),
  };
}

/** `18.4` → 180004, `9.6.24` → 90624, `19beta1` → 190000; 0 for what is no version. */
function versionNumber(text: string): number {
  const [, major, minor, patch] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text) ?? [];
  if (major === undefined) return 0;
  return Number(major) >= 10
    ? Number(major) * 10_000 + Number(minor ?? 0)
    : Number(major) * 10_000 + Number(minor ?? 0) * 100 + Number(patch ?? 0);
}
