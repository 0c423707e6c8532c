import type { Fault } from '#base/fault.ts';
import { widthOf, type BatchBuilder, type ColumnBuilder, type ColumnType } from '#replication/column.ts';
import {
  appendBools,
  appendBytes,
  appendDates,
  appendFloat64s,
  appendInt16s,
  appendInt32s,
  appendInt64s,
  appendJsonbs,
  appendTimestamps,
  appendUuids,
  type AppendRun,
  type FieldPlaces,
} from './binary-runs.ts';
import { wireForms, type WireForm } from './column-plan.ts';
import { columnTarget, corruptStream, valueOutOfRange } from './value-fault.ts';
import { put32, put64, putOutputText } from './put-value.ts';
import { Magnitude, powersOfTen, writeSafe } from './wide-integer.ts';

export interface BinaryColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly wire: WireForm;
}

/** `PGCOPY\n\xff\r\n\0`, flags, length of the header extension. */
const signature = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00];
const headerLength = 19;
const copyDataTag = 0x64;

const dayMicroseconds = 86_400_000_000;
/** The offset of a `timetz` is below 16 hours. */
const maxZoneSeconds = 57_599;

/** Fields noted before they are appended. */
const blockFields = 16_384;

/** Forms whose values are appended a run at a time. */
const runs = {
  [wireForms.bool]: appendBools,
  [wireForms.int16]: appendInt16s,
  [wireForms.int32]: appendInt32s,
  [wireForms.uint32]: appendInt32s,
  [wireForms.int64]: appendInt64s,
  [wireForms.float64]: appendFloat64s,
  [wireForms.date]: appendDates,
  [wireForms.timestamp]: appendTimestamps,
  [wireForms.timestamptz]: appendTimestamps,
  [wireForms.uuid]: appendUuids,
  [wireForms.text]: appendBytes,
  [wireForms.jsonb]: appendJsonbs,
  [wireForms.bytea]: appendBytes,
} as const satisfies Partial<Record<WireForm, AppendRun>>;
type RunForm = keyof typeof runs;

function isRunForm(form: WireForm): form is RunForm {
  return form in runs;
}

/** `numeric_send`'s sign word. */
const numericNegative = 0x4000;
const numericNaN = 0xc000;
const numericInfinity = 0xd000;
const numericMinusInfinity = 0xf000;

/**
 * Decodes one `COPY … TO STDOUT (FORMAT binary)` stream into columns.
 * Faults: `corrupt` (bytes that are not such a stream), `ValueOutOfRange` (see `valueOutOfRange`). After a fault the builder holds half a row
 * and must be thrown away with the decoder.
 */
export class BinaryRowDecoder {
  readonly #table: string;
  readonly #columns: readonly BinaryColumn[];
  readonly #precision: Int32Array;
  readonly #scale: Int32Array;
  readonly #magnitude = new Magnitude();
  readonly #runs: readonly (AppendRun | undefined)[];
  /** Of the tuples that are not appended yet. */
  readonly #places: FieldPlaces;
  readonly #blockRows: number;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #bytes: Uint8Array = new Uint8Array(0);
  #started = false;
  #ended = false;

  constructor(columns: readonly BinaryColumn[], table: string) {
    this.#table = table;
    this.#columns = columns;
    this.#runs = columns.map((column) => (isRunForm(column.wire) ? runs[column.wire] : undefined));
    this.#blockRows = Math.max(16, Math.floor(blockFields / Math.max(columns.length, 1)));
    const fields = this.#blockRows * columns.length;
    this.#places = { starts: new Int32Array(fields), lengths: new Int32Array(fields), rows: 0, columns: columns.length };
    this.#precision = Int32Array.from(columns, ({ type }) => (type.kind === 'decimal' ? type.precision : 0));
    this.#scale = Int32Array.from(columns, ({ type }) => (type.kind === 'decimal' ? type.scale : 0));
  }

  /** The stream's trailer was read: no row is left. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Appends the rows of the CopyData messages (each with its tag and length) that lie wholly within `from` … `to`.
   * Answers where it stopped: `to`, or the start of a message that goes on beyond it. To bound a batch, pass a nearer `to`.
   */
  decode(buffer: Uint8Array, from: number, to: number, builder: BatchBuilder): number {
    if (to > buffer.length || from > to) throw corruptStream(this.#table, 'the range to decode lies outside its buffer');
    this.#bytes = buffer;
    const view = (this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length));
    let at = from;
    while (at + 5 <= to) {
      const length = view.getInt32(at + 1);
      if (buffer[at] !== copyDataTag || length < 4) throw corruptStream(this.#table, 'a message of the copy stream is malformed');
      const end = at + 1 + length;
      if (end > to) break;
      this.#message(at + 5, end, builder);
      at = end;
    }
    if (this.#places.rows > 0) this.#append(builder);
    return at;
  }

  /** One message's payload: in practice the header, a tuple, both, or the trailer; any whole number of them is accepted. */
  #message(from: number, end: number, builder: BatchBuilder): void {
    let at = this.#started ? from : this.#header(from, end);
    while (at < end) {
      if (this.#ended) throw corruptStream(this.#table, 'the copy stream goes on after its trailer');
      if (at + 2 > end) throw corruptStream(this.#table, 'a tuple of the copy stream is cut short');
      const count = this.#view.getInt16(at);
      at += 2;
      if (count === -1) this.#ended = true;
      else if (count === this.#columns.length) at = this.#tuple(at, end, builder);
      else throw corruptStream(this.#table, `a tuple of the copy stream has ${count} fields instead of ${this.#columns.length}`);
    }
  }

  #header(from: number, end: number): number {
    const view = this.#view;
    if (end - from < headerLength || signature.some((byte, i) => this.#bytes[from + i] !== byte)) {
      throw corruptStream(this.#table, 'the copy stream does not begin with its signature');
    }
    // The upper half of the flags holds what a reader must understand; PostgreSQL 12 and later set none of it.
    if (view.getInt32(from + 11) >>> 16 !== 0) throw corruptStream(this.#table, 'the copy stream has a flag that is not known');
    const extension = view.getInt32(from + 15);
    if (extension < 0 || extension > end - from - headerLength) throw corruptStream(this.#table, "the copy stream's header is malformed");
    this.#started = true;
    return from + headerLength + extension;
  }

  /** Notes where the fields of a tuple lie; answers where it ends. */
  #tuple(from: number, end: number, builder: BatchBuilder): number {
    const view = this.#view;
    const places = this.#places;
    const { starts, lengths, columns } = places;
    let place = places.rows * columns;
    let at = from;
    for (let index = 0; index < columns; index++, place++) {
      if (at + 4 > end) throw corruptStream(this.#table, 'a tuple of the copy stream is cut short');
      const length = view.getInt32(at);
      at += 4;
      if (length < -1 || length > end - at) throw this.#corrupt(index, 'a value goes beyond its tuple');
      starts[place] = at;
      lengths[place] = length;
      if (length > 0) at += length;
    }
    if (++places.rows === this.#blockRows) this.#append(builder);
    return at;
  }

  /** Appends the tuples noted so far, column by column: a loop over values of one kind is three times as fast as one over kinds (measured). */
  #append(builder: BatchBuilder): void {
    const places = this.#places;
    for (let column = 0; column < places.columns; column++) {
      const into = builder.columns[column]!;
      const append = this.#runs[column];
      if (!append) {
        this.#appendEach(column, into);
        continue;
      }
      const row = append({ places, column, from: this.#view, into });
      if (row >= 0) throw this.#malformed(column, places.lengths[row * places.columns + column]!);
    }
    places.rows = 0;
  }

  #appendEach(column: number, into: ColumnBuilder): void {
    const { starts, lengths, rows, columns } = this.#places;
    for (let row = 0, place = column; row < rows; row++, place += columns) {
      const length = lengths[place]!;
      if (length === -1) into.null();
      else this.#value(column, starts[place]!, length, into);
    }
  }

  /** Why a run did not go on. */
  #malformed(index: number, length: number): Fault {
    const { type, wire } = this.#columns[index]!;
    if (wire === wireForms.jsonb) return this.#corrupt(index, 'a jsonb value is not of version 1');
    const expected = widthOf(type);
    if (length !== expected) return this.#corrupt(index, wrongLength(expected, length));
    if (type.kind === 'bool') return this.#corrupt(index, 'a boolean is neither true nor false');
    return this.#outOfRange(index, 'a timestamp after 294247-01-10 04:00:54.775806');
  }

  #value(index: number, at: number, length: number, into: ColumnBuilder): void {
    const form = this.#columns[index]!.wire as Exclude<WireForm, RunForm>;
    // Numbers, not names: V8 makes a jump table only of literals. They are those of `wireForms`.
    switch (form) {
      case 5: // float32
        this.#expect(index, length, 4);
        return this.#float32(at, into);
      case 7: // decimal64
      case 8: // decimal128
        return this.#decimal(index, at, length, into);
      case 10: // time
        this.#expect(index, length, 8);
        return this.#time(index, at, into);
      case 11: // timetz
        this.#expect(index, length, 12);
        return this.#timetz(index, at, into);
      case 14: // interval
        this.#expect(index, length, 16);
        return this.#interval(index, at, into);
      case 19: // outputText
        return putOutputText(into, this.#view, at, length);
      default:
        return form satisfies never;
    }
  }

  /** As bits. Every NaN becomes the one that its text stands for. */
  #float32(at: number, into: ColumnBuilder): void {
    const bits = this.#view.getInt32(at);
    put32(into, (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits);
  }

  #time(index: number, at: number, into: ColumnBuilder): void {
    const microseconds = this.#view.getInt32(at) * 4_294_967_296 + this.#view.getUint32(at + 4);
    if (microseconds < 0 || microseconds > dayMicroseconds) throw this.#corrupt(index, 'a time is not within a day');
    const to = into.fixed();
    writeSafe(into.view, to, microseconds);
  }

  #timetz(index: number, at: number, into: ColumnBuilder): void {
    const microseconds = this.#view.getInt32(at) * 4_294_967_296 + this.#view.getUint32(at + 4);
    const west = this.#view.getInt32(at + 8);
    if (microseconds < 0 || microseconds > dayMicroseconds || Math.abs(west) > maxZoneSeconds) {
      throw this.#corrupt(index, 'a time is not within a day');
    }
    put64(into, Math.floor(microseconds / 256), ((microseconds % 256) << 24) | (maxZoneSeconds + west));
  }

  #interval(index: number, at: number, into: ColumnBuilder): void {
    const view = this.#view;
    const high = view.getInt32(at);
    const low = view.getInt32(at + 4);
    const days = view.getInt32(at + 8);
    const months = view.getInt32(at + 12);
    if (
      months === 0x7fffffff
        ? days === months && high === months && low === -1
        : months === -0x80000000 && days === months && high === months && low === 0
    ) {
      throw this.#outOfRange(index, 'an infinite interval');
    }
    const to = into.fixed();
    into.view.setInt32(to, months, true);
    into.view.setInt32(to + 4, days, true);
    into.view.setInt32(to + 8, low, true);
    into.view.setInt32(to + 12, high, true);
  }

  /** `numeric_send`: count of base-10000 digits, weight of the first, sign, display scale (each 2 bytes), digits. */
  #decimal(index: number, at: number, length: number, into: ColumnBuilder): void {
    const view = this.#view;
    const count = length < 8 ? -1 : view.getUint16(at);
    if (length !== 8 + 2 * count) throw this.#corrupt(index, 'a numeric value has a wrong length');
    const sign = view.getUint16(at + 4);
    if (sign !== 0 && sign !== numericNegative) throw this.#notFinite(index, sign);
    if (count === 0) return this.#putDecimal(into, 0);
    const scale = this.#scale[index]!;
    const places = scale & 3;
    // Digits that count whole units of the scaled integer; one more holds the scale's last one to three places.
    const whole = view.getInt16(at + 2) + 1 + (scale >> 2);
    if (count > whole + (places > 0 ? 1 : 0)) throw this.#corrupt(index, 'a numeric value has more places than its type');
    const first = this.#digit(index, at + 8);
    const lowest = whole > 0 ? 4 * (whole - 1) + places : 0;
    if (lowest > 15 || (first + 1) * powersOfTen[lowest]! > 9e15) return this.#wideDecimal(index, at, whole, into);
    let value = 0;
    for (let i = 0; i < whole; i++) value = value * 10_000 + (i < count ? this.#digit(index, at + 8 + 2 * i) : 0);
    value = value * powersOfTen[places]! + this.#lastPlaces(index, at, whole);
    const precision = this.#precision[index]!;
    if (precision < 16 && value >= powersOfTen[precision]!) throw this.#corrupt(index, 'a numeric value has more digits than its type');
    this.#putDecimal(into, sign === 0 ? value : -value);
  }

  #wideDecimal(index: number, at: number, whole: number, into: ColumnBuilder): void {
    const view = this.#view;
    const count = view.getUint16(at);
    const first = this.#digit(index, at + 8);
    const places = this.#scale[index]! & 3;
    const length = 4 * (whole - 1) + places + (first > 999 ? 4 : first > 99 ? 3 : first > 9 ? 2 : 1);
    if (length > this.#precision[index]!) throw this.#corrupt(index, 'a numeric value has more digits than its type');
    const magnitude = this.#magnitude;
    magnitude.clear();
    for (let i = 0; i < whole; i++) magnitude.multiplyAdd(10_000, i < count ? this.#digit(index, at + 8 + 2 * i) : 0);
    if (places > 0) magnitude.multiplyAdd(powersOfTen[places]!, this.#lastPlaces(index, at, whole));
    const to = into.fixed();
    magnitude.write(into.view, to, into.width, view.getUint16(at + 4) === numericNegative);
  }

  #digit(index: number, at: number): number {
    const digit = this.#view.getUint16(at);
    if (digit > 9999) throw this.#corrupt(index, 'a numeric value has a digit above 9999');
    return digit;
  }

  /** The scale's last one to three places, from the digit after the whole ones. */
  #lastPlaces(index: number, at: number, whole: number): number {
    if (this.#view.getUint16(at) <= whole) return 0;
    const unit = powersOfTen[4 - (this.#scale[index]! & 3)]!;
    const digit = this.#digit(index, at + 8 + 2 * whole);
    if (digit % unit !== 0) throw this.#corrupt(index, 'a numeric value has more places than its type');
    return digit / unit;
  }

  #putDecimal(into: ColumnBuilder, value: number): void {
    const to = into.fixed();
    writeSafe(into.view, to, value);
    if (into.width === 16) writeSafe(into.view, to + 8, value < 0 ? -1 : 0);
  }

  #notFinite(index: number, sign: number): Fault {
    if (sign === numericNaN) return this.#outOfRange(index, 'NaN');
    if (sign === numericInfinity || sign === numericMinusInfinity) return this.#outOfRange(index, 'an infinite number');
    return this.#corrupt(index, 'a numeric value has an unknown sign');
  }

  #expect(index: number, length: number, expected: number): void {
    if (length !== expected) throw this.#corrupt(index, wrongLength(expected, length));
  }

  #corrupt(index: number, what: string): Fault {
    return corruptStream(columnTarget(this.#table, this.#columns[index]!.name), what);
  }

  #outOfRange(index: number, what: string): Fault {
    return valueOutOfRange(columnTarget(this.#table, this.#columns[index]!.name), what);
  }
}

function wrongLength(expected: number, length: number): string {
  return `a value of ${expected} bytes came with ${length}`;
}
