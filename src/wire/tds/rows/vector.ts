import { fault, type Fault } from '#base/fault.ts';
import type { TdsType, TdsValue } from '../types/tds-type.ts';

/**
 * The values of one column, as an engine that works by columns keeps them. What the numbers mean follows from the column's type:
 * - `bit`: 0 and 1; whole numbers: themselves; `real` and `float`: floats;
 * - `decimal`, `money` (4 digits): the number without its point;
 * - `date`: days since 1970-01-01; `time`: microseconds since midnight;
 * - `datetime`, `smalldatetime`, `datetime2`: microseconds since 1970-01-01, of no time zone; `datetimeoffset`: of UTC;
 * - `uniqueidentifier`: the number that its hexadecimal digits are, less 2^127.
 */
export type Vector = NumberVector | WideVector | BytesVector | ValueVector;

export interface NumberVector {
  readonly kind: 'numbers';
  readonly items:
    | Int8Array
    | Uint8Array
    | Int16Array
    | Uint16Array
    | Int32Array
    | Uint32Array
    | BigInt64Array
    | BigUint64Array
    | Float32Array
    | Float64Array;
  /** A bit for each value, the lowest first: 0 is NULL. Undefined: none is. */
  readonly validity: Uint8Array | undefined;
}

/** Numbers of 128 bits with sign: the low half, then the high one. */
export interface WideVector {
  readonly kind: 'wide';
  readonly items: BigInt64Array;
  readonly validity: Uint8Array | undefined;
}

/** Texts in UTF-8, or binary values. */
export interface BytesVector {
  readonly kind: 'bytes';
  readonly cursor: BytesCursor;
  readonly validity: Uint8Array | undefined;
}

/** Points at one value after the other, so that none is made a view of its own. */
export interface BytesCursor {
  /** Where the value lies that was gone to last. */
  bytes: Uint8Array;
  from: number;
  to: number;
  /** Goes to a value that is not NULL. */
  go(row: number): void;
}

/** Values as they are elsewhere: see `TdsValue`. */
export interface ValueVector {
  readonly kind: 'values';
  readonly items: readonly TdsValue[];
}

export function isNull(vector: Vector, row: number): boolean {
  if (vector.kind === 'values') return vector.items[row] === null;
  return vector.validity !== undefined && (vector.validity[row >> 3]! & (1 << (row & 7))) === 0;
}

/** A value of an engine that its column's type, as clients are told it, cannot hold: an infinity, a year before 1, a longer text. */
export function unfitValue(type: TdsType): Fault {
  const text = 'length' in type ? `${type.name}(${type.length})` : type.name;
  return fault('unsupported', 'ValueUnfit', `A value does not fit the type ${text} that its column has.`, {
    remedy: 'Leave the row out, or CAST the column to a type that holds all its values, as nvarchar(max).',
  });
}

/** A column that is told to have no NULL has one: whoever told it is wrong. */
export function unexpectedNull(type: TdsType): Fault {
  return fault('bug', 'UnexpectedNull', `A NULL came in a column of the type ${type.name} that is told to have none.`, {
    remedy: 'Report it with the statement that it came of; COALESCE around the column avoids it.',
  });
}
