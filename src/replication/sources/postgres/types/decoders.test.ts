import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchBuilder, type Column } from '#replication/column.ts';
import { BinaryRowDecoder } from './binary-row-decoder.ts';
import { wireForms } from './column-plan.ts';
import * as forms from './test-forms.ts';
import { TextValueDecoder } from './text-value-decoder.ts';
import { valueText } from './test-value-text.ts';

type Row = readonly (forms.Forms | null)[];

function plain(column: Column, rows: number): string {
  const validity = column.validity && Array.from({ length: rows }, (_, row) => (column.validity![row >> 3]! >> (row & 7)) & 1);
  return `${Buffer.from(column.data).toString('hex')} ${column.offsets?.subarray(0, rows + 1).join()} ${validity?.join()}`;
}

function fromBinary(shape: readonly forms.Forms[], rows: readonly Row[]): readonly Column[] {
  const columns = shape.map((form, i) => ({ name: `c${i}`, type: form.type, wire: form.wire }));
  const builder = new BatchBuilder(
    columns.map((column) => column.type),
    8,
  );
  const decoder = new BinaryRowDecoder(columns, 'public.t');
  const stream = forms.copyStream(rows.map((row) => row.map((form) => form?.binary)));
  expect(decoder.decode(stream, 0, stream.length, builder)).toBe(stream.length);
  expect(decoder.ended).toBe(true);
  expect(builder.rows).toBe(rows.length);
  return builder.take().columns;
}

function fromText(shape: readonly forms.Forms[], rows: readonly Row[]): readonly Column[] {
  const columns = shape.map((form, i) => ({ name: `c${i}`, type: form.type, fidelity: 'exact' as const }));
  const builder = new BatchBuilder(
    columns.map((column) => column.type),
    8,
  );
  const decoder = new TextValueDecoder(columns, 'public.t');
  for (const row of rows) {
    // The values stand among other bytes, as in a message.
    decoder.bytes = Buffer.from(`>${row.map((form) => form?.text ?? '').join('|')}<`);
    let at = 1;
    row.forEach((form, i) => {
      const length = form ? Buffer.byteLength(form.text) : 0;
      if (form) decoder.append(i, at, at + length, builder.columns[i]!);
      else builder.columns[i]!.null();
      at += length + 1;
    });
  }
  return builder.take().columns;
}

/** Where the two decoders differ from each other or from what must be stored; undefined: nowhere. */
function difference(rows: readonly Row[], shape: readonly forms.Forms[]): string | undefined {
  const binary = fromBinary(shape, rows);
  const columns = fromText(shape, rows);
  for (let i = 0; i < columns.length; i++) {
    if (plain(columns[i]!, rows.length) !== plain(binary[i]!, rows.length)) return `column ${i} differs`;
    for (let row = 0; row < rows.length; row++) {
      const form = rows[row]![i];
      const found = form && misstored(columns[i]!, row, form);
      if (found) return found;
    }
  }
  return undefined;
}

function misstored(column: Column, row: number, form: forms.Forms): string | undefined {
  const start = column.offsets ? column.offsets[row]! : row * form.stored.length;
  const stored = Buffer.from(column.data.subarray(start, start + form.stored.length)).toString('hex');
  if (stored !== form.stored.toString('hex')) return `${form.text} is stored as ${stored} instead of ${form.stored.toString('hex')}`;
  const spelled = form.type.kind.startsWith('float') ? form.text : valueText(column, row);
  return spelled === form.text ? undefined : `${form.text} is spelled ${spelled}`;
}

function alone(...values: readonly forms.Forms[]): string | undefined {
  return difference(
    values.map((value) => [value]),
    [values[0]!],
  );
}

const day = 86_400_000_000n;
const arbitraries: Readonly<Record<string, fc.Arbitrary<forms.Forms>>> = {
  bool: fc.boolean().map(forms.bool),
  int16: fc.bigInt(-32_768n, 32_767n).map((value) => forms.integer('int16', value)),
  int32: fc.bigInt(-(2n ** 31n), 2n ** 31n - 1n).map((value) => forms.integer('int32', value)),
  uint32: fc.bigInt(0n, 2n ** 32n - 1n).map((value) => forms.integer('uint32', value)),
  int64: fc
    .oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-(2n ** 54n), 2n ** 54n))
    .map((value) => forms.integer('int64', value)),
  float32: fc.float().map(forms.float32),
  float64: fc
    .oneof(
      fc.double(),
      fc.double({ min: -1e6, max: 1e6 }),
      fc.integer().map((value) => value / 1000),
    )
    .map(forms.float64),
  date: fc.integer({ min: -100_000_000, max: 100_000_000 }).map(forms.date),
  time: fc.bigInt(0n, day).map(forms.time),
  timetz: fc
    .tuple(
      fc.bigInt(0n, day),
      fc.oneof(
        fc.integer({ min: -57_599, max: 57_599 }),
        fc.integer({ min: -15, max: 15 }).map((hours) => hours * 3600),
      ),
    )
    .map(([at, east]) => forms.timetz(at, east)),
  timestamp: fc.bigInt(-8_640_000_000_000_000_000n, 8_640_000_000_000_000_000n).map((value) => forms.timestamp('timestamp', value)),
  timestamptz: fc.bigInt(-4_000_000_000_000_000n, 4_000_000_000_000_000n).map((value) => forms.timestamp('timestamptz', value)),
  interval: fc
    .tuple(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-day, day)),
    )
    .map(([months, days, microseconds]) => forms.interval(months, days, microseconds)),
  uuid: fc.uuid().map(forms.uuid),
  text: fc.string({ unit: 'binary', maxLength: 60 }).map(forms.text),
  jsonb: fc.json().map(forms.jsonb),
  bytea: fc.uint8Array({ maxLength: 80 }).map((value) => forms.bytea(Buffer.from(value))),
};
const decimals = fc
  .tuple(fc.integer({ min: 1, max: 38 }), fc.nat(38))
  .map(([precision, scale]) => ({ precision, scale: scale % (precision + 1) }))
  .chain(({ precision, scale }) => {
    const limit = 10n ** BigInt(precision) - 1n;
    const value = fc.oneof(
      fc.bigInt(-limit, limit),
      fc.bigInt(-10_000n, 10_000n).map((small) => (small > limit || small < -limit ? 0n : small)),
      fc.constant(limit),
      fc.constant(-limit),
    );
    return fc.array(
      value.map((scaled) => forms.decimal(precision, scale, scaled)),
      { minLength: 1, maxLength: 12 },
    );
  });

test.each(Object.entries(arbitraries))('%s: both forms give the same column', (_, arbitrary) => {
  fc.assert(
    fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 20 }), (values) => {
      expect(alone(...values)).toBeUndefined();
    }),
    { numRuns: 100 },
  );
});

test('decimal of any precision and scale: both forms give the same column', () => {
  fc.assert(
    fc.property(decimals, (values) => {
      expect(alone(...values)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test('rows of all types with nulls', () => {
  const all = Object.values(arbitraries);
  const row = fc.tuple(...all.map((arbitrary) => fc.option(arbitrary, { nil: null })));
  const shape = all.map((arbitrary) => fc.sample(arbitrary, 1)[0]!);
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
      expect(difference(rows, shape)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

const edges: Readonly<Record<string, readonly forms.Forms[]>> = {
  int64: [
    -(2n ** 63n),
    2n ** 63n - 1n,
    0n,
    -1n,
    2n ** 53n,
    -(2n ** 53n),
    2n ** 32n,
    -(2n ** 32n),
    999_999_999n,
    1_000_000_000n,
    -1_000_000_000n,
  ].map((value) => forms.integer('int64', value)),
  float64: [
    0,
    -0,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    Infinity,
    -Infinity,
    NaN,
    0.1,
    2 ** 53,
    2 ** 53 + 2,
    1e15,
    1e22,
    1e23,
    2 ** 63,
  ].map(forms.float64),
  float32: [0, -0, 1.401298464324817e-45, 3.4028234663852886e38, Infinity, -Infinity, NaN, 1.1754943508222875e-38, 16777216].map((value) =>
    forms.float32(Math.fround(value)),
  ),
  time: [0n, day, day - 1n, 1n].map(forms.time),
  timetz: [
    forms.timetz(0n, 57_599),
    forms.timetz(day, -57_599),
    forms.timetz(1n, 0),
    forms.timetz(day - 1n, -1800),
    forms.timetz(5n, 3601),
  ],
  interval: [
    forms.interval(0, 0, 0n),
    forms.interval(2 ** 31 - 1, -(2 ** 31), -(2n ** 63n)),
    forms.interval(-1, 0, -500_000n),
    forms.interval(13, -1, 1n),
  ],
  text: [forms.text(''), forms.text('\u{1F600}'), forms.text('x'.repeat(70_000)), forms.text('\uFEFFbyte order mark')],
};

test.each(Object.entries(edges))('%s: edges', (_, values) => {
  expect(alone(...values)).toBeUndefined();
});

test('a float4 whose float8 lies between two float4 is rounded by its decimal', () => {
  // 7.038531e-26 is 0x15ae43fd; rounding it to float8 first and then to float4 gives 0x15ae43fe.
  for (const sign of ['', '-']) {
    const builder = new BatchBuilder([{ kind: 'float32' }]);
    const decoder = new TextValueDecoder([{ name: 'a', type: { kind: 'float32' }, fidelity: 'exact' }], 't');
    decoder.bytes = Buffer.from(`${sign}7.038531e-26`);
    decoder.append(0, 0, decoder.bytes.length, builder.columns[0]!);
    expect(builder.columns[0]!.view.getUint32(0, true)).toBe(sign ? 0x95ae43fd : 0x15ae43fd);
  }
});

test('any NaN becomes the one that its text stands for', () => {
  const nan64 = { ...forms.float64(NaN), binary: Buffer.from('fff8000000000001', 'hex') };
  const nan32 = { ...forms.float32(NaN), binary: Buffer.from('ffc00001', 'hex') };
  expect(alone(nan64, { ...nan64, binary: Buffer.from('7ff0000000000001', 'hex') })).toBeUndefined();
  expect(alone(nan32)).toBeUndefined();
});

test('text of an output function that is not UTF-8 is escaped, in both forms', () => {
  const type = { kind: 'text' } as const;
  const cases: readonly (readonly [bytes: string, stored: string])[] = [
    ['c3', '\\303'],
    ['7b61622c c3 2c 80 7d', '{ab,\\303,\\200}'],
    ['c3a4 f09f9880 ff e282', 'ä\u{1F600}\\377\\342\\202'],
    ['c3a4 616263 f09f9880', 'äabc\u{1F600}'],
    ['616263646566', 'abcdef'],
    ['', ''],
  ];
  const rows = cases.map(([hex]) => Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const binary = new BatchBuilder([type]);
  const stream = forms.copyStream(rows.map((row) => [row]));
  new BinaryRowDecoder([{ name: 'a', type, wire: wireForms.outputText }], 't').decode(stream, 0, stream.length, binary);
  const text = new BatchBuilder([type]);
  const decoder = new TextValueDecoder([{ name: 'a', type, fidelity: 'text' }], 't');
  for (const row of rows) {
    decoder.bytes = row;
    decoder.append(0, 0, row.length, text.columns[0]!);
  }
  for (const column of [...binary.take().columns, ...text.take().columns]) {
    expect(cases.map((_, row) => valueText(column, row))).toEqual(cases.map(([, stored]) => stored));
  }
});

test('hex fixtures, as PostgreSQL 15 sends them', () => {
  const fixtures: readonly (readonly [forms.Forms, string])[] = [
    [forms.integer('int64', -2n), 'fffffffffffffffe'],
    [forms.decimal(18, 4, 12_345_678n), '0002 0000 0000 0004 04d2 162e'], // 2 digits from 10000^0 on: 1234, 5678
    [forms.decimal(18, 4, -1n), '0001 ffff 4000 0004 0001'], // 1 digit from 10000^-1 on, negative
    [forms.decimal(38, 2, 10n ** 36n), '0001 0008 0000 0002 0064'], // 100 * 10000^8
    [forms.decimal(9, 0, 100_000_000n), '0001 0002 0000 0000 0001'],
    [forms.decimal(9, 3, 0n), '0000 0000 0000 0003'],
    [forms.date(0), 'ffffd533'], // days from 2000-01-01
    [forms.timetz(3_600_000_000n, 7200), '00000000d693a400 ffffe3e0'], // microseconds, seconds west
    [forms.interval(14, 3, 4_000_001n), '00000000003d0901 00000003 0000000e'], // microseconds, days, months
    [forms.timestamp('timestamp', 0n), 'fffca2fec4c82000'], // microseconds from 2000-01-01
    [forms.timestamp('timestamptz', -63_517_780_799_500_000n), 'ff1af9e8fb4e7120'], // 0044-03-15 12:00:00.5 BC
    [forms.jsonb('{"a": [1]}'), '01 7b2261223a205b315d7d'], // version, text
    [forms.uuid('00112233-4455-6677-8899-aabbccddeeff'), '00112233445566778899aabbccddeeff'],
    [forms.text('ab  '), '61622020'],
    [forms.bytea(Buffer.of(0, 255)), '00ff'],
    [forms.bool(true), '01'],
  ];
  for (const [form, hex] of fixtures) {
    expect(form.binary.toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(alone(form)).toBeUndefined();
  }
});
