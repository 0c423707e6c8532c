import { fault, toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { backoffMs, delay, retryLevel } from '#base/service.ts';
import type { Warmth } from '../runtime.ts';
import type { WorkerSession } from './worker-session.ts';

export interface SpareOptions {
  readonly start: (segment: string) => Promise<WorkerSession>;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Told when the warmth of a segment is another one. Quick, never throws. */
  readonly onWarmth?: (segment: string) => void;
  /** Given by tests. */
  readonly now?: () => number;
}

/** One that lasted this long was well: its end counts as the first. */
const wellAfterMs = 60_000;

interface Spare {
  readonly stop: AbortController;
  /** Loaded and without job. */
  session: WorkerSession | undefined;
  sinceMs: number;
  /** Told when the one that is ready was taken. */
  taken: () => void;
  readonly done: Promise<void>;
}

/** For each segment that wants one, a worker that has loaded everything and waits for its job. Handed over, it is replaced. */
export class SpareWorkers implements AsyncDisposable {
  readonly #options: SpareOptions;
  readonly #now: () => number;
  readonly #spares = new Map<string, Spare>();

  constructor(options: SpareOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  want(segment: string, wanted: boolean): void {
    const spare = this.#spares.get(segment);
    if (!wanted) {
      this.#spares.delete(segment);
      spare?.stop.abort();
      if (spare !== undefined) this.#options.onWarmth?.(segment);
    } else if (spare === undefined) this.#keep(segment);
  }

  warmth(segment: string): Warmth {
    const spare = this.#spares.get(segment);
    if (spare === undefined) return { state: 'cold', sinceMs: undefined };
    return { state: spare.session === undefined ? 'starting' : 'warm', sinceMs: spare.sinceMs };
  }

  /** The one that is ready, which is the caller's from now on. */
  take(segment: string): WorkerSession | undefined {
    const spare = this.#spares.get(segment);
    const session = spare?.session;
    if (spare === undefined || session === undefined) return undefined;
    spare.sinceMs = this.#now();
    this.#has(segment, spare, undefined);
    spare.taken();
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#spares.values()];
    this.#spares.clear();
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  #keep(segment: string): void {
    const stop = new AbortController();
    const spare: Spare = {
      stop,
      session: undefined,
      sinceMs: this.#now(),
      taken: () => undefined,
      // It begins with the next turn, when `spare` is there.
      done: Promise.resolve().then(() => this.#run(segment, spare)),
    };
    this.#spares.set(segment, spare);
    this.#options.onWarmth?.(segment);
  }

  async #run(segment: string, spare: Spare): Promise<void> {
    const signal = AbortSignal.any([spare.stop.signal, this.#options.signal]);
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#runOne(segment, spare, signal);
        attempt = -1;
      } catch (error) {
        if (this.#now() - spare.sinceMs >= wellAfterMs) attempt = 0;
        spare.sinceMs = this.#now();
        const trouble = toFault(error);
        const retryMs = backoffMs(attempt, Math.random());
        if (!signal.aborted) this.#options.log[retryLevel(trouble, retryMs)]({ err: trouble, segment, retryMs }, 'no spare worker');
        await delay(retryMs, signal).catch(() => undefined);
      }
    }
  }

  #has(segment: string, spare: Spare, session: WorkerSession | undefined): void {
    spare.session = session;
    this.#options.onWarmth?.(segment);
  }

  /** Settles when it was taken or is not wanted any more; throws where it did not get ready, or ended by itself. */
  async #runOne(segment: string, spare: Spare, signal: AbortSignal): Promise<void> {
    const session = await this.#options.start(segment);
    const taken = new Promise<'taken'>((settle) => {
      spare.taken = () => settle('taken');
    });
    const aborted = new Promise<'aborted'>((settle) => {
      if (signal.aborted) settle('aborted');
      else signal.addEventListener('abort', () => settle('aborted'), { once: true });
    });
    try {
      const prepared = await Promise.race([session.prepare(false), aborted]);
      if (prepared === 'aborted') return await session[Symbol.asyncDispose]();
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    spare.sinceMs = this.#now();
    this.#has(segment, spare, session);
    const how = await Promise.race([taken, aborted, session.over.then(() => 'over' as const)]);
    if (how === 'taken') return;
    this.#has(segment, spare, undefined);
    await session[Symbol.asyncDispose]();
    if (how === 'over') throw fault('unreachable', 'WorkerLost', 'A spare worker ended by itself.', { remedy: 'Another one is started.' });
  }
}
