import { policies } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { retryLevel, type Service } from '#base/service.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { ResourceType, TypeCatalog } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { DueResource, ResourceStore, StoreTransaction } from '#arm/store.ts';
import { noteRun, showQueue } from './metrics.ts';
import { tryOnce, type Tried } from './try-once.ts';

export interface ReconcileLoopOptions {
  readonly store: ResourceStore;
  readonly types: TypeCatalog;
  readonly log: Log;
  /** So many resources at the same time; default 16. */
  readonly parallel?: number;
  /** Milliseconds since 1970, by the same clock as the store; given by tests. */
  readonly nowMs?: () => number;
  /** Between 0 and 1; given by tests. */
  readonly random?: () => number;
  /** Calls `wake` after so many ms, unless what it answers is called before; given by tests. */
  readonly timer?: (ms: number, wake: () => void) => () => void;
}

const usualParallel = 16;
/** So many due resources are read at a time. */
const lookAhead = 256;
/** A clock may be set back: nobody waits for it longer than this. */
const longestSleepMs = 60_000;

interface Failures {
  readonly generation: number;
  readonly count: number;
}

/**
 * Makes true what is asked: reads what is due, tries each, one try at a time for each resource, and records what came of it. Keeps nothing that
 * matters: what was under way when the program died is due still.
 */
export class ReconcileLoop implements Service {
  readonly name = 'reconcile';
  readonly #options: Required<ReconcileLoopOptions>;
  readonly #running = new Map<string, Promise<void>>();
  /** Types that go first. */
  readonly #first: readonly string[];
  /** Found due, and not begun. */
  #queue: DueResource[] = [];
  /** Failures in a row, of faults that may pass. */
  readonly #failures = new Map<string, Failures>();
  #wake: () => void = () => undefined;
  #awake = true;

  constructor(options: ReconcileLoopOptions) {
    this.#options = { parallel: usualParallel, nowMs: Date.now, random: Math.random, timer: usualTimer, ...options };
    this.#first = options.types.all.filter(({ goesFirst }) => goesFirst === true).map(({ type }) => type);
  }

  /** Rejects where the store fails; then it may be run again. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const halt = AbortSignal.any([signal, failed.signal]);
    let failure: unknown;
    const fail = (error: unknown): void => {
      failure ??= error;
      failed.abort();
    };
    const wake = (): void => this.#rouse();
    const ignoreChanges = this.#options.store.onChange(wake);
    halt.addEventListener('abort', wake);
    using _gauge = showQueue(() => ({ queued: this.#queue.length, running: this.#running.size }));
    try {
      while (!halt.aborted) await this.#turn(halt, fail);
    } catch (error) {
      fail(error);
    } finally {
      ignoreChanges();
      halt.removeEventListener('abort', wake);
      await Promise.all(this.#running.values());
      this.#queue = [];
    }
    if (failed.signal.aborted && !signal.aborted) throw failure;
  }

  /** Begins what there is room for, then sleeps until something changed, ended, or became due. */
  async #turn(signal: AbortSignal, fail: (error: unknown) => void): Promise<void> {
    const { parallel } = this.#options;
    this.#awake = false;
    let sleepMs = longestSleepMs;
    if (this.#queue.length === 0 && this.#running.size < parallel) sleepMs = await this.#look();
    while (this.#running.size < parallel && !signal.aborted) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#begin(next, signal, fail);
    }
    if (!signal.aborted) await this.#sleep(sleepMs);
  }

  /** Reads what is due and not under way. Answers how long nothing more becomes due. */
  async #look(): Promise<number> {
    const { store, nowMs } = this.#options;
    const now = nowMs();
    const due = await store.due(now, lookAhead + this.#running.size);
    this.#queue = due.filter(({ id }) => !this.#running.has(keyOf(id)));
    const nextMs = this.#queue.length > 0 ? undefined : await store.nextDueMs(now);
    return nextMs === undefined ? longestSleepMs : Math.min(longestSleepMs, nextMs - now);
  }

  #sleep(ms: number): Promise<void> {
    if (this.#awake) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.timer(ms, () => this.#rouse());
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (this.#awake) this.#wake();
    });
  }

  #rouse(): void {
    this.#awake = true;
    this.#wake();
  }

  #begin(due: DueResource, signal: AbortSignal, fail: (error: unknown) => void): void {
    const key = keyOf(due.id);
    const work = this.#handle(due, signal)
      .catch(fail)
      .finally(() => {
        this.#running.delete(key);
        this.#rouse();
      });
    this.#running.set(key, work);
  }

  async #handle({ id, mark }: DueResource, signal: AbortSignal): Promise<void> {
    const { store, types, random, nowMs } = this.#options;
    const key = keyOf(id);
    const startedMs = performance.now();
    const self = await store.get(id);
    if (self === undefined) return;
    const type: ResourceType | undefined = types.get(self.type);
    const attempt = this.#attempt(key, self.generation);
    const tried = await tryOnce({
      self,
      type,
      context: { resources: store, signal },
      first: this.#first,
      attempt,
      random: random(),
      nowMs,
    });
    if (tried.kind === 'stopped') return;
    this.#count(key, self.generation, tried);
    this.#tell(self, tried);
    await store.write((transaction) => record(transaction, self, { tried, mark }));
    noteRun(self.type, tried.kind === 'gone' ? 'gone' : tried.settlement.status.outcome, performance.now() - startedMs);
  }

  #attempt(key: string, generation: number): number {
    const failures = this.#failures.get(key);
    return failures?.generation === generation ? failures.count : 0;
  }

  #count(key: string, generation: number, tried: Tried): void {
    if (tried.kind === 'settled' && tried.settlement.status.outcome === 'waiting' && tried.trouble !== undefined) {
      this.#failures.set(key, { generation, count: this.#attempt(key, generation) + 1 });
    } else {
      this.#failures.delete(key);
    }
  }

  #tell({ id: resource, type, generation }: Resource, tried: Tried): void {
    if (tried.kind !== 'settled' || tried.trouble === undefined) return;
    const { trouble, retryMs } = tried;
    const { log } = this.#options;
    // Of a mistake the place where it was made is wanted, not where it was caught.
    const err = trouble.kind === 'bug' && trouble.cause instanceof Error ? trouble.cause : trouble;
    if (retryMs === undefined) log[policies[trouble.kind].log]({ resource, type, generation, err }, 'resource failed');
    else log[retryLevel(trouble, retryMs)]({ resource, type, generation, err, retryMs }, 'resource failed and will be tried again');
  }
}

interface Recorded {
  readonly tried: Exclude<Tried, { readonly kind: 'stopped' }>;
  readonly mark: number;
}

async function record(transaction: StoreTransaction, { id, generation }: Resource, { tried, mark }: Recorded): Promise<void> {
  if (tried.kind === 'settled') return transaction.settle(id, generation, { ...tried.settlement, mark });
  // Written again meanwhile, which of a deletion only means that it is asked for once more: it is due still.
  if ((await transaction.get(id))?.generation !== generation) return;
  await transaction.remove(id);
}

function usualTimer(ms: number, wake: () => void): () => void {
  const timer = setTimeout(wake, ms);
  return () => clearTimeout(timer);
}
