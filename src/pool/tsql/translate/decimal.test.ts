import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectEngine } from '#test/tsql/evaluate.ts';
import { type DecimalType, decimalResult, unscaled, wholeQuotient } from './decimal.ts';

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await connectEngine();
});
afterAll(() => connection.closeSync());

const decimal = (precision: number, scale: number): DecimalType => ({ name: 'decimal', precision, scale });

test.each([
  [decimal(10, 2), '+', decimal(5, 4), decimal(13, 4)],
  [decimal(38, 2), '+', decimal(38, 10), decimal(38, 2)],
  [decimal(18, 4), '*', decimal(18, 4), decimal(37, 8)],
  [decimal(38, 10), '*', decimal(38, 10), decimal(38, 6)],
  [decimal(18, 4), '/', decimal(18, 4), decimal(38, 20)],
  [decimal(2, 1), '/', decimal(1, 0), decimal(7, 6)],
  [decimal(38, 2), '/', decimal(10, 0), decimal(38, 6)],
  [decimal(10, 2), '%', decimal(5, 0), decimal(7, 2)],
])('%o %s %o is %o', (a, operator, b, result) => {
  expect(decimalResult(a, b, operator)).toEqual(result);
});

async function answers(sql: string): Promise<readonly string[]> {
  return (await connection.runAndReadAll(sql)).getRows().map(([value]) => String(value));
}

const whole = (digits: number): fc.Arbitrary<bigint> =>
  fc.integer({ min: 1, max: digits }).chain((size) => fc.bigInt({ min: -(10n ** BigInt(size)) + 1n, max: 10n ** BigInt(size) - 1n }));

test('whole numbers are divided exactly, cut toward zero', async () => {
  const divisor = whole(20).filter((value) => value !== 0n);
  const some = fc.array(fc.tuple(whole(38), divisor), { minLength: 100, maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(some, async (pairs) => {
      const rows = pairs.map(([n, m], at) => `(${at}, '${n}'::HUGEINT, '${m}'::HUGEINT)`).join(', ');
      const quotient = wholeQuotient('n', 'm', 38);
      const made = await answers(`SELECT CAST(${quotient} AS VARCHAR) FROM (VALUES ${rows}) AS t(place, n, m) ORDER BY place`);
      expect(made).toEqual(pairs.map(([n, m]) => String(n / m)));
    }),
    { numRuns: 5 },
  );
});

const kinds = [
  decimal(9, 2),
  decimal(15, 6),
  decimal(18, 8),
  decimal(18, 12),
  decimal(19, 4),
  decimal(30, 10),
  decimal(38, 6),
  decimal(38, 38),
];

test.each(kinds)('all digits of a %o are its whole number', async (type) => {
  await fc.assert(
    fc.asyncProperty(fc.array(whole(type.precision), { minLength: 50, maxLength: 50 }), async (values) => {
      const rows = values.map((value, at) => {
        const digits = String(value < 0n ? -value : value).padStart(type.scale + 1, '0');
        const text = `${value < 0n ? '-' : ''}${digits.slice(0, -type.scale)}.${digits.slice(-type.scale)}`;
        return `(${at}, CAST('${text}' AS DECIMAL(${type.precision},${type.scale})))`;
      });
      const digits = unscaled({ sql: 'd', type });
      const made = await answers(`SELECT CAST(${digits} AS VARCHAR) FROM (VALUES ${rows.join(', ')}) AS t(place, d) ORDER BY place`);
      expect(made).toEqual(values.map(String));
    }),
    { numRuns: 3 },
  );
});
