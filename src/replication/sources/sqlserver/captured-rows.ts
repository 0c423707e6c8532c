import type { ColumnBuilder } from '#replication/column.ts';
import type { Step } from '#replication/segment.ts';
import { TableChanges, type EventRow } from '#replication/table-changes.ts';
import type { SqlServerShape } from './catalog.ts';
import { strange } from './database.ts';
import { appendValues, columnName } from './rows.ts';
import type { SqlRow } from './session.ts';

const columnsInFront = 3;
const operations = { delete: 1, insert: 2, before: 3, after: 4 } as const;

class CapturedRow implements EventRow {
  readonly #shape: SqlServerShape;
  readonly row: SqlRow;

  constructor(shape: SqlServerShape, row: SqlRow) {
    this.#shape = shape;
    this.row = row;
  }

  append(column: number, into: ColumnBuilder): boolean {
    const plan = this.#shape.columns[column]!.plan;
    appendValues(this.row, columnsInFront + column, [plan], { into: [into], nameOf: () => columnName(this.#shape, column) });
    return true;
  }

  /** What rows with equal keys share, and no others. */
  key(): string {
    const { schema, keyPlans } = this.#shape;
    return JSON.stringify(schema.key.map((place, i) => keyPlans[i]!.text(this.row[columnsInFront + place])));
  }
}

/** Rows of `capturedStatement`, in the order of the log, brought down to one outcome for each key. */
export class CapturedRows {
  readonly #shape: SqlServerShape;
  readonly #changes: TableChanges;
  /** An update comes as two rows. */
  #before: CapturedRow | undefined;

  constructor(shape: SqlServerShape) {
    this.#shape = shape;
    // The capture job may be behind a page: a row that is inserted here may have been copied already.
    this.#changes = new TableChanges(shape.schema, false);
  }

  get changes(): number {
    return this.#changes.changes;
  }

  take(values: SqlRow): void {
    const row = new CapturedRow(this.#shape, values);
    const before = this.#before;
    this.#before = undefined;
    switch (values[2]) {
      case operations.delete:
        return this.#changes.delete(row.key(), row);
      case operations.insert:
        return this.#changes.insert(row.key(), row);
      case operations.before:
        this.#before = row;
        return;
      case operations.after:
        if (before === undefined) throw strange();
        this.#changes.update({ key: row.key(), oldKey: before.key() }, row, before);
        return;
      default:
        throw strange();
    }
  }

  step(): Step | undefined {
    return this.#changes.take();
  }
}
