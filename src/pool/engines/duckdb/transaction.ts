import { Fault, fault } from '#base/fault.ts';
import { footingAfter } from '#replication/continuation.ts';
import { stepBytes } from '#replication/lane.ts';
import type { OnExisting, TableSchema } from '#replication/schema.ts';
import type { Segment, Step, TableProgress } from '#replication/segment.ts';
import type { Engine } from './engine.ts';
import { emptyRecord, ledgerStatements, type Ledger, type TableRecord, withCounts } from './ledger.ts';
import { qualified, type Target } from './names.ts';
import { Places } from './places.ts';
import { applyRows, type OpenTable, type RowsStep } from './rows.ts';
import { changeShape, createTable, type Fill } from './shape.ts';

export interface TransactionOptions {
  /** For tables that are in the pool, are no link's, and whose placement does not say. */
  readonly onExisting: OnExisting;
  /** What is wrong with one table's place or shape stops that table only; else it is thrown. */
  readonly rejects: boolean;
}

/** Faults of one table's place or shape, found before anything of it is changed. */
const tableFaults: ReadonlySet<string> = new Set(['TableNotEmpty', 'TableDiffers', 'TableTaken', 'MergeNeedsKey', 'NoColumns']);

/** A transaction of one run that has begun on the writing connection and not ended: what its steps do, and what they leave. */
export class OpenTransaction {
  readonly engine: Engine;
  readonly before: Ledger;
  /** The last segment it has. */
  number: number;
  /** How many rows it may have taken away, of which tables. */
  readonly removed: Map<Target, number> = new Map();
  /** It makes, alters or drops tables, or what they are. */
  reshapes = false;
  readonly #options: TransactionOptions;
  readonly #places: Places;
  readonly #tables: Map<string, TableRecord>;
  readonly #changed = new Set<string>();
  readonly #counted = new Set<string>();
  /** Tables whose rows it may have deleted or filled: see `ShapeChange.touched`. */
  readonly #touched = new Set<string>();
  /** Tables that it has rejected: trying again at once would find the same. */
  readonly #refused = new Set<string>();

  constructor(engine: Engine, before: Ledger, options: TransactionOptions) {
    this.engine = engine;
    this.before = before;
    this.number = before.number;
    this.#options = options;
    this.#tables = new Map(before.tables);
    this.#places = new Places(engine, before.run, this.#tables);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'rows':
        return this.#rows(step);
      case 'truncate':
        return this.#truncate(step.table);
      case 'schema':
        return this.#shape(step.schema, step.fills);
      case 'drop':
        return this.#drop(step.table);
      case 'leave':
        return this.#forget(step.table);
      case 'progress':
        return this.#progress(step.progress);
      default:
        return step satisfies never;
    }
  }

  /** What it leaves once its last segment is taken, and the statements that write that down. */
  outcome(last: Segment, nowMs: number): { readonly ledger: Ledger; readonly sql: string } {
    const committedMs = last.committedAt === undefined ? undefined : Number(last.committedAt / 1_000n);
    for (const table of this.#counted) {
      const record = this.#tables.get(table);
      if (!record) continue;
      const { processed } = record;
      const times = { atMs: nowMs, committedMs: committedMs ?? processed.committedMs };
      this.#tables.set(table, { ...record, processed: { ...processed, ...times } });
    }
    const { ledger, written } = withCounts(
      {
        ...this.before,
        ...footingAfter(this.before, last),
        committedAt: last.committedAt ?? this.before.committedAt,
        tables: this.#tables,
      },
      this.#counted,
    );
    return { ledger, sql: ledgerStatements(ledger, { records: this.#changed, counts: written }) };
  }

  #record(table: string, change: Partial<TableRecord>): void {
    this.#tables.set(table, { ...emptyRecord, ...this.#tables.get(table), ...change });
    this.#changed.add(table);
  }

  async #rows(step: RowsStep): Promise<void> {
    const record = this.#tables.get(step.table);
    if (record?.rejected) return;
    const table = openTable(step.table, record);
    const removed = await applyRows(this.engine, table, step);
    if (removed > 0) {
      this.#touched.add(step.table);
      this.removed.set(table.target, (this.removed.get(table.target) ?? 0) + removed);
    }
    const byChanges = ((step.inserts?.rows ?? 0) > 0 && !step.replaces) || (step.patches?.rows.rows ?? 0) > 0;
    if (byChanges && table.pagesOnly) this.#record(step.table, { pagesOnly: false });
    this.#count(step);
  }

  #count(step: RowsStep): void {
    const record = this.#tables.get(step.table) ?? emptyRecord;
    const { processed } = record;
    const rows = Math.max(step.removes?.rows ?? 0, (step.inserts?.rows ?? 0) + (step.patches?.rows.rows ?? 0));
    const sums = { rows: processed.rows + rows, bytes: processed.bytes + stepBytes(step) };
    this.#tables.set(step.table, { ...record, processed: { ...processed, ...sums } });
    this.#counted.add(step.table);
  }

  async #truncate(name: string): Promise<void> {
    const record = this.#tables.get(name);
    if (record?.rejected) return;
    const table = openTable(name, record);
    await this.engine.run(`DELETE FROM ${qualified(table.target)}`);
    this.#touched.add(name);
    this.removed.set(table.target, Infinity);
    if (!table.pagesOnly) this.#record(name, { pagesOnly: true });
  }

  async #shape(schema: TableSchema, fills: readonly Fill[]): Promise<void> {
    // Its rows were passed over: a place that has become free since is taken when its copy begins anew.
    this.reshapes = true;
    if (this.#tables.get(schema.table)?.rejected) return this.#record(schema.table, { schema });
    await this.#unlessRejected(schema, () => this.#give(schema, fills));
  }

  /** Does what the shape asks for; what is wrong with this table alone is written down. */
  async #unlessRejected(schema: TableSchema, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#options.rejects || !(error instanceof Fault) || !tableFaults.has(error.code)) throw error;
      this.#refused.add(schema.table);
      this.#record(schema.table, { schema, rejected: { code: error.code, message: error.message, remedy: error.remedy } });
    }
  }

  /** Gives a table its place and shape. One that has a place keeps it until it leaves the link. */
  async #give(schema: TableSchema, fills: readonly Fill[]): Promise<void> {
    const { target, schema: from, rejected } = this.#tables.get(schema.table) ?? emptyRecord;
    const isKnown = target !== undefined && from !== undefined && from.id === schema.id && !rejected;
    if (!isKnown) return this.#create(schema, target);
    const touched = await changeShape(this.engine, { target, from, to: schema, fills, touched: this.#touched.has(schema.table) });
    if (touched) this.#touched.add(schema.table);
    this.#record(schema.table, { schema });
  }

  /** `old`: where a former table of this name lies, which was the link's too. */
  async #create(schema: TableSchema, old: Target | undefined): Promise<void> {
    const target = old ?? (await this.#places.choose(schema));
    const wanted = schema.placement?.onExisting ?? this.#options.onExisting;
    const onExisting = old && !isMerged(schema) ? 'drop' : wanted;
    const isEmpty = await createTable(this.engine, schema, { target, onExisting, existing: await this.#places.existing() });
    this.#places.note(target);
    this.#touched.delete(schema.table);
    this.#record(schema.table, { target, schema, pagesOnly: isEmpty, rejected: undefined });
  }

  /** A table that was merged into holds rows of others: it stays. */
  async #drop(table: string): Promise<void> {
    this.reshapes = true;
    const { target, schema } = this.#tables.get(table) ?? emptyRecord;
    if (target && !(schema && isMerged(schema))) {
      await this.engine.run(`DROP TABLE IF EXISTS ${qualified(target)}`);
      this.#places.free(target);
    }
    this.#forget(table);
  }

  #forget(table: string): void {
    this.reshapes = true;
    this.#tables.delete(table);
    this.#changed.add(table);
    this.#counted.add(table);
  }

  async #progress(progress: TableProgress): Promise<void> {
    const { table } = progress;
    const record = this.#tables.get(table);
    const begins = progress.after === undefined && !progress.copied && progress.state !== 'Replicating';
    if (record?.rejected) {
      const { schema } = record;
      const isAnew = begins && (progress.state === 'Waiting' || progress.state === 'Snapshotting') && !this.#refused.has(table);
      if (schema && isAnew) this.reshapes = true;
      if (schema && isAnew) await this.#unlessRejected(schema, () => this.#give(schema, []));
      return this.#record(table, { progress });
    }
    // A second pass of pages carries the keys that the first one put in.
    const again =
      begins &&
      record?.pagesOnly === true &&
      record.target !== undefined &&
      (await this.engine.rows(`SELECT 1 FROM ${qualified(record.target)} LIMIT 1`)).length > 0;
    this.#record(table, again ? { progress, pagesOnly: false } : { progress });
  }
}

function isMerged({ placement }: TableSchema): boolean {
  return placement?.onExisting === 'merge';
}

function openTable(name: string, record: TableRecord | undefined): OpenTable {
  if (!record?.schema || !record.target)
    throw fault('corrupt', 'TableUnknown', 'Rows came for a table whose shape the pool does not know.', {
      target: name,
      remedy: 'Start the link again; if it stays, remove the table from the link and add it.',
    });
  return { schema: record.schema, target: record.target, pagesOnly: record.pagesOnly, complete: record.progress?.state === 'Replicating' };
}
