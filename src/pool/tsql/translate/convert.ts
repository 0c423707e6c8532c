import type { Place } from '../syntax/ast.ts';
import { sqlError } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { codePageHex } from './code-page.ts';
import { toApproximate, toDecimal, toInteger, toMoney, failed } from './convert-number.ts';
import { toText } from './convert-text.ts';
import { temporalLiteral, toTemporal } from './convert-time.ts';
import { duckDbTypeOf } from './duckdb-type.ts';
import { bound } from './sql-text.ts';
import { type BinaryType, conversionOf, familyOf, isBinary, isTemporal, isText, operandClash, sameType, typeWord } from './type-order.ts';
import type { Typed } from './typed.ts';

export interface How {
  /** TRY_CAST: what fails is NULL. */
  readonly tries: boolean;
  /** CONVERT's third argument. */
  readonly style: number | undefined;
  /** `SET DATEFORMAT`. */
  readonly dateFormat: string;
  readonly place: Pick<Place, 'line'>;
}

export interface CastOptions {
  /** Written as CAST or CONVERT; otherwise only what SQL Server converts unasked is converted. */
  readonly explicit: boolean;
  readonly place: Pick<Place, 'line'>;
  readonly dateFormat?: string | undefined;
  readonly style?: number | undefined;
  readonly tries?: boolean | undefined;
}

/**
 * A value as another type, as CAST and assignments make it: texts are cut to the length, and filled up where it is fixed; decimals are rounded.
 * Faults: 206, 257 and 529 where there is no such conversion, and 241, 242, 295 for constant texts that are no date; values that cannot be
 * converted end the statement as it runs.
 */
export function castTo(value: Typed, type: TsqlType, options: CastOptions): Typed {
  const { explicit, place, dateFormat = 'mdy', style, tries = false } = options;
  const how: How = { tries, style, dateFormat, place };
  const nullable = value.nullable || tries;
  const binaryOrder = familyOf(type) === 'text' ? value.binaryOrder : undefined;
  if (value.type === undefined) return { sql: `CAST(NULL AS ${duckDbTypeOf(type)})`, type, nullable: true };
  if (sameType(value.type, type)) return { ...value, columnName: explicit ? undefined : value.columnName };
  const allowed = conversionOf(value.type, type);
  if (allowed === 'none') throw noConversion(value.type, type, explicit, place);
  if (allowed === 'explicit' && !explicit)
    throw sqlError(
      257,
      `Implicit conversion from data type ${typeWord(value.type)} to ${typeWord(type)} is not allowed. Use the CONVERT function to run this query.`,
      { place },
    );
  const constant = constantDate(value, type, how);
  return { sql: constant ?? converted(value.sql, value.type, type, how), type, nullable, binaryOrder };
}

function noConversion(from: TsqlType, to: TsqlType, explicit: boolean, place: Pick<Place, 'line'>): Error {
  return explicit
    ? sqlError(529, `Explicit conversion from data type ${typeWord(from)} to ${typeWord(to)} is not allowed.`, { place })
    : operandClash(from, to, place);
}

/** A text that is a date is one before the statement runs; one that is none is left for the time it is reached. */
function constantDate(value: Typed, type: TsqlType, how: How): string | undefined {
  if (value.literal?.kind !== 'string' || !isTemporal(type)) return undefined;
  return temporalLiteral(value.literal.text, type, how);
}

/** The SQL of a conversion that exists. */
function converted(sql: string, from: TsqlType, to: TsqlType, how: How): string {
  if (isText(to)) return toText(sql, from, to, how);
  if (isBinary(to)) return toBinary(sql, from, to, how);
  if (isTemporal(to)) return toTemporal(sql, from, to, how);
  switch (to.name) {
    case 'decimal':
      return toDecimal(sql, from, to, how);
    case 'money':
    case 'smallmoney':
      return toMoney(sql, from, { name: to.name }, how);
    case 'real':
    case 'float':
      return toApproximate(sql, from, to, how);
    case 'uniqueidentifier':
      return toGuid(sql, from, how);
    default:
      return toInteger(sql, from, to, how);
  }
}

function toGuid(sql: string, from: TsqlType, how: How): string {
  if (familyOf(from) === 'binary')
    throw sqlError(40_510, 'Conversion from binary to uniqueidentifier is not supported by this SQL pool.', {
      place: how.place,
      kind: 'unsupported',
    });
  return bound('text', sql, (text) => {
    const bad = failed(how, 8169, 'Conversion failed when converting from a character string to uniqueidentifier.');
    const digits = '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}';
    return `CASE WHEN ${text} IS NULL THEN NULL WHEN regexp_matches(${text}, '^${digits}') THEN CAST(left(${text}, 36) AS UUID) WHEN regexp_matches(${text}, '^[{]${digits}[}]') THEN CAST(substring(${text}, 2, 36) AS UUID) ELSE ${bad} END`;
  });
}

function toBinary(sql: string, from: TsqlType, to: BinaryType, how: How): string {
  switch (familyOf(from)) {
    case 'binary':
      return sized(`hex(${sql})`, to, 'right', 'length' in from ? from.length : 'max');
    case 'text':
      return textToBinary(sql, from, to, how);
    case 'integer':
      return integerToBinary(sql, from, to);
    default:
      throw sqlError(40_510, `Conversion from ${typeWord(from)} to ${to.name} is not supported by this SQL pool.`, {
        place: how.place,
        kind: 'unsupported',
      });
  }
}

/** Hex digits as bytes, cut or filled with zeros to the type's length, at the right of texts and bytes, at the left of numbers. */
function sized(
  hex: string,
  to: { readonly name: string; readonly length: number | 'max' },
  side: 'left' | 'right',
  most: number | 'max',
): string {
  if (to.length === 'max') return `unhex(${hex})`;
  const digits = to.length * 2;
  const cut = side === 'right' ? `left(${hex}, ${digits})` : `right(${hex}, ${digits})`;
  const filled = side === 'right' ? `rpad(${hex}, ${digits}, '0')` : `lpad(${cut}, ${digits}, '0')`;
  if (to.name === 'binary') return `unhex(${filled})`;
  return `unhex(${most !== 'max' && most <= to.length ? hex : cut})`;
}

function textToBinary(sql: string, from: TsqlType, to: BinaryType, how: How): string {
  const style = how.style ?? 0;
  if (style === 0) {
    if (from.name.startsWith('n')) return sized(utf16Hex(sql), to, 'right', 'max');
    return sized(
      bound(
        'chars',
        sql,
        (text) =>
          `CASE WHEN strlen(${text}) = length(${text}) THEN hex(encode(${text})) WHEN ${text} IS NOT NULL THEN ${codePageHex(text)} END`,
      ),
      to,
      'right',
      'max',
    );
  }
  if (style !== 1 && style !== 2)
    throw sqlError(9819, `The style ${style} is not supported for conversions from ${from.name} to ${to.name}.`, { place: how.place });
  const prefix = style === 1 ? '0[xX]' : '';
  const bytes = bound('text', sql, (text) => {
    const bad = failed(how, 8114, `Error converting data type ${typeWord(from)} to varbinary.`);
    return `CASE WHEN ${text} IS NULL THEN NULL WHEN regexp_full_match(${text}, '${prefix}([0-9A-Fa-f]{2})*') THEN upper(${style === 1 ? `substring(${text}, 3)` : text}) ELSE ${bad} END`;
  });
  return sized(bytes, to, 'right', 'max');
}

/** The bytes of UTF-16, the lower one first, as hex digits; characters beyond U+FFFF as their two halves. */
function utf16Hex(sql: string): string {
  const swapped = (unit: string): string => `printf('%02X%02X', (${unit}) % 256, (${unit}) // 256)`;
  const one = `CASE WHEN unicode(c) < 65536 THEN ${swapped('unicode(c)')} ELSE ${swapped('55296 + (unicode(c) - 65536) // 1024')} || ${swapped('56320 + (unicode(c) - 65536) % 1024')} END`;
  return `array_to_string(list_transform(regexp_extract_all(${sql}, '.', 0, 's'), lambda c: ${one}), '')`;
}

const integerBytes: Partial<Record<TsqlType['name'], number>> = { bit: 1, tinyint: 1, smallint: 2, int: 4, bigint: 8 };

/** A number's own bytes, the highest first. */
function integerToBinary(sql: string, from: TsqlType, to: BinaryType): string {
  const bytes = integerBytes[from.name] ?? 8;
  const hex = `right('000000000000000' || hex(CAST(${sql} AS BIGINT)), ${bytes * 2})`;
  return sized(hex, to, 'left', bytes);
}
