import type { Fault } from '#base/fault.ts';
import { stepBytes } from '#replication/lane.ts';
import { failed, recopied, withMoved } from '#replication/link-book.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft, Position, Step } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import { TableChanges } from '#replication/table-changes.ts';

/** With more rows to fetch again than these the table is rather copied once more: their keys are kept with every step of its progress. */
const mostMoved = 5000;

/** Changes read and not yet yielded: steps in order, and one open collection per table. */
export class PendingChanges {
  readonly #tables: FollowedTables;
  readonly #open = new Map<string, TableChanges>();
  readonly #moved = new Map<string, string[][]>();
  readonly #failed = new Map<string, Fault>();
  #steps: Step[] = [];
  #changes = 0;
  /** The last draft ended inside a source transaction: the next one goes on with it. */
  #inPart = false;
  /** Bytes of the events read, a measure for what the columns hold. */
  bytes = 0;
  committedAt: bigint | undefined;

  constructor(tables: FollowedTables) {
    this.#tables = tables;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#steps.length === 0 && this.#failed.size === 0 && this.#moved.size === 0 && !this.#inPart;
  }

  hasFailed(table: string): boolean {
    return this.#failed.has(table);
  }

  /** Where the table's next change goes. */
  of(schema: TableSchema): TableChanges {
    const open = this.#open.get(schema.table);
    if (open) return open;
    const changes = new TableChanges(schema, this.#tables.progress(schema.table)?.state === 'Replicating');
    this.#open.set(schema.table, changes);
    return changes;
  }

  truncate(schema: TableSchema): void {
    this.#changes += (this.#open.get(schema.table)?.changes ?? 0) + 1;
    this.#steps.push({ kind: 'truncate', table: schema.table });
    this.#open.set(schema.table, new TableChanges(schema, true));
    this.#moved.delete(schema.table);
  }

  /** Steps that must come after everything read so far of their tables. */
  push(steps: readonly Step[]): void {
    for (const table of this.#open.keys()) this.#seal(table);
    this.#steps.push(...steps);
  }

  noteMoved(table: string, key: string[]): void {
    const keys = this.#moved.get(table);
    if (keys) keys.push(key);
    else this.#moved.set(table, [key]);
  }

  /** The table can go no further: what was read of it since the last draft is given up. */
  fail(table: string, fault: Fault): void {
    this.#open.delete(table);
    this.#moved.delete(table);
    this.#failed.set(table, fault);
  }

  /** Everything read so far, as a part that ends its transaction, at `position`; or does not, since a source transaction is still open. */
  take(inTransaction: boolean, position: Position | undefined): Draft {
    for (const table of this.#open.keys()) this.#seal(table);
    const steps = [...this.#steps, ...this.#notes()];
    const draft: Draft = {
      first: !this.#inPart,
      last: !inTransaction,
      steps,
      position: inTransaction ? undefined : position,
      committedAt: inTransaction ? undefined : this.committedAt,
      bytes: steps.reduce((sum, step) => sum + stepBytes(step), 0),
      changes: this.#changes,
    };
    this.#inPart = inTransaction;
    this.#steps = [];
    this.#moved.clear();
    this.#failed.clear();
    this.#changes = 0;
    this.bytes = 0;
    if (!inTransaction) this.committedAt = undefined;
    return draft;
  }

  #seal(table: string): void {
    const changes = this.#open.get(table)!;
    this.#open.delete(table);
    this.#changes += changes.changes;
    const step = changes.take();
    if (step) this.#steps.push(step);
  }

  #notes(): Step[] {
    const steps: Step[] = [];
    for (const [table, keys] of this.#moved) {
      const progress = this.#tables.progress(table);
      if (!progress) continue;
      const isMany = progress.moved.length + keys.length > mostMoved;
      steps.push({ kind: 'progress', progress: isMany ? recopied(progress) : withMoved(progress, keys) });
    }
    for (const [table, fault] of this.#failed) {
      const progress = this.#tables.progress(table);
      if (progress) steps.push({ kind: 'progress', progress: failed(progress, fault) });
    }
    return steps;
  }
}
