import { BatchBuilder } from '#replication/column.ts';
import type { Step } from '#replication/segment.ts';
import type { SqlServerShape } from './catalog.ts';
import { appendValues, builtBytes, columnName } from './rows.ts';
import type { SqlRow } from './session.ts';
import type { TypePlan } from './types.ts';

const columnsInFront = 3;

/**
 * Rows of `changesStatement`: what became of each changed key. The operation is not looked at: whether a row is there decides, so that a key that
 * came and went between two looks, in whatever order, ends as it is.
 */
export class TrackedRows {
  readonly #shape: SqlServerShape;
  readonly #plans: readonly TypePlan[];
  readonly #removes: BatchBuilder;
  readonly #inserts: BatchBuilder;
  /** Keys put in, where several texts are one key at the source (by its collation): the same row then comes for each of them. */
  readonly #put: Set<string> | undefined;
  changes = 0;

  constructor(shape: SqlServerShape) {
    this.#shape = shape;
    this.#plans = shape.columns.map((one) => one.plan);
    const types = shape.columns.map((one) => one.schema.type);
    const keyTypes = shape.schema.key.map((place) => types[place]!);
    this.#removes = new BatchBuilder(keyTypes, 256);
    this.#inserts = new BatchBuilder(types, 256);
    this.#put = keyTypes.some(({ kind }) => kind === 'text') ? new Set() : undefined;
  }

  get bytes(): number {
    return builtBytes(this.#removes) + builtBytes(this.#inserts);
  }

  take(row: SqlRow): void {
    const { schema, keyPlans } = this.#shape;
    const nameOf = (column: number): string => columnName(this.#shape, column);
    const keyNameOf = (column: number): string => nameOf(schema.key[column]!);
    this.changes += 1;
    appendValues(row, columnsInFront, keyPlans, { into: this.#removes.columns, nameOf: keyNameOf });
    if (row[2] !== 1) return;
    const from = columnsInFront + keyPlans.length;
    if (this.#put !== undefined) {
      const now = keyPlans.map((plan, i) => plan.text(row[from + schema.key[i]!]));
      const then = keyPlans.map((plan, i) => plan.text(row[columnsInFront + i]));
      const key = JSON.stringify(now);
      if (key !== JSON.stringify(then)) this.#removeAlso(row, from);
      if (this.#put.has(key)) return;
      this.#put.add(key);
    }
    appendValues(row, from, this.#plans, { into: this.#inserts.columns, nameOf });
  }

  /** What was taken so far; nothing, where that is none. */
  step(): Step | undefined {
    if (this.#removes.rows === 0) return undefined;
    const inserts = this.#inserts.rows > 0 ? this.#inserts.take() : undefined;
    return { kind: 'rows', table: this.#shape.schema.table, removes: this.#removes.take(), inserts, patches: undefined, replaces: false };
  }

  #removeAlso(row: SqlRow, from: number): void {
    const { schema, keyPlans } = this.#shape;
    for (const [i, plan] of keyPlans.entries())
      appendValues(row, from + schema.key[i]!, [plan], {
        into: [this.#removes.columns[i]!],
        nameOf: () => columnName(this.#shape, schema.key[i]!),
      });
  }
}
