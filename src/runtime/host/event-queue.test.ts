import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import type { JobEvent, LinkReport } from '../job.ts';
import { Allowance, EventQueue } from './event-queue.ts';

const report: LinkReport = {
  following: true,
  tables: [],
  position: null,
  heldBytes: null,
  headroomBytes: null,
  findings: [],
  trouble: null,
  heardMs: null,
  recopies: { asked: 0, open: [] },
};
const begun: JobEvent = { kind: 'begun' };
const linkAt = (position: string): JobEvent => ({ kind: 'link', report: { ...report, position } });

async function all(queue: EventQueue): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of queue) events.push(event);
  return events;
}

test('events come in order, and of reports that wait the latest', async () => {
  const queue = new EventQueue();
  for (const event of [begun, linkAt('1'), linkAt('2'), linkAt('3')]) expect(queue.put(event, 10)).toBe(true);
  queue.end(undefined);
  expect(await all(queue)).toEqual([begun, linkAt('3')]);
});

test('of what was moved the latest is kept too, between reports', async () => {
  const queue = new EventQueue();
  const movedUntil = (sent: number): JobEvent => ({ kind: 'moved', moved: { sent, received: 2 * sent } });
  for (const sent of [1, 2, 3]) {
    expect(queue.put(movedUntil(sent), 60_000_000)).toBe(true);
    expect(queue.put(linkAt(String(sent)), 10)).toBe(true);
  }
  queue.put({ kind: 'done' }, 10);
  queue.end(undefined);
  expect(await all(queue)).toEqual([movedUntil(3), linkAt('3'), { kind: 'done' }]);
});

test('whoever waits is told at once, and what comes before a fault is told before it', async () => {
  const queue = new EventQueue();
  const events = queue[Symbol.asyncIterator]();
  const first = events.next();
  queue.put(begun, 10);
  expect(await first).toEqual({ value: begun, done: false });
  queue.put(linkAt('1'), 10);
  queue.end(fault('unreachable', 'Lost', 'It is lost.'));
  queue.end(undefined);
  expect(await events.next()).toEqual({ value: linkAt('1'), done: false });
  await expect(events.next()).rejects.toMatchObject({ code: 'Lost' });
});

test('so much waits and no more, in number and in bytes; what is read makes room', async () => {
  const queue = new EventQueue();
  for (let count = 0; count < 10_000; count++) expect(queue.put(begun, 1)).toBe(true);
  expect(queue.put(begun, 1)).toBe(false);
  const large = new EventQueue();
  expect(large.put(begun, 60 * 1024 * 1024)).toBe(true);
  expect(large.put(begun, 60 * 1024 * 1024)).toBe(false);
  await large[Symbol.asyncIterator]().next();
  expect(large.put(begun, 60 * 1024 * 1024)).toBe(true);
});

test('an allowance is a burst, and then so many a second', () => {
  let nowMs = 0;
  const allowance = new Allowance(3, 8, () => nowMs);
  expect([1, 2, 3, 4].map(() => allowance.take())).toEqual([undefined, undefined, undefined, 125]);
  nowMs = 62.5;
  expect(allowance.take()).toBe(63);
  nowMs = 125;
  expect([allowance.take(), allowance.take()]).toEqual([undefined, 125]);
  nowMs = 60_000;
  expect([allowance.charge(2), allowance.charge(5)]).toEqual([0, 500]);
  nowMs = 120_000;
  expect([1, 2, 3, 4].map(() => allowance.take())).toEqual([undefined, undefined, undefined, 125]);
});
