import { expect, test } from 'vitest';
import { soleElement } from './alteration.ts';

test('the one element of an array is read out of its text', () => {
  expect(soleElement('{42}')).toBe('42');
  expect(soleElement('{"a \\"quoted\\" \\\\ value"}')).toBe('a "quoted" \\ value');
  expect(soleElement('{""}')).toBe('');
  expect(soleElement('{"{1,2}"}')).toBe('{1,2}');
});
