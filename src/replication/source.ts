import type { Fault } from '#base/fault.ts';
import type { ColumnBatch } from './column.ts';
import type { TableSchema } from './schema.ts';
import type { Draft, Position, TableProgress } from './segment.ts';

/** One result of a check. An `error` keeps its target from being replicated; a `warning` says what will be lost or may go wrong. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  readonly message: string;
  /** A table's or column's name; absent: the whole source. */
  readonly target: string | undefined;
  /** What to do, as SQL where SQL can do it. */
  readonly remedy: string | undefined;
}

/** How a page ended. */
export interface PageEnd {
  /** The key of the page's last row, as the source writes it; undefined: no row is left. */
  readonly after: readonly string[] | undefined;
  /** See `TableProgress.seen`. */
  readonly seen: string | undefined;
}

/** Nothing was read: the table cannot be copied at the moment, for this reason. Ask again in a while. */
export interface Deferred {
  readonly deferred: Fault;
}

/** What `follow` must know of the link's tables; kept current by the link loop. */
export interface FollowedTables {
  /** True while there is other work than changes: a source with none at hand then yields an empty draft at once. */
  readonly impatient: boolean;
  /** True while earlier drafts are still on their way: a source then rather collects more than yields little. */
  readonly busy: boolean;
  schema(table: string): TableSchema | undefined;
  progress(table: string): TableProgress | undefined;
}

/** How the source's log stands. */
export interface SourceHealth {
  readonly head: Position;
  /** Bytes of log that the source keeps because of us. */
  readonly heldBytes: bigint;
  /** Bytes it may still keep before it breaks the link; undefined: no limit. */
  readonly headroomBytes: bigint | undefined;
  /** When the stream of changes last said anything, if only that it is alive; milliseconds since 1970. Undefined: it is not followed. */
  readonly heardMs: number | undefined;
}

/**
 * A database whose rows and changes are read. `source.contract.ts` is the suite every implementation passes.
 * Faults: `unreachable`, `timeout` (try again); `unauthenticated`, `denied`, `missing`, `precondition`, `conflict` (a human must act);
 * `lost-history` (the log between the position and now is gone, or is another log: the tables must be copied again).
 */
export interface ChangeSource extends AsyncDisposable {
  /** Is the source ready, and what will be lost? Changes nothing. */
  check(): Promise<readonly Finding[]>;
  /** The chosen tables that can be replicated, as they are now. */
  describe(): Promise<readonly TableSchema[]>;
  /** About how many rows the chosen tables have, for progress; tables that nothing is known of are absent. */
  estimate(): Promise<ReadonlyMap<string, number>>;
  /**
   * Makes sure that the source keeps its log for us from `from` on (undefined: from now on), for these tables, and answers where to follow from.
   * Idempotent: killed anywhere, it is called again. Verifies that the log is the one that `from` speaks of.
   */
  open(tables: readonly TableSchema[], from: Position | undefined): Promise<Position>;
  /**
   * Says, while following, which tables are the link's from now on. Changes of tables that are no more among them are logged for us no longer;
   * those of new ones from before their first page on.
   */
  choose(tables: readonly TableSchema[]): Promise<void>;
  /**
   * The next existing rows, in batches, after `progress.after` in the source's own key order, as of one moment after the call.
   * A table without key comes whole, in one page. Before the first page of a `Waiting` table, which must be durable by then, the source begins
   * to log its changes for us; a change that was logged only in part is in that page. Faults: `TableChanged` (conflict), `TableMissing` (missing).
   */
  page(table: TableSchema, progress: TableProgress, signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd | Deferred>;
  /** The rows with the given keys that exist, as of one moment after the call. */
  fetch(table: TableSchema, keys: readonly (readonly string[])[], signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd | Deferred>;
  /**
   * Changes committed after `from`, in commit order, transactions whole. Yields a draft as soon as changes are there, and one without steps
   * now and then when there are none, so that the loop turns. Reads no further than a bounded buffer ahead of its consumer.
   */
  follow(from: Position, tables: FollowedTables, signal: AbortSignal): AsyncIterable<Draft>;
  /** The end of the source's log now: every transaction committed before the call lies before it. */
  head(): Promise<Position>;
  /** Everything up to here is durable with us: the source may forget it. */
  confirm(upTo: Position): void;
  health(): Promise<SourceHealth>;
  /** Gives back all that `open` made at the source. Idempotent. */
  release(): Promise<void>;
}
