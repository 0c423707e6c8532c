import { expect, test } from 'vitest';
import { agoText, durationText } from './time-words.ts';

test('times are said by the largest unit', () => {
  const now = Date.UTC(2026, 10, 29, 12);
  expect(agoText(now - 3 * 60_000, now)).toBe('3 minutes ago');
  expect(agoText(now + 2 * 3_600_000, now)).toBe('in 2 hours');
  expect(agoText(now, now)).toBe('now');
  expect(agoText(now - 90_000_000, now)).toBe('yesterday');
});

test('durations are said in at most two units', () => {
  expect(durationText(0.85)).toBe('850 ms');
  expect(durationText(4 * 60 + 5)).toBe('4 min 5 s');
  expect(durationText(3_780)).toBe('1 h 3 min');
  expect(durationText(3_600)).toBe('1 h');
  expect(durationText(90_061)).toBe('1 d 1 h');
});
