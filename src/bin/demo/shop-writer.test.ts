import { expect, test } from 'vitest';
import { nextDeed } from './shop-writer.ts';

/** A small generator with a seed (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

test('every kind of transaction comes, and the same seed gives the same shop day', () => {
  const shop = { customers: 10, products: 10 };
  const day = (seed: number): string[] => {
    const random = seeded(seed);
    return Array.from({ length: 500 }, () => nextDeed(random, shop));
  };
  expect(day(1)).toEqual(day(1));
  const all = day(1).join('\n');
  for (const text of [
    'INSERT INTO orders',
    'DELETE FROM orders',
    'INSERT INTO payments',
    'INSERT INTO page_views',
    'SET warehouse = warehouse + 10',
    'ROLLBACK',
    'ON CONFLICT',
    'UPDATE products',
  ])
    expect(all).toContain(text);
  expect(all).not.toMatch(/undefined|NaN/);
});
