import { notSupported, sqlError } from '../sql-error.ts';
import type { BinaryOperator, Place } from '../syntax/ast.ts';
import type { TsqlType } from '../tsql-type.ts';
import { castTo } from './convert.ts';
import { withinMoney } from './convert-number.ts';
import { ticks } from './datetime-ticks.ts';
import { asScaled, decimalArithmetic, unscaled, wholeQuotient } from './decimal.ts';
import { duckDbTypeOf } from './duckdb-type.ts';
import { bound, failing } from './sql-text.ts';
import { commonType, familyOf, isBinary, isNumeric, isText, knownType, lengthOf, operandClash, sizedType, typeWord } from './type-order.ts';
import type { Typed } from './typed.ts';
import { firstUnits } from './utf16.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

const words: Readonly<Record<BinaryOperator, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '&': "'&'",
  '|': "'|'",
  '^': "'^'",
  '<<': "'<<'",
  '>>': "'>>'",
};

export interface OperatorUse {
  readonly operator: BinaryOperator;
  readonly place: Place;
  readonly dateFormat: string;
}

/** `left operator right`, with T-SQL's types and errors. Faults: 402, 8117, 206. */
export function binary(left: Typed, right: Typed, use: OperatorUse): Typed {
  const { operator, place } = use;
  if (operator === '<<' || operator === '>>')
    throw notSupported(`The operator ${operator}`, place, 'Multiply or divide by a power of two.');
  if (left.type === undefined || right.type === undefined) {
    const type = left.type ?? knownType(right);
    const options = { explicit: false, place, dateFormat: use.dateFormat };
    return binary(ofType(left, type, options), ofType(right, type, options), use);
  }
  if (operator === '&' || operator === '|' || operator === '^') return bits(left, right, use);
  const [a, b] = [left.type, right.type];
  if (operator === '+' && isText(a) && isText(b)) return concatenated(left, right);
  if (operator === '+' && isBinary(a) && isBinary(b)) return joinedBytes(left, right);
  if (familyOf(a) === 'legacy-time' || familyOf(b) === 'legacy-time') return dateArithmetic(left, right, use);
  if (!isNumeric(a) || !isNumeric(b)) return mixed(left, right, use);
  return numeric(left, right, { ...use, operator });
}

/** The literal NULL as a type; it stays known as one. */
function ofType(value: Typed, type: TsqlType, options: Parameters<typeof castTo>[2]): Typed {
  return value.type === undefined ? { ...castTo(value, type, options), literal: value.literal } : value;
}

function incompatible(a: TsqlType, b: TsqlType, use: OperatorUse): Error {
  return sqlError(402, `The data types ${typeWord(a)} and ${typeWord(b)} are incompatible in the ${words[use.operator]} operator.`, {
    place: use.place,
  });
}

function invalidOperand(type: TsqlType, use: OperatorUse): Error {
  return sqlError(8117, `Operand data type ${typeWord(type)} is invalid for ${words[use.operator]} operator.`, { place: use.place });
}

/** A text or bytes with a number become the number; all else is refused. */
function mixed(left: Typed, right: Typed, use: OperatorUse): Typed {
  const [a, b] = [knownType(left), knownType(right)];
  const options = { explicit: false, place: use.place, dateFormat: use.dateFormat };
  if (isNumeric(a) && (isText(b) || isBinary(b))) return binary(left, castTo(right, a, options), use);
  if (isNumeric(b) && (isText(a) || isBinary(a))) return binary(castTo(left, b, options), right, use);
  if (isNumeric(a)) throw operandClash(b, a, use.place);
  if (isNumeric(b)) throw operandClash(a, b, use.place);
  if (familyOf(a) === familyOf(b)) throw invalidOperand(a, use);
  throw incompatible(a, b, use);
}

function concatenated(left: Typed, right: Typed): Typed {
  const type = commonType(left.type, right.type, { line: 1 });
  const lengths = [left.type, right.type].map((side) => (side === undefined ? 0 : lengthOf(side)));
  const most = type.name === 'nvarchar' || type.name === 'nchar' ? 4000 : 8000;
  const [a = 0, b = 0] = lengths;
  const total = a === 'max' || b === 'max' ? 'max' : a + b;
  const fixed = left.type?.name === right.type?.name && (type.name === 'char' || type.name === 'nchar');
  const national = most === 4000;
  const name = fixed ? (national ? 'nchar' : 'char') : national ? 'nvarchar' : 'varchar';
  // DuckDB gives `||` with a constant NULL no type.
  const none = left.literal?.kind === 'null' || right.literal?.kind === 'null';
  const sql = none ? 'CAST(NULL AS VARCHAR)' : `(${left.sql} || ${right.sql})`;
  return {
    sql: total !== 'max' && total > most ? firstUnits(sql, most) : sql,
    type: sizedType(name, total),
    nullable: left.nullable || right.nullable,
    binaryOrder: left.binaryOrder === true || right.binaryOrder === true ? true : undefined,
  };
}

function joinedBytes(left: Typed, right: Typed): Typed {
  const [a, b] = [lengthOf(knownType(left)), lengthOf(knownType(right))];
  return {
    sql: `(${left.sql} || ${right.sql})`,
    type: sizedType('varbinary', a === 'max' || b === 'max' ? 'max' : a + b),
    nullable: left.nullable || right.nullable,
  };
}

/** Of two numbers. */
function numeric(left: Typed, right: Typed, use: OperatorUse & { readonly operator: ArithmeticOperator }): Typed {
  const [a, b] = [knownType(left), knownType(right)];
  if (a.name === 'bit' && b.name === 'bit') throw incompatible(a, b, use);
  const common = commonType(a, b, use.place);
  const nullable = left.nullable || right.nullable;
  switch (familyOf(common)) {
    case 'decimal':
      return { ...decimalArithmetic(left, right, use.operator), nullable };
    case 'money':
      return { ...moneyArithmetic(left, right, { ...use, name: common.name === 'money' ? 'money' : 'smallmoney' }), nullable };
    case 'approximate':
      if (use.operator === '%') throw incompatible(a, b, use);
      return { sql: approximate(left.sql, right, { operator: use.operator, type: common }), type: common, nullable };
    default: {
      const type = duckDbTypeOf(common);
      const divides = use.operator === '/' || use.operator === '%';
      const divisor = divides ? nonZero(right, `CAST(${right.sql} AS ${type})`) : `CAST(${right.sql} AS ${type})`;
      return { sql: `(CAST(${left.sql} AS ${type}) ${use.operator === '/' ? '//' : use.operator} ${divisor})`, type: common, nullable };
    }
  }
}

/** A divisor, which ends the statement where it is 0. */
function nonZero(value: Typed, sql: string): string {
  if (value.literal !== undefined && /[1-9]/.test(value.literal.text)) return sql;
  return bound(
    'divisor',
    sql,
    (divisor) => `CASE WHEN ${divisor} = 0 THEN ${failing(8134, 'Divide by zero error encountered.')} ELSE ${divisor} END`,
  );
}

function approximate(left: string, right: Typed, use: { readonly operator: string; readonly type: TsqlType }): string {
  const type = duckDbTypeOf(use.type);
  const b = `CAST(${right.sql} AS ${type})`;
  return finite(`(CAST(${left} AS ${type}) ${use.operator} ${use.operator === '/' ? nonZero(right, b) : b})`, use.type.name);
}

/** A float that is none of infinity's: T-SQL has none. */
export function finite(sql: string, name: string): string {
  const overflow = failing(8115, `Arithmetic overflow error converting expression to data type ${name}.`);
  return bound('result', sql, (value) => `CASE WHEN isinf(${value}) THEN ${overflow} ELSE ${value} END`);
}

function moneyArithmetic(left: Typed, right: Typed, use: OperatorUse & { readonly name: 'money' | 'smallmoney' }): Typed {
  const { operator, place, name } = use;
  const type: TsqlType = { name };
  const [a = '', b = ''] = [left, right].map((side) => `CAST(${castTo(side, type, { explicit: false, place }).sql} AS DECIMAL(19,4))`);
  const how = { tries: false, style: undefined, dateFormat: use.dateFormat, place };
  const scaled = (sql: string): string => unscaled({ sql, type: { name: 'decimal', precision: 19, scale: 4 } });
  const sum = (): string => {
    switch (operator) {
      case '/':
        return `CAST(${asScaled(wholeQuotient(`${scaled(a)} * CAST(10000 AS HUGEINT)`, nonZero(right, scaled(b)), 30), { precision: 38, scale: 4 })} AS DECIMAL(38,4))`;
      case '%':
        return `CAST(${a} % ${nonZero(right, b)} AS DECIMAL(38,4))`;
      default:
        return `CAST(${a} ${operator} ${b} AS DECIMAL(38,4))`;
    }
  };
  return { sql: withinMoney(sum(), { name }, how), type, nullable: true };
}

/** Days since 1900 added to `datetime` and `smalldatetime`, and taken from them. */
function dateArithmetic(left: Typed, right: Typed, use: OperatorUse): Typed {
  const [a, b] = [knownType(left), knownType(right)];
  if (use.operator !== '+' && use.operator !== '-') throw invalidOperand(familyOf(a) === 'legacy-time' ? a : b, use);
  for (const side of [a, b]) {
    const family = familyOf(side);
    if (family === 'date' || family === 'time' || family === 'modern-time') throw incompatible(a, b, use);
    if (family === 'guid') throw operandClash(side, side === a ? b : a, use.place);
  }
  const type = commonType(a, b, use.place);
  const options = { explicit: false, place: use.place, dateFormat: use.dateFormat };
  const whole = familyOf(a) === 'legacy-time' && familyOf(b) === 'integer';
  const from = castTo(left, type, options).sql;
  const sign = use.operator;
  const days = `CAST(${b.name === 'bit' ? `CAST(${right.sql} AS INTEGER)` : right.sql} AS INTEGER)`;
  const sum = whole
    ? `(${from} ${sign} to_days(${days}))`
    : ticks(`(${from} ${sign} to_microseconds(epoch_us(${castTo(right, type, options).sql}) + 2208988800000000))`);
  const sql = bound('moment', sum, (moment) => {
    const overflow = failing(8115, `Arithmetic overflow error converting expression to data type ${type.name}.`);
    const [least, most] = type.name === 'datetime' ? ['1753-01-01', '10000-01-01'] : ['1900-01-01', '2079-06-07'];
    return `CASE WHEN ${moment} IS NULL THEN NULL WHEN ${moment} >= TIMESTAMP '${least}' AND ${moment} < TIMESTAMP '${most}' THEN ${moment} ELSE ${overflow} END`;
  });
  return { sql, type, nullable: left.nullable || right.nullable };
}

function bits(left: Typed, right: Typed, use: OperatorUse): Typed {
  const [a, b] = [knownType(left), knownType(right)];
  for (const side of [a, b]) if (familyOf(side) !== 'integer') throw incompatible(a, b, use);
  const type = commonType(a, b, use.place);
  const work = type.name === 'bit' ? 'INTEGER' : duckDbTypeOf(type);
  const [x, y] = [`CAST(${left.sql} AS ${work})`, `CAST(${right.sql} AS ${work})`];
  const made = use.operator === '^' ? `xor(${x}, ${y})` : `(${x} ${use.operator} ${y})`;
  return { sql: type.name === 'bit' ? `(${made} <> 0)` : made, type, nullable: left.nullable || right.nullable };
}

/** `-x`, `+x`, `~x`. Fault 8117. */
export function unary(operator: '+' | '-' | '~', value: Typed, place: Place): Typed {
  const type = knownType(value);
  const wrong = (word: string): Error => sqlError(8117, `Operand data type ${typeWord(type)} is invalid for ${word} operator.`, { place });
  if (operator === '+') {
    if (!isNumeric(type) && !isText(type)) throw wrong('plus');
    return value;
  }
  if (operator === '~') {
    if (familyOf(type) !== 'integer') throw wrong("'~'");
    const sql =
      type.name === 'bit' ? `(NOT ${value.sql})` : type.name === 'tinyint' ? `xor(${value.sql}, CAST(255 AS UTINYINT))` : `(~${value.sql})`;
    return { sql, type, nullable: value.nullable };
  }
  if (!isNumeric(type) || type.name === 'bit') throw wrong('minus');
  if (value.type === undefined) return value;
  const result: TsqlType = type.name === 'tinyint' ? { name: 'smallint' } : type;
  const literal =
    value.literal && (value.literal.kind === 'integer' || value.literal.kind === 'decimal') ? negated(value.literal) : undefined;
  return { sql: `(-CAST(${value.sql} AS ${duckDbTypeOf(result)}))`, type: result, nullable: value.nullable, literal };
}

function negated(known: NonNullable<Typed['literal']>): Typed['literal'] {
  return { kind: known.kind, text: known.text.startsWith('-') ? known.text.slice(1) : `-${known.text}` };
}
