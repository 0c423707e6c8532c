import { expect, test } from 'vitest';
import { bytesText, countText, shortCountText } from './quantity-words.ts';

test('numbers as people read them', () => {
  expect(countText(1_234_567)).toBe('1,234,567');
  expect(shortCountText(999)).toBe('999');
  expect(shortCountText(1_234_567)).toBe('1.23 M');
  expect(shortCountText(999_999)).toBe('1 M');
  expect(bytesText(0)).toBe('0 B');
  expect(bytesText(1_536)).toBe('1.5 KiB');
  expect(bytesText(5 * 1024 ** 3)).toBe('5 GiB');
});
