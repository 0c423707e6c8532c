import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../test-outcome.ts';
import { typesAndValues } from '../test-types.ts';
import { dayOf, timeOf } from '../types/calendar.ts';
import { unscaledOf } from '../types/decimals.ts';
import { usualCollation } from '../types/collation.ts';
import type { TdsType, TdsValue } from '../types/tds-type.ts';
import { toldType } from '../types/type-info.ts';
import { decodeTokens, encodeTokens, type Token } from '../tokens.ts';
import { tdsVersion, type TdsVersion } from '../version.ts';
import { RowEncoder } from './row-encoder.ts';
import type { BytesCursor, Vector } from './vector.ts';

/** As an engine keeps them: see `Vector`. */
function vectorOf(type: TdsType, values: readonly TdsValue[]): Vector {
  const validity = validityOf(values);
  const of = <T>(nothing: T, convert: (value: Exclude<TdsValue, null>) => T): T[] =>
    values.map((value) => (value === null ? nothing : convert(value)));
  const text = (value: TdsValue): string => value as string;
  switch (type.name) {
    case 'bit':
      return { kind: 'numbers', items: Uint8Array.from(of(0, Number)), validity };
    case 'tinyint':
      return { kind: 'numbers', items: Uint8Array.from(of(0, Number)), validity };
    case 'smallint':
      return { kind: 'numbers', items: Int16Array.from(of(0, Number)), validity };
    case 'int':
      return { kind: 'numbers', items: Int32Array.from(of(0, Number)), validity };
    case 'bigint':
      return { kind: 'numbers', items: BigInt64Array.from(of(0n, (value) => value as bigint)), validity };
    case 'real':
      return { kind: 'numbers', items: Float32Array.from(of(0, Number)), validity };
    case 'float':
      return { kind: 'numbers', items: Float64Array.from(of(0, Number)), validity };
    case 'money':
      return { kind: 'numbers', items: BigInt64Array.from(of(0n, (value) => unscaledOf(text(value), 4)!)), validity };
    case 'smallmoney':
      return { kind: 'numbers', items: Int32Array.from(of(0, (value) => Number(unscaledOf(text(value), 4)))), validity };
    case 'decimal':
      return decimalVector(
        type.precision,
        of(0n, (value) => unscaledOf(text(value), type.scale)!),
        validity,
      );
    case 'date':
      return { kind: 'numbers', items: Int32Array.from(of(0, (value) => dayOf(text(value))! - 719_162)), validity };
    case 'time':
    case 'datetime':
    case 'smalldatetime':
    case 'datetime2':
      return { kind: 'numbers', items: BigInt64Array.from(of(0n, (value) => microsOf(text(value)))), validity };
    case 'uniqueidentifier':
      return { kind: 'wide', items: wideOf(of(0n, (value) => BigInt(`0x${text(value).replaceAll('-', '')}`) - (1n << 127n))), validity };
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
      return { kind: 'bytes', cursor: cursorOf(of(new Uint8Array(0), (value) => Buffer.from(text(value)))), validity };
    case 'binary':
    case 'varbinary':
      return { kind: 'bytes', cursor: cursorOf(of(new Uint8Array(0), (value) => value as Uint8Array)), validity };
    default:
      return { kind: 'values', items: values };
  }
}

function validityOf(values: readonly TdsValue[]): Uint8Array | undefined {
  if (!values.includes(null)) return undefined;
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, row) => {
    if (value !== null) bits[row >> 3]! |= 1 << (row & 7);
  });
  return bits;
}

/** In as few bytes as its precision needs, as DuckDB does. */
function decimalVector(precision: number, items: readonly bigint[], validity: Uint8Array | undefined): Vector {
  if (precision <= 4) return { kind: 'numbers', items: Int16Array.from(items, Number), validity };
  if (precision <= 9) return { kind: 'numbers', items: Int32Array.from(items, Number), validity };
  if (precision <= 18) return { kind: 'numbers', items: BigInt64Array.from(items), validity };
  return { kind: 'wide', items: wideOf(items), validity };
}

function wideOf(items: readonly bigint[]): BigInt64Array {
  return BigInt64Array.from(items.flatMap((item) => [BigInt.asIntN(64, item), item >> 64n]));
}

/** `2024-02-01 10:11:12.123456`, or its time alone. */
function microsOf(text: string): bigint {
  const [date, time] = text.includes(' ') ? text.split(' ') : ['1970-01-01', text];
  return BigInt(dayOf(date!)! - 719_162) * 86_400_000_000n + BigInt(timeOf(time!, 6)!);
}

function cursorOf(items: readonly Uint8Array[]): BytesCursor {
  const cursor: BytesCursor = {
    bytes: Buffer.concat([Buffer.from('before'), ...items]),
    from: 0,
    to: 0,
    go: (row) => {
      cursor.from = 6 + items.slice(0, row).reduce((sum, { length }) => sum + length, 0);
      cursor.to = cursor.from + items[row]!.length;
    },
  };
  return cursor;
}

function rowsOf(types: readonly TdsType[], bytes: Uint8Array, version: TdsVersion): readonly (readonly TdsValue[])[] {
  const columns = types.map((type) => ({ name: '', userType: 0, flags: 9, type: toldType(type, version) }));
  const described = encodeTokens([{ kind: 'columns', columns }], version);
  return decodeTokens(Buffer.concat([described, bytes]), version).flatMap((token: Token) => (token.kind === 'row' ? [token.values] : []));
}

/** A value as a client reads it: `char`, `nchar` and `binary` have their whole length. */
function filled(type: TdsType, value: TdsValue): TdsValue {
  if (value === null || !('length' in type)) return value;
  if (type.name === 'char' || type.name === 'nchar') return (value as string).padEnd(Number(type.length), ' ');
  if (type.name !== 'binary') return value;
  const whole = new Uint8Array(Number(type.length));
  whole.set(value as Uint8Array);
  return whole;
}

/** What an engine holds in microseconds. */
function isHeld(type: TdsType): boolean {
  return !('scale' in type) || type.name === 'decimal' || type.scale <= 6;
}

const versions = Object.keys(tdsVersion) as readonly TdsVersion[];

test.for(versions)('rows written from vectors are read as the values in them, in TDS %s', (version) => {
  const cells = typesAndValues(version).filter(([type]) => isHeld(type));
  fc.assert(
    fc.property(fc.array(cells, { minLength: 1, maxLength: 6 }), fc.array(fc.boolean(), { maxLength: 12 }), (columns, nulls) => {
      const types = columns.map(([type]) => type);
      const rows = [false, ...nulls].map((isNone) =>
        columns.map(([type, value]) => (isNone && !('fixed' in type && type.fixed === true) ? null : value)),
      );
      const vectors = columns.map(([type], index) =>
        vectorOf(
          type,
          rows.map((row) => row[index]!),
        ),
      );
      const bytes = new RowEncoder(
        types.map((type) => ({ type })),
        version,
      ).encode(vectors, 1, rows.length);
      const isValue = (index: number): boolean => vectors[index]!.kind === 'values';
      expect(rowsOf(types, bytes, version)).toEqual(
        rows.slice(1).map((row) => row.map((value, index) => (isValue(index) ? value : filled(types[index]!, value)))),
      );
    }),
    { numRuns: 150 },
  );
});

function one(type: TdsType, vector: Vector, version: TdsVersion = '7.4'): TdsValue {
  return rowsOf([type], new RowEncoder([{ type }], version).encode([vector], 0, 1), version)[0]![0]!;
}

const moment = (micros: bigint): Vector => ({ kind: 'numbers', items: BigInt64Array.of(micros), validity: undefined });
const day = (days: number): Vector => ({ kind: 'numbers', items: Int32Array.of(days), validity: undefined });
const floats = (value: number): Vector => ({ kind: 'numbers', items: Float64Array.of(value), validity: undefined });
const text = (value: string): Vector => ({ kind: 'bytes', cursor: cursorOf([Buffer.from(value)]), validity: undefined });

describe('moments', () => {
  test.for([
    [0n, '1970-01-01 00:00:00.000000'],
    [-1n, '1969-12-31 23:59:59.999999'],
    [-86_400_000_000n, '1969-12-31 00:00:00.000000'],
    [-62_135_596_800_000_000n, '0001-01-01 00:00:00.000000'],
    [253_402_300_799_999_999n, '9999-12-31 23:59:59.999999'],
    [4_503_599_627_370_496n, '2112-09-17 23:53:47.370496'],
    [-4_503_599_627_370_497n, '1827-04-16 00:06:12.629503'],
  ] as const)('%s', ([micros, expected]) => {
    expect(one({ name: 'datetime2', scale: 6 }, moment(micros))).toBe(expected);
    expect(one({ name: 'datetimeoffset', scale: 7 }, moment(micros))).toBe(`${expected}0 +00:00`);
    expect(one({ name: 'datetime2', scale: 6 }, moment(micros), '7.2')).toBe(expected);
  });

  test('every day next to midnight', () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_162, max: 2_932_896 }), fc.constantFrom(0n, 1n, -1n), (days, by) => {
        const micros = BigInt(days) * 86_400_000_000n + by;
        fc.pre(micros >= -62_135_596_800_000_000n);
        const written = one({ name: 'datetime2', scale: 6 }, moment(micros));
        expect(microsOf(String(written))).toBe(micros);
      }),
    );
  });

  test('datetime is the nearest 1/300 second', () => {
    expect(one({ name: 'datetime' }, moment(3_333n))).toBe('1970-01-01 00:00:00.003');
    expect(one({ name: 'datetime' }, moment(86_399_999_000n))).toBe('1970-01-02 00:00:00.000');
  });
});

const refusals: readonly (readonly [what: string, type: TdsType, vector: Vector])[] = [
  ['a day before year 1', { name: 'date' }, day(-719_163)],
  ['an infinite day', { name: 'date' }, day(2_147_483_647)],
  ['an infinite moment', { name: 'datetime2', scale: 6 }, moment((1n << 63n) - 1n)],
  ['a moment finer than its type', { name: 'datetime2', scale: 3 }, moment(1n)],
  ['a datetime before 1753', { name: 'datetime' }, moment(-62_135_596_800_000_000n)],
  ['a smalldatetime with seconds', { name: 'smalldatetime' }, moment(1_000_000n)],
  ['the end of a day as its time', { name: 'time', scale: 6 }, moment(86_400_000_000n)],
  ['no number', { name: 'float' }, floats(Number.NaN)],
  ['an infinite number', { name: 'float' }, floats(Number.NEGATIVE_INFINITY)],
  ['a float too large for real', { name: 'real' }, floats(1e300)],
  ['a number too large for int', { name: 'int' }, moment(1n << 31n)],
  ['a number too large for bigint', { name: 'bigint' }, { kind: 'wide', items: BigInt64Array.of(0n, 1n), validity: undefined }],
  [
    'a number too large for bigint, without sign',
    { name: 'bigint' },
    { kind: 'numbers', items: BigUint64Array.of(1n << 63n), validity: undefined },
  ],
  ['a decimal with more words than its precision has', { name: 'decimal', precision: 9, scale: 0 }, moment(1n << 32n)],
  ['a text longer than its column', { name: 'nvarchar', length: 2 }, text('abc')],
  ['a text longer than its column in its code page', { name: 'varchar', length: 2 }, text('äöü')],
];

test.for(refusals)('%s is refused', ([, type, vector]) => {
  expect(outcomeOf(() => one(type, vector))).toBe('unsupported ValueUnfit');
});

test('a character that the code page lacks is refused', () => {
  expect(() => one({ name: 'varchar', length: 10, collation: usualCollation }, text('日'))).toThrow('windows-1252 lacks');
});

test('NULL where a column is told to have none is refused', () => {
  const vector: Vector = { kind: 'numbers', items: Int32Array.of(1), validity: Uint8Array.of(0) };
  expect(outcomeOf(() => one({ name: 'int', fixed: true }, vector))).toBe('bug UnexpectedNull');
});

test('numbers of other widths than the column', () => {
  expect(one({ name: 'int' }, { kind: 'numbers', items: Int8Array.of(-1), validity: undefined })).toBe(-1n);
  expect(one({ name: 'bigint' }, { kind: 'numbers', items: Uint32Array.of(0xffff_ffff), validity: undefined })).toBe(0xffff_ffffn);
  expect(one({ name: 'bigint' }, day(-5))).toBe(-5n);
  const unsigned: Vector = { kind: 'numbers', items: BigUint64Array.of((1n << 64n) - 1n), validity: undefined };
  expect(one({ name: 'decimal', precision: 20, scale: 0 }, unsigned)).toBe('18446744073709551615');
});

test('texts that are long, empty, and of every width of UTF-8', () => {
  for (const value of ['', 'aé€😀', 'x'.repeat(5000), '😀'.repeat(40_000)])
    expect(one({ name: 'nvarchar', length: 'max' }, text(value))).toBe(value);
  expect(one({ name: 'varchar', length: 'max' }, text('a€b'.repeat(30_000)))).toBe('a€b'.repeat(30_000));
});
