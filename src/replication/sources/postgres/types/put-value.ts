import { isUtf8 } from 'node:buffer';
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

/**
 * As `putBytes`, for text that an output function wrote: that of `"char"` writes bytes above 127 as they are before PostgreSQL 15, alone and
 * inside arrays and rows. What is not UTF-8 is written as 15 and later write it: a backslash and three octal digits per byte.
 */
export function putOutputText(into: ColumnBuilder, from: DataView, at: number, length: number): void {
  if (isAscii(from, at, length)) return putBytes(into, from, at, length);
  const bytes = new Uint8Array(from.buffer, from.byteOffset + at, length);
  const text = isUtf8(bytes) ? bytes : escaped(bytes);
  into.bytes(text, 0, text.length);
}

function isAscii(from: DataView, at: number, length: number): boolean {
  const end = at + length;
  let i = at;
  for (; i + 4 <= end; i += 4) if ((from.getInt32(i) & 0x80808080) !== 0) return false;
  for (; i < end; i++) if (from.getInt8(i) < 0) return false;
  return true;
}

function escaped(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = bytes.subarray(at, at + length);
    const whole = isUtf8(character);
    parts.push(whole ? character : Buffer.from(`\\${lead.toString(8)}`));
    at += whole ? length : 1;
  }
  return Buffer.concat(parts);
}
