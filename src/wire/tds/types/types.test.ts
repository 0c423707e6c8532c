import { describe, expect, test } from 'vitest';
import { TdsReader, TdsWriter } from '../bytes.ts';
import { outcomeOf } from '../test-outcome.ts';
import type { TdsVersion } from '../version.ts';
import { utf8Collation, usualCollation } from './collation.ts';
import type { TdsType, TdsValue } from './tds-type.ts';
import { readCell, readType, readValue, toldType, writeCell, writeType, writeValue } from './type-info.ts';

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex');
const reader = (...parts: readonly string[]): TdsReader => new TdsReader(hex(...parts), 'a fixture');
const noNull = 'none';

interface Fixture {
  readonly type: TdsType;
  /** TYPE_INFO: the token, and what follows it. */
  readonly told: readonly string[];
  readonly value: TdsValue;
  readonly bytes: readonly string[];
  /** NULL's bytes. */
  readonly nothing: string;
}

const collation = usualCollation;
const fixtures: readonly Fixture[] = [
  { type: { name: 'bit', fixed: true }, told: ['32'], value: true, bytes: ['01'], nothing: noNull },
  { type: { name: 'bit' }, told: ['68', '01'], value: false, bytes: ['01', '00'], nothing: '00' },
  { type: { name: 'tinyint', fixed: true }, told: ['30'], value: 255n, bytes: ['ff'], nothing: noNull },
  { type: { name: 'tinyint' }, told: ['26', '01'], value: 200n, bytes: ['01', 'c8'], nothing: '00' },
  { type: { name: 'smallint', fixed: true }, told: ['34'], value: -2n, bytes: ['feff'], nothing: noNull },
  { type: { name: 'smallint' }, told: ['26', '02'], value: 258n, bytes: ['02', '0201'], nothing: '00' },
  { type: { name: 'int', fixed: true }, told: ['38'], value: -2n, bytes: ['feffffff'], nothing: noNull },
  { type: { name: 'int' }, told: ['26', '04'], value: 42n, bytes: ['04', '2a000000'], nothing: '00' },
  { type: { name: 'bigint', fixed: true }, told: ['7f'], value: -(1n << 63n), bytes: ['0000000000000080'], nothing: noNull },
  { type: { name: 'bigint' }, told: ['26', '08'], value: 1n << 32n, bytes: ['08', '0000000001000000'], nothing: '00' },
  { type: { name: 'real', fixed: true }, told: ['3b'], value: 1.5, bytes: ['0000c03f'], nothing: noNull },
  { type: { name: 'real' }, told: ['6d', '04'], value: 1.5, bytes: ['04', '0000c03f'], nothing: '00' },
  { type: { name: 'float', fixed: true }, told: ['3e'], value: -0.1, bytes: ['9a9999999999b9bf'], nothing: noNull },
  { type: { name: 'float' }, told: ['6d', '08'], value: -0.1, bytes: ['08', '9a9999999999b9bf'], nothing: '00' },
  {
    type: { name: 'decimal', precision: 5, scale: 2 },
    told: ['6a', '05', '05', '02'], // DECIMALN, 5 bytes, precision, scale
    value: '-12.50',
    bytes: ['05', '00', 'e2040000'], // 5 bytes, negative, 1250
    nothing: '00',
  },
  {
    type: { name: 'decimal', precision: 38, scale: 10 },
    told: ['6a', '11', '26', '0a'], // DECIMALN, 17 bytes, precision, scale
    value: '1234567890123456789012345678.9012345678',
    bytes: ['11', '01', '4ef338de509049c4133302f0f6b04909'], // 17 bytes, positive, magnitude
    nothing: '00',
  },
  { type: { name: 'money', fixed: true }, told: ['3c'], value: '-12.5000', bytes: ['ffffffff', 'b817feff'], nothing: noNull },
  { type: { name: 'money' }, told: ['6e', '08'], value: '-12.5000', bytes: ['08', 'ffffffff', 'b817feff'], nothing: '00' },
  { type: { name: 'smallmoney', fixed: true }, told: ['7a'], value: '-12.5000', bytes: ['b817feff'], nothing: noNull },
  { type: { name: 'smallmoney' }, told: ['6e', '04'], value: '-12.5000', bytes: ['04', 'b817feff'], nothing: '00' },
  { type: { name: 'date' }, told: ['28'], value: '2024-02-01', bytes: ['03', '64460b'], nothing: '00' },
  { type: { name: 'time', scale: 0 }, told: ['29', '00'], value: '10:11:12', bytes: ['03', '408f00'], nothing: '00' },
  { type: { name: 'time', scale: 3 }, told: ['29', '03'], value: '10:11:12.123', bytes: ['04', '7b922f02'], nothing: '00' },
  { type: { name: 'time', scale: 7 }, told: ['29', '07'], value: '10:11:12.1234567', bytes: ['05', '87f6496255'], nothing: '00' },
  {
    type: { name: 'datetime2', scale: 7 },
    told: ['2a', '07'],
    value: '2024-02-01 10:11:12.1234567',
    bytes: ['08', '87f6496255', '64460b'], // 8 bytes, the time, the day
    nothing: '00',
  },
  {
    type: { name: 'datetimeoffset', scale: 1 },
    told: ['2b', '01'],
    value: '2024-02-01 10:11:12.1 +02:00',
    bytes: ['08', '417f04', '64460b', '7800'], // 8 bytes, the time and the day of UTC, 120 minutes
    nothing: '00',
  },
  {
    type: { name: 'datetime', fixed: true },
    told: ['3d'],
    value: '2024-02-01 10:11:12.123',
    bytes: ['09b10000', '25dfa700'], // days since 1900, 1/300 seconds
    nothing: noNull,
  },
  {
    type: { name: 'datetime' },
    told: ['6f', '08'],
    value: '1753-01-01 00:00:00.000',
    bytes: ['08', '462effff', '00000000'], // 8 bytes, -53690 days
    nothing: '00',
  },
  { type: { name: 'smalldatetime', fixed: true }, told: ['3a'], value: '2024-02-01 10:11:00', bytes: ['09b1', '6302'], nothing: noNull },
  { type: { name: 'smalldatetime' }, told: ['6f', '04'], value: '2024-02-01 10:11:00', bytes: ['04', '09b1', '6302'], nothing: '00' },
  {
    type: { name: 'uniqueidentifier' },
    told: ['24', '10'],
    value: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
    bytes: ['10', 'ff19966f', '868b', '11d0', 'b42d00c04fc964ff'], // 16 bytes, three groups little-endian
    nothing: '00',
  },
  {
    type: { name: 'char', length: 4, collation },
    told: ['af', '0400', '0904d00034'], // BIGCHAR, 4 bytes, collation
    value: 'äöü€',
    bytes: ['0400', 'e4f6fc80'],
    nothing: 'ffff',
  },
  {
    type: { name: 'varchar', length: 8000, collation },
    told: ['a7', '401f', '0904d00034'], // BIGVARCHAR, 8000 bytes, collation
    value: 'foo',
    bytes: ['0300', '666f6f'],
    nothing: 'ffff',
  },
  {
    type: { name: 'varchar', length: 'max', collation: utf8Collation },
    told: ['a7', 'ffff', '0904d02400'], // BIGVARCHAR, max, collation of UTF-8
    value: 'ä€',
    bytes: ['0500000000000000', '05000000', 'c3a4e282ac', '00000000'], // whole length, a part, no more
    nothing: 'ffffffffffffffff',
  },
  {
    type: { name: 'nchar', length: 2, collation },
    told: ['ef', '0400', '0904d00034'], // NCHAR, 4 bytes, collation
    value: 'hi',
    bytes: ['0400', '68006900'],
    nothing: 'ffff',
  },
  {
    type: { name: 'nvarchar', length: 4000, collation },
    told: ['e7', '401f', '0904d00034'], // NVARCHAR, 8000 bytes, collation
    value: '',
    bytes: ['0000'],
    nothing: 'ffff',
  },
  {
    type: { name: 'nvarchar', length: 'max', collation },
    told: ['e7', 'ffff', '0904d00034'], // NVARCHAR, max, collation
    value: '',
    bytes: ['0000000000000000', '00000000'], // no bytes, no more
    nothing: 'ffffffffffffffff',
  },
  { type: { name: 'binary', length: 2 }, told: ['ad', '0200'], value: hex('00ff'), bytes: ['0200', '00ff'], nothing: 'ffff' },
  { type: { name: 'varbinary', length: 8 }, told: ['a5', '0800'], value: hex('01'), bytes: ['0100', '01'], nothing: 'ffff' },
  {
    type: { name: 'varbinary', length: 'max' },
    told: ['a5', 'ffff'],
    value: hex('01'),
    bytes: ['0100000000000000', '01000000', '01', '00000000'],
    nothing: 'ffffffffffffffff',
  },
  {
    type: { name: 'text', collation },
    told: ['23', 'ffffff7f', '0904d00034'], // TEXT, its length, collation
    value: 'hi',
    bytes: ['02000000', '6869'],
    nothing: 'ffffffff',
  },
  {
    type: { name: 'ntext', collation },
    told: ['63', 'feffff7f', '0904d00034'], // NTEXT, its length, collation
    value: 'hi',
    bytes: ['04000000', '68006900'],
    nothing: 'ffffffff',
  },
  { type: { name: 'image' }, told: ['22', 'ffffff7f'], value: hex('01'), bytes: ['01000000', '01'], nothing: 'ffffffff' },
  {
    type: { name: 'xml' },
    told: ['f1', '00'], // XML, no schema
    value: '<a/>',
    bytes: ['0800000000000000', '08000000', '3c0061002f003e00', '00000000'],
    nothing: 'ffffffffffffffff',
  },
];

const named = fixtures.map((fixture) => [`${JSON.stringify(fixture.type)} (${fixture.told.join(' ')})`, fixture] as const);

test.for(named)('%s', ([, { type, told, value, bytes }]) => {
  const writer = new TdsWriter();
  writeType(writer, type);
  expect(Buffer.from(writer.take()).toString('hex')).toBe(told.join(''));
  expect(readType(reader(...told), '7.4')).toEqual(type);
  expect(readValue(reader(...bytes), type)).toEqual(value instanceof Uint8Array ? new Uint8Array(value) : value);
  expect(written(type, value)).toBe(bytes.join(''));
});

test.for(named.filter(([, { nothing }]) => nothing !== noNull))('NULL of %s', ([, { type, nothing }]) => {
  expect(readValue(reader(nothing), type)).toBe(null);
  expect(written(type, null)).toBe(nothing);
});

test.for(named.filter(([, { nothing }]) => nothing === noNull))('no NULL of %s', ([, { type }]) => {
  expect(outcomeOf(() => written(type, null))).toBe('bug ValueNotOfType');
});

function written(type: TdsType, value: TdsValue): string {
  const writer = new TdsWriter();
  writeValue(writer, type, value);
  return Buffer.from(writer.take()).toString('hex');
}

test('text in a row has a pointer and a time stamp in front', () => {
  const bytes = [
    '10', // a pointer of 16 bytes
    '64756d6d792074657874707472000000', // where it lies
    '64756d6d79545300', // its time stamp
    '02000000' + '6869', // hi
  ];
  expect(readCell(reader(...bytes), { name: 'text', collation })).toBe('hi');
  expect(readCell(reader('00'), { name: 'text', collation })).toBe(null);
  const writer = new TdsWriter();
  writeCell(writer, { name: 'image' }, hex('07'));
  const back = new TdsReader(writer.take(), 'a fixture');
  expect(readCell(back, { name: 'image' })).toEqual(Uint8Array.of(7));
});

describe('sql_variant', () => {
  const variants: readonly (readonly [what: string, bytes: readonly string[], value: TdsValue])[] = [
    ['int', ['06000000', '38', '00', '2a000000'], 42n],
    ['bit', ['03000000', '32', '00', '01'], true],
    ['float', ['0a000000', '3e', '00', '9a9999999999b9bf'], -0.1],
    ['decimal(5,2)', ['09000000', '6a', '02', '05', '02', '00', 'e2040000'], '-12.50'],
    ['numeric(5,2) of more bytes', ['0d000000', '6c', '02', '05', '02', '01', 'e204000000000000'], '12.50'],
    ['date', ['05000000', '28', '00', '64460b'], '2024-02-01'],
    ['time(0)', ['06000000', '29', '01', '00', '408f00'], '10:11:12'],
    ['datetime', ['0a000000', '3d', '00', '09b10000', '25dfa700'], '2024-02-01 10:11:12.123'],
    ['uniqueidentifier', ['12000000', '24', '00', 'ff19966f868b11d0b42d00c04fc964ff'], '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
    ['varchar', ['0c000000', 'a7', '07', '0904d00034', '401f', '666f6f'], 'foo'],
    ['nvarchar', ['0b000000', 'e7', '07', '0904d00034', '401f', '6800'], 'h'],
    ['varbinary', ['05000000', 'a5', '02', '0800', '01'], Uint8Array.of(1)],
    ['NULL', ['00000000'], null],
  ];
  test.for(variants)('of %s', ([, bytes, value]) => {
    expect(readValue(reader(...bytes), { name: 'sql_variant' })).toEqual(value);
  });

  test('of a type that it cannot hold, and one that is too short, are corrupt', () => {
    for (const bytes of [
      ['06000000', '23', '00', '00000000'],
      ['05000000', '38', '00', '000000'],
      ['02000000', 'a7', '00'],
    ])
      expect(outcomeOf(() => readValue(reader(...bytes), { name: 'sql_variant' }))).toBe('corrupt MalformedMessage');
  });
});

describe('values outside of their type', () => {
  const values: readonly (readonly [what: string, type: TdsType, value: TdsValue])[] = [
    ['a tinyint of 256', { name: 'tinyint' }, 256n],
    ['a tinyint below 0', { name: 'tinyint' }, -1n],
    ['an int as number', { name: 'int' }, 1],
    ['an int of 33 bits', { name: 'int' }, 1n << 31n],
    ['a float that is no number', { name: 'float' }, Number.NaN],
    ['a real that is too large', { name: 'real' }, 1e300],
    ['a decimal of too many digits', { name: 'decimal', precision: 3, scale: 1 }, '100.0'],
    ['a decimal of too many digits behind the point', { name: 'decimal', precision: 3, scale: 1 }, '1.01'],
    ['a decimal that is no number', { name: 'decimal', precision: 3, scale: 1 }, '1e1'],
    ['money above its range', { name: 'smallmoney' }, '214748.3648'],
    ['a day that is none', { name: 'date' }, '2023-02-29'],
    ['a time that is none', { name: 'time', scale: 0 }, '24:00:00'],
    ['a time that is finer than its type', { name: 'time', scale: 1 }, '10:11:12.15'],
    ['a moment without its offset', { name: 'datetimeoffset', scale: 0 }, '2024-02-01 10:11:12'],
    ['an offset beyond 14 hours', { name: 'datetimeoffset', scale: 0 }, '2024-02-01 10:11:12 +14:01'],
    ['a moment that is before year 1 in UTC', { name: 'datetimeoffset', scale: 0 }, '0001-01-01 00:00:00 +01:00'],
    ['a datetime before 1753', { name: 'datetime' }, '1752-12-31 00:00:00.000'],
    ['a smalldatetime with seconds', { name: 'smalldatetime' }, '2024-02-01 10:11:12'],
    ['a text that is longer', { name: 'nvarchar', length: 1 }, 'ab'],
    ['bytes that are more', { name: 'varbinary', length: 1 }, Uint8Array.of(1, 2)],
    ['a uniqueidentifier that is none', { name: 'uniqueidentifier' }, '6F9619FF'],
  ];
  test.for(values)('%s', ([, type, value]) => {
    expect(outcomeOf(() => written(type, value))).toBe('bug ValueNotOfType');
  });

  test('a character that the code page lacks is refused by name', () => {
    expect(() => written({ name: 'varchar', length: 10, collation }, '日')).toThrow('windows-1252 lacks');
  });

  test('the last moment of a day may be the first of the next as datetime', () => {
    expect(written({ name: 'datetime' }, '2024-01-31 23:59:59.999')).toBe('0809b1000000000000');
  });
});

test.for([
  ['an integer of three bytes', ['26', '03']],
  ['a decimal of no bytes', ['6a', '01', '26', '00']],
  ['a scale above the precision', ['6a', '05', '05', '06']],
  ['a time of eight digits', ['29', '08']],
  ['a text of 8001 bytes', ['a7', '411f', '0904d00034']],
  ['a type that is none', ['01']],
] as const)('%s is corrupt', ([, told]) => {
  expect(outcomeOf(() => readType(reader(...told), '7.4'))).toBe('corrupt MalformedMessage');
});

test('xml with a schema is read without it', () => {
  const told = reader('f1', '01', '01' + '6400', '01' + '6f00', '0100' + '6300');
  expect(readType(told, '7.4')).toEqual({ name: 'xml' });
  expect(told.left).toBe(0);
});

const told: readonly (readonly [TdsVersion, TdsType, TdsType])[] = [
  ['7.2', { name: 'date' }, { name: 'nvarchar', length: 10 }],
  ['7.2', { name: 'time', scale: 7 }, { name: 'nvarchar', length: 16 }],
  ['7.2', { name: 'time', scale: 0 }, { name: 'nvarchar', length: 8 }],
  ['7.2', { name: 'datetime2', scale: 3 }, { name: 'nvarchar', length: 23 }],
  ['7.1', { name: 'datetimeoffset', scale: 7 }, { name: 'nvarchar', length: 34 }],
  ['7.2', { name: 'decimal', precision: 9, scale: 2 }, { name: 'decimal', precision: 9, scale: 2 }],
  ['7.1', { name: 'nvarchar', length: 'max' }, { name: 'ntext' }],
  ['7.1', { name: 'varchar', length: 'max', collation }, { name: 'text', collation }],
  ['7.1', { name: 'varbinary', length: 'max' }, { name: 'image' }],
  ['7.1', { name: 'xml' }, { name: 'ntext' }],
  ['7.2', { name: 'nvarchar', length: 'max' }, { name: 'nvarchar', length: 'max' }],
  ['7.3', { name: 'date' }, { name: 'date' }],
];

test.for(told)('TDS %s is told %o as %o', ([version, type, expected]) => {
  expect(toldType(type, version)).toEqual(expected);
});
