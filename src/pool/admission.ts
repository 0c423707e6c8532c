import { fault, type Fault } from '#base/fault.ts';
import type { QueryMemory } from './query-memory.ts';
import type { Admission, AdmittedPlace } from './tsql/session.ts';

export interface AdmissionOptions {
  /** Statements that run side by side. */
  readonly atOnce: number;
  /** Statements that wait for their turn beside them. */
  readonly queued: number;
  /** How long one may take, from its turn to its last row. */
  readonly statementMs: number;
  /** What one may need, in memory and on disk together. */
  readonly statementMb: number;
  /** Asked while statements run. */
  readonly memory: QueryMemory;
  /** How often it is asked. */
  readonly lookEveryMs?: number | undefined;
  /** How long one may wait for its client before its place goes to another. */
  readonly patienceMs?: number | undefined;
}

interface Running {
  readonly stop: AbortController;
  /** Its share of what all grew by since it began. */
  bytes: number;
}

const usualLookMs = 250;
const usualPatienceMs = 200;
/** For each place, as many may be away from it: what they have begun keeps memory. */
const awayOfPlace = 4;
const mega = 1024 * 1024;

/**
 * Lets statements into the engine: so many at once, so many waiting, first come first served. What takes longer than it may is ended to the
 * moment. What needs more memory is found by looking now and then: DuckDB says how much all statements hold, not whose it is, so that growth is
 * shared among those that run, and whoever has the most is ended first. Alone that is exact; between two looks a statement may go above the
 * limit, where DuckDB's own limits of the whole pool hold it. Whoever waits for a slow client gives its place up meanwhile, and comes back as
 * the first of those that wait.
 */
export class QueryAdmission implements Admission, Disposable {
  readonly #options: AdmissionOptions;
  readonly #running = new Set<Running>();
  readonly #waiting: (() => void)[] = [];
  #away = 0;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async run<T>(signal: AbortSignal, work: (signal: AbortSignal, place: AdmittedPlace) => Promise<T>): Promise<T> {
    const one = await this.#enter(signal);
    const { statementMs } = this.#options;
    const timer = setTimeout(() => one.stop.abort(tooLong(statementMs)), statementMs);
    this.#watch();
    try {
      const limited = AbortSignal.any([signal, one.stop.signal]);
      return await work(limited, { away: (wait) => this.#wait(wait, one, limited) });
    } catch (error) {
      throw one.stop.signal.aborted && !signal.aborted ? one.stop.signal.reason : error;
    } finally {
      clearTimeout(timer);
      this.#leave(one);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  async #enter(signal: AbortSignal): Promise<Running> {
    if (signal.aborted) throw cancelled();
    const { atOnce, queued } = this.#options;
    const one: Running = { stop: new AbortController(), bytes: 0 };
    if (this.#running.size < atOnce) {
      this.#running.add(one);
      return one;
    }
    if (this.#waiting.length >= queued) throw queueFull(atOnce, queued);
    await this.#queue(one, signal, 'last');
    return one;
  }

  async #queue(one: Running, signal: AbortSignal, where: 'first' | 'last'): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        // The place is taken before anybody else may look.
        this.#running.add(one);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(cancelled());
      };
      signal.addEventListener('abort', leave, { once: true });
      if (where === 'first') this.#waiting.unshift(enter);
      else this.#waiting.push(enter);
    });
  }

  /** Gives the place up where the wait is long. It ends with the signal too. */
  async #wait(wait: Promise<void>, one: Running, signal: AbortSignal): Promise<void> {
    const { atOnce, patienceMs = usualPatienceMs } = this.#options;
    const ended = endOf(signal);
    const patience = after(patienceMs);
    try {
      if ((await Promise.race([wait.then(() => 'over' as const), ended.promise, patience.promise])) === 'over') return;
      if (this.#away >= atOnce * awayOfPlace) return await Promise.race([wait, ended.promise]);
      this.#away += 1;
      this.#leave(one);
      try {
        await Promise.race([wait, ended.promise]);
      } finally {
        this.#away -= 1;
      }
    } finally {
      ended.forget();
      patience.forget();
    }
    if (this.#running.size < atOnce) this.#running.add(one);
    else await this.#queue(one, signal, 'first');
    this.#watch();
  }

  /** Once for each time that it runs: who is away has left already. */
  #leave(one: Running): void {
    if (this.#running.delete(one)) this.#waiting.shift()?.();
  }

  #watch(): void {
    this.#timer ??= setTimeout(() => void this.#look(), this.#options.lookEveryMs ?? usualLookMs);
  }

  async #look(): Promise<void> {
    // Where it cannot be asked the engine is being opened again, and its statements end with it.
    const bytes = await this.#options.memory.heldBytes().catch(() => 0);
    this.#share(bytes);
    this.#timer = undefined;
    if (this.#running.size > 0) this.#watch();
    else this.#held = 0;
  }

  #share(bytes: number): void {
    const growth = bytes - this.#held;
    this.#held = bytes;
    const running = [...this.#running];
    for (const one of running) one.bytes = Math.max(0, one.bytes + growth / running.length);
    const [most] = running.toSorted((a, b) => b.bytes - a.bytes);
    const { statementMb } = this.#options;
    if (most !== undefined && most.bytes > statementMb * mega && !most.stop.signal.aborted) most.stop.abort(tooLarge(statementMb));
  }
}

/** Rejects when the signal aborts. Forget it when nobody asks any more. */
function endOf(signal: AbortSignal): { readonly promise: Promise<never>; forget(): void } {
  let onAbort = (): void => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(cancelled());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  // It may reject when the race is over.
  promise.catch(() => undefined);
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) };
}

function after(ms: number): { readonly promise: Promise<'long'>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<'long'>();
  const timer = setTimeout(() => resolve('long'), ms);
  return { promise, forget: () => clearTimeout(timer) };
}

function cancelled(): Fault {
  return fault('cancelled', 'Canceled', 'The statement was cancelled.');
}

function queueFull(atOnce: number, queued: number): Fault {
  return fault(
    'throttled',
    'QueryQueueFull',
    `The pool runs ${atOnce} statements, and ${queued} wait for their turn: there is no room for more.`,
    {
      remedy: 'Run the statement again later, or fewer at once.',
    },
  );
}

function tooLong(ms: number): Fault {
  return fault('timeout', 'QueryTooLong', `The statement took longer than ${ms / 1000} s, which is all it may.`, {
    remedy: 'Ask for less in one statement, or filter earlier.',
  });
}

function tooLarge(megabytes: number): Fault {
  return fault('throttled', 'QueryTooLarge', `The statement needed more than ${megabytes} MB of memory and disk, which is all it may.`, {
    remedy: 'Sort, join and group fewer rows in one statement, or run fewer statements at once.',
  });
}
