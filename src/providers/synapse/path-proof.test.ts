import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Passed } from '#fabric/engine.ts';
import { passedSince, pathProof, unknownProof, type PathSides } from './path-proof.ts';
import { newPathRecord, pathRecordShape, withProof, type PathRecord } from './path-record.ts';

const worker = { job: 'link', run: 2, since: '2026-11-22T06:00:00.000Z', isolated: true, engine: 'kernel' } as const;
const at = '2026-11-22T06:01:00.000Z';

/** By endpoint `e`, and elsewhere. */
function passed(
  bytesIn: number,
  bytesOut: number,
  more: { readonly out?: number; readonly refused?: number; readonly open?: number } = {},
): Passed {
  const { out = 0, refused = 0, open = 0 } = more;
  const ways = bytesIn + bytesOut === 0 ? [] : [{ endpoint: 'e', connections: 2, open, bytesIn, bytesOut }];
  const outside = { endpoint: undefined, connections: 1, open: 0, bytesIn: out, bytesOut: 0 };
  return { ways: out === 0 ? ways : [outside, ...ways], refused };
}

const sides = (more: Partial<PathSides> = {}): PathSides => ({
  worker,
  at,
  said: { sent: 100, received: 200, at },
  end: 'told',
  before: passed(100, 200),
  after: passed(100, 200),
  tried: 0,
  incidents: undefined,
  ...more,
});
const says = (sent: number, received: number): Pick<PathSides, 'said'> => ({ said: { sent, received, at } });
const verdictOf = (more: Partial<PathSides>): string => pathProof(sides(more)).verdict;

test('what is said, counted and elsewhere stand side by side', () => {
  expect(pathProof(sides())).toEqual({
    ...worker,
    at,
    ended: true,
    verdict: 'Equal',
    says: 'The worker says that it sent 100 bytes and received 200, and that is what was counted. No byte went elsewhere.',
    said: { sent: 100, received: 200, at },
    counted: [{ endpoint: 'e', connections: 2, open: 0, sent: 100, received: 200 }],
    elsewhere: { connections: 0, sent: 0, received: 0, refused: 0, tried: 0 },
    difference: { sent: 0, received: 0 },
    incidents: null,
  });
});

test('what a kernel counts again is told apart by what TCP met with there, and excuses no more than that', () => {
  const incidents = { sentAgain: 0, outOfOrder: 1, duplicates: 1, resets: 1 };
  const more = { ...says(88, 12), before: passed(100, 700), after: passed(100, 700), incidents };
  expect(pathProof(sides(more))).toMatchObject({ verdict: 'Repeated', difference: { sent: -12, received: -688 }, incidents });
  expect(verdictOf({ ...more, end: 'none' })).toBe('Repeated');
  expect(verdictOf({ ...more, ...says(43, 12) })).toBe('Differs');
  // A reset without a time stamp is shorter than other packets.
  expect(verdictOf({ ...says(112, 212), incidents })).toBe('Repeated');
  expect(verdictOf({ ...says(100, 213), incidents })).toBe('Differs');
  expect(verdictOf({ ...more, incidents: { ...incidents, outOfOrder: 0, duplicates: 0 } })).toBe('Differs');
  // In user space bytes are counted as such, whatever TCP had to do.
  expect(verdictOf({ ...more, worker: { ...worker, engine: 'userspace' } })).toBe('Differs');
});

test('a worker that says other bytes than it moved is found out, by one byte, whichever way it lies', () => {
  expect(verdictOf(says(99, 200))).toBe('Differs');
  expect(verdictOf(says(100, 201))).toBe('Differs');
  // While it runs, too: so much was counted before it was asked.
  expect(verdictOf({ end: 'none', ...says(99, 200) })).toBe('Differs');
  expect(verdictOf({ end: 'none', ...says(100, 201) })).toBe('Differs');
  // Bytes that somebody else moved in its network are bytes that it does not say.
  expect(pathProof(sides({ before: passed(140, 260), after: passed(140, 260) }))).toMatchObject({
    verdict: 'Differs',
    difference: { sent: -40, received: -60 },
    says: expect.stringContaining(
      'The worker says that it sent 100 bytes and received 200, but it sent 140 bytes and received 260, as was counted.',
    ),
  });
  // That the last word does not come hides nothing.
  expect(verdictOf({ end: 'untold', ...says(50, 201) })).toBe('Differs');
});

test('what can be on its way is no difference while it runs, and is told of when it has ended', () => {
  expect(verdictOf({ end: 'none', ...says(130, 150) })).toBe('Underway');
  // More was counted after it had said it.
  expect(verdictOf({ end: 'none', after: passed(150, 300) })).toBe('Underway');
  const { verdict, says: text, difference } = pathProof(sides(says(130, 150)));
  expect([verdict, difference]).toEqual(['Undelivered', { sent: 30, received: -50 }]);
  expect(text).toContain('30 bytes from it and 50 to it were on their way when connections ended');
});

test('who has not said, or ended without a last word, is not equal', () => {
  expect(verdictOf({ said: undefined, end: 'none' })).toBe('Unsaid');
  expect(verdictOf({ said: undefined, end: 'untold', before: passed(0, 0), after: passed(0, 0) })).toBe('Unsaid');
  expect(verdictOf({ end: 'untold' })).toBe('Unsaid');
  expect(pathProof(sides({ said: undefined })).difference).toBeNull();
});

test('bytes that left by no endpoint are said to have, also where both sides are equal', () => {
  const proof = pathProof(sides({ ...says(107, 200), after: passed(100, 200, { out: 7 }), before: passed(100, 200, { out: 7 }) }));
  expect(proof).toMatchObject({
    verdict: 'Elsewhere',
    difference: { sent: 0, received: 0 },
    elsewhere: { connections: 1, sent: 7 },
    counted: [{ sent: 100 }],
    says: 'Connections of the worker led out of its network, by no endpoint: 1, which sent 7 bytes and received 0.',
  });
  expect(pathProof(sides({ after: passed(100, 200, { out: 7 }) }))).toMatchObject({
    verdict: 'Differs',
    says: expect.stringContaining('Some of that left the network by no endpoint.'),
  });
});

test('attempts elsewhere stand in the proof, and so does that nobody holds the worker', () => {
  const tried = pathProof(sides({ after: passed(100, 200, { refused: 2 }), tried: 1 }));
  expect(tried).toMatchObject({ verdict: 'Equal', elsewhere: { refused: 2, tried: 1 } });
  expect(tried.says).toContain('What it tried beside approved endpoints was refused: 2 times.');
  const plain = pathProof(sides({ worker: { ...worker, isolated: false }, tried: undefined }));
  expect(plain.says).toContain('not isolated');
  expect(plain.elsewhere?.tried).toBeNull();
});

test('of an asker only what came since a worker began is its own, also where the engine has forgotten the asker', () => {
  const base = passed(1_000, 2_000, { out: 5, refused: 3 });
  const later: Passed = {
    ways: [
      { endpoint: undefined, connections: 1, open: 0, bytesIn: 5, bytesOut: 0 },
      { endpoint: 'e', connections: 3, open: 1, bytesIn: 1_010, bytesOut: 2_020 },
      { endpoint: 'f', connections: 1, open: 0, bytesIn: 1, bytesOut: 2 },
    ],
    refused: 4,
  };
  expect(passedSince(base, later)).toEqual({
    ways: [
      { endpoint: 'e', connections: 1, open: 1, bytesIn: 10, bytesOut: 20 },
      { endpoint: 'f', connections: 1, open: 0, bytesIn: 1, bytesOut: 2 },
    ],
    refused: 1,
  });
  const anew: Passed = { ways: [{ endpoint: 'e', connections: 1, open: 1, bytesIn: 7, bytesOut: 8 }], refused: 0 };
  expect(passedSince(base, anew)).toEqual(anew);
});

test('a worker that says the truth never differs, whenever both are looked at and wherever it is cut', () => {
  // Each step moves bytes from one stage to the next: written by the worker, counted, read by the worker.
  const step = fc.record({ write: fc.nat(9), count: fc.nat(9), arrive: fc.nat(9), read: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(30), fc.nat(30), (steps, asked, saidAfter) => {
      const askedAt = Math.min(asked, steps.length - 1);
      let [sent, countedSent, countedReceived, received] = [0, 0, 0, 0];
      let [before, said] = [passed(0, 0), { sent: 0, received: 0, at }];
      for (const [index, { write, count, arrive, read }] of steps.entries()) {
        if (index === askedAt) before = passed(countedSent, countedReceived);
        if (index <= askedAt + saidAfter) said = { sent, received, at };
        sent += write;
        countedSent = Math.min(sent, countedSent + count);
        countedReceived += arrive;
        received = Math.min(countedReceived, received + read);
      }
      const after = passed(countedSent, countedReceived);
      expect(verdictOf({ end: 'none', said, before, after })).toMatch(/^(?:Equal|Underway)$/);
      const last = { said: { sent, received, at }, before: after, after };
      const isEqual = sent === countedSent && received === countedReceived;
      expect(verdictOf({ end: 'told', ...last })).toBe(isEqual ? 'Equal' : 'Undelivered');
      expect(verdictOf({ end: 'told', ...last, said: { sent, received: countedReceived + 1, at } })).toBe('Differs');
      expect(verdictOf({ end: 'told', ...last, said: { sent: countedSent - 1, received, at } })).toBe('Differs');
    }),
  );
});

test('the latest twenty are kept, and the sum of all; what is written can be read', () => {
  let record: PathRecord = { ...newPathRecord, open: { job: 'link', run: 1, since: at, engine: 'kernel' } };
  record = withProof(record, unknownProof(record.open!, at));
  for (let run = 1; run <= 25; run += 1) {
    record = withProof(record, pathProof(sides({ worker: { ...worker, run }, after: passed(100, 200, { refused: 1 }) })));
  }
  expect(record.ended.map(({ run }) => run)).toEqual(Array.from({ length: 20 }, (_, index) => index + 6));
  expect(record).toMatchObject({
    open: null,
    total: {
      since: at,
      workers: 26,
      verdicts: { Unknown: 1, Equal: 25 },
      said: { sent: 2_500, received: 5_000 },
      counted: { sent: 2_500, received: 5_000 },
      elsewhere: { connections: 0, sent: 0, received: 0, refused: 25 },
    },
  });
  expect(pathRecordShape.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
});
