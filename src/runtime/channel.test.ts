import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineChannel } from './channel.ts';

interface Heard {
  readonly lines: string[];
  end: string | null | undefined;
}

/** Says the text in these pieces, and answers what was heard. `pauseAfter`: stops after each so many lines, and goes on. */
async function heard(text: Buffer, cuts: readonly number[], { mostBytes = 1_000, pauseAfter = Infinity } = {}): Promise<Heard> {
  const stream = new PassThrough();
  const told: Heard = { lines: [], end: null };
  const over = Promise.withResolvers<void>();
  const onLine = (line: Buffer): boolean => {
    told.lines.push(line.toString('utf8'));
    if (told.lines.length % pauseAfter !== 0) return true;
    setImmediate(() => channel.resume());
    return false;
  };
  const onEnd = (reason: string | undefined): void => {
    told.end = reason;
    over.resolve();
  };
  const channel = new LineChannel(stream, { onLine, onEnd }, mostBytes);
  let from = 0;
  for (const cut of cuts.map((one) => one % (text.length + 1)).toSorted((a, b) => a - b)) {
    stream.write(text.subarray(from, cut));
    from = cut;
  }
  stream.end(text.subarray(from));
  await over.promise;
  return told;
}

test('however the bytes are cut, and however often it is paused, the same lines are heard', async () => {
  const lines = fc.array(
    fc.string({ maxLength: 40 }).filter((line) => !line.includes('\n')),
    { maxLength: 12 },
  );
  const cuts = fc.array(fc.nat(10_000), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(lines, cuts, fc.integer({ min: 1, max: 5 }), async (said, at, pauseAfter) => {
      const text = Buffer.from(said.map((line) => `${line}\n`).join(''));
      expect(await heard(text, at, { pauseAfter })).toEqual({ lines: said, end: undefined });
    }),
  );
});

test('a line that is too long ends it, whether its end comes or not, and what begins and does not end is not heard', async () => {
  const long = 'x'.repeat(101);
  const reason = 'a line of more than 100 bytes';
  expect(await heard(Buffer.from(`a\n${long}`), [5, 40, 80], { mostBytes: 100 })).toEqual({ lines: ['a'], end: reason });
  expect(await heard(Buffer.from(`a\n${long}\nb\n`), [], { mostBytes: 100 })).toEqual({ lines: ['a'], end: reason });
  expect(await heard(Buffer.from('a\nb'), [])).toEqual({ lines: ['a'], end: undefined });
});

test('a line that comes byte by byte costs its bytes and not a multiple', () => {
  const stream = new PassThrough();
  let line: Buffer | undefined;
  const onLine = (one: Buffer): boolean => {
    line = one;
    return true;
  };
  new LineChannel(stream, { onLine, onEnd: () => undefined }, 1_000_000);
  const bytes = 600_000;
  const piece = Buffer.from('x');
  const before = usedBytes();
  for (let count = 0; count < bytes; count++) stream.emit('data', piece);
  expect(usedBytes() - before).toBeLessThan(16 * bytes);
  stream.emit('data', Buffer.from('\n'));
  expect(line?.length).toBe(bytes);
});

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
