import { notSupported } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { argumentAs, constantInt, intArgument, invalidArgument, textArgument } from './arguments.ts';
import { finite } from './arithmetic.ts';
import { duckDbTypeOf } from './duckdb-type.ts';
import type { CallContext, FunctionRule } from './functions.ts';
import { bound, failing } from './sql-text.ts';
import { asDecimal, familyOf, isBinary, isNumeric, isText, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';

type Write = FunctionRule['write'];

function number(least: number, most: number, write: Write, note?: string): FunctionRule {
  return { least, most, group: 'number', write, ...(note === undefined ? {} : { note }) };
}

/** An argument as a number: a text is a float, short whole numbers are `int`. */
function numberArgument(value: Typed | undefined, context: CallContext): Typed & { readonly type: TsqlType } {
  const given = value ?? { sql: 'NULL', type: undefined, nullable: true };
  const type = knownType(given);
  if (given.type !== undefined && !isNumeric(type) && !isText(type)) throw invalidArgument(given, 1, context);
  const wanted: TsqlType =
    given.type === undefined || isText(type) || type.name === 'real'
      ? { name: 'float' }
      : short(type)
        ? { name: 'int' }
        : type.name === 'smallmoney'
          ? { name: 'money' }
          : type;
  return { ...argumentAs(given, wanted, context), type: wanted, literal: given.literal };
}

function short(type: TsqlType): boolean {
  return type.name === 'bit' || type.name === 'tinyint' || type.name === 'smallint';
}

const invalidOperation = failing(3623, 'An invalid floating point operation occurred.');

/** A float's function that has no value everywhere. */
function valid(sql: string): string {
  return bound('result', sql, (value) => `CASE WHEN isnan(${value}) OR isinf(${value}) THEN ${invalidOperation} ELSE ${value} END`);
}

function floats(template: (...args: readonly string[]) => string): Write {
  return (args, context) => {
    const values = args.map((value) => argumentAs(value, { name: 'float' }, context));
    return {
      sql: template(...values.map((value) => value.sql)),
      type: { name: 'float' },
      nullable: values.some((value) => value.nullable),
    };
  };
}

/** Where `defined` says that it has a value; 3623 elsewhere. */
function partial(name: string, defined: (x: string) => string): Write {
  return floats((x = 'NULL') =>
    bound(
      'x',
      x,
      (value) => `CASE WHEN ${value} IS NULL THEN NULL WHEN ${defined(value)} THEN ${name}(${value}) ELSE ${invalidOperation} END`,
    ),
  );
}

const log: Write = (args, context) => {
  const [x, base] = args.map((value) => argumentAs(value, { name: 'float' }, context).sql);
  const natural = (sql: string | undefined): string =>
    bound('x', sql ?? 'NULL', (value) => `CASE WHEN ${value} > 0 THEN ln(${value}) WHEN ${value} IS NOT NULL THEN ${invalidOperation} END`);
  return { sql: base === undefined ? natural(x) : valid(`(${natural(x)} / ${natural(base)})`), type: { name: 'float' }, nullable: true };
};

function whole(name: 'ceil' | 'floor'): Write {
  return ([value], context) => {
    const given = numberArgument(value, context);
    const type: TsqlType = given.type.name === 'decimal' ? { name: 'decimal', precision: given.type.precision, scale: 0 } : given.type;
    if (familyOf(type) === 'integer') return { ...given, literal: undefined, columnName: undefined };
    return { sql: `CAST(${name}(${given.sql}) AS ${duckDbTypeOf(type)})`, type, nullable: given.nullable };
  };
}

const sameKind =
  (name: string): Write =>
  ([value], context) => {
    const given = numberArgument(value, context);
    return { sql: `CAST(${name}(${given.sql}) AS ${duckDbTypeOf(given.type)})`, type: given.type, nullable: given.nullable };
  };

const round: Write = ([value, digits, cut], context) => {
  const given = numberArgument(value, context);
  const { type } = given;
  const places = intArgument(digits, context);
  const truncates = cut !== undefined && constantInt(cut) !== 0;
  if (truncates && constantInt(cut) === undefined) throw notSupported('ROUND with a third argument that is not a constant', context.place);
  const target = duckDbTypeOf(type);
  const nullable = given.nullable || places.nullable;
  if (familyOf(type) === 'approximate') {
    const scaled = truncates
      ? `(trunc(${given.sql} * pow(10, ${places.sql})) / pow(10, ${places.sql}))`
      : `round(${given.sql}, ${places.sql})`;
    return { sql: finite(`CAST(${scaled} AS ${target})`, 'float'), type, nullable };
  }
  const exact = asDecimal(type);
  const at = (n: number): string => `CAST(${roundedAt(given.sql, exact, { n, truncates })} AS ${target})`;
  const constant = constantInt(digits);
  if (constant !== undefined) return { sql: at(constant), type, nullable };
  const whens = Array.from({ length: exact.precision }, (_, step) => exact.scale - 1 - step).map(
    (n) => `WHEN ${places.sql} = ${n} THEN ${at(n)}`,
  );
  const sql = `(CASE WHEN ${places.sql} >= ${exact.scale} THEN ${given.sql} ${whens.join(' ')} WHEN ${places.sql} IS NOT NULL THEN ${at(exact.scale - exact.precision - 1)} END)`;
  return { sql, type, nullable };
};

/** Half away from zero, or cut: exact, as decimals. */
function roundedAt(
  sql: string,
  type: { readonly precision: number; readonly scale: number },
  how: { readonly n: number; readonly truncates: boolean },
): string {
  const { n, truncates } = how;
  if (n >= type.scale) return sql;
  if (type.scale - n > type.precision) return '0';
  const wide = `CAST(${sql} AS DECIMAL(${Math.min(38, type.precision + 1)},${type.scale}))`;
  const unit = n > 0 ? `CAST('0.${'1'.padStart(n, '0')}' AS DECIMAL(${n},${n}))` : `CAST('1${'0'.repeat(-n)}' AS DECIMAL(${1 - n},0))`;
  return truncates ? `(${wide} - ${wide} % ${unit})` : `round(${wide}, ${n})`;
}

const power: Write = ([base, exponent], context) => {
  const given = numberArgument(base, context);
  const { type } = given;
  const wanted: TsqlType = type.name === 'decimal' ? { name: 'decimal', precision: 38, scale: type.scale } : type;
  const [x, y] = [argumentAs(base, { name: 'float' }, context).sql, argumentAs(exponent, { name: 'float' }, context).sql];
  const raised = bound(
    'result',
    `pow(${x}, ${y})`,
    (result) =>
      `CASE WHEN isnan(${result}) THEN ${invalidOperation} WHEN isinf(${result}) THEN ${failing(8115, `Arithmetic overflow error converting expression to data type ${type.name === 'decimal' ? 'numeric' : type.name}.`)} ELSE ${result} END`,
  );
  const nullable = given.nullable || (exponent?.nullable ?? false);
  const shown = familyOf(type) === 'integer' ? `trunc(${raised})` : raised;
  return { sql: `CAST(${shown} AS ${duckDbTypeOf(wanted)})`, type: wanted, nullable };
};

/** DEGREES and RADIANS are of the argument's type: RADIANS(180) is 3. */
function angle(name: 'degrees' | 'radians'): Write {
  return ([value], context) => {
    const given = numberArgument(value, context);
    const { type } = given;
    const wanted: TsqlType =
      type.name === 'decimal' ? { name: 'decimal', precision: 38, scale: Math.max(18, Math.min(type.scale, 38)) } : type;
    const turned = `${name}(CAST(${given.sql} AS DOUBLE))`;
    return {
      sql: `CAST(${familyOf(type) === 'integer' ? `trunc(${turned})` : turned} AS ${duckDbTypeOf(wanted)})`,
      type: wanted,
      nullable: given.nullable,
    };
  };
}

const isNumericText: Write = ([value], context) => {
  const given = value as Typed;
  const type = knownType(given);
  const int: TsqlType = { name: 'int' };
  if (given.type === undefined) return { sql: 'CAST(0 AS INTEGER)', type: int, nullable: false };
  if (isNumeric(type)) return { sql: `CAST(${given.sql} IS NOT NULL AS INTEGER)`, type: int, nullable: false };
  if (!isText(type)) {
    if (isBinary(type)) throw invalidArgument(given, 1, context);
    return { sql: 'CAST(0 AS INTEGER)', type: int, nullable: false };
  }
  const text = textArgument(given, context).sql;
  const shape = '\\s*[+-]?\\s*[$€£¥]?\\s*[+-]?([0-9][0-9,]*[.]?[0-9]*([eEdD][+-]?[0-9]{1,3})?|[.][0-9]*([eEdD][+-]?[0-9]{1,3})?|,)?\\s*';
  return {
    sql: `CAST(coalesce(regexp_full_match(${text}, '${shape}') AND regexp_matches(${text}, '[^ ]'), false) AS INTEGER)`,
    type: int,
    nullable: false,
  };
};

export const numberFunctions: Readonly<Record<string, FunctionRule>> = {
  ABS: number(1, 1, sameKind('abs')),
  CEILING: number(1, 1, whole('ceil')),
  FLOOR: number(1, 1, whole('floor')),
  ROUND: number(2, 3, round),
  SIGN: number(1, 1, sameKind('sign')),
  POWER: number(2, 2, power),
  SQRT: number(
    1,
    1,
    partial('sqrt', (x) => `${x} >= 0`),
  ),
  SQUARE: number(
    1,
    1,
    floats((x = 'NULL') => finite(`(${x} * ${x})`, 'float')),
  ),
  EXP: number(
    1,
    1,
    floats((x = 'NULL') => finite(`exp(${x})`, 'float')),
  ),
  LOG: number(1, 2, log),
  LOG10: number(
    1,
    1,
    partial('log10', (x) => `${x} > 0`),
  ),
  PI: number(0, 0, () => ({ sql: 'pi()', type: { name: 'float' }, nullable: false })),
  SIN: number(
    1,
    1,
    floats((x = 'NULL') => `sin(${x})`),
  ),
  COS: number(
    1,
    1,
    floats((x = 'NULL') => `cos(${x})`),
  ),
  TAN: number(
    1,
    1,
    floats((x = 'NULL') => `tan(${x})`),
  ),
  COT: number(
    1,
    1,
    partial('cot', (x) => `${x} <> 0`),
  ),
  ASIN: number(
    1,
    1,
    partial('asin', (x) => `${x} BETWEEN -1 AND 1`),
  ),
  ACOS: number(
    1,
    1,
    partial('acos', (x) => `${x} BETWEEN -1 AND 1`),
  ),
  ATAN: number(
    1,
    1,
    floats((x = 'NULL') => `atan(${x})`),
  ),
  ATN2: number(
    2,
    2,
    floats((y = 'NULL', x = 'NULL') => `atan2(${y}, ${x})`),
  ),
  DEGREES: number(1, 1, angle('degrees')),
  RADIANS: number(1, 1, angle('radians')),
  ISNUMERIC: number(1, 1, isNumericText),
};
