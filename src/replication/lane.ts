import { batchBytes, recycle } from './column.ts';
import type { Handover } from './handover.ts';
import type { Draft, Position, Step } from './segment.ts';

/** A draft of its own transaction that only carries bookkeeping. */
export function noteDraft(steps: readonly Step[], position?: Position): Draft {
  return { first: true, last: true, steps, position, committedAt: undefined, bytes: 0, changes: 0 };
}

/** The bytes of all values in a step. */
export function stepBytes(step: Step): number {
  if (step.kind !== 'rows') return 0;
  const patches = step.patches ? batchBytes(step.patches.rows) + batchBytes(step.patches.from) : 0;
  return (step.inserts ? batchBytes(step.inserts) : 0) + (step.removes ? batchBytes(step.removes) : 0) + patches;
}

function recycleStep(step: Step): void {
  if (step.kind !== 'rows') return;
  recycle(step.inserts);
  recycle(step.removes);
  recycle(step.patches?.rows);
  recycle(step.patches?.from);
}

export interface LaneOptions {
  /** Parts that may be on their way at once: one being applied, the next ones waiting. */
  readonly maxInFlight: number;
  /** Bytes that may be on their way at once. */
  readonly maxBytes: number;
  /** A whole transaction is durable. In order. */
  readonly onDurable: (draft: Draft) => void;
}

/** Carries drafts to the hand-over, in order, a bounded number at once; the first failure ends it. */
export class Lane {
  readonly #handover: Handover;
  readonly #options: LaneOptions;
  readonly #inFlight = new Set<Promise<void>>();
  #bytes = 0;
  /** What was put last: what is told of a draft waits for the one before it. */
  #tail: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(handover: Handover, options: LaneOptions) {
    this.#handover = handover;
    this.#options = options;
  }

  /** Is anything still on its way? */
  get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  /** Resolves when the draft is on its way and there is room for another. */
  async put(draft: Draft): Promise<void> {
    this.#check();
    this.#bytes += draft.bytes;
    const before = this.#tail;
    const done = this.#handover
      .put(draft)
      .then(
        async () => {
          await before;
          this.#finish(draft);
        },
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .finally(() => {
        this.#bytes -= draft.bytes;
        this.#inFlight.delete(done);
      });
    this.#tail = done;
    this.#inFlight.add(done);
    while (this.#inFlight.size > 0 && (this.#inFlight.size >= this.#options.maxInFlight || this.#bytes > this.#options.maxBytes))
      await Promise.race(this.#inFlight);
    this.#check();
  }

  /** Resolves when all that was put is durable. */
  async drain(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
    this.#check();
  }

  #finish(draft: Draft): void {
    if (draft.last && !this.#failure) this.#options.onDurable(draft);
    for (const step of draft.steps) recycleStep(step);
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
