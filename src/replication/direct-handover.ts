import { randomUUID } from 'node:crypto';
import { footingAfter } from './continuation.ts';
import type { Handover } from './handover.ts';
import type { PoolWriter } from './pool-writer.ts';
import type { Draft, Footing, Progress } from './segment.ts';

/** Applies segments in this process, one after the other. The pool's own progress is the only one. */
export class DirectHandover implements Handover {
  readonly #writer: PoolWriter;
  readonly #epoch: string = randomUUID();
  #number = 0;
  /** What the pool holds; undefined: it was not asked yet. */
  #footing: Footing | undefined;
  #tail: Promise<void> = Promise.resolve();

  constructor(writer: PoolWriter) {
    this.#writer = writer;
  }

  async progress(): Promise<Progress> {
    const progress = await this.#writer.progress();
    this.#stand(progress);
    return progress;
  }

  put(draft: Draft): Promise<void> {
    const done = this.#tail.then(async () => {
      const continues = (this.#footing ??= this.#stand(await this.#writer.progress()));
      const segment = { ...draft, number: ++this.#number, epoch: this.#epoch, continues };
      await this.#writer.apply(segment);
      if (draft.last) this.#footing = footingAfter(continues, segment);
    });
    this.#tail = done;
    // A failure is reported by the promise returned; the tail only keeps the order and refuses what comes after it.
    done.catch(() => undefined);
    return done;
  }

  #stand({ number, epoch, position }: Footing): Footing {
    this.#number = number;
    this.#footing = { number, epoch, position };
    return this.#footing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tail.catch(() => undefined);
    await this.#writer[Symbol.asyncDispose]();
  }
}
