import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayOf, dayText, lastDay, offsetOf, offsetText, timeOf, timeText } from './calendar.ts';

test.for([
  [0, '0001-01-01'],
  [58, '0001-02-28'],
  [59, '0001-03-01'],
  [693_595, '1900-01-01'],
  [719_162, '1970-01-01'],
  [730_178, '2000-02-29'],
  [738_944, '2024-02-29'],
  [lastDay, '9999-12-31'],
] as const)('day %i is %s', ([day, text]) => {
  expect(dayText(day)).toBe(text);
  expect(dayOf(text)).toBe(day);
});

test('days are those of the calendar, and one follows the other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: lastDay }), (day) => {
      const text = dayText(day);
      expect(dayOf(text)).toBe(day);
      expect(new Date(`${text}T00:00:00Z`).toISOString().slice(0, 10)).toBe(text);
      expect(Date.parse(`${text}T00:00:00Z`) / 86_400_000).toBe(day - 719_162);
    }),
  );
});

test.for(['2023-02-29', '1900-02-29', '2024-13-01', '2024-00-01', '2024-01-32', '0000-01-01', '2024-1-1', 'now', ''])(
  '%s is no day',
  (text) => {
    expect(dayOf(text)).toBe(undefined);
  },
);

test('times of every scale', () => {
  fc.assert(
    fc.property(
      fc.nat(7).chain((scale) => fc.tuple(fc.constant(scale), fc.nat(86_400 * 10 ** scale - 1))),
      ([scale, units]) => {
        expect(timeOf(timeText(units, scale), scale)).toBe(units);
      },
    ),
  );
  expect(timeOf('10:11', 0)).toBe(36_660);
  expect(timeOf('10:11:12.1000', 1)).toBe(366_721);
  for (const text of ['24:00:00', '10:60:00', '10:11:60', '1:11:12', '10:11:12.15']) expect(timeOf(text, 1)).toBe(undefined);
});

test('offsets', () => {
  for (let minutes = -840; minutes <= 840; minutes += 1) expect(offsetOf(offsetText(minutes))).toBe(minutes);
  expect(offsetOf('-00:00')).toBe(0);
  for (const text of ['+14:01', '+01:60', '01:00', '']) expect(offsetOf(text)).toBe(undefined);
});
