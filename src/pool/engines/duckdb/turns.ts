/** A right that one has at a time, given in the order in which it was asked for. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the asker's turn; what it answers ends the turn, and must be called once. */
  async take(): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return resolve;
  }
}
