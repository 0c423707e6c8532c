import { fault, toFault, type Fault } from '#base/fault.ts';
import { copyAnew } from '#replication/copy-anew.ts';
import type { Position, TableProgress } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import type { RowKey, TableChanges } from '#replication/table-changes.ts';
import { readMessage, type LogicalMessage, type Relation, type StreamCommitMessage } from '#wire/pgoutput/messages.ts';
import { newWalCursor, nextWal, outer, readKeepalive, type WalCursor } from '#wire/pgoutput/outer.ts';
import { isRowChange, newRowChange, oldKind, readRowChange, rowTag } from '#wire/pgoutput/tuple.ts';
import { TupleRow } from './event-row.ts';
import type { Known } from './adoption.ts';
import { formatLsn, type Witness } from './log-place.ts';
import type { PendingChanges } from './pending-changes.ts';
import { SnapshotCache, type Binding } from './relation-binding.ts';
import type { Spool } from './spool.ts';
import { sees, type TakenTransactions } from './visibility.ts';

/** Why the decoder stopped before the end of its bytes; call `run` again once that is done. */
export type Stop =
  | { readonly kind: 'end' }
  /** Enough is pending: yield it. */
  | { readonly kind: 'full' }
  /** The relation's events come next, and what they mean must be looked up: see `adoptRelation`, then `bound`. */
  | { readonly kind: 'relation'; readonly relation: Relation; readonly known: Known }
  /** The source wants to hear from us. */
  | { readonly kind: 'reply' }
  /** A streamed transaction was committed: replay it from the spool. */
  | { readonly kind: 'replay'; readonly commit: StreamCommitMessage };

export interface StreamDecoderOptions {
  readonly tables: FollowedTables;
  /** The link's tables' names by oid: a table that is renamed and named back is one table all the while. */
  readonly chosen: ReadonlyMap<string, string>;
  readonly pending: PendingChanges;
  readonly taken: TakenTransactions;
  /** Told how far the log was read. */
  readonly holds: { readTo: bigint };
  readonly spool: Spool;
  /** Transactions that end before this place were applied before. */
  readonly fromLsn: bigint;
  /** The transaction that the source must send first, though it was applied before. */
  readonly witness: Witness | undefined;
  readonly toPosition: (lsn: bigint, witness: Witness | undefined) => Position;
  readonly maxBytes: number;
}

interface Transaction {
  readonly xid: number;
  /** The source sends again what was applied before. */
  readonly repeated: boolean;
}

interface Target {
  readonly binding: Binding;
  readonly changes: TableChanges;
}

interface Unknown {
  readonly relation: Relation;
  readonly known: Known;
}

const streamRemedy = 'Check that nothing between here and the source rewrites the stream.';
/** So much log is kept for a witness' sake. */
const witnessBytes = 16n * 1024n * 1024n;

/** Turns the bytes of a pgoutput stream into pending changes. Holds no more of them than that. */
export class StreamDecoder {
  readonly #options: StreamDecoderOptions;
  readonly #relations = new Map<number, Relation>();
  /** What relations were found to mean (null: nothing); a relation that came anew is found out at its next event. */
  readonly #bindings = new Map<number, Binding | null>();
  /** Where events of a relation go until the next draft, or the next transaction where `#aimsAnew`; null: nowhere. */
  readonly #targets = new Map<number, Target | null>();
  /** What a target is depends on the transaction too. */
  #aimsAnew = true;
  readonly #change = newRowChange();
  readonly #keys: { key: RowKey; oldKey: RowKey } = { key: '', oldKey: '' };
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
  /** The last transaction read. */
  #witness: Witness | undefined;
  #unproven: Witness | undefined;
  #readTo: bigint;
  #hasAdvanced = false;

  constructor(options: StreamDecoderOptions) {
    this.#options = options;
    this.#witness = this.#unproven = options.witness;
    this.#readTo = options.holds.readTo = options.fromLsn;
  }

  /** Every transaction that ended before this place was read. */
  get readTo(): bigint {
    return this.#readTo;
  }

  /** The source still has to show that its log is the one that was read before. */
  get isUnproven(): boolean {
    return this.#unproven !== undefined;
  }

  /** How far the source is followed; undefined: no further than where it began. */
  get position(): Position | undefined {
    return this.#hasAdvanced ? this.#options.toPosition(this.#readTo, this.#witness) : undefined;
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

  /** The relation's events now mean this, or nothing. */
  bound(relation: Relation, binding: Binding | null): void {
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
    if (this.#unproven && walEnd > this.#unproven.commitLsn) throw otherHistory(this.#unproven);
    // Nothing is half read, so everything before this place has been seen.
    if (!this.#transaction && this.#streaming === undefined) this.#advance(walEnd);
    return replyRequested ? { kind: 'reply' } : undefined;
  }

  #message(at: number): Stop | undefined {
    const tag = this.#buffer[this.#cursor.start]!;
    if (this.#streaming !== undefined && tag !== 0x45) {
      this.#options.spool.append(this.#streaming, this.#buffer, at, this.#cursor.end);
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
        this.#relations.set(message.oid, message);
        this.#bindings.delete(message.oid);
        this.#targets.delete(message.oid);
        return undefined;
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
    const witness = { commitLsn: finalLsn, xid, committedAtUs: committedAt };
    if (this.#unproven && !isSame(witness, this.#unproven)) throw otherHistory(this.#unproven);
    this.#unproven = undefined;
    this.#witness = witness;
    const repeated = finalLsn < this.#options.fromLsn;
    this.#transaction = { xid, repeated };
    if (this.#aimsAnew || repeated) this.#targets.clear();
    this.#aimsAnew = repeated;
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
    const { fromLsn } = this.#options;
    if (lsn < this.#readTo || lsn < fromLsn) return;
    this.#readTo = this.#options.holds.readTo = lsn;
    // The source keeps its log from the witness on: not for ever where nothing else comes.
    if (this.#witness && lsn - this.#witness.commitLsn > witnessBytes) this.#witness = undefined;
    this.#hasAdvanced = true;
  }

  #row(at: number): Stop | undefined {
    const change = this.#change;
    readRowChange(this.#buffer, this.#cursor, this.#replaying !== undefined, change);
    if (this.#replaying?.has(change.xid)) return undefined;
    const target = this.#aim(change.relation);
    if (target === null) return undefined;
    if ('relation' in target) return this.#again(target, at);
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
      if (old) changes.delete(schema.identity === 'full' ? old.rowText() : old.key(), old);
      return;
    }
    const row = this.#new.aim(map, this.#buffer, old, whole);
    const key = schema.identity === 'key' ? row.key() : schema.identity === 'full' ? row.rowText() : '';
    if (change.tag === rowTag.insert) return changes.insert(key, row);
    this.#keys.key = key;
    this.#keys.oldKey = old === undefined ? key : schema.identity === 'full' ? old.rowText() : old.key();
    const incomplete = changes.update(this.#keys, row, old ?? row);
    if (incomplete && this.#options.tables.progress(binding.table)?.state !== 'Replicating')
      this.#options.pending.noteMoved(binding.table, row.keyValues());
  }

  #truncate(oids: readonly number[], xid: number, at: number): Stop | undefined {
    if (this.#replaying?.has(xid)) return undefined;
    for (const oid of oids) {
      const target = this.#aim(oid);
      if (target !== null && 'relation' in target) return this.#again(target, at);
    }
    for (const oid of oids) {
      const target = this.#aim(oid);
      if (target === null || 'relation' in target) continue;
      this.#options.pending.truncate(target.binding.schema);
      this.#targets.delete(oid);
    }
    return undefined;
  }

  /** The message at `at` is read again once it is known what its relation means. */
  #again(unknown: Unknown, at: number): Stop {
    this.#cursor.next = at;
    return { kind: 'relation', ...unknown };
  }

  /** Where the relation's events go in this transaction: nowhere (null), or it must be found out first what the relation means. */
  #aim(oid: number): Target | null | Unknown {
    const aimed = this.#targets.get(oid);
    if (aimed !== undefined) return aimed;
    const relation = this.#relations.get(oid);
    if (!relation)
      throw fault('corrupt', 'RelationUnknown', 'The source sent a change of a table that it had not described.', { remedy: streamRemedy });
    const known = this.#known(oid);
    let target: Target | null = null;
    if (known && this.#applies(known.progress)) {
      const binding = this.#bindings.get(oid);
      if (binding === undefined || (binding && binding.schema !== known.schema)) return { relation, known };
      target = binding && { binding, changes: this.#options.pending.of(known.schema) };
    }
    this.#targets.set(oid, target);
    return target;
  }

  #known(oid: number): Known | undefined {
    const { tables, chosen } = this.#options;
    const name = chosen.get(String(oid));
    const schema = name === undefined ? undefined : tables.schema(name);
    const progress = name === undefined ? undefined : tables.progress(name);
    return schema && progress && schema.id === String(oid) ? { schema, progress } : undefined;
  }

  /** Are this transaction's events of the table still to be applied? What a later page brings anyway is not. */
  #applies(progress: TableProgress): boolean {
    const transaction = this.#transaction;
    if (!transaction)
      throw fault('corrupt', 'StreamUnknown', 'The source sent a change outside of any transaction.', { remedy: streamRemedy });
    if (transaction.repeated || this.#options.pending.hasFailed(progress.table)) return false;
    if (progress.state !== 'Snapshotting' && progress.state !== 'Replicating') return false;
    if (progress.seen === undefined) return true;
    this.#aimsAnew = true;
    return !sees(this.#snapshots.get(progress.seen), transaction.xid);
  }

  /** A value that cannot be taken stops its table; anything else stops the link. */
  #fail(binding: Binding, error: unknown, oid: number): void {
    const failure = toFault(error);
    if (failure.kind !== 'unsupported' || !failure.target?.startsWith(`${binding.table}.`)) throw error;
    this.#options.pending.fail(binding.table, failure);
    this.#targets.set(oid, null);
  }
}

function isSame(a: Witness, b: Witness): boolean {
  return a.commitLsn === b.commitLsn && a.xid === b.xid && a.committedAtUs === b.committedAtUs;
}

function otherHistory(witness: Witness): Fault {
  return fault(
    'lost-history',
    'SourceRestored',
    `The source's log no longer holds the last transaction that was read from it, at ${formatLsn(witness.commitLsn)}: it was restored from an older state and went on from there.`,
    {
      remedy: copyAnew,
    },
  );
}
