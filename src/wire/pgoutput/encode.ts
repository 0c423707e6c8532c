import { FieldWriter } from '../pg/bytes.ts';
import type { LogicalMessage, Relation } from './messages.ts';
import { postgresEpochUs } from './outer.ts';

/** The server's side of the protocol, for tests and simulated servers. Layouts: see the readers. */

/** null; unchanged; text; binary. */
export type SentValue = null | 'unchanged' | { readonly text: string } | { readonly binary: Uint8Array };

export interface SentRowChange {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly relation: number;
  /** Undefined outside of a stream. */
  readonly xid: number | undefined;
  readonly old: { readonly kind: 'key' | 'full'; readonly values: readonly SentValue[] } | undefined;
  /** Undefined for a delete. */
  readonly new: readonly SentValue[] | undefined;
}

/** Insert, Update or Delete. */
export function encodeRowChange(change: SentRowChange): Uint8Array {
  const out = new FieldWriter().u8({ insert: 0x49, update: 0x55, delete: 0x44 }[change.kind]);
  if (change.xid !== undefined) out.u32(change.xid);
  out.u32(change.relation);
  if (change.old) {
    out.u8(change.old.kind === 'key' ? 0x4b : 0x4f);
    tuple(out, change.old.values);
  }
  if (change.new) {
    out.u8(0x4e);
    tuple(out, change.new);
  }
  return out.take();
}

function tuple(out: FieldWriter, values: readonly SentValue[]): void {
  out.i16(values.length);
  for (const value of values) {
    if (value === null) out.u8(0x6e);
    else if (value === 'unchanged') out.u8(0x75);
    else {
      const bytes = 'text' in value ? Buffer.from(value.text, 'utf8') : value.binary;
      out
        .u8('text' in value ? 0x74 : 0x62)
        .i32(bytes.length)
        .bytes(bytes);
    }
  }
}

/** Any other message; `streamed` says whether it names its transaction. */
export function encodeMessage(message: LogicalMessage, streamed: boolean): Uint8Array {
  const out = new FieldWriter();
  const of = (xid: number): FieldWriter => (streamed ? out.u32(xid) : out);
  switch (message.kind) {
    case 'begin':
      return out
        .u8(0x42)
        .u64(message.finalLsn)
        .i64(message.committedAtUs - postgresEpochUs)
        .u32(message.xid)
        .take();
    case 'commit':
      return out
        .u8(0x43)
        .u8(0)
        .u64(message.commitLsn)
        .u64(message.endLsn)
        .i64(message.committedAtUs - postgresEpochUs)
        .take();
    case 'origin':
      return out.u8(0x4f).u64(message.commitLsn).cstring(message.name).take();
    case 'relation':
      out.u8(0x52);
      return relation(of(message.xid), message);
    case 'type':
      out.u8(0x59);
      return of(message.xid).u32(message.oid).cstring(message.schema).cstring(message.name).take();
    case 'truncate':
      out.u8(0x54);
      of(message.xid)
        .i32(message.relations.length)
        .u8((message.cascade ? 1 : 0) | (message.restartIdentity ? 2 : 0));
      for (const oid of message.relations) out.u32(oid);
      return out.take();
    case 'message':
      out.u8(0x4d);
      of(message.xid)
        .u8(message.transactional ? 1 : 0)
        .u64(message.lsn)
        .cstring(message.prefix);
      return out.i32(message.content.length).bytes(message.content).take();
    case 'stream-start':
      return out
        .u8(0x53)
        .u32(message.xid)
        .u8(message.first ? 1 : 0)
        .take();
    case 'stream-stop':
      return out.u8(0x45).take();
    case 'stream-commit':
      out.u8(0x63).u32(message.xid).u8(0).u64(message.commitLsn).u64(message.endLsn);
      return out.i64(message.committedAtUs - postgresEpochUs).take();
    case 'stream-abort':
      return out.u8(0x41).u32(message.xid).u32(message.subXid).take();
  }
}

function relation(out: FieldWriter, message: Relation): Uint8Array {
  out.u32(message.oid).cstring(message.schema).cstring(message.name).u8(message.replicaIdentity.charCodeAt(0)).i16(message.columns.length);
  for (const column of message.columns) {
    out
      .u8(column.key ? 1 : 0)
      .cstring(column.name)
      .u32(column.typeOid)
      .i32(column.typeModifier);
  }
  return out.take();
}

/** XLogData with its CopyData header. */
export function encodeWal(message: Uint8Array, place: { readonly start: bigint; readonly end: bigint }): Uint8Array {
  const sentAt = 0n;
  return new FieldWriter()
    .u8(0x64)
    .i32(4 + 25 + message.length)
    .u8(0x77)
    .u64(place.start)
    .u64(place.end)
    .i64(sentAt)
    .bytes(message)
    .take();
}

/** Primary keepalive message with its CopyData header. */
export function encodeKeepalive(keepalive: {
  readonly walEnd: bigint;
  readonly sentAtUs: bigint;
  readonly replyRequested: boolean;
}): Uint8Array {
  return new FieldWriter()
    .u8(0x64)
    .i32(4 + 18)
    .u8(0x6b)
    .u64(keepalive.walEnd)
    .i64(keepalive.sentAtUs - postgresEpochUs)
    .u8(keepalive.replyRequested ? 1 : 0)
    .take();
}
