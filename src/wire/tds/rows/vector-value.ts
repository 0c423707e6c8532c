import { dayText, day1970, lastDay, timeText } from '../types/calendar.ts';
import { msOfTicks } from '../types/datetimes.ts';
import { scaledText } from '../types/decimals.ts';
import type { TdsType, TdsValue } from '../types/tds-type.ts';
import { daySplitter, type DaySplit } from './time-cells.ts';
import { isNull, unfitValue, type NumberVector, type Vector, type WideVector } from './vector.ts';

/** A value of a column as `TdsValue` has it: for the few that are needed one by one, as what old clients are told in place of dates. */
export function vectorValue(type: TdsType, vector: Vector, row: number): TdsValue {
  if (vector.kind === 'values') return vector.items[row]!;
  if (isNull(vector, row)) return null;
  if (vector.kind === 'bytes') {
    const { cursor } = vector;
    cursor.go(row);
    const bytes = cursor.bytes.slice(cursor.from, cursor.to);
    return type.name === 'binary' || type.name === 'varbinary' || type.name === 'image' ? bytes : Buffer.from(bytes).toString();
  }
  return vector.kind === 'wide' ? wideValue(type, vector, row) : numberValue(type, vector, row);
}

function wideValue(type: TdsType, { items }: WideVector, row: number): TdsValue {
  const number = (items[row * 2 + 1]! << 64n) | BigInt.asUintN(64, items[row * 2]!);
  if (type.name === 'decimal') return scaledText(number, type.scale);
  if (type.name === 'money' || type.name === 'smallmoney') return scaledText(number, 4);
  if (type.name !== 'uniqueidentifier') return number;
  const hex = BigInt.asUintN(128, number ^ (1n << 127n))
    .toString(16)
    .toUpperCase()
    .padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function numberValue(type: TdsType, vector: NumberVector, row: number): TdsValue {
  const item = vector.items[row]!;
  switch (type.name) {
    case 'bit':
      return Number(item) !== 0;
    case 'real':
    case 'float':
      return Number(item);
    case 'decimal':
      return scaledText(BigInt(item), type.scale);
    case 'money':
    case 'smallmoney':
      return scaledText(BigInt(item), 4);
    case 'date':
      return dateText(type, Number(item) + day1970);
    case 'time':
    case 'datetime':
    case 'smalldatetime':
    case 'datetime2':
    case 'datetimeoffset':
      return momentText(type, vector, row);
    default:
      return BigInt(item);
  }
}

function dateText(type: TdsType, day: number): string {
  if (day < 0 || day > lastDay) throw unfitValue(type);
  return dayText(day);
}

function momentText(type: TdsType, vector: NumberVector, row: number): string {
  const moment: DaySplit = { day: 0, micros: 0 };
  daySplitter(vector)?.(row, moment);
  const { day, micros } = moment;
  if (type.name === 'smalldatetime') return `${dateText(type, day)} ${timeText(Math.floor(micros / 1_000_000), 0)}`;
  if (type.name === 'datetime') return datetimeText(type, day, Math.round((micros * 3) / 10_000));
  const scale = 'scale' in type ? type.scale : 6;
  const units = scale >= 6 ? micros * 10 ** (scale - 6) : micros / 10 ** (6 - scale);
  if (!Number.isInteger(units)) throw unfitValue(type);
  const time = timeText(units, scale);
  if (type.name === 'time') return time;
  return type.name === 'datetimeoffset' ? `${dateText(type, day)} ${time} +00:00` : `${dateText(type, day)} ${time}`;
}

function datetimeText(type: TdsType, day: number, ticks: number): string {
  const next = ticks === 25_920_000;
  return `${dateText(type, next ? day + 1 : day)} ${timeText(next ? 0 : msOfTicks(ticks), 3)}`;
}
