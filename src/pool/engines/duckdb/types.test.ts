import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ColumnType } from '#replication/column.ts';
import { batchOf, int64, rows, schemaOf, segment, shape, type Value } from '#replication/sample-steps.contract.ts';
import { DuckDbPool } from './pool.ts';
import { duckDbType } from './types.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const ones = (width: number): Uint8Array => new Uint8Array(width).fill(0xff);
const span = (months: number, days: number, micros: bigint): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16));
  view.setInt32(0, months, true);
  view.setInt32(4, days, true);
  view.setBigInt64(8, micros, true);
  return new Uint8Array(view.buffer);
};
const timetz = (micros: bigint, east: number): bigint => (micros << 24n) | BigInt(57_599 - east);
const day = 86_400_000_000n;
const infinity = 2n ** 63n - 1n;
const nines = (digits: number): bigint => 10n ** BigInt(digits) - 1n;
const long = 'ä€𐍈x'.repeat(1000);

/** The ends of every type, and what lies odd in between, with DuckDB's text of each. */
const cases: readonly (readonly [ColumnType, readonly (readonly [Value, string])[]])[] = [
  [
    { kind: 'bool' },
    [
      [true, 'true'],
      [false, 'false'],
    ],
  ],
  [
    { kind: 'int16' },
    [
      [-32_768, '-32768'],
      [32_767, '32767'],
      [0, '0'],
    ],
  ],
  [
    { kind: 'int32' },
    [
      [-2_147_483_648, '-2147483648'],
      [2_147_483_647, '2147483647'],
    ],
  ],
  [
    { kind: 'int64' },
    [
      [-(2n ** 63n), '-9223372036854775808'],
      [infinity, '9223372036854775807'],
      [9_007_199_254_740_993n, '9007199254740993'],
    ],
  ],
  [
    { kind: 'uint32' },
    [
      [0, '0'],
      [4_294_967_295, '4294967295'],
    ],
  ],
  [
    { kind: 'float32' },
    [
      [0.1, '0.1'],
      [-0, '-0.0'],
      [Number.NaN, 'nan'],
      [Number.POSITIVE_INFINITY, 'inf'],
      [3.402_823_5e38, '3.4028235e+38'],
      [1e-45, '1e-45'],
    ],
  ],
  [
    { kind: 'float64' },
    [
      [0.1, '0.1'],
      [-0, '-0.0'],
      [Number.NEGATIVE_INFINITY, '-inf'],
      [5e-324, '5e-324'],
      [1.797_693_134_862_315_7e308, '1.7976931348623157e+308'],
    ],
  ],
  [
    { kind: 'decimal', precision: 4, scale: 4 },
    [
      [9999, '.9999'],
      [-9999, '-.9999'],
      [0, '.0000'],
    ],
  ],
  [
    { kind: 'decimal', precision: 9, scale: 0 },
    [
      [nines(9), '999999999'],
      [-nines(9), '-999999999'],
    ],
  ],
  [
    { kind: 'decimal', precision: 18, scale: 4 },
    [
      [nines(18), '99999999999999.9999'],
      [-1, '-0.0001'],
    ],
  ],
  [
    { kind: 'decimal', precision: 38, scale: 10 },
    [
      [nines(38), `${'9'.repeat(28)}.${'9'.repeat(10)}`],
      [-nines(38), `-${'9'.repeat(28)}.${'9'.repeat(10)}`],
      [-1, '-0.0000000001'],
    ],
  ],
  [
    { kind: 'date' },
    [
      [0, '1970-01-01'],
      [-735_599, '0045-01-01 (BC)'],
      [2_147_483_647, 'infinity'],
      [-2_147_483_647, '-infinity'],
      [11_000_000, '32086-12-23'],
    ],
  ],
  [
    { kind: 'time' },
    [
      [0, '00:00:00'],
      [day, '24:00:00'],
      [day - 1n, '23:59:59.999999'],
    ],
  ],
  [
    { kind: 'timetz' },
    [
      [timetz(0n, 57_599), '00:00:00+15:59:59'],
      [timetz(day, -57_599), '24:00:00-15:59:59'],
      [timetz(1n, 19_800), '00:00:00.000001+05:30'],
    ],
  ],
  [
    { kind: 'timestamp' },
    [
      [infinity, 'infinity'],
      [-infinity, '-infinity'],
      [-1, '1969-12-31 23:59:59.999999'],
      [9_224_318_015_999_999n, '2262-04-22 22:33:35.999999'],
      [9_223_371_331_200_000_000n - 1n, '294247-01-01 23:59:59.999999'],
    ],
  ],
  [
    { kind: 'timestamptz' },
    [
      [infinity, 'infinity'],
      [-infinity, '-infinity'],
      [1_700_000_000_123_456n, '2023-11-14 22:13:20.123456+00'],
      [-63_517_824_000_000_000n, '0044-03-15 (BC) 00:00:00+00'],
    ],
  ],
  [
    { kind: 'interval' },
    [
      [span(0, 0, 0n), '00:00:00'],
      [span(-14, 30, -1n), '-1 year -2 months 30 days -00:00:00.000001'],
      [span(0, 0, 360_000_000_000n), '100:00:00'],
    ],
  ],
  [
    { kind: 'uuid' },
    [
      [new Uint8Array(16), '00000000-0000-0000-0000-000000000000'],
      [ones(16), 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
      [bytes(0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), '80010203-0405-0607-0809-0a0b0c0d0e0f'],
    ],
  ],
  [
    { kind: 'text' },
    [
      ['', ''],
      ['twelve bytes', 'twelve bytes'],
      ['thirteen byte', 'thirteen byte'],
      [long, long],
      ['\' " \\ \n\r\t\u007F', '\' " \\ \n\r\t\u007F'],
    ],
  ],
  [
    { kind: 'bytes' },
    [
      [bytes(), ''],
      [bytes(0, 65, 255), '\\x00A\\xFF'],
      [ones(13), '\\xFF'.repeat(13)],
    ],
  ],
];

test.each(cases.map(([type, values]) => [duckDbType(type), type, values] as const))('%s holds its ends', async (name, type, values) => {
  await using pool = await DuckDbPool.open(join(folder, `${name}.duckdb`));
  const table = schemaOf('t', [
    ['id', int64],
    ['v', type],
    ['w', type],
  ]);
  const inserts = values.map(([value], i): Value[] => [i, value, i % 2 === 0 ? null : value]);
  await pool.writer().apply(segment(1, [shape(table), rows(table, { inserts: [...inserts, [values.length, null, values[0]![0]]] })]));
  const engine = await pool.engine();
  const found = await engine.rows('SELECT CAST(v AS VARCHAR), CAST(w AS VARCHAR), typeof(v) FROM public.t ORDER BY id');
  expect(found).toEqual([...values.map(([, text], i) => [text, i % 2 === 0 ? null : text, name]), [null, values[0]![1], name]]);
});

test('a decimal wider than its type is refused', async () => {
  await using pool = await DuckDbPool.open(join(folder, 'wide.duckdb'));
  for (const [precision, value] of [
    [4, 40_000],
    [9, 2n ** 40n],
  ] as const) {
    const table = schemaOf(`p${precision}`, [
      ['id', int64],
      ['v', { kind: 'decimal', precision, scale: 0 }],
    ]);
    const number = (await pool.writer().progress()).number + 1;
    await expect(pool.writer().apply(segment(number, [shape(table), rows(table, { inserts: [[1, value]] })]))).rejects.toMatchObject({
      code: 'BatchCorrupt',
    });
  }
});

test('long columns: values, nulls and strings of every length over chunks', async () => {
  await using pool = await DuckDbPool.open(join(folder, 'long.duckdb'));
  const types: readonly ColumnType[] = [int64, { kind: 'text' }, { kind: 'bytes' }, { kind: 'decimal', precision: 3, scale: 1 }];
  const values = Array.from({ length: 7000 }, (_, i): Value[] => [
    i,
    i % 7 === 0 ? null : `${'é'.repeat(i % 40)}${i}`,
    i % 11 === 0 ? null : new Uint8Array(i % 30).fill(i),
    i % 13 === 0 ? null : i % 1000,
  ]);
  const engine = await pool.engine();
  const lent = engine.batches.lend(batchOf(types, values));
  const [row] = await engine.rows(
    `SELECT count(*), sum(c0), count(c1), sum(strlen(c1)), count(c2), sum(octet_length(c2)), sum(c3), count(DISTINCT c1) FROM ${lent.sql}`,
  );
  const [ordered] = await engine.rows(
    `SELECT count(*) FROM ${lent.sql} WHERE c1 IS NOT NULL AND c1 <> repeat('é', (c0 % 40)::INTEGER) || c0::VARCHAR`,
  );
  lent.release();
  const of = (place: number): Value[] => values.map((value) => value[place]!).filter((value) => value !== null);
  const length = (value: Value): number => (typeof value === 'string' ? Buffer.byteLength(value) : (value as Uint8Array).length);
  const sum = (numbers: number[]): string => String(numbers.reduce((a, b) => a + b, 0));
  expect(row!.map(String)).toEqual([
    '7000',
    sum(of(0).map(Number)),
    String(of(1).length),
    sum(of(1).map(length)),
    String(of(2).length),
    sum(of(2).map(length)),
    (Number(sum(of(3).map(Number))) / 10).toFixed(1),
    String(of(1).length),
  ]);
  expect(String(ordered![0])).toBe('0');
});
