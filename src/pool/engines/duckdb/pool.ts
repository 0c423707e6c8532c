import { failpoint } from '#base/failpoint.ts';
import { fault } from '#base/fault.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { poolFault } from './faults.ts';
import { forgetStatements, type Ledger, onlyRun, openLedger, readIdentity, readRuns, writeSource } from './ledger.ts';
import type { OnExisting } from '#replication/schema.ts';
import { ShapeClock } from './shape-clock.ts';
import { Turns } from './turns.ts';
import { Upkeep } from './upkeep.ts';
import { DuckDbWriter } from './writer.ts';

export interface DuckDbPoolOptions {
  /** What DuckDB itself may use, 160 by default; the batches in flight come on top. */
  readonly memoryLimitMb?: number | undefined;
  /** Threads of DuckDB, 1 by default: while one loads a batch the others would spin. */
  readonly threads?: number | undefined;
  readonly readOnly?: boolean | undefined;
  /** For tables that are in the file, are no link's, and whose placement does not say; `fail-if-not-empty` by default. */
  readonly onExisting?: OnExisting | undefined;
  /**
   * A table that cannot have its place or shape stops alone: the segment is applied without it, the ledger says why, and its rows are ignored
   * until its copy begins anew. By default that is a fault of `apply`.
   */
  readonly rejectsTables?: boolean | undefined;
  /** Milliseconds since 1970; given by tests. */
  readonly now?: (() => number) | undefined;
}

/** A pool in one DuckDB file, open in this process. */
export class DuckDbPool implements AsyncDisposable {
  readonly path: string;
  readonly #options: EngineOptions;
  readonly #writing: Omit<DuckDbPoolOptions, keyof EngineOptions>;
  /** Keeps the file in order between transactions. */
  readonly upkeep: Upkeep = new Upkeep(() => (this.#closed ? undefined : this.#engine));
  /** The one writing connection is used by one transaction at a time. */
  readonly turns: Turns = new Turns();
  /** For those who keep what the catalogue says. Whoever changes it on a connection of their own tells it here. */
  readonly shapes: ShapeClock = new ShapeClock();
  #tending = false;
  readonly #writers = new Map<string, DuckDbWriter>();
  #engine: Engine | undefined;
  #opening: Promise<Engine> | undefined;
  #closed = false;

  private constructor(engine: Engine, options: EngineOptions, writing: Omit<DuckDbPoolOptions, keyof EngineOptions>) {
    this.path = engine.path;
    this.#engine = engine;
    this.#opening = Promise.resolve(engine);
    this.#options = options;
    this.#writing = writing;
  }

  /**
   * Opens a pool file, or makes it. One pool per file and process.
   * Faults: `PoolInUse`, `PoolNewer` (conflict), `PoolCorrupt` (corrupt), `PoolMissing`, `PoolNotWritable` (denied), `PoolFull`.
   */
  static async open(path: string, options: DuckDbPoolOptions = {}): Promise<DuckDbPool> {
    const engineOptions = {
      memoryLimitMb: options.memoryLimitMb ?? 160,
      threads: options.threads ?? 1,
      readOnly: options.readOnly ?? false,
    };
    const engine = await openEngine(path, engineOptions);
    return new DuckDbPool(engine, engineOptions, options);
  }

  /** The pool's own random identity, made with the file. */
  async identity(): Promise<{ readonly linkId: string }> {
    return { linkId: (await readIdentity(await this.engine())).linkId };
  }

  /** Ties the pool to a source, once and for all. Faults: `PoolOfAnotherLink` (conflict). */
  async bind(sourceIdentity: string): Promise<void> {
    const engine = await this.engine();
    const { source } = await readIdentity(engine);
    if (source === undefined) return writeSource(engine, sourceIdentity);
    if (source !== sourceIdentity) {
      throw fault('conflict', 'PoolOfAnotherLink', 'The pool file belongs to a link from another source.', {
        target: this.path,
        remedy: 'Use another pool file for this source, or remove this one if its rows are no longer wanted.',
      });
    }
  }

  /** The writer of a run of a link: one for each run, however often it is asked for. Runs may write at the same time. */
  writer(run: string = onlyRun): PoolWriter & { ledger(): Promise<Ledger> } {
    const known = this.#writers.get(run);
    if (known) return known;
    const { onExisting = 'fail-if-not-empty', rejectsTables: rejects = false, now = Date.now } = this.#writing;
    const writer = new DuckDbWriter(this, { run, onExisting, rejects, now });
    this.#writers.set(run, writer);
    return writer;
  }

  /** The runs of which the pool knows any progress. */
  async runs(): Promise<readonly string[]> {
    return this.alone(readRuns);
  }

  /** What is known of a run's progress goes; its tables stay, and are nobody's. Its writer must not be used any more. Idempotent. */
  async forget(run: string): Promise<void> {
    await this.#writers.get(run)?.[Symbol.asyncDispose]();
    this.#writers.delete(run);
    await this.alone(async (engine) => {
      await engine.run(`BEGIN TRANSACTION; ${forgetStatements(run)}`);
      try {
        await failpoint('pool.forget.before');
        await this.shapes.changing(() => engine.run('COMMIT'));
      } catch (error) {
        await engine.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  /**
   * After a commit on a connection of somebody's own: upkeep brings it into the file when it is its turn. Those connections need no turn
   * for what they write, which is never a link's.
   */
  async tend(): Promise<void> {
    if (this.#tending || this.#closed) return;
    this.#tending = true;
    const endTurn = await this.turns.take();
    this.#tending = false;
    try {
      await this.upkeep.pause();
    } finally {
      this.upkeep.resume();
      endTurn();
    }
  }

  /** Work on the writing connection beside the writers. */
  async alone<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
    const endTurn = await this.turns.take();
    try {
      await this.upkeep.pause();
      return await work(await this.engine());
    } catch (error) {
      throw poolFault(error, this.path);
    } finally {
      this.upkeep.resume();
      endTurn();
    }
  }

  /** The running engine. One that broke, as when the disk was full, is opened again. */
  async engine(): Promise<Engine> {
    if (this.#closed) throw fault('bug', 'PoolClosed', 'The pool was used after it was closed.');
    if (this.#engine?.broken || !this.#opening) {
      const opening = this.#open(this.#engine);
      this.#engine = undefined;
      this.#opening = opening;
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined;
      });
    }
    return this.#opening;
  }

  async #open(broken: Engine | undefined): Promise<Engine> {
    await broken?.close();
    const engine = await this.shapes.changing(() => openEngine(this.path, this.#options));
    this.#engine = engine;
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    for (const writer of this.#writers.values()) await writer[Symbol.asyncDispose]();
    await this.upkeep.close();
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    await this.#engine?.close();
  }
}

async function openEngine(path: string, options: EngineOptions): Promise<Engine> {
  const engine = await Engine.open(path, options);
  try {
    await openLedger(engine, options.readOnly);
    return engine;
  } catch (error) {
    await engine.close();
    throw poolFault(error, path);
  }
}
