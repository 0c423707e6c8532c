import { PgConnection, type PgOptions, type QueryLimits, type TextRow } from './connection.ts';

/** Something that answers SQL. */
export interface Sql {
  /** As `server_version_num`. */
  readonly serverVersion: number;
  readonly database: string;
  query(sql: string, limits?: QueryLimits): Promise<readonly TextRow[]>;
}

/** A connection for short questions, made anew after it broke. Every answer comes in time or the connection is given up. */
export class SqlSession implements AsyncDisposable {
  readonly #options: PgOptions;
  readonly #signal: AbortSignal;
  readonly #timeoutMs: number;
  #opening: Promise<PgConnection> | undefined;

  constructor(options: PgOptions, limits: { readonly signal: AbortSignal; readonly timeoutMs: number }) {
    this.#options = options;
    this.#signal = limits.signal;
    this.#timeoutMs = limits.timeoutMs;
  }

  /** The live connection. Faults: those of connecting. */
  async connection(): Promise<PgConnection> {
    const before = this.#opening;
    const known = await before?.catch(() => undefined);
    if (known && known.fault === undefined) return known;
    if (this.#opening === before) this.#opening = PgConnection.connect(this.#options, this.#signal);
    return this.#opening!;
  }

  /** The live connection, asked with the session's signal and time limit. */
  async sql(): Promise<Sql> {
    return limited(await this.connection(), { signal: this.#signal, timeoutMs: this.#timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await this.#opening?.catch(() => undefined);
    await connection?.close();
  }
}

/** The connection, with limits for every query that names none. */
export function limited(connection: PgConnection, limits: QueryLimits): Sql {
  return {
    serverVersion: connection.serverVersion,
    database: connection.database,
    query: (sql, more) => connection.query(sql, { ...limits, ...more }),
  };
}

/**
 * Runs statements as one transaction that waits for locks no longer than `lockMs`: `LockNotAvailable` (throttled) then, and nothing was done.
 * Statements of one simple query are one transaction by themselves, which leaves nothing open when it fails: others use the connection too.
 */
export async function inTransaction(sql: Sql, statements: readonly string[], lockMs: number): Promise<void> {
  if (statements.length > 0) await sql.query(`SET LOCAL lock_timeout = ${lockMs}; ${statements.join('; ')}`);
}
