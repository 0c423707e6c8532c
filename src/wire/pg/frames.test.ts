import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import { tag } from './backend.ts';
import { frameEnd, framesOf, FrameSplitter, type Run } from './frames.ts';

const maxFrameBytes = 2 * 1024 * 1024;

function frame(kind: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = kind;
  head.writeInt32BE(4 + payload.length, 1);
  return Buffer.concat([head, payload]);
}

function take(splitter: FrameSplitter): Run[] {
  const runs: Run[] = [];
  for (let run = splitter.next(); run !== undefined; run = splitter.next()) runs.push(run);
  return runs;
}

/** The messages that a splitter gives for these bytes when they come in pieces that end at `cuts`. */
function splitAt(bytes: Buffer, cuts: readonly number[]): string[] {
  const splitter = new FrameSplitter(maxFrameBytes);
  const messages: string[] = [];
  let from = 0;
  for (const cut of [...cuts].map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b)) {
    splitter.push(bytes.subarray(from, Math.max(from, cut)));
    from = Math.max(from, cut);
    for (const run of take(splitter)) for (const one of framesOf(run)) messages.push(Buffer.from(one).toString('hex'));
  }
  splitter.push(bytes.subarray(from));
  for (const run of take(splitter)) for (const one of framesOf(run)) messages.push(Buffer.from(one).toString('hex'));
  expect(splitter.cutBytes).toBe(0);
  expect(splitter.readyBytes).toBe(0);
  return messages;
}

const kinds = fc.constantFrom(tag.copyData, tag.copyData, tag.copyData, tag.dataRow, tag.notice, tag.readyForQuery);
const messages = fc.array(fc.tuple(kinds, fc.uint8Array({ maxLength: 40 })), { minLength: 1, maxLength: 30 });

test('any split of the bytes gives the same messages', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
      const frames = sent.map(([kind, payload]) => frame(kind, payload));
      expect(splitAt(Buffer.concat(frames), cuts)).toEqual(frames.map((one) => one.toString('hex')));
    }),
    { numRuns: 500 },
  );
});

test('byte by byte, too', () => {
  const frames = [frame(tag.copyData, Buffer.alloc(3, 1)), frame(tag.copyDone, Buffer.alloc(0)), frame(tag.copyData, Buffer.alloc(700, 2))];
  const bytes = Buffer.concat(frames);
  expect(
    splitAt(
      bytes,
      Array.from(bytes, (_, i) => i),
    ),
  ).toEqual(frames.map((one) => one.toString('hex')));
});

test('messages of one kind come in one run that is a view of the chunk', () => {
  const chunk = Buffer.concat([
    frame(tag.copyData, Buffer.alloc(9)),
    frame(tag.copyData, Buffer.alloc(2)),
    frame(tag.copyDone, Buffer.alloc(0)),
  ]);
  const splitter = new FrameSplitter(maxFrameBytes);
  splitter.push(chunk);
  expect(splitter.readyBytes).toBe(chunk.length);
  const runs = take(splitter);
  expect(runs.map((run) => [run.tag, run.bytes.length])).toEqual([
    [tag.copyData, 21],
    [tag.copyDone, 5],
  ]);
  expect(runs[0]!.bytes.buffer).toBe(chunk.buffer);
  expect(frameEnd(runs[0]!.bytes, 0)).toBe(14);
});

test('a large message in many chunks is put together, and what follows it is kept', () => {
  const payload = Buffer.alloc(1_500_000, 'x');
  const bytes = Buffer.concat([
    frame(tag.copyData, Buffer.from('a')),
    frame(tag.copyData, payload),
    frame(tag.copyData, Buffer.from('b')),
    frame(tag.copyDone, Buffer.alloc(0)),
  ]);
  const cuts = Array.from({ length: 23 }, (_, i) => i * 65_536 + 3);
  const found = splitAt(bytes, cuts);
  expect(found.map((message) => message.length / 2)).toEqual([6, 1_500_005, 6, 5]);
  expect(found[1]).toBe(frame(tag.copyData, payload).toString('hex'));
});

test('a row above the limit is refused by its header alone', () => {
  const splitter = new FrameSplitter(1000);
  splitter.push(frame(tag.copyData, Buffer.alloc(995)));
  expect(() => splitter.push(frame(tag.copyData, Buffer.alloc(996)).subarray(0, 5))).toThrow(
    expect.objectContaining({ kind: 'unsupported', code: 'ValueTooLarge' }),
  );
  expect(take(splitter)).toHaveLength(1);
});

test('what came before a message that is refused is still given', () => {
  const splitter = new FrameSplitter(maxFrameBytes);
  expect(() => splitter.push(Buffer.concat([frame(tag.error, Buffer.from('\0')), Buffer.from('!!!!!!')]))).toThrow(
    expect.objectContaining({ kind: 'corrupt' }),
  );
  expect(take(splitter).map((run) => run.tag)).toEqual([tag.error]);
});

test.each([
  ['an unknown kind', 'ff00000004'],
  ['a length below its own', '6400000003'],
  ['a negative length', '64ffffffff'],
  ['a length beyond what servers make', '6440000001'],
  ['a long message of a kind that is short', '5a00010000'],
])('%s is corrupt', (_, bytes) => {
  expect(() => new FrameSplitter(maxFrameBytes).push(Buffer.from(bytes, 'hex'))).toThrow(expect.objectContaining({ kind: 'corrupt' }));
});

function kindOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error.kind : String(error);
  }
}

test('random bytes give messages, a fault corrupt, or ValueTooLarge for a row that a server could send', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect([undefined, 'corrupt', 'unsupported']).toContain(kindOf(() => new FrameSplitter(maxFrameBytes).push(bytes)));
    }),
    { numRuns: 2000 },
  );
});
