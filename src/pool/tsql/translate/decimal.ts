import { notSupported } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { bound, boundAll, failing } from './sql-text.ts';
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
  if (value.literal?.kind === 'integer' && value.literal.cast !== true) return decimalType(value.literal.text);
  return asDecimal(knownType(value));
}

const sqlType = (type: DecimalType): string => `DECIMAL(${type.precision},${type.scale})`;

/** Of two numbers whose common type is decimal. */
export function decimalArithmetic(left: Typed, right: Typed, operator: string): { readonly sql: string; readonly type: TsqlType } {
  const [a, b] = [operandType(left), operandType(right)];
  const type = decimalResult(a, b, operator);
  // DuckDB keeps what two short decimals give in 18 digits, unless one of them has more.
  const digits =
    operator === '*' ? a.precision + b.precision : Math.max(a.precision - a.scale, b.precision - b.scale) + Math.max(a.scale, b.scale) + 1;
  const first = digits > 18 && a.precision < 19 && operator !== '/' ? { ...a, precision: 19 } : a;
  const [x, y] = [`CAST(${left.sql} AS ${sqlType(first)})`, `CAST(${right.sql} AS ${sqlType(b)})`];
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
function quotient(a: Operand, b: Operand, into: { readonly type: DecimalType; readonly nonZero: (sql: string) => string }): string {
  const { precision, scale } = into.type;
  const shift = scale + b.type.scale - a.type.scale;
  const up = shift > 0 ? ` * CAST('1${'0'.repeat(shift)}' AS HUGEINT)` : '';
  const down = shift < 0 ? ` * CAST('1${'0'.repeat(-shift)}' AS HUGEINT)` : '';
  return asScaled(wholeQuotient(`${unscaled(a)}${up}`, into.nonZero(`${unscaled(b)}${down}`), precision), { precision, scale });
}

/**
 * Two whole numbers divided, cut toward zero. DuckDB divides HUGEINTs bit by bit, ten times slower than this: a quotient of doubles, then what
 * is left divided again until all of `digits` are right, then one step back where that went too far.
 */
export function wholeQuotient(n: string, m: string, digits: number): string {
  return boundAll({ n, m }, (whole) => {
    const ratio = (left: string): string => `CAST(CAST(${left} AS DOUBLE) / CAST(${whole.m} AS DOUBLE) AS HUGEINT)`;
    const nearer = (guess: string): string => `(${guess} + ${ratio(`${whole.n} - ${guess} * ${whole.m}`)})`;
    const last = (guess: string): string =>
      bound('quotient', nearer(guess), (q) => {
        const rest = `(${whole.n} - ${q} * ${whole.m})`;
        const step = `CASE WHEN (${whole.n} < 0) = (${whole.m} < 0) THEN 1 ELSE -1 END`;
        return `CASE WHEN (${whole.n} > 0 AND ${rest} < 0) OR (${whole.n} < 0 AND ${rest} > 0) THEN ${q} - ${step} ELSE ${q} END`;
      });
    return bound('guess', ratio(whole.n), (guess) => (digits <= 30 ? last(guess) : bound('nearer', nearer(guess), last)));
  });
}

const unitOf = (scale: number): string => `CAST('0.${'1'.padStart(scale, '0')}' AS DECIMAL(${scale},${scale}))`;

/** A whole number as the digits of a decimal. */
export function asScaled(sql: string, type: { readonly precision: number; readonly scale: number }): string {
  const target = `DECIMAL(${type.precision},${type.scale})`;
  if (type.scale === 0) return `CAST(${sql} AS ${target})`;
  return `CAST(CAST(${sql} AS DECIMAL(38,0)) * ${unitOf(type.scale)} AS ${target})`;
}

/** All digits of a decimal as a whole number: by way of doubles where they hold it, since DuckDB takes digits off a long decimal bit by bit. */
export function unscaled(value: Operand): string {
  const { precision, scale } = value.type;
  if (scale === 0) return `CAST(${value.sql} AS HUGEINT)`;
  const ten = `CAST('1${'0'.repeat(scale)}' AS DOUBLE)`;
  const near = (sql: string): string => `CAST(round(CAST(${sql} AS DOUBLE) * ${ten}) AS HUGEINT)`;
  if (precision <= 15) return near(value.sql);
  if (precision <= 18 && scale <= 8) {
    // Both parts stay in 64 bits.
    const power = `CAST('1${'0'.repeat(scale)}' AS DECIMAL(${scale + 1},0))`;
    const part = (sql: string): string =>
      `CAST(CAST(trunc(${sql}) AS BIGINT) AS HUGEINT) * CAST('1${'0'.repeat(scale)}' AS BIGINT) + CAST(CAST(${sql} % CAST(1 AS DECIMAL(1,0)) AS DECIMAL(${scale + 1},${scale})) * ${power} AS BIGINT)`;
    return bound('decimal', value.sql, part);
  }
  if (precision > 30) return `CAST(replace(CAST(${value.sql} AS VARCHAR), '.', '') AS HUGEINT)`;
  return bound('decimal', value.sql, (decimal) =>
    bound(
      'whole',
      near(decimal),
      (whole) => `${whole} + ${near(`(CAST(${decimal} AS DECIMAL(38,${scale})) - CAST(${whole} AS DECIMAL(38,0)) * ${unitOf(scale)})`)}`,
    ),
  );
}
