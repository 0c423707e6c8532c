import { expect, test } from 'vitest';
import { atRest, ratesBetween, sumOf } from './rates.ts';
import type { Counted, Counters } from './topology-shape.ts';

const counted = (id: string, bytesIn: number, bytesOut: number, open = 1): Counted => ({
  id,
  connections: 1,
  open,
  refused: 0,
  bytesIn,
  bytesOut,
});

const reading = (atMs: number, edges: readonly Counted[], began = 'first'): Counters => ({ began, atMs, nodes: [], edges });

test('what moved between two readings is told for a second', () => {
  const rates = ratesBetween(reading(1_000, [counted('e', 100, 50)]), reading(1_500, [counted('e', 600, 50, 3)]));
  expect(rates.get('e')).toEqual({ inPerSecond: 1_000, outPerSecond: 0, open: 3 });
});

test('the first reading, and the first after a new start, show what is open and nothing that passes', () => {
  const first = ratesBetween(undefined, reading(9_000, [counted('e', 1_000_000, 5, 2)]));
  expect(first.get('e')).toEqual({ inPerSecond: 0, outPerSecond: 0, open: 2 });
  const again = ratesBetween(reading(1_000, [counted('e', 100, 50)]), reading(2_000, [counted('e', 900, 90)], 'second'));
  expect(again.get('e')).toMatchObject({ inPerSecond: 0, outPerSecond: 0 });
});

test('what is counted for the first time has moved just now', () => {
  const rates = ratesBetween(reading(1_000, []), reading(2_000, [counted('new', 500, 20)]));
  expect(rates.get('new')).toMatchObject({ inPerSecond: 500, outPerSecond: 20 });
});

test('after a long silence what moved is not spread over the silence', () => {
  const rates = ratesBetween(reading(1_000, [counted('e', 0, 0)]), reading(61_000, [counted('e', 1_500, 0)]));
  expect(rates.get('e')?.inPerSecond).toBe(1_000);
});

test('readings at nearly the same time, or with less than before, give no infinite and no negative rates', () => {
  const rates = ratesBetween(reading(1_000, [counted('e', 10, 10)]), reading(1_000, [counted('e', 20, 5)]));
  expect(rates.get('e')).toMatchObject({ inPerSecond: 100, outPerSecond: 0 });
});

test('several edges are one sum, and at rest only what is open stays', () => {
  const before = reading(0, [counted('a', 0, 0), counted('b', 0, 0)]);
  const rates = ratesBetween(before, reading(1_000, [counted('a', 10, 1), counted('b', 5, 2, 4)]));
  expect(sumOf(rates, ['a', 'b', 'unknown'])).toEqual({ inPerSecond: 15, outPerSecond: 3, open: 5 });
  expect(sumOf(atRest(rates), ['a', 'b'])).toEqual({ inPerSecond: 0, outPerSecond: 0, open: 5 });
});
