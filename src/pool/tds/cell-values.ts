import { dayText, day1970, lastDay, offsetText, timeText } from '#wire/tds/types/calendar.ts';
import type { TimedTypeName, TsqlType } from '../tsql/tsql-type.ts';
import { splitMoment, splitOffsetMoment, unitsOf, usPerDay, type Moment } from './cell-times.ts';
import { stringAt, type Cells } from './cells.ts';
import { notHeld } from './row-faults.ts';

/**
 * Values for clients whose version has no such type, as the texts and bytes that they are told instead: dates and times as SQL Server writes them,
 * long texts as they are. Undefined: the type is told as itself.
 */
export function valueReader(type: TsqlType): ((cells: Cells, row: number) => string | Uint8Array) | undefined {
  if (type.name === 'date') return dateText;
  if (type.name === 'time' || type.name === 'datetime2' || type.name === 'datetimeoffset') return (cells, row) => timed(cells, row, type);
  if (!('length' in type) || type.length !== 'max') return undefined;
  if (type.name === 'varbinary' || type.name === 'binary') return binary;
  return (cells, row) => Buffer.from(binary(cells, row)).toString('utf8');
}

function binary(cells: Cells, row: number): Uint8Array {
  const { bytes, from, to } = stringAt(cells, row);
  return bytes.slice(from, to);
}

function dateText({ view }: Cells, row: number): string {
  const day = view.getInt32(row * 4, true) + day1970;
  if (day < 0 || day > lastDay) throw notHeld({ name: 'date' }, 'a date beyond the years 1 to 9999');
  return dayText(day);
}

function timed(cells: Cells, row: number, type: TsqlType & { readonly scale: number; readonly name: TimedTypeName }): string {
  const { view } = cells;
  const moment: Moment = { day: 0, us: 0 };
  if (type.name === 'datetimeoffset') return offsetMomentText(cells, row, type);
  if (type.name === 'time') moment.us = view.getUint32(row * 8 + 4, true) * 0x1_0000_0000 + view.getUint32(row * 8, true);
  else if (!splitMoment(view, row * 8, moment)) throw notHeld(type, 'a time beyond the years 1 to 9999');
  const time = timeText(unitsOf(moment.us, type), type.scale);
  if (type.name === 'time') return time;
  return `${dayText(moment.day)} ${time}`;
}

/** As its clock shows it. */
function offsetMomentText(cells: Cells, row: number, type: TsqlType & { readonly scale: number; readonly name: TimedTypeName }): string {
  const moment: Moment = { day: 0, us: 0 };
  const minutes = splitOffsetMoment(cells, row, moment);
  const shown = moment.us + minutes * 60_000_000;
  const days = Math.floor(shown / usPerDay);
  return `${dayText(moment.day + days)} ${timeText(unitsOf(shown - days * usPerDay, type), type.scale)} ${offsetText(minutes)}`;
}
