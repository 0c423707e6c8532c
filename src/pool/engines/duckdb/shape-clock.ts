/**
 * Says whether what is in the pool's catalogue may be another than before: tables made, altered, dropped, or taken by a link. Who reads the
 * catalogue in a transaction that began, to its first access, between two looks at the same `settled` knows that it is that number's.
 */
export class ShapeClock {
  #number = 1;
  #going = 0;

  /** Another number after each change; undefined while one is being committed. */
  get settled(): number | undefined {
    return this.#going === 0 ? this.#number : undefined;
  }

  /** A commit that changes what the catalogue says, whether or not it comes to pass. */
  async changing<T>(commit: () => Promise<T>): Promise<T> {
    this.#going++;
    try {
      return await commit();
    } finally {
      this.#number++;
      this.#going--;
    }
  }
}
