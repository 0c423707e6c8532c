import { expect, test } from 'vitest';
import { lineOf } from '../channel.ts';
import { readFromWorker } from './job-shapes.ts';

const said = (moved: unknown): ReturnType<typeof readFromWorker> =>
  readFromWorker(Buffer.from(JSON.stringify({ kind: 'event', event: { kind: 'moved', moved } })));

test('what a worker moved is two whole numbers, and nothing else that it says there is believed', () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const moved of [
    { sent: 0, received: 0 },
    { sent: 12, received: most },
  ]) {
    const line = lineOf({ kind: 'event', event: { kind: 'moved', moved } });
    expect(readFromWorker(Buffer.from(line))).toEqual({ kind: 'event', event: { kind: 'moved', moved } });
  }
  for (const wrong of [-1, 0.5, most + 1, '12', null, undefined]) {
    expect(said({ sent: wrong, received: 0 })).toBe('an event whose moved.sent is wrong');
    expect(said({ sent: 0, received: wrong })).toBe('an event whose moved.received is wrong');
  }
  expect(said({ sent: 1, received: 2, secret: 'x' })).toEqual({ kind: 'event', event: { kind: 'moved', moved: { sent: 1, received: 2 } } });
});
