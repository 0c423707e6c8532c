import type { LinkClock } from './link-options.ts';

/** Wakes one sleeper. A ring while nobody sleeps is heard by the next one. */
export class Bell {
  readonly #clock: Pick<LinkClock, 'timer'>;
  #rung = false;
  #wake: () => void = () => undefined;

  constructor(clock: Pick<LinkClock, 'timer'>) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Until it rings, `ms` have passed, or the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const ring = (): void => this.#wake();
    signal.addEventListener('abort', ring, { once: true });
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.timer(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (this.#rung || signal.aborted) this.#wake();
    });
    this.#wake = () => undefined;
    this.#rung = false;
    signal.removeEventListener('abort', ring);
  }
}
