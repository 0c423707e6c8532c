import type { SessionFacts } from '../run/sql-pool.ts';
import type { Rowset, RowsetColumn } from './rowset.ts';
import type { Snapshot } from './snapshot.ts';

/** Who asks a catalogue view, and what is there beside what is in the pool. */
export interface Asker {
  readonly database: string;
  readonly serverName: string;
  readonly userName: string;
  readonly mayWrite: boolean;
  /** `@@SPID`. */
  readonly number: number;
  readonly sessions: readonly SessionFacts[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Makes the rows of a catalogue view, as they are now. */
export type RowsetMaker = (snapshot: Snapshot, asker: Asker) => Rowset;

/** A view that a pool has nothing to put in. */
export function emptyView(...columns: readonly RowsetColumn[]): RowsetMaker {
  return () => ({ columns, rows: [] });
}
