import type { SqlValue } from '../session.ts';
import type { TsqlType } from '../tsql-type.ts';
import { isInRange, isKnownRange, type Range } from '../translate/collated-range.ts';
import { setOf } from '../translate/like-pattern.ts';
import { odbcType } from './odbc-type.ts';
import { int, nvarchar, type Rowset, type RowsetColumn, smallint, sysname, tinyint, varchar } from './rowset.ts';
import type { CatalogueTable, Snapshot } from './snapshot.ts';

/** What a catalogue procedure is asked for: patterns of LIKE where `patterns`, else names; undefined: any. */
export interface Wanted {
  readonly database: string;
  readonly owner: string | undefined;
  readonly table: string | undefined;
  readonly column?: string | undefined;
  readonly patterns: boolean;
  /** Of ODBC. */
  readonly version: number;
}

/** Whether a name is meant, without regard to case: `%`, `_`, `[a-z]` and `\` before what stands for itself. */
export function isMeant(name: string, wanted: string | undefined, patterns: boolean): boolean {
  if (wanted === undefined) return true;
  if (!patterns) return name.toLowerCase() === wanted.toLowerCase();
  const units = unitsOf(wanted.slice(0, longestPattern));
  let [at, unit, from] = [0, 0, 0];
  let open: number | undefined;
  // What stands behind one `%` never needs an earlier one again: no pattern takes long.
  while (at < name.length) {
    const next = units[unit];
    if (next === '%') {
      open = unit;
      from = at;
      unit += 1;
    } else if (next?.(name[at]!) === true) {
      unit += 1;
      at += 1;
    } else if (open !== undefined) {
      unit = open + 1;
      from += 1;
      at = from;
    } else return false;
  }
  return units.slice(unit).every((left) => left === '%');
}

/** As the procedures declare it in SQL Server. */
const longestPattern = 384;

type Unit = '%' | ((character: string) => boolean);

/** Ranges of letters and digits go by the collation, others by code points. */
function memberOf({ negated, single, ranges }: ReturnType<typeof setOf>): Unit & ((character: string) => boolean) {
  const lower = single.toLowerCase();
  const isIn = (given: string, range: Range): boolean =>
    isKnownRange(range) ? isInRange(given, range) === true : given >= range.from && given <= range.to;
  return (given) => (lower.includes(given.toLowerCase()) || ranges.some((range) => isIn(given, range))) !== negated;
}

function unitsOf(wanted: string): readonly Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < wanted.length; at++) {
    const character = wanted[at]!;
    const set = character === '[' ? /^\[(\^?)([^\]]+)\]/.exec(wanted.slice(at)) : null;
    if (set) {
      units.push(memberOf(setOf(set[1]! + set[2]!)));
      at += set[0].length - 1;
    } else if (character === '%') units.push('%');
    else if (character === '_') units.push(() => true);
    else {
      const literal = (character === '\\' && at + 1 < wanted.length ? wanted[++at]! : character).toLowerCase();
      units.push((given) => given.toLowerCase() === literal);
    }
  }
  return units;
}

function tablesMeant(snapshot: Snapshot, { owner, table, patterns }: Wanted): readonly CatalogueTable[] {
  return [...snapshot.tables.values()]
    .filter(({ facts }) => isMeant(facts.schema, owner, patterns) && isMeant(facts.name, table, patterns))
    .toSorted((a, b) => compare(a.facts.schema, b.facts.schema) || compare(a.facts.name, b.facts.name));
}

function compare(a: string, b: string): number {
  return a.toLowerCase() < b.toLowerCase() ? -1 : a.toLowerCase() > b.toLowerCase() ? 1 : 0;
}

const named: readonly RowsetColumn[] = [
  ['TABLE_QUALIFIER', sysname, true],
  ['TABLE_OWNER', sysname, true],
  ['TABLE_NAME', sysname, true],
];

const big = (value: number | undefined): SqlValue => (value === undefined ? null : BigInt(value));

/** `sp_tables`. `types`: in upper case; undefined: all. */
export function tablesRowset(snapshot: Snapshot, wanted: Wanted, types: readonly string[] | undefined): Rowset {
  const kind = ({ facts }: CatalogueTable): string => (facts.kind === 'view' ? 'VIEW' : 'TABLE');
  return {
    columns: [...named, ['TABLE_TYPE', varchar(32), true], ['REMARKS', varchar(254), true]],
    rows: tablesMeant(snapshot, wanted)
      .filter((table) => types === undefined || types.includes(kind(table)))
      .toSorted((a, b) => compare(kind(a), kind(b)))
      .map((table) => [wanted.database, table.facts.schema, table.facts.name, kind(table), null]),
  };
}

/** `sp_columns`; `more`: `sp_columns_100`. */
export function columnsRowset(snapshot: Snapshot, wanted: Wanted, more: boolean): Rowset {
  const added: readonly RowsetColumn[] = more
    ? [
        ['SS_IS_SPARSE', smallint, true],
        ['SS_IS_COLUMN_SET', smallint, true],
        ['SS_IS_COMPUTED', smallint, true],
        ['SS_IS_IDENTITY', smallint, true],
        ['SS_UDT_CATALOG_NAME', sysname, true],
        ['SS_UDT_SCHEMA_NAME', sysname, true],
        ['SS_UDT_ASSEMBLY_TYPE_NAME', nvarchar(4000), true],
        ['SS_XML_SCHEMACOLLECTION_CATALOG_NAME', sysname, true],
        ['SS_XML_SCHEMACOLLECTION_SCHEMA_NAME', sysname, true],
        ['SS_XML_SCHEMACOLLECTION_NAME', sysname, true],
      ]
    : [];
  return {
    columns: [
      ...named,
      ['COLUMN_NAME', sysname, true],
      ['DATA_TYPE', smallint],
      ['TYPE_NAME', sysname, true],
      ['PRECISION', int, true],
      ['LENGTH', int, true],
      ['SCALE', smallint, true],
      ['RADIX', smallint, true],
      ['NULLABLE', smallint],
      ['REMARKS', varchar(254), true],
      ['COLUMN_DEF', nvarchar(4000), true],
      ['SQL_DATA_TYPE', smallint],
      ['SQL_DATETIME_SUB', smallint, true],
      ['CHAR_OCTET_LENGTH', int, true],
      ['ORDINAL_POSITION', int],
      ['IS_NULLABLE', varchar(254), true],
      ...added,
      ['SS_DATA_TYPE', tinyint, true],
    ],
    rows: tablesMeant(snapshot, wanted).flatMap(({ facts }) =>
      facts.columns.flatMap((column, place) => {
        if (!isMeant(column.name, wanted.column, wanted.patterns)) return [];
        const type = odbcType(column.type, wanted.version);
        const { identity, nullable } = column;
        return [
          [
            wanted.database,
            facts.schema,
            facts.name,
            column.name,
            BigInt(type.dataType),
            identity ? `${column.type.name} identity` : column.type.name,
            BigInt(type.precision),
            BigInt(type.length),
            big(type.scale),
            big(type.radix),
            nullable ? 1n : 0n,
            null,
            column.default === undefined ? null : `(${column.default})`,
            BigInt(type.sqlDataType),
            big(type.datetimeSub),
            big(type.octets),
            BigInt(place + 1),
            nullable ? 'YES' : 'NO',
            ...(more ? [0n, 0n, 0n, identity ? 1n : 0n, null, null, null, null, null, null] : []),
            BigInt(type.serverType[nullable ? 1 : 0]),
          ],
        ];
      }),
    ),
  };
}

/** `sp_pkeys`. */
export function primaryKeysRowset(snapshot: Snapshot, wanted: Wanted): Rowset {
  return {
    columns: [...named, ['COLUMN_NAME', sysname, true], ['KEY_SEQ', smallint], ['PK_NAME', sysname, true]],
    rows: tablesMeant(snapshot, wanted).flatMap(({ facts, keys }) =>
      keys
        .filter(({ kind }) => kind === 'primary')
        .flatMap((key) =>
          key.columns.map((column, place) => [wanted.database, facts.schema, facts.name, column, BigInt(place + 1), key.name]),
        ),
    ),
  };
}

/** `sp_statistics`: how many rows, and the keys as indexes. */
export function statisticsRowset(snapshot: Snapshot, wanted: Wanted): Rowset {
  return {
    columns: [
      ...named,
      ['NON_UNIQUE', smallint, true],
      ['INDEX_QUALIFIER', sysname, true],
      ['INDEX_NAME', sysname, true],
      ['TYPE', smallint],
      ['SEQ_IN_INDEX', smallint, true],
      ['COLUMN_NAME', sysname, true],
      ['COLLATION', varchar(1), true],
      ['CARDINALITY', int, true],
      ['PAGES', int, true],
      ['FILTER_CONDITION', varchar(128), true],
    ],
    rows: tablesMeant(snapshot, wanted).flatMap(({ facts, keys, rows }) => [
      [wanted.database, facts.schema, facts.name, null, null, null, 0n, null, null, null, rows > 2_147_483_647n ? null : rows, null, null],
      ...keys.flatMap((key) =>
        key.columns.map((column, place): readonly SqlValue[] => [
          wanted.database,
          facts.schema,
          facts.name,
          0n,
          facts.name,
          key.name,
          3n,
          BigInt(place + 1),
          column,
          'A',
          null,
          null,
          null,
        ]),
      ),
    ]),
  };
}

/** `sp_special_columns`: what tells a row from all others. */
export function specialColumnsRowset(snapshot: Snapshot, wanted: Wanted, versions: boolean): Rowset {
  return {
    columns: [
      ['SCOPE', smallint, true],
      ['COLUMN_NAME', sysname],
      ['DATA_TYPE', smallint],
      ['TYPE_NAME', sysname],
      ['PRECISION', int, true],
      ['LENGTH', int, true],
      ['SCALE', smallint, true],
      ['PSEUDO_COLUMN', smallint, true],
    ],
    rows: versions
      ? []
      : tablesMeant(snapshot, wanted).flatMap(
          ({ facts, keys }) =>
            (keys.find(({ kind }) => kind === 'primary') ?? keys[0])?.columns.flatMap((name): readonly (readonly SqlValue[])[] => {
              const column = facts.columns.find((one) => one.name === name);
              if (!column) return [];
              const type = odbcType(column.type, wanted.version);
              return [
                [1n, name, BigInt(type.dataType), column.type.name, BigInt(type.precision), BigInt(type.length), big(type.scale), 1n],
              ];
            }) ?? [],
        ),
  };
}

/** `sp_fkeys`: a pool keeps no foreign keys. */
export const foreignKeysRowset: Rowset = {
  columns: [
    ['PKTABLE_QUALIFIER', sysname, true],
    ['PKTABLE_OWNER', sysname, true],
    ['PKTABLE_NAME', sysname, true],
    ['PKCOLUMN_NAME', sysname, true],
    ['FKTABLE_QUALIFIER', sysname, true],
    ['FKTABLE_OWNER', sysname, true],
    ['FKTABLE_NAME', sysname, true],
    ['FKCOLUMN_NAME', sysname, true],
    ['KEY_SEQ', smallint],
    ['UPDATE_RULE', smallint, true],
    ['DELETE_RULE', smallint, true],
    ['FK_NAME', sysname, true],
    ['PK_NAME', sysname, true],
    ['DEFERRABILITY', smallint, true],
  ],
  rows: [],
};

/** `sp_stored_procedures`: those that are here are the system's. */
export const proceduresRowset: Rowset = {
  columns: [
    ['PROCEDURE_QUALIFIER', sysname, true],
    ['PROCEDURE_OWNER', sysname, true],
    ['PROCEDURE_NAME', nvarchar(134)],
    ['NUM_INPUT_PARAMS', int],
    ['NUM_OUTPUT_PARAMS', int],
    ['NUM_RESULT_SETS', int],
    ['REMARKS', varchar(254), true],
    ['PROCEDURE_TYPE', smallint, true],
  ],
  rows: [],
};

/** Types with what may be written in parentheses, and what stands around their values. */
const known: readonly (readonly [type: TsqlType, parameters: string | null, quote: readonly [string, string] | undefined])[] = [
  [{ name: 'datetimeoffset', scale: 7 }, 'scale', ["'", "'"]],
  [{ name: 'time', scale: 7 }, 'scale', ["'", "'"]],
  [{ name: 'uniqueidentifier' }, null, ["'", "'"]],
  [{ name: 'nvarchar', length: 4000 }, 'max length', ["N'", "'"]],
  [{ name: 'nchar', length: 4000 }, 'length', ["N'", "'"]],
  [{ name: 'bit' }, null, undefined],
  [{ name: 'tinyint' }, null, undefined],
  [{ name: 'bigint' }, null, undefined],
  [{ name: 'varbinary', length: 8000 }, 'max length', ['0x', '']],
  [{ name: 'binary', length: 8000 }, 'length', ['0x', '']],
  [{ name: 'char', length: 8000 }, 'length', ["'", "'"]],
  [{ name: 'decimal', precision: 38, scale: 0 }, 'precision,scale', undefined],
  [{ name: 'money' }, null, ['$', '']],
  [{ name: 'smallmoney' }, null, ['$', '']],
  [{ name: 'int' }, null, undefined],
  [{ name: 'smallint' }, null, undefined],
  [{ name: 'float' }, null, undefined],
  [{ name: 'real' }, null, undefined],
  [{ name: 'varchar', length: 8000 }, 'max length', ["'", "'"]],
  [{ name: 'date' }, null, ["'", "'"]],
  [{ name: 'datetime' }, null, ["'", "'"]],
  [{ name: 'datetime2', scale: 7 }, 'scale', ["'", "'"]],
  [{ name: 'smalldatetime' }, null, ["'", "'"]],
];

/** `sp_datatype_info`. `wanted`: ODBC's number; 0: all. */
export function typesRowset(wanted: number, version: number): Rowset {
  const rows = known.map(([type, parameters, quote]): readonly SqlValue[] => {
    const { name } = type;
    const facts = odbcType(type, version);
    const isNumber = facts.radix !== undefined;
    const isText = name.endsWith('char');
    const scales = 'precision' in type ? [0, 38] : 'scale' in type ? [0, 7] : [facts.scale, facts.scale];
    return [
      name,
      BigInt(facts.dataType),
      BigInt(facts.precision),
      quote?.[0] ?? null,
      quote === undefined || quote[1] === '' ? null : quote[1],
      parameters,
      1n,
      0n,
      isText ? 3n : 2n,
      isNumber ? (name === 'tinyint' ? 1n : 0n) : null,
      name.endsWith('money') ? 1n : 0n,
      isNumber ? 0n : null,
      name,
      big(scales[0]),
      big(scales[1]),
      BigInt(facts.sqlDataType),
      big(facts.datetimeSub),
      big(facts.radix),
      null,
      0n,
    ];
  });
  return {
    columns: [
      ['TYPE_NAME', sysname],
      ['DATA_TYPE', smallint],
      ['PRECISION', int, true],
      ['LITERAL_PREFIX', varchar(32), true],
      ['LITERAL_SUFFIX', varchar(32), true],
      ['CREATE_PARAMS', varchar(32), true],
      ['NULLABLE', smallint],
      ['CASE_SENSITIVE', smallint],
      ['SEARCHABLE', smallint],
      ['UNSIGNED_ATTRIBUTE', smallint, true],
      ['MONEY', smallint],
      ['AUTO_INCREMENT', smallint, true],
      ['LOCAL_TYPE_NAME', sysname, true],
      ['MINIMUM_SCALE', smallint, true],
      ['MAXIMUM_SCALE', smallint, true],
      ['SQL_DATA_TYPE', smallint],
      ['SQL_DATETIME_SUB', smallint, true],
      ['NUM_PREC_RADIX', int, true],
      ['INTERVAL_PRECISION', smallint, true],
      ['USERTYPE', smallint, true],
    ],
    rows: rows.filter((row) => wanted === 0 || row[1] === BigInt(wanted)).toSorted((a, b) => Number((a[1] as bigint) - (b[1] as bigint))),
  };
}
