import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInTypes } from './built-in-types.ts';
import { nativeTypes, planColumn, wireForms, type ColumnPlan } from './column-plan.ts';
import { columnsQuery, toSourceColumn, type ColumnsQueryRow, type SourceType } from './source-type.ts';
import { typesDocument } from './types-document.ts';

const numeric = (precision: number, scale: number): SourceType => ({
  name: `numeric(${precision},${scale})`,
  oid: 1700,
  typmod: ((precision << 16) | (scale & 0x7ff)) + 4,
  kind: 'base',
  output: 'pg_catalog.numeric_out',
});

function shown(plan: ColumnPlan): string {
  if (plan.fidelity === 'refused') return 'refused';
  const type = plan.type.kind === 'decimal' ? `decimal(${plan.type.precision},${plan.type.scale})` : plan.type.kind;
  return `${type} ${plan.fidelity} ${plan.copyExpression('"a b"')}`;
}

test('numeric becomes a decimal where one holds it, else text', () => {
  const asText = 'text text pg_catalog.textin(pg_catalog.numeric_out("a b"))';
  const plans = [
    numeric(18, 4),
    numeric(19, 0),
    numeric(38, 38),
    numeric(39, 0),
    numeric(1000, 1000),
    numeric(4, -2),
    numeric(2, 3),
    { ...numeric(1, 1), typmod: -1 },
  ];
  expect(plans.map((type) => shown(planColumn(type, { asText: false })))).toEqual([
    'decimal(18,4) exact "a b"',
    'decimal(19,0) exact "a b"',
    'decimal(38,38) exact "a b"',
    asText,
    asText,
    asText,
    asText,
    asText,
  ]);
  expect(shown(planColumn(numeric(18, 4), { asText: true }))).toBe(asText);
  expect(planColumn(numeric(18, 0), { asText: false })).toMatchObject({ wire: wireForms.decimal64 });
  expect(planColumn(numeric(19, 0), { asText: false })).toMatchObject({ wire: wireForms.decimal128 });
});

test('as text: through the output function, except what is text already', () => {
  const type = (oid: number, output: string): SourceType => ({ name: 'any', oid, typmod: -1, kind: 'base', output });
  const asText = (source: SourceType): string => shown(planColumn(source, { asText: true }));
  expect(asText(type(1114, 'pg_catalog.timestamp_out'))).toBe('text text pg_catalog.textin(pg_catalog.timestamp_out("a b"))');
  expect(asText(type(17, 'pg_catalog.byteaout'))).toBe('text text pg_catalog.textin(pg_catalog.byteaout("a b"))');
  expect(asText(type(25, 'pg_catalog.textout'))).toBe('text exact "a b"');
  expect(asText(type(1042, 'pg_catalog.bpcharout'))).toBe('text widened "a b"');
  expect(asText({ ...type(70_000, 'pg_catalog.enum_out'), kind: 'enum' })).toBe('text text "a b"');
});

test('an output function that SQL does not find by the type is called through format', () => {
  expect(shown(planColumn({ name: 'refcursor', oid: 1790, typmod: -1, kind: 'base', output: undefined }, { asText: false }))).toBe(
    `text text CASE WHEN "a b" IS NULL THEN NULL ELSE pg_catalog.format('%s', "a b") END`,
  );
});

test('pseudo-types are refused', () => {
  expect(
    shown(planColumn({ name: 'anyarray', oid: 2277, typmod: -1, kind: 'pseudo', output: 'pg_catalog.anyarray_out' }, { asText: true })),
  ).toBe('refused');
});

test('rows of the catalog', () => {
  const row: ColumnsQueryRow = {
    table_oid: '16385',
    attnum: '3',
    attname: 'price',
    attnotnull: 't',
    attisdropped: 'f',
    attgenerated: 's',
    type_name: 'shop.price',
    base_oid: '1700',
    base_typmod: '655366',
    base_typtype: 'b',
    output_function: 'pg_catalog.numeric_out',
  };
  expect(toSourceColumn(row)).toEqual({
    table: '16385',
    id: 3,
    name: 'price',
    notNull: true,
    dropped: false,
    generated: 'stored',
    type: { name: 'shop.price', oid: 1700, typmod: 655_366, kind: 'base', output: 'pg_catalog.numeric_out' },
  });
  const dropped: ColumnsQueryRow = {
    ...row,
    attisdropped: 't',
    attgenerated: '',
    type_name: null,
    base_oid: null,
    base_typtype: null,
    output_function: null,
  };
  expect(toSourceColumn(dropped)).toMatchObject({ dropped: true, generated: 'no', type: undefined });
  expect(() => columnsQuery(["1}'; DROP TABLE t"])).toThrow('not a number');
});

test('every type that is decoded is documented', () => {
  const documented = new Set(builtInTypes.flatMap((group) => group.types.map((type) => type.oid)));
  expect([...nativeTypes.keys()].filter((oid) => !documented.has(oid))).toEqual([]);
});

test('docs/types.md is what the map says', () => {
  // After a change of the map: npm run docs
  expect(readFileSync(new URL('../../../../../docs/types.md', import.meta.url), 'utf8')).toBe(typesDocument());
});
