import { int, nvarchar, type RowsetColumn, smallint, sysname, tinyint, varchar } from './rowset.ts';
import type { CatalogueTable, Snapshot } from './snapshot.ts';
import { emptyView, type RowsetMaker } from './system-view.ts';
import { collation, factsOf, lengthOf } from './type-facts.ts';

function ordered(snapshot: Snapshot): readonly CatalogueTable[] {
  return [...snapshot.tables.values()];
}

const tables: RowsetMaker = (snapshot, { database }) => ({
  columns: [
    ['TABLE_CATALOG', sysname, true],
    ['TABLE_SCHEMA', sysname, true],
    ['TABLE_NAME', sysname],
    ['TABLE_TYPE', varchar(10), true],
  ],
  rows: ordered(snapshot).map(({ facts }) => [database, facts.schema, facts.name, facts.kind === 'view' ? 'VIEW' : 'BASE TABLE']),
});

const columnColumns: readonly RowsetColumn[] = [
  ['TABLE_CATALOG', sysname, true],
  ['TABLE_SCHEMA', sysname, true],
  ['TABLE_NAME', sysname],
  ['COLUMN_NAME', sysname, true],
  ['ORDINAL_POSITION', int],
  ['COLUMN_DEFAULT', nvarchar(4000), true],
  ['IS_NULLABLE', varchar(3), true],
  ['DATA_TYPE', sysname, true],
  ['CHARACTER_MAXIMUM_LENGTH', int, true],
  ['CHARACTER_OCTET_LENGTH', int, true],
  ['NUMERIC_PRECISION', tinyint, true],
  ['NUMERIC_PRECISION_RADIX', smallint, true],
  ['NUMERIC_SCALE', int, true],
  ['DATETIME_PRECISION', smallint, true],
  ['CHARACTER_SET_CATALOG', sysname, true],
  ['CHARACTER_SET_SCHEMA', sysname, true],
  ['CHARACTER_SET_NAME', sysname, true],
  ['COLLATION_CATALOG', sysname, true],
  ['COLLATION_SCHEMA', sysname, true],
  ['COLLATION_NAME', sysname, true],
  ['DOMAIN_CATALOG', sysname, true],
  ['DOMAIN_SCHEMA', sysname, true],
  ['DOMAIN_NAME', sysname, true],
];

const approximate = new Set(['float', 'real']);
const whole = new Set(['tinyint', 'smallint', 'int', 'bigint', 'money', 'smallmoney', 'decimal']);
const timed = new Set(['date', 'time', 'datetime', 'smalldatetime', 'datetime2', 'datetimeoffset']);

const columns: RowsetMaker = (snapshot, { database }) => ({
  columns: columnColumns,
  rows: ordered(snapshot).flatMap(({ facts }) =>
    facts.columns.map((column, place) => {
      const { type } = column;
      const sizes = factsOf(type);
      const length = lengthOf(type);
      const isNumber = whole.has(type.name) || approximate.has(type.name);
      const text = sizes.collated;
      return [
        database,
        facts.schema,
        facts.name,
        column.name,
        BigInt(place + 1),
        column.default === undefined ? null : `(${column.default})`,
        column.nullable ? 'YES' : 'NO',
        type.name,
        length === undefined ? null : BigInt(length),
        length === undefined ? null : BigInt(sizes.maxLength),
        isNumber ? BigInt(sizes.precision) : null,
        isNumber ? (approximate.has(type.name) ? 2n : 10n) : null,
        whole.has(type.name) ? BigInt(sizes.scale) : null,
        timed.has(type.name) ? BigInt(type.name === 'datetime' ? 3 : 'scale' in type ? type.scale : 0) : null,
        null,
        null,
        text ? (type.name.startsWith('n') ? 'UNICODE' : 'iso_1') : null,
        null,
        null,
        text ? collation : null,
        null,
        null,
        null,
      ];
    }),
  ),
});

const schemata: RowsetMaker = (snapshot, { database }) => ({
  columns: [
    ['CATALOG_NAME', sysname, true],
    ['SCHEMA_NAME', sysname],
    ['SCHEMA_OWNER', sysname, true],
    ['DEFAULT_CHARACTER_SET_CATALOG', varchar(6), true],
    ['DEFAULT_CHARACTER_SET_SCHEMA', varchar(3), true],
    ['DEFAULT_CHARACTER_SET_NAME', sysname, true],
  ],
  rows: [...[...snapshot.schemas.values()].map(({ name }) => name), 'INFORMATION_SCHEMA', 'sys'].map((name) => [
    database,
    name,
    name.toLowerCase() === 'sys' || name === 'INFORMATION_SCHEMA' ? name : 'dbo',
    null,
    null,
    'iso_1',
  ]),
});

const views: RowsetMaker = (snapshot, { database }) => ({
  columns: [
    ['TABLE_CATALOG', sysname, true],
    ['TABLE_SCHEMA', sysname, true],
    ['TABLE_NAME', sysname],
    ['VIEW_DEFINITION', nvarchar(4000), true],
    ['CHECK_OPTION', varchar(7), true],
    ['IS_UPDATABLE', varchar(2)],
  ],
  rows: ordered(snapshot)
    .filter(({ facts }) => facts.kind === 'view')
    .map(({ facts }) => {
      const text = facts.view?.text;
      return [database, facts.schema, facts.name, text !== undefined && text.length <= 4000 ? text : null, 'NONE', 'NO'];
    }),
});

const tableConstraints: RowsetMaker = (snapshot, { database }) => ({
  columns: [
    ['CONSTRAINT_CATALOG', sysname, true],
    ['CONSTRAINT_SCHEMA', sysname, true],
    ['CONSTRAINT_NAME', sysname],
    ['TABLE_CATALOG', sysname, true],
    ['TABLE_SCHEMA', sysname, true],
    ['TABLE_NAME', sysname],
    ['CONSTRAINT_TYPE', varchar(11), true],
    ['IS_DEFERRABLE', varchar(2)],
    ['INITIALLY_DEFERRED', varchar(2)],
  ],
  rows: ordered(snapshot).flatMap(({ facts, keys }) =>
    keys.map(({ kind, name }) => [
      database,
      facts.schema,
      name,
      database,
      facts.schema,
      facts.name,
      kind === 'primary' ? 'PRIMARY KEY' : 'UNIQUE',
      'NO',
      'NO',
    ]),
  ),
});

const keyColumnUsage: RowsetMaker = (snapshot, { database }) => ({
  columns: [
    ['CONSTRAINT_CATALOG', sysname, true],
    ['CONSTRAINT_SCHEMA', sysname, true],
    ['CONSTRAINT_NAME', sysname],
    ['TABLE_CATALOG', sysname, true],
    ['TABLE_SCHEMA', sysname, true],
    ['TABLE_NAME', sysname],
    ['COLUMN_NAME', sysname, true],
    ['ORDINAL_POSITION', int],
  ],
  rows: ordered(snapshot).flatMap(({ facts, keys }) =>
    keys.flatMap(({ name, columns: names }) =>
      names.map((column, place) => [database, facts.schema, name, database, facts.schema, facts.name, column, BigInt(place + 1)]),
    ),
  ),
});

const constraintColumnUsage: RowsetMaker = (snapshot, { database }) => ({
  columns: [
    ['TABLE_CATALOG', sysname, true],
    ['TABLE_SCHEMA', sysname, true],
    ['TABLE_NAME', sysname],
    ['COLUMN_NAME', sysname, true],
    ['CONSTRAINT_CATALOG', sysname, true],
    ['CONSTRAINT_SCHEMA', sysname, true],
    ['CONSTRAINT_NAME', sysname],
  ],
  rows: ordered(snapshot).flatMap(({ facts, keys }) =>
    keys.flatMap(({ name, columns: names }) =>
      names.map((column) => [database, facts.schema, facts.name, column, database, facts.schema, name]),
    ),
  ),
});

function empty(...names: readonly string[]): RowsetMaker {
  return emptyView(...names.map((name): RowsetColumn => [name, sysname, true]));
}

/** Views of INFORMATION_SCHEMA by their names in lower case. */
export const informationSchema: Readonly<Record<string, RowsetMaker>> = {
  tables,
  columns,
  schemata,
  views,
  table_constraints: tableConstraints,
  key_column_usage: keyColumnUsage,
  constraint_column_usage: constraintColumnUsage,
  referential_constraints: empty(
    'CONSTRAINT_CATALOG',
    'CONSTRAINT_SCHEMA',
    'CONSTRAINT_NAME',
    'UNIQUE_CONSTRAINT_CATALOG',
    'UNIQUE_CONSTRAINT_SCHEMA',
    'UNIQUE_CONSTRAINT_NAME',
    'MATCH_OPTION',
    'UPDATE_RULE',
    'DELETE_RULE',
  ),
  check_constraints: empty('CONSTRAINT_CATALOG', 'CONSTRAINT_SCHEMA', 'CONSTRAINT_NAME', 'CHECK_CLAUSE'),
  routines: empty(
    'SPECIFIC_CATALOG',
    'SPECIFIC_SCHEMA',
    'SPECIFIC_NAME',
    'ROUTINE_CATALOG',
    'ROUTINE_SCHEMA',
    'ROUTINE_NAME',
    'ROUTINE_TYPE',
    'DATA_TYPE',
    'ROUTINE_BODY',
    'ROUTINE_DEFINITION',
  ),
  parameters: empty(
    'SPECIFIC_CATALOG',
    'SPECIFIC_SCHEMA',
    'SPECIFIC_NAME',
    'ORDINAL_POSITION',
    'PARAMETER_MODE',
    'PARAMETER_NAME',
    'DATA_TYPE',
  ),
  view_table_usage: empty('VIEW_CATALOG', 'VIEW_SCHEMA', 'VIEW_NAME', 'TABLE_CATALOG', 'TABLE_SCHEMA', 'TABLE_NAME'),
  table_privileges: empty('GRANTOR', 'GRANTEE', 'TABLE_CATALOG', 'TABLE_SCHEMA', 'TABLE_NAME', 'PRIVILEGE_TYPE', 'IS_GRANTABLE'),
};
