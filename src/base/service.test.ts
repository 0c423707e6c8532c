import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fault, type FaultKind } from './fault.ts';
import { createLog } from './log.ts';
import { backoffMs, delay, retryLevel, supervise, type Service } from './service.ts';

interface Watched {
  readonly pauses: number[];
  readonly lines: { level: string; service: string; msg: string; retryMs: number; attempt: number }[];
  readonly run: (...services: Service[]) => Promise<void>;
}

/** Supervises with a clock that stands still and pauses that end at once. */
function watched(clock: () => number = () => 0): Watched {
  const pauses: number[] = [];
  const lines: Watched['lines'] = [];
  const log = createLog({ level: 'debug', write: (line) => void lines.push(JSON.parse(line) as Watched['lines'][number]) });
  const pause = async (ms: number): Promise<void> => void pauses.push(ms);
  return {
    pauses,
    lines,
    run: (...services) => supervise(services, { signal: new AbortController().signal, log, random: () => 1, pause, now: clock }),
  };
}

function failing(times: number, kind: FaultKind = 'unreachable'): Service & { runs: number } {
  const service = {
    name: 'worker',
    runs: 0,
    run: async (): Promise<void> => {
      service.runs += 1;
      if (service.runs <= times) throw fault(kind, 'X', 'no');
    },
  };
  return service;
}

test('the pause doubles up to 30 s, of which a random half to whole', () => {
  expect([0, 1, 2, 3, 6, 7, 50].map((attempt) => backoffMs(attempt, 1))).toEqual([250, 500, 1000, 2000, 16_000, 30_000, 30_000]);
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const ms = backoffMs(attempt, random);
      return (
        ms >= backoffMs(attempt, 0) && ms <= backoffMs(attempt, 1) && backoffMs(attempt, 0) * 2 === backoffMs(attempt, 1) && ms <= 30_000
      );
    }),
  );
});

test('a service that fails is run again after growing pauses, until it has nothing left to do', async () => {
  const { run, pauses, lines } = watched();
  const service = failing(3);
  await run(service);
  expect(service.runs).toBe(4);
  expect(pauses).toEqual([250, 500, 1000]);
  expect(lines).toMatchObject([
    { level: 'info', service: 'worker', retryMs: 250, attempt: 1 },
    { level: 'info', retryMs: 500, attempt: 2 },
    { level: 'warn', retryMs: 1000, attempt: 3 },
  ]);
});

test('services do not wait for each other', async () => {
  const { run } = watched();
  const order: string[] = [];
  const opened = Promise.withResolvers<void>();
  await run(
    { name: 'a', run: async () => opened.promise.then(() => void order.push('a')) },
    { name: 'b', run: async () => void order.push('b') },
    { name: 'c', run: async () => opened.resolve() },
  );
  expect(order).toEqual(['b', 'a']);
});

test('a run that was well for a minute makes the next failure count as the first', async () => {
  let clock = 0;
  const { run, pauses } = watched(() => clock);
  let runs = 0;
  await run({
    name: 'worker',
    run: async () => {
      runs += 1;
      if (runs === 3) clock += 60_000;
      if (runs < 5) throw fault('timeout', 'X', 'no');
    },
  });
  expect(pauses).toEqual([250, 500, 250, 500]);
});

test('a stop ends running services, and those that wait to be run again', async () => {
  const stop = new AbortController();
  const running: Service = { name: 'running', run: (signal) => delay(1_000_000, signal) };
  const waiting: Service = { name: 'waiting', run: async () => Promise.reject(fault('unreachable', 'X', 'no')) };
  // The first line is written just before the wait begins.
  const log = createLog({ level: 'debug', write: () => setImmediate(() => stop.abort()) });
  await supervise([running, waiting], { signal: stop.signal, log, random: () => 1 });
  const never = failing(1);
  await supervise([never], { signal: stop.signal, log });
  expect(never.runs).toBe(0);
});

test('what may pass by itself is told louder the longer it lasts, the rest as loud as its kind', () => {
  const levels = (kind: FaultKind): string[] => [500, 5_000, 20_000].map((ms) => retryLevel(fault(kind, 'X', 'no'), ms));
  expect(levels('unreachable')).toEqual(['info', 'warn', 'error']);
  expect(levels('throttled')).toEqual(['info', 'warn', 'error']);
  expect(levels('bug')).toEqual(['error', 'error', 'error']);
  expect(levels('missing')).toEqual(['info', 'info', 'info']);
});

test('a delay ends when cancelled, and leaves no listener behind', async () => {
  const stop = new AbortController();
  const waiting = delay(1_000_000, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
  await expect(delay(0, stop.signal)).rejects.toMatchObject({ kind: 'cancelled' });
  await expect(delay(1, new AbortController().signal)).resolves.toBeUndefined();
});
