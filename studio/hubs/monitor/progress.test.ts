import { expect, test } from 'vitest';
import { rateOf, rateSince, secondsLeft, shareOf, withSample, type Sample } from './progress.ts';

const gather = (...samples: readonly (readonly [number, number])[]): readonly Sample[] =>
  samples.reduce<readonly Sample[]>((all, [atMs, value]) => withSample(all, { atMs, value }), []);

test('a rate is that of the last minute', () => {
  expect(rateOf(gather([0, 0], [10_000, 500]))).toBe(50);
  expect(rateOf(gather([0, 0], [30_000, 30_000], [80_000, 30_500], [90_000, 30_600]))).toBe(10);
});

test('of too little nothing is said', () => {
  expect([rateOf([]), rateOf(gather([0, 5])), rateOf(gather([0, 5], [1_000, 9]))]).toEqual([undefined, undefined, undefined]);
});

test('readings that are far apart are compared with the one before', () => {
  expect(rateOf(gather([0, 0], [600_000, 6_000]))).toBe(10);
});

test('a count that falls began anew, and one reading at the same time adds nothing', () => {
  expect(gather([0, 100], [5_000, 40])).toEqual([{ atMs: 5_000, value: 40 }]);
  expect(gather([5_000, 40], [5_000, 41])).toEqual([{ atMs: 5_000, value: 40 }]);
});

test('what is left follows from the rate, and an estimate that was too low never says that all is done', () => {
  expect(secondsLeft({ done: 250, whole: 1_000 }, 75)).toBe(10);
  expect([
    secondsLeft({ done: 1, whole: undefined }, 5),
    secondsLeft({ done: 1, whole: 2 }, 0),
    secondsLeft({ done: 1, whole: 2 }, undefined),
  ]).toEqual([undefined, undefined, undefined]);
  expect(secondsLeft({ done: 3, whole: 2 }, 5)).toBe(0);
  expect([
    shareOf({ done: 1, whole: 4 }),
    shareOf({ done: 9, whole: 4 }),
    shareOf({ done: 1, whole: 0 }),
    shareOf({ done: 1, whole: undefined }),
  ]).toEqual([0.25, 0.999, undefined, undefined]);
});

test('before there are samples the rate is that since the beginning', () => {
  expect(rateSince(500, 0, 10_000)).toBe(50);
  expect([rateSince(500, undefined, 10_000), rateSince(500, Number.NaN, 10_000), rateSince(500, 9_000, 10_000)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
