import { FieldWriter, malformed } from '../pg/bytes.ts';

/**
 * What a walsender wraps logical messages in. PostgreSQL documentation, "Streaming Replication Protocol": XLogData ("w"), Primary keepalive
 * message ("k"), Standby status update ("r"). Each is the payload of one CopyData message.
 */

/** First bytes of a CopyData payload. */
export const outer = { walRecords: 0x77, keepalive: 0x6b } as const;

const copyTag = 0x64;
const copyHeaderBytes = 5;
const walHeaderBytes = 25;
const keepaliveBytes = 18;
/** PostgreSQL counts microseconds from 2000-01-01 UTC. */
export const postgresEpochUs = 946_684_800_000_000n;

/** Walks the CopyData messages of a buffer. One object for a whole stream; `nextWal` fills it. */
export interface WalCursor {
  /** Where the next CopyData message begins; set to 0 for a new buffer. */
  next: number;
  /** One of `outer`. */
  kind: number;
  /** Where the CopyData's payload begins: pass it to the functions below. */
  payload: number;
  /** With `outer.walRecords`: the logical message lies in `bytes[start .. end]`. */
  start: number;
  end: number;
}

export function newWalCursor(): WalCursor {
  return { next: 0, kind: 0, payload: 0, start: 0, end: 0 };
}

/**
 * Takes the next CopyData message of a buffer of whole ones; false: the buffer is at its end. Makes no object.
 * Fault: `corrupt` for anything else than the two kinds, or one of a wrong length.
 */
export function nextWal(bytes: Uint8Array, cursor: WalCursor): boolean {
  const at = cursor.next;
  if (at >= bytes.length) return false;
  if (at + copyHeaderBytes >= bytes.length || bytes[at] !== copyTag) throw malformed('a replication stream that is not CopyData');
  const length = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
  const end = at + 1 + length;
  if (length < 5 || end > bytes.length) throw malformed('a CopyData of a wrong length in a replication stream');
  const payload = at + copyHeaderBytes;
  const kind = bytes[payload]!;
  if (kind === outer.walRecords) {
    if (end - payload <= walHeaderBytes) throw malformed('XLogData without a message');
  } else if (kind !== outer.keepalive || end - payload !== keepaliveBytes) throw malformed(`a replication message of kind ${kind}`);
  cursor.next = end;
  cursor.kind = kind;
  cursor.payload = payload;
  cursor.start = payload + walHeaderBytes;
  cursor.end = end;
  return true;
}

function lsnAt(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0);
}

/** XLogData: where the message lies in the log; 0 for most messages inside a transaction. */
export function walStart(bytes: Uint8Array, cursor: WalCursor): bigint {
  return lsnAt(bytes, cursor.payload + 1);
}

/** XLogData: the end of the log at the server. */
export function walEnd(bytes: Uint8Array, cursor: WalCursor): bigint {
  return lsnAt(bytes, cursor.payload + 9);
}

export interface Keepalive {
  /** Everything up to here was sent. */
  readonly walEnd: bigint;
  /** Microseconds since 1970 UTC, by the server's clock. */
  readonly sentAtUs: bigint;
  /** The server wants a status update now, or it ends the connection. */
  readonly replyRequested: boolean;
}

export function readKeepalive(bytes: Uint8Array, cursor: WalCursor): Keepalive {
  return {
    walEnd: lsnAt(bytes, cursor.payload + 1),
    sentAtUs: BigInt.asIntN(64, lsnAt(bytes, cursor.payload + 9)) + postgresEpochUs,
    replyRequested: bytes[cursor.payload + 17] === 1,
  };
}

export interface StandbyStatus {
  /** Everything up to here was received. */
  readonly written: bigint;
  /** Everything up to here is durable: the server may forget it. */
  readonly flushed: bigint;
  readonly applied: bigint;
  /** Microseconds since 1970 UTC, by our clock. */
  readonly sentAtUs: bigint;
  /** The server shall answer with a keepalive at once. */
  readonly replyRequested: boolean;
}

/** Standby status update, as the payload of a CopyData. */
export function standbyStatus(status: StandbyStatus): Uint8Array {
  return new FieldWriter()
    .u8(0x72)
    .u64(status.written)
    .u64(status.flushed)
    .u64(status.applied)
    .i64(status.sentAtUs - postgresEpochUs)
    .u8(status.replyRequested ? 1 : 0)
    .take();
}
