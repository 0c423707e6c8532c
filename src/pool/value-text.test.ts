import { DuckDBInstance, DuckDBTypeId } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { textOf } from './value-text.ts';

test('values have the text that DuckDB gives them', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const values = [
    ...['0.1', '1e30', "'nan'", "'-0.0'", '16777216', '3.4028235e38', '1e-45', '0.3'].map((value) => `${value}::FLOAT`),
    ...["'-0.0'", '1e21', '1e16', '1e15', '123456789012345678', '1e-7', '0.0001', '0.00001', '5e-324', "'-inf'", '1', '0.1'].map(
      (value) => `${value}::DOUBLE`,
    ),
    ...["'0044-03-15 (BC)'", "'infinity'", "'-infinity'", "'20000-01-01'"].map((value) => `${value}::DATE`),
    "'24:00:00'::TIME",
    "'12:00:00.5+05:30'::TIMETZ",
    "'infinity'::TIMESTAMP",
    "'0044-03-15 (BC) 10:00:00'::TIMESTAMP",
    "'2024-06-01 00:00:00+00'::TIMESTAMPTZ",
    "'-infinity'::TIMESTAMPTZ",
    "INTERVAL '1 month 2 days -3 seconds'",
    'true',
    '1.10::DECIMAL(20,2)',
    '170141183460469231731687303715884105727::HUGEINT',
    "'a''b'",
    "'00112233-4455-6677-8899-aabbccddeeff'::UUID",
    '[1, NULL, 3]',
  ];
  for (const value of values) {
    const result = await connection.run(`SELECT ${value}, CAST(${value} AS VARCHAR)`);
    const [row] = await result.getRows();
    expect([value, textOf(result.columnTypeId(0))(row![0]!)]).toEqual([value, row![1]]);
  }
  connection.closeSync();
  instance.closeSync();
});

test('blobs are hex digits', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const [row] = await (await connection.run(String.raw`SELECT '\x00A\xFF'::BLOB`)).getRows();
  expect(textOf(DuckDBTypeId.BLOB)(row![0]!)).toBe(String.raw`\x0041ff`);
  connection.closeSync();
  instance.closeSync();
});
