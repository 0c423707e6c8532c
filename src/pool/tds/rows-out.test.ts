import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeTokens, encodeTokens } from '#wire/tds/tokens.ts';
import type { TdsValue } from '#wire/tds/types/tds-type.ts';
import type { TdsVersion } from '#wire/tds/version.ts';
import type { TsqlType } from '../tsql/tsql-type.ts';
import { RowsOut } from './rows-out.ts';

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`SET TimeZone = 'UTC'`);
});
afterAll(() => connection.disconnectSync());

/** The values of one column of a query, as a client of this version reads them. */
async function told(sql: string, type: TsqlType, version: TdsVersion = '7.4'): Promise<readonly TdsValue[]> {
  const result = await connection.stream(sql);
  const out = new RowsOut([{ name: 'x', type, nullable: true }], version);
  const head = encodeTokens([{ kind: 'columns', columns: out.columns }], version);
  const values: TdsValue[] = [];
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk())
    for (const token of decodeTokens(Buffer.concat([head, ...copies(out.encode(chunk))]), version))
      if (token.kind === 'row') values.push(...token.values);
  return values;
}

/** Each part is used again for the next. */
function copies(parts: Iterable<Uint8Array>): readonly Uint8Array[] {
  return Array.from(parts, (part) => Uint8Array.from(part));
}

/** What DuckDB itself writes, brought to T-SQL's form. */
async function expected(sql: string, form: (text: string) => unknown): Promise<readonly unknown[]> {
  const rows = (await connection.run(`SELECT CAST(x AS VARCHAR) FROM (${sql}) AS t(x)`)).getRows();
  return (await rows).map(([text]) => (text === null ? null : form(String(text))));
}

const many = 5_000;
/** Every seventh is NULL. */
const some = (value: string): string =>
  `SELECT CASE WHEN i % 7 = 3 THEN NULL ELSE ${value} END AS x FROM range(${many}) AS r(i) ORDER BY i`;
const random = (bits: number): string => `((hash(i)::HUGEINT - 9223372036854775808) >> ${64 - bits})`;
const moments = `make_timestamp(((hash(i) % 315537897600)::BIGINT - 62135596800) * 1000000 + (hash(i + 1) % 1000000)::BIGINT)`;
const onClock = (utc: string, minutes: number | string): string => `{'utc': ${utc}::TIMESTAMPTZ, 'offset_minutes': (${minutes})::SMALLINT}`;
const seconds = (text: string, digits: number): string => {
  const [whole = '', part = ''] = text.split('.');
  return digits === 0 ? whole : `${whole}.${part.padEnd(digits, '0').slice(0, digits)}`;
};

test.for<[type: TsqlType, sql: string, form: (text: string) => unknown]>([
  [{ name: 'bit' }, 'i % 2 = 0', (text) => text === 'true'],
  [{ name: 'tinyint' }, '(i % 256)::UTINYINT', BigInt],
  [{ name: 'smallint' }, `${random(16)}::SMALLINT`, BigInt],
  [{ name: 'int' }, `${random(32)}::INTEGER`, BigInt],
  [{ name: 'bigint' }, `${random(64)}::BIGINT`, BigInt],
  [{ name: 'decimal', precision: 4, scale: 1 }, `(${random(13)} / 10)::DECIMAL(4,1)`, String],
  [{ name: 'decimal', precision: 9, scale: 2 }, `(${random(29)}::DECIMAL(12,0) / 100)::DECIMAL(9,2)`, String],
  [{ name: 'decimal', precision: 18, scale: 0 }, `${random(59)}::DECIMAL(18,0)`, String],
  [{ name: 'decimal', precision: 19, scale: 0 }, `${random(63)}::DECIMAL(19,0)`, String],
  [{ name: 'decimal', precision: 28, scale: 0 }, `(${random(63)}::DECIMAL(38,0) * 123456789)::DECIMAL(28,0)`, String],
  [{ name: 'decimal', precision: 38, scale: 0 }, `(${random(63)}::DECIMAL(38,0) * 1234567890123456789)::DECIMAL(38,0)`, String],
  [{ name: 'money' }, `(${random(63)}::DECIMAL(38,4) / 10000)::DECIMAL(19,4)`, String],
  [{ name: 'smallmoney' }, `(${random(32)}::DECIMAL(18,4) / 10000)::DECIMAL(10,4)`, String],
  [{ name: 'float' }, `${random(64)}::DOUBLE / 3`, Number],
  [{ name: 'date' }, `(${moments})::DATE`, String],
  [{ name: 'time', scale: 6 }, `(${moments})::TIME`, (text) => seconds(text, 6)],
  [{ name: 'time', scale: 0 }, `date_trunc('second', ${moments})::TIME`, (text) => seconds(text, 0)],
  [{ name: 'datetime2', scale: 7 }, moments, (text) => seconds(text, 7)],
  [{ name: 'datetime2', scale: 3 }, `date_trunc('millisecond', ${moments})`, (text) => seconds(text, 3)],
  [{ name: 'datetimeoffset', scale: 6 }, onClock(`(${moments})`, 0), (text) => `${seconds(text.slice(9, text.indexOf('+00')), 6)} +00:00`],
  [{ name: 'smalldatetime' }, `TIMESTAMP '1900-01-01' + to_minutes((hash(i) % 94000000)::INTEGER)`, String],
  [{ name: 'uniqueidentifier' }, `uuid()`, (text) => text.toUpperCase()],
  [{ name: 'nvarchar', length: 60 }, `repeat('é€x😀', (i % 10)::INTEGER)`, String],
  [{ name: 'nvarchar', length: 4000 }, `repeat('a', (i % 300)::INTEGER)`, String],
  [{ name: 'nvarchar', length: 'max' }, `repeat('a€', (i % 300)::INTEGER)`, String],
  [{ name: 'varchar', length: 8000 }, `repeat('aé€', (i % 40)::INTEGER)`, String],
  [{ name: 'nchar', length: 12 }, `repeat('é', (i % 10)::INTEGER)`, (text) => text.padEnd(12)],
  [{ name: 'char', length: 12 }, `repeat('z', (i % 10)::INTEGER)`, (text) => text.padEnd(12)],
] as const)('%s', async ([type, value, form]) => {
  const sql = type.name === 'uniqueidentifier' ? `SELECT x FROM ids` : some(value);
  if (type.name === 'uniqueidentifier') await connection.run(`CREATE TEMP TABLE ids AS ${some(value)}`);
  expect(await told(sql, type)).toEqual(await expected(sql, form));
});

test('a moment is told with the offset of its clock, whatever vector it lies in', async () => {
  const type: TsqlType = { name: 'datetimeoffset', scale: 0 };
  const clocks = [-840, -570, -30, 0, 120, 345, 840];
  const sql = `SELECT ${onClock(`TIMESTAMP '2024-01-01 00:30:00'`, 'm')} FROM (VALUES ${clocks.map((m) => `(${m})`).join(', ')}) AS t(m)`;
  expect(await told(sql, type)).toEqual([
    '2023-12-31 10:30:00 -14:00',
    '2023-12-31 15:00:00 -09:30',
    '2024-01-01 00:00:00 -00:30',
    '2024-01-01 00:30:00 +00:00',
    '2024-01-01 02:30:00 +02:00',
    '2024-01-01 06:15:00 +05:45',
    '2024-01-01 14:30:00 +14:00',
  ]);
  const constant = `SELECT ${onClock(`TIMESTAMP '2024-01-01'`, 60)} FROM range(5000)`;
  expect(await told(constant, type)).toEqual(Array.from({ length: 5000 }, () => '2024-01-01 01:00:00 +01:00'));
  const some = `SELECT CASE WHEN i % 3 = 0 THEN ${onClock(`TIMESTAMP '2024-01-01'`, 60)} END FROM range(5000) AS r(i)`;
  expect(await told(some, type)).toEqual(Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? '2024-01-01 01:00:00 +01:00' : null)));
});

test('binary values, padded where their type says so', async () => {
  expect(await told(`SELECT unhex(x) FROM (VALUES ('00ff'), (''), (NULL)) AS t(x)`, { name: 'varbinary', length: 10 })).toEqual([
    Uint8Array.of(0, 255),
    new Uint8Array(0),
    null,
  ]);
  expect(await told(`SELECT '\\x01\\x02'::BLOB`, { name: 'binary', length: 4 })).toEqual([Uint8Array.of(1, 2, 0, 0)]);
});

test('datetime is the next 1/300 second, and may be of the next day', async () => {
  const times = ['00:00:00.001', '00:00:00.002', '00:00:00.003333', '10:11:12.128', '23:59:59.998', '23:59:59.999'];
  const sql = `SELECT ('2024-02-29 ' || x)::TIMESTAMP FROM (VALUES ${times.map((time) => `('${time}')`).join(', ')}) AS t(x)`;
  expect(await told(sql, { name: 'datetime' })).toEqual([
    '2024-02-29 00:00:00.000',
    '2024-02-29 00:00:00.003',
    '2024-02-29 00:00:00.003',
    '2024-02-29 10:11:12.127',
    '2024-02-29 23:59:59.997',
    '2024-03-01 00:00:00.000',
  ]);
});

test('clients of earlier versions are told what they know', async () => {
  const moment = `SELECT TIMESTAMP '2024-02-29 10:11:12.1234'`;
  expect(await told(moment, { name: 'datetime2', scale: 7 }, '7.2')).toEqual(['2024-02-29 10:11:12.1234000']);
  expect(await told(`SELECT DATE '0001-01-01'`, { name: 'date' }, '7.1')).toEqual(['0001-01-01']);
  expect(await told(`SELECT TIME '10:11:12'`, { name: 'time', scale: 0 }, '7.1')).toEqual(['10:11:12']);
  const late = `SELECT ${onClock(`TIMESTAMP '2024-02-29 23:11:12.1234'`, 120)}`;
  expect(await told(late, { name: 'datetimeoffset', scale: 4 }, '7.1')).toEqual(['2024-03-01 01:11:12.1234 +02:00']);
  for (const version of ['7.1', '7.2'] as const) {
    expect(await told(`SELECT 'é' UNION ALL SELECT NULL`, { name: 'nvarchar', length: 'max' }, version)).toEqual(['é', null]);
    expect(await told(`SELECT 'é'`, { name: 'varchar', length: 'max' }, version)).toEqual(['é']);
    expect(await told(`SELECT '\\xff'::BLOB`, { name: 'varbinary', length: 'max' }, version)).toEqual([Uint8Array.of(255)]);
  }
});

test.for<[sql: string, type: TsqlType, code: string]>([
  [`SELECT 'infinity'::TIMESTAMP`, { name: 'datetime2', scale: 6 }, 'Sql8115'],
  [`SELECT '-infinity'::TIMESTAMP`, { name: 'datetime2', scale: 6 }, 'Sql8115'],
  [`SELECT ${onClock(`'infinity'`, 0)}`, { name: 'datetimeoffset', scale: 6 }, 'Sql8115'],
  [`SELECT ${onClock(`TIMESTAMP '0001-01-01'`, -1)}`, { name: 'datetimeoffset', scale: 6 }, 'Sql8115'],
  [`SELECT TIMESTAMPTZ '2024-02-29'`, { name: 'datetimeoffset', scale: 6 }, 'ColumnNotOfType'],
  [`SELECT {'utc': 1, 'offset_minutes': 2}`, { name: 'datetimeoffset', scale: 6 }, 'ColumnNotOfType'],
  [`SELECT 'infinity'::DATE`, { name: 'date' }, 'Sql8115'],
  [`SELECT DATE '10000-01-01'`, { name: 'date' }, 'Sql8115'],
  [`SELECT DATE '0001-01-01' - 1`, { name: 'date' }, 'Sql8115'],
  [`SELECT TIMESTAMP '10000-01-01 00:00:00'`, { name: 'datetime2', scale: 0 }, 'Sql8115'],
  [`SELECT TIMESTAMP '1752-12-31 00:00:00'`, { name: 'datetime' }, 'Sql8115'],
  [`SELECT TIMESTAMP '9999-12-31 23:59:59.999'`, { name: 'datetime' }, 'Sql8115'],
  [`SELECT TIMESTAMP '2079-06-07 00:00:00'`, { name: 'smalldatetime' }, 'Sql8115'],
  [`SELECT TIME '24:00:00'`, { name: 'time', scale: 6 }, 'Sql8115'],
  [`SELECT TIME '10:11:12.5'`, { name: 'time', scale: 0 }, 'Sql8115'],
  [`SELECT 'nan'::DOUBLE`, { name: 'float' }, 'Sql8115'],
  [`SELECT 'inf'::FLOAT`, { name: 'real' }, 'Sql8115'],
  [`SELECT 922337203685477.5808::DECIMAL(19,4)`, { name: 'money' }, 'Sql8115'],
  [`SELECT 214748.3648::DECIMAL(10,4)`, { name: 'smallmoney' }, 'Sql8115'],
  [`SELECT '中'`, { name: 'varchar', length: 10 }, 'Sql8115'],
  [`SELECT 'abc'`, { name: 'nvarchar', length: 2 }, 'Sql8152'],
  [`SELECT 'abc'`, { name: 'char', length: 2 }, 'Sql8152'],
  [`SELECT 1::BIGINT`, { name: 'int' }, 'ColumnNotOfType'],
  [`SELECT 1::DECIMAL(5,2)`, { name: 'decimal', precision: 5, scale: 1 }, 'ColumnNotOfType'],
])('%s is no %s', async ([sql, type, code]) => {
  await expect(told(sql, type)).rejects.toMatchObject({ code });
});
