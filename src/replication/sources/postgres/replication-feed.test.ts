import { expect, test } from 'vitest';
import { silenceMs, speakMs } from './replication-feed.ts';

test('a source that watches nothing is waited for long, and not for ever', () => {
  expect(silenceMs(0)).toBe(600_000);
  expect(speakMs(0)).toBe(10_000);
});

test('we speak well within the time that the source waits, and wait longer than it is silent', () => {
  for (const timeoutMs of [1000, 10_000, 60_000, 3_600_000]) {
    expect(speakMs(timeoutMs)).toBeLessThanOrEqual(timeoutMs / 3);
    expect(silenceMs(timeoutMs)).toBeGreaterThan(timeoutMs);
  }
});

test('however short its time, there is no storm of messages', () => {
  expect(speakMs(1)).toBe(100);
});
