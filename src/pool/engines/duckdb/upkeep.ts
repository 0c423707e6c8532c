import type { Fault } from '#base/fault.ts';
import { quoteLiteral } from '#replication/schema.ts';
import { catalogName, type Engine } from './engine.ts';
import { poolFault } from './faults.ts';
import { noteUpkeep, readIdentity, tablesOfLinks } from './ledger.ts';
import { qualified, type Target, targetKey } from './names.ts';
import { rewriteTable } from './shape.ts';

/** Committed bytes outside the file from which on they are brought into it: 0.2 s on a small machine, while commits wait. */
const walBytesLimit = 20 * 1024 * 1024;
/** Time without a transaction after which there is leisure. */
const idleMs = 2_000;
/**
 * Dead rows per live row from which on row groups are merged while transactions come, and down to which. With more dead than live rows two
 * row groups make one, and each row written frees one; with fewer it takes two or three.
 */
const mergeFrom = 1.1;
const mergeDownTo = 0.6;
/** Dead rows per live row that leisure does not leave. */
const idleDead = 0.25;
/** A table of more rows is not written anew for its dead rows alone: it would be broken off again and again. */
const rewriteRows = 5_000_000;
/** Share of the file that may be empty before a table is written anew, so that the file can shrink; and the size below which nobody cares. */
const emptyShare = 0.25;
const smallBlocks = 8;
/** A table written anew may first have to go to the end of the file, and only then to its front. */
const maxRewrites = 2;
/** After work that was broken off, this many times what it took passes before it is tried again. */
const patience = 20;

interface Thinning {
  readonly target: Target;
  /** Rows taken away since it was last looked at. */
  removed: number;
  /** Dead rows per live row when it was last looked at. */
  dead: number;
  /** Row groups are being merged. */
  merging: boolean;
}

/**
 * Keeps a pool's file small and its commits short: brings the WAL into the file, merges row groups that deletions have thinned out, and
 * gives empty room back. Works between transactions only: what takes long happens in steps of a fraction of a second, or in idle time and
 * is broken off as soon as a transaction comes.
 */
export class Upkeep {
  readonly #engine: () => Engine | undefined;
  readonly #tables = new Map<string, Thinning>();
  #running: Promise<void> | undefined;
  #rewriting: Engine | undefined;
  #paused = false;
  #rewriteFromMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What went wrong last; the work is tried again later. */
  lastFault: Fault | undefined;

  constructor(engine: () => Engine | undefined) {
    this.#engine = engine;
  }

  /** A transaction is about to begin: resolves when the writing connection is free. */
  async pause(): Promise<void> {
    this.#paused = true;
    clearTimeout(this.#timer);
    // An interrupt that falls between two statements is lost, so it is repeated.
    const again = setInterval(() => this.#rewriting?.interrupt(), 20);
    this.#rewriting?.interrupt();
    try {
      await this.#running;
    } finally {
      clearInterval(again);
    }
  }

  /** A transaction has ended; `removed` tells how many rows it took from which tables. */
  resume(removed: ReadonlyMap<Target, number> = new Map()): void {
    for (const [target, rows] of removed) this.#count(target, rows);
    this.#paused = false;
    const engine = this.#engine();
    if (!engine) return;
    if (engine.walBytes() >= walBytesLimit) this.#start(engine, () => this.#checkpoint(engine, 0));
    else if ([...this.#tables.values()].some((table) => table.merging)) this.#start(engine, () => this.#checkpoint(engine, 1));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(engine, () => this.#leisure(engine)), idleMs).unref();
  }

  /** All the work that idle time would do, at once. */
  async settle(): Promise<void> {
    await this.pause();
    this.#paused = false;
    const engine = this.#engine();
    if (engine) this.#start(engine, () => this.#leisure(engine));
    await this.#running;
  }

  async close(): Promise<void> {
    await this.pause();
  }

  #count(target: Target, rows: number): void {
    const key = targetKey(target);
    const known = this.#tables.get(key) ?? { target, removed: Infinity, dead: 0, merging: false };
    known.removed += rows;
    this.#tables.set(key, known);
  }

  #start(engine: Engine, work: () => Promise<void>): void {
    const before = this.#running;
    const running = (async () => {
      await before;
      if (this.#paused) return;
      try {
        await work();
        this.lastFault = undefined;
      } catch (error) {
        this.lastFault = poolFault(error);
        // A checkpoint that failed may have broken the engine, which only the next statement says.
        await readIdentity(engine).catch(() => undefined);
      }
    })();
    this.#running = running;
    void running.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
  }

  /** Also merges up to `merges` groups of row groups in each table, and looks which tables need that from now on. */
  async #checkpoint(engine: Engine, merges: number): Promise<void> {
    await checkpoint(engine, merges);
    await this.#look(engine);
  }

  async #leisure(engine: Engine): Promise<void> {
    if (engine.walBytes() > 0) await checkpoint(engine, 0);
    await this.#look(engine);
    while (!this.#paused && (await this.#mergeStep(engine)));
    // A reader may hold the old table, whose room would not be freed.
    if (engine.readers > 0 || performance.now() < this.#rewriteFromMs) return;
    for (const table of this.#tables.values()) {
      if (this.#paused || table.dead <= idleDead) continue;
      const rows = (await rowsWithDead(engine)).get(targetKey(table.target)) ?? 0;
      if (rows <= rewriteRows && (await this.#rewrite(engine, table.target))) table.dead = 0;
    }
    for (let i = 0; i < maxRewrites && !this.#paused && (await isHollow(engine)); i++) {
      const target = await largestTable(engine);
      if (target) await this.#rewrite(engine, target);
    }
  }

  /** Finds out how thin the tables are of which enough has gone to make the look worth its while. */
  async #look(engine: Engine): Promise<void> {
    const totals = await rowsWithDead(engine);
    for (const [key, table] of this.#tables) {
      const total = totals.get(key);
      if (total === undefined) this.#tables.delete(key);
      else if (table.merging || table.removed >= total * 0.1) await look(engine, table, total);
    }
  }

  /** Merges one group of row groups in each table that needs it. Answers whether that freed anything. */
  async #mergeStep(engine: Engine): Promise<boolean> {
    const thin = [...this.#tables].filter(([, table]) => table.merging).map(([key]) => key);
    if (thin.length === 0) return false;
    const rows = async (): Promise<number> => {
      const totals = await rowsWithDead(engine);
      return thin.reduce((sum, key) => sum + (totals.get(key) ?? 0), 0);
    };
    const before = await rows();
    await noteUpkeep(engine, 'merge');
    await this.#checkpoint(engine, 1);
    return (await rows()) < before;
  }

  /** Writes a table anew, into the empty room at the front of the file, whose end may then fall off. Answers whether it came to an end. */
  async #rewrite(engine: Engine, target: Target): Promise<boolean> {
    const startMs = performance.now();
    this.#rewriting = engine;
    try {
      await engine.run('BEGIN TRANSACTION');
      await rewriteTable(engine, target, '*');
      await noteUpkeep(engine, 'rewrite', false);
      await engine.run('COMMIT');
    } catch (error) {
      await engine.run('ROLLBACK').catch(() => undefined);
      if (!this.#paused) throw error;
      this.#rewriteFromMs = performance.now() + patience * (performance.now() - startMs);
      return false;
    } finally {
      this.#rewriting = undefined;
    }
    await checkpoint(engine, 0);
    // Room that a checkpoint frees can be given back by the next.
    await noteUpkeep(engine, 'shrink');
    await checkpoint(engine, 0);
    return true;
  }
}

/** While a reader holds a state from before a table was made or altered DuckDB refuses; then the next one does it. */
async function checkpoint(engine: Engine, mergeTasks: number): Promise<void> {
  await engine.run(`SET max_vacuum_tasks = ${mergeTasks}`);
  try {
    await engine.run('CHECKPOINT');
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('Cannot CHECKPOINT'))) throw error;
  } finally {
    if (mergeTasks > 0) await engine.run('SET max_vacuum_tasks = 0');
  }
}

async function look(engine: Engine, table: Thinning, total: number): Promise<void> {
  const [row] = await engine.rows(`SELECT count(*) FROM ${qualified(table.target)}`);
  const live = Number(row?.[0] ?? total);
  table.removed = 0;
  table.dead = (total - live) / Math.max(live, 1);
  table.merging = total - live > 2048 && table.dead > (table.merging ? mergeDownTo : mergeFrom);
}

/** Rows of each table, by `targetKey`, the deleted ones that still take room included. */
async function rowsWithDead(engine: Engine): Promise<ReadonlyMap<string, number>> {
  const rows = await engine.rows(
    `SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE database_name = ${quoteLiteral(catalogName)}`,
  );
  return new Map(rows.map(([schema, name, size]) => [targetKey({ schema: String(schema), name: String(name) }), Number(size)]));
}

/** The largest table of the link. One that somebody gave an index or a constraint would lose them. */
async function largestTable(engine: Engine): Promise<Target | undefined> {
  const [row] = await engine.rows(`
    SELECT t.schema_name, t.table_name FROM duckdb_tables() t JOIN ${tablesOfLinks} o ON t.schema_name = o.target_schema AND t.table_name = o.target_name
    WHERE t.database_name = ${quoteLiteral(catalogName)} AND NOT t.has_primary_key AND t.index_count = 0 AND t.check_constraint_count = 0
    ORDER BY t.estimated_size * t.column_count DESC LIMIT 1`);
  return row && { schema: String(row[0]), name: String(row[1]) };
}

async function isHollow(engine: Engine): Promise<boolean> {
  const [row] = await engine.rows(
    `SELECT total_blocks, free_blocks FROM pragma_database_size() WHERE database_name = ${quoteLiteral(catalogName)}`,
  );
  const total = Number(row?.[0] ?? 0);
  return total > smallBlocks && Number(row?.[1] ?? 0) > total * emptyShare;
}
