import type { ColumnBuilder } from '#replication/column.ts';

/** Appends one value of the given width. `fixed()` may replace the builder's view, so it comes first. */
export function put8(into: ColumnBuilder, value: number): void {
  const to = into.fixed();
  into.data[to] = value;
}

export function put16(into: ColumnBuilder, value: number): void {
  const to = into.fixed();
  into.view.setInt16(to, value, true);
}

export function put32(into: ColumnBuilder, value: number): void {
  const to = into.fixed();
  into.view.setInt32(to, value, true);
}

export function put64(into: ColumnBuilder, high: number, low: number): void {
  const to = into.fixed();
  into.view.setInt32(to, low, true);
  into.view.setInt32(to + 4, high, true);
}

/** Above this many bytes one native copy is faster than a loop over words (measured; it needs a view object of its own). */
const maxLoopBytes = 160;

/** Appends the `length` bytes at `at` of a buffer as a value of variable width. */
export function putBytes(into: ColumnBuilder, from: DataView, at: number, length: number): void {
  const to = into.variable(length);
  if (length > maxLoopBytes) return into.data.set(new Uint8Array(from.buffer, from.byteOffset + at, length), to);
  const view = into.view;
  const words = length & ~7;
  let i = 0;
  // V8 keeps the 64 bits in a register here: no BigInt is made.
  for (; i < words; i += 8) view.setBigInt64(to + i, from.getBigInt64(at + i));
  for (; i < length; i++) view.setInt8(to + i, from.getInt8(at + i));
}
