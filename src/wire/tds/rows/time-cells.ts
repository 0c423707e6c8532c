import { day1900, day1970, lastDay } from '../types/calendar.ts';
import { timeBytes, timedBytes } from '../types/dates.ts';
import { firstDatetime, ticksPerDay } from '../types/datetimes.ts';
import type { TdsType, TdsTypeOf } from '../types/tds-type.ts';
import { wordsOf } from './number-cells.ts';
import type { CellWriter, RowBuffer } from './row-buffer.ts';
import { isNull, unexpectedNull, unfitValue, type NumberVector } from './vector.ts';

const microsPerDay = 86_400_000_000;
const bigMicrosPerDay = 86_400_000_000n;
const microsPerMinute = 60_000_000;
/** A high word within this makes a number that is exact as a float. */
const exactHigh = 0x10_0000;

/** Undefined: the vector is none of such values. */
export function timeCell(type: TdsType, vector: NumberVector, out: RowBuffer): CellWriter | undefined {
  const write = valueWriter(type, vector, out);
  if (write === undefined) return undefined;
  const isFixed = 'fixed' in type && type.fixed === true;
  return (row, at) => {
    if (isNull(vector, row)) {
      if (isFixed) throw unexpectedNull(type);
      out.bytes[at] = 0;
      return at + 1;
    }
    return write(row, at);
  };
}

function valueWriter(type: TdsType, vector: NumberVector, out: RowBuffer): CellWriter | undefined {
  switch (type.name) {
    case 'date':
      return dateWriter(type, vector, out);
    case 'datetime':
    case 'smalldatetime':
      return datetimeWriter(type as TdsTypeOf<'datetime' | 'smalldatetime'>, vector, out);
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return timedWriter(type, vector, out);
    default:
      return undefined;
  }
}

function dateWriter(type: TdsType, { items }: NumberVector, out: RowBuffer): CellWriter | undefined {
  if (!(items instanceof Int32Array)) return undefined;
  return (row, at) => {
    const day = items[row]! + day1970;
    if (day < 0 || day > lastDay) throw unfitValue(type);
    out.bytes[at] = 3;
    writeDay(out, at + 1, day);
    return at + 4;
  };
}

function writeDay({ bytes }: RowBuffer, at: number, day: number): void {
  bytes[at] = day & 0xff;
  bytes[at + 1] = (day >> 8) & 0xff;
  bytes[at + 2] = day >> 16;
}

/** A moment split into its day and what is left of it. Kept by whoever reads many. */
export interface DaySplit {
  /** Since 0001-01-01. */
  day: number;
  micros: number;
}

/** Splits microseconds since 1970. Undefined: the vector is none of such values. */
export function daySplitter({ items }: NumberVector): ((row: number, into: DaySplit) => void) | undefined {
  if (!(items instanceof BigInt64Array)) return undefined;
  const { words } = wordsOf({ kind: 'numbers', items, validity: undefined })!;
  return (row, into) => {
    const high = words[row * 2 + 1]!;
    if (high >= exactHigh || high < -exactHigh) return splitFar(items[row]!, into);
    const micros = high * 0x1_0000_0000 + (words[row * 2]! >>> 0);
    let day = Math.floor(micros / microsPerDay);
    let left = micros - day * microsPerDay;
    // The division rounds: a moment next to midnight may have been put to the other day.
    if (left < 0) [day, left] = [day - 1, left + microsPerDay];
    else if (left >= microsPerDay) [day, left] = [day + 1, left - microsPerDay];
    into.day = day + day1970;
    into.micros = left;
  };
}

function splitFar(micros: bigint, into: DaySplit): void {
  const day = micros / bigMicrosPerDay - (micros % bigMicrosPerDay < 0n ? 1n : 0n);
  into.day = Number(day) + day1970;
  into.micros = Number(micros - day * bigMicrosPerDay);
}

function datetimeWriter(type: TdsTypeOf<'datetime' | 'smalldatetime'>, vector: NumberVector, out: RowBuffer): CellWriter | undefined {
  const split = daySplitter(vector);
  if (split === undefined) return undefined;
  const moment: DaySplit = { day: 0, micros: 0 };
  const isFixed = type.fixed === true;
  if (type.name === 'smalldatetime')
    return (row, at) => {
      split(row, moment);
      const day = moment.day - day1900;
      if (day < 0 || day > 0xffff || moment.micros % microsPerMinute !== 0) throw unfitValue(type);
      if (!isFixed) out.bytes[at++] = 4;
      out.view.setUint16(at, day, true);
      out.view.setUint16(at + 2, moment.micros / microsPerMinute, true);
      return at + 4;
    };
  return (row, at) => {
    split(row, moment);
    // The nearest 1/300 second: that is all that the type knows.
    const ticks = Math.round((moment.micros * 3) / 10_000);
    const day = moment.day - day1900 + (ticks === ticksPerDay ? 1 : 0);
    if (day < firstDatetime || day > lastDay - day1900) throw unfitValue(type);
    if (!isFixed) out.bytes[at++] = 8;
    out.view.setInt32(at, day, true);
    out.view.setUint32(at + 4, ticks === ticksPerDay ? 0 : ticks, true);
    return at + 8;
  };
}

function timedWriter(
  type: TdsTypeOf<'time' | 'datetime2' | 'datetimeoffset'>,
  vector: NumberVector,
  out: RowBuffer,
): CellWriter | undefined {
  const split = daySplitter(vector);
  if (split === undefined) return undefined;
  const moment: DaySplit = { day: 0, micros: 0 };
  const { name, scale } = type;
  const [times, divisor] = scale >= 6 ? [10 ** (scale - 6), 1] : [1, 10 ** (6 - scale)];
  const width = timeBytes(scale);
  const length = timedBytes(type);
  return (row, at) => {
    split(row, moment);
    const { day, micros } = moment;
    const units = (micros * times) / divisor;
    // Digits are never cut: casts round before.
    if (day < 0 || day > lastDay || !Number.isInteger(units) || (name === 'time' && day !== day1970)) throw unfitValue(type);
    const { bytes, view } = out;
    bytes[at++] = length;
    view.setUint16(at, units & 0xffff, true);
    bytes[at + 2] = (units >>> 16) & 0xff;
    if (width > 3) bytes[at + 3] = units >>> 24;
    if (width > 4) bytes[at + 4] = Math.floor(units / 0x1_0000_0000);
    at += width;
    if (name === 'time') return at;
    writeDay(out, at, day);
    if (name === 'datetime2') return at + 3;
    view.setInt16(at + 3, 0, true);
    return at + 5;
  };
}
