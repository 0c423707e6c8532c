import type { Fault } from '#base/fault.ts';
import type { JobEvent } from '../job.ts';

const mostUnread = 10_000;
const mostUnreadBytes = 64 * 1024 * 1024;

/** Of these only the latest counts. */
const latestOnly: ReadonlySet<JobEvent['kind']> = new Set(['link', 'moved']);

/** Events between who tells them and who reads them, in order, to be read once. Of those that only the latest counts of, no other waits. */
export class EventQueue implements AsyncIterable<JobEvent> {
  #waiting: { readonly event: JobEvent; readonly bytes: number }[] = [];
  #bytes = 0;
  #end: { readonly trouble: Fault | undefined } | undefined;
  #wake: () => void = () => undefined;

  /** False: nobody reads, and more than this is not kept. */
  put(event: JobEvent, bytes: number): boolean {
    if (this.#end !== undefined) return true;
    if (latestOnly.has(event.kind)) this.#forget(event.kind);
    if (this.#waiting.length >= mostUnread || this.#bytes + bytes > mostUnreadBytes) return false;
    this.#waiting.push({ event, bytes });
    this.#bytes += bytes;
    this.#wake();
    return true;
  }

  #forget(kind: JobEvent['kind']): void {
    const at = this.#waiting.findLastIndex(({ event }) => event.kind === kind);
    if (at < 0) return;
    const [old] = this.#waiting.splice(at, 1);
    this.#bytes -= old?.bytes ?? 0;
  }

  /** Only the first end counts. */
  end(trouble: Fault | undefined): void {
    this.#end ??= { trouble };
    this.#wake();
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JobEvent, void, undefined> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#bytes -= next.bytes;
        yield next.event;
        continue;
      }
      if (this.#end?.trouble !== undefined) throw this.#end.trouble;
      if (this.#end !== undefined) return;
      await new Promise<void>((settle) => {
        this.#wake = settle;
      });
    }
  }
}

/** So many at once, and so many a second after that. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, now: () => number = () => performance.now()) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#now = now;
    this.#left = burst;
    this.#atMs = now();
  }

  /** Takes one; undefined, or in how many milliseconds there is one again. */
  take(): number | undefined {
    this.#refill();
    if (this.#left < 1) return Math.ceil(((1 - this.#left) / this.#perSecond) * 1_000);
    this.#left -= 1;
    return undefined;
  }

  /** Takes so many, whether they are there or not; for how many milliseconds nothing more is to be taken. */
  charge(count: number): number {
    this.#refill();
    this.#left -= count;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#perSecond) * 1_000);
  }

  #refill(): void {
    const nowMs = this.#now();
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / 1_000) * this.#perSecond);
    this.#atMs = nowMs;
  }
}
