import { watch, type FSWatcher } from 'node:fs';

/**
 * Tells when segments come to or go from a folder. The system's notice is taken where there is one; a slow look comes besides, for the
 * file systems that send none.
 */
export class FolderWatch implements Disposable {
  readonly #pollMs: number;
  #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(folder: string, pollMs: number) {
    this.#pollMs = pollMs;
    try {
      this.#watcher = watch(folder, (_, name) => {
        if (name === null || name.startsWith('seg-')) this.#notice();
      });
      this.#watcher.on('error', () => this.#giveUp());
    } catch {
      // No notices to be had, as when the system's watches are used up: what remains is to look often.
      this.#watcher = undefined;
    }
  }

  /** Resolves once something changed since the last call, or may have, or the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    if (!this.#changed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#watcher ? this.#pollMs : Math.min(this.#pollMs, 20));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#wake, { once: true });
      });
      if (this.#wake) signal.removeEventListener('abort', this.#wake);
    }
    this.#wake = undefined;
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#giveUp();
  }

  #notice(): void {
    this.#changed = true;
    this.#wake?.();
  }

  #giveUp(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#notice();
  }
}
