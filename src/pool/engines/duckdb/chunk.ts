import duckdb from '@duckdb/node-bindings';
import { type Fault, fault } from '#base/fault.ts';
import { type Column, type ColumnType, widthOf } from '#replication/column.ts';

/** Rows that DuckDB takes at once. Chunks begin at multiples of it, so that validity bits begin on a byte. */
export const chunkRows = 2048;

/** Writes rows `first .. first + rows` of one column into a vector of DuckDB. */
export type ChunkWriter = (vector: duckdb.Vector, first: number, rows: number) => void;

/** Bytes that a string may have and still lie inside its 16-byte entry. */
const inlineBytes = 12;
const entryBytes = 16;

const scratch = new ArrayBuffer(chunkRows * entryBytes);
const scratchBytes = new Uint8Array(scratch);
const scratch16 = new Int16Array(scratch);
const scratch32 = new Int32Array(scratch);
const scratchWords = new Uint32Array(scratch);
const zeros = new ArrayBuffer(entryBytes);
/** Masks that keep the first n bytes of three little-endian words. */
const masks = Array.from({ length: inlineBytes + 1 }, (_, bytes) =>
  [0, 4, 8].map((from) => (bytes >= from + 4 ? -1 : bytes <= from ? 0 : (1 << ((bytes - from) * 8)) - 1)),
);

/**
 * How a column gets into DuckDB's memory. Checks the column's bounds first: DuckDB reads what it is told to.
 * `shared`: strings of a chunk are copied once and pointed to; otherwise each is handed over on its own.
 */
export function chunkWriter(column: Column, rows: number, shared: boolean): ChunkWriter {
  const width = widthOf(column.type);
  if (column.data.length < rows * width) throw broken('a column is shorter than its batch');
  if (column.validity && column.validity.length < (rows + 7) >> 3) throw broken('a validity bitmap is shorter than its batch');
  const values = width === 0 ? stringWriter(column, rows, shared) : fixedWriter(column.type, column.data);
  const validity = column.validity;
  return (vector, first, count) => {
    values(vector, first, count);
    if (!validity) return;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, bufferOf(validity), validity.byteOffset + (first >> 3), (count + 7) >> 3);
  };
}

function fixedWriter(type: ColumnType, data: Uint8Array): ChunkWriter {
  if (type.kind === 'uuid') return (vector, first, rows) => writeUuids(vector, data, { first, rows });
  if (type.kind === 'decimal' && type.precision <= 9) return narrowDecimal(data, type.precision <= 4 ? 2 : 4);
  const width = widthOf(type);
  return (vector, first, rows) => duckdb.copy_data_to_vector(vector, 0, bufferOf(data), data.byteOffset + first * width, rows * width);
}

/** DuckDB keeps a UUID as a signed 128-bit number, least significant byte first, its top bit flipped so that it sorts. */
function writeUuids(vector: duckdb.Vector, data: Uint8Array, range: { readonly first: number; readonly rows: number }): void {
  for (let row = 0, at = range.first * 16; row < range.rows; row++, at += 16) {
    const to = row * 16;
    for (let i = 0; i < 16; i++) scratchBytes[to + i] = data[at + 15 - i]!;
    scratchBytes[to + 15]! ^= 0x80;
  }
  duckdb.copy_data_to_vector(vector, 0, scratch, 0, range.rows * 16);
}

/** DuckDB keeps decimals of up to 4 digits in 2 bytes and of up to 9 in 4; batches have 8. */
function narrowDecimal(data: Uint8Array, width: 2 | 4): ChunkWriter {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return (vector, first, rows) => {
    for (let row = 0, at = first * 8; row < rows; row++, at += 8) {
      const low = view.getInt32(at, true);
      if (view.getInt32(at + 4, true) !== low >> 31) throw broken('a decimal is wider than its type');
      if (width === 4) scratch32[row] = low;
      else if ((low << 16) >> 16 === low) scratch16[row] = low;
      else throw broken('a decimal is wider than its type');
    }
    duckdb.copy_data_to_vector(vector, 0, scratch, 0, rows * width);
  };
}

function stringWriter(column: Column, rows: number, shared: boolean): ChunkWriter {
  const { data, offsets } = column;
  if (!offsets || offsets.length < rows + 1) throw broken('offsets are missing');
  if (offsets[0]! < 0 || offsets[rows]! > data.length) throw broken('an offset lies outside its data');
  for (let row = 0; row < rows; row++) if (offsets[row + 1]! < offsets[row]!) throw broken('offsets go backwards');
  const text = column.type.kind === 'text';
  return shared ? sharedStrings(data, offsets, text) : singleStrings(data, offsets, text);
}

/**
 * The strings of a chunk lie end to end in the batch. They are given to DuckDB as one string, which it copies into the vector's own heap;
 * the pointer it made is read back, and every row's entry is written as {length, first 4 bytes, pointer} into that copy.
 */
function sharedStrings(data: Uint8Array, offsets: Int32Array, text: boolean): ChunkWriter {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return (vector, first, rows) => {
    const start = offsets[first]!;
    const end = offsets[first + rows]!;
    const pointer = end - start > (text ? 0 : inlineBytes) ? heapPointer(vector, data.subarray(start, end)) : 0n;
    const low = Number(pointer & 0xffff_ffffn);
    const high = Number(pointer >> 32n);
    for (let row = 0, from = start; row < rows; row++) {
      const to = offsets[first + row + 1]!;
      const length = to - from;
      if (text && length > 0 && (data[from]! & 0xc0) === 0x80) throw notUtf8();
      const word = row * 4;
      scratchWords[word] = length;
      if (length > inlineBytes) {
        const address = low + (from - start);
        scratchWords[word + 1] = view.getUint32(from, true);
        scratchWords[word + 2] = address;
        scratchWords[word + 3] = address > 0xffff_ffff ? high + 1 : high;
      } else if (from + inlineBytes <= view.byteLength) {
        const mask = masks[length]!;
        scratchWords[word + 1] = view.getInt32(from, true) & mask[0]!;
        scratchWords[word + 2] = view.getInt32(from + 4, true) & mask[1]!;
        scratchWords[word + 3] = view.getInt32(from + 8, true) & mask[2]!;
      } else {
        scratchBytes.fill(0, row * entryBytes + 4, (row + 1) * entryBytes);
        for (let i = 0; i < length; i++) scratchBytes[row * entryBytes + 4 + i] = data[from + i]!;
      }
      from = to;
    }
    duckdb.copy_data_to_vector(vector, 0, scratch, 0, rows * entryBytes);
  };
}

/** Copies bytes into a vector's heap and answers where they lie. DuckDB leaves the entry empty when the vector is text and they are not UTF-8. */
function heapPointer(vector: duckdb.Vector, bytes: Uint8Array): bigint {
  duckdb.copy_data_to_vector(vector, 0, zeros, 0, entryBytes);
  duckdb.vector_assign_string_element_len(vector, 0, bytes);
  const entry = duckdb.vector_get_data(vector, entryBytes);
  const view = new DataView(entry.buffer, entry.byteOffset, entryBytes);
  if (view.getUint32(0, true) !== bytes.length) throw notUtf8();
  return bytes.length > inlineBytes ? view.getBigUint64(8, true) : 0n;
}

function singleStrings(data: Uint8Array, offsets: Int32Array, text: boolean): ChunkWriter {
  return (vector, first, rows) => {
    for (let row = 0; row < rows; row++) {
      const bytes = data.subarray(offsets[first + row]!, offsets[first + row + 1]!);
      duckdb.vector_assign_string_element_len(vector, row, bytes);
      if (!text || bytes.length === 0) continue;
      const validity = duckdb.vector_get_validity(vector, (row >> 3) + 1) as Uint8Array | null;
      if (validity && (validity[row >> 3]! & (1 << (row & 7))) === 0) throw notUtf8();
    }
  };
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer as ArrayBuffer;
}

const remedy =
  "Stop the link and report it with the version: the source's decoder made a batch that contradicts itself. Nothing of it was written.";

function broken(what: string): Fault {
  return fault('corrupt', 'BatchCorrupt', `A batch is malformed: ${what}.`, { remedy });
}

function notUtf8(): Fault {
  return fault('corrupt', 'TextNotUtf8', 'A text value is not valid UTF-8.', {
    remedy: 'Check that the source database is encoded in UTF-8 and find the value there; nothing of this transaction was written.',
  });
}
