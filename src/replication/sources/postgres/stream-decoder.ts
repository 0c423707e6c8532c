import { toFault } from '#base/fault.ts';
import type { Position } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import type { TableChanges } from '#replication/table-changes.ts';
import { readMessage, type LogicalMessage, type Relation, type StreamCommitMessage } from '#wire/pgoutput/messages.ts';
import { newWalCursor, nextWal, outer, readKeepalive, type WalCursor } from '#wire/pgoutput/outer.ts';
import { isRowChange, newRowChange, oldKind, readRowChange, rowTag } from '#wire/pgoutput/tuple.ts';
import { TupleRow } from './event-row.ts';
import type { PendingChanges } from './pending-changes.ts';
import { relationTable, sameRelation, SnapshotCache, type Binding } from './relation-binding.ts';
import type { Spool } from './spool.ts';
import { sees, type TakenTransactions } from './visibility.ts';

/** Why the decoder stopped before the end of its bytes; call `run` again once that is done. */
export type Stop =
  | { readonly kind: 'end' }
  /** Enough is pending: yield it. */
  | { readonly kind: 'full' }
  /** The relation's events come next, and what they mean must be looked up: see `adoptRelation`, then `bound`. */
  | { readonly kind: 'relation'; readonly relation: Relation }
  /** The source wants to hear from us. */
  | { readonly kind: 'reply' }
  /** A streamed transaction was committed: replay it from the spool. */
  | { readonly kind: 'replay'; readonly commit: StreamCommitMessage };

export interface StreamDecoderOptions {
  readonly tables: FollowedTables;
  readonly pending: PendingChanges;
  readonly taken: TakenTransactions;
  readonly spool: Spool;
  /** Transactions that end before this place were applied before. */
  readonly fromLsn: bigint;
  readonly toPosition: (lsn: bigint) => Position;
  readonly maxBytes: number;
}

interface Transaction {
  readonly xid: number;
  readonly committedAt: bigint;
  /** The source sends again what was applied before. */
  readonly repeated: boolean;
}

interface Target {
  readonly binding: Binding;
  readonly changes: TableChanges;
}

/** Turns the bytes of a pgoutput stream into pending changes. Holds no more of them than that. */
export class StreamDecoder {
  readonly #options: StreamDecoderOptions;
  readonly #relations = new Map<number, Relation>();
  readonly #bindings = new Map<number, Binding | undefined>();
  /** Where events of a relation go until the next transaction or draft; null: nowhere. */
  readonly #targets = new Map<number, Target | null>();
  readonly #change = newRowChange();
  readonly #new = new TupleRow(this.#change.new);
  readonly #old = new TupleRow(this.#change.old);
  readonly #snapshots = new SnapshotCache();
  readonly #cursor: WalCursor = newWalCursor();
  #buffer: Buffer = Buffer.alloc(0);
  #transaction: Transaction | undefined;
  /** The streamed transaction whose messages are coming. */
  #streaming: number | undefined;
  /** Replayed messages name their transaction, as streamed ones do. */
  #replaying: ReadonlySet<number> | undefined;

  constructor(options: StreamDecoderOptions) {
    this.#options = options;
  }

  get inTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  /** Whole CopyData messages with their headers; everything before must have been run through. */
  feed(bytes: Uint8Array): void {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#cursor.next = 0;
  }

  /** The bytes that `run` has not come to. */
  rest(): Uint8Array {
    return this.#buffer.subarray(this.#cursor.next);
  }

  /** The relation's events now mean this. */
  bound(relation: Relation, binding: Binding | undefined): void {
    this.#relations.set(relation.oid, relation);
    this.#bindings.set(relation.oid, binding);
    this.#targets.delete(relation.oid);
  }

  /** What was pending has been yielded: tables may be in other states now. */
  taken(): void {
    this.#targets.clear();
  }

  /** Reads until the end of the bytes, or until something must be done first. */
  run(): Stop {
    const cursor = this.#cursor;
    for (;;) {
      const at = cursor.next;
      if (!nextWal(this.#buffer, cursor)) return { kind: 'end' };
      const stop = cursor.kind === outer.keepalive ? this.#keepalive() : this.#message(at);
      if (stop) return stop;
      if (this.#options.pending.bytes >= this.#options.maxBytes) return { kind: 'full' };
    }
  }

  /** Begins the replay of a streamed transaction; then feed and run its spooled messages, then `endReplay`. */
  beginReplay(commit: StreamCommitMessage, aborted: ReadonlySet<number>): void {
    this.#begin(commit.xid, commit.commitLsn, commit.committedAtUs);
    this.#replaying = aborted;
  }

  endReplay(commit: StreamCommitMessage): void {
    this.#replaying = undefined;
    this.#commit(commit.endLsn, commit.committedAtUs);
  }

  #keepalive(): Stop | undefined {
    const { walEnd, replyRequested } = readKeepalive(this.#buffer, this.#cursor);
    // Nothing is half read, so everything before this place has been seen.
    if (!this.#transaction && this.#streaming === undefined) this.#advance(walEnd);
    return replyRequested ? { kind: 'reply' } : undefined;
  }

  #message(at: number): Stop | undefined {
    const tag = this.#buffer[this.#cursor.start]!;
    if (this.#streaming !== undefined && tag !== 0x45) {
      this.#options.spool.append(this.#streaming, this.#buffer.subarray(at, this.#cursor.end));
      return undefined;
    }
    if (isRowChange(tag)) return this.#row(at);
    return this.#control(readMessage(this.#buffer, this.#cursor, this.#replaying !== undefined), at);
  }

  #control(message: LogicalMessage, at: number): Stop | undefined {
    switch (message.kind) {
      case 'begin':
        this.#begin(message.xid, message.finalLsn, message.committedAtUs);
        return undefined;
      case 'commit':
        this.#commit(message.endLsn, message.committedAtUs);
        return undefined;
      case 'relation':
        if (this.#bindings.has(message.oid) && sameRelation(this.#relations.get(message.oid), { ...message, xid: 0 })) return undefined;
        this.#targets.delete(message.oid);
        return { kind: 'relation', relation: { ...message, xid: 0 } };
      case 'truncate':
        return this.#truncate(message.relations, message.xid, at);
      case 'stream-start':
        this.#streaming = message.xid;
        this.#options.spool.begin(message.xid);
        return undefined;
      case 'stream-stop':
        this.#streaming = undefined;
        return undefined;
      case 'stream-abort':
        this.#options.spool.abort(message.xid, message.subXid);
        return undefined;
      case 'stream-commit':
        return { kind: 'replay', commit: message };
      case 'origin':
      case 'type':
      case 'message':
        return undefined;
    }
  }

  #begin(xid: number, finalLsn: bigint, committedAt: bigint): void {
    this.#targets.clear();
    this.#transaction = { xid, committedAt, repeated: finalLsn < this.#options.fromLsn };
  }

  #commit(endLsn: bigint, committedAt: bigint): void {
    const { pending, taken } = this.#options;
    if (this.#transaction && !this.#transaction.repeated) {
      taken.add(this.#transaction.xid);
      pending.committedAt = committedAt;
    }
    this.#transaction = undefined;
    this.#advance(endLsn);
  }

  #advance(lsn: bigint): void {
    const position = this.#options.toPosition(lsn);
    const { pending } = this.#options;
    if (lsn >= this.#options.fromLsn && (pending.position === undefined || position > pending.position)) pending.position = position;
  }

  #row(at: number): Stop | undefined {
    const change = this.#change;
    readRowChange(this.#buffer, this.#cursor, this.#replaying !== undefined, change);
    if (this.#replaying?.has(change.xid)) return undefined;
    const target = this.#targets.get(change.relation) ?? this.#aim(change.relation);
    if (target === 'adopt') return this.#again(change.relation, at);
    if (target === null) return undefined;
    this.#options.pending.bytes += this.#cursor.end - this.#cursor.start;
    try {
      this.#apply(target);
    } catch (error) {
      this.#fail(target.binding, error, change.relation);
    }
    return undefined;
  }

  #apply({ binding, changes }: Target): void {
    const { map, schema } = binding;
    const change = this.#change;
    const whole = change.oldKind === oldKind.full;
    const old = change.oldKind === oldKind.none ? undefined : this.#old.aim(map, this.#buffer);
    if (change.tag === rowTag.delete) {
      if (old) changes.delete(schema.identity === 'full' ? old.rowText() : old.keyText(), old);
      return;
    }
    const row = this.#new.aim(map, this.#buffer, old, whole);
    const key = schema.identity === 'key' ? row.keyText() : schema.identity === 'full' ? row.rowText() : '';
    if (change.tag === rowTag.insert) return changes.insert(key, row);
    const oldKey = old === undefined ? key : schema.identity === 'full' ? old.rowText() : old.keyText();
    const incomplete = changes.update({ key, oldKey }, row, old ?? row);
    if (incomplete && this.#options.tables.progress(binding.table)?.state !== 'Replicating') this.#options.pending.noteMoved(binding.table, row.keyValues());
  }

  #truncate(oids: readonly number[], xid: number, at: number): Stop | undefined {
    if (this.#replaying?.has(xid)) return undefined;
    for (const oid of oids) if (this.#aim(oid) === 'adopt') return this.#again(oid, at);
    for (const oid of oids) {
      const target = this.#aim(oid);
      if (target === null || target === 'adopt') continue;
      this.#options.pending.truncate(target.binding.schema);
      this.#targets.delete(oid);
    }
    return undefined;
  }

  /** The message at `at` is read again once the relation means what the table is now. */
  #again(oid: number, at: number): Stop {
    this.#cursor.next = at;
    return { kind: 'relation', relation: this.#relations.get(oid)! };
  }

  /** Where the relation's events go in this transaction. */
  #aim(oid: number): Target | null | 'adopt' {
    const known = this.#targets.get(oid);
    if (known !== undefined) return known;
    const relation = this.#relations.get(oid);
    const binding = this.#bindings.get(oid);
    const { tables, pending } = this.#options;
    if (!relation) return null;
    if (!binding) {
      const schema = tables.schema(relationTable(relation));
      if (schema && schema.id === String(oid)) return 'adopt';
    } else if (binding.schema !== tables.schema(binding.table)) return 'adopt';
    const target = binding && this.#applies(binding) ? { binding, changes: pending.of(binding.schema) } : null;
    this.#targets.set(oid, target);
    return target;
  }

  /** Are this transaction's events of the table still to be applied? What a later page brings anyway is not. */
  #applies(binding: Binding): boolean {
    const transaction = this.#transaction;
    const progress = this.#options.tables.progress(binding.table);
    if (!transaction || transaction.repeated || !progress || binding.lost || this.#options.pending.hasFailed(binding.table)) return false;
    if (progress.state !== 'Snapshotting' && progress.state !== 'Replicating') return false;
    return progress.seen === undefined || !sees(this.#snapshots.get(progress.seen), transaction.xid);
  }

  /** A value that cannot be taken stops its table; anything else stops the link. */
  #fail(binding: Binding, error: unknown, oid: number): void {
    const fault = toFault(error);
    if (fault.kind !== 'unsupported' || !fault.target?.startsWith(`${binding.table}.`)) throw error;
    this.#options.pending.fail(binding.table, fault);
    this.#targets.set(oid, null);
  }
}
