import type { Readable } from 'node:stream';
import type { Log } from '#base/log.ts';
import { Allowance } from './event-queue.ts';
import type { HeldWorker } from './held-worker.ts';

/** What a worker writes beside its channel: lines for the log, and its last words. */
export interface HeardOutput {
  /** From now on it is said here, without these texts. */
  follow(log: Log, hidden: readonly string[]): void;
  /** The end of what came on standard error. */
  tail(): string;
}

const mostLineBytes = 16_384;
const mostTail = 2_000;
const mostKeptTail = 2 * mostTail;
const mostFields = 24;
const mostText = 2_000;
/** Of each of the two: a worker that writes more waits. */
const burstBytes = 1_048_576;
const bytesPerSecond = 262_144;
const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Reads all of it. Of lines only so many are said: a worker is not to be trusted. */
export function listenToOutput({ output, errors }: Pick<HeldWorker, 'output' | 'errors'>, first: Log): HeardOutput {
  let log = first;
  let hidden: readonly string[] = [];
  let tail = '';
  let dropped = 0;
  const allowance = new Allowance(200, 20);
  const withoutHidden = (text: string): string => hidden.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  for (const stream of [output, errors]) slowDown(stream, new Allowance(burstBytes, bytesPerSecond));
  readLines(output, (line) => {
    if (allowance.take() !== undefined) {
      dropped += 1;
      return;
    }
    if (dropped > 0) log.warn({ lines: dropped }, 'a worker says more than is kept');
    dropped = 0;
    say(log, withoutHidden(line));
  });
  errors.on('data', (bytes: Buffer) => {
    tail = (tail + bytes.toString('utf8')).slice(-mostKeptTail);
  });
  errors.on('error', () => undefined);
  return {
    follow: (next, texts) => {
      log = next;
      hidden = texts;
    },
    tail: () => {
      // Where the beginning was cut off, what is left of a hidden text there is not known for one.
      const unsure = tail.length < mostKeptTail ? 0 : Math.max(0, ...hidden.map(({ length }) => length));
      return withoutHidden(tail).slice(unsure).slice(-mostTail).trim();
    },
  };
}

function slowDown(stream: Readable, allowance: Allowance): void {
  stream.on('data', (chunk: Buffer | string) => {
    const waitMs = allowance.charge(chunk.length);
    if (waitMs === 0) return;
    stream.pause();
    setTimeout(() => stream.resume(), waitMs).unref();
  });
}

function readLines(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('error', () => undefined);
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, mostLineBytes);
    for (const line of lines) if (line !== '') take(line.slice(0, mostLineBytes));
  });
}

/** A line of a worker's log, with its own level and fields; anything else as a text. */
function say(log: Log, line: string): void {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return log.info({ said: line.slice(0, mostText) }, 'a worker says');
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return;
  const { level, msg, time: _time, ...more } = fields;
  const known = levels.find((one) => one === level) ?? 'info';
  log[known](
    Object.fromEntries(Object.entries(more).slice(0, mostFields)),
    typeof msg === 'string' ? msg.slice(0, mostText) : 'a worker says',
  );
}
