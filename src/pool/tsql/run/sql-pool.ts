import type { Log } from '#base/log.ts';
import type { DuckDbPool } from '../../engines/duckdb/pool.ts';
import { PoolCatalogue } from '../catalogue/pool-catalogue.ts';
import { makeDeclared } from '../query/declared.ts';
import type { Admission, SessionUser } from '../session.ts';
import { DuckDbSession } from './duckdb-session.ts';
import { ParsedTexts } from './parsed.ts';

export interface SqlPoolOptions {
  /** As clients name it. */
  readonly database: string;
  /** `@@SERVERNAME`. */
  readonly serverName: string;
  readonly admission: Admission;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
  /** How long nothing may be done in a transaction that is open: 2 minutes by default. */
  readonly idleTransactionMs?: number | undefined;
  /** Statements of one request, those of its loops counted each time: a million by default. */
  readonly mostStatements?: number | undefined;
}

/** Who is at the other end of a session. */
export interface SessionClient {
  readonly user: SessionUser;
  /** `@@SPID`. */
  readonly number: number;
  /** As the client calls itself and its machine; empty where it says nothing. */
  readonly application: string;
  readonly host: string;
  readonly address: string;
  /** All that travels is encrypted. */
  readonly encrypted: boolean;
}

/** What `sys.dm_exec_sessions` says of a session. */
export interface SessionFacts extends SessionClient {
  readonly loginMs: number;
  /** When its last request began, and whether it still runs. */
  readonly requestMs: number;
  readonly running: boolean;
  readonly transactions: number;
}

/** A pool as T-SQL sees it: what its sessions share. */
export class SqlPool {
  readonly pool: DuckDbPool;
  readonly options: SqlPoolOptions & { readonly idleTransactionMs: number; readonly mostStatements: number };
  readonly catalogue: PoolCatalogue;
  readonly texts: ParsedTexts = new ParsedTexts();
  #made: Promise<void> | undefined;
  readonly #sessions = new Set<DuckDbSession>();

  constructor(pool: DuckDbPool, options: SqlPoolOptions) {
    this.pool = pool;
    const { idleTransactionMs = 120_000, mostStatements = 1_000_000 } = options;
    this.options = { ...options, idleTransactionMs, mostStatements };
    this.catalogue = new PoolCatalogue(pool.shapes);
  }

  /** Opens a session: dispose it when its client has gone. */
  async open(client: SessionClient): Promise<DuckDbSession> {
    this.#made ??= this.pool.alone((engine) => engine.run(makeDeclared));
    await this.#made.catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    const session = await DuckDbSession.open(this, client);
    this.#sessions.add(session);
    session.closed.then(
      () => this.#sessions.delete(session),
      () => this.#sessions.delete(session),
    );
    return session;
  }

  get sessions(): readonly SessionFacts[] {
    return [...this.#sessions].map((session) => session.facts);
  }
}
