import type { SourceType } from './source-type.ts';

export interface BuiltInType {
  /** As SQL spells it, with an example of a modifier where the modifier decides. */
  readonly name: string;
  readonly oid: number;
  readonly typmod?: number;
  readonly kind?: SourceType['kind'];
  readonly note?: string;
}

export interface TypeGroup {
  readonly title: string;
  readonly types: readonly BuiltInType[];
}

const typmodOf = (precision: number, scale: number): number => ((precision << 16) | (scale & 0x7ff)) + 4;
const tooWide = 'has no decimal in the pool';
const paddedText = 'blanks at the end are kept; the pool compares them, PostgreSQL does not';
const noInfinity = 'infinite intervals (17 and later) need text';
const lastInstant = 'values after 294247-01-10 04:00:54.775806 need text';

/** Every type of `pg_catalog` that a column may have, PostgreSQL 13 to 18, arrays aside: for `docs/types.md`. A test asks real servers for the list. */
export const builtInTypes: readonly TypeGroup[] = [
  {
    title: 'Numbers',
    types: [
      { name: 'smallint', oid: 21 },
      { name: 'integer', oid: 23 },
      { name: 'bigint', oid: 20 },
      {
        name: 'numeric(18,4)',
        oid: 1700,
        typmod: typmodOf(18, 4),
        note: 'up to 38 digits, scale 0 to the number of digits; NaN needs text',
      },
      { name: 'numeric(38,10)', oid: 1700, typmod: typmodOf(38, 10), note: 'as above' },
      {
        name: 'numeric',
        oid: 1700,
        typmod: -1,
        note: 'any number of digits, NaN and infinities; declare precision and scale to get a decimal',
      },
      { name: 'numeric(50,2)', oid: 1700, typmod: typmodOf(50, 2), note: `more than 38 digits: ${tooWide}` },
      { name: 'numeric(4,-2)', oid: 1700, typmod: typmodOf(4, -2), note: `negative scale (15 and later): ${tooWide}` },
      { name: 'numeric(2,4)', oid: 1700, typmod: typmodOf(2, 4), note: `scale above precision (15 and later): ${tooWide}` },
      { name: 'real', oid: 700, note: 'bit for bit; every NaN becomes the same NaN' },
      { name: 'double precision', oid: 701, note: 'as real' },
      { name: 'money', oid: 790, note: 'as in locale C: -$1,234.56' },
    ],
  },
  {
    title: 'Truth, text and bytes',
    types: [
      { name: 'boolean', oid: 16 },
      { name: 'text', oid: 25 },
      { name: 'character varying(n)', oid: 1043, note: 'the pool does not keep the length limit' },
      { name: 'character(n)', oid: 1042, note: paddedText },
      { name: 'name', oid: 19, note: 'the pool does not keep the limit of 63 bytes' },
      { name: '"char"', oid: 18, note: 'one byte; above 127 escaped as PostgreSQL 15 and later do, in older versions too' },
      { name: 'bytea', oid: 17 },
      { name: 'uuid', oid: 2950 },
      { name: 'bit(n)', oid: 1560, note: 'zeros and ones' },
      { name: 'bit varying(n)', oid: 1562, note: 'zeros and ones' },
    ],
  },
  {
    title: 'Dates and times',
    types: [
      { name: 'date', oid: 1082, note: '4713 BC to 5874897 AD, infinity and -infinity' },
      { name: 'time without time zone', oid: 1083, note: '24:00:00 too' },
      { name: 'time with time zone', oid: 1266, note: 'with its offset, to the second' },
      { name: 'timestamp without time zone', oid: 1114, note: `infinity and -infinity too; ${lastInstant}` },
      { name: 'timestamp with time zone', oid: 1184, note: `the instant; ${lastInstant}` },
      { name: 'interval', oid: 1186, note: `months, days and microseconds apart; ${noInfinity}` },
    ],
  },
  {
    title: 'Documents and search',
    types: [
      { name: 'json', oid: 114, note: 'byte for byte' },
      { name: 'jsonb', oid: 3802, note: 'as PostgreSQL writes it' },
      { name: 'jsonpath', oid: 4072 },
      { name: 'xml', oid: 142, note: 'in UTF-8, without the encoding in its declaration' },
      { name: 'tsvector', oid: 3614 },
      { name: 'tsquery', oid: 3615 },
      { name: 'gtsvector', oid: 3642 },
    ],
  },
  {
    title: 'Networks',
    types: [
      { name: 'inet', oid: 869, note: 'a single host without /32 or /128' },
      { name: 'cidr', oid: 650 },
      { name: 'macaddr', oid: 829 },
      { name: 'macaddr8', oid: 774 },
    ],
  },
  {
    title: 'Shapes',
    types: [
      { name: 'point', oid: 600 },
      { name: 'line', oid: 628 },
      { name: 'lseg', oid: 601 },
      { name: 'box', oid: 603 },
      { name: 'path', oid: 602 },
      { name: 'polygon', oid: 604 },
      { name: 'circle', oid: 718 },
    ],
  },
  {
    title: 'Ranges',
    types: [
      ...[
        ['int4range', 3904],
        ['int8range', 3926],
        ['numrange', 3906],
        ['tsrange', 3908],
        ['tstzrange', 3910],
        ['daterange', 3912],
      ].map(([name, oid]) => ({ name: String(name), oid: Number(oid), kind: 'range' as const })),
      ...[
        ['int4multirange', 4451],
        ['int8multirange', 4536],
        ['nummultirange', 4532],
        ['tsmultirange', 4533],
        ['tstzmultirange', 4534],
        ['datemultirange', 4535],
      ].map(([name, oid]) => ({ name: String(name), oid: Number(oid), kind: 'multirange' as const, note: '14 and later' })),
    ],
  },
  {
    title: "Identifiers and the system's own",
    types: [
      { name: 'oid', oid: 26 },
      { name: 'xid', oid: 28 },
      { name: 'xid8', oid: 5069 },
      { name: 'cid', oid: 29 },
      { name: 'tid', oid: 27 },
      { name: 'pg_lsn', oid: 3220 },
      { name: 'pg_snapshot', oid: 5038 },
      { name: 'txid_snapshot', oid: 2970 },
      { name: 'int2vector', oid: 22 },
      { name: 'oidvector', oid: 30 },
      { name: 'refcursor', oid: 1790 },
      { name: 'aclitem', oid: 1033 },
      ...[
        ['regclass', 2205],
        ['regtype', 2206],
        ['regproc', 24],
        ['regprocedure', 2202],
        ['regoper', 2203],
        ['regoperator', 2204],
        ['regnamespace', 4089],
        ['regrole', 4096],
        ['regcollation', 4191],
        ['regconfig', 3734],
        ['regdictionary', 3769],
      ].map(([name, oid]) => ({ name: String(name), oid: Number(oid), note: 'the name it had when the row was read' })),
      { name: 'pg_node_tree', oid: 194 },
      { name: 'pg_ndistinct', oid: 3361 },
      { name: 'pg_dependencies', oid: 3402 },
      { name: 'pg_mcv_list', oid: 5017 },
      { name: 'pg_brin_bloom_summary', oid: 4600, note: '14 and later' },
      { name: 'pg_brin_minmax_multi_summary', oid: 4601, note: '14 and later' },
    ],
  },
  {
    title: 'Made of other types',
    types: [
      { name: 'T[]', oid: 1009, note: 'arrays of any type, as an array literal: {1,NULL,"a b"}' },
      { name: 'enum', oid: 16_384, kind: 'enum', note: 'the label' },
      { name: 'composite', oid: 16_385, kind: 'composite', note: 'the row literal, such as (1,"a b")' },
      { name: 'range of your own', oid: 16_386, kind: 'range' },
      {
        name: "an extension's type",
        oid: 16_387,
        note: 'hstore, citext, ltree, geometry, vector and all others: what their output function writes',
      },
      { name: 'pseudo-types', oid: 2277, kind: 'pseudo', note: 'anyarray and others occur in system catalogs only' },
    ],
  },
];
