import type { Fault } from '#base/fault.ts';
import { quoteLiteral } from '#replication/schema.ts';
import { catalogName, type Engine } from './engine.ts';
import { poolFault } from './faults.ts';
import { noteUpkeep, readIdentity, tablesOfLink } from './ledger.ts';
import { qualified, type Target, targetKey } from './names.ts';
import { rewriteTable } from './shape.ts';

/** Committed bytes outside the file from which on they are brought into it: 0.2 s on a small machine, while commits wait. */
const walBytesLimit = 20 * 1024 * 1024;
/** Time without a transaction after which there is leisure. */
const idleMs = 2_000;
/** Dead rows per live row from which on row groups are merged, and down to which. The fewer are dead the more live ones are written for each freed. */
const busy = { mergeFrom: 0.65, mergeDownTo: 0.4 };
const idle = { mergeFrom: 0.4, mergeDownTo: 0.25 };
/** Share of the file that may be empty before a table is written anew, so that the file can shrink; and the size below which nobody cares. */
const emptyShare = 0.25;
const smallBlocks = 8;
/** A table written anew may first have to go to the end of the file, and only then to its front. */
const maxRewrites = 2;

interface Thinning {
  readonly target: Target;
  /** Rows taken away since it was last looked at. */
  removed: number;
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
    const known = this.#tables.get(key) ?? { target, removed: Infinity, merging: false };
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
    for (const table of this.#tables.values()) await look(engine, table, busy);
  }

  async #leisure(engine: Engine): Promise<void> {
    if (engine.walBytes() > 0) await checkpoint(engine, 0);
    for (const table of this.#tables.values()) await look(engine, table, idle);
    while (!this.#paused && (await this.#mergeStep(engine)));
    for (let i = 0; i < maxRewrites && !this.#paused && (await isHollow(engine)); i++) await this.#rewrite(engine);
  }

  /** Merges one group of row groups in each table that needs it. Answers whether that freed anything. */
  async #mergeStep(engine: Engine): Promise<boolean> {
    const thin = [...this.#tables.values()].filter((table) => table.merging);
    if (thin.length === 0) return false;
    const before = await totalRows(engine, thin);
    await noteUpkeep(engine, 'merge');
    await checkpoint(engine, 1);
    for (const table of thin) await look(engine, table, idle);
    return (await totalRows(engine, thin)) < before;
  }

  /** Writes the largest table anew, into the empty room at the front of the file, whose end then falls off. */
  async #rewrite(engine: Engine): Promise<void> {
    const target = await largestTable(engine);
    if (!target || this.#paused) return;
    this.#rewriting = engine;
    try {
      await engine.run('BEGIN TRANSACTION');
      await rewriteTable(engine, target, '*');
      await noteUpkeep(engine, 'rewrite', false);
      await engine.run('COMMIT');
    } catch (error) {
      await engine.run('ROLLBACK').catch(() => undefined);
      if (!this.#paused) throw error;
      return;
    } finally {
      this.#rewriting = undefined;
    }
    await checkpoint(engine, 0);
    // Room that a checkpoint frees can be given back by the next.
    await noteUpkeep(engine, 'shrink');
    await checkpoint(engine, 0);
  }
}

async function checkpoint(engine: Engine, mergeTasks: number): Promise<void> {
  await engine.run(`SET max_vacuum_tasks = ${mergeTasks}`);
  await engine.run('CHECKPOINT');
  if (mergeTasks > 0) await engine.run('SET max_vacuum_tasks = 0');
}

/** Finds out how thin a table is, once enough of it has gone to make the look worth its while. */
async function look(engine: Engine, table: Thinning, limits: typeof busy): Promise<void> {
  const total = await totalRows(engine, [table]);
  if (!table.merging && table.removed < total * 0.1) return;
  const [row] = await engine.rows(`SELECT count(*) FROM ${qualified(table.target)}`).catch(() => []);
  const live = Number(row?.[0] ?? total);
  const dead = total - live;
  table.removed = 0;
  table.merging = dead > 2048 && dead > live * (table.merging ? limits.mergeDownTo : limits.mergeFrom);
}

/** Rows in the file, the deleted ones that still take room included. */
async function totalRows(engine: Engine, tables: readonly Thinning[]): Promise<number> {
  let total = 0;
  for (const { target } of tables) {
    const [row] = await engine.rows(
      `SELECT estimated_size FROM duckdb_tables() WHERE database_name = ${quoteLiteral(catalogName)} AND schema_name = ${quoteLiteral(target.schema)} AND table_name = ${quoteLiteral(target.name)}`,
    );
    total += Number(row?.[0] ?? 0);
  }
  return total;
}

/** The largest table of the link. One that somebody gave an index or a constraint would lose them. */
async function largestTable(engine: Engine): Promise<Target | undefined> {
  const [row] = await engine.rows(`
    SELECT t.schema_name, t.table_name FROM duckdb_tables() t JOIN ${tablesOfLink} o ON t.schema_name = o.target_schema AND t.table_name = o.target_name
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
