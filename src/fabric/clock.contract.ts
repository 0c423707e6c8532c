import type { Clock } from './clock.ts';

/** Time that stands still until it is moved. */
export class StillClock implements Clock {
  #nowMs = 1_000_000;
  #due: { readonly atMs: number; readonly action: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, action: () => void): () => void {
    const entry = { atMs: this.#nowMs + ms, action };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((other) => other !== entry);
    };
  }

  /** How long until something is due; undefined: nothing is. */
  get nextMs(): number | undefined {
    return this.#due.length === 0 ? undefined : Math.min(...this.#due.map(({ atMs }) => atMs)) - this.#nowMs;
  }

  /** Lets time pass, and does what falls due on the way. */
  pass(ms: number): void {
    const until = this.#nowMs + ms;
    for (;;) {
      const next = this.#due.filter(({ atMs }) => atMs <= until).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((other) => other !== next);
      this.#nowMs = next.atMs;
      next.action();
    }
    this.#nowMs = until;
  }
}
