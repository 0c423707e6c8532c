import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bin, grains, Series } from './series.ts';
import { SeriesStore } from './series-store.ts';

const startMs = Date.parse('2026-03-01T12:00:00Z');

test('levels of an interval are put together exactly, at every grain', () => {
  const value = fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((one) => one + 0);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 600 }), value), { maxLength: 80 }), fc.constantFrom(0, 1, 2), (points, grain) => {
      const series = new Series('level', {}, { bytes: 0 });
      const stepMs = grains[grain]!.stepMs;
      for (const [second, level] of points.toSorted(([one], [other]) => one - other)) series.record(startMs + second * 1_000, level);
      const bins = series.read({ grain, fromMs: startMs, stepMs, count: Math.ceil(601_000 / stepMs) });
      for (const [i, bin] of bins.entries()) {
        const here = points.filter(([second]) => Math.floor((second * 1_000) / stepMs) === i).map(([, level]) => level);
        expect(bin?.count ?? 0).toBe(here.length);
        if (here.length === 0) continue;
        expect([bin?.least, bin?.most]).toEqual([Math.min(...here), Math.max(...here)]);
        expect(bin?.sum).toBeCloseTo(
          here.reduce((sum, one) => sum + one, 0),
          0,
        );
      }
    }),
  );
});

test('an amount that is nothing takes no memory, and is not the same as nothing known', () => {
  const held = { bytes: 0 };
  const series = new Series('amount', {}, held);
  for (let second = 10; second < 20; second += 1) series.record(startMs + second * 1_000, 0);
  expect(held.bytes).toBe(0);
  const read = (): readonly (Bin | undefined)[] => series.read({ grain: 0, fromMs: startMs, stepMs: 10_000, count: 3 });
  expect(read().map((bin) => bin?.sum)).toEqual([undefined, 0, undefined]);
  series.record(startMs + 19_000, 7);
  series.record(startMs + 25_000, 2);
  expect(read().map((bin) => bin?.sum)).toEqual([undefined, 7, 2]);
});

test('what is older than a grain keeps is gone, and its memory with it', () => {
  const held = { bytes: 0 };
  const series = new Series('level', {}, held);
  for (let second = 0; second < 8 * 3_600; second += 1) series.record(startMs + second * 1_000, second);
  const seconds = series.read({ grain: 0, fromMs: startMs, stepMs: 1_000, count: 8 * 3_600 }).filter((bin) => bin !== undefined).length;
  expect(seconds).toBeGreaterThanOrEqual(15 * 60);
  expect(seconds).toBeLessThan(15 * 60 + 2 * 64);
  const minutes = series.read({ grain: 2, fromMs: startMs, stepMs: 60_000, count: 480 });
  expect(minutes[0]).toEqual({ sum: (59 * 60) / 2, least: 0, most: 59, count: 60 });
  expect(minutes.every((bin) => bin?.count === 60)).toBe(true);
  expect(held.bytes).toBe(series.bytes);
  expect(held.bytes).toBeLessThan(200_000);
});

test('all series together stay within bounds: the silent go first, then what is oldest', () => {
  const store = new SeriesStore(300_000);
  const key = (resource: string): { resource: string; metric: string; dimensions: Record<string, string> } => ({
    resource: `/r/${resource}`,
    metric: 'm',
    dimensions: {},
  });
  for (let second = 0; second < 60; second += 1) store.record(key('silent'), 'level', { atMs: startMs + second * 1_000, value: 1 });
  for (let second = 1_000; second < 6_000; second += 1)
    for (const resource of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
      store.record(key(resource), 'level', { atMs: startMs + second * 1_000, value: second });
  expect(store.bytes).toBeLessThanOrEqual(300_000);
  expect(store.of('/R/Silent', 'm')).toEqual([]);
  const nowMs = startMs + 5_940_000;
  for (const resource of ['a', 'h']) {
    const [series] = store.of(`/r/${resource}`, 'm');
    expect(series?.read({ grain: 0, fromMs: nowMs, stepMs: 60_000, count: 1 })[0]?.count).toBe(60);
  }
  for (const resource of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) store.forget(`/r/${resource.toUpperCase()}`);
  expect(store.bytes).toBe(0);
});
