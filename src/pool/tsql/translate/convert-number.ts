import type { TsqlType } from '../tsql-type.ts';
import type { How } from './convert.ts';
import { duckDbTypeOf } from './duckdb-type.ts';
import { byDigit } from './datetime-ticks.ts';
import { bound, failing, type MessagePart } from './sql-text.ts';
import { asDecimal, familyOf, typeWord } from './type-order.ts';

/** Microseconds of a day, and of 1900-01-01 from 1970-01-01. */
export const dayMicros = '86400000000';
export const micros1900 = '-2208988800000000';

const cast = (how: How): string => (how.tries ? 'TRY_CAST' : 'CAST');

/** What a failed conversion is worth: NULL where it is only tried. */
export function failed(how: How, number: number, ...parts: readonly MessagePart[]): string {
  return how.tries ? 'NULL' : failing(number, ...parts);
}

export function toInteger(sql: string, from: TsqlType, to: TsqlType, how: How): string {
  const type = duckDbTypeOf(to);
  switch (familyOf(from)) {
    case 'integer':
      if (to.name === 'bit') return from.name === 'bit' ? sql : `(${sql} <> 0)`;
      return `${cast(how)}(${sql} AS ${type})`;
    case 'decimal':
    case 'approximate':
      if (to.name === 'bit') return `(${sql} <> 0)`;
      return `${cast(how)}(trunc(${sql}) AS ${type})`;
    case 'money':
      return to.name === 'bit' ? `(${sql} <> 0)` : `${cast(how)}(${sql} AS ${type})`;
    case 'text':
      return to.name === 'bit' ? textToBit(sql, from, how) : textToInteger(sql, from, to, how);
    case 'binary':
      return binaryToInteger(sql, to);
    default: {
      const days = `((epoch_us(${sql}) - (${micros1900}) + 43200000000 + 100000 * ${dayMicros}) // ${dayMicros} - 100000)`;
      return to.name === 'bit' ? `(${days} <> 0)` : `${cast(how)}(${days} AS ${type})`;
    }
  }
}

function textToInteger(sql: string, from: TsqlType, to: TsqlType, how: How): string {
  const type = duckDbTypeOf(to);
  return bound('text', sql, (text) => {
    const number = `coalesce(TRY_CAST(${text} AS ${type}), ${
      to.name === 'int' || to.name === 'bigint'
        ? failed(
            how,
            to.name === 'int' ? 248 : 8115,
            to.name === 'int'
              ? `The conversion of the ${typeWord(from)} value '`
              : 'Arithmetic overflow error converting expression to data type bigint.',
            ...(to.name === 'int' ? [{ sql: text }, "' overflowed an int column."] : []),
          )
        : failed(
            how,
            244,
            `The conversion of the ${typeWord(from)} value '`,
            { sql: text },
            `' overflowed an ${to.name === 'tinyint' ? 'INT1' : 'INT2'} column. Use a larger integer column.`,
          )
    })`;
    const bad =
      to.name === 'bigint'
        ? failed(how, 8114, `Error converting data type ${typeWord(from)} to bigint.`)
        : failed(how, 245, `Conversion failed when converting the ${typeWord(from)} value '`, { sql: text }, `' to data type ${to.name}.`);
    return `CASE WHEN ${text} IS NULL THEN NULL WHEN regexp_full_match(${text}, ' *[+-]?[0-9]+ *') THEN ${number} WHEN regexp_full_match(${text}, ' *') THEN CAST(0 AS ${type}) ELSE ${bad} END`;
  });
}

function textToBit(sql: string, from: TsqlType, how: How): string {
  return bound('text', sql, (text) => {
    const bad = failed(how, 245, `Conversion failed when converting the ${typeWord(from)} value '`, { sql: text }, `' to data type bit.`);
    return `CASE WHEN ${text} IS NULL THEN NULL WHEN lower(trim(${text}, ' ')) = 'true' THEN true WHEN lower(trim(${text}, ' ')) = 'false' THEN false WHEN regexp_full_match(${text}, ' *[+-]?[0-9]+ *') THEN regexp_matches(${text}, '[1-9]') WHEN regexp_full_match(${text}, ' *') THEN false ELSE ${bad} END`;
  });
}

const integerBytes: Partial<Record<TsqlType['name'], number>> = { bit: 1, tinyint: 1, smallint: 2, int: 4, bigint: 8 };

/** The last bytes, the highest first. */
function binaryToInteger(sql: string, to: TsqlType): string {
  const bytes = integerBytes[to.name] ?? 8;
  const digits = `right('${'00'.repeat(bytes)}' || hex(${sql}), ${bytes * 2})`;
  const unsigned = `CAST(CAST('0x' || ${digits} AS UBIGINT) AS HUGEINT)`;
  if (to.name === 'bit') return `(${unsigned} <> 0)`;
  if (to.name === 'tinyint') return `CAST(${unsigned} AS UTINYINT)`;
  const half = 2n ** BigInt(bytes * 8 - 1);
  return bound(
    'whole',
    unsigned,
    (value) => `CAST(CASE WHEN ${value} >= ${half} THEN ${value} - ${half * 2n} ELSE ${value} END AS ${duckDbTypeOf(to)})`,
  );
}

export function toDecimal(sql: string, from: TsqlType, to: TsqlType, how: How): string {
  const type = duckDbTypeOf(to);
  const family = familyOf(from);
  if (family === 'text')
    return bound('text', sql, (text) => {
      const bad = failed(how, 8114, `Error converting data type ${typeWord(from)} to numeric.`);
      const overflow = failed(how, 8115, `Arithmetic overflow error converting ${typeWord(from)} to data type numeric.`);
      return `CASE WHEN ${text} IS NULL THEN NULL WHEN regexp_full_match(${text}, ' *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+) *') THEN coalesce(TRY_CAST(${text} AS ${type}), ${overflow}) ELSE ${bad} END`;
    });
  if (family === 'legacy-time') return `${cast(how)}(${daysOf(sql)} AS ${type})`;
  return `${cast(how)}(${sql} AS ${type})`;
}

/** Days since 1900 as a DOUBLE. */
function daysOf(sql: string): string {
  return bound(
    'tick',
    sql,
    (tick) =>
      `(CAST((epoch_us(${tick}) - (${micros1900})) * 3 + ${byDigit(tick, 1000, -1000)} AS DOUBLE) / (3 * CAST(${dayMicros} AS BIGINT)))`,
  );
}

const moneyLimits = {
  money: ['-922337203685477.5808', '922337203685477.5807'],
  smallmoney: ['-214748.3648', '214748.3647'],
} as const;

export function toMoney(sql: string, from: TsqlType, to: { readonly name: 'money' | 'smallmoney' }, how: How): string {
  const type = duckDbTypeOf(to);
  if (familyOf(from) === 'text') return textToMoney(sql, from, to, how);
  if (familyOf(from) === 'legacy-time') return withinMoney(`${cast(how)}(${daysOf(sql)} AS DECIMAL(28,4))`, to, how);
  if (familyOf(from) === 'binary') return `CAST(CAST(${binaryToInteger(sql, { name: 'bigint' })} AS DECIMAL(38,0)) * 0.0001 AS ${type})`;
  const { precision, scale } = asDecimal(from);
  if (familyOf(from) !== 'approximate' && (from.name === 'smallmoney' || precision - scale < (to.name === 'money' ? 15 : 6)))
    return `CAST(${sql} AS ${type})`;
  return withinMoney(`${cast(how)}(${sql} AS DECIMAL(38,4))`, to, how);
}

/** A number of four places as money, where it fits. */
export function withinMoney(sql: string, to: { readonly name: 'money' | 'smallmoney' }, how: How): string {
  const [least, most] = moneyLimits[to.name];
  return bound('sum', sql, (sum) => {
    const overflow = failed(how, 8115, `Arithmetic overflow error converting expression to data type ${to.name}.`);
    return `CASE WHEN ${sum} IS NULL THEN NULL WHEN ${sum} BETWEEN ${least} AND ${most} THEN CAST(${sum} AS ${duckDbTypeOf(to)}) ELSE ${overflow} END`;
  });
}

function textToMoney(sql: string, from: TsqlType, to: { readonly name: 'money' | 'smallmoney' }, how: How): string {
  return bound('text', sql, (text) => {
    const bad = failed(how, 235, 'Cannot convert a char value to money. The char value has incorrect syntax.');
    const number = `TRY_CAST(regexp_replace(${text}, '[$, ]', '', 'g') AS DECIMAL(38,4))`;
    return `CASE WHEN ${text} IS NULL THEN NULL WHEN regexp_full_match(${text}, ' *') THEN CAST(0 AS ${duckDbTypeOf(to)}) WHEN regexp_full_match(${text}, ' *([+-]? *[$]?|[$] *[+-]?) *([0-9][0-9,]*[.]?[0-9]*|[.][0-9]+) *') THEN ${withinMoney(number, to, how)} ELSE ${bad} END`;
  });
}

export function toApproximate(sql: string, from: TsqlType, to: TsqlType, how: How): string {
  const type = duckDbTypeOf(to);
  const family = familyOf(from);
  if (family === 'text')
    return bound('text', sql, (text) => {
      const bad = failed(how, 8114, `Error converting data type ${typeWord(from)} to ${to.name}.`);
      const overflow = failed(how, 8115, `Arithmetic overflow error converting expression to data type ${to.name}.`);
      const value = `TRY_CAST(${text} AS ${type})`;
      return `CASE WHEN ${text} IS NULL THEN NULL WHEN regexp_full_match(${text}, ' *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? *') THEN CASE WHEN isfinite(${value}) THEN ${value} ELSE ${overflow} END WHEN regexp_full_match(${text}, ' *') THEN CAST(0 AS ${type}) ELSE ${bad} END`;
    });
  if (family === 'legacy-time') return `CAST(${daysOf(sql)} AS ${type})`;
  if (to.name === 'real' && from.name === 'float')
    return bound(
      'real',
      `TRY_CAST(${sql} AS FLOAT)`,
      (value) =>
        `CASE WHEN isinf(${value}) THEN ${failed(how, 8115, 'Arithmetic overflow error converting expression to data type real.')} ELSE ${value} END`,
    );
  return `${cast(how)}(${sql} AS ${type})`;
}
