import { expect, test } from 'vitest';
import { pageRows } from './pages.ts';

test('a page holds whole groups of rows of a column store, or as many rows as fit it', () => {
  expect(pageRows(2 ** 26, 24)).toBe(23 * 122_880);
  expect(pageRows(2 ** 26, 120)).toBe(5 * 122_880);
  expect(pageRows(2 ** 26, 270)).toBe(2 * 122_880);
  expect(pageRows(2 ** 26, 600)).toBe(Math.round(2 ** 26 / 600));
  expect(pageRows(2 ** 26, 1e6)).toBe(1000);
});
