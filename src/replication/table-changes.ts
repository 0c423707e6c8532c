import { assert } from '#base/fault.ts';
import { BatchBuilder, gather, type ColumnBatch, type ColumnBuilder } from './column.ts';
import type { TableSchema } from './schema.ts';
import type { Patches, Step } from './segment.ts';

/** Reads one value of a row event into a column; false when the source did not send it. */
export interface EventRow {
  /** Appends the value of the schema's column `column`. False: not sent because unchanged; nothing was appended. */
  append(column: number, into: ColumnBuilder): boolean;
}

/** What rows with equal keys share, and no others: a text, or for one whole number that number. */
export type RowKey = string | number;

const gone = -1;

/**
 * The changes of one table between two barriers, brought down to one outcome per row.
 * The same row changed many times travels once; an unsent column is taken from the row's earlier change where one is at hand,
 * else it becomes a patch.
 */
export class TableChanges {
  readonly schema: TableSchema;
  /** Every row not mentioned here is in the pool exactly as at the source: a new key cannot be there yet. */
  readonly #exact: boolean;
  readonly #rows: BatchBuilder;
  readonly #removes: BatchBuilder;
  /** Key → place in `#rows`, or `gone`. */
  readonly #places = new Map<RowKey, number>();
  /** Identity `full`: row text → places of equal rows put in here. */
  readonly #equal = new Map<RowKey, number[]>();
  /** One byte for each place: 1 where the row was overtaken by a later one. */
  #dead = new Uint8Array(256);
  #deadRows = 0;
  /** Rows that keep old values: which columns, and the place in `#from` of the key that holds them. */
  readonly #kept = new Map<number, { columns: Set<number>; from: number }>();
  readonly #from: BatchBuilder;
  changes = 0;

  constructor(schema: TableSchema, exact: boolean) {
    this.schema = schema;
    this.#exact = exact;
    const types = schema.columns.map((column) => column.type);
    const keyTypes = schema.key.map((place) => types[place]!);
    this.#rows = new BatchBuilder(types, 256);
    this.#removes = new BatchBuilder(schema.identity === 'full' ? types : keyTypes, 64);
    this.#from = new BatchBuilder(keyTypes, 16);
  }

  /** A new row. `key`: what equal keys share (identity `full`: equal rows; `append`: ignored). */
  insert(key: RowKey, row: EventRow): void {
    this.changes++;
    const place = this.#add(row, undefined, undefined);
    if (this.schema.identity === 'append') return;
    if (this.schema.identity === 'full') {
      const equal = this.#equal.get(key);
      if (equal) equal.push(place);
      else this.#equal.set(key, [place]);
      return;
    }
    this.#replace(key, place);
  }

  /**
   * A row's new values. `oldKey` is given when the key changed. `old` gives the key columns of the old row (identity `full`: all columns).
   * True: unsent columns had to be left to the pool although the key changed.
   */
  update(keys: { readonly key: RowKey; readonly oldKey: RowKey }, row: EventRow, old: EventRow): boolean {
    this.changes++;
    if (this.schema.identity === 'append') return false;
    if (this.schema.identity === 'full') {
      this.#removeEqual(keys.oldKey, old);
      this.changes--;
      this.insert(keys.key, row);
      return false;
    }
    const before = this.#places.get(keys.oldKey);
    const known = before === undefined || before === gone ? undefined : before;
    const place = this.#add(row, known, old);
    const moved = keys.key !== keys.oldKey;
    if (moved) this.#remove(keys.oldKey, old);
    if (moved || before !== undefined) this.#replace(keys.key, place);
    else {
      this.#removeKeyOf(place);
      this.#places.set(keys.key, place);
    }
    return moved && this.#kept.has(place);
  }

  /** A row is gone. `old` as in `update`. */
  delete(key: RowKey, old: EventRow): void {
    this.changes++;
    if (this.schema.identity === 'full') this.#removeEqual(key, old);
    else if (this.schema.identity === 'key') this.#remove(key, old);
  }

  /** The outcome as a step, or nothing. The object is spent. */
  take(): Step | undefined {
    const kept = [...this.#kept.keys()].filter((place) => this.#dead[place] !== 1).toSorted((a, b) => a - b);
    const patches = kept.length > 0 ? this.#takePatches(kept) : undefined;
    const inserts = this.#takeInserts();
    const removes = this.#removes.rows > 0 ? this.#removes.take() : undefined;
    if (!patches && !inserts && !removes) return undefined;
    return { kind: 'rows', table: this.schema.table, removes, inserts, patches, replaces: false };
  }

  #takeInserts(): ColumnBatch | undefined {
    const rows = this.#rows.rows;
    if (this.#deadRows === 0 && this.#kept.size === 0) return rows > 0 ? this.#rows.take() : undefined;
    const places = new Int32Array(rows);
    let count = 0;
    for (let place = 0; place < rows; place++) if (this.#dead[place] !== 1 && !this.#kept.has(place)) places[count++] = place;
    return count > 0 ? gather(this.#rows.take(), places.subarray(0, count)) : undefined;
  }

  #takePatches(places: readonly number[]): Patches {
    const all = { rows: this.#rows.rows, columns: this.#rows.columns.map((column) => column.build()) };
    const from = this.#from.take();
    const kept = this.schema.columns.map((_, column): Uint8Array | undefined => {
      const bits = new Uint8Array((places.length + 7) >> 3);
      let any = false;
      for (const [row, place] of places.entries()) {
        if (!this.#kept.get(place)!.columns.has(column)) continue;
        bits[row >> 3]! |= 1 << (row & 7);
        any = true;
      }
      return any ? bits : undefined;
    });
    return {
      rows: gather(all, places),
      from: gather(
        from,
        places.map((place) => this.#kept.get(place)!.from),
      ),
      kept,
    };
  }

  /** Appends a row; unsent columns come from the row at `known`, or else stay with the pool's row of key `old`. */
  #add(row: EventRow, known: number | undefined, old: EventRow | undefined): number {
    const columns = this.#rows.columns;
    const place = this.#rows.rows;
    let unsent: Set<number> | undefined;
    for (let column = 0; column < columns.length; column++) {
      const builder = columns[column]!;
      if (row.append(column, builder)) continue;
      if (known !== undefined && !this.#kept.get(known)?.columns.has(column)) builder.copy(builder, known);
      else {
        builder.null();
        (unsent ??= new Set()).add(column);
      }
    }
    assert(unsent === undefined || this.schema.identity === 'key', 'a table without key left a value unsent');
    if (unsent) this.#kept.set(place, { columns: unsent, from: this.#fromOf(known, place, old) });
    return place;
  }

  #fromOf(known: number | undefined, place: number, old: EventRow | undefined): number {
    const earlier = known === undefined ? undefined : this.#kept.get(known);
    if (earlier) return earlier.from;
    for (const [i, column] of this.schema.key.entries()) {
      const into = this.#from.columns[i]!;
      if (!old?.append(column, into)) into.copy(this.#rows.columns[column]!, place);
    }
    return this.#from.rows - 1;
  }

  /** Row `place` is now the row of `key`. */
  #replace(key: RowKey, place: number): void {
    const before = this.#places.get(key);
    if (before !== undefined && before !== gone) this.#bury(before);
    if (before === undefined && !this.#exact) this.#removeKeyOf(place);
    this.#places.set(key, place);
  }

  #remove(key: RowKey, old: EventRow): void {
    const before = this.#places.get(key);
    if (before === undefined) this.schema.key.forEach((column, i) => appendOrNull(old, column, this.#removes.columns[i]!));
    else if (before !== gone) this.#bury(before);
    this.#places.set(key, gone);
  }

  #removeEqual(key: RowKey, old: EventRow): void {
    const place = this.#equal.get(key)?.pop();
    if (place !== undefined) this.#bury(place);
    else for (const [column, into] of this.#removes.columns.entries()) appendOrNull(old, column, into);
  }

  #bury(place: number): void {
    if (place >= this.#dead.length) {
      const grown = new Uint8Array(Math.max(place + 1, this.#dead.length * 2));
      grown.set(this.#dead);
      this.#dead = grown;
    }
    this.#dead[place] = 1;
    this.#deadRows++;
  }

  #removeKeyOf(place: number): void {
    const { key } = this.schema;
    for (let i = 0; i < key.length; i++) this.#removes.columns[i]!.copy(this.#rows.columns[key[i]!]!, place);
  }
}

function appendOrNull(row: EventRow, column: number, into: ColumnBuilder): void {
  if (!row.append(column, into)) into.null();
}
