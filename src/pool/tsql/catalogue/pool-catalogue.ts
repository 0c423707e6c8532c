import type { ShapeClock } from '../../engines/duckdb/shape-clock.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';
import type { Ask } from './table-key.ts';

/** What the catalogue of a pool says, read again only when it has changed. Shared by the sessions of a pool. */
export class PoolCatalogue {
  readonly #clock: ShapeClock;
  #known: { readonly version: number; readonly snapshot: Snapshot } | undefined;

  constructor(clock: ShapeClock) {
    this.#clock = clock;
  }

  /** To be asked before a transaction begins to look at the pool. */
  get version(): number | undefined {
    return this.#clock.settled;
  }

  /**
   * What a transaction sees: `before` is `version` from before it began. Where nothing changed since then, what is known of that version will
   * do; otherwise it is read in the transaction itself.
   */
  async seen(before: number | undefined, ask: Ask): Promise<Snapshot> {
    if (before === undefined || before !== this.#clock.settled) return readSnapshot(ask);
    if (this.#known?.version === before) return this.#known.snapshot;
    const snapshot = await readSnapshot(ask);
    this.#known = { version: before, snapshot };
    return snapshot;
  }
}
