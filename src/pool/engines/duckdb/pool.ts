import { fault } from '#base/fault.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { poolFault } from './faults.ts';
import { openLedger, readIdentity, writeSource } from './ledger.ts';
import type { OnExisting } from '#replication/schema.ts';
import { Upkeep } from './upkeep.ts';
import { DuckDbWriter } from './writer.ts';

export interface DuckDbPoolOptions {
  /** What DuckDB itself may use, 160 by default; the batches in flight come on top. */
  readonly memoryLimitMb?: number | undefined;
  /** Threads of DuckDB, 1 by default: while one loads a batch the others would spin. */
  readonly threads?: number | undefined;
  readonly readOnly?: boolean | undefined;
  /** For tables that are in the file and are not the link's. */
  readonly onExisting?: OnExisting | undefined;
}

/** A pool in one DuckDB file, open in this process. */
export class DuckDbPool implements AsyncDisposable {
  readonly path: string;
  readonly #options: EngineOptions;
  readonly #onExisting: OnExisting;
  /** Keeps the file in order between transactions. */
  readonly upkeep: Upkeep = new Upkeep(() => (this.#closed ? undefined : this.#engine));
  #engine: Engine | undefined;
  #opening: Promise<Engine> | undefined;
  #writer: DuckDbWriter | undefined;
  #closed = false;

  private constructor(engine: Engine, options: EngineOptions, onExisting: OnExisting) {
    this.path = engine.path;
    this.#engine = engine;
    this.#opening = Promise.resolve(engine);
    this.#options = options;
    this.#onExisting = onExisting;
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
    return new DuckDbPool(engine, engineOptions, options.onExisting ?? 'fail-if-not-empty');
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

  /** The writer of the pool's one link. */
  writer(): PoolWriter {
    this.#writer ??= new DuckDbWriter(this, this.#onExisting);
    return this.#writer;
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
    const engine = await openEngine(this.path, this.#options);
    this.#engine = engine;
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    await this.#writer?.[Symbol.asyncDispose]();
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
