import { Fault, fault } from '#base/fault.ts';
import { batchBytes, BatchBuilder, type ColumnBatch, type ColumnBuilder } from '#replication/column.ts';
import type { SqlServerShape } from './catalog.ts';
import { strange } from './database.ts';
import type { SqlRow } from './session.ts';
import type { TypePlan } from './types.ts';

/** Takes in values of a row from `from` on, one for each plan. A fault names the table and the column, never the value. */
export function appendValues(
  row: SqlRow,
  from: number,
  plans: readonly TypePlan[],
  { into, nameOf }: { readonly into: readonly ColumnBuilder[]; readonly nameOf: (column: number) => string },
): void {
  if (row.length < from + plans.length) throw strange();
  for (let column = 0; column < plans.length; column++) {
    const value = row[from + column];
    const builder = into[column]!;
    if (value === null || value === undefined) builder.null();
    else appendValue(plans[column]!, value, builder, () => nameOf(column));
  }
}

function appendValue(plan: TypePlan, value: unknown, into: ColumnBuilder, nameOf: () => string): void {
  try {
    plan.append(value, into);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw fault(error.kind, error.code, error.message, { target: nameOf(), remedy: error.remedy, cause: error });
  }
}

/** Collects rows of a table as they are selected by its statements, until there are enough for a batch. */
export class RowCollector {
  readonly #shape: SqlServerShape;
  readonly #plans: readonly TypePlan[];
  readonly #batchBytes: number;
  readonly #batch: BatchBuilder;
  /** Of the last row that was taken. */
  key: readonly string[] | undefined;
  rows = 0;
  bytes = 0;

  constructor(shape: SqlServerShape, bytesOfBatch: number) {
    this.#shape = shape;
    this.#plans = shape.columns.map((one) => one.plan);
    this.#batchBytes = bytesOfBatch;
    this.#batch = new BatchBuilder(shape.columns.map((one) => one.schema.type));
  }

  take(row: SqlRow): void {
    appendValues(row, 0, this.#plans, { into: this.#batch.columns, nameOf: (column) => columnName(this.#shape, column) });
    this.rows += 1;
    if (this.#shape.schema.key.length > 0) this.key = this.#shape.schema.key.map((place, i) => this.#shape.keyPlans[i]!.text(row[place]));
  }

  /** Rows for a batch, where there are enough of them, or with `all` any. */
  batch(all: boolean): ColumnBatch | undefined {
    if (this.#batch.rows === 0 || (!all && builtBytes(this.#batch) < this.#batchBytes)) return undefined;
    const batch = this.#batch.take();
    this.bytes += batchBytes(batch);
    return batch;
  }
}

/** The bytes that a builder's values take so far. */
export function builtBytes({ columns }: BatchBuilder): number {
  return columns.reduce((sum, one) => sum + (one.width === 0 ? one.used + 4 * one.rows : one.rows * one.width), 0);
}

export function columnName({ schema }: SqlServerShape, column: number): string {
  return `${schema.table}.${schema.columns[column]?.name ?? String(column)}`;
}
