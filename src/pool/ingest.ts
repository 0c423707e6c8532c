import { policies, toFault, type Fault } from '#base/fault.ts';
import { backoffMs, delay } from '#base/service.ts';
import type { LandingReader } from '#replication/landing-zone/landing-reader.ts';
import { releaseSegment } from '#replication/landing-zone/segment-files.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import type { Segment } from '#replication/segment.ts';

export interface Ingest {
  readonly reader: Pick<LandingReader, 'check' | 'segments' | 'prune'>;
  readonly writer: PoolWriter;
  /** Ends it, between two segments. */
  readonly signal: AbortSignal;
  /** A segment is applied; with `last` it is committed. Cheap, in order. Its columns may be read until this returns. */
  readonly onApplied?: (segment: Segment) => void;
  /** A fault that waiting may mend; it is tried again after `retryMs`. */
  readonly onRetry?: (fault: Fault, retryMs: number) => void;
  /** When applied segments are taken away: at so many, so many bytes, or so long after the first of them. */
  readonly pruneAt?: PruneLimits;
  /** The pause after the n-th failure in a row, from 0; given by tests. */
  readonly retryMs?: (attempt: number) => number;
}

export interface PruneLimits {
  readonly segments: number;
  readonly bytes: number;
  readonly ms: number;
}

const usualLimits: PruneLimits = { segments: 64, bytes: 64 * 1024 * 1024, ms: 5_000 };
/** Segments read and verified while the pool applies the one before them. */
const maxAhead = 2;

/**
 * Brings a landing zone's segments into a pool, in order, until the signal aborts; takes away what is committed.
 * Faults that waiting may mend (`policies.retry` is `backoff`) are waited out, and it goes on from what the pool committed last.
 * Throws any other fault: the pool is then as at its last commit, and the zone still holds all that follows.
 */
export async function ingest(options: Ingest): Promise<void> {
  let attempt = 0;
  const taken = (segment: Segment): void => {
    if (segment.last) attempt = 0;
    options.onApplied?.(segment);
  };
  while (!options.signal.aborted) {
    try {
      await applyAll({ ...options, onApplied: taken });
    } catch (error) {
      const reason = toFault(error);
      if (options.signal.aborted && reason.kind === 'cancelled') return;
      if (policies[reason.kind].retry !== 'backoff') throw error;
      const retryMs = (options.retryMs ?? usualRetryMs)(attempt++);
      options.onRetry?.(reason, retryMs);
      await waitMs(retryMs, options.signal);
    }
  }
}

function usualRetryMs(attempt: number): number {
  return backoffMs(attempt, Math.random());
}

/** Applies segments from where the pool is until the signal aborts or a fault comes. */
async function applyAll(options: Ingest): Promise<void> {
  const { reader, writer, signal } = options;
  const progress = await writer.progress();
  await reader.check(progress);
  const broom = new Broom(options);
  // What an earlier run applied and left: the zone's writer may be waiting for its room.
  await broom.sweep();
  const ahead = new ReadAhead((stop) => reader.segments(progress.number, AbortSignal.any([signal, stop])));
  try {
    while (!signal.aborted) {
      const next = await Promise.race([ahead.next(), ...broom.timers]);
      if (next?.done) return;
      if (next) {
        ahead.take();
        await writer.apply(next.value);
        options.onApplied?.(next.value);
        broom.note(next.value);
        releaseSegment(next.value);
      }
      if (broom.isDue) await broom.sweep();
    }
  } finally {
    // What is open would keep other links of the pool waiting.
    await writer[Symbol.asyncDispose]();
    await ahead.end();
    await broom.rest();
  }
}

/** Reads segments while the pool applies earlier ones. */
class ReadAhead {
  readonly #stop = new AbortController();
  readonly #segments: AsyncGenerator<Segment, void>;
  readonly #waiting: Promise<IteratorResult<Segment, void>>[] = [];

  constructor(open: (stop: AbortSignal) => AsyncGenerator<Segment, void>) {
    this.#segments = open(this.#stop.signal);
    this.#fill();
  }

  /** The next segment; the same one until it is taken. */
  next(): Promise<IteratorResult<Segment, void>> {
    return this.#waiting[0]!;
  }

  take(): void {
    void this.#waiting.shift();
    this.#fill();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#waiting);
    await this.#segments.return();
  }

  #fill(): void {
    while (this.#waiting.length < maxAhead) this.#waiting.push(quiet(this.#segments.next()));
  }
}

/** Takes committed segments away, while the pool goes on. */
class Broom {
  readonly #options: Ingest;
  readonly #limits: PruneLimits;
  /** Ends the wait for what was noted since the last sweep. */
  #cycle = new AbortController();
  #segments = 0;
  #bytes = 0;
  #timer: Promise<undefined> | undefined;
  #late = false;
  #committed = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: Ingest) {
    this.#options = options;
    this.#limits = options.pruneAt ?? usualLimits;
  }

  /** What resolves when it is time to sweep though nothing more comes. */
  get timers(): readonly Promise<undefined>[] {
    return this.#timer ? [this.#timer] : [];
  }

  /** Only between two transactions does the pool stand where its progress says. */
  get isDue(): boolean {
    if (!this.#committed || this.#segments === 0) return false;
    return this.#late || this.#segments >= this.#limits.segments || this.#bytes >= this.#limits.bytes;
  }

  note(segment: Segment): void {
    if (this.#segments++ === 0) this.#timer = this.#becomeLate(this.#cycle.signal);
    this.#bytes += segment.bytes;
    this.#committed = segment.last;
  }

  async sweep(): Promise<void> {
    await this.#running;
    const progress = await this.#options.writer.progress();
    this.#cycle.abort();
    this.#cycle = new AbortController();
    this.#segments = this.#bytes = 0;
    this.#timer = undefined;
    this.#late = false;
    this.#running = quiet(this.#options.reader.prune(progress));
  }

  /** Ends it; resolves when nothing of it is running any more. */
  async rest(): Promise<void> {
    this.#cycle.abort();
    await Promise.allSettled([this.#running]);
  }

  async #becomeLate(signal: AbortSignal): Promise<undefined> {
    await waitMs(this.#limits.ms, signal);
    if (signal.aborted) return;
    this.#timer = undefined;
    this.#late = true;
  }
}

/** The promise itself: its failure is looked at later. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Waits that long, or until the signal aborts. */
async function waitMs(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch((error: unknown) => {
    if (toFault(error).kind !== 'cancelled') throw error;
  });
}
