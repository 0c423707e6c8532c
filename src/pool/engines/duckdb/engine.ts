import { existsSync, readdirSync, readlinkSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import duckdb from '@duckdb/node-bindings';
import { DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import { type Fault, fault } from '#base/fault.ts';
import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import { Batches } from './batches.ts';
import { isFatal, poolFault } from './faults.ts';
import { selfTest } from './self-test.ts';

/** The pool's name as a DuckDB catalog, whatever its file is called: a file named like one of its schemas would make every name ambiguous. */
export const catalogName = 'isthmus_pool';

export interface EngineOptions {
  readonly memoryLimitMb: number;
  readonly threads: number;
  readonly readOnly: boolean;
}

/** Files that this process has open, by real path: DuckDB does not notice a second instance on one file, and the two diverge. */
const openFiles = new Set<string>();

/**
 * Rows of a row group; half of DuckDB's own. Merging thinned-out groups writes up to three of them at once, and a transaction of more rows
 * than one goes straight into the file.
 */
const rowGroupRows = 61_440;

/** Far above what our own checkpoints leave: DuckDB's would come inside a commit and take as long as it takes. */
const walLimitMb = 4096;

/** One DuckDB instance on one pool file, with the writing connection. */
export class Engine {
  readonly path: string;
  readonly batches: Batches;
  readonly #database: duckdb.Database;
  readonly #raw: duckdb.Connection;
  readonly #connection: DuckDBConnection;
  readonly #readers = new Set<DuckDBConnection>();
  readonly #resting = new Set<DuckDBConnection>();
  readonly #reads = new Set<Promise<unknown>>();
  #closed = false;
  /** DuckDB has given up: nothing works any more but closing. */
  broken = false;

  private constructor(path: string, database: duckdb.Database, connection: duckdb.Connection) {
    this.path = path;
    this.#database = database;
    this.#raw = connection;
    this.#connection = new DuckDBConnection(connection);
    this.batches = new Batches(connection);
  }

  /** Faults: `PoolInUse`, `PoolNewer` (conflict), `PoolCorrupt` (corrupt), `PoolMissing`, `PoolNotWritable`, `PoolFull`. */
  static async open(file: string, options: EngineOptions): Promise<Engine> {
    const path = realPath(file);
    if (openFiles.has(path) || heldByThisProcess(path))
      throw fault('conflict', 'PoolInUse', 'This process has the pool file open already.', {
        target: file,
        remedy: 'Close it first, or use the pool that is open.',
      });
    openFiles.add(path);
    let engine: Engine | undefined;
    try {
      const database = await duckdb.open(':memory:', settings(path, options));
      engine = new Engine(path, database, await duckdb.connect(database));
      await engine.run(`SET GLOBAL TimeZone = 'UTC'`);
      await engine.run(
        `ATTACH ${quoteLiteral(path)} AS ${quoteIdentifier(catalogName)} (TYPE duckdb, ROW_GROUP_SIZE ${rowGroupRows}${options.readOnly ? ', READ_ONLY' : ''})`,
      );
      // They shrink text by half and cost a tenth of a first copy's time, more than anything else the engine does with it (measured).
      await engine.run(`SET GLOBAL disabled_compression_methods = 'fsst,dict_fsst'`);
      await engine.run(`SET enable_external_access = false`);
      await engine.run(`USE ${quoteIdentifier(catalogName)}`);
      await selfTest(engine);
      return engine;
    } catch (error) {
      await engine?.close();
      openFiles.delete(path);
      throw poolFault(error, file);
    }
  }

  /** Runs statements of our own on the writing connection. Errors come as DuckDB's. */
  async run(sql: string): Promise<void> {
    await this.#query(sql);
  }

  async rows(sql: string): Promise<readonly (readonly DuckDBValue[])[]> {
    return (await this.#query(sql)).getRows();
  }

  async #query(sql: string): ReturnType<DuckDBConnection['run']> {
    try {
      return await this.#connection.run(sql);
    } catch (error) {
      if (isFatal(error)) this.broken = true;
      throw error;
    }
  }

  /** Ends the statement that is running on the writing connection. */
  interrupt(): void {
    duckdb.interrupt(this.#raw);
  }

  /** Bytes that are committed and not yet in the file itself. */
  walBytes(): number {
    return statSync(`${this.path}.wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Connections that read: each may hold an older state of the pool. Those that rest hold none. */
  get readers(): number {
    return this.#readers.size - this.#resting.size;
  }

  /** A connection that stays has no transaction until it wakes. */
  rest(connection: DuckDBConnection): void {
    if (this.#readers.has(connection)) this.#resting.add(connection);
  }

  wake(connection: DuckDBConnection): void {
    this.#resting.delete(connection);
  }

  /** A connection of its own for reading. Close it with `disconnect`. */
  async connect(): Promise<DuckDBConnection> {
    if (this.#closed) throw poolClosed(this.path);
    const connection = new DuckDBConnection(await duckdb.connect(this.#database));
    this.#readers.add(connection);
    await connection.run(`USE ${quoteIdentifier(catalogName)}`);
    return connection;
  }

  disconnect(connection: DuckDBConnection): void {
    this.#resting.delete(connection);
    if (this.#readers.delete(connection)) connection.disconnectSync();
  }

  /** Waits, when the engine closes, for one thing that a reader's connection does: DuckDB must not be taken from under it. */
  async during<T>(work: Promise<T>): Promise<T> {
    const quiet = work.then(
      () => undefined,
      () => undefined,
    );
    this.#reads.add(quiet);
    try {
      return await work;
    } finally {
      this.#reads.delete(quiet);
    }
  }

  /** Also cuts the readers off: an instance lives, and holds the file, until its last connection is gone. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const reader of this.#readers) reader.interrupt();
    await Promise.all(this.#reads);
    for (const reader of this.#readers) this.disconnect(reader);
    this.batches.destroy();
    this.#connection.disconnectSync();
    duckdb.close_sync(this.#database);
    openFiles.delete(this.path);
  }
}

function settings(path: string, options: EngineOptions): duckdb.Config {
  const config = duckdb.create_config();
  const set = (name: string, value: string): void => duckdb.set_config(config, name, value);
  set('memory_limit', `${options.memoryLimitMb}MiB`);
  set('threads', String(options.threads));
  set('temp_directory', `${path}.tmp`);
  set('max_temp_directory_size', `${spillMb(dirname(path))}MiB`);
  set('checkpoint_threshold', `${walLimitMb}MiB`);
  set('autoinstall_known_extensions', 'false');
  set('autoload_known_extensions', 'false');
  set('allow_community_extensions', 'false');
  set('preserve_insertion_order', 'false');
  // Merging thinned-out row groups is done by `Upkeep`, in steps; DuckDB would do all at one checkpoint.
  set('max_vacuum_tasks', '0');
  // Rows of a large transaction go to the file soon, not in batches of five row groups.
  set('write_buffer_row_group_count', '1');
  // What was freed goes back to the system at once: the memory limit counts what is in use, not what the allocator keeps.
  set('allocator_flush_threshold', '4MiB');
  set('allocator_background_threads', 'true');
  return config;
}

/** What queries may spill to disk: a quarter of what is free, so that a greedy one fails and not the link. */
function spillMb(folder: string): number {
  const least = 1024;
  if (!existsSync(folder)) return least;
  const { bavail, bsize } = statfsSync(folder);
  return Math.max(least, Math.floor((bavail * bsize) / 4 / 1024 / 1024));
}

function poolClosed(path: string): Fault {
  return fault('unreachable', 'PoolReopened', 'The pool is being closed or opened again.', { target: path, remedy: 'Ask again.' });
}

function realPath(file: string): string {
  if (existsSync(file)) return realpathSync(file);
  const folder = dirname(resolve(file));
  return existsSync(folder) ? join(realpathSync(folder), basename(file)) : resolve(file);
}

/** Another thread of this process may hold the file: the kernel's locks do not tell threads apart, so its open files are looked at. */
function heldByThisProcess(path: string): boolean {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc/self/fd').some((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  });
}
