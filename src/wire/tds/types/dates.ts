import { malformed, type TdsReader } from '../bytes.ts';
import { dayOf, dayText, lastDay, offsetOf, offsetText, timeOf, timeText } from './calendar.ts';
import type { TypeFamily } from './family.ts';
import { wrongValue, type TdsTypeOf } from './tds-type.ts';

const dateN = 0x28;
const tokens = { time: 0x29, datetime2: 0x2a, datetimeoffset: 0x2b } as const;
const mostScale = 7;

type TimedName = keyof typeof tokens;

/** Of TDS 7.3 and later: see `toldType`. */
export const dates: TypeFamily<TdsTypeOf<'date'>> = {
  tokens: [dateN],
  readInfo: () => ({ name: 'date' }),
  writeInfo: (writer) => void writer.u8(dateN),
  readValue: (reader) => {
    const length = reader.u8();
    if (length === 0) return null;
    if (length !== 3) throw malformed(`a date of ${length} bytes`);
    return dayText(readDay(reader));
  },
  writeValue: (writer, type, value) => {
    if (value === null) return void writer.u8(0);
    const day = typeof value === 'string' ? dayOf(value) : undefined;
    if (day === undefined) throw wrongValue(type);
    writer.u8(3).u24(day);
  },
};

/** Bytes that a time of this scale takes. */
export function timeBytes(scale: number): 3 | 4 | 5 {
  if (scale <= 2) return 3;
  return scale <= 4 ? 4 : 5;
}

function timedBytes({ name, scale }: TdsTypeOf<TimedName>): number {
  return timeBytes(scale) + (name === 'time' ? 0 : name === 'datetime2' ? 3 : 5);
}

/** Of TDS 7.3 and later. `datetimeoffset` travels in UTC, with the minutes that its text is ahead of that. */
export const times: TypeFamily<TdsTypeOf<TimedName>> = {
  tokens: Object.values(tokens),
  readInfo: (reader, token) => {
    const scale = reader.u8();
    if (scale > mostScale) throw malformed(`a time with ${scale} digits of a second`);
    return { name: (['time', 'datetime2', 'datetimeoffset'] as const).find((name) => tokens[name] === token)!, scale };
  },
  writeInfo: (writer, { name, scale }) => void writer.u8(tokens[name]).u8(scale),
  readValue: (reader, type) => {
    const length = reader.u8();
    return length === 0 ? null : readTimed(reader, length, type);
  },
  writeValue: (writer, type, value) => {
    if (value === null) return void writer.u8(0);
    const { day, units, offset } = timedOf(type, value);
    writer.u8(timedBytes(type));
    const width = timeBytes(type.scale);
    if (width === 3) writer.u24(units);
    else writer.u32(units % 0x1_0000_0000);
    if (width === 5) writer.u8(Math.floor(units / 0x1_0000_0000));
    if (type.name !== 'time') writer.u24(day);
    if (type.name === 'datetimeoffset') writer.i16(offset);
  },
};

/** A value that is not NULL. */
function readTimed(reader: TdsReader, length: number, type: TdsTypeOf<TimedName>): string {
  const { name, scale } = type;
  if (length !== timedBytes(type)) throw malformed(`a ${name}(${scale}) of ${length} bytes`);
  const width = timeBytes(scale);
  const units = width === 3 ? reader.u24() : reader.u32() + (width === 5 ? reader.u8() * 0x1_0000_0000 : 0);
  const perDay = 86_400 * 10 ** scale;
  if (units >= perDay) throw malformed('a time beyond its day');
  if (name === 'time') return timeText(units, scale);
  const day = readDay(reader);
  if (name === 'datetime2') return `${dayText(day)} ${timeText(units, scale)}`;
  const offset = reader.i16();
  const local = shifted({ day, units, perDay }, offset * 60 * 10 ** scale);
  if (Math.abs(offset) > 840 || local.day < 0 || local.day > lastDay) throw malformed('a datetimeoffset outside of its range');
  return `${dayText(local.day)} ${timeText(local.units, scale)} ${offsetText(offset)}`;
}

/** Of `datetimeoffset`, in UTC. */
function timedOf(type: TdsTypeOf<TimedName>, value: unknown): { readonly day: number; readonly units: number; readonly offset: number } {
  const parts = typeof value === 'string' ? value.split(' ') : [];
  const [date, time = '', zone] = type.name === 'time' ? ['0001-01-01', ...parts] : parts;
  const [day, units] = [dayOf(date ?? ''), timeOf(time, type.scale)];
  const offset = type.name === 'datetimeoffset' ? offsetOf(zone ?? '') : 0;
  const expected = { time: 1, datetime2: 2, datetimeoffset: 3 }[type.name];
  if (day === undefined || units === undefined || offset === undefined || parts.length !== expected) throw wrongValue(type);
  const perDay = 86_400 * 10 ** type.scale;
  const utc = shifted({ day, units, perDay }, -offset * 60 * 10 ** type.scale);
  if (utc.day < 0 || utc.day > lastDay) throw wrongValue(type);
  return { ...utc, offset };
}

interface Moment {
  readonly day: number;
  readonly units: number;
  readonly perDay: number;
}

/** By less than a day. */
function shifted({ day, units, perDay }: Moment, by: number): { readonly day: number; readonly units: number } {
  const moved = units + by;
  if (moved < 0) return { day: day - 1, units: moved + perDay };
  return moved >= perDay ? { day: day + 1, units: moved - perDay } : { day, units: moved };
}

function readDay(reader: TdsReader): number {
  const day = reader.u24();
  if (day > lastDay) throw malformed('a day beyond the year 9999');
  return day;
}
