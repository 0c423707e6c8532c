import { notSupported } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { dayMicros, failed, micros1900 } from './convert-number.ts';
import type { How } from './convert.ts';
import { type Moment, readMoment } from './date-text.ts';
import { mostOffset, offsetInText, offsetOf, shownOf, shownOnClock, utcOf, utcOnClock } from './offset-moment.ts';
import { bound, boundAll, textLiteral } from './sql-text.ts';
import { era, hasThirds, inMicros, ticks } from './datetime-ticks.ts';
import { familyOf, type TemporalType, typeWord } from './type-order.ts';

export function toTemporal(sql: string, from: TsqlType, to: TemporalType, how: How): string {
  switch (familyOf(from)) {
    case 'text':
      return textToTemporal(sql, from, to, how);
    case 'integer':
      return rounded(numberToTimestamp(`CAST(${sql} AS HUGEINT) * ${dayMicros}`, how), undefined, to, how);
    case 'decimal':
    case 'money':
    case 'approximate':
      return rounded(numberToTimestamp(`CAST(round(CAST(${sql} AS DOUBLE) * ${dayMicros}) AS HUGEINT)`, how), undefined, to, how);
    case 'binary':
      throw notSupported(`Conversion from ${from.name} to ${to.name}`, how.place, 'Convert to a text first.');
    default:
      return temporalToTemporal(sql, from, to, how);
  }
}

/** Of microseconds since 1900. */
function numberToTimestamp(micros: string, how: How): string {
  return bound('micros', micros, (value) => {
    const overflow = failed(how, 8115, 'Arithmetic overflow error converting expression to data type datetime.');
    return `CASE WHEN ${value} IS NULL THEN NULL WHEN ${value} BETWEEN -4638902400000000 AND 255611203199999999 THEN make_timestamp(CAST(${value} + (${micros1900}) AS BIGINT)) ELSE ${overflow} END`;
  });
}

function temporalToTemporal(sql: string, from: TsqlType, to: TemporalType, how: How): string {
  if (from.name === 'datetimeoffset' && to.name === 'datetimeoffset')
    return to.scale >= Math.min(6, from.scale)
      ? sql
      : bound('moment', sql, (value) => utcOnClock(toScale(utcOf(value), from, to.scale), offsetOf(value)));
  const plain = from.name === 'datetimeoffset' ? shownOf(sql) : sql;
  if (to.name === 'date') return from.name === 'date' ? sql : `CAST(${plain} AS DATE)`;
  if (from.name === 'datetime' && 'scale' in to && to.scale > 3) return rounded(moreDigits(sql, to, how), micros, to, how);
  if (to.name === 'time' && from.name === 'time' && to.scale >= Math.min(6, from.scale)) return sql;
  const timestamp = from.name === 'time' ? `(DATE '1900-01-01' + ${plain})` : from.name === 'date' ? `CAST(${plain} AS TIMESTAMP)` : plain;
  return rounded(timestamp, from, to, how);
}

const micros: TsqlType = { name: 'datetime2', scale: 6 };

/** A `datetime` is .0033333 where it shows .003. */
function moreDigits(sql: string, to: TemporalType & { readonly scale: number }, how: How): string {
  if (to.scale < 7) return inMicros(sql);
  return bound('tick', sql, (tick) => {
    const refusal = failed(
      how,
      40_510,
      `A seventh digit of a second is not supported by this SQL pool, and a datetime that ends in .003 or .007 has one as ${typeWord(to)}. Convert it to ${to.name}(6) or ${to.name}(3).`,
    );
    return `CASE WHEN ${hasThirds(tick)} THEN ${refusal} ELSE ${tick} END`;
  });
}

/** A TIMESTAMP with the digits of a second that a type has. `from`: the type it comes from, where it is known. */
function rounded(timestamp: string, from: TsqlType | undefined, to: TemporalType, how: How): string {
  switch (to.name) {
    case 'date':
      return `CAST(${timestamp} AS DATE)`;
    case 'datetime':
      if (from?.name === 'datetime' || from?.name === 'smalldatetime') return timestamp;
      return inRange(ticks(timestamp), to.name, { from, how });
    case 'smalldatetime':
      return from?.name === 'smalldatetime' ? timestamp : inRange(nearest(timestamp, 60_000_000), to.name, { from, how });
    case 'time':
      return `CAST(${toScale(timestamp, from, to.scale)} AS TIME)`;
    case 'datetime2':
      return toScale(timestamp, from, to.scale);
    default:
      return utcOnClock(toScale(timestamp, from, to.scale), 0);
  }
}

function toScale(timestamp: string, from: TsqlType | undefined, scale: number): string {
  const given = from === undefined ? 7 : 'scale' in from ? from.scale : from.name === 'datetime' ? 3 : 0;
  return scale >= 6 || given <= scale ? timestamp : nearest(timestamp, 10 ** (6 - scale));
}

/** Rounded to a multiple of so many microseconds, half up. */
function nearest(timestamp: string, micros: number): string {
  return `make_timestamp((epoch_us(${timestamp}) + ${era} + ${micros / 2}) // ${micros} * ${micros} - ${era})`;
}

const ranges = {
  datetime: ['1753-01-01 00:00:00', '9999-12-31 23:59:59.999999'],
  smalldatetime: ['1900-01-01 00:00:00', '2079-06-06 23:59:59.999999'],
} as const;

function inRange(
  timestamp: string,
  name: 'datetime' | 'smalldatetime',
  of: { readonly from: TsqlType | undefined; readonly how: How },
): string {
  const { from, how } = of;
  if (name === 'datetime' && from?.name === 'time') return timestamp;
  const [least, most] = ranges[name];
  const type = from === undefined ? 'varchar' : typeWord(from);
  return bound('moment', timestamp, (moment) => {
    const out = failed(how, 242, `The conversion of a ${type} data type to a ${name} data type resulted in an out-of-range value.`);
    return `CASE WHEN ${moment} IS NULL THEN NULL WHEN ${moment} BETWEEN TIMESTAMP '${least}' AND TIMESTAMP '${most}' THEN ${moment} ELSE ${out} END`;
  });
}

/** 241, 242 or 295: what a text is told that is no date or time. */
function badText(from: TsqlType, to: TsqlType, how: How): string {
  return to.name === 'smalldatetime'
    ? failed(how, 295, 'Conversion failed when converting character string to smalldatetime data type.')
    : failed(how, 241, 'Conversion failed when converting date and/or time from character string.');
}

/** A text becomes smalldatetime by way of datetime: 29.999 seconds are half a minute. */
function asRead(timestamp: string, to: TemporalType): string {
  return to.name === 'smalldatetime' ? ticks(timestamp) : timestamp;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A constant text as a constant of the type; undefined: it is none of its values. */
export function temporalLiteral(text: string, to: TemporalType, how: How): string | undefined {
  const legacy = to.name === 'datetime' || to.name === 'smalldatetime';
  const read = readMoment(text, how.style === undefined ? how.dateFormat : (styleFormats[how.style] ?? how.dateFormat), legacy);
  if (!read || (legacy && (read.fraction.length > 3 || read.offset !== undefined))) return undefined;
  if (read.fraction.length > 7) return undefined;
  if (to.name === 'date') return dateSql(read);
  if (
    /^\d{6}[1-9]/.test(read.fraction) &&
    (to.name === 'time' || to.name === 'datetime2' || to.name === 'datetimeoffset') &&
    to.scale === 7
  )
    throw notSupported('A seventh digit of a second', how.place, 'Values have six: write six digits, or a 0 as the seventh.');
  const clock = `${two(read.hour)}:${two(read.minute)}:${two(read.second)}${read.fraction === '' ? '' : `.${read.fraction.slice(0, 6)}`}`;
  const timestamp = `TIMESTAMP '${isoDate(read)} ${clock}'`;
  const given: TsqlType = { name: 'datetime2', scale: read.fraction.length };
  if (to.name === 'datetimeoffset') {
    if (!hasUtc(read)) return undefined;
    return shownOnClock(toScale(timestamp, given, to.scale), read.offset ?? 0);
  }
  if (to.name === 'datetime' && read.fraction === '') return inYears(read, 1753, 9999) ? timestamp : undefined;
  if (to.name === 'smalldatetime' && !inYears(read, 1900, 2079)) return undefined;
  return to.name === 'datetime' && !inYears(read, 1753, 9999) ? undefined : rounded(asRead(timestamp, to), given, to, how);
}

/** Is what the clock shows a moment of the years that UTC has? */
function hasUtc(read: Moment): boolean {
  const minutes = read.hour * 60 + read.minute - (read.offset ?? 0);
  const date = isoDate(read);
  return !(date === '0001-01-01' && minutes < 0) && !(date === '9999-12-31' && minutes >= 24 * 60);
}

function inYears(read: Moment, least: number, most: number): boolean {
  const year = read.date?.year ?? 1900;
  return year >= least && year <= most;
}

function isoDate(read: Moment): string {
  const { year, month, day } = read.date ?? { year: 1900, month: 1, day: 1 };
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

function dateSql(read: Moment): string {
  return `DATE '${isoDate(read)}'`;
}

/** The order of day, month and year that a style of CONVERT reads. */
const styleFormats: Readonly<Record<number, string>> = {
  1: 'mdy',
  101: 'mdy',
  110: 'mdy',
  10: 'mdy',
  3: 'dmy',
  103: 'dmy',
  4: 'dmy',
  104: 'dmy',
  5: 'dmy',
  105: 'dmy',
  2: 'ymd',
  102: 'ymd',
  11: 'ymd',
  111: 'ymd',
  12: 'ymd',
  112: 'ymd',
};

const dates: Readonly<Record<string, readonly string[]>> = {
  mdy: ['%m/%d/%Y', '%m-%d-%Y'],
  dmy: ['%d/%m/%Y', '%d-%m-%Y'],
};
const clocks = ['', ' %H:%M:%S', ' %H:%M:%S.%f', ' %H:%M', ' %I:%M:%S %p', ' %I:%M %p', ' %I:%M:%S%p', ' %I:%M%p'];

/** What DuckDB reads by itself, and fast. */
const usualShape = '[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?)?';

/** Texts that are only known as the statement runs: the common forms, and 241 for all others. */
function textToTemporal(sql: string, from: TsqlType, to: TemporalType, how: How): string {
  if (to.name === 'datetimeoffset') return textToOffsetMoment(sql, from, to, how);
  const format = how.style === undefined ? how.dateFormat : (styleFormats[how.style] ?? how.dateFormat);
  const legacy = to.name === 'datetime' || to.name === 'smalldatetime';
  const yearFirst = legacy && format === 'dmy' ? '%Y-%d-%m' : '%Y-%m-%d';
  const forms = [yearFirst, '%Y%m%d', '%Y/%m/%d', ...(dates[format] ?? []), '%b %d %Y', '%b %d, %Y', '%d %b %Y', '%B %d, %Y', '%B %d %Y'];
  const formats = [...forms.flatMap((date) => clocks.map((clock) => date + clock)), ...clocks.slice(1).map((clock) => clock.trim())];
  const iso = ['%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%dT%H:%M'];
  const list = `[${[...iso, ...formats].map(textLiteral).join(', ')}]`;
  const shape = `([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}|[0-9]{8}|[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{4}|[A-Za-z]{3,9} [0-9]{1,2},? [0-9]{4}|[0-9]{1,2} [A-Za-z]{3} [0-9]{4})?([T ]?[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,${legacy ? 3 : 7}})?)?( ?[AaPp][Mm])?)?`;
  const timeOnly = '[0-9]{1,2}:.*';
  const tidy = `regexp_replace(regexp_replace(trim(${sql}, ' '), ' +', ' ', 'g'), '([.][0-9]{6})0', '\\1')`;
  return bound('text', tidy, (text) => {
    const bad = badText(from, to, how);
    const seventh =
      to.name === 'date' || legacy
        ? ''
        : ` WHEN regexp_matches(${text}, '[.][0-9]{6}[1-9]') THEN ${failed(how, 40_510, 'A seventh digit of a second is not supported by this SQL pool.')}`;
    const usual =
      yearFirst === '%Y-%m-%d'
        ? ` WHEN regexp_full_match(${text}, '${usualShape}') THEN coalesce(TRY_CAST(${text} AS TIMESTAMP), ${bad})`
        : '';
    const parsed = `CASE WHEN regexp_full_match(${text}, '${timeOnly}') THEN TIMESTAMP '1900-01-01' + (try_strptime(${text}, ${list}) - date_trunc('day', try_strptime(${text}, ${list}))) ELSE try_strptime(${text}, ${list}) END`;
    const value = `CASE WHEN ${text} IS NULL THEN NULL WHEN ${text} = '' THEN TIMESTAMP '1900-01-01'${seventh}${usual} WHEN regexp_full_match(${text}, '${shape}') THEN coalesce(${parsed}, ${bad}) ELSE ${bad} END`;
    return rounded(asRead(value, to), undefined, to, how);
  });
}

/** `…+02:00` and `…Z`, which only `datetimeoffset` reads. */
const zone = '(:[0-9]{2}([.][0-9]+)?( ?[AaPp][Mm])?) ?([+-][0-9]{2}:[0-9]{2}|[Zz])$';

/** What stands before the zone is read as `datetime2` is. */
function textToOffsetMoment(sql: string, from: TsqlType, to: TemporalType & { readonly scale: number }, how: How): string {
  return bound('zoned', `trim(${sql}, ' ')`, (zoned) => {
    const shown = textToTemporal(`regexp_replace(${zoned}, '${zone}', '\\1')`, from, { name: 'datetime2', scale: to.scale }, how);
    return boundAll({ shown, minutes: offsetInText(zoned) }, (value) => {
      const utc = `(${value.shown} - to_minutes(CAST(${value.minutes} AS BIGINT)))`;
      const valid = `abs(${value.minutes}) <= ${mostOffset} AND ${utc} >= TIMESTAMP '0001-01-01' AND ${utc} < TIMESTAMP '10000-01-01'`;
      return `CASE WHEN ${value.shown} IS NULL THEN NULL WHEN ${valid} THEN ${utcOnClock(utc, value.minutes)} ELSE ${badText(from, to, how)} END`;
    });
  });
}
