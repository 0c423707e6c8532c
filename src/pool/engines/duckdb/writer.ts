import { failpoint } from '#base/failpoint.ts';
import { assert, fault } from '#base/fault.ts';
import { checkContinues, isHeld } from '#replication/continuation.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import type { Progress, Segment } from '#replication/segment.ts';
import type { Engine } from './engine.ts';
import { poolFault } from './faults.ts';
import { type Ledger, progressOf, readLedger } from './ledger.ts';
import type { Target } from './names.ts';
import type { ShapeClock } from './shape-clock.ts';
import { OpenTransaction, type TransactionOptions } from './transaction.ts';
import type { Turns } from './turns.ts';

/** The part of a pool that its writers need. */
export interface WritablePool {
  /** The running engine; opened again when it broke. */
  engine(): Promise<Engine>;
  /** For the one writing connection: a transaction has it from its begin to its end. */
  readonly turns: Turns;
  /** Told of commits that make, alter or drop tables. */
  readonly shapes: ShapeClock;
  /** Keeps the file in order while no transaction is open. */
  readonly upkeep: { pause(): Promise<void>; resume(removed?: ReadonlyMap<Target, number>): void };
}

export interface WriterOptions extends TransactionOptions {
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A transaction, and what lets others begin theirs. */
interface Open {
  readonly transaction: OpenTransaction;
  readonly endTurn: () => void;
}

/** Applies the segments of one run of a link to a DuckDB pool. Writers of several runs wait for each other, a transaction at a time. */
export class DuckDbWriter implements PoolWriter {
  readonly #pool: WritablePool;
  readonly #options: WriterOptions;
  #ledger: Ledger | undefined;
  #open: Open | undefined;
  #busy = false;

  constructor(pool: WritablePool, options: WriterOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  async progress(): Promise<Progress> {
    return progressOf(await this.ledger());
  }

  /** What the last committed transaction left, with what only the pool knows of it. */
  async ledger(): Promise<Ledger> {
    try {
      return await this.#committed();
    } catch (error) {
      throw poolFault(error);
    }
  }

  async apply(segment: Segment): Promise<void> {
    assert(!this.#busy, 'a segment came while another was being applied');
    this.#busy = true;
    try {
      await this.#apply(segment);
    } catch (error) {
      await this.#giveUp();
      throw poolFault(error);
    } finally {
      this.#busy = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#giveUp();
  }

  async #committed(): Promise<Ledger> {
    if (this.#ledger) return this.#ledger;
    // Nothing of this run is open now; what is open of another must not be read.
    const endTurn = await this.#pool.turns.take();
    try {
      const engine = await this.#pool.engine();
      const read = (from: Engine): Promise<Ledger> => readLedger(from, this.#options.run);
      // An engine may turn out to be broken only when it is asked.
      this.#ledger ??= await read(engine).catch(async (error: unknown) => {
        if (!engine.broken) throw error;
        return read(await this.#pool.engine());
      });
      return this.#ledger;
    } finally {
      endTurn();
    }
  }

  async #apply(segment: Segment): Promise<void> {
    const ledger = await this.#committed();
    if (isHeld(segment, ledger, this.#options.run)) return;
    // A landing zone keeps the parts of a transaction that its writer did not live to end, and numbers the next one after them.
    const before = this.#open?.transaction.number ?? ledger.number;
    if (segment.first) await this.#giveUp();
    const follows = segment.number === before + 1 || (segment.first && segment.number === ledger.number + 1);
    if (!follows || (!segment.first && !this.#open)) {
      throw fault(
        'corrupt',
        'SegmentGap',
        `Segment ${segment.number} came after ${before}${segment.first || this.#open ? '' : ', without its beginning'}.`,
        { remedy: 'Start the link again: it goes on from what the pool has.' },
      );
    }
    checkContinues(segment, ledger, this.#options.run);
    this.#open ??= await this.#begin(ledger);
    const { transaction } = this.#open;
    transaction.number = segment.number;
    for (const step of segment.steps) await transaction.take(step);
    if (segment.last) await this.#commit(transaction, segment);
  }

  async #begin(ledger: Ledger): Promise<Open> {
    const endTurn = await this.#pool.turns.take();
    try {
      await this.#pool.upkeep.pause();
      const engine = await this.#pool.engine();
      await engine.run('BEGIN TRANSACTION');
      return { transaction: new OpenTransaction(engine, ledger, this.#options), endTurn };
    } catch (error) {
      this.#pool.upkeep.resume();
      endTurn();
      throw error;
    }
  }

  async #commit(transaction: OpenTransaction, last: Segment): Promise<void> {
    const { ledger, sql } = transaction.outcome(last, this.#options.now());
    await failpoint('pool.commit.before');
    // Whether a commit that fails took place is read from the pool.
    this.#ledger = undefined;
    const commit = (): Promise<void> => transaction.engine.run(`${sql}; COMMIT`);
    await (transaction.reshapes ? this.#pool.shapes.changing(commit) : commit());
    await failpoint('pool.commit.after');
    this.#ledger = ledger;
    this.#end(transaction.removed);
  }

  /** Gives up the open transaction. */
  async #giveUp(): Promise<void> {
    if (!this.#open) return;
    try {
      await this.#open.transaction.engine.run('ROLLBACK');
    } catch {
      // A failed commit has rolled back by itself, and a broken engine is opened anew.
    }
    this.#end();
  }

  #end(removed?: ReadonlyMap<Target, number>): void {
    const open = this.#open;
    this.#open = undefined;
    this.#pool.upkeep.resume(removed);
    open?.endTurn();
  }
}
