import { expect, test } from 'vitest';
import { parseTablePatterns } from './table-patterns.ts';

test('a pattern takes tables by schema and name, with wildcards', () => {
  const patterns = parseTablePatterns('public.*, sales.order_?, !public.secret*');
  expect(patterns.matches('public', 'orders')).toBe(true);
  expect(patterns.matches('public', 'secret_keys')).toBe(false);
  expect(patterns.matches('sales', 'order_1')).toBe(true);
  expect(patterns.matches('sales', 'order_10')).toBe(false);
  expect(patterns.exact).toEqual([]);
});

test('a name with a dot, a comma or a quote stands in double quotes, and a name alone is in public', () => {
  const patterns = parseTablePatterns('"my.schema"."a,""b",plain');
  expect(patterns.exact).toMatchObject([
    { schema: 'my.schema', name: 'a,"b' },
    { schema: 'public', name: 'plain' },
  ]);
  expect(patterns.matches('my.schema', 'a,"b')).toBe(true);
});

test('characters that mean something in regular expressions mean themselves', () => {
  expect(parseTablePatterns('public.a+b').matches('public', 'aab')).toBe(false);
  expect(parseTablePatterns('public.a+b').matches('public', 'a+b')).toBe(true);
});

test('what is no pattern is refused by name', () => {
  expect(() => parseTablePatterns('a.b.c')).toThrow('a.b.c');
  expect(() => parseTablePatterns('')).toThrow('no table pattern');
});
