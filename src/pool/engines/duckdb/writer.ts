import { failpoint } from '#base/failpoint.ts';
import { assert, fault } from '#base/fault.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import type { OnExisting, TableSchema } from '#replication/schema.ts';
import type { Progress, Segment, Step, TableProgress } from '#replication/segment.ts';
import type { Engine } from './engine.ts';
import { poolFault } from './faults.ts';
import { type Ledger, ledgerStatements, progressOf, readLedger, type TableRecord } from './ledger.ts';
import { chooseTarget, qualified, type Target, targetKey } from './names.ts';
import { applyRows, type OpenTable, type RowsStep } from './rows.ts';
import { changeShape, createTable, existingTables, type Fill } from './shape.ts';

/** The part of a pool that its writer needs. */
export interface WritablePool {
  /** The running engine; opened again when it broke. */
  engine(): Promise<Engine>;
  /** Keeps the file in order while no transaction is open. */
  readonly upkeep: { pause(): Promise<void>; resume(removed?: ReadonlyMap<Target, number>): void };
}

/** A transaction that has begun and not ended. */
interface Open {
  readonly engine: Engine;
  readonly tables: Map<string, TableRecord>;
  /** Tables whose record must be written. */
  readonly changed: Set<string>;
  readonly before: Ledger;
  /** Tables whose rows it may have deleted or filled: see `ShapeChange.touched`. */
  readonly touched: Set<string>;
  readonly removed: Map<Target, number>;
  /** What was in the pool when the first table was made, and where the link's own tables lie. */
  existing: Map<string, 'table' | 'view'> | undefined;
  taken: Set<string> | undefined;
  number: number;
}

const empty: TableRecord = { target: undefined, schema: undefined, progress: undefined, pagesOnly: false };

/** Applies a link's segments to a DuckDB pool. */
export class DuckDbWriter implements PoolWriter {
  readonly #pool: WritablePool;
  readonly #onExisting: OnExisting;
  #ledger: Ledger | undefined;
  #open: Open | undefined;
  #busy = false;

  constructor(pool: WritablePool, onExisting: OnExisting) {
    this.#pool = pool;
    this.#onExisting = onExisting;
  }

  async progress(): Promise<Progress> {
    try {
      return progressOf(await this.#committed());
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
    const engine = await this.#pool.engine();
    // An engine may turn out to be broken only when it is asked.
    this.#ledger = await readLedger(engine).catch(async (error: unknown) => {
      if (!engine.broken) throw error;
      return readLedger(await this.#pool.engine());
    });
    return this.#ledger;
  }

  async #apply(segment: Segment): Promise<void> {
    const ledger = await this.#committed();
    if (segment.number <= ledger.number) return;
    // A landing zone keeps the parts of a transaction that its writer did not live to end, and numbers the next one after them.
    const before = this.#open?.number ?? ledger.number;
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
    this.#open ??= await this.#begin(ledger);
    const open = this.#open;
    open.number = segment.number;
    for (const step of segment.steps) await this.#step(open, step);
    if (segment.last) await this.#commit(open, segment);
  }

  async #begin(ledger: Ledger): Promise<Open> {
    await this.#pool.upkeep.pause();
    try {
      const engine = await this.#pool.engine();
      await engine.run('BEGIN TRANSACTION');
      return {
        engine,
        tables: new Map(ledger.tables),
        changed: new Set(),
        before: ledger,
        touched: new Set(),
        removed: new Map(),
        existing: undefined,
        taken: undefined,
        number: ledger.number,
      };
    } catch (error) {
      this.#pool.upkeep.resume();
      throw error;
    }
  }

  async #commit(open: Open, segment: Segment): Promise<void> {
    const { before } = open;
    const ledger: Ledger = {
      number: segment.number,
      position: segment.position ?? before.position,
      committedAt: segment.committedAt ?? before.committedAt,
      tables: open.tables,
    };
    await failpoint('pool.commit.before');
    await open.engine.run(`${ledgerStatements(ledger, open.changed)}; COMMIT`);
    await failpoint('pool.commit.after');
    this.#ledger = ledger;
    this.#open = undefined;
    this.#pool.upkeep.resume(open.removed);
  }

  /** Gives up the open transaction. Whether a commit that failed took place is read from the pool. */
  async #giveUp(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return;
    this.#ledger = undefined;
    try {
      await open.engine.run('ROLLBACK');
    } catch {
      // A failed commit has rolled back by itself, and a broken engine is opened anew.
    }
    this.#pool.upkeep.resume();
  }

  async #step(open: Open, step: Step): Promise<void> {
    switch (step.kind) {
      case 'rows':
        return this.#rows(open, step);
      case 'truncate':
        return this.#truncate(open, step.table);
      case 'schema':
        return this.#shape(open, step.schema, step.fills);
      case 'drop':
        return this.#drop(open, step.table);
      case 'leave':
        return this.#leave(open, step.table);
      case 'progress':
        return this.#progress(open, step.progress);
      default:
        return step satisfies never;
    }
  }

  #record(open: Open, table: string, change: Partial<TableRecord>): void {
    open.tables.set(table, { ...empty, ...open.tables.get(table), ...change });
    open.changed.add(table);
  }

  async #rows(open: Open, step: RowsStep): Promise<void> {
    const table = openTable(open, step.table);
    const removed = await applyRows(open.engine, table, step);
    if (removed > 0) {
      open.touched.add(step.table);
      open.removed.set(table.target, (open.removed.get(table.target) ?? 0) + removed);
    }
    const byChanges = ((step.inserts?.rows ?? 0) > 0 && !step.replaces) || (step.patches?.rows.rows ?? 0) > 0;
    if (byChanges && table.pagesOnly) this.#record(open, step.table, { pagesOnly: false });
  }

  async #truncate(open: Open, name: string): Promise<void> {
    const table = openTable(open, name);
    await open.engine.run(`DELETE FROM ${qualified(table.target)}`);
    open.touched.add(name);
    open.removed.set(table.target, Infinity);
    if (!table.pagesOnly) this.#record(open, name, { pagesOnly: true });
  }

  async #shape(open: Open, schema: TableSchema, fills: readonly Fill[]): Promise<void> {
    const record = open.tables.get(schema.table);
    const target = record?.target;
    if (target && record.schema && record.schema.id === schema.id) {
      const touched = await changeShape(open.engine, {
        target,
        from: record.schema,
        to: schema,
        fills,
        touched: open.touched.has(schema.table),
      });
      if (touched) open.touched.add(schema.table);
      return this.#record(open, schema.table, { schema });
    }
    open.existing ??= await existingTables(open.engine);
    open.taken ??= new Set([...open.tables.values()].flatMap((other) => (other.target ? [targetKey(other.target)] : [])));
    const place = target ?? chooseTarget(schema, open.taken);
    open.taken.add(targetKey(place));
    const onExisting = target ? 'drop' : this.#onExisting;
    const isEmpty = await createTable(open.engine, schema, { target: place, onExisting, existing: open.existing });
    open.touched.delete(schema.table);
    this.#record(open, schema.table, { target: place, schema, pagesOnly: isEmpty });
  }

  async #drop(open: Open, table: string): Promise<void> {
    const target = open.tables.get(table)?.target;
    if (target) {
      await open.engine.run(`DROP TABLE IF EXISTS ${qualified(target)}`);
      open.taken?.delete(targetKey(target));
      open.existing?.delete(targetKey(target));
    }
    open.tables.delete(table);
    open.changed.add(table);
  }

  #leave(open: Open, table: string): void {
    const target = open.tables.get(table)?.target;
    if (target) {
      open.taken?.delete(targetKey(target));
      open.existing?.set(targetKey(target), 'table');
    }
    open.tables.delete(table);
    open.changed.add(table);
  }

  async #progress(open: Open, progress: TableProgress): Promise<void> {
    const record = open.tables.get(progress.table);
    const begins = progress.after === undefined && !progress.copied && progress.state !== 'Replicating';
    // A second pass of pages carries the keys that the first one put in.
    const again =
      begins &&
      record?.pagesOnly === true &&
      record.target !== undefined &&
      (await open.engine.rows(`SELECT 1 FROM ${qualified(record.target)} LIMIT 1`)).length > 0;
    this.#record(open, progress.table, again ? { progress, pagesOnly: false } : { progress });
  }
}

function openTable(open: Open, table: string): OpenTable {
  const record = open.tables.get(table);
  if (!record?.schema || !record.target)
    throw fault('corrupt', 'TableUnknown', 'Rows came for a table whose shape the pool does not know.', {
      target: table,
      remedy: 'Start the link again; if it stays, remove the table from the link and add it.',
    });
  return { schema: record.schema, target: record.target, pagesOnly: record.pagesOnly, complete: record.progress?.state === 'Replicating' };
}
