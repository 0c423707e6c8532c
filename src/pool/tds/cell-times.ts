import { assert } from '#base/fault.ts';
import type { TsqlType, TimedTypeName } from '../tsql/tsql-type.ts';
import { day1900, day1970, lastDay } from '#wire/tds/types/calendar.ts';
import { timeBytes } from '#wire/tds/types/dates.ts';
import { firstDatetime, ticksPerDay } from '#wire/tds/types/datetimes.ts';
import type { CellWriter, Cells } from './cells.ts';
import { notHeld } from './row-faults.ts';
import type { RowBytes } from './row-bytes.ts';

export const usPerDay = 86_400_000_000;
const beyond = 'a time beyond the years 1 to 9999';

/** A moment as DuckDB keeps it, taken apart: days since 0001-01-01, and microseconds of the day. */
export interface Moment {
  day: number;
  us: number;
}

/**
 * Exact without bigint: days are found by the upper half, which is a multiple of 2^32 below 2^58, as a day is one of 2^13; all products and
 * differences are whole numbers that a double holds. Infinities are beyond all years.
 */
export function splitMoment(view: DataView, at: number, into: Moment): boolean {
  const high = view.getInt32(at + 4, true);
  // Beyond it lie the infinities, and years that nobody has.
  if (high > 0x0800_0000 || high < -0x0800_0000) return false;
  const upper = high * 0x1_0000_0000;
  const days = Math.floor(upper / usPerDay);
  const rest = upper - days * usPerDay + view.getUint32(at, true);
  const more = Math.floor(rest / usPerDay);
  into.day = days + more + day1970;
  into.us = rest - more * usPerDay;
  return into.day >= 0 && into.day <= lastDay;
}

export const dateWriter: CellWriter = (out, { view }, row) => {
  const day = view.getInt32(row * 4, true) + day1970;
  if (day < 0 || day > lastDay) throw notHeld({ name: 'date' }, 'a date beyond the years 1 to 9999');
  const at = out.room(4);
  out.bytes[at] = 3;
  out.bytes.writeUIntLE(day, at + 1, 3);
};

/** Of a `datetimeoffset`, in UTC, and the minutes that its clock is ahead. */
export function splitOffsetMoment({ fields }: Cells, row: number, into: Moment): number {
  const [utc, minutes] = fields;
  assert(utc !== undefined && minutes !== undefined, 'a datetimeoffset has a moment and minutes');
  if (!splitMoment(utc.view, row * 8, into)) throw notHeld({ name: 'datetimeoffset', scale: 7 }, beyond);
  const ahead = minutes.view.getInt16(row * 2, true);
  const day = into.day + Math.floor((into.us + ahead * usPerMinute) / usPerDay);
  if (day < 0 || day > lastDay) throw notHeld({ name: 'datetimeoffset', scale: 7 }, beyond);
  return ahead;
}

/** `time`, `datetime2` and `datetimeoffset`, which is told in UTC with its offset. */
export function timedWriter(type: TsqlType & { readonly name: TimedTypeName }): CellWriter {
  const { name, scale } = type;
  const width = timeBytes(scale);
  const length = width + (name === 'time' ? 0 : name === 'datetime2' ? 3 : 5);
  const moment: Moment = { day: 0, us: 0 };
  return (out, cells, row) => {
    let minutes = 0;
    if (name === 'time') timeOfDay(cells, row, moment);
    else if (name === 'datetimeoffset') minutes = splitOffsetMoment(cells, row, moment);
    else if (!splitMoment(cells.view, row * 8, moment)) throw notHeld(type, beyond);
    if (moment.us === usPerDay) throw notHeld(type, '24:00:00');
    const at = out.room(1 + length);
    out.bytes[at] = length;
    out.bytes.writeUIntLE(unitsOf(moment.us, type), at + 1, width);
    if (name !== 'time') out.bytes.writeUIntLE(moment.day, at + 1 + width, 3);
    if (name === 'datetimeoffset') out.bytes.writeInt16LE(minutes, at + 4 + width);
  };
}

function timeOfDay({ view }: Cells, row: number, into: Moment): void {
  into.us = view.getUint32(row * 8 + 4, true) * 0x1_0000_0000 + view.getUint32(row * 8, true);
}

/** Units of the type's scale. Fewer digits than the value has were promised by whoever told the type. */
export function unitsOf(us: number, type: TsqlType & { readonly name: TimedTypeName }): number {
  if (type.scale === 7) return us * 10;
  const step = 10 ** (6 - type.scale);
  if (us % step !== 0) throw notHeld(type, 'a time with more digits of a second');
  return us / step;
}

/** Days since 1900, and 1/300 seconds: the next one, as the type has it. */
export const datetimeWriter: CellWriter = (() => {
  const moment: Moment = { day: 0, us: 0 };
  return (out: RowBytes, { view }: Cells, row: number): void => {
    const isMoment = splitMoment(view, row * 8, moment);
    const ticks = Math.round((moment.us * 3) / 10_000);
    const day = moment.day - day1900 + (ticks === ticksPerDay ? 1 : 0);
    if (!isMoment || day < firstDatetime || day + day1900 > lastDay)
      throw notHeld({ name: 'datetime' }, 'a time beyond the years 1753 to 9999');
    const at = out.room(9);
    out.bytes[at] = 8;
    out.bytes.writeInt32LE(day, at + 1);
    out.bytes.writeUInt32LE(ticks % ticksPerDay, at + 5);
  };
})();

const usPerMinute = 60_000_000;
const minutesPerDay = 1_440;
const lastSmallDay = 65_535;

/** Days since 1900, and minutes: the next one, as the type has it. */
export const smallDatetimeWriter: CellWriter = (() => {
  const moment: Moment = { day: 0, us: 0 };
  return (out: RowBytes, { view }: Cells, row: number): void => {
    const isMoment = splitMoment(view, row * 8, moment);
    const minutes = Math.round(moment.us / usPerMinute);
    const day = moment.day - day1900 + (minutes === minutesPerDay ? 1 : 0);
    if (!isMoment || day < 0 || day > lastSmallDay) throw notHeld({ name: 'smalldatetime' }, 'a time beyond 1900-01-01 to 2079-06-06');
    const at = out.room(5);
    out.bytes[at] = 4;
    out.bytes.writeUInt16LE(day, at + 1);
    out.bytes.writeUInt16LE(minutes % minutesPerDay, at + 3);
  };
})();
