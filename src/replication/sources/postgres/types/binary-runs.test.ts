import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchBuilder, type Column } from '#replication/column.ts';
import { BinaryRowDecoder } from './binary-row-decoder.ts';
import * as forms from './test-forms.ts';

const shape: readonly forms.Forms[] = [
  forms.bool(true),
  forms.integer('int16', 1n),
  forms.integer('int32', 1n),
  forms.integer('int64', 1n),
  forms.float64(1),
  forms.date(1),
  forms.timestamp('timestamptz', 1n),
  forms.uuid('00112233-4455-6677-8899-aabbccddeeff'),
  forms.text('a text'),
  forms.jsonb('{}'),
  forms.decimal(18, 4, 1n),
];

function plain(column: Column, rows: number): string {
  const validity = column.validity && Array.from({ length: rows }, (_, row) => (column.validity![row >> 3]! >> (row & 7)) & 1).join('');
  return `${Buffer.from(column.data).toString('hex')} ${column.offsets?.subarray(0, rows + 1).join()} ${validity}`;
}

/** Decodes a stream in slices of whole messages of about `sliceBytes`. */
function decode(stream: Buffer, sliceBytes: number): readonly string[] {
  const columns = shape.map(({ type, wire }, i) => ({ name: `c${i}`, type, wire }));
  const builder = new BatchBuilder(
    columns.map((column) => column.type),
    8,
  );
  const decoder = new BinaryRowDecoder(columns, 'public.t');
  for (let from = 0, to = sliceBytes; from < stream.length; to = Math.min(stream.length, to + sliceBytes)) {
    from = decoder.decode(stream, from, Math.min(to, stream.length), builder);
  }
  expect(decoder.ended).toBe(true);
  const { rows, columns: built } = builder.take();
  return built.map((column) => plain(column, rows));
}

test('rows decoded many at once and one after the other give the same columns', () => {
  const row = fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 }), (nulls, times) => {
      const rows = Array.from({ length: nulls.length * times }, (_, r) =>
        shape.map((form, c) => (nulls[r % nulls.length]![c] ? undefined : form.binary)),
      );
      const stream = forms.copyStream(rows);
      expect(decode(stream, stream.length)).toEqual(decode(stream, 100));
    }),
    { numRuns: 40 },
  );
});
