import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchBuilder, type ColumnBatch, type ColumnType } from '../column.ts';
import { decodeArrowFile, encodeArrowFile } from './arrow-file.ts';
import { anyBatch, batchText, bitsText, everyType } from './sample-batches.contract.ts';

async function fileOf(batch: ColumnBatch): Promise<Uint8Array> {
  return Buffer.concat(
    await encodeArrowFile(
      batch.rows,
      batch.columns.map((column, i) => ({ name: `c${i}`, column })),
    ),
  );
}

function readBack(bytes: Uint8Array): ColumnBatch {
  const { rows, columns } = decodeArrowFile(bytes);
  return { rows, columns: columns.flatMap((one) => ('column' in one ? [one.column] : [])) };
}

test('what is written to an Arrow file is read back to the last bit, whatever the types, nulls and buffers', async () => {
  const types = fc.array(fc.constantFrom(...everyType), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      types.chain((some) => anyBatch(some)),
      async (batch) => {
        const bytes = await fileOf(batch);
        expect(batchText(readBack(bytes))).toBe(batchText(batch));
      },
    ),
    { numRuns: 300 },
  );
});

test.each(everyType)('a column of $kind $precision travels full, empty and with nulls only', async (type) => {
  for (const maxRows of [0, 1, 70]) {
    for (const batch of fc.sample(anyBatch([type], maxRows), 20)) expect(batchText(readBack(await fileOf(batch)))).toBe(batchText(batch));
  }
  const builder = new BatchBuilder([type]);
  for (let i = 0; i < 9; i++) builder.columns[0]!.null();
  const nulls = builder.take();
  expect(batchText(readBack(await fileOf(nulls)))).toBe(batchText(nulls));
});

test('a column that starts anywhere in its memory is written right', async () => {
  const types: ColumnType[] = [{ kind: 'int64' }, { kind: 'decimal', precision: 9, scale: 2 }];
  const builder = new BatchBuilder(types);
  for (let i = 0; i < 5; i++) for (const column of builder.columns) column.view.setBigInt64(column.fixed(), BigInt(i) - 2n, true);
  const batch = builder.take();
  const moved = batch.columns.map((column) => {
    const memory = new Uint8Array(column.data.length + 3);
    memory.set(column.data, 3);
    return { ...column, data: memory.subarray(3) };
  });
  expect(batchText(readBack(await fileOf({ rows: 5, columns: moved })))).toBe(batchText(batch));
});

test('rows without columns keep their number', async () => {
  expect(readBack(await fileOf({ rows: 7, columns: [] }))).toEqual({ rows: 7, columns: [] });
});

test('columns read are views of the file, none is copied but bool and narrow decimals', async () => {
  const [batch] = fc.sample(
    anyBatch([
      { kind: 'int64' },
      { kind: 'uuid' },
      { kind: 'text' },
      { kind: 'timestamptz' },
      { kind: 'decimal', precision: 30, scale: 1 },
    ]).filter((one) => one.rows > 3),
    1,
  );
  const bytes = Uint8Array.from(await fileOf(batch!));
  for (const column of readBack(bytes).columns) {
    expect(column.data.buffer).toBe(bytes.buffer);
    expect(column.data.byteOffset % 8).toBe(0);
    expect(column.validity?.buffer ?? bytes.buffer).toBe(bytes.buffer);
  }
});

test('bits travel as an Arrow column of bool', async () => {
  const bits = Uint8Array.of(0b1010_0110, 0b0000_0101);
  const bytes = Buffer.concat(await encodeArrowFile(11, [{ name: 'kept:x', bits }]));
  const [column] = decodeArrowFile(bytes, () => 0).columns;
  expect(column && 'bits' in column ? bitsText(column.bits, 11) : '').toBe('01100101101');
  expect(
    tableFromIPC(bytes)
      .toArray()
      .map((row: { 'kept:x': boolean }) => Number(row['kept:x']))
      .join(''),
  ).toBe('01100101101');
});

test('any Arrow tool reads the file: names, types and values', async () => {
  const types: ColumnType[] = [
    { kind: 'int64' },
    { kind: 'bool' },
    { kind: 'text' },
    { kind: 'decimal', precision: 9, scale: 2 },
    { kind: 'timestamptz' },
    { kind: 'date' },
    { kind: 'uuid' },
    { kind: 'timetz' },
  ];
  const builder = new BatchBuilder(types);
  const [id, flag, text, price, at, day, uuid, timetz] = builder.columns;
  id!.view.setBigInt64(id!.fixed(), -5n, true);
  flag!.data[flag!.fixed()] = 1;
  const word = new TextEncoder().encode('grüße');
  text!.bytes(word, 0, word.length);
  price!.view.setBigInt64(price!.fixed(), -1234n, true);
  at!.view.setBigInt64(at!.fixed(), 1_700_000_000_000_000n, true);
  day!.view.setInt32(day!.fixed(), 19_000, true);
  uuid!.data.set(
    Uint8Array.from({ length: 16 }, (_, i) => i),
    uuid!.fixed(),
  );
  timetz!.view.setBigInt64(timetz!.fixed(), 99n, true);
  for (const column of builder.columns) column.null();
  const table = tableFromIPC(await fileOf(builder.take()));
  expect(table.schema.fields.map((field) => `${field.name} ${String(field.type)}`)).toEqual([
    'c0 Int64',
    'c1 Bool',
    'c2 Utf8',
    'c3 Decimal[9e+2]',
    'c4 Timestamp<MICROSECOND, UTC>',
    'c5 Date32<DAY>',
    'c6 FixedSizeBinary[16]',
    'c7 Int64',
  ]);
  expect(table.schema.fields[6]!.metadata.get('ARROW:extension:name')).toBe('arrow.uuid');
  expect(table.schema.fields[7]!.metadata.get('isthmus.type')).toBe('timetz');
  expect(table.numRows).toBe(2);
  const values = table.schema.fields.map((field) => table.getChild(field.name)!);
  expect(values.map((column) => column.nullCount)).toEqual(values.map(() => 1));
  expect(values.slice(0, 3).map((column): unknown => column.get(0))).toEqual([-5n, true, 'grüße']);
  expect(String(values[3]!.get(0))).toBe('-1234');
  expect(values[4]!.get(0)).toBe(1_700_000_000_000);
});
