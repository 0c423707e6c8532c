import type { TdsReader, TdsWriter } from './bytes.ts';
import type { TdsVersion } from './version.ts';

/** DONE, DONEPROC, DONEINPROC: a statement, a procedure, a statement in one has ended (MS-TDS 2.2.7.6 and after). */
export interface Done {
  readonly kind: 'done' | 'done-proc' | 'done-in-proc';
  /** Bits of `doneStatus`. */
  readonly status: number;
  readonly command: number;
  /** Counts only with `doneStatus.counted`. */
  readonly rows: bigint;
}

/** ORDER: by which columns, counted from 1, the rows are sorted (MS-TDS 2.2.7.17). */
export interface Order {
  readonly kind: 'order';
  readonly columns: readonly number[];
}

/** RETURNSTATUS: what a procedure returned (MS-TDS 2.2.7.18). */
export interface ReturnStatus {
  readonly kind: 'return-status';
  readonly value: number;
}

export const doneTokens = { done: 0xfd, 'done-proc': 0xfe, 'done-in-proc': 0xff } as const;
export const orderToken = 0xa9;
export const returnStatusToken = 0x79;
/** `inTransaction`: one is begun. `fatal`: what was asked is undone, and the connection may be of no use any more. */
export const doneStatus = { more: 0x01, error: 0x02, inTransaction: 0x04, counted: 0x10, attention: 0x20, fatal: 0x100 } as const;

/** Commands that statements end with, of those that clients look at. */
export const doneCommand = { none: 0x00, select: 0xc1, insert: 0xc3, delete: 0xc4, update: 0xc5, merge: 0x117, set: 0xf9 } as const;

/** The count has eight bytes from TDS 7.2 on, and four before; where it is larger than that, the largest that there is. */
export function writeDone(writer: TdsWriter, { status, command, rows }: Omit<Done, 'kind'>, version: TdsVersion): void {
  writer.u16(status).u16(command);
  if (version < '7.2') writer.u32(Number(rows > mostEarlyRows ? mostEarlyRows : rows));
  else writer.u64(rows);
}

const mostEarlyRows = 0xffff_ffffn;

export function readDone(reader: TdsReader, kind: Done['kind'], version: TdsVersion): Done {
  return { kind, status: reader.u16(), command: reader.u16(), rows: version < '7.2' ? BigInt(reader.u32()) : reader.u64() };
}

export function writeOrder(writer: TdsWriter, { columns }: Omit<Order, 'kind'>): void {
  writer.counted((inner) => columns.forEach((column) => inner.u16(column)));
}

export function readOrder(reader: TdsReader): Order {
  const inner = reader.part(reader.u16());
  const columns: number[] = [];
  while (inner.left > 0) columns.push(inner.u16());
  return { kind: 'order', columns };
}
