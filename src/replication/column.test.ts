import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchBytes, BatchBuilder, gather, isNull, recycle, type ColumnBatch, type ColumnBuilder, type ColumnType } from './column.ts';

const types: readonly ColumnType[] = [
  { kind: 'int32' },
  { kind: 'text' },
  { kind: 'uuid' },
  { kind: 'bool' },
  { kind: 'decimal', precision: 30, scale: 2 },
];
type Row = readonly (readonly number[] | null)[];
const widths = [4, undefined, 16, 1, 16];
const row = fc.tuple(
  ...widths.map((width) =>
    fc.option(fc.array(fc.nat(255), width === undefined ? { maxLength: 70 } : { minLength: width, maxLength: width })),
  ),
) as fc.Arbitrary<Row>;

function put(value: readonly number[] | null, into: ColumnBuilder): void {
  if (value === null) return into.null();
  if (into.offsets) return into.bytes(Uint8Array.from(value), 0, value.length);
  const at = into.fixed();
  into.data.set(value, at);
}

function build(rows: readonly Row[], builder: BatchBuilder = new BatchBuilder(types, 2)): ColumnBatch {
  for (const one of rows) {
    for (const [i, value] of one.entries()) put(value, builder.columns[i]!);
  }
  return builder.take();
}

function read(batch: ColumnBatch): Row[] {
  return Array.from({ length: batch.rows }, (_, r) =>
    batch.columns.map((column, i) => {
      if (isNull(column, r)) return null;
      const [start, end] = column.offsets ? [column.offsets[r]!, column.offsets[r + 1]!] : [r * widths[i]!, (r + 1) * widths[i]!];
      return [...column.data.subarray(start, end)];
    }),
  );
}

test('what is built is what was put in, however the buffers grew and were used before', () => {
  const builder = new BatchBuilder(types, 1);
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 4 }), (batches) => {
      const built = batches.map((rows) => build(rows, builder));
      expect(built.map(read)).toEqual(batches);
      for (const batch of built) recycle(batch);
    }),
  );
});

test('gathered rows are the chosen ones, in buffers of their own', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.array(fc.nat(), { maxLength: 40 }), (rows, picks) => {
      const places = picks.map((pick) => pick % rows.length);
      const batch = build(rows);
      const picked = gather(batch, places);
      for (const column of batch.columns) column.data.fill(0xee);
      expect(read(picked)).toEqual(places.map((place) => rows[place]));
    }),
  );
});

test('a row can be copied within a builder that grows meanwhile', () => {
  const builder = new BatchBuilder(types, 1);
  const first: Row = [[1, 2, 3, 4], [9, 9, 9], null, [1], Array.from({ length: 16 }, (_, i) => i)];
  for (const [i, value] of first.entries()) put(value, builder.columns[i]!);
  for (let n = 0; n < 5000; n++) for (const column of builder.columns) column.copy(column, n);
  expect(new Set(read(builder.take()).map((one) => JSON.stringify(one)))).toEqual(new Set([JSON.stringify(first)]));
});

test('the bytes of a batch are those of its values', () => {
  expect(
    batchBytes(build([[[0, 0, 0, 1], [1, 2, 3], Array.from({ length: 16 }, () => 7), [1], Array.from({ length: 16 }, () => 0)]])),
  ).toBe(4 + 3 + 8 + 16 + 1 + 16);
});

test('buffers that came back are lent once only', () => {
  const big = { rows: 0, columns: new BatchBuilder([{ kind: 'int64' }, { kind: 'int64' }], 100_000).take().columns };
  recycle(big);
  recycle(big);
  const [one, two] = new BatchBuilder([{ kind: 'int64' }, { kind: 'int64' }], 100_000).columns;
  const third = new BatchBuilder([{ kind: 'int64' }], 100_000).columns[0]!;
  expect(new Set([one!.data.buffer, two!.data.buffer, third.data.buffer]).size).toBe(3);
});
