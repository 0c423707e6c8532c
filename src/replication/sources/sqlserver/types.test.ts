import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ColumnBuilder } from '#replication/column.ts';
import { texts } from '#test/servers/text-pool.ts';
import { planType, type SqlServerType, type TypePlan } from './types.ts';
import { daysOf, microsOf, microsOfDay, scaledInteger, uuidBytes } from './value-text.ts';

const type = (name: string, rest: Partial<SqlServerType> = {}): SqlServerType => ({
  name,
  maxLength: 8,
  precision: 0,
  scale: 0,
  collation: undefined,
  ...rest,
});

function taken(of: SqlServerType, value: unknown): string | null {
  const plan = planType(of) as TypePlan;
  const builder = new ColumnBuilder(plan.type, 1);
  plan.append(value, builder);
  return texts({ rows: 1, columns: [builder.build()] })[0]![0]!;
}

describe('a value as the driver gives it comes into its column', () => {
  const cases: readonly [SqlServerType, unknown, string][] = [
    [type('tinyint'), 255, '255'],
    [type('smallint'), -32_768, '-32768'],
    [type('int'), -2_147_483_648, '-2147483648'],
    [type('bigint'), '-9223372036854775808', '-9223372036854775808'],
    [type('nvarchar', { maxLength: -1 }), 'Ünï 😀', 'Ünï 😀'],
    [type('varchar', { maxLength: 10 }), '', ''],
    [type('datetime2', { scale: 7 }), '0001-01-01 00:00:00.1234567', '0001-01-01 00:00:00.1234567'],
    [type('datetimeoffset', { scale: 7 }), '2024-02-29 23:59:59.9999999 +14:00', '2024-02-29 23:59:59.9999999 +14:00'],
  ];
  test.each(cases)('%s', (of, value, wanted) => {
    expect(taken(of, value)).toBe(wanted);
  });
});

test('values are whole however often a column outgrows its buffer', () => {
  const values: readonly [SqlServerType, unknown, string][] = [
    [type('bit'), true, 't'],
    [type('int'), 7, '7'],
    [type('smallint'), 7, '7'],
    [type('bigint'), '7', '7'],
    [type('decimal', { precision: 38, scale: 1 }), '7.5', '7.5'],
    [type('float'), 7.5, '7.5'],
    [type('real'), 7.5, '7.5'],
    [type('money'), '7.5000', '7.5000'],
    [type('uniqueidentifier'), '6F9619FF-8B86-D011-B42D-00C04FC964FF', '6f9619ff-8b86-d011-b42d-00c04fc964ff'],
    [type('date'), '2024-02-29', '2024-02-29'],
    [type('datetime'), '2024-02-29 01:02:03.450', '2024-02-29 01:02:03.45'],
    [type('time', { scale: 3 }), '01:02:03.450', '01:02:03.45'],
    [type('varbinary', { maxLength: 8 }), Uint8Array.of(7), String.raw`\x07`],
    [type('nvarchar', { maxLength: 8 }), 'seven', 'seven'],
  ];
  for (const [of, value, wanted] of values) {
    const plan = planType(of) as TypePlan;
    const builder = new ColumnBuilder(plan.type, 1);
    for (let row = 0; row < 3000; row += 1) plan.append(value, builder);
    expect([of.name, new Set(texts({ rows: 3000, columns: [builder.build()] }).flat())]).toEqual([of.name, new Set([wanted])]);
  }
});

test('a value of another kind is refused and not told', () => {
  for (const [name, value] of [
    ['bigint', 12],
    ['bigint', '99999999999999999999'],
    ['date', '2024-1-1'],
    ['datetime', '2024-01-01T00:00:00'],
    ['decimal', '1e5'],
    ['bit', 1],
    ['uniqueidentifier', 'zz'],
    ['varbinary', 'Zürich'],
  ] as const) {
    const refused = (): unknown => taken(type(name), value);
    expect(refused).toThrow(expect.objectContaining({ kind: 'corrupt', code: 'ValueUnreadable' }));
    expect(refused).not.toThrow(String(value));
  }
});

test('half of a surrogate pair is refused instead of replaced', () => {
  expect(() => taken(type('nvarchar'), 'a\uD83Db')).toThrow(expect.objectContaining({ code: 'TextIllFormed' }));
});

test('types that cannot travel say why', () => {
  for (const name of ['xml', 'sql_variant', 'timestamp', 'hierarchyid', 'geometry', 'geography', 'vector', 'json', 'MyClrType'])
    expect(planType(type(name))).toMatchObject({ refused: expect.stringMatching(/^It is left out: /) });
});

test('no key is of a floating or unbounded type', () => {
  for (const name of ['float', 'real', 'text', 'ntext', 'image']) expect(planType(type(name))).toMatchObject({ parse: undefined });
});

test('types are spelled as SQL Server spells them', () => {
  const spelled = [
    type('decimal', { precision: 38, scale: 10 }),
    type('nvarchar', { maxLength: 100 }),
    type('nvarchar', { maxLength: -1 }),
    type('binary', { maxLength: 16 }),
    type('datetime2', { scale: 7 }),
    type('money'),
  ].map((one) => planType(one).sourceType);
  expect(spelled).toEqual(['decimal(38,10)', 'nvarchar(50)', 'nvarchar(max)', 'binary(16)', 'datetime2(7)', 'money']);
});

test('decimals keep every digit', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), fc.integer({ min: 0, max: 38 }), (value, scale) => {
      const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
      const point = digits.length - scale;
      const text = `${value < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
      expect(scaledInteger(text, scale)).toBe(value);
      const plan = planType(type('decimal', { precision: 38, scale })) as TypePlan;
      const builder = new ColumnBuilder(plan.type, 1);
      plan.append(text, builder);
      expect((builder.view.getBigInt64(8, true) << 64n) | builder.view.getBigUint64(0, true)).toBe(value);
    }),
  );
});

test('dates of all years that SQL Server has are counted as the calendar counts them', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      const [day = '', time = ''] = date.toISOString().slice(0, -1).split('T');
      expect(daysOf(day)).toBe(Math.floor(date.getTime() / 86_400_000));
      expect(microsOf(`${day} ${time}`)).toBe(BigInt(date.getTime()) * 1000n);
    }),
  );
  expect(microsOfDay('23:59:59.999999')).toBe(86_399_999_999n);
  expect(() => microsOf('2024-05-06 07:08')).toThrow(expect.objectContaining({ code: 'ValueUnreadable' }));
});

test('the bytes of a uniqueidentifier are in their written order', () => {
  expect(Buffer.from(uuidBytes('6F9619FF-8B86-D011-B42D-00C04FC964FF')).toString('hex')).toBe('6f9619ff8b86d011b42d00c04fc964ff');
});
