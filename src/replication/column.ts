import { assert } from '#base/fault.ts';
import { giveBuffer, takeBuffer } from './buffer-shelf.ts';

/**
 * How one column's values lie in memory, in every segment, whichever source they came from and whichever pool they go to.
 * All integers are little-endian. Widths in bytes:
 *
 * - `bool` 1 (0 or 1); `int16` 2; `int32`, `uint32`, `float32` 4; `int64`, `float64` 8
 * - `decimal`: scaled integer, two's complement; 8 when precision ≤ 18, else 16
 * - `date` 4: days since 1970-01-01 (proleptic Gregorian); 2147483647 = infinity, -2147483647 = -infinity
 * - `time` 8: microseconds since midnight, 24:00:00 allowed
 * - `timetz` 8: (microseconds << 24) | (57599 - seconds east of UTC), DuckDB's order-preserving form
 * - `timestamp`, `timestamptz` 8: microseconds since 1970-01-01 (UTC for timestamptz); 2^63-1 = infinity, -(2^63-1) = -infinity
 * - `interval` 16: int32 months, int32 days, int64 microseconds
 * - `uuid` 16: the bytes in their written order
 * - `text` (UTF-8), `bytes`: variable length, see `Column.offsets`
 */
export type ColumnType = { readonly kind: ScalarKind } | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number };
export type ScalarKind =
  | 'bool'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'float32'
  | 'float64'
  | 'date'
  | 'time'
  | 'timetz'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  | 'uuid'
  | 'text'
  | 'bytes';

export const dateInfinity = 2_147_483_647;
export const timestampInfinity = 9_223_372_036_854_775_807n;

const widths: Readonly<Record<ScalarKind, number>> = {
  bool: 1,
  int16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  date: 4,
  int64: 8,
  float64: 8,
  time: 8,
  timetz: 8,
  timestamp: 8,
  timestamptz: 8,
  interval: 16,
  uuid: 16,
  text: 0,
  bytes: 0,
};

/** Bytes per value; 0 for `text` and `bytes`. */
export function widthOf(type: ColumnType): number {
  return type.kind === 'decimal' ? (type.precision <= 18 ? 8 : 16) : widths[type.kind];
}

/** One column of a batch. Arrays are views and may be longer than needed; only the first `rows` values count. Never changed once built. */
export interface Column {
  readonly type: ColumnType;
  /** Bit r (least significant first) is 1 where row r has a value. Undefined when no row is null. */
  readonly validity: Uint8Array | undefined;
  /** Fixed width: `rows * width` bytes, starting 8-byte aligned in their buffer. Variable width: the values' bytes, end to end. */
  readonly data: Uint8Array;
  /** Variable width only: `rows + 1` ends; value r is `data[offsets[r] .. offsets[r + 1]]`. A null has no bytes. */
  readonly offsets: Int32Array | undefined;
}

export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** The bytes that a batch's values take. */
export function batchBytes(batch: ColumnBatch): number {
  let bytes = 0;
  for (const column of batch.columns) {
    bytes += column.offsets ? column.offsets[batch.rows]! + 4 * (batch.rows + 1) : batch.rows * widthOf(column.type);
    if (column.validity) bytes += (batch.rows + 7) >> 3;
  }
  return bytes;
}

export function isNull(column: Column, row: number): boolean {
  return column.validity !== undefined && (column.validity[row >> 3]! & (1 << (row & 7))) === 0;
}

/** Grows one column, value by value. Decoders write straight into `data`; see `ColumnBuilder.reserve`. */
export class ColumnBuilder {
  readonly type: ColumnType;
  readonly width: number;
  rows = 0;
  nulls = 0;
  /** Variable width: bytes used in `data`. */
  used = 0;
  data: Uint8Array;
  view: DataView;
  offsets: Int32Array | undefined;
  validity: Uint8Array;

  constructor(type: ColumnType, capacity = 1024) {
    this.type = type;
    this.width = widthOf(type);
    this.data = new Uint8Array(takeBuffer(this.width === 0 ? capacity * 8 : capacity * this.width));
    this.view = new DataView(this.data.buffer);
    this.offsets = this.width === 0 ? newOffsets(capacity + 1) : undefined;
    this.validity = new Uint8Array((capacity + 7) >> 3);
  }

  /** Fixed width: makes room for one value, marks it present, and returns the byte offset to write it at. */
  fixed(): number {
    const at = this.rows * this.width;
    if (at + this.width > this.data.length) this.#growData(at + this.width);
    this.#present();
    return at;
  }

  /** Variable width: makes room for `length` bytes, marks the value present, and returns the byte offset to write them at. */
  variable(length: number): number {
    const at = this.used;
    if (at + length > this.data.length) this.#growData(at + length);
    this.used = at + length;
    this.#present();
    this.#end();
    return at;
  }

  /** Appends a value of variable width. */
  bytes(source: Uint8Array, start: number, end: number): void {
    const at = this.variable(end - start);
    const data = this.data;
    if (end - start < 32) for (let from = start, to = at; from < end; from++, to++) data[to] = source[from]!;
    else data.set(source.subarray(start, end), at);
  }

  /**
   * Makes room for `count` more rows and counts them all as present; answers the first. The caller fills in their values at once:
   * fixed width `data[row * width ..]`; variable width `bytes` more of `data` from `used` as it was before, and `offsets[row + 1]`.
   */
  extend(count: number, bytes: number): number {
    const first = this.rows;
    const rows = first + count;
    if (this.offsets) {
      if (this.used + bytes > this.data.length) this.#growData(this.used + bytes);
      this.used += bytes;
      while (rows >= this.offsets.length) this.#growOffsets();
    } else if (rows * this.width > this.data.length) this.#growData(rows * this.width);
    while (rows > this.validity.length * 8) this.#growValidity();
    const { validity } = this;
    let row = first;
    for (; row < rows && (row & 7) !== 0; row++) validity[row >> 3]! |= 1 << (row & 7);
    for (; row + 8 <= rows; row += 8) validity[row >> 3] = 255;
    for (; row < rows; row++) validity[row >> 3]! |= 1 << (row & 7);
    this.rows = rows;
    return first;
  }

  /** The row, one of those that `extend` has just added, has no value. */
  absent(row: number): void {
    this.validity[row >> 3]! &= ~(1 << (row & 7));
    this.nulls++;
    if (this.width > 0) this.data.fill(0, row * this.width, (row + 1) * this.width);
  }

  null(): void {
    if (this.width > 0) {
      const at = this.rows * this.width;
      if (at + this.width > this.data.length) this.#growData(at + this.width);
      this.data.fill(0, at, at + this.width);
    }
    if (this.rows >> 3 >= this.validity.length) this.#growValidity();
    this.validity[this.rows >> 3]! &= ~(1 << (this.rows & 7));
    this.rows++;
    this.nulls++;
    if (this.offsets) this.#end();
  }

  /** Appends row `row` of a column of the same type, or of this builder itself. */
  copy(from: Column | ColumnBuilder, row: number): void {
    if (from instanceof ColumnBuilder ? from.nulls > 0 && (from.validity[row >> 3]! & (1 << (row & 7))) === 0 : isNull(from, row))
      return this.null();
    if (from.offsets) {
      const start = from.offsets[row]!;
      const end = from.offsets[row + 1]!;
      const at = this.variable(end - start);
      this.data.set(from.data.subarray(start, end), at);
    } else {
      const at = this.fixed();
      const start = row * this.width;
      for (let i = 0; i < this.width; i++) this.data[at + i] = from.data[start + i]!;
    }
  }

  /** The values so far, without copying: the builder must not be used again before `reset`. */
  build(): Column {
    return {
      type: this.type,
      validity: this.nulls > 0 ? this.validity : undefined,
      data: this.width === 0 ? this.data.subarray(0, this.used) : this.data.subarray(0, this.rows * this.width),
      offsets: this.offsets,
    };
  }

  /** Starts anew with buffers of its own, sized like the last ones. */
  reset(): void {
    const bytes = this.width === 0 ? Math.max(this.used, 1024) : Math.max(this.rows * this.width, 1024 * this.width);
    const rows = Math.max(this.rows, 1024);
    // A little more than last time, since batches are cut by bytes and their rows vary.
    this.data = new Uint8Array(takeBuffer(bytes + (bytes >> 3)));
    this.view = new DataView(this.data.buffer);
    if (this.offsets) this.offsets = newOffsets(rows + (rows >> 3) + 1);
    this.validity = new Uint8Array((rows + (rows >> 3) + 7) >> 3);
    this.rows = this.nulls = this.used = 0;
  }

  #present(): void {
    if (this.rows >> 3 >= this.validity.length) this.#growValidity();
    this.validity[this.rows >> 3]! |= 1 << (this.rows & 7);
    this.rows++;
  }

  #end(): void {
    if (this.rows >= this.offsets!.length) this.#growOffsets();
    this.offsets![this.rows] = this.used;
  }

  #growOffsets(): void {
    const offsets = this.offsets!;
    const grown = newOffsets(offsets.length * 2);
    grown.set(offsets);
    giveBuffer(offsets.buffer);
    this.offsets = grown;
  }

  #growData(needed: number): void {
    assert(needed < 2 ** 31, 'a column of one batch outgrew 2 GiB');
    const grown = new Uint8Array(takeBuffer(Math.max(needed, Math.min(this.data.length * 2, 2 ** 31 - 1))));
    grown.set(this.data);
    giveBuffer(this.data.buffer);
    this.data = grown;
    this.view = new DataView(grown.buffer);
  }

  #growValidity(): void {
    const grown = new Uint8Array(Math.max(16, this.validity.length * 2));
    grown.set(this.validity);
    this.validity = grown;
  }
}

function newOffsets(count: number): Int32Array {
  const offsets = new Int32Array(takeBuffer(count * 4));
  offsets[0] = 0;
  return offsets;
}

/** The batch is no longer read by anyone: its buffers may be used again. */
export function recycle(batch: ColumnBatch | undefined): void {
  for (const column of batch?.columns ?? []) {
    giveBuffer(column.data.buffer);
    if (column.offsets) giveBuffer(column.offsets.buffer);
  }
}

/** Builds rows of several columns. Every column must receive one value per row. */
export class BatchBuilder {
  readonly columns: readonly ColumnBuilder[];

  constructor(types: readonly ColumnType[], capacity = 1024) {
    this.columns = types.map((type) => new ColumnBuilder(type, capacity));
  }

  get rows(): number {
    return this.columns[0]?.rows ?? 0;
  }

  /** The rows so far; the builder starts anew. */
  take(): ColumnBatch {
    const batch = { rows: this.rows, columns: this.columns.map((column) => column.build()) };
    for (const column of this.columns) column.reset();
    return batch;
  }
}

/** The rows at the given places, in that order, in buffers of their own. */
export function gather(
  batch: ColumnBatch,
  places: ArrayLike<number>,
  columns: readonly number[] = batch.columns.map((_, i) => i),
): ColumnBatch {
  const built = columns.map((index) => {
    const from = batch.columns[index]!;
    const to = new ColumnBuilder(from.type, Math.max(places.length, 8));
    for (let i = 0; i < places.length; i++) to.copy(from, places[i]!);
    return to.build();
  });
  return { rows: places.length, columns: built };
}
