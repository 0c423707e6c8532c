import { expect, test } from 'vitest';
import { liveChanges, livePauseMs, type LiveClock } from './live-changes.ts';

/** Time that stands still until it is moved. */
function standingClock(): LiveClock & { pass(ms: number): void } {
  let nowMs = 0;
  const waiting = new Set<{ atMs: number; wake: () => void }>();
  return {
    timer: (ms, wake) => {
      const one = { atMs: nowMs + ms, wake };
      waiting.add(one);
      return () => void waiting.delete(one);
    },
    pass: (ms) => {
      nowMs += ms;
      for (const one of [...waiting].filter(({ atMs }) => atMs <= nowMs)) if (waiting.delete(one)) one.wake();
    },
  };
}

test('the first ring is told at once, those that follow as one after a pause, and then again none', () => {
  const clock = standingClock();
  using live = liveChanges(clock);
  const told: string[] = [];
  live.onLive(({ id, type }) => void told.push(`${id} ${type}`));
  live.ring('/A', 'T/a');
  expect(told).toEqual(['/A T/a']);
  for (let n = 0; n < 100; n += 1) live.ring('/a', 'T/a');
  expect(told).toHaveLength(1);
  live.ring('/b', 'T/b');
  expect(told).toEqual(['/A T/a', '/b T/b']);
  clock.pass(livePauseMs - 1);
  expect(told).toHaveLength(2);
  clock.pass(1);
  expect(told).toEqual(['/A T/a', '/b T/b', '/a T/a']);
  clock.pass(livePauseMs);
  live.ring('/A', 'T/a');
  expect(told).toHaveLength(4);
});

test('rung without end a resource is told of twice a second', () => {
  const clock = standingClock();
  using live = liveChanges(clock);
  let told = 0;
  const end = live.onLive(() => (told += 1));
  for (let ms = 0; ms < 10_000; ms += 10) {
    live.ring('/a', 'T/a');
    clock.pass(10);
  }
  expect(told).toBeGreaterThan(18);
  expect(told).toBeLessThanOrEqual(21);
  end();
  live.ring('/c', 'T/a');
  expect(told).toBeLessThanOrEqual(21);
});

test('disposed it tells nothing more', () => {
  const clock = standingClock();
  const live = liveChanges(clock);
  let told = 0;
  live.onLive(() => (told += 1));
  live.ring('/a', 'T/a');
  live.ring('/a', 'T/a');
  live[Symbol.dispose]();
  clock.pass(livePauseMs);
  expect(told).toBe(1);
});
