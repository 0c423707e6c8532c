import { malformed } from '../pg/bytes.ts';

/**
 * Row changes, read without making an object per row or value. PostgreSQL documentation, "Logical Replication Message Formats":
 * Insert, Update, Delete, TupleData.
 */

/** First bytes of the logical messages that carry rows. All others: `messages.ts`. */
export const rowTag = { insert: 0x49, update: 0x55, delete: 0x44 } as const;

/** What is sent of a column: SQL's null; nothing, because a value kept out of line did not change; its text; its binary form. */
export const tupleKind = { null: 0x6e, unchanged: 0x75, text: 0x74, binary: 0x62 } as const;

/** Which columns an old row has: none was sent; the key's (the others are null); all. */
export const oldKind = { none: 0, key: 0x4b, full: 0x4f } as const;

/** One row as places in the message's buffer. Value i lies in `bytes[start[i] .. end[i]]`; empty for null and unchanged. Reused from row to row. */
export interface TupleView {
  count: number;
  /** See `tupleKind`. */
  kind: Uint8Array;
  start: Int32Array;
  end: Int32Array;
}

function newTupleView(columns = 32): TupleView {
  return { count: 0, kind: new Uint8Array(columns), start: new Int32Array(columns), end: new Int32Array(columns) };
}

/** One Insert, Update or Delete. Reused from message to message. */
export interface RowChange {
  /** See `rowTag`. */
  tag: number;
  /** The relation's oid, as its Relation message named it. */
  relation: number;
  /** The transaction or subtransaction that made it; only within a stream, 0 otherwise. */
  xid: number;
  /** See `oldKind`. Always set for a Delete; for an Update only where the key changed or all columns identify a row. */
  oldKind: number;
  /** Valid unless `oldKind` is `none`. */
  readonly old: TupleView;
  /** Valid unless it is a Delete. */
  readonly new: TupleView;
}

export function newRowChange(): RowChange {
  return { tag: 0, relation: 0, xid: 0, oldKind: 0, old: newTupleView(), new: newTupleView() };
}

const newRow = 0x4e;

/** Where a message lies in its buffer. `WalCursor` is one. */
export interface MessageRange {
  readonly start: number;
  readonly end: number;
}

/** Says whether the message carries a row, so that `readRowChange` takes it. */
export function isRowChange(tag: number): boolean {
  return tag === rowTag.insert || tag === rowTag.update || tag === rowTag.delete;
}

/**
 * Reads the Insert, Update or Delete in `bytes[range.start .. range.end]`. `streamed`: between Stream Start and Stream Stop, where messages
 * name their transaction. Fault: `corrupt`; nothing outside the range is read.
 */
export function readRowChange(bytes: Uint8Array, range: MessageRange, streamed: boolean, change: RowChange): void {
  const { end } = range;
  let at = range.start;
  const headBytes = streamed ? 10 : 6;
  if (end > bytes.length || end - at < headBytes) throw malformed('a row change that ends too early');
  change.tag = bytes[at]!;
  change.xid = streamed ? u32(bytes, at + 1) : 0;
  change.relation = u32(bytes, at + headBytes - 5);
  let part = bytes[at + headBytes - 1]!;
  at += headBytes;
  change.oldKind = oldKind.none;
  if (change.tag !== rowTag.insert && (part === oldKind.key || part === oldKind.full)) {
    change.oldKind = part;
    at = readTuple(bytes, at, end, change.old);
    if (change.tag === rowTag.delete) return complete(at, end);
    if (at >= end) throw malformed('an Update without a new row');
    part = bytes[at++]!;
  }
  if (part !== newRow || (change.tag !== rowTag.insert && change.tag !== rowTag.update))
    throw malformed('a row change with a part of an unknown kind');
  complete(readTuple(bytes, at, end, change.new), end);
}

function complete(at: number, end: number): void {
  if (at !== end) throw malformed('a row change that is too long');
}

/** TupleData at `bytes[at ..]`, no further than `end`. Answers where it ends. Fault: `corrupt`. */
function readTuple(bytes: Uint8Array, at: number, end: number, view: TupleView): number {
  if (at + 2 > end) throw malformed('a row without its number of columns');
  const count = (bytes[at]! << 8) | bytes[at + 1]!;
  if (view.kind.length < count) grow(view, count);
  view.count = count;
  const { kind, start, end: ends } = view;
  let place = at + 2;
  for (let i = 0; i < count; i++) {
    if (place >= end) throw malformed('a row with fewer values than it says');
    const what = bytes[place++]!;
    kind[i] = what;
    let length = 0;
    if (what === tupleKind.text || what === tupleKind.binary) {
      if (place + 4 > end) throw malformed('a value without its length');
      length = (bytes[place]! << 24) | (bytes[place + 1]! << 16) | (bytes[place + 2]! << 8) | bytes[place + 3]!;
      place += 4;
      if (length < 0 || length > end - place) throw malformed('a value that reaches past its row');
    } else if (what !== tupleKind.null && what !== tupleKind.unchanged) throw malformed(`a value of kind ${what}`);
    start[i] = place;
    place += length;
    ends[i] = place;
  }
  return place;
}

function grow(view: TupleView, count: number): void {
  const columns = Math.max(count, view.kind.length * 2);
  view.kind = new Uint8Array(columns);
  view.start = new Int32Array(columns);
  view.end = new Int32Array(columns);
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
