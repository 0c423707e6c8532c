import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { fault, toFault } from '#base/fault.ts';
import { createLog, type Log } from '#base/log.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { resourceType, typeCatalog, type AnyType, type Reconciler } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { PutRequest, ResourceStore } from '#arm/store.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite-store.ts';
import { ReconcileLoop, type ReconcileLoopOptions } from './reconcile-loop.ts';

/** A clock that stands until it is told to go on to the next time that somebody waits for. */
export class TestClock {
  nowMs = 1_000_000;
  readonly #timers = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  readonly timer = (ms: number, wake: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + ms, wake };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.timer(ms, resolve);
    });
  }

  /** When the next one is woken. */
  get nextMs(): number | undefined {
    return [...this.#timers].map((timer) => timer.atMs).toSorted((a, b) => a - b)[0];
  }

  /** Goes on to the next time that is waited for, `limitMs` at most. */
  next(limitMs: number = Infinity): void {
    this.nowMs = Math.min(this.nextMs ?? this.nowMs, limitMs);
    for (const timer of this.#timers) {
      if (timer.atMs > this.nowMs) continue;
      this.#timers.delete(timer);
      timer.wake();
    }
  }
}

export interface LoopScene extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly clock: TestClock;
  /** Lines that the loop logged. */
  readonly lines: JsonObject[];
  readonly log: Log;
  /** Runs a loop over these types until it is stopped or the scene ends. */
  start(types: readonly AnyType[], more?: Partial<ReconcileLoopOptions>): RunningLoop;
  put(id: string, more?: Partial<PutRequest>): Promise<Resource>;
  /** Marks it, with an operation of that id if given. */
  delete(id: string, operation?: string): Promise<void>;
  /** Until `condition` answers true; the clock goes on only with `hurry`. */
  until(condition: () => boolean | Promise<boolean>, more?: { readonly hurry?: boolean }): Promise<void>;
  /** The status of each resource, once none of them is due, the clock going on. */
  settled(): Promise<readonly Resource[]>;
}

export interface RunningLoop {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export const group = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g';
export const thing = (name: string): string => `${group}/providers/Isthmus.Test/things/${name}`;

export const groupsType: AnyType = simpleType('Microsoft.Resources/resourceGroups');

export function simpleType(type: string, reconcile?: Reconciler<JsonObject>, remove?: Reconciler<JsonObject>): AnyType {
  return resourceType<JsonObject>({
    type,
    summary: type,
    versions: { floor: '2024-01-01', implemented: '2024-01-01' },
    properties: z.any(),
    ...(reconcile === undefined ? {} : { reconcile }),
    ...(remove === undefined ? {} : { remove }),
  });
}

const patienceMs = 8_000;

export async function loopScene(): Promise<LoopScene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-loop-'));
  const clock = new TestClock();
  const store = await openSqliteStore({ path: join(folder, 'store.db'), nowMs: () => clock.nowMs });
  const lines: JsonObject[] = [];
  const log = createLog({ level: 'debug', write: (line) => lines.push(JSON.parse(line) as JsonObject) });
  const running = new Set<RunningLoop>();

  /** Once all that is due is done, and the loop sleeps until the next. */
  const goOn = async (): Promise<void> => {
    const nextMs = (await store.nextDueMs(clock.nowMs)) ?? -Infinity;
    if ((await store.due(clock.nowMs, 1)).length === 0 && (clock.nextMs ?? Infinity) <= nextMs) clock.next();
  };
  const until: LoopScene['until'] = async (condition, { hurry = false } = {}) => {
    const lastMs = performance.now() + patienceMs;
    while (!(await condition())) {
      if (performance.now() > lastMs) throw fault('timeout', 'NeverCame', 'What the test waits for did not come.');
      await setImmediate();
      if (hurry) await goOn();
    }
  };
  const start: LoopScene['start'] = (types, more = {}) => {
    const stop = new AbortController();
    const options = { store, types: typeCatalog(types), log, nowMs: () => clock.nowMs, timer: clock.timer, random: () => 1, ...more };
    const ended = new ReconcileLoop(options).run(stop.signal);
    ended.catch(toFault);
    const loop = {
      ended,
      stop: async () => {
        stop.abort();
        running.delete(loop);
        await ended.catch(toFault);
      },
    };
    running.add(loop);
    return loop;
  };
  return {
    store,
    clock,
    lines,
    log,
    start,
    until,
    put: (id, more) => store.write((transaction) => transaction.put(putOf(id, more))),
    delete: (id, operation) => deleteOf(store, id, operation),
    settled: async () => {
      await until(async () => (await store.due(clock.nowMs + 3_600_000, 1)).length === 0, { hurry: true });
      return store.list({ within: '' });
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...running].map((loop) => loop.stop()));
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

export function putOf(id: string, more: Partial<PutRequest> = {}): PutRequest {
  const asked = { location: undefined, tags: {}, envelope: {}, properties: {} };
  return { id, type: parseResourceId(id).type, ...asked, references: [], principal: 'someone', ready: false, ...more };
}

function deleteOf(store: ResourceStore, id: string, operation: string | undefined): Promise<void> {
  return store.write(async (transaction) => {
    await transaction.markDeleting(id, 'someone');
    const { generation = 0 } = (await transaction.get(id)) ?? {};
    if (operation !== undefined) await transaction.putOperation(operationOf(operation, id, { kind: 'delete', generation }));
  });
}

export function operationOf(
  id: string,
  resource: string,
  more: { readonly kind: 'put' | 'delete'; readonly generation: number },
): Parameters<Parameters<Parameters<ResourceStore['write']>[0]>[0]['putOperation']>[0] {
  const open = { status: 'InProgress' as const, error: undefined, result: undefined, endedAt: undefined };
  return { id, resource, ...more, ...open, startedAt: '2026-01-01T00:00:00.000Z', principal: 'someone' };
}
