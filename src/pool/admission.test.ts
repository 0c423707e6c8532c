import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { QueryAdmission, type AdmissionOptions } from './admission.ts';
import { DuckDbPool } from './engines/duckdb/pool.ts';
import { EngineMemory } from './query-memory.ts';

const never = new AbortController().signal;
const mega = 1024 * 1024;

function admission(options: Partial<AdmissionOptions> = {}): QueryAdmission {
  const memory = { heldBytes: () => Promise.resolve(0) };
  return new QueryAdmission({ atOnce: 2, queued: 2, statementMs: 60_000, statementMb: 100, memory, lookEveryMs: 1, ...options });
}

/** Runs until it is ended, as a statement does. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended')), { once: true }));
}

/** What it was rejected with. */
function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('so many run at once, the others in the order in which they came', async () => {
  using gate = admission({ queued: 10 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [1, 2, 3, 4, 5].map((number) =>
    gate.run(never, () => {
      begun.push(number);
      return new Promise<void>((resolve) => ends.push(resolve));
    }),
  );
  await vi.waitFor(() => expect(begun).toEqual([1, 2]));
  for (let ended = 0; ended < 5; ended += 1) {
    await vi.waitFor(() => expect(ends.length).toBeGreaterThan(ended));
    expect(gate.running).toBeLessThanOrEqual(2);
    ends[ended]!();
  }
  await Promise.all(all);
  expect([begun, gate.running, gate.waiting]).toEqual([[1, 2, 3, 4, 5], 0, 0]);
});

test('one too many is refused, and who gives up waiting leaves the queue', async () => {
  using gate = admission();
  const stop = new AbortController();
  const running = [1, 2].map(() => gate.run(stop.signal, untilAborted));
  const givesUp = new AbortController();
  const waiting = gate.run(givesUp.signal, () => Promise.resolve('never'));
  const patient = gate.run(never, () => Promise.resolve('done'));
  await expect(gate.run(never, () => Promise.resolve())).rejects.toMatchObject({ kind: 'throttled', code: 'QueryQueueFull' });
  givesUp.abort();
  await expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
  expect(gate.waiting).toBe(1);
  stop.abort();
  await Promise.all(running.map((one) => expect(one).rejects.toThrow('ended')));
  expect(await patient).toBe('done');
});

test('who waits for a slow client gives its place up, and comes back before those that wait', async () => {
  using gate = admission({ atOnce: 1, queued: 10, patienceMs: 5 });
  const told: string[] = [];
  const read = Promise.withResolvers<void>();
  const slow = gate.run(never, async (_signal, place) => {
    await place.away(Promise.resolve());
    told.push('slow begins');
    await place.away(read.promise);
    told.push('slow is read');
  });
  const end = Promise.withResolvers<void>();
  const second = gate.run(never, async () => {
    told.push('second begins');
    await end.promise;
  });
  await vi.waitFor(() => expect(told).toEqual(['slow begins', 'second begins']));
  const third = gate.run(never, async () => void told.push('third begins'));
  read.resolve();
  await vi.waitFor(() => expect(gate.waiting).toBe(2));
  expect(gate.running).toBe(1);
  end.resolve();
  await Promise.all([slow, second, third]);
  expect(told).toEqual(['slow begins', 'second begins', 'slow is read', 'third begins']);
  expect([gate.running, gate.waiting]).toEqual([0, 0]);
});

test('a wait for a client ends with the statement, and only so many are away', async () => {
  using gate = admission({ atOnce: 1, queued: 10, patienceMs: 1, statementMs: 60_000 });
  const stop = new AbortController();
  const away = Array.from({ length: 5 }, () =>
    outcomeOf(gate.run(stop.signal, (_signal, place) => place.away(new Promise(() => undefined)))),
  );
  // The fifth keeps its place: four are away.
  await vi.waitFor(() => expect([gate.running, gate.waiting]).toEqual([1, 0]));
  const next = gate.run(never, () => Promise.resolve('done'));
  await vi.waitFor(() => expect(gate.waiting).toBe(1));
  stop.abort();
  for (const one of await Promise.all(away)) expect(one).toMatchObject({ kind: 'cancelled' });
  expect(await next).toBe('done');
  expect([gate.running, gate.waiting]).toEqual([0, 0]);
});

test('what takes too long is ended, and says so', async () => {
  using gate = admission({ statementMs: 20 });
  await expect(gate.run(never, untilAborted)).rejects.toMatchObject({ kind: 'timeout', code: 'QueryTooLong' });
  expect(gate.running).toBe(0);
});

test('the one that grew most is ended where all together grow too large', async () => {
  let held = 0;
  let looks = 0;
  const memory = { heldBytes: () => Promise.resolve((looks += 1) && held) };
  using gate = admission({ memory });
  const first = outcomeOf(gate.run(never, untilAborted));
  held = 60 * mega;
  const before = looks;
  await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 2));
  // It begins when the other has some already, and gets half of what comes: 40 of 80.
  const stop = new AbortController();
  const second = outcomeOf(gate.run(stop.signal, untilAborted));
  held = 145 * mega;
  expect(await first).toMatchObject({ kind: 'throttled', code: 'QueryTooLarge' });
  expect(gate.running).toBe(1);
  stop.abort();
  expect(await second).toMatchObject({ message: 'ended' });
});

test('a statement of DuckDB that sorts more than it may is ended by what DuckDB says of its memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-admission-'));
  try {
    await using pool = await DuckDbPool.open(join(folder, 'pool.duckdb'), { memoryLimitMb: 100 });
    using gate = admission({ statementMb: 40, memory: new EngineMemory(() => pool.engine()) });
    const engine = await pool.engine();
    const connection = await engine.connect();
    const sort = (signal: AbortSignal): Promise<unknown> => {
      signal.addEventListener('abort', () => connection.interrupt(), { once: true });
      return engine.during(connection.run('SELECT hash(range) AS h FROM range(50000000) ORDER BY h'));
    };
    await expect(gate.run(never, sort)).rejects.toMatchObject({ code: 'QueryTooLarge' });
    const small = (): Promise<unknown> => engine.during(connection.run('SELECT 1'));
    await gate.run(never, small);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
