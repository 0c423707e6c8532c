import type { ColumnType } from './column.ts';

/** What becomes of a column's values on the way: same value; same value in a wider type; the source's own text for it; nothing. */
export type Fidelity = 'exact' | 'widened' | 'text' | 'refused';

export interface ColumnSchema {
  /** The source's own lasting number of the column: a rename keeps it, a drop and add changes it. */
  readonly id: number;
  readonly name: string;
  readonly type: ColumnType;
  /** The type as the source spells it, such as `numeric(18,4)`. */
  readonly sourceType: string;
  readonly fidelity: Fidelity;
}

/** What becomes of a table that is in the pool already and is not the link's. Azure's words: drop and recreate, fail if not empty, merge. */
export type OnExisting = 'drop' | 'fail-if-not-empty' | 'merge';

/** Where a table goes in the pool. */
export interface TablePlacement {
  readonly schema: string;
  readonly name: string;
  readonly onExisting: OnExisting;
}

/**
 * How a changed row is found again in the pool.
 * - `key`: by its key columns, which are unique and never null.
 * - `full`: by all its columns; equal rows are counted.
 * - `append`: never; only inserts and truncates arrive.
 */
export type Identity = 'key' | 'full' | 'append';

export interface TableSchema {
  /** The table's name in segments, states and messages: see `tableName`. */
  readonly table: string;
  readonly schema: string;
  readonly name: string;
  /** The source's lasting id of the table (PostgreSQL: its oid): a table dropped and made anew gets another. */
  readonly id: string;
  /** Columns in the source's order. Those that cannot travel are left out, and were declared by a finding. */
  readonly columns: readonly ColumnSchema[];
  /** Places in `columns` of the key, in key order. Empty unless `identity` is `key`. */
  readonly key: readonly number[];
  readonly identity: Identity;
  /**
   * The source's own mark of how the rows are kept, which only the source reads: another mark means that rows may have changed without
   * being logged. Absent: unknown.
   */
  readonly version?: string | undefined;
  /** Chosen by whoever made the link, and carried with the shape. Absent: the table's own names, and what the pool does by default. */
  readonly placement?: TablePlacement | undefined;
}

/** Do two shapes mean the same rows? Names, order, types and key; not the fidelity, nor where they go. */
export function sameShape(a: TableSchema, b: TableSchema): boolean {
  const text = (schema: TableSchema): string =>
    JSON.stringify([
      schema.id,
      schema.table,
      schema.identity,
      schema.key,
      schema.columns.map((column) => [column.id, column.name, column.sourceType, column.type]),
    ]);
  return text(a) === text(b);
}

/** Are old rows named in another way? Rows of the one and changes of the other can then not be brought together. */
export function sameKey(a: TableSchema, b: TableSchema): boolean {
  const text = (schema: TableSchema): string => JSON.stringify([schema.identity, schema.key.map((place) => schema.columns[place]!.id)]);
  return text(a) === text(b);
}

/** `schema.table`, each part in double quotes unless it is a plain lower-case word. One text per table, and back: see `parseTableName`. */
export function tableName(schema: string, name: string): string {
  return `${quotePart(schema)}.${quotePart(name)}`;
}

function quotePart(part: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(part) ? part : quoteIdentifier(part);
}

/** An SQL identifier in double quotes, safe in PostgreSQL and DuckDB. The one function that does so. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An SQL string literal for PostgreSQL (standard_conforming_strings is on in our sessions) and DuckDB. The one function that does so. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
