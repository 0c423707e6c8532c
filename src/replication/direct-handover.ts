import type { Handover } from './handover.ts';
import type { PoolWriter } from './pool-writer.ts';
import type { Draft, Progress } from './segment.ts';

/** Applies segments in this process, one after the other. The pool's own progress is the only one. */
export class DirectHandover implements Handover {
  readonly #writer: PoolWriter;
  #number: number | undefined;
  #tail: Promise<void> = Promise.resolve();

  constructor(writer: PoolWriter) {
    this.#writer = writer;
  }

  async progress(): Promise<Progress> {
    const progress = await this.#writer.progress();
    this.#number = progress.number;
    return progress;
  }

  put(draft: Draft): Promise<void> {
    const done = this.#tail.then(async () => {
      this.#number ??= (await this.#writer.progress()).number;
      this.#number += 1;
      await this.#writer.apply({ ...draft, number: this.#number });
    });
    this.#tail = done;
    // A failure is reported by the promise returned; the tail only keeps the order and refuses what comes after it.
    done.catch(() => undefined);
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail.catch(() => undefined);
    await this.#writer[Symbol.asyncDispose]();
  }
}
