import { fault, type Fault } from '#base/fault.ts';
import type { JobEvent } from '#runtime/job.ts';
import type { Isolation, JobOrder, RunningJob, RunningWorker, RuntimeHost, Warmth } from '#runtime/runtime.ts';

/** Runtimes whose workers are told what to tell: each job is written down, and ends with what was said for it. Warm at once, unless held. */
export class ToldRuntimes implements RuntimeHost {
  readonly orders: JobOrder[] = [];
  readonly wanted: Set<string> = new Set();
  /** Told for the next jobs, in turn. */
  readonly said: { readonly events: readonly JobEvent[]; readonly failed?: Fault }[] = [];
  isIsolated: Isolation = { isolated: true };
  startsWarm = true;
  /** What is shown to run. */
  readonly shown: RunningWorker[] = [];
  /** Jobs end only when this has resolved. */
  held: Promise<void> = Promise.resolve();

  isolation(): Promise<Isolation> {
    return Promise.resolve(this.isIsolated);
  }

  readonly #listeners = new Set<(segment: string) => void>();

  warm(segment: string, wanted: boolean): void {
    if (wanted === this.wanted.has(segment)) return;
    if (wanted) this.wanted.add(segment);
    else this.wanted.delete(segment);
    this.warmthChanged(segment);
  }

  onWarmth(listener: (segment: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  warmthChanged(segment: string): void {
    for (const listener of this.#listeners) listener(segment);
  }

  warmth(segment: string): Warmth {
    if (!this.wanted.has(segment)) return { state: 'cold', sinceMs: undefined };
    return { state: this.startsWarm ? 'warm' : 'starting', sinceMs: 0 };
  }

  async start(order: JobOrder): Promise<RunningJob> {
    const { isIsolated, held } = this;
    if (!isIsolated.isolated && !isIsolated.allowed)
      throw fault('unsupported', 'NotIsolated', 'Nothing holds workers.', { remedy: 'Allow it.' });
    this.orders.push(order);
    const { events, failed } = this.said.shift() ?? { events: [] };
    return {
      events: told(events, failed, held),
      send: () => undefined,
      stop: async () => undefined,
      pid: undefined,
      isolated: isIsolated.isolated,
      askMoved: () => undefined,
      attempts: async () => undefined,
      incidents: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  running(): readonly RunningWorker[] {
    return this.shown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wanted.clear();
  }
}

async function* told(
  events: readonly JobEvent[],
  failed: Fault | undefined,
  held: Promise<void>,
): AsyncGenerator<JobEvent, void, undefined> {
  await held;
  yield* events;
  if (failed !== undefined) throw failed;
}
