import type { Progress, Segment } from './segment.ts';

/**
 * What a pool must do for a link. One per run of a link and pool; calls never overlap. Disposing of it gives up the transaction that is open,
 * if one is; it may be used after that.
 * `writer.contract.ts` is the suite every implementation passes; pools that several links fill also pass `writer-runs.contract.ts`.
 */
export interface PoolWriter extends AsyncDisposable {
  /** What the last committed transaction left. A new pool: number 0, nothing else. */
  progress(): Promise<Progress>;
  /**
   * Applies one segment. From a `first` to a `last` everything, the progress and the position becomes visible at once or not at all.
   * A segment numbered at or below what is committed is ignored if it is known to be the one that was; a gap is `corrupt`, and so is one that
   * does not go on from what the pool holds (`SegmentForeign`): see `continuation.ts`.
   * A fault leaves the pool as it was at the last commit, and its transaction is given up.
   * A patch whose old row is not there: null for what it keeps while the table is not `Replicating` (the link fetches such rows again),
   * `RowMissing` (corrupt) once it is.
   * Where one transaction of the pool can be open at a time, one that begins waits for that of another run to end.
   * Faults: `PoolFull` (unreachable: try again), `PoolCorrupt`, `RowMissing` (corrupt); and, unless the pool lets such a table stop alone,
   * `TableNotEmpty`, `TableDiffers`, `TableTaken` (conflict), `MergeNeedsKey` (precondition), `NoColumns` (unsupported).
   */
  apply(segment: Segment): Promise<void>;
}
