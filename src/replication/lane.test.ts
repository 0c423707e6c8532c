import { expect, test } from 'vitest';
import type { Handover } from './handover.ts';
import { Lane, noteDraft } from './lane.ts';
import type { Draft } from './segment.ts';

/** A hand-over whose puts end when the test says so. */
function held(): { readonly handover: Handover; readonly ends: PromiseWithResolvers<void>[] } {
  const ends: PromiseWithResolvers<void>[] = [];
  const put = (): Promise<void> => {
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  };
  const progress = (): Promise<never> => Promise.reject(new TypeError('not asked'));
  return { handover: { put, progress, [Symbol.asyncDispose]: () => Promise.resolve() }, ends };
}

const draft = (bytes = 0): Draft => ({ ...noteDraft([]), bytes });

test('a bounded number of drafts is on its way, and durability is told in order', async () => {
  const { handover, ends } = held();
  const durable: Draft[] = [];
  const lane = new Lane(handover, { maxInFlight: 2, maxBytes: 100, onDurable: (one) => durable.push(one) });
  const [first, second] = [draft(), draft()];
  await lane.put(first);
  let room = false;
  const later = lane.put(second).then(() => {
    room = true;
  });
  expect([lane.busy, room]).toEqual([true, false]);
  ends[0]!.resolve();
  await later;
  ends[1]!.resolve();
  await lane.drain();
  expect(durable).toEqual([first, second]);
  expect(lane.busy).toBe(false);
});

test('bytes are bounded too, but one draft always passes', async () => {
  const { handover, ends } = held();
  const lane = new Lane(handover, { maxInFlight: 10, maxBytes: 100, onDurable: () => undefined });
  const big = lane.put(draft(1000));
  ends[0]!.resolve();
  await big;
  expect(lane.busy).toBe(false);
});

test('the first failure ends the lane, and nothing after it counts as durable', async () => {
  const { handover, ends } = held();
  const durable: Draft[] = [];
  const lane = new Lane(handover, { maxInFlight: 3, maxBytes: 100, onDurable: (one) => durable.push(one) });
  await lane.put(draft());
  await lane.put(draft());
  const why = new TypeError('disk');
  ends[0]!.reject(why);
  ends[1]!.resolve();
  await expect(lane.drain()).rejects.toBe(why);
  await expect(lane.put(draft())).rejects.toBe(why);
  expect(durable).toEqual([]);
});
