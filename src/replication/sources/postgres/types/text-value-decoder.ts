import type { Fault } from '#base/fault.ts';
import type { ColumnBuilder } from '#replication/column.ts';
import type { ColumnSchema } from '#replication/schema.ts';
import { wireForms, type WireForm } from './column-plan.ts';
import { TextClock, TextInterval } from './text-clock.ts';
import { readFloat32, readFloat64 } from './text-float.ts';
import { columnTarget, corruptStream, valueOutOfRange } from './value-fault.ts';
import { put8, put16, put32, put64, putBytes, putOutputText } from './put-value.ts';
import { Magnitude, powersOfTen, writeInt64, writeSafe } from './wide-integer.ts';

const dash = 0x2d;
const dot = 0x2e;
const dayMicroseconds = 86_400_000_000;
const maxZoneSeconds = 57_599;
const infinity = new TextEncoder().encode('infinity');
const minusInfinity = new TextEncoder().encode('-infinity');
const notANumber = new TextEncoder().encode('NaN');
const plainInfinity = new TextEncoder().encode('Infinity');
const minusPlainInfinity = new TextEncoder().encode('-Infinity');

/** The value of a hexadecimal digit; 255 for any other byte. */
const hexDigits = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  hexDigits[digit.toString(16).charCodeAt(0)] = digit;
  hexDigits[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** A column of the pool's table: a `ColumnSchema` is one. */
export type TextColumn = Pick<ColumnSchema, 'name' | 'type' | 'fidelity'>;

/**
 * Decodes values in PostgreSQL's text form, as pgoutput sends them, into the very bytes that `BinaryRowDecoder` makes of their binary form.
 * Needs the session settings that `PgConnection` makes. One per table: the column alone decides how a value is read.
 * Faults as `BinaryRowDecoder`; after one the builder is as it was, or holds one value more.
 */
export class TextValueDecoder {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #table: string;
  readonly #columns: readonly TextColumn[];
  readonly #wire: Int32Array;
  readonly #precision: Int32Array;
  readonly #scale: Int32Array;
  readonly #magnitude = new Magnitude();
  readonly #clock = new TextClock();
  readonly #interval = new TextInterval();

  constructor(columns: readonly TextColumn[], table: string) {
    this.#table = table;
    this.#columns = columns;
    this.#wire = Int32Array.from(columns, textForm);
    this.#precision = Int32Array.from(columns, ({ type }) => (type.kind === 'decimal' ? type.precision : 0));
    this.#scale = Int32Array.from(columns, ({ type }) => (type.kind === 'decimal' ? type.scale : 0));
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Where the next values are read from. */
  set bytes(bytes: Uint8Array) {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Appends the value of column `index` that `bytes[start .. end]` spell. `end` must lie within `bytes`. */
  append(index: number, start: number, end: number, into: ColumnBuilder): void {
    const form = this.#wire[index] as WireForm;
    // Numbers, not names: V8 makes a jump table only of literals. They are those of `wireForms`.
    switch (form) {
      case 0: // bool
        return this.#bool(index, start, end, into);
      case 1: // int16
        return put16(into, this.#integer(index, start, end, 0x8000));
      case 2: // int32
        return put32(into, this.#integer(index, start, end, 0x80000000));
      case 3: // int64
        return this.#int64(index, start, end, into);
      case 4: // uint32
        return put32(into, this.#integer(index, start, end, 0x100000000));
      case 5: // float32
        return this.#float(index, start, end, into);
      case 6: // float64
        return this.#float(index, start, end, into);
      case 7: // decimal64
      case 8: // decimal128
        return this.#decimal(index, start, end, into);
      case 9: // date
        return this.#date(index, start, end, into);
      case 10: // time
        return this.#time(index, start, end, into);
      case 11: // timetz
        return this.#timetz(index, start, end, into);
      case 12: // timestamp
      case 13: // timestamptz
        return this.#timestamp(index, start, end, into);
      case 14: // interval
        return this.#intervalValue(index, start, end, into);
      case 15: // uuid
        return this.#uuid(index, start, end, into);
      case 16: // text
      case 17: // jsonb
        return putBytes(into, this.#view, start, end - start);
      case 18: // bytea
        return this.#bytea(index, start, end, into);
      case 19: // outputText
        return putOutputText(into, this.#view, start, end - start);
      default:
        return form satisfies never;
    }
  }

  #bool(index: number, start: number, end: number, into: ColumnBuilder): void {
    const byte = end - start === 1 ? this.#bytes[start] : 0;
    if (byte === 0x74) put8(into, 1);
    else if (byte === 0x66) put8(into, 0);
    else throw this.#corrupt(index, 'a boolean');
  }

  /** `limit` is the first magnitude that does not fit: negative values may reach it. */
  #integer(index: number, start: number, end: number, limit: number): number {
    const bytes = this.#bytes;
    const negative = bytes[start] === dash;
    const first = negative ? start + 1 : start;
    let value = 0;
    for (let at = first; at < end; at++) {
      const digit = bytes[at]! ^ 0x30;
      if (digit > 9) throw this.#corrupt(index, 'an integer');
      value = value * 10 + digit;
    }
    const tooLarge = negative ? value > limit || limit > 0x80000000 : value >= limit;
    if (first >= end || end - first > 10 || tooLarge) throw this.#corrupt(index, 'an integer');
    return negative ? -value : value;
  }

  #int64(index: number, start: number, end: number, into: ColumnBuilder): void {
    const bytes = this.#bytes;
    const negative = bytes[start] === dash;
    const first = negative ? start + 1 : start;
    const split = end - 9;
    let head = 0;
    let tail = 0;
    let at = first;
    for (; at < split; at++) {
      const digit = bytes[at]! ^ 0x30;
      if (digit > 9) throw this.#corrupt(index, 'an integer');
      head = head * 10 + digit;
    }
    for (; at < end; at++) {
      const digit = bytes[at]! ^ 0x30;
      if (digit > 9) throw this.#corrupt(index, 'an integer');
      tail = tail * 10 + digit;
    }
    if (first >= end || end - first > 19) throw this.#corrupt(index, 'an integer');
    const to = into.fixed();
    if (!writeInt64(into.view, to, negative ? -head : head, negative ? -tail : tail)) throw this.#corrupt(index, 'an integer');
  }

  #float(index: number, start: number, end: number, into: ColumnBuilder): void {
    const narrow = into.width === 4;
    const value = narrow ? readFloat32(this.#bytes, start, end) : readFloat64(this.#bytes, start, end);
    if (Number.isNaN(value)) {
      if (!this.#is(start, end, notANumber)) throw this.#corrupt(index, 'a floating-point number');
      return narrow ? put32(into, 0x7fc00000) : put64(into, 0x7ff80000, 0);
    }
    const to = into.fixed();
    if (narrow) into.view.setFloat32(to, value, true);
    else into.view.setFloat64(to, value, true);
  }

  #decimal(index: number, start: number, end: number, into: ColumnBuilder): void {
    const bytes = this.#bytes;
    const negative = bytes[start] === dash;
    let first = negative ? start + 1 : start;
    let point = first;
    while (point < end && bytes[point] !== dot) point++;
    const scale = this.#scale[index]!;
    const places = point < end ? end - point - 1 : 0;
    if (first >= end || places > scale || (point < end && places === 0)) throw this.#notDecimal(index, start, end);
    while (first < point && bytes[first] === 0x30) first++;
    if (point - first + scale > this.#precision[index]!) throw this.#notDecimal(index, start, end);
    if (point - first + scale > 15) return this.#wideDecimal(index, start, end, into);
    let value = 0;
    for (let at = first; at < end; at++) {
      const digit = bytes[at]! ^ 0x30;
      if (digit <= 9) value = value * 10 + digit;
      else if (at !== point) throw this.#notDecimal(index, start, end);
    }
    value *= powersOfTen[scale - places]!;
    const to = into.fixed();
    writeSafe(into.view, to, negative ? -value : value);
    if (into.width === 16) writeSafe(into.view, to + 8, negative && value > 0 ? -1 : 0);
  }

  /** As `#decimal`, which has checked the number of digits, for values that may not fit a double. */
  #wideDecimal(index: number, start: number, end: number, into: ColumnBuilder): void {
    const bytes = this.#bytes;
    const magnitude = this.#magnitude;
    const negative = bytes[start] === dash;
    magnitude.clear();
    let missing = this.#scale[index]!;
    let chunk = 0;
    let chunkDigits = 0;
    let afterPoint = false;
    for (let at = negative ? start + 1 : start; at < end; at++) {
      const digit = bytes[at]! ^ 0x30;
      if (digit > 9) {
        if (afterPoint || bytes[at] !== dot) throw this.#notDecimal(index, start, end);
        afterPoint = true;
        continue;
      }
      if (afterPoint) missing--;
      chunk = chunk * 10 + digit;
      if (++chunkDigits < 6) continue;
      magnitude.multiplyAdd(1_000_000, chunk);
      chunk = chunkDigits = 0;
    }
    magnitude.multiplyAdd(powersOfTen[chunkDigits]!, chunk);
    for (; missing > 0; missing -= 6) magnitude.multiplyAdd(powersOfTen[Math.min(missing, 6)]!, 0);
    const to = into.fixed();
    magnitude.write(into.view, to, into.width, negative);
  }

  #notDecimal(index: number, start: number, end: number): Fault {
    if (this.#is(start, end, notANumber)) return this.#outOfRange(index, 'NaN');
    if (this.#is(start, end, plainInfinity) || this.#is(start, end, minusPlainInfinity))
      return this.#outOfRange(index, 'an infinite number');
    return this.#corrupt(index, 'a decimal of its precision and scale');
  }

  #date(index: number, start: number, end: number, into: ColumnBuilder): void {
    const beforeChrist = this.#beforeChrist(start, end);
    const stop = beforeChrist ? end - 3 : end;
    const days = this.#clock.date(this.#bytes, start, stop, beforeChrist);
    if (Math.abs(days) < 0x7fffffff && this.#clock.at === stop) put32(into, days);
    else if (this.#is(start, end, infinity)) put32(into, 0x7fffffff);
    else if (this.#is(start, end, minusInfinity)) put32(into, -0x7fffffff);
    else throw this.#corrupt(index, 'a date');
  }

  #time(index: number, start: number, end: number, into: ColumnBuilder): void {
    const microseconds = this.#clock.time(this.#bytes, start, end);
    if (!(microseconds <= dayMicroseconds) || this.#clock.at !== end) throw this.#corrupt(index, 'a time');
    const to = into.fixed();
    writeSafe(into.view, to, microseconds);
  }

  #timetz(index: number, start: number, end: number, into: ColumnBuilder): void {
    const clock = this.#clock;
    const microseconds = clock.time(this.#bytes, start, end);
    const east = clock.zone(this.#bytes, clock.at, end);
    if (!(microseconds <= dayMicroseconds && Math.abs(east) <= maxZoneSeconds) || clock.at !== end)
      throw this.#corrupt(index, 'a time with time zone');
    put64(into, Math.floor(microseconds / 256), ((microseconds % 256) << 24) | (maxZoneSeconds - east));
  }

  #timestamp(index: number, start: number, end: number, into: ColumnBuilder): void {
    const clock = this.#clock;
    const beforeChrist = this.#beforeChrist(start, end);
    const stop = beforeChrist ? end - 3 : end;
    const days = clock.date(this.#bytes, start, stop, beforeChrist);
    const microseconds = clock.time(this.#bytes, clock.at + 1, stop);
    const east = this.#wire[index] === wireForms.timestamptz ? clock.zone(this.#bytes, clock.at, stop) : 0;
    if (Number.isNaN(days + microseconds + east) || clock.at !== stop) {
      if (this.#is(start, end, infinity)) return put64(into, 0x7fffffff, -1);
      if (this.#is(start, end, minusInfinity)) return put64(into, -0x80000000, 1);
      throw this.#corrupt(index, 'a timestamp');
    }
    const seconds = days * 86_400 + Math.floor(microseconds / 1_000_000) - east;
    const head = Math.floor(seconds / 1000);
    const tail = (seconds - head * 1000) * 1_000_000 + (microseconds % 1_000_000);
    if (head > maxHead || (head === maxHead && tail >= maxTail))
      throw this.#outOfRange(index, 'a timestamp after 294247-01-10 04:00:54.775806');
    const to = into.fixed();
    writeInt64(into.view, to, head, tail);
  }

  #intervalValue(index: number, start: number, end: number, into: ColumnBuilder): void {
    const value = this.#interval;
    if (!value.read(this.#bytes, start, end)) {
      if (this.#is(start, end, infinity) || this.#is(start, end, minusInfinity)) throw this.#outOfRange(index, 'an infinite interval');
      throw this.#corrupt(index, 'an interval in ISO 8601 style');
    }
    const to = into.fixed();
    const view = into.view;
    view.setInt32(to, value.months, true);
    view.setInt32(to + 4, value.days, true);
    const head = Math.trunc(value.seconds / 1000);
    if (!writeInt64(view, to + 8, head, (value.seconds - head * 1000) * 1_000_000 + value.microseconds))
      throw this.#corrupt(index, 'an interval');
  }

  #uuid(index: number, start: number, end: number, into: ColumnBuilder): void {
    const bytes = this.#bytes;
    if (end - start !== 36) throw this.#corrupt(index, 'a uuid');
    const first = into.fixed();
    const data = into.data;
    let to = first;
    let at = start;
    let seen = 0;
    while (at < end) {
      if (bytes[at] === dash) at++;
      const high = hexDigits[bytes[at]!]!;
      const low = hexDigits[bytes[at + 1]!]!;
      seen |= high | low;
      data[to++] = (high << 4) | low;
      at += 2;
    }
    if (seen > 15 || to !== first + 16 || at !== end) throw this.#corrupt(index, 'a uuid');
  }

  #bytea(index: number, start: number, end: number, into: ColumnBuilder): void {
    const bytes = this.#bytes;
    if (end - start < 2 || (end - start) % 2 !== 0 || bytes[start] !== 0x5c || bytes[start + 1] !== 0x78)
      throw this.#corrupt(index, 'a bytea in hex');
    let to = into.variable((end - start - 2) >> 1);
    const data = into.data;
    let seen = 0;
    for (let at = start + 2; at < end; at += 2) {
      const high = hexDigits[bytes[at]!]!;
      const low = hexDigits[bytes[at + 1]!]!;
      seen |= high | low;
      data[to++] = (high << 4) | low;
    }
    if (seen > 15) throw this.#corrupt(index, 'a bytea in hex');
  }

  /** Whether the value ends in ` BC`. */
  #beforeChrist(start: number, end: number): boolean {
    const bytes = this.#bytes;
    return end - start > 3 && bytes[end - 1] === 0x43 && bytes[end - 2] === 0x42 && bytes[end - 3] === 0x20;
  }

  #is(start: number, end: number, text: Uint8Array): boolean {
    if (end - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (this.#bytes[start + i] !== text[i]) return false;
    return true;
  }

  #corrupt(index: number, expected: string): Fault {
    return corruptStream(columnTarget(this.#table, this.#columns[index]!.name), `a value is not the text of ${expected}`);
  }

  #outOfRange(index: number, what: string): Fault {
    return valueOutOfRange(columnTarget(this.#table, this.#columns[index]!.name), what);
  }
}

/** 2^63 - 1, which stands for infinity, as `head * 10^9 + tail`. */
const maxHead = 9_223_372_036;
const maxTail = 854_775_807;

/** How a column's text form is read; of the source's type it matters only whether an output function's text is kept as it is. */
function textForm({ type, fidelity }: TextColumn): WireForm {
  if (type.kind === 'decimal') return type.precision <= 18 ? wireForms.decimal64 : wireForms.decimal128;
  if (type.kind === 'text' && fidelity === 'text') return wireForms.outputText;
  return type.kind === 'bytes' ? wireForms.bytea : wireForms[type.kind];
}
