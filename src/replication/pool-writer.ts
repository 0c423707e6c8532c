import type { Progress, Segment } from './segment.ts';

/**
 * What a pool must do for a link. One per link and pool; calls never overlap.
 * `writer.contract.ts` is the suite every implementation passes.
 */
export interface PoolWriter extends AsyncDisposable {
  /** What the last committed transaction left. A new pool: number 0, nothing else. */
  progress(): Promise<Progress>;
  /**
   * Applies one segment. From a `first` to a `last` everything, the progress and the position becomes visible at once or not at all.
   * A segment numbered at or below what is committed is ignored; a gap is `corrupt`.
   * A fault leaves the pool as it was at the last commit, and its transaction is given up.
   * A patch whose old row is not there: null for what it keeps while the table is not `Replicating` (the link fetches such rows again),
   * `RowMissing` (corrupt) once it is.
   * Faults: `PoolFull` (unreachable: try again), `PoolCorrupt`, `RowMissing` (corrupt), `TableNotEmpty` (conflict).
   */
  apply(segment: Segment): Promise<void>;
}
