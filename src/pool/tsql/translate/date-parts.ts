import { notSupported } from '../sql-error.ts';
import { constantInt, intArgument } from './arguments.ts';
import { ticks } from './datetime-ticks.ts';
import type { CallContext, FunctionRule } from './functions.ts';
import { failing } from './sql-text.ts';
import type { TemporalType } from './type-order.ts';
import type { Typed } from './typed.ts';

type Write = FunctionRule['write'];

/** 289: the parts make no date. */
function madeOf(
  args: readonly Typed[],
  context: CallContext,
  type: TemporalType,
): { readonly wrong: string; readonly parts: readonly string[]; readonly missing: string } {
  const parts = args.map((value) => intArgument(value, context).sql);
  const wrong = failing(289, `Cannot construct data type ${type.name}, some of the arguments have values which are not valid.`);
  return { wrong, parts, missing: parts.map((sql) => `${sql} IS NULL`).join(' OR ') };
}

const isDay = (year: string, month: string, day: string): string =>
  `${year} BETWEEN 1 AND 9999 AND ${month} BETWEEN 1 AND 12 AND ${day} BETWEEN 1 AND 31 AND TRY_CAST(printf('%04d-%02d-%02d', ${year}, ${month}, ${day}) AS DATE) IS NOT NULL`;
const isClock = (hour: string, minute: string, second: string): string =>
  `${hour} BETWEEN 0 AND 23 AND ${minute} BETWEEN 0 AND 59 AND ${second} BETWEEN 0 AND 59`;

const date: Write = (args, context) => {
  const { wrong, parts, missing } = madeOf(args, context, { name: 'date' });
  const [year = '', month = '', day = ''] = parts;
  const sql = `(CASE WHEN ${missing} THEN NULL WHEN ${isDay(year, month, day)} THEN make_date(${parts.join(', ')}) ELSE ${wrong} END)`;
  return { sql, type: { name: 'date' }, nullable: args.some((value) => value.nullable) };
};

const dateTime: Write = (args, context) => {
  const { wrong, parts, missing } = madeOf(args, context, { name: 'datetime' });
  const [year = '', month = '', day = '', hour = '', minute = '', second = '', ms = ''] = parts;
  const made = ticks(
    `(make_timestamp(${parts.slice(0, 5).join(', ')}, CAST(${second} AS DOUBLE)) + to_microseconds(CAST(${ms} AS BIGINT) * 1000))`,
  );
  const valid = `${isDay(year, month, day)} AND ${year} >= 1753 AND ${isClock(hour, minute, second)} AND ${ms} BETWEEN 0 AND 999`;
  return {
    sql: `(CASE WHEN ${missing} THEN NULL WHEN ${valid} THEN ${made} ELSE ${wrong} END)`,
    type: { name: 'datetime' },
    nullable: true,
  };
};

const smallDateTime: Write = (args, context) => {
  const { wrong, parts, missing } = madeOf(args, context, { name: 'smalldatetime' });
  const [year = '', month = '', day = '', hour = '', minute = ''] = parts;
  const valid = `${isDay(year, month, day)} AND ${year} BETWEEN 1900 AND 2078 AND ${isClock(hour, minute, '0')}`;
  return {
    sql: `(CASE WHEN ${missing} THEN NULL WHEN ${valid} THEN make_timestamp(${parts.join(', ')}, 0.0) ELSE ${wrong} END)`,
    type: { name: 'smalldatetime' },
    nullable: true,
  };
};

/** The scale is the last argument, a constant: what is before it counts in its digits. */
function fraction(
  args: readonly Typed[],
  parts: readonly string[],
  context: CallContext,
): { readonly scale: number; readonly micros: string; readonly valid: string } {
  const scale = constantInt(args.at(-1));
  if (scale === undefined || scale < 0 || scale > 7)
    throw notSupported(`${context.name} with a scale that is not a constant from 0 to 7`, context.place);
  const part = parts.at(-2) ?? '0';
  const micros = scale === 7 ? `CAST(${part} AS BIGINT) // 10` : `CAST(${part} AS BIGINT) * ${10 ** (6 - scale)}`;
  const seventh =
    scale === 7
      ? ` AND CASE WHEN ${part} % 10 = 0 THEN true ELSE ${failing(40_510, 'A seventh digit of a second is not supported by this SQL pool.')} END`
      : '';
  return { scale, micros, valid: `${part} >= 0 AND ${part} < ${10 ** scale}${seventh}` };
}

const dateTime2: Write = (args, context) => {
  const { wrong, parts, missing } = madeOf(args, context, { name: 'datetime2', scale: 7 });
  const [year = '', month = '', day = '', hour = '', minute = '', second = ''] = parts;
  const { scale, micros, valid } = fraction(args, parts, context);
  const made = `(make_timestamp(${parts.slice(0, 5).join(', ')}, CAST(${second} AS DOUBLE)) + to_microseconds(${micros}))`;
  const sql = `(CASE WHEN ${missing} THEN NULL WHEN ${isDay(year, month, day)} AND ${isClock(hour, minute, second)} AND ${valid} THEN ${made} ELSE ${wrong} END)`;
  return { sql, type: { name: 'datetime2', scale }, nullable: true };
};

const time: Write = (args, context) => {
  const { wrong, parts, missing } = madeOf(args, context, { name: 'time', scale: 7 });
  const [hour = '', minute = '', second = ''] = parts;
  const { scale, micros, valid } = fraction(args, parts, context);
  const made = `(make_time(${hour}, ${minute}, CAST(${second} AS DOUBLE)) + to_microseconds(${micros}))`;
  return {
    sql: `(CASE WHEN ${missing} THEN NULL WHEN ${isClock(hour, minute, second)} AND ${valid} THEN ${made} ELSE ${wrong} END)`,
    type: { name: 'time', scale },
    nullable: true,
  };
};

/** Functions that make a date of its parts, with how many they take. */
export const fromParts: Readonly<Record<string, readonly [number, Write]>> = {
  DATEFROMPARTS: [3, date],
  DATETIMEFROMPARTS: [7, dateTime],
  SMALLDATETIMEFROMPARTS: [5, smallDateTime],
  DATETIME2FROMPARTS: [8, dateTime2],
  TIMEFROMPARTS: [5, time],
};
