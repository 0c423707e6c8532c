import duckdb from '@duckdb/node-bindings';
import { Strings, type StringPlace } from './long-strings.ts';
import type { RowBytes } from './row-bytes.ts';

/** A vector of DuckDB's memory, while its chunk lives. */
export interface Cells {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** A bit for each row, 0 where it is NULL; undefined: none is. */
  readonly validity: Uint8Array | undefined;
  readonly rows: number;
  /** Of a struct: its fields. */
  readonly fields: readonly Cells[];
  /** Of texts and binary values, once one is asked for. */
  strings: Strings | undefined;
}

/** Writes the value of a row that is not NULL. */
export type CellWriter = (out: RowBytes, cells: Cells, row: number) => void;

export function cellsOf(vector: duckdb.Vector, rows: number, width: number): Cells {
  const bytes = duckdb.vector_get_data(vector, rows * width);
  const validity = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, validity: validity ?? undefined, rows, fields: [], strings: undefined };
}

/** Of a struct, whose fields have values of these widths. */
export function structCellsOf(vector: duckdb.Vector, rows: number, widths: readonly number[]): Cells {
  const validity = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null;
  const fields = widths.map((width, place) => cellsOf(duckdb.struct_vector_get_child(vector, place), rows, width));
  return { bytes: nothing, view: new DataView(nothing.buffer), validity: validity ?? undefined, rows, fields, strings: undefined };
}

const nothing = new Uint8Array(0);

export function isNull({ validity }: Cells, row: number): boolean {
  return validity !== undefined && (validity[row >> 3]! & (1 << (row & 7))) === 0;
}

/** A text in UTF-8, or a binary value, of a row that is not NULL. It stands until the next one of the vector is asked for. */
export function stringAt(cells: Cells, row: number): StringPlace {
  cells.strings ??= new Strings(cells);
  return cells.strings.at(row);
}

/** A signed number of 2, 4, 8 or 16 bytes. */
export function bigAt(view: DataView, at: number, width: number): bigint {
  if (width === 16) return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
  if (width === 8) return view.getBigInt64(at, true);
  return BigInt(width === 4 ? view.getInt32(at, true) : view.getInt16(at, true));
}
