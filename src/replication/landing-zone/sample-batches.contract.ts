import fc from 'fast-check';
import { BatchBuilder, isNull, widthOf, type Column, type ColumnBatch, type ColumnType } from '../column.ts';

/** One of each column type, decimals of both widths. */
export const everyType: readonly ColumnType[] = [
  ...(['bool', 'int16', 'int32', 'int64', 'uint32', 'float32', 'float64', 'date', 'time', 'timetz'] as const).map((kind) => ({ kind })),
  ...(['timestamp', 'timestamptz', 'interval', 'uuid', 'text', 'bytes'] as const).map((kind) => ({ kind })),
  { kind: 'decimal', precision: 1, scale: 0 },
  { kind: 'decimal', precision: 18, scale: 4 },
  { kind: 'decimal', precision: 19, scale: 19 },
  { kind: 'decimal', precision: 38, scale: 10 },
];

type Cell = Uint8Array | undefined;

/** A batch of the given types with odd values, in buffers that may be larger than it needs. */
export function anyBatch(types: readonly ColumnType[], maxRows = 40): fc.Arbitrary<ColumnBatch> {
  const row = fc.tuple(...types.map((type) => fc.option(cell(type), { nil: undefined, freq: 4 })));
  return fc.tuple(fc.array(row, { maxLength: maxRows }), fc.integer({ min: 8, max: 300 }), fc.boolean()).map(([rows, capacity, full]) => {
    const builder = new BatchBuilder(types, capacity);
    for (const cells of rows) append(builder, full ? cells.map((one, i) => one ?? new Uint8Array(widthOf(types[i]!))) : cells);
    return { rows: rows.length, columns: builder.columns.map((column) => column.build()) };
  });
}

function append(builder: BatchBuilder, cells: readonly Cell[]): void {
  for (const [place, bytes] of cells.entries()) {
    const column = builder.columns[place]!;
    if (!bytes) column.null();
    else if (column.width === 0) column.bytes(bytes, 0, bytes.length);
    else {
      const at = column.fixed();
      column.data.set(bytes, at);
    }
  }
}

function cell(type: ColumnType): fc.Arbitrary<Uint8Array> {
  const width = widthOf(type);
  if (type.kind === 'bool') return fc.boolean().map((value) => Uint8Array.of(value ? 1 : 0));
  if (type.kind === 'text') return fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => new TextEncoder().encode(text));
  if (width === 0) return fc.uint8Array({ maxLength: 40 });
  const whole = fc.constantFrom(0, 0xff).map((byte) => new Uint8Array(width).fill(byte));
  const most = fc.constantFrom(0x7f, 0x80).map((byte) => new Uint8Array(width).fill(byte === 0x7f ? 0xff : 0).with(width - 1, byte));
  return fc.oneof(fc.uint8Array({ minLength: width, maxLength: width }), whole, most);
}

/** A batch as text: equal texts, equal values to the last bit. */
export function batchText(batch: ColumnBatch | undefined): string {
  return batch
    ? `${batch.rows} ${batch.columns.map((column) => `${JSON.stringify(column.type)} ${columnText(column, batch.rows)}`).join('\n')}`
    : 'none';
}

export function columnText(column: Column, rows: number): string {
  const width = widthOf(column.type);
  const cells = Array.from({ length: rows }, (_, row) => {
    if (isNull(column, row)) return 'null';
    const [start, end] = column.offsets ? [column.offsets[row]!, column.offsets[row + 1]!] : [row * width, (row + 1) * width];
    return Buffer.from(column.data.subarray(start, end)).toString('hex');
  });
  return cells.join(' ');
}

/** Bits of which only the first `rows` count. */
export function bitsText(bits: Uint8Array | undefined, rows: number): string {
  return bits ? Array.from({ length: rows }, (_, row) => (bits[row >> 3]! >> (row & 7)) & 1).join('') : 'none';
}
