import { FieldReader, malformed } from '../pg/bytes.ts';
import { postgresEpochUs } from './outer.ts';
import type { MessageRange } from './tuple.ts';

/**
 * The logical messages that carry no rows, protocol versions 1 and 2. PostgreSQL documentation, "Logical Replication Message Formats".
 * Log positions are bigints, times microseconds since 1970 UTC. `xid` is set only within a stream, 0 otherwise.
 */
export type LogicalMessage =
  | BeginMessage
  | CommitMessage
  | { readonly kind: 'origin'; readonly commitLsn: bigint; readonly name: string }
  | Relation
  | { readonly kind: 'type'; readonly xid: number; readonly oid: number; readonly schema: string; readonly name: string }
  | TruncateMessage
  | LogicalDecodingMessage
  /** The messages that follow, until `stream-stop`, are those of one transaction that is not committed yet. */
  | { readonly kind: 'stream-start'; readonly xid: number; readonly first: boolean }
  | { readonly kind: 'stream-stop' }
  | StreamCommitMessage
  /** What the subtransaction `subXid` streamed is void; all of it where `subXid` equals `xid`. */
  | { readonly kind: 'stream-abort'; readonly xid: number; readonly subXid: number };

export interface BeginMessage {
  readonly kind: 'begin';
  /** Where the commit record lies; the same as the commit's `commitLsn`. */
  readonly finalLsn: bigint;
  readonly committedAtUs: bigint;
  readonly xid: number;
}

export interface CommitMessage {
  readonly kind: 'commit';
  readonly commitLsn: bigint;
  /** Behind the commit record: where to go on. */
  readonly endLsn: bigint;
  readonly committedAtUs: bigint;
}

export interface StreamCommitMessage {
  readonly kind: 'stream-commit';
  readonly xid: number;
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly committedAtUs: bigint;
}

export interface Relation {
  readonly kind: 'relation';
  readonly xid: number;
  readonly oid: number;
  /** Empty for `pg_catalog`. */
  readonly schema: string;
  readonly name: string;
  /** As `pg_class.relreplident`: the key; nothing; all columns; an index. */
  readonly replicaIdentity: 'd' | 'n' | 'f' | 'i';
  readonly columns: readonly RelationColumn[];
}

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Part of the replica identity. */
  readonly key: boolean;
}

export interface TruncateMessage {
  readonly kind: 'truncate';
  readonly xid: number;
  readonly relations: readonly number[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

/** What `pg_logical_emit_message` wrote. */
export interface LogicalDecodingMessage {
  readonly kind: 'message';
  readonly xid: number;
  readonly transactional: boolean;
  readonly lsn: bigint;
  readonly prefix: string;
  /** A copy. */
  readonly content: Uint8Array;
}

/**
 * Reads the message in `bytes[range.start .. range.end]`. `streamed`: between Stream Start and Stream Stop. Fault: `corrupt`, also for kinds that
 * were not asked for (two-phase) and for rows, which `readRowChange` takes.
 */
export function readMessage(bytes: Uint8Array, range: MessageRange, streamed: boolean): LogicalMessage {
  const fields = new FieldReader(bytes, range, 'a logical replication message');
  const message = read(fields, String.fromCharCode(fields.u8()), streamed);
  fields.done();
  return message;
}

function read(fields: FieldReader, tag: string, streamed: boolean): LogicalMessage {
  switch (tag) {
    case 'B':
      return { kind: 'begin', finalLsn: fields.u64(), committedAtUs: time(fields), xid: fields.u32() };
    case 'C':
      fields.u8();
      return { kind: 'commit', commitLsn: fields.u64(), endLsn: fields.u64(), committedAtUs: time(fields) };
    case 'O':
      return { kind: 'origin', commitLsn: fields.u64(), name: fields.cstring() };
    case 'R':
      return readRelation(fields, streamed);
    case 'Y':
      return { kind: 'type', xid: xid(fields, streamed), oid: fields.u32(), schema: fields.cstring(), name: fields.cstring() };
    case 'T':
      return readTruncate(fields, streamed);
    case 'M':
      return readDecodingMessage(fields, streamed);
    case 'S':
      return { kind: 'stream-start', xid: fields.u32(), first: fields.u8() === 1 };
    case 'E':
      return { kind: 'stream-stop' };
    case 'c': {
      const of = fields.u32();
      fields.u8();
      return { kind: 'stream-commit', xid: of, commitLsn: fields.u64(), endLsn: fields.u64(), committedAtUs: time(fields) };
    }
    case 'A':
      return { kind: 'stream-abort', xid: fields.u32(), subXid: fields.u32() };
    default:
      throw malformed(`a logical replication message of kind ${tag.charCodeAt(0)}`);
  }
}

function xid(fields: FieldReader, streamed: boolean): number {
  return streamed ? fields.u32() : 0;
}

function time(fields: FieldReader): bigint {
  return fields.i64() + postgresEpochUs;
}

function readRelation(fields: FieldReader, streamed: boolean): Relation {
  const head = {
    kind: 'relation',
    xid: xid(fields, streamed),
    oid: fields.u32(),
    schema: fields.cstring(),
    name: fields.cstring(),
  } as const;
  const identity = String.fromCharCode(fields.u8());
  if (identity !== 'd' && identity !== 'n' && identity !== 'f' && identity !== 'i')
    throw malformed('a relation with an unknown replica identity');
  const count = fields.u16();
  const columns: RelationColumn[] = [];
  for (let i = 0; i < count; i++) {
    const key = (fields.u8() & 1) === 1;
    columns.push({ key, name: fields.cstring(), typeOid: fields.u32(), typeModifier: fields.i32() });
  }
  return { ...head, replicaIdentity: identity, columns };
}

function readTruncate(fields: FieldReader, streamed: boolean): TruncateMessage {
  const of = xid(fields, streamed);
  const count = fields.i32();
  const options = fields.u8();
  if (count < 0 || count * 4 !== fields.left) throw malformed('a Truncate of a wrong length');
  const relations = Array.from({ length: count }, () => fields.u32());
  return { kind: 'truncate', xid: of, relations, cascade: (options & 1) !== 0, restartIdentity: (options & 2) !== 0 };
}

function readDecodingMessage(fields: FieldReader, streamed: boolean): LogicalDecodingMessage {
  const of = xid(fields, streamed);
  const transactional = (fields.u8() & 1) === 1;
  const head = { kind: 'message', xid: of, transactional, lsn: fields.u64(), prefix: fields.cstring() } as const;
  return { ...head, content: fields.copy(fields.i32()) };
}
