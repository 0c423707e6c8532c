import { stepBytes } from '#replication/lane.ts';
import type { Draft, Position, Step } from '#replication/segment.ts';

/** Steps of one transaction of the pool, in parts of bounded size. */
export class TransactionParts {
  #steps: Step[] = [];
  #changes = 0;
  #isFirst = true;

  /** A part has gone out already. */
  get isOut(): boolean {
    return !this.#isFirst;
  }

  push(...steps: readonly Step[]): void {
    this.#steps.push(...steps);
  }

  count(changes: number): void {
    this.#changes += changes;
  }

  /** What is there, as a part that others follow. */
  part(): Draft {
    return this.#take({ last: false, position: undefined, committedAt: undefined });
  }

  /** What is there, as the end of the transaction. */
  end(position: Position, committedAt: bigint | undefined): Draft {
    const some = this.#steps.length > 0 || this.isOut;
    return this.#take({ last: true, position, committedAt: some ? committedAt : undefined });
  }

  #take(rest: Pick<Draft, 'last' | 'position' | 'committedAt'>): Draft {
    const steps = this.#steps;
    const draft = {
      first: this.#isFirst,
      ...rest,
      steps,
      bytes: steps.reduce((sum, step) => sum + stepBytes(step), 0),
      changes: this.#changes,
    };
    this.#isFirst = false;
    this.#steps = [];
    this.#changes = 0;
    return draft;
  }
}
