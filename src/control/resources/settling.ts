import { randomUUID } from 'node:crypto';
import type { Operation } from '#arm/operation.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Json, Resource, StatusFault } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';

/** Work that was begun by a write. */
export interface Begun {
  /** As it was written. */
  readonly resource: Resource;
  readonly kind: Operation['kind'];
  /** Id of the principal. */
  readonly principal: string;
  /** What an action answers in the end. */
  readonly result?: Json | undefined;
}

export interface Settled {
  /** As it is now; undefined: gone. */
  readonly resource: Resource | undefined;
  /** Undefined: it settled well within the time. */
  readonly operation: string | undefined;
}

/** Waits for resources to settle. */
export interface Settling extends Disposable {
  /**
   * Waits a moment for the work to settle. What fails within it gets an operation too, one that has failed: clients then hear why.
   * `always`: an operation in any case.
   */
  settle(begun: Begun, always?: boolean): Promise<Settled>;
}

type End = { readonly status: 'InProgress' | 'Succeeded' } | { readonly status: 'Failed' | 'Canceled'; readonly error: StatusFault };

/** `waitMs`: how long an answer may wait before an operation is handed out instead. */
export function settlingOf(store: ResourceStore, waitMs: number): Settling {
  const waiting = new Map<string, Set<() => void>>();
  const stop = store.onChange((change) => {
    const found = waiting.get(keyOf(change.id));
    if (found !== undefined) for (const wake of found) wake();
  });
  return {
    settle: async (begun, always = false) => {
      if (!always && isOver(endOf(begun, begun.resource))) return { resource: begun.resource, operation: undefined };
      const now = await untilOver(store, waiting, begun, waitMs);
      if (!always && endOf(begun, now).status === 'Succeeded') return { resource: now, operation: undefined };
      return await handOut(store, begun, always);
    },
    [Symbol.dispose]: () => {
      stop();
      for (const wakes of waiting.values()) for (const wake of wakes) wake();
    },
  };
}

function isOver(end: End): boolean {
  return end.status === 'Succeeded';
}

async function untilOver(
  store: ResourceStore,
  waiting: Map<string, Set<() => void>>,
  begun: Begun,
  waitMs: number,
): Promise<Resource | undefined> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    // Listened for before it is looked at: what happens in between is not missed.
    const change = nextChange(waiting, keyOf(begun.resource.id), deadlineMs - performance.now());
    const now = await store.get(begun.resource.id);
    if (endOf(begun, now).status !== 'InProgress') {
      change.cancel();
      return now;
    }
    if (!(await change.came)) return now;
  }
}

interface NextChange {
  /** False: the time is over. */
  readonly came: Promise<boolean>;
  readonly cancel: () => void;
}

function nextChange(waiting: Map<string, Set<() => void>>, key: string, ms: number): NextChange {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const wakes = waiting.get(key) ?? new Set();
  waiting.set(key, wakes);
  const end = (changed: boolean): void => {
    clearTimeout(timer);
    wakes.delete(wake);
    if (wakes.size === 0 && waiting.get(key) === wakes) waiting.delete(key);
    resolve(changed);
  };
  const wake = (): void => end(true);
  const timer = setTimeout(end, Math.max(0, ms), false);
  wakes.add(wake);
  return { came: promise, cancel: wake };
}

async function handOut(store: ResourceStore, begun: Begun, always: boolean): Promise<Settled> {
  return await store.write(async (transaction) => {
    const now = await transaction.get(begun.resource.id);
    const end = endOf(begun, now);
    if (end.status === 'Succeeded' && !always) return { resource: now, operation: undefined };
    const at = new Date().toISOString();
    const operation: Operation = {
      id: randomUUID(),
      resource: begun.resource.id,
      kind: begun.kind,
      generation: now?.generation ?? begun.resource.generation,
      status: end.status,
      error: 'error' in end ? end.error : undefined,
      result: begun.result,
      startedAt: at,
      endedAt: end.status === 'InProgress' ? undefined : at,
      principal: begun.principal,
    };
    await transaction.putOperation(operation);
    return { resource: now, operation: operation.id };
  });
}

/** Where the work is, by what is there now. A newer write takes the work over: it is done when that has settled. */
function endOf({ kind, resource }: Begun, now: Resource | undefined): End {
  if (kind === 'delete') {
    if (now === undefined || !now.deleting) return { status: 'Succeeded' };
  } else if (now === undefined || now.createdAt !== resource.createdAt || now.deleting) {
    return { status: 'Canceled', error: gone };
  }
  const { outcome, settled, fault } = now.status;
  if (settled < now.generation) return { status: 'InProgress' };
  if (outcome === 'failed') return { status: 'Failed', error: fault ?? unexplained };
  return outcome === 'ready' && kind !== 'delete' ? { status: 'Succeeded' } : { status: 'InProgress' };
}

const gone: StatusFault = { code: 'Canceled', message: 'The resource was deleted meanwhile.', target: undefined, remedy: undefined };
const unexplained: StatusFault = { code: 'Failed', message: 'It failed.', target: undefined, remedy: undefined };
