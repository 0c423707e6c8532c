import type { SqlValue } from '#pool/tsql/session.ts';
import { compareValues, keyText } from './order.ts';
import type { TrackedTable } from './tracking.ts';
import { heldValue, parseType, type DoubleType, type Given } from './types.ts';

export interface DoubleColumn {
  /** `column_id`: never used again. */
  readonly id: number;
  readonly name: string;
  readonly type: DoubleType;
  /** That it had before it was altered. */
  readonly formerTypes: readonly DoubleType[];
  readonly nullable: boolean;
  readonly identity: boolean;
  /** By dynamic data masking. */
  readonly isMasked: boolean;
  /** Its value is made from the others, and not stored. */
  readonly computed: ((row: NamedRow) => SqlValue) | undefined;
}

/** Values by `column_id`. */
export type DoubleRow = ReadonlyMap<number, SqlValue>;
export type NamedRow = Readonly<Record<string, SqlValue>>;

/** One state of a table. Never changed: a write makes another one, so that a snapshot is a reference. */
export interface TableState {
  readonly objectId: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly DoubleColumn[];
  readonly nextColumnId: number;
  /** `column_id` in key order; empty: a heap. */
  readonly key: readonly number[];
  /** Counted up by every DDL. */
  readonly definition: number;
  /** Counted up by TRUNCATE: rows from before are there for nobody, not even within a SNAPSHOT transaction. */
  readonly storage: number;
  readonly createdAt: string;
  readonly modifiedAt: string;
  /** By `rowPlace`. */
  readonly rows: ReadonlyMap<string, DoubleRow>;
  readonly tracking: TrackedTable | undefined;
  readonly isMemoryOptimized: boolean;
  /** A security policy hides rows of it. */
  readonly isFiltered: boolean;
}

/** `int`, `nvarchar(50) null`, `int identity`, `nvarchar(50) masked null`, or with how its value is made. */
export type ColumnGiven = string | { readonly type: string; readonly computed: (row: NamedRow) => SqlValue };

export function makeColumn(id: number, name: string, given: ColumnGiven): DoubleColumn {
  const text = typeof given === 'string' ? given : `${given.type} null`;
  const [, type = '', more = ''] = /^(\S+?(?:\([^)]*\))?)((?: identity| masked| null)*)$/.exec(text) ?? [];
  return {
    id,
    name,
    type: parseType(type),
    formerTypes: [],
    nullable: more.includes(' null'),
    identity: more.includes(' identity'),
    isMasked: more.includes(' masked'),
    computed: typeof given === 'string' ? undefined : given.computed,
  };
}

export function columnNamed(table: TableState, name: string): DoubleColumn {
  const found = table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw new Error(`${table.schema}.${table.name} has no column ${name}`);
  return found;
}

export function columnById(table: TableState, id: number): DoubleColumn {
  return table.columns.find((column) => column.id === id)!;
}

export function valueOf(table: TableState, row: DoubleRow, column: DoubleColumn): SqlValue {
  return column.computed === undefined ? (row.get(column.id) ?? null) : column.computed(namedRow(table, row));
}

function namedRow(table: TableState, row: DoubleRow): NamedRow {
  return Object.fromEntries(
    table.columns.filter(({ computed }) => computed === undefined).map((column) => [column.name, row.get(column.id) ?? null]),
  );
}

/** All that a row holds, checked; `before` is what it held, where it is changed. */
export function heldRow(table: TableState, given: Readonly<Record<string, Given>>, before: DoubleRow | undefined): DoubleRow {
  const row = new Map(before);
  for (const name of Object.keys(given)) {
    const column = columnNamed(table, name);
    if (column.computed !== undefined || column.type.name === 'rowversion') throw new Error(`${name} cannot be written`);
    row.set(column.id, heldValue(column.type, given[name]));
  }
  for (const column of table.columns)
    if (!column.nullable && column.computed === undefined && column.type.name !== 'rowversion' && (row.get(column.id) ?? null) === null)
      throw new Error(`Cannot insert the value NULL into column '${column.name}'`);
  return row;
}

/** Where a row lies: equal keys, one place. A heap's rows have a running number. */
export function rowPlace(table: TableState, row: DoubleRow, otherwise: () => string): string {
  return table.key.length === 0
    ? otherwise()
    : placeOfKey(
        table,
        table.key.map((id) => row.get(id) ?? null),
      );
}

export function placeOfKey(table: TableState, key: readonly SqlValue[]): string {
  return JSON.stringify(key.map((value, index) => keyText(columnById(table, table.key[index]!).type, value)));
}

/** By the clustered key, column by column. */
export function compareKeys(table: TableState, a: readonly SqlValue[], b: readonly SqlValue[]): number {
  for (const [index, id] of table.key.entries()) {
    const order = compareValues(columnById(table, id).type, a[index] ?? null, b[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

export function keyOf(table: TableState, row: DoubleRow): readonly SqlValue[] {
  return table.key.map((id) => row.get(id) ?? null);
}

/** All rows in the order of the clustered key; a heap's in that of their places. */
export function rowsInOrder(table: TableState): readonly DoubleRow[] {
  const rows = [...table.rows.values()];
  return table.key.length === 0 ? rows : rows.toSorted((a, b) => compareKeys(table, keyOf(table, a), keyOf(table, b)));
}
