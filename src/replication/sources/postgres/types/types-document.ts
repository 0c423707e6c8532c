import type { ColumnType, ScalarKind } from '#replication/column.ts';
import { builtInTypes, type BuiltInType } from './built-in-types.ts';
import { planColumn } from './column-plan.ts';

const duckDbNames: Readonly<Record<ScalarKind, string>> = {
  bool: 'BOOLEAN',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  int64: 'BIGINT',
  uint32: 'UINTEGER',
  float32: 'FLOAT',
  float64: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timetz: 'TIME WITH TIME ZONE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  interval: 'INTERVAL',
  uuid: 'UUID',
  text: 'VARCHAR',
  bytes: 'BLOB',
};

const introduction = `# Types

What becomes of each PostgreSQL type. This page is made from the map that the code uses: \`npm run docs\`.

- **exact**: the same value in the same kind of type.
- **widened**: the same value in a type that allows more, or compares otherwise.
- **text**: PostgreSQL's own text for the value, letter for letter what its output function writes.
- **refused**: the column is left out, and a finding says so.

A value is the same whichever way it comes: with the rows that are copied or with a change. Domains travel as the type beneath them. Generated columns that the source does not publish are left out.

## Values that a column type cannot hold

Such a value stops its table with \`ValueOutOfRange\`; nothing is rounded, cut or turned into null. The remedy is \`--as-text schema.table.column\`: the column then travels as text, whatever its type.

| Values | Column type |
|---|---|
| NaN | decimal |
| timestamps after 294247-01-10 04:00:54.775806 | timestamp, timestamptz |
| infinite intervals (PostgreSQL 17 and later) | interval |

## How text is written

The sessions at the source set \`DateStyle = ISO, MDY\`, \`IntervalStyle = iso_8601\`, \`TimeZone = UTC\`, \`extra_float_digits = 3\`, \`bytea_output = hex\`, \`lc_monetary = C\` and an empty \`search_path\`, so that one value has one text: instants inside arrays and ranges are written in UTC, intervals as \`P1Y2M\`, names with their schema.
`;

/** The text of `docs/types.md`. */
export function typesDocument(): string {
  const groups = builtInTypes.map(
    ({ title, types }) =>
      `\n## ${title}\n\n| PostgreSQL | Column type | DuckDB | Fidelity | Note |\n|---|---|---|---|---|\n${types.map((type) => `${line(type)}\n`).join('')}`,
  );
  return introduction + groups.join('');
}

function line(type: BuiltInType): string {
  const plan = planColumn(
    { name: type.name, oid: type.oid, typmod: type.typmod ?? -1, kind: type.kind ?? 'base', output: 'output' },
    { asText: false },
  );
  const cells = plan.fidelity === 'refused' ? ['', ''] : [columnName(plan.type), duckDbName(plan.type)];
  return `| ${[`\`${type.name}\``, ...cells, plan.fidelity, type.note ?? ''].join(' | ')} |`.replaceAll(/ {2,}/g, ' ');
}

function columnName(type: ColumnType): string {
  return type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind;
}

function duckDbName(type: ColumnType): string {
  return type.kind === 'decimal' ? `DECIMAL(${type.precision},${type.scale})` : duckDbNames[type.kind];
}
