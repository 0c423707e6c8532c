import type { Column, ColumnBatch } from './column.ts';
import type { TableSchema } from './schema.ts';

/**
 * Where a source's log has been followed to, with the identity of that log.
 * Text form `pg/SYSTEM/TIMELINE/SLOT/LSN` (LSN as 16 hex digits), so that it sorts by place within one identity.
 */
export type Position = string & { readonly __brand: 'Position' };

/** `Waiting` → `Snapshotting` → `Replicating`; `Suspended` waits for the source, `Failed` for a human. */
export type TableState = 'Waiting' | 'Snapshotting' | 'Replicating' | 'Suspended' | 'Failed';

/** How far one table is. Stored by the pool in the transaction that made it true. */
export interface TableProgress {
  readonly table: string;
  readonly state: TableState;
  /** While copying: the key of the last row copied, as the source wrote it. Undefined before the first page and after the last. */
  readonly after: readonly string[] | undefined;
  /** All pages are copied; what is left is to fetch `moved`, then to catch up. */
  readonly copied: boolean;
  /** Nothing is left to copy; the table is `Replicating` once changes up to `until` are applied. */
  readonly until: Position | undefined;
  /** Transactions that the copied rows already contain, in the source's form; their changes are skipped. */
  readonly seen: string | undefined;
  /** Keys of rows that moved into copied ground while copying and whose unsent columns the pool may lack: fetched again before `until` is set. */
  readonly moved: readonly (readonly string[])[];
  readonly rowsCopied: number;
  /** Why the table is Suspended or Failed: code and message of the fault. */
  readonly fault: { readonly code: string; readonly message: string; readonly remedy: string | undefined } | undefined;
}

/** Rows whose listed columns the source did not send, because they did not change: the pool keeps their old values. */
export interface Patches {
  /** All columns of the table; unsent ones are null here. */
  readonly rows: ColumnBatch;
  /** The key columns, in key order, of the row that holds the old values. */
  readonly from: ColumnBatch;
  /** For each column of the table, a bitmap like `Column.validity`: bit r is 1 where row r keeps its old value. Undefined: none does. */
  readonly kept: readonly (Uint8Array | undefined)[];
}

/** One thing to do to one table. Steps of a segment are applied in order. */
export type Step =
  /**
   * Take rows away, then put rows in. In this order: read what `patches` keep; remove; insert; insert the patched.
   * No key occurs twice among `inserts` and `patches`.
   */
  | {
      readonly kind: 'rows';
      readonly table: string;
      /** Identity `key`: the key columns in key order. `full`: all columns, each row takes away one equal row. Keys that are not there are ignored. */
      readonly removes: ColumnBatch | undefined;
      /** All columns of the table, in the schema's order. */
      readonly inserts: ColumnBatch | undefined;
      readonly patches: Patches | undefined;
      /** Rows with the keys of `inserts` may be there and are taken away first (pages; they never carry `removes` or `patches`). */
      readonly replaces: boolean;
    }
  | { readonly kind: 'truncate'; readonly table: string }
  /** The table's shape from here on. Also the first step of a new table. `fills`: the value that existing rows have in a column just added (one row; absent: null). */
  | { readonly kind: 'schema'; readonly schema: TableSchema; readonly fills: readonly { readonly id: number; readonly value: Column }[] }
  /** The table's rows and shape may go. */
  | { readonly kind: 'drop'; readonly table: string }
  /** The table is the link's no more: its rows stay in the pool as they are, and what the link knows of it may go. */
  | { readonly kind: 'leave'; readonly table: string }
  | { readonly kind: 'progress'; readonly progress: TableProgress };

/** A part of the stream, immutable and ordered. The pool applies everything from a `first` to the next `last` in one transaction. */
export interface Draft {
  /** Begins a transaction of the pool. Whatever was open before is given up. */
  readonly first: boolean;
  /** Ends it. A source transaction is never split over two of them. */
  readonly last: boolean;
  readonly steps: readonly Step[];
  /** Where the source's log is followed to once this is applied. Only with `last`; undefined leaves it as it is. */
  readonly position: Position | undefined;
  /** Commit time, at the source, of the last transaction in it; microseconds since 1970 UTC. */
  readonly committedAt: bigint | undefined;
  /** Bytes of all values. */
  readonly bytes: number;
  /** Source row events in it, before several events of one row became one. */
  readonly changes: number;
}

/** Where a whole transaction ended, so that it can be told from any other: a writer that began at a wrong place gives the same numbers again. */
export interface Footing {
  /** Of its last segment; 0 before the first. */
  readonly number: number;
  /** Which opening of the hand-over wrote it; each has one of its own. Undefined: none yet, or it was noted by a version that did not. */
  readonly epoch: string | undefined;
  readonly position: Position | undefined;
}

export interface Segment extends Draft {
  /** 1, 2, 3, … without gaps over the life of the link. */
  readonly number: number;
  readonly epoch: string;
  /** What the pool must hold just before its transaction; all parts of one say the same. Undefined: written by a version that did not say it. */
  readonly continues: Footing | undefined;
}

/** All that must be known to go on: what the last durable segment left. */
export interface Progress extends Footing {
  readonly tables: ReadonlyMap<string, TableProgress>;
  readonly schemas: ReadonlyMap<string, TableSchema>;
}
