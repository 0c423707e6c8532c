import { notSupported, sqlError } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { failed } from './convert-number.ts';
import { ofCodePageBytes, toCodePage } from './code-page.ts';
import type { How } from './convert.ts';
import { offsetOf, offsetText, shownOf, utcOf } from './offset-moment.ts';
import { bound, textLiteral } from './sql-text.ts';
import { familyOf, isNational, textLength, typeWord, type TextType } from './type-order.ts';
import { firstUnits, lengthInUnits } from './utf16.ts';

export function toText(sql: string, from: TsqlType, to: TextType, how: How): string {
  switch (familyOf(from)) {
    case 'text':
      return fitted(isNational(from) && !isNational(to) ? toCodePage(sql) : sql, 'length' in from ? from.length : 'max', to);
    case 'integer':
      return integerText(sql, from, to, how);
    case 'decimal':
      return within(decimalText(sql, from), from, to, how);
    case 'money':
      return within(moneyText(sql, how), from, to, how);
    case 'approximate':
      return within(approximateText(sql, from, how), from, to, how);
    case 'guid': {
      if (to.length !== 'max' && to.length < 36)
        return failed(how, 8170, 'Insufficient result space to convert uniqueidentifier value to char.');
      return fitted(`upper(CAST(${sql} AS VARCHAR))`, 36, to);
    }
    case 'binary':
      return binaryText(sql, from, to, how);
    default:
      return fitted(temporalText(sql, from, how), 40, to);
  }
}

/** Cut to the length of a type, and filled up with blanks where it is fixed. `length`: the most that the text has. */
function fitted(sql: string, length: number | 'max', to: TextType): string {
  if (to.length === 'max') return sql;
  const cut = length === 'max' || length > to.length ? firstUnits(sql, to.length) : sql;
  return padded(cut, to);
}

/** A text of ASCII written out, as in INSERTs of many rows: DuckDB need not reckon what is known. */
const plainLiteral = /^'(?:[\x20-\x26\x28-\x7e]|'')*'$/;

function padded(sql: string, to: TextType): string {
  if (to.length === 'max' || (to.name !== 'char' && to.name !== 'nchar')) return sql;
  const { length } = to;
  if (plainLiteral.test(sql)) return textLiteral(sql.slice(1, -1).replaceAll("''", "'").padEnd(length));
  return bound('short', sql, (text) => `${text} || repeat(' ', greatest(0, ${length} - ${lengthInUnits(text)}))`);
}

/** A number's text, which is never cut: 8115 where it is too long. */
function within(sql: string, from: TsqlType, to: TextType, how: How): string {
  if (to.length === 'max') return sql;
  const most = textLength(from);
  if (most !== 'max' && most <= to.length) return padded(sql, to);
  return padded(
    bound('digits', sql, (text) => {
      const [number, words] =
        familyOf(from) === 'money'
          ? [234, `There is insufficient result space to convert a money value to ${to.name}.`]
          : [8115, `Arithmetic overflow error converting ${typeWord(from)} to data type ${to.name}.`];
      return `CASE WHEN ${text} IS NULL OR length(${text}) <= ${to.length} THEN ${text} ELSE ${failed(how, number, words)} END`;
    }),
    to,
  );
}

function integerText(sql: string, from: TsqlType, to: TextType, how: How): string {
  const text = from.name === 'bit' ? `CAST(CAST(${sql} AS INTEGER) AS VARCHAR)` : `CAST(${sql} AS VARCHAR)`;
  const most = textLength(from);
  if (from.name === 'bigint' || isNational(to) || to.length === 'max' || (most !== 'max' && most <= to.length))
    return within(text, from, to, how);
  return padded(
    bound('digits', text, (digits) => `CASE WHEN length(${digits}) <= ${to.length} THEN ${digits} WHEN ${digits} IS NOT NULL THEN '*' END`),
    to,
  );
}

function decimalText(sql: string, from: TsqlType): string {
  const text = `CAST(${sql} AS VARCHAR)`;
  return 'precision' in from && from.precision === from.scale ? `regexp_replace(${text}, '^(-?)[.]', '\\10.')` : text;
}

function moneyText(sql: string, how: How): string {
  const cents = `CAST(CAST(${sql} AS DECIMAL(19,2)) AS VARCHAR)`;
  switch (how.style) {
    case undefined:
    case 0:
    case 126:
      return how.style === 126 ? `CAST(CAST(${sql} AS DECIMAL(19,4)) AS VARCHAR)` : cents;
    case 1:
      return bound('cents', cents, (text) => {
        const digits = `left(${text}, length(${text}) - 3)`;
        return `reverse(regexp_replace(reverse(${digits}), '([0-9]{3})(?:$)?', '\\1,', 'g')) || right(${text}, 3)`;
      }).replace(/^(.*)$/s, (grouped) => `regexp_replace(${grouped}, '^(-?),', '\\1')`);
    case 2:
      return `CAST(CAST(${sql} AS DECIMAL(19,4)) AS VARCHAR)`;
    default:
      throw badStyle(how, 'money');
  }
}

function badStyle(how: How, from: string): Error {
  return sqlError(281, `${how.style ?? 0} is not a valid style number when converting from ${from} to a character string.`, {
    place: how.place,
  });
}

/** Digits and exponent as C prints them, with the three digits of an exponent that SQL Server writes. */
function approximateText(sql: string, from: TsqlType, how: How): string {
  const formats: Partial<Record<number, string>> =
    from.name === 'real' ? { 0: '%.6g', 1: '%.7e', 2: '%.15e', 3: '%.8e' } : { 0: '%.6g', 1: '%.7e', 2: '%.15e', 3: '%.16e' };
  const format = formats[how.style ?? 0];
  if (format === undefined) throw badStyle(how, from.name);
  return `regexp_replace(printf('${format}', CAST(${sql} AS DOUBLE)), 'e([+-])([0-9]{2})$', 'e\\10\\2')`;
}

function binaryText(sql: string, from: TsqlType, to: TextType, how: How): string {
  const bytes = 'length' in from && from.length !== 'max' ? from.length : 'max';
  switch (how.style ?? 0) {
    case 0: {
      if (isNational(to)) throw notSupported(`Conversion from ${from.name} to ${to.name}`, how.place, 'Use CONVERT with style 1 or 2.');
      const text = bound('bytes', sql, (value) => {
        return `CASE WHEN ${value} IS NULL THEN NULL WHEN regexp_full_match(hex(${value}), '([0-7].)*') THEN decode(${value}) ELSE ${ofCodePageBytes(value)} END`;
      });
      return fitted(text, bytes, to);
    }
    case 1:
      return fitted(`('0x' || hex(${sql}))`, bytes === 'max' ? bytes : bytes * 2 + 2, to);
    case 2:
      return fitted(`hex(${sql})`, bytes === 'max' ? bytes : bytes * 2, to);
    default:
      throw badStyle(how, from.name);
  }
}

/** A style's date and time of day, in `strftime`'s letters. `{day}`: the day with a blank in place of a 0; `{12}`: so the hour of 12; `{ms}`: its fraction. */
const temporalStyles: Readonly<Record<number, readonly [date: string, between: string, time: string]>> = {
  0: ['%b {day} %Y', ' ', '{12}:%M%p'],
  1: ['%m/%d/%y', '', ''],
  2: ['%y.%m.%d', '', ''],
  3: ['%d/%m/%y', '', ''],
  4: ['%d.%m.%y', '', ''],
  5: ['%d-%m-%y', '', ''],
  6: ['%d %b %y', '', ''],
  7: ['%b %d, %y', '', ''],
  8: ['', '', '%H:%M:%S'],
  9: ['%b {day} %Y', ' ', '{12}:%M:%S{ms}%p'],
  10: ['%m-%d-%y', '', ''],
  11: ['%y/%m/%d', '', ''],
  12: ['%y%m%d', '', ''],
  13: ['%d %b %Y', ' ', '%H:%M:%S{ms}'],
  14: ['', '', '%H:%M:%S{ms}'],
  20: ['%Y-%m-%d', ' ', '%H:%M:%S'],
  21: ['%Y-%m-%d', ' ', '%H:%M:%S{.ms}'],
  22: ['%m/%d/%y', ' ', '{12}:%M:%S %p'],
  23: ['%Y-%m-%d', '', ''],
  24: ['', '', '%H:%M:%S'],
  25: ['%Y-%m-%d', ' ', '%H:%M:%S{.ms}'],
  101: ['%m/%d/%Y', '', ''],
  102: ['%Y.%m.%d', '', ''],
  103: ['%d/%m/%Y', '', ''],
  104: ['%d.%m.%Y', '', ''],
  105: ['%d-%m-%Y', '', ''],
  106: ['%d %b %Y', '', ''],
  107: ['%b %d, %Y', '', ''],
  110: ['%m-%d-%Y', '', ''],
  111: ['%Y/%m/%d', '', ''],
  112: ['%Y%m%d', '', ''],
  126: ['%Y-%m-%d', 'T', '%H:%M:%S{?ms}'],
  127: ['%Y-%m-%d', 'T', '%H:%M:%S{?ms}'],
};
const century: Readonly<Record<number, number>> = { 100: 0, 108: 8, 109: 9, 113: 13, 114: 14, 120: 20, 121: 21 };

function temporalText(sql: string, from: TsqlType, how: How): string {
  const style = how.style ?? (from.name === 'datetime' || from.name === 'smalldatetime' ? 0 : 121);
  if (style === 130 || style === 131) throw notSupported(`Style ${style} (the Hijri calendar)`, how.place, 'Use style 120 or 121.');
  const known = temporalStyles[century[style] ?? style];
  if (!known) throw badStyle(how, from.name);
  const [date, between, time] = known;
  const wanted = from.name === 'date' ? date : from.name === 'time' ? time : date + between + time;
  if (wanted === '') throw badStyle(how, from.name);
  if (from.name === 'datetimeoffset') return offsetMomentText(sql, from, { wanted, style, zoned: time !== '' && date !== '' });
  const moment = from.name === 'time' ? `(DATE '1900-01-01' + ${sql})` : sql;
  return bound('moment', moment, (value) => pieces(value, wanted, from).join(' || '));
}

/** As its clock shows it; style 127 tells the time of UTC. */
function offsetMomentText(
  sql: string,
  from: TsqlType,
  { wanted, style, zoned }: { readonly wanted: string; readonly style: number; readonly zoned: boolean },
): string {
  if (style === 127) return bound('moment', utcOf(sql), (value) => pieces(value, `${wanted}Z`, from).join(' || '));
  return bound('shown', sql, (value) => {
    const text = bound('moment', shownOf(value), (moment) => pieces(moment, wanted, from).join(' || '));
    const space = style === 126 ? '' : `' ' || `;
    return zoned ? `${text} || ${space}${offsetText(offsetOf(value))}` : text;
  });
}

function pieces(moment: string, format: string, from: TsqlType): readonly string[] {
  return format
    .split(/(\{[^}]*\})/)
    .filter((piece) => piece !== '')
    .map((piece) => {
      switch (piece) {
        case '{day}':
          return `lpad(strftime(${moment}, '%-d'), 2, ' ')`;
        case '{12}':
          return `lpad(strftime(${moment}, '%-I'), 2, ' ')`;
        case '{ms}':
          return fraction(moment, from, from.name === 'datetime' || from.name === 'smalldatetime' ? ':' : '.');
        case '{.ms}':
          return fraction(moment, from, '.');
        case '{?ms}':
          return from.name === 'datetime' || from.name === 'smalldatetime'
            ? `CASE WHEN strftime(${moment}, '%g') = '000' THEN '' ELSE ${fraction(moment, from, '.')} END`
            : fraction(moment, from, '.');
        default:
          return `strftime(${moment}, '${piece}')`;
      }
    });
}

function fraction(moment: string, from: TsqlType, point: string): string {
  if (!('scale' in from)) return `'${point}' || strftime(${moment}, '%g')`;
  if (from.scale === 0) return "''";
  const digits = from.scale >= 6 ? `strftime(${moment}, '%f')` : `left(strftime(${moment}, '%f'), ${from.scale})`;
  return `'${point}' || ${digits}${from.scale === 7 ? " || '0'" : ''}`;
}
