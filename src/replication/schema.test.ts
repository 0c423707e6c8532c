import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasReached, identityOf, makePosition, parsePosition, placeOf } from './position.ts';
import { quoteIdentifier, quoteLiteral, tableName } from './schema.ts';

test('a table has one name, and no two tables share one', () => {
  expect(tableName('public', 'orders')).toBe('public.orders');
  expect(tableName('Sales', 'a.b')).toBe('"Sales"."a.b"');
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      (a, b, c, d) => {
        expect(tableName(a, b) === tableName(c, d)).toBe(a === c && b === d);
      },
    ),
  );
});

test('quoting leaves no way out', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(quoteIdentifier(text).slice(1, -1).replaceAll('""', '')).not.toContain('"');
      expect(quoteLiteral(text).slice(1, -1).replaceAll("''", '')).not.toContain("'");
    }),
  );
});

test('places of one log sort as they lie', () => {
  const at = (n: number): ReturnType<typeof makePosition> => makePosition('pg/7/1/slot', n.toString(16).padStart(16, '0'));
  expect([identityOf(at(5)), placeOf(at(5))]).toEqual(['pg/7/1/slot', '0000000000000005']);
  expect([hasReached(at(255), at(256)), hasReached(at(256), at(256)), hasReached(undefined, at(0))]).toEqual([false, true, false]);
  expect(() => parsePosition('nonsense')).toThrow('cannot be read');
});
