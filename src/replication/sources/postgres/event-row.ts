import type { ColumnBuilder } from '#replication/column.ts';
import type { EventRow, RowKey } from '#replication/table-changes.ts';
import { tupleKind, type TupleView } from '#wire/pgoutput/tuple.ts';
import type { TextValueDecoder } from './types/text-value-decoder.ts';

/** Where a table's columns lie in the tuples of the stream. */
export interface TupleMap {
  /** For each column of the schema its place in the tuple; -1: the tuple does not have it. */
  readonly places: Int32Array;
  /** Places in the tuple of the key's columns, in key order. */
  readonly key: readonly number[];
  /** The key is one whole number. */
  readonly numericKey: boolean;
  readonly text: TextValueDecoder;
}

/** One tuple of the stream, read value by value into columns. Reused from event to event. */
export class TupleRow implements EventRow {
  readonly tuple: TupleView;
  #map: TupleMap | undefined;
  #buffer: Buffer = Buffer.alloc(0);
  /** The old row, where the source sent it: it holds what the new one leaves unsent. */
  #old: TupleRow | undefined;
  #oldIsWhole = false;

  constructor(tuple: TupleView) {
    this.tuple = tuple;
  }

  /** `oldIsWhole`: `old` has all columns; else the key's only. */
  aim(map: TupleMap, buffer: Buffer, old?: TupleRow, oldIsWhole = false): this {
    this.#map = map;
    this.#buffer = buffer;
    this.#old = old;
    this.#oldIsWhole = oldIsWhole;
    map.text.bytes = buffer;
    return this;
  }

  append(column: number, into: ColumnBuilder): boolean {
    const map = this.#map!;
    const place = map.places[column]!;
    if (place < 0 || place >= this.tuple.count) return false;
    const kind = this.tuple.kind[place]!;
    if (kind === tupleKind.text) {
      map.text.append(column, this.tuple.start[place]!, this.tuple.end[place]!, into);
      return true;
    }
    if (kind === tupleKind.null) {
      into.null();
      return true;
    }
    if (!this.#old || (!this.#oldIsWhole && !map.key.includes(place))) return false;
    return this.#old.append(column, into);
  }

  /** What rows with equal keys share, and no others. */
  key(): RowKey {
    const { key, numericKey } = this.#map!;
    const only = key[0]!;
    if (key.length > 1) return this.#joined(key);
    const { tuple } = this.#holder(only);
    const [start, end] = [tuple.start[only]!, tuple.end[only]!];
    return (numericKey ? wholeNumber(this.#buffer, start, end) : undefined) ?? this.#buffer.toString('latin1', start, end);
  }

  /** Text that rows with equal values in all columns share, and no others. */
  rowText(): string {
    return this.#joined(this.#map!.places);
  }

  /** The key's values as the source writes them. */
  keyValues(): string[] {
    return this.#map!.key.map((place) => {
      const { tuple } = this.#holder(place);
      return this.#buffer.toString('utf8', tuple.start[place], tuple.end[place]);
    });
  }

  #joined(places: Iterable<number>): string {
    let text = '';
    for (const place of places) {
      if (place < 0) continue;
      const { tuple } = this.#holder(place);
      const [start, end] = [tuple.start[place]!, tuple.end[place]!];
      text += tuple.kind[place] === tupleKind.null ? '-;' : `${end - start}:${this.#buffer.toString('latin1', start, end)}`;
    }
    return text;
  }

  /** The row that has the value at this place. */
  #holder(place: number): TupleRow {
    return this.tuple.kind[place] === tupleKind.unchanged && this.#old ? this.#old : this;
  }
}

/** The number whose decimal digits these are; undefined where it is negative, or too long to be exact: a text must do then. */
function wholeNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start > 15 || end === start) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
