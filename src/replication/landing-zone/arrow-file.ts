import {
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  Struct,
  Type,
  type Binary,
  type Data,
  type DataType,
  type Int,
} from 'apache-arrow';
import { assert, fault } from '#base/fault.ts';
import { takeBuffer } from '../buffer-shelf.ts';
import { widthOf, type Column } from '../column.ts';
import { arrowField, columnTypeOf } from './arrow-types.ts';

/** A column of an Arrow file under its name, or bits: one per row, least significant first, like `Column.validity`. */
export type ArrowColumn = { readonly name: string; readonly column: Column } | { readonly name: string; readonly bits: Uint8Array };

/**
 * An Arrow IPC file of one record batch, as the pieces that make it up when written one after the other.
 * Most pieces are views of the columns' own memory: write them before the columns change.
 */
export async function encodeArrowFile(rows: number, columns: readonly ArrowColumn[]): Promise<Uint8Array[]> {
  const fields = columns.map((one) => arrowField(one.name, 'bits' in one ? { kind: 'bool' } : one.column.type));
  const children = columns.map((one, i) =>
    'bits' in one ? bitsToArrow(fields[i]!.type, one.bits, rows) : columnToArrow(fields[i]!.type, one.column, rows),
  );
  const writer = new RecordBatchFileWriter();
  const data = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children });
  writer.write(new RecordBatch(new Schema(fields), data));
  writer.close();
  const pieces: Uint8Array[] = [];
  for await (const piece of writer) pieces.push(piece);
  return pieces;
}

/** What `encodeArrowFile` wrote. `bitsFrom` tells, given how many columns there are, from which place on they come as bits. The columns are views of `bytes` where the layout is the same. */
export function decodeArrowFile(
  bytes: Uint8Array,
  bitsFrom: (columns: number) => number = (columns) => columns,
): { readonly rows: number; readonly columns: ArrowColumn[] } {
  const reader = RecordBatchReader.from(bytes).open();
  const batch = reader.isFile() && reader.numRecordBatches === 1 ? reader.readRecordBatch(0) : null;
  if (!batch) throw refused('it does not hold exactly one record batch');
  const rows = batch.numRows;
  const firstBits = bitsFrom(batch.schema.fields.length);
  const columns = batch.schema.fields.map((field, place): ArrowColumn => {
    const data = batch.data.children[place];
    if (!data || data.length !== rows) throw refused(`column ${place} is cut short`);
    if (place >= firstBits) return { name: field.name, bits: take(data.values, (rows + 7) >> 3) };
    const type = columnTypeOf(field);
    if (!type) throw refused(`column ${place} has a type that is never written here`);
    const validity = data.nullCount > 0 ? take(data.nullBitmap, (rows + 7) >> 3) : undefined;
    return { name: field.name, column: { type, validity, ...valuesOf(data, type, rows) } };
  });
  return { rows, columns };
}

function refused(what: string): Error {
  return fault('corrupt', 'SegmentCorrupt', `An Arrow file cannot be read: ${what}.`);
}

function columnToArrow(type: DataType, column: Column, rows: number): Data {
  const nullBitmap = column.validity?.subarray(0, (rows + 7) >> 3);
  if (column.offsets) {
    const valueOffsets = column.offsets.subarray(0, rows + 1);
    return makeData({ type: type as Binary, length: rows, nullBitmap, valueOffsets, data: column.data });
  }
  const data = fixedToArrow(column, rows);
  // Which of the fixed-width types it is, is told by `type` itself; the compiler only has to see one of them.
  return makeData({ type: type as Int, length: rows, nullBitmap, data });
}

function bitsToArrow(type: DataType, bits: Uint8Array, rows: number): Data {
  return makeData({ type: type as Int, length: rows, data: bits.subarray(0, (rows + 7) >> 3) });
}

function fixedToArrow(column: Column, rows: number): Uint8Array {
  const width = widthOf(column.type);
  const bytes = column.data.subarray(0, rows * width);
  assert(bytes.length === rows * width, 'a column is shorter than its batch');
  if (column.type.kind === 'bool') return packBits(bytes);
  if (column.type.kind === 'decimal' && width === 8) return widen(bytes, rows);
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
}

function valuesOf(data: Data, type: Column['type'], rows: number): { data: Uint8Array; offsets: Int32Array | undefined } {
  const width = widthOf(type);
  if (width === 0) {
    const offsets = data.valueOffsets as Int32Array;
    checkOffsets(offsets, rows, (data.values as Uint8Array).length);
    return { data: take(data.values, offsets[rows]!), offsets: offsets.subarray(0, rows + 1) };
  }
  if (data.typeId === Type.Bool) return { data: unpackBits(take(data.values, (rows + 7) >> 3), rows), offsets: undefined };
  if (data.typeId === Type.Decimal && width === 8) return { data: narrow(take(data.values, rows * 16), rows), offsets: undefined };
  return { data: take(data.values, rows * width), offsets: undefined };
}

/** Whoever loads the column trusts its offsets with memory. */
function checkOffsets(offsets: Int32Array, rows: number, bytes: number): void {
  let wrong = offsets.length <= rows || offsets[0] !== 0 || offsets[rows]! > bytes;
  for (let row = 0; row < rows && !wrong; row++) wrong = offsets[row + 1]! < offsets[row]!;
  if (wrong) throw refused('the ends of its values are out of order');
}

function take(values: unknown, bytes: number): Uint8Array {
  const view = values as Uint8Array;
  if (view.byteLength < bytes) throw refused('a column is cut short');
  return new Uint8Array(view.buffer, view.byteOffset, bytes);
}

function packBits(values: Uint8Array): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (let i = 0; i < values.length; i++) bits[i >> 3]! |= values[i]! << (i & 7);
  return bits;
}

function unpackBits(bits: Uint8Array, rows: number): Uint8Array {
  const values = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) values[i] = (bits[i >> 3]! >> (i & 7)) & 1;
  return values;
}

function widen(bytes: Uint8Array, rows: number): Uint8Array {
  const from = words(bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());
  const to = new Int32Array(rows * 4);
  for (let i = 0, at = 0; i < from.length; i += 2, at += 4) {
    const high = from[i + 1]!;
    to[at] = from[i]!;
    to[at + 1] = high;
    to[at + 2] = to[at + 3] = high >> 31;
  }
  return new Uint8Array(to.buffer);
}

function narrow(bytes: Uint8Array, rows: number): Uint8Array {
  const from = words(bytes);
  const to = new Int32Array(takeBuffer(rows * 8), 0, rows * 2);
  for (let i = 0, at = 0; i < to.length; i += 2, at += 4) {
    to[i] = from[at]!;
    to[i + 1] = from[at + 1]!;
  }
  return new Uint8Array(to.buffer, 0, rows * 8);
}

function words(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}
