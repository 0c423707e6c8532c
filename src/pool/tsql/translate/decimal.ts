import { notSupported } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { bound, failing } from './sql-text.ts';
import { asDecimal, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';
import { decimalType } from './literal.ts';

export interface DecimalType {
  readonly name: 'decimal';
  readonly precision: number;
  readonly scale: number;
}

/** SQL Server's rule for the precision and scale of what an operator gives, and for what is cut at 38 digits. */
export function decimalResult(a: DecimalType, b: DecimalType, operator: string): DecimalType {
  const [wholeA, wholeB] = [a.precision - a.scale, b.precision - b.scale];
  switch (operator) {
    case '+':
    case '-': {
      const scale = Math.max(a.scale, b.scale);
      const whole = Math.max(wholeA, wholeB);
      const precision = whole + scale + 1;
      if (precision <= 38) return { name: 'decimal', precision, scale };
      return { name: 'decimal', precision: 38, scale: whole < 38 - scale ? scale : Math.max(0, 38 - whole) };
    }
    case '*':
      return reduced(a.precision + b.precision + 1, a.scale + b.scale);
    case '/': {
      const scale = Math.max(6, a.scale + b.precision + 1);
      return reduced(wholeA + b.scale + scale, scale);
    }
    default: {
      const scale = Math.max(a.scale, b.scale);
      return { name: 'decimal', precision: Math.min(38, Math.max(1, Math.min(wholeA, wholeB) + scale)), scale };
    }
  }
}

function reduced(precision: number, scale: number): DecimalType {
  if (precision <= 38) return { name: 'decimal', precision, scale };
  const whole = precision - scale;
  return { name: 'decimal', precision: 38, scale: whole <= 32 ? Math.min(scale, 38 - whole) : Math.min(scale, 6) };
}

/** A number as an operand of decimals: a constant whole number has the digits that it has. */
function operandType(value: Typed): DecimalType {
  if (value.literal?.kind === 'integer') return decimalType(value.literal.text);
  return asDecimal(knownType(value));
}

const sqlType = (type: DecimalType): string => `DECIMAL(${type.precision},${type.scale})`;

/** Of two numbers whose common type is decimal. */
export function decimalArithmetic(left: Typed, right: Typed, operator: string): { readonly sql: string; readonly type: TsqlType } {
  const [a, b] = [operandType(left), operandType(right)];
  const type = decimalResult(a, b, operator);
  const [x, y] = [`CAST(${left.sql} AS ${sqlType(a)})`, `CAST(${right.sql} AS ${sqlType(b)})`];
  const nonZero = (sql: string): string =>
    right.literal !== undefined && /[1-9]/.test(right.literal.text)
      ? sql
      : bound(
          'divisor',
          sql,
          (value) => `CASE WHEN ${value} = 0 THEN ${failing(8134, 'Divide by zero error encountered.')} ELSE ${value} END`,
        );
  if (operator === '/') return { sql: quotient({ sql: x, type: a }, { sql: y, type: b }, { type, nonZero }), type };
  if (operator === '*' && a.scale + b.scale > 38)
    throw notSupported('A product of more than 38 digits after the point', { line: 1 }, 'CAST the factors to a smaller scale.');
  const made = operator === '%' ? `${x} % ${nonZero(y)}` : `${x} ${operator} ${y}`;
  return { sql: `CAST(${made} AS ${sqlType(type)})`, type };
}

interface Operand {
  readonly sql: string;
  readonly type: DecimalType;
}

/** Exact, and cut after the scale's digits, as SQL Server's is: whole numbers are divided. */
export function quotient(a: Operand, b: Operand, into: { readonly type: DecimalType; readonly nonZero: (sql: string) => string }): string {
  const { precision, scale } = into.type;
  const shift = scale + b.type.scale - a.type.scale;
  const up = shift > 0 ? ` * CAST('1${'0'.repeat(shift)}' AS HUGEINT)` : '';
  const down = shift < 0 ? ` * CAST('1${'0'.repeat(-shift)}' AS HUGEINT)` : '';
  const whole = `(${unscaled(a)}${up} // ${into.nonZero(`${unscaled(b)}${down}`)})`;
  return asScaled(whole, { precision, scale });
}

/** A whole number as the digits of a decimal. */
export function asScaled(sql: string, type: { readonly precision: number; readonly scale: number }): string {
  const target = `DECIMAL(${type.precision},${type.scale})`;
  if (type.scale === 0) return `CAST(${sql} AS ${target})`;
  const unit = `CAST('0.${'1'.padStart(type.scale, '0')}' AS DECIMAL(${type.scale},${type.scale}))`;
  return `CAST(CAST(${sql} AS DECIMAL(38,0)) * ${unit} AS ${target})`;
}

/** All digits of a decimal as a whole number. */
export function unscaled(value: Operand): string {
  const { precision, scale } = value.type;
  if (scale === 0) return `CAST(${value.sql} AS HUGEINT)`;
  if (precision + scale <= 38) return `CAST(${value.sql} * CAST('1${'0'.repeat(scale)}' AS DECIMAL(${scale + 1},0)) AS HUGEINT)`;
  return `CAST(replace(CAST(${value.sql} AS VARCHAR), '.', '') AS HUGEINT)`;
}
