import type { ColumnBuilder } from '#replication/column.ts';

/** Where the fields of some rows lie: field `column` of row `row` at place `row * columns + column`. */
export interface FieldPlaces {
  /** Byte offsets in the bytes decoded. */
  starts: Int32Array;
  /** -1: null. */
  lengths: Int32Array;
  rows: number;
  readonly columns: number;
}

/** One column of some rows, to be appended to a builder. */
export interface Run {
  readonly places: FieldPlaces;
  readonly column: number;
  readonly from: DataView;
  readonly into: ColumnBuilder;
}

/** Appends a run; answers the row whose field is malformed, or -1. A builder that was half filled must be thrown away. */
export type AppendRun = (run: Run) => number;

const epochDays = 10_957;
/** Microseconds from 1970 to 2000, in halves. */
const epochLow = 946_684_800_000_000 % 4_294_967_296;
const epochHigh = Math.floor(946_684_800_000_000 / 4_294_967_296);

/**
 * The loops below are all alike but for a few instructions in their midst, and are written out: one loop that called a function per value
 * would take three times as long (measured).
 */

export function appendBools({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { data } = into;
  for (let row = 0, place = column; row < rows; row++, place += columns) {
    const length = lengths[place]!;
    if (length === -1) {
      into.absent(first + row);
      continue;
    }
    const value = length === 1 ? from.getUint8(starts[place]!) : 2;
    if (value > 1) return row;
    data[first + row] = value;
  }
  return -1;
}

export function appendInt16s({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { view } = into;
  for (let row = 0, place = column, to = first * 2; row < rows; row++, place += columns, to += 2) {
    const length = lengths[place]!;
    if (length === 2) view.setInt16(to, from.getInt16(starts[place]!), true);
    else if (length === -1) into.absent(first + row);
    else return row;
  }
  return -1;
}

export function appendInt32s({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { view } = into;
  for (let row = 0, place = column, to = first * 4; row < rows; row++, place += columns, to += 4) {
    const length = lengths[place]!;
    if (length === 4) view.setInt32(to, from.getInt32(starts[place]!), true);
    else if (length === -1) into.absent(first + row);
    else return row;
  }
  return -1;
}

export function appendInt64s({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { view } = into;
  for (let row = 0, place = column, to = first * 8; row < rows; row++, place += columns, to += 8) {
    const length = lengths[place]!;
    // V8 keeps the 64 bits in a register here: no BigInt is made.
    if (length === 8) view.setBigInt64(to, from.getBigInt64(starts[place]!), true);
    else if (length === -1) into.absent(first + row);
    else return row;
  }
  return -1;
}

/** As bits. Every NaN becomes the one that its text stands for. */
export function appendFloat64s({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { view } = into;
  for (let row = 0, place = column, to = first * 8; row < rows; row++, place += columns, to += 8) {
    const length = lengths[place]!;
    if (length === -1) into.absent(first + row);
    else if (length !== 8) return row;
    else {
      const at = starts[place]!;
      const high = from.getInt32(at);
      const low = from.getInt32(at + 4);
      const size = high & 0x7fffffff;
      const isNone = size > 0x7ff00000 || (size === 0x7ff00000 && low !== 0);
      view.setInt32(to, isNone ? 0 : low, true);
      view.setInt32(to + 4, isNone ? 0x7ff80000 : high, true);
    }
  }
  return -1;
}

export function appendDates({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { view } = into;
  for (let row = 0, place = column, to = first * 4; row < rows; row++, place += columns, to += 4) {
    const length = lengths[place]!;
    if (length === -1) into.absent(first + row);
    else if (length !== 4) return row;
    else {
      const days = from.getInt32(starts[place]!);
      view.setInt32(to, days === 0x7fffffff ? days : days === -0x80000000 ? -0x7fffffff : days + epochDays, true);
    }
  }
  return -1;
}

/** Answers the row also where its timestamp is later than ours can be. */
export function appendTimestamps({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { view } = into;
  for (let row = 0, place = column, to = first * 8; row < rows; row++, place += columns, to += 8) {
    const length = lengths[place]!;
    if (length === -1) {
      into.absent(first + row);
      continue;
    }
    if (length !== 8) return row;
    const at = starts[place]!;
    const high = from.getInt32(at);
    const low = from.getUint32(at + 4);
    const isForever = high === 0x7fffffff && low === 0xffffffff;
    const isEver = high === -0x80000000 && low === 0;
    const sum = low + epochLow;
    const top = high + epochHigh + (sum >= 4_294_967_296 ? 1 : 0);
    if (!isForever && (top > 0x7fffffff || (top === 0x7fffffff && sum >>> 0 === 0xffffffff))) return row;
    view.setInt32(to, isForever ? -1 : isEver ? 1 : sum | 0, true);
    view.setInt32(to + 4, isForever || isEver ? high : top, true);
  }
  return -1;
}

export function appendUuids({ places, column, from, into }: Run): number {
  const { starts, lengths, rows, columns } = places;
  const first = into.extend(rows, 0);
  const { view } = into;
  for (let row = 0, place = column, to = first * 16; row < rows; row++, place += columns, to += 16) {
    const length = lengths[place]!;
    if (length === -1) into.absent(first + row);
    else if (length !== 16) return row;
    else {
      const at = starts[place]!;
      view.setBigInt64(to, from.getBigInt64(at));
      view.setBigInt64(to + 8, from.getBigInt64(at + 8));
    }
  }
  return -1;
}

/** Above this many bytes one native copy is faster than a loop over words (measured; it needs a view object of its own). */
const maxLoopBytes = 160;

/** Values of variable width, as they are. */
export function appendBytes(run: Run): number {
  return appendVariable(run, 0);
}

/** In front of each value stands the version of its form, which must be 1. */
export function appendJsonbs(run: Run): number {
  const { places, column, from } = run;
  const { starts, lengths, rows, columns } = places;
  for (let row = 0, place = column; row < rows; row++, place += columns) {
    const length = lengths[place]!;
    if (length === 0 || (length > 0 && from.getUint8(starts[place]!) !== 1)) return row;
  }
  return appendVariable(run, 1);
}

/** Without the first `skip` bytes of each. */
function appendVariable({ places, column, from, into }: Run, skip: number): number {
  const { starts, lengths, rows, columns } = places;
  let bytes = 0;
  for (let row = 0, place = column; row < rows; row++, place += columns) bytes += Math.max(lengths[place]! - skip, 0);
  let to = into.used;
  const first = into.extend(rows, bytes);
  const { view, data } = into;
  const offsets = into.offsets!;
  for (let row = 0, place = column; row < rows; row++, place += columns) {
    const at = starts[place]! + skip;
    const length = lengths[place]! - skip;
    if (lengths[place] === -1) into.absent(first + row);
    else if (length > maxLoopBytes) data.set(new Uint8Array(from.buffer, from.byteOffset + at, length), to);
    else copyShort(from, { at, length }, view, to);
    if (length > 0) to += length;
    offsets[first + row + 1] = to;
  }
  return -1;
}

function copyShort(from: DataView, { at, length }: { readonly at: number; readonly length: number }, view: DataView, to: number): void {
  let i = 0;
  for (const words = length & ~7; i < words; i += 8) view.setBigInt64(to + i, from.getBigInt64(at + i));
  if ((length & 4) !== 0) {
    view.setInt32(to + i, from.getInt32(at + i));
    i += 4;
  }
  for (; i < length; i++) view.setInt8(to + i, from.getInt8(at + i));
}
