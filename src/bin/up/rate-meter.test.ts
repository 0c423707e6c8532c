import { expect, test } from 'vitest';
import { RateMeter } from './rate-meter.ts';

test('a steady rate is told, and forgotten five seconds after it ends', () => {
  const meter = new RateMeter();
  expect(meter.perSecond(1_000_000)).toBe(0);
  for (let ms = 0; ms < 20_000; ms += 100) meter.add(5, 1_000_000 + ms);
  expect(meter.perSecond(1_020_000)).toBeGreaterThan(45);
  expect(meter.perSecond(1_020_000)).toBeLessThanOrEqual(50);
  expect(meter.perSecond(1_026_000)).toBe(0);
});

test('a rate that has only begun is not blown up', () => {
  const meter = new RateMeter();
  meter.add(10, 5_000);
  expect(meter.perSecond(5_001)).toBe(10);
});
