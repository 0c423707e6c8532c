import type { Place } from '../syntax/ast.ts';
import { sqlError } from '../sql-error.ts';
import type { TimedTypeName, TsqlType } from '../tsql-type.ts';

export type TypeFamily =
  | 'text'
  | 'binary'
  | 'integer'
  | 'decimal'
  | 'money'
  | 'approximate'
  | 'legacy-time'
  | 'date'
  | 'time'
  | 'modern-time'
  | 'guid';

export type TextType = { readonly name: 'char' | 'varchar' | 'nchar' | 'nvarchar'; readonly length: number | 'max' };
export type BinaryType = { readonly name: 'binary' | 'varbinary'; readonly length: number | 'max' };
export type TemporalType =
  | { readonly name: 'date' | 'datetime' | 'smalldatetime' }
  | { readonly name: TimedTypeName; readonly scale: number };

const families: Readonly<Record<TsqlType['name'], TypeFamily>> = {
  bit: 'integer',
  tinyint: 'integer',
  smallint: 'integer',
  int: 'integer',
  bigint: 'integer',
  decimal: 'decimal',
  money: 'money',
  smallmoney: 'money',
  real: 'approximate',
  float: 'approximate',
  date: 'date',
  time: 'time',
  datetime: 'legacy-time',
  smalldatetime: 'legacy-time',
  datetime2: 'modern-time',
  datetimeoffset: 'modern-time',
  uniqueidentifier: 'guid',
  char: 'text',
  varchar: 'text',
  nchar: 'text',
  nvarchar: 'text',
  binary: 'binary',
  varbinary: 'binary',
};

/** Of two types the one further down this list wins. */
const precedence: readonly TsqlType['name'][] = [
  'binary',
  'varbinary',
  'char',
  'varchar',
  'nchar',
  'nvarchar',
  'uniqueidentifier',
  'bit',
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'smallmoney',
  'money',
  'decimal',
  'real',
  'float',
  'time',
  'date',
  'smalldatetime',
  'datetime',
  'datetime2',
  'datetimeoffset',
];
const rank = new Map(precedence.map((name, at) => [name, at]));

/** A value's type; of the literal NULL, where nothing else says, `int`. */
export function knownType(value: { readonly type: TsqlType | undefined }): TsqlType {
  return value.type ?? { name: 'int' };
}

export function familyOf(type: TsqlType): TypeFamily {
  return families[type.name];
}

export function isNumeric(type: TsqlType): boolean {
  const family = familyOf(type);
  return family === 'integer' || family === 'decimal' || family === 'money' || family === 'approximate';
}

export function isText(type: TsqlType): type is TextType {
  return familyOf(type) === 'text';
}

/** Of date, time or both. */
export function isTemporal(type: TsqlType): type is TemporalType {
  const family = familyOf(type);
  return family === 'legacy-time' || family === 'date' || family === 'time' || family === 'modern-time';
}

export function isBinary(type: TsqlType): type is BinaryType {
  return familyOf(type) === 'binary';
}

export function isNational(type: TsqlType): boolean {
  return type.name === 'nchar' || type.name === 'nvarchar';
}

export function sameType(a: TsqlType, b: TsqlType): boolean {
  return (
    a.name === b.name &&
    ('precision' in a ? a.precision : 0) === ('precision' in b ? b.precision : 0) &&
    ('scale' in a ? a.scale : 0) === ('scale' in b ? b.scale : 0) &&
    ('length' in a ? a.length : 0) === ('length' in b ? b.length : 0)
  );
}

export function lengthOf(type: TsqlType): number | 'max' {
  return 'length' in type ? type.length : 'max';
}

/** Characters that a value takes as text. */
export function textLength(type: TsqlType): number | 'max' {
  if ('length' in type) return type.length;
  const widths: Partial<Record<TsqlType['name'], number>> = {
    bit: 1,
    tinyint: 3,
    smallint: 6,
    int: 12,
    bigint: 24,
    uniqueidentifier: 36,
    date: 10,
  };
  return widths[type.name] ?? ('precision' in type ? type.precision + 3 : 34);
}

/** A text's or binary's type of this many characters or bytes: `max` beyond what is allowed. */
export function sizedType(name: 'varchar' | 'nvarchar' | 'varbinary' | 'char' | 'nchar' | 'binary', length: number | 'max'): TsqlType {
  const most = name === 'nvarchar' || name === 'nchar' ? 4000 : 8000;
  return { name, length: length === 'max' ? 'max' : Math.min(most, Math.max(1, length)) };
}

const integerDigits: Partial<Record<TsqlType['name'], number>> = { bit: 1, tinyint: 3, smallint: 5, int: 10, bigint: 19 };

/** A number's type as the decimal that holds it. */
export function asDecimal(type: TsqlType): { readonly name: 'decimal'; readonly precision: number; readonly scale: number } {
  if (type.name === 'decimal') return type;
  if (type.name === 'money') return { name: 'decimal', precision: 19, scale: 4 };
  if (type.name === 'smallmoney') return { name: 'decimal', precision: 10, scale: 4 };
  return { name: 'decimal', precision: integerDigits[type.name] ?? 38, scale: 0 };
}

/** The type of what may be either, as in CASE and UNION. Undefined is the literal NULL's; two of them are `int`. Fault 206. */
export function commonType(a: TsqlType | undefined, b: TsqlType | undefined, place: Pick<Place, 'line'>): TsqlType {
  if (a === undefined || b === undefined) return a ?? b ?? { name: 'int' };
  if (sameType(a, b)) return a;
  const [lower, higher] = (rank.get(a.name) ?? 0) <= (rank.get(b.name) ?? 0) ? [a, b] : [b, a];
  if (!meets(lower, higher)) throw operandClash(a, b, place);
  if (higher.name === 'decimal') return widerDecimal(asDecimal(lower), higher, lower);
  if ('length' in higher && 'length' in lower) {
    const name = varying(lower) ? varyingName(higher.name) : higher.name;
    return sizedType(name, lower.length === 'max' || higher.length === 'max' ? 'max' : Math.max(lower.length, higher.length));
  }
  if ('length' in higher && higher.length !== 'max') {
    const length = textLength(lower);
    return sizedType(higher.name, length === 'max' ? 'max' : Math.max(higher.length, length));
  }
  if ('scale' in higher && 'scale' in lower) return { ...higher, scale: Math.max(higher.scale, lower.scale) };
  if ((higher.name === 'datetime2' || higher.name === 'datetimeoffset') && lower.name === 'datetime')
    return { ...higher, scale: Math.max(higher.scale, 3) };
  return higher;
}

function varying(type: TsqlType): boolean {
  return type.name === 'varchar' || type.name === 'nvarchar' || type.name === 'varbinary';
}

function varyingName(name: 'char' | 'varchar' | 'nchar' | 'nvarchar' | 'binary' | 'varbinary'): 'varchar' | 'nvarchar' | 'varbinary' {
  if (name === 'char' || name === 'varchar') return 'varchar';
  return name === 'binary' || name === 'varbinary' ? 'varbinary' : 'nvarchar';
}

function widerDecimal(a: ReturnType<typeof asDecimal>, b: ReturnType<typeof asDecimal>, lower: TsqlType): TsqlType {
  if (isText(lower)) return b;
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  const precision = Math.min(38, whole + scale);
  return { name: 'decimal', precision, scale: Math.max(0, Math.min(scale, precision - whole)) };
}

/** May the lower of two types be turned into the higher one unasked? */
function meets(lower: TsqlType, higher: TsqlType): boolean {
  return conversionOf(lower, higher) === 'implicit';
}

export type Conversion = 'implicit' | 'explicit' | 'none';

/** SQL Server's table of conversions. */
export function conversionOf(from: TsqlType, to: TsqlType): Conversion {
  const [source, target] = [familyOf(from), familyOf(to)];
  if (source === target) return 'implicit';
  if (source === 'text') return target === 'binary' ? 'explicit' : 'implicit';
  if (source === 'binary') return fromBinary(target);
  if (target === 'text') return 'implicit';
  if (source === 'guid') return target === 'binary' ? 'implicit' : 'none';
  if (target === 'guid') return 'none';
  if (isNumeric(from)) return target === 'legacy-time' || target === 'binary' || isNumeric(to) ? 'implicit' : 'none';
  if (target === 'binary') return 'explicit';
  if (isNumeric(to)) return source === 'legacy-time' ? 'explicit' : 'none';
  return (source === 'date' && target === 'time') || (source === 'time' && target === 'date') ? 'none' : 'implicit';
}

function fromBinary(target: TypeFamily): Conversion {
  if (target === 'approximate') return 'none';
  return target === 'date' || target === 'time' || target === 'modern-time' ? 'explicit' : 'implicit';
}

/** As messages name a type: without its length. */
export function typeWord(type: TsqlType | undefined): string {
  if (type === undefined) return 'NULL';
  return type.name === 'decimal' ? 'numeric' : type.name;
}

export function operandClash(a: TsqlType, b: TsqlType, place: Pick<Place, 'line'>): Error {
  return sqlError(206, `Operand type clash: ${typeWord(a)} is incompatible with ${typeWord(b)}`, { place });
}
