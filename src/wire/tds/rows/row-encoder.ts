import { assert } from '#base/fault.ts';
import { TdsWriter } from '../bytes.ts';
import { rowToken, type Column } from '../token-rows.ts';
import type { TdsType, TdsTypeOf } from '../types/tds-type.ts';
import { isText } from '../types/texts.ts';
import { toldType, writeCell } from '../types/type-info.ts';
import type { TdsVersion } from '../version.ts';
import { numberCell } from './number-cells.ts';
import { mostFixedBytes, RowBuffer, type CellWriter } from './row-buffer.ts';
import { binaryCell, textCell } from './text-cells.ts';
import { timeCell } from './time-cells.ts';
import { uuidCell } from './uuid-cell.ts';
import { vectorValue } from './vector-value.ts';
import type { Vector } from './vector.ts';

/** Columns as their vectors have them, and what a client of the version is told in their place: see `toldType`. */
export type RowColumns = readonly Pick<Column, 'type'>[];

/**
 * Writes rows of one result as ROW tokens, straight from vectors of columns. Faults: `ValueUnfit` (unsupported) for a value that its column's type
 * cannot hold; `TdsNotSupported` (unsupported) for a character that its code page lacks. A fault ends the result: rows before it are lost.
 */
export class RowEncoder {
  readonly #types: readonly TdsType[];
  readonly #told: readonly TdsType[];
  readonly #out: RowBuffer;

  constructor(columns: RowColumns, version: TdsVersion) {
    this.#types = columns.map(({ type }) => type);
    this.#told = this.#types.map((type) => toldType(type, version));
    this.#out = new RowBuffer(1 + columns.length * mostFixedBytes);
  }

  /** Rows `from` to `to` (not with it) of one vector for each column. The bytes stand until the next call. */
  encode(vectors: readonly Vector[], from: number, to: number): Uint8Array {
    assert(vectors.length === this.#types.length, 'a row has a value for each column');
    const out = this.#out;
    out.restart();
    const cells = vectors.map((vector, index) => this.#cell(index, vector));
    let at = 0;
    for (let row = from; row < to; row += 1) {
      out.room(at, 1);
      out.bytes[at] = rowToken;
      at += 1;
      for (const write of cells) at = write(row, at);
    }
    return out.bytes.subarray(0, at);
  }

  #cell(index: number, vector: Vector): CellWriter {
    const [type, told] = [this.#types[index]!, this.#told[index]!];
    const cell = told === type ? vectorCell(type, vector, this.#out) : undefined;
    return cell ?? this.#valueCell(index, vector);
  }

  /** One value after the other, as elsewhere. */
  #valueCell(index: number, vector: Vector): CellWriter {
    const [type, told] = [this.#types[index]!, this.#told[index]!];
    const out = this.#out;
    return (row, at) => {
      const writer = new TdsWriter();
      writeCell(writer, told, vectorValue(type, vector, row));
      const bytes = writer.take();
      out.room(at, bytes.length);
      out.bytes.set(bytes, at);
      return at + bytes.length;
    };
  }
}

/** Undefined: the vector holds such values in no way that is known to be quick. */
function vectorCell(type: TdsType, vector: Vector, out: RowBuffer): CellWriter | undefined {
  if (vector.kind === 'values') return undefined;
  if (vector.kind === 'bytes') {
    if (isText(type)) return textCell(type, vector, out);
    return 'length' in type ? binaryCell(type as TdsTypeOf<'varbinary'>, vector, out) : undefined;
  }
  if (type.name === 'uniqueidentifier') return vector.kind === 'wide' ? uuidCell(vector, out) : undefined;
  return numberCell(type, vector, out) ?? (vector.kind === 'numbers' ? timeCell(type, vector, out) : undefined);
}
