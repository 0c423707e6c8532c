import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countedAddress, throttle } from './throttle.ts';

test('the first failures are free, each further one costs twice as long, up to the longest pause', () => {
  let nowMs = 0;
  const table = throttle({ free: 3, longestPauseMs: 10_000, now: () => nowMs });
  const waits: (number | undefined)[] = [];
  for (let i = 0; i < 9; i += 1) {
    table.failed('a');
    waits.push(table.waitSeconds('a'));
    nowMs += (waits.at(-1) ?? 0) * 1_000;
    expect(table.waitSeconds('a')).toBeUndefined();
  }
  expect(waits).toEqual([undefined, undefined, undefined, 1, 2, 4, 8, 10, 10]);
  expect(table.takeHeldUp('a')).toBe(6);
  expect(table.takeHeldUp('a')).toBe(0);
});

test('others are not held up, and success or time forgives', () => {
  let nowMs = 0;
  const table = throttle({ free: 0, forgetMs: 60_000, now: () => nowMs });
  table.failed('a');
  expect(table.waitSeconds('a')).toBe(1);
  expect(table.waitSeconds('b')).toBeUndefined();
  table.succeeded('a');
  expect(table.waitSeconds('a')).toBeUndefined();
  table.failed('a');
  nowMs += 60_000;
  table.failed('a');
  expect(table.waitSeconds('a')).toBe(1);
});

test('whatever happens, it remembers no more than it may and waits are whole seconds of at least 1', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(5_000))), (steps) => {
      let nowMs = 0;
      const table = throttle({ free: 0, maxKeys: 5, now: () => nowMs });
      for (const [key, ms] of steps) {
        nowMs += ms;
        table.failed(String(key));
        const wait = table.waitSeconds(String(key));
        expect(Number.isInteger(wait) && wait! >= 1).toBe(true);
      }
      const held = Array.from({ length: 21 }, (_, key) => table.waitSeconds(String(key))).filter((wait) => wait !== undefined);
      expect(held.length).toBeLessThanOrEqual(5);
    }),
  );
});

test('addresses of one customer count as one', () => {
  expect(countedAddress('192.0.2.7')).toBe('192.0.2.7');
  expect(countedAddress('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(countedAddress('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(countedAddress('2001:db8:1:2::9')).toBe('2001:db8:1:2::/64');
  expect(countedAddress('2001:db8::9')).toBe('2001:db8:0:0::/64');
  expect(countedAddress('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(countedAddress('::1')).toBe('0:0:0:0::/64');
});
