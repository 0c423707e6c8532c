import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import { BatchBuilder } from '#replication/column.ts';
import { BinaryRowDecoder } from './binary-row-decoder.ts';
import * as forms from './test-forms.ts';
import { TextValueDecoder } from './text-value-decoder.ts';

function faultOf(work: () => void): Fault | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** The labels of the cases that do not end in a `corrupt` fault. */
function notCorrupt(cases: readonly (readonly [label: string, work: () => void])[]): readonly string[] {
  return cases.filter(([, work]) => faultOf(work)?.kind !== 'corrupt').map(([label]) => label);
}

function field(hex: string): Buffer {
  return forms.copyStream([[Buffer.from(hex, 'hex')]]);
}

function decodeBinary(form: Pick<forms.Forms, 'type' | 'wire'>, stream: Buffer): BatchBuilder {
  const builder = new BatchBuilder([form.type]);
  new BinaryRowDecoder([{ name: 'Amount due', ...form }], 'public.t').decode(stream, 0, stream.length, builder);
  return builder;
}

function decodeText(form: Pick<forms.Forms, 'type'>, text: string): BatchBuilder {
  const builder = new BatchBuilder([form.type]);
  const decoder = new TextValueDecoder([{ name: 'Amount due', type: form.type, fidelity: 'exact' }], 'public.t');
  decoder.bytes = Buffer.from(text);
  decoder.append(0, 0, decoder.bytes.length, builder.columns[0]!);
  return builder;
}

test('values that a column type cannot hold are refused with the remedy, without the value', () => {
  const stamp = forms.timestamp('timestamp', 0n);
  const cases: readonly (readonly [forms.Forms, string, string])[] = [
    [forms.decimal(18, 4, 0n), '00000000c0000000', 'NaN'],
    [forms.decimal(38, 4, 0n), '00000000c0000000', 'NaN'],
    [forms.decimal(38, 4, 0n), '00000000d0000000', 'Infinity'],
    [forms.decimal(38, 4, 0n), '00000000f0000000', '-Infinity'],
    [stamp, forms.bytesOf([8, 2n ** 63n - 1n - 946_684_800_000_000n]).toString('hex'), '294247-01-10 04:00:54.775807'],
    [stamp, forms.bytesOf([8, 2n ** 63n - 2n]).toString('hex'), '294276-12-31 23:59:59.999999'],
    [forms.timestamp('timestamptz', 0n), forms.bytesOf([8, 9_222_519_254_400_000_000n]).toString('hex'), '294250-01-01 00:00:00+00'],
    [forms.interval(0, 0, 0n), '7fffffffffffffff7fffffff7fffffff', 'infinity'],
    [forms.interval(0, 0, 0n), '80000000000000008000000080000000', '-infinity'],
  ];
  for (const [form, hex, text] of cases) {
    const faults = [faultOf(() => decodeBinary(form, field(hex))), faultOf(() => decodeText(form, text))];
    for (const found of faults) {
      expect(found).toMatchObject({
        kind: 'unsupported',
        code: 'ValueOutOfRange',
        target: 'public.t."Amount due"',
        remedy: expect.stringMatching(/--as-text public\.t\."Amount due"$/),
      });
      expect(found?.message).toBe(faults[0]?.message);
    }
  }
  const last = decodeText(stamp, '294247-01-10 04:00:54.775806').take().columns[0]!;
  expect(new DataView(last.data.buffer).getBigInt64(0, true)).toBe(2n ** 63n - 2n);
});

test('malformed binary values are corrupt', () => {
  const wrong: readonly (readonly [forms.Forms, string])[] = [
    [forms.bool(true), '02'],
    [forms.bool(true), ''],
    [forms.integer('int16', 0n), '000000'],
    [forms.integer('int32', 0n), '0000000000000000'],
    [forms.integer('int64', 0n), '00000000'],
    [forms.float32(0), '0000'],
    [forms.float64(0), '00'],
    [forms.date(0), '00'],
    [forms.uuid('00'), '00'],
    [forms.time(0n), 'ffffffffffffffff'],
    [forms.time(0n), '000000141dd76001'],
    [forms.timetz(0n, 0), '00000000000000000000e100'],
    [forms.interval(0, 0, 0n), '00'],
    [forms.timestamp('timestamp', 0n), '00'],
    [forms.jsonb(''), ''],
    [forms.jsonb(''), '027b7d'],
    [forms.decimal(9, 2, 0n), ''],
    [forms.decimal(9, 2, 0n), '0001000000000002'],
    [forms.decimal(9, 2, 0n), '0001000012340002000a'],
    [forms.decimal(9, 2, 0n), '00010000000000022710'], // a digit above 9999
    [forms.decimal(9, 2, 0n), '0001ffff000000020001'], // 0.0001
    [forms.decimal(9, 2, 0n), '0001fff0000000020001'], // far below
    [forms.decimal(9, 2, 0n), '00010001000000023e80'], // 10^8 and more
    [forms.decimal(38, 2, 0n), '0001000a000000020001'], // 10^40
    [forms.decimal(38, 2, 0n), '00017fff000000020001'],
    [forms.decimal(17, 2, 0n), '000100030000000203e8'], // 10^15 and more
  ];
  expect(notCorrupt(wrong.map(([form, hex]) => [`${form.type.kind} ${hex}`, () => decodeBinary(form, field(hex))]))).toEqual([]);
});

test('malformed texts are corrupt', () => {
  const wrong: readonly (readonly [forms.Forms, readonly string[]])[] = [
    [forms.bool(true), ['', 'true', 'x']],
    [forms.integer('int16', 0n), ['', '-', '32768', '-32769', '1x', '00000000001', ' 1', '+1']],
    [forms.integer('int32', 0n), ['2147483648', '-2147483649', '9999999999']],
    [forms.integer('uint32', 0n), ['4294967296', '-1']],
    [
      forms.integer('int64', 0n),
      ['', '-', '9223372036854775808', '-9223372036854775809', '12345678901234567890', '1_0', '123456789x1234567890'],
    ],
    [forms.float64(0), ['', ' ', 'nan', '1e', '1x', '0x10', '-', '.', '1.5.5', '1'.repeat(500)]],
    [forms.float32(0), ['', 'inf']],
    [forms.decimal(9, 2, 0n), ['', '-', '.', '1.', '1.234', '12345678.00', '1,0', '1.2.3', '1e5']],
    [forms.decimal(38, 2, 0n), ['1'.repeat(37), `${'1'.repeat(20)}.1.`, `${'1'.repeat(20)}x`]],
    [
      forms.date(0),
      ['', '1-1-1', '2024-13-01', '2024-00-01', '2024-01-32', '01/02/2024', '2024-01-01 AD', '2024-01-01x', 'Infinity', '99999999-01-01'],
    ],
    [forms.time(0n), ['', '1:00:00', '24:00:00.000001', '25:00:00', '00:60:00', '00:00:00.', '00:00:00.1234567', '00:00:00+00']],
    [forms.timetz(0n, 0), ['00:00:00', '00:00:00+', '00:00:00+16', '00:00:00+1', '00:00:00+01:6', '00:00:00 UTC']],
    [forms.timestamp('timestamp', 0n), ['', '2024-01-01', '2024-01-01 00:00', '2024-01-01 00:00:00+00', '2024-01-01 00:00:00 AD', 'now']],
    [forms.timestamp('timestamptz', 0n), ['2024-01-01 00:00:00', '2024-01-01 00:00:00 UTC', '2024-01-01 00:00:00+00:00:00:00']],
    [
      forms.interval(0, 0, 0n),
      ['', 'P', 'PT', '1 day', 'P1', 'P1H', 'PT1D', 'P1.5D', 'PT1.5H', 'PT1', 'PTT1S', 'P9999999999Y', 'PT9999999999999S', 'PT2562047789H'],
    ],
    [forms.uuid('00'), ['', '0'.repeat(36), '00112233-4455-6677-8899-aabbccddeefg', '00112233-4455-6677-8899-aabb-cddeeff']],
    [forms.bytea(Buffer.of()), ['', '\\x0', '\\x0g', 'abcd', '\\000']],
  ];
  expect(
    notCorrupt(
      wrong.flatMap(([form, texts]) => texts.map((text) => [`${form.type.kind} '${text}'`, () => decodeText(form, text)] as const)),
    ),
  ).toEqual([]);
});

test('a copy stream: empty, cut anywhere, with other messages, of other columns', () => {
  const form = forms.text('abc');
  expect(decodeBinary(form, forms.copyStream([])).rows).toBe(0);
  const stream = forms.copyStream([[form.binary], [undefined], [Buffer.alloc(0)]]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const builder = new BatchBuilder([form.type]);
    const decoder = new BinaryRowDecoder([{ name: 'a', ...form }], 't');
    const stopped = decoder.decode(stream, 0, cut, builder);
    expect(stopped).toBeLessThanOrEqual(cut);
    expect(decoder.decode(stream, stopped, stream.length, builder)).toBe(stream.length);
    expect([builder.rows, decoder.ended]).toEqual([3, true]);
  }
  const header = stream.subarray(5, 24);
  const tuple = Buffer.from('000100000003616263', 'hex');
  const together = Buffer.concat([
    forms.copyMessage(header),
    forms.copyMessage(Buffer.concat([tuple, tuple])),
    forms.copyMessage(Buffer.from('ffff', 'hex')),
  ]);
  expect(decodeBinary(form, together).rows).toBe(2);
  const wrong: readonly Buffer[] = [
    forms.copyMessage(tuple), // no signature
    forms.copyMessage(Buffer.concat([header.subarray(0, 11), Buffer.from('0001000000000000', 'hex')])), // with oids
    forms.copyMessage(Buffer.concat([header.subarray(0, 15), Buffer.from('00000009', 'hex')])), // extension beyond the message
    forms.copyMessage(Buffer.concat([header, tuple.subarray(0, 8)])),
    forms.copyMessage(Buffer.concat([header, tuple.subarray(0, 5)])),
    forms.copyMessage(Buffer.concat([header, tuple, Buffer.of(0)])),
    forms.copyMessage(Buffer.concat([header, Buffer.from('0002ffffffffffffffff', 'hex')])), // two fields
    forms.copyMessage(Buffer.concat([header, Buffer.from('0001fffffffe', 'hex')])), // length -2
    forms.copyMessage(Buffer.concat([header, Buffer.from('ffff', 'hex'), tuple])), // after the trailer
    Buffer.from('6300000004', 'hex'), // another message
    Buffer.from('6400000003', 'hex'), // a length below its own
  ];
  expect(notCorrupt(wrong.map((bytes) => [bytes.toString('hex'), () => decodeBinary(form, bytes)]))).toEqual([]);
});

test('random bytes only ever end in a fault', () => {
  const shapes = [
    forms.bool(true),
    forms.integer('int16', 0n),
    forms.integer('int32', 0n),
    forms.integer('uint32', 0n),
    forms.integer('int64', 0n),
    forms.float32(0),
    forms.float64(0),
    forms.decimal(9, 2, 0n),
    forms.decimal(38, 6, 0n),
    forms.date(0),
    forms.time(0n),
    forms.timetz(0n, 0),
    forms.timestamp('timestamp', 0n),
    forms.interval(0, 0, 0n),
    forms.uuid(''),
    forms.text(''),
    forms.jsonb(''),
    forms.bytea(Buffer.of()),
  ];
  const header = forms.copyStream([]).subarray(5, 24);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(shapes.length - 1), (bytes, pick) => {
      const shape = shapes[pick]!;
      const found = [
        faultOf(() => decodeBinary(shape, forms.copyMessage(Buffer.concat([header, bytes])))),
        faultOf(() => decodeBinary(shape, field(Buffer.from(bytes).toString('hex')))),
        faultOf(() => decodeText(shape, Buffer.from(bytes).toString('latin1'))),
      ];
      expect(found.map((each) => each?.kind ?? 'none').filter((kind) => !['none', 'corrupt', 'unsupported'].includes(kind))).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});
