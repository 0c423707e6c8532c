import type { SessionOptions } from './driver-login.ts';
import { SqlServerSession } from './session.ts';

/** A session that is made anew after it broke. */
export class OpenSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #signal: AbortSignal;
  #opening: Promise<SqlServerSession> | undefined;

  constructor(options: SessionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The live one. Faults: those of connecting. */
  async get(): Promise<SqlServerSession> {
    const before = this.#opening;
    const known = await before?.catch(() => undefined);
    if (known && !known.isLost) return known;
    if (this.#opening === before) this.#opening = SqlServerSession.connect(this.#options, this.#signal);
    return this.#opening!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#opening?.catch(() => undefined);
    session?.destroy();
  }
}
