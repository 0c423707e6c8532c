import { malformed } from '../bytes.ts';
import { day1900, dayOf, dayText, lastDay, timeOf, timeText } from './calendar.ts';
import type { TypeFamily } from './family.ts';
import { wrongValue, type TdsTypeOf } from './tds-type.ts';

const smallDatetime = 0x3a;
const datetime = 0x3d;
const datetimeN = 0x6f;
/** 1753-01-01. */
export const firstDatetime = -53_690;
export const ticksPerDay = 25_920_000;

/** Milliseconds of so many ticks, 1/300 second each: they end in 0, 3 and 7. */
export function msOfTicks(ticks: number): number {
  return Math.round((ticks * 10) / 3);
}

/** The tick next to it; the last millisecond of a day is of the next one. */
function ticksOfMs(ms: number): number {
  return Math.round((ms * 3) / 10);
}

/** `datetime` as days since 1900 and 1/300 seconds, `smalldatetime` as days and minutes. */
export const datetimes: TypeFamily<TdsTypeOf<'datetime' | 'smalldatetime'>> = {
  tokens: [smallDatetime, datetime, datetimeN],
  readInfo: (reader, token) => {
    if (token !== datetimeN) return { name: token === datetime ? 'datetime' : 'smalldatetime', fixed: true };
    const width = reader.u8();
    if (width !== 4 && width !== 8) throw malformed(`a datetime of ${width} bytes`);
    return { name: width === 8 ? 'datetime' : 'smalldatetime' };
  },
  writeInfo: (writer, { name, fixed }) => {
    if (fixed === true) writer.u8(name === 'datetime' ? datetime : smallDatetime);
    else writer.u8(datetimeN).u8(name === 'datetime' ? 8 : 4);
  },
  readValue: (reader, { name, fixed }) => {
    const width = name === 'datetime' ? 8 : 4;
    const length = fixed === true ? width : reader.u8();
    if (length === 0) return null;
    if (length !== width) throw malformed(`${name} of ${length} bytes`);
    const [days, parts] = width === 8 ? [reader.i32(), reader.u32()] : [reader.u16(), reader.u16()];
    if (days < firstDatetime || days + day1900 > lastDay || parts >= (width === 8 ? ticksPerDay : 1440))
      throw malformed(`a ${name} outside of its range`);
    return `${dayText(days + day1900)} ${width === 8 ? timeText(msOfTicks(parts), 3) : timeText(parts * 60, 0)}`;
  },
  writeValue: (writer, type, value) => {
    if (value === null && type.fixed !== true) return void writer.u8(0);
    const [date = '', time = '00:00:00', more] = typeof value === 'string' ? value.split(' ') : [];
    const [day, ms] = [dayOf(date), timeOf(time, 3)];
    if (day === undefined || ms === undefined || more !== undefined) throw wrongValue(type);
    if (type.fixed !== true) writer.u8(type.name === 'datetime' ? 8 : 4);
    const ticks = ticksOfMs(ms);
    const days = day - day1900 + (ticks === ticksPerDay ? 1 : 0);
    if (type.name === 'datetime') {
      if (days < firstDatetime || days + day1900 > lastDay) throw wrongValue(type);
      writer.i32(days).u32(ticks % ticksPerDay);
    } else {
      if (day < day1900 || day - day1900 > 0xffff || ms % 60_000 !== 0) throw wrongValue(type);
      writer.u16(day - day1900).u16(ms / 60_000);
    }
  },
};
