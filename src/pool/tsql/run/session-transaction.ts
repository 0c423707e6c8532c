import type { Fault } from '#base/fault.ts';
import { catalogName } from '../../engines/duckdb/engine.ts';
import { ownSchema } from '../../engines/duckdb/names.ts';
import type { AnswerSink } from '../session.ts';
import { sqlError, type SqlErrorOptions } from '../sql-error.ts';
import { quoteIdentifier } from '#replication/schema.ts';
import type { SessionConnection } from './session-connection.ts';

/** What a statement does with the pool: `none`: it works out values only, and needs no transaction. */
export type Access = 'none' | 'read' | 'write';

export interface TransactionTerms {
  readonly connection: SessionConnection;
  /** Milliseconds a transaction may stay open with nothing done in it: while one is open the pool's file grows with all that is written to it. */
  readonly idleMs: number;
  /** Temporary tables and what else must be as before when a transaction is rolled back. */
  readonly keep: () => Restore;
  /** What a ROLLBACK leaves as it is: table variables. Answers what brings it back afterwards. */
  readonly carry: () => Promise<() => Promise<void>>;
  /** A commit that wrote the pool: `reshaped` if the catalogue is another. */
  readonly committing: (commit: () => Promise<void>, reshaped: boolean) => Promise<void>;
}

/** `whole`: more than one statement was taken back, and what outlives that could not be carried over. */
export type Restore = (whole: boolean) => void;

/** A look at the pool: DuckDB's snapshot is taken at the first access, not at BEGIN. */
const firstLook = `FROM ${quoteIdentifier(catalogName)}.${quoteIdentifier(ownSchema)}.meta SELECT 1 LIMIT 1`;
const never = new AbortController().signal;

/**
 * A session's transaction: what T-SQL counts and names, and the engine's own, which begins when something is first done in it and sees the pool
 * as it was then. What fails while the engine works dooms it: nothing but ROLLBACK follows.
 */
export class SessionTransaction {
  readonly #terms: TransactionTerms;
  #count = 0;
  #name = '';
  #engine: { readonly restore: Restore } | undefined;
  #doomed: Fault | undefined;
  #wrote = false;
  #reshaped = false;
  #timer: NodeJS.Timeout | undefined;
  #idling: Promise<void> | undefined;
  /** Another number for each state of the pool that is seen. */
  sight = 0;

  constructor(terms: TransactionTerms) {
    this.#terms = terms;
  }

  /** `@@TRANCOUNT`. */
  get count(): number {
    return this.#count;
  }

  /** `XACT_STATE()`: 1, 0, or -2 where only ROLLBACK may follow. */
  get state(): 0 | 1 | -2 {
    return this.#doomed ? -2 : this.#count > 0 ? 1 : 0;
  }

  get isReshaped(): boolean {
    return this.#reshaped;
  }

  get isInEngine(): boolean {
    return this.#engine !== undefined;
  }

  begin(name: string, sink: AnswerSink | undefined): void {
    this.refuseDoomed();
    this.#count++;
    if (this.#count > 1) return;
    this.#name = name;
    sink?.changed({ kind: 'transaction', now: 'begun' });
  }

  /** Errors: 3902 (none is open), 111233 (doomed). */
  async commit(sink: AnswerSink | undefined, options: SqlErrorOptions): Promise<void> {
    await this.#pauseIdling();
    if (this.#count === 0) throw sqlError(3902, 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.', options);
    this.refuseDoomed();
    if (this.#count > 1) {
      this.#count--;
      return;
    }
    try {
      await this.#commitEngine();
    } catch (error) {
      this.#over();
      sink?.changed({ kind: 'transaction', now: 'rolled-back' });
      throw error;
    }
    this.#over();
    sink?.changed({ kind: 'transaction', now: 'committed' });
  }

  /** Errors: 3903 (none is open), 6401 (another name). */
  async rollback(name: string, sink: AnswerSink | undefined, options: SqlErrorOptions): Promise<void> {
    if (this.#count === 0) throw sqlError(3903, 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.', options);
    if (name !== '' && name.toLowerCase() !== this.#name.toLowerCase())
      throw sqlError(6401, `Cannot roll back ${name}. No transaction or savepoint of that name was found.`, options);
    await this.#pauseIdling();
    if (this.#engine) {
      const bringBack = await this.#terms.carry();
      await this.#rollbackEngine(false);
      await bringBack();
    }
    this.#over();
    sink?.changed({ kind: 'transaction', now: 'rolled-back' });
  }

  /** Error 111233, with why. */
  refuseDoomed(): void {
    if (!this.#doomed) return;
    throw sqlError(
      111_233,
      `111233;The current transaction has aborted, and any pending changes have been rolled back. ${this.#doomed.message} Execute a ROLLBACK statement to go on.`,
    );
  }

  /** Begins the engine's transaction where none is open. What it answers ends the one that it began, or is undefined within a longer one. */
  async enter(access: Access, signal: AbortSignal): Promise<Entered> {
    await this.#pauseIdling();
    // A CATCH may ask what happened.
    if (access !== 'none') this.refuseDoomed();
    const { connection, keep } = this.#terms;
    const isOwn = this.#count === 0;
    if (!this.#engine && access !== 'none') {
      const isReading = access === 'read' && isOwn;
      connection.wake();
      this.sight++;
      this.#engine = { restore: keep() };
      try {
        await connection.run(`BEGIN TRANSACTION${isReading ? ' READ ONLY' : ''}; ${firstLook}`, signal);
      } catch (error) {
        await this.#rollbackEngine();
        throw error;
      }
    }
    return {
      wrote: (reshapes) => {
        this.#wrote = true;
        this.#reshaped ||= reshapes;
      },
      done: async () => {
        if (isOwn) await this.#commitEngine();
        else if (this.#engine) this.#idle();
      },
      failed: async (fault) => {
        if (isOwn) return this.#rollbackEngine();
        await this.#failWithin(fault);
      },
    };
  }

  /** XACT_ABORT, where a CATCH is to hear of the error: nothing but ROLLBACK may follow. */
  async doom(fault: Fault): Promise<void> {
    if (this.#count === 0) return;
    await this.#pauseIdling();
    await this.#rollbackEngine();
    this.#doomed ??= fault;
  }

  /** XACT_ABORT: an error takes the whole transaction with it. */
  async abort(sink: AnswerSink | undefined): Promise<void> {
    if (this.#count === 0) return;
    await this.#pauseIdling();
    await this.#rollbackEngine();
    this.#over();
    sink?.changed({ kind: 'transaction', now: 'rolled-back' });
  }

  /** The session ends, or is as newly logged in. */
  async end(): Promise<void> {
    await this.#pauseIdling();
    await this.#rollbackEngine();
    this.#over();
  }

  /** Is the engine's transaction still good? What was refused before it did anything is no harm to it. */
  async #failWithin(fault: Fault): Promise<void> {
    if (!this.#engine) return;
    try {
      await this.#terms.connection.run(firstLook, never);
      this.#idle();
    } catch {
      await this.#rollbackEngine();
      this.#doomed = fault;
    }
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#count = 0;
    this.#name = '';
    this.#doomed = undefined;
  }

  async #commitEngine(): Promise<void> {
    const engine = this.#engine;
    if (!engine) return;
    const { connection, committing } = this.#terms;
    const commit = async (): Promise<void> => void (await connection.run('COMMIT', never));
    try {
      await (this.#wrote ? committing(commit, this.#reshaped) : commit());
      this.#leaveEngine();
    } catch (error) {
      // One that fails has rolled back by itself.
      this.#leaveEngine();
      engine.restore(this.#count > 0);
      throw error;
    }
  }

  async #rollbackEngine(whole = this.#count > 0): Promise<void> {
    const engine = this.#engine;
    if (!engine) return;
    try {
      await this.#terms.connection.run('ROLLBACK', never);
    } catch {
      // It never began, or the engine has gone.
    }
    this.#leaveEngine();
    engine.restore(whole);
  }

  #leaveEngine(): void {
    this.#engine = undefined;
    this.#wrote = false;
    this.#reshaped = false;
    this.sight++;
    this.#terms.connection.rest();
  }

  #idle(): void {
    clearTimeout(this.#timer);
    const { idleMs } = this.#terms;
    this.#timer = setTimeout(() => {
      this.#idling = this.#giveUp(idleMs);
    }, idleMs).unref();
  }

  async #pauseIdling(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#idling;
    this.#idling = undefined;
  }

  async #giveUp(idleMs: number): Promise<void> {
    await this.#rollbackEngine();
    const seconds = Math.round(idleMs / 1000);
    this.#doomed = sqlError(
      111_233,
      `Nothing was done in it for ${seconds} s, and while a transaction is open the pool's file cannot be kept in order.`,
    );
  }
}

/** Within a transaction of the engine. One of the two must be called, once. */
export interface Entered {
  /** The pool is another now; its catalogue too. */
  readonly wrote: (reshapes: boolean) => void;
  readonly done: () => Promise<void>;
  readonly failed: (fault: Fault) => Promise<void>;
}
