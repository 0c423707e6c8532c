import duckdb from '@duckdb/node-bindings';
import type { RowBytes } from './row-bytes.ts';

/** A vector of DuckDB's memory, while its chunk lives. */
export interface Cells {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** A bit for each row, 0 where it is NULL; undefined: none is. */
  readonly validity: Uint8Array | undefined;
}

/** Writes the value of a row that is not NULL. */
export type CellWriter = (out: RowBytes, cells: Cells, row: number) => void;

export function cellsOf(vector: duckdb.Vector, rows: number, width: number): Cells {
  const bytes = duckdb.vector_get_data(vector, rows * width);
  const validity = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null;
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), validity: validity ?? undefined };
}

export function isNull({ validity }: Cells, row: number): boolean {
  return validity !== undefined && (validity[row >> 3]! & (1 << (row & 7))) === 0;
}

const entryBytes = 16;
const inlineBytes = 12;

/** The bytes of a text or a binary value. DuckDB keeps short ones where their entry is, and a pointer to longer ones. */
export function stringBytes({ bytes, view }: Cells, row: number): Uint8Array {
  const at = row * entryBytes;
  const length = view.getUint32(at, true);
  if (length <= inlineBytes) return bytes.subarray(at + 4, at + 4 + length);
  return duckdb.get_data_from_pointer(bytes.buffer as ArrayBuffer, bytes.byteOffset + at + 8, length);
}

/** A signed number of 2, 4, 8 or 16 bytes. */
export function bigAt(view: DataView, at: number, width: number): bigint {
  if (width === 16) return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
  if (width === 8) return view.getBigInt64(at, true);
  return BigInt(width === 4 ? view.getInt32(at, true) : view.getInt16(at, true));
}
