import { Request, TYPES, type Connection } from 'tedious';
import { fault, type Fault } from '#base/fault.ts';
import { Approach, driverTimeoutMs, explained, type SessionOptions } from './driver-login.ts';
import { connectionFault } from './faults.ts';
import type { HostPort } from './routes.ts';

export type SqlRow = readonly unknown[];
/** Texts travel as nvarchar, numbers as int, bigints as bigint. */
export type Parameters = Readonly<Record<string, string | number | bigint>>;

/** The driver's numbers of isolation levels. */
const isolation = { readCommitted: 0x02, snapshot: 0x05 } as const;
/** Rows that wait for whoever reads them. */
const rowsAtOnce = 512;

/** One session with a SQL Server, for one question at a time; others wait for it. */
export class SqlServerSession implements AsyncDisposable {
  /** Where the server sent the session on to. */
  readonly route: HostPort | undefined;
  readonly #connection: Connection;
  readonly #target: string;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  #tail: Promise<unknown> = Promise.resolve();
  #lost: Fault | undefined;

  private constructor(connection: Connection, parts: Omit<SessionParts, 'connection'>) {
    this.#connection = connection;
    this.#target = parts.target;
    this.#timeoutMs = parts.timeoutMs;
    this.#signal = parts.signal;
    this.route = parts.route;
    const end = (cause?: unknown): void => void (this.#lost ??= connectionFault('lost', this.#target, cause));
    connection.on('error', end);
    connection.on('end', () => {
      this.#signal.removeEventListener('abort', this.#onAbort);
      end();
    });
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#signal.aborted) this.#onAbort();
  }

  /**
   * Logs in, following where the server sends on to. Faults: the dialer's; those of `secureLine`; those of `server-errors.ts`; `ServerSilent` (timeout);
   * `ConnectionRedirected` (precondition).
   */
  static async connect(options: SessionOptions, signal: AbortSignal): Promise<SqlServerSession> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.connectTimeoutMs)]);
    const approach = new Approach(options, deadline);
    const connection = await approach.logIn();
    return new SqlServerSession(connection, {
      target: approach.target,
      route: approach.route,
      timeoutMs: options.questionTimeoutMs,
      signal,
    });
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** All rows of a small answer. Faults: those of `server-errors.ts`; `ServerSilent` (timeout); `ConnectionLost`. */
  async query(sql: string, parameters?: Parameters): Promise<readonly SqlRow[]> {
    const all: SqlRow[] = [];
    for await (const rows of this.rows(sql, parameters)) all.push(...rows);
    return all;
  }

  /** The rows of an answer of any size, some at a time. Left early, the answer is cancelled at the server. Faults as of `query`. */
  async *rows(sql: string, parameters?: Parameters): AsyncGenerator<readonly SqlRow[], void> {
    const before = this.#tail;
    const turn = Promise.withResolvers<void>();
    this.#tail = turn.promise;
    await before;
    try {
      yield* this.#ask(sql, parameters);
    } finally {
      turn.resolve();
    }
  }

  /** Begins a transaction that sees one moment, which its first question pins. */
  begin(): Promise<void> {
    return this.#transact((done) => this.#connection.beginTransaction(done, '', isolation.snapshot));
  }

  /** Begins a transaction whose locks keep what it reads from being changed. */
  beginLocking(): Promise<void> {
    return this.#transact((done) => this.#connection.beginTransaction(done, '', isolation.readCommitted));
  }

  commit(): Promise<void> {
    return this.#transact((done) => this.#connection.commitTransaction(done));
  }

  /** Ends the session, and whatever it is at. */
  destroy(why?: Fault): void {
    this.#lost ??= why ?? connectionFault('lost', this.#target);
    this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  readonly #onAbort = (): void => this.destroy(fault('cancelled', 'Canceled', `The session with ${this.#target} was given up.`));

  async *#ask(sql: string, parameters: Parameters | undefined): AsyncGenerator<readonly SqlRow[], void> {
    if (this.#lost !== undefined) throw this.#lost;
    const answer = new Answer((error) => this.#explained(error));
    const request = new Request(sql, (error) => answer.end(error));
    request.setTimeout(driverTimeoutMs);
    request.on('row', (columns: readonly { readonly value: unknown }[]) => {
      if (answer.take(columns.map(({ value }) => value)) >= rowsAtOnce) request.pause();
    });
    for (const [name, value] of Object.entries(parameters ?? {}))
      request.addParameter(name, typeof value === 'string' ? TYPES.NVarChar : typeof value === 'number' ? TYPES.Int : TYPES.BigInt, value);
    if (parameters === undefined) this.#connection.execSqlBatch(request);
    else this.#connection.execSql(request);
    try {
      for (;;) {
        const rows = await this.#within(answer.next());
        if (rows === undefined) return;
        yield rows;
        request.resume();
      }
    } finally {
      if (!answer.isOver) {
        request.cancel();
        await this.#within(answer.ended()).catch(() => undefined);
      }
    }
  }

  #transact(work: (done: (error?: Error | null) => void) => void): Promise<void> {
    const turn = this.#tail.then(() => {
      if (this.#lost !== undefined) throw this.#lost;
      return this.#within(new Promise<void>((resolve, reject) => work((error) => (error ? reject(this.#explained(error)) : resolve()))));
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** What comes in time; after that the session is given up. */
  async #within<T>(promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const silent = fault('timeout', 'ServerSilent', `${this.#target} has answered nothing for ${this.#timeoutMs / 1000} s.`, {
          target: this.#target,
          remedy: "Check the server's load, whether a lock is held there, and the network between.",
        });
        this.destroy(silent);
        reject(silent);
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #explained(error: unknown): Fault {
    if (this.#lost !== undefined) return this.#lost;
    return explained(error, this.#target);
  }
}

interface SessionParts {
  readonly connection: Connection;
  readonly target: string;
  readonly route: HostPort | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Rows on their way from the driver to a reader. */
class Answer {
  readonly #explain: (error: unknown) => Fault;
  #rows: SqlRow[] = [];
  #over = false;
  #trouble: Fault | undefined;
  #wake: (() => void) | undefined;

  constructor(explain: (error: unknown) => Fault) {
    this.#explain = explain;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Answers how many rows wait. */
  take(row: SqlRow): number {
    const waiting = this.#rows.push(row);
    this.#wake?.();
    return waiting;
  }

  end(error: unknown): void {
    this.#over = true;
    if (error) this.#trouble = this.#explain(error);
    this.#wake?.();
  }

  /** Undefined: there are no more. */
  async next(): Promise<readonly SqlRow[] | undefined> {
    while (this.#rows.length === 0 && !this.#over) await this.#woken();
    if (this.#rows.length === 0) {
      if (this.#trouble !== undefined) throw this.#trouble;
      return undefined;
    }
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  async ended(): Promise<void> {
    while (!this.#over) await this.#woken();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
