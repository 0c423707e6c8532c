import type { SqlValue } from '#pool/tsql/session.ts';
import type { RowChange } from './capture.ts';
import { keyText } from './order.ts';
import { columnNamed, heldRow, keyOf, rowPlace, valueOf, type DoubleRow, type TableState } from './table.ts';
import type { TrackedChange } from './tracking.ts';
import { heldValue, type Given } from './types.ts';

export type RowGiven = Readonly<Record<string, Given>>;

/** One statement of a transaction; tables are named `schema.table`. */
export type DoubleWrite =
  | { readonly kind: 'insert'; readonly table: string; readonly rows: readonly RowGiven[] }
  /** `where`: columns that are equal; `most`: no more rows than these. */
  | { readonly kind: 'update'; readonly table: string; readonly where: RowGiven; readonly set: RowGiven; readonly most?: number }
  | { readonly kind: 'delete'; readonly table: string; readonly where: RowGiven; readonly most?: number }
  | { readonly kind: 'truncate'; readonly table: string };

export function insert(table: string, ...rows: readonly RowGiven[]): DoubleWrite {
  return { kind: 'insert', table, rows };
}

export function update(table: string, where: RowGiven, set: RowGiven): DoubleWrite {
  return { kind: 'update', table, where, set };
}

export function remove(table: string, where: RowGiven): DoubleWrite {
  return { kind: 'delete', table, where };
}

export function truncate(table: string): DoubleWrite {
  return { kind: 'truncate', table };
}

/** What running numbers a database gives while it writes. */
export interface Counters {
  rowVersion: bigint;
  heapPlace: number;
}

/** One table while a transaction writes to it. */
export class TableWriting {
  readonly changes: RowChange[] = [];
  truncated = false;
  readonly #rows: Map<string, DoubleRow>;
  readonly #table: TableState;
  readonly #counters: Counters;

  constructor(table: TableState, counters: Counters) {
    this.#table = table;
    this.#rows = new Map(table.rows);
    this.#counters = counters;
  }

  get rows(): ReadonlyMap<string, DoubleRow> {
    return this.#rows;
  }

  write(write: DoubleWrite, command: number): void {
    if (write.kind === 'truncate') return this.#truncate();
    if (write.kind === 'insert')
      return write.rows.forEach((given) => this.#change(command, undefined, this.#versioned(heldRow(this.#table, given, undefined))));
    const found = [...this.#rows].filter(([, row]) => this.#isMeant(row, write.where)).slice(0, write.most);
    // All go before any comes, so that keys may move over one another within a statement.
    const moves = found.map(([place, row]) => ({
      place,
      row,
      after: write.kind === 'update' ? this.#versioned(heldRow(this.#table, write.set, row)) : undefined,
    }));
    for (const { place } of moves) this.#rows.delete(place);
    for (const { place, row, after } of moves) this.#change(command, { place, row }, after);
  }

  /** What change tracking notes of it: each key once, by what became of it. */
  tracked(version: bigint): readonly TrackedChange[] {
    const byPlace = new Map<string, TrackedChange>();
    const note = (row: DoubleRow, operation: TrackedChange['operation']): void => {
      const place = rowPlace(this.#table, row, () => '');
      const before = byPlace.get(place)?.operation;
      const merged = before === 'I' && operation === 'U' ? 'I' : before === 'D' && operation === 'I' ? 'I' : operation;
      byPlace.set(place, { version, operation: merged, key: keyOf(this.#table, row) });
    };
    for (const { before, after } of this.changes) {
      const moves = before !== undefined && after !== undefined && this.#placeOf(before) !== this.#placeOf(after);
      if (before !== undefined && (after === undefined || moves)) note(before, 'D');
      if (after !== undefined) note(after, before === undefined || moves ? 'I' : 'U');
    }
    return [...byPlace.values()];
  }

  #placeOf(row: DoubleRow): string {
    return rowPlace(this.#table, row, () => '');
  }

  #truncate(): void {
    this.#rows.clear();
    this.changes.length = 0;
    this.truncated = true;
  }

  #change(command: number, old: { readonly place: string; readonly row: DoubleRow } | undefined, after: DoubleRow | undefined): void {
    if (after !== undefined) {
      const place = rowPlace(this.#table, after, () => old?.place ?? String((this.#counters.heapPlace += 1)));
      if (this.#rows.has(place)) throw new Error(`Violation of PRIMARY KEY constraint: ${this.#table.name} has ${place}`);
      this.#rows.set(place, after);
    }
    this.changes.push({ objectId: this.#table.objectId, command, before: old?.row, after });
  }

  #isMeant(row: DoubleRow, where: RowGiven): boolean {
    return Object.entries(where).every(([name, given]) => {
      const column = columnNamed(this.#table, name);
      const [value, wanted]: readonly SqlValue[] = [valueOf(this.#table, row, column), heldValue(column.type, given)];
      return value === null || wanted === null ? value === wanted : keyText(column.type, value!) === keyText(column.type, wanted!);
    });
  }

  #versioned(row: DoubleRow): DoubleRow {
    const column = this.#table.columns.find(({ type }) => type.name === 'rowversion');
    if (column === undefined) return row;
    this.#counters.rowVersion += 1n;
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(this.#counters.rowVersion);
    return new Map(row).set(column.id, Uint8Array.from(bytes));
  }
}
