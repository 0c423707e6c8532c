import { fault } from '#base/fault.ts';

/** A column's type as PostgreSQL's catalog has it, with domains already followed down to the type that holds the value. */
export interface SourceType {
  /** The declared type as SQL spells it (`format_type`), such as `numeric(18,4)`, `public.price` or `text[]`. */
  readonly name: string;
  /** The type that holds the value: the declared one, or the one at the bottom of a domain. */
  readonly oid: number;
  /** That type's modifier (the innermost domain's, for a domain); -1: none. */
  readonly typmod: number;
  readonly kind: 'base' | 'composite' | 'enum' | 'range' | 'multirange' | 'pseudo';
  /**
   * The type's output function, quoted and with its schema, as it is called in SQL. Undefined: SQL does not find it by the type
   * (`refcursor` has that of `text`).
   */
  readonly output: string | undefined;
}

/** One column of a table, dropped and generated ones included so that the caller can leave them out. */
export interface SourceColumn {
  /** The table's oid, in digits. */
  readonly table: string;
  /** `attnum`: a rename keeps it; a drop and add changes it. */
  readonly id: number;
  readonly name: string;
  readonly notNull: boolean;
  readonly dropped: boolean;
  /** `stored` and `virtual` (18+) generated columns are computed by the source and not part of its change stream by default. */
  readonly generated: 'no' | 'stored' | 'virtual';
  /** Undefined for a dropped column. */
  readonly type: SourceType | undefined;
}

/** The columns that `columnsQuery` answers with, in this order; all values in text form. */
export const columnsQueryFields = [
  'table_oid',
  'attnum',
  'attname',
  'attnotnull',
  'attisdropped',
  'attgenerated',
  'type_name',
  'base_oid',
  'base_typmod',
  'base_typtype',
  'output_function',
] as const;

/** One row of `columnsQuery`: the text of each field (booleans `t` or `f`), by name. */
export type ColumnsQueryRow = Readonly<Record<(typeof columnsQueryFields)[number], string | null>>;

/** `record`, `anyarray`, `anyenum`, `anyrange`, `anymultirange`. */
const anyType = [2249, 2277, 3500, 3831, 4537];

/**
 * SQL that lists all columns of the given tables in `attnum` order, for PostgreSQL 13 to 18. Needs no rights on the tables.
 * A domain's own modifier stands at the innermost domain, as in PostgreSQL's `getBaseTypeAndTypmod`.
 */
export function columnsQuery(tableOids: readonly string[]): string {
  for (const oid of tableOids) if (!/^\d+$/.test(oid)) throw fault('bug', 'AssertionFailed', 'a table oid is not a number');
  return `
WITH RECURSIVE domain (oid, base, typmod) AS (
  SELECT t.oid, t.typbasetype, t.typtypmod FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
  UNION ALL
  SELECT d.oid, t.typbasetype, t.typtypmod FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
), bottom AS (
  SELECT d.* FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype <> 'd'
)
SELECT a.attrelid AS table_oid, a.attnum, a.attname, a.attnotnull, a.attisdropped, a.attgenerated,
  CASE WHEN b.oid IS NULL THEN NULL ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END AS type_name,
  b.oid AS base_oid,
  CASE WHEN d.oid IS NULL THEN a.atttypmod ELSE d.typmod END AS base_typmod,
  b.typtype AS base_typtype,
  CASE WHEN o.proargtypes[0] = b.oid OR o.proargtypes[0] IN (${anyType.join(', ')})
    THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.proname) END AS output_function
FROM pg_catalog.pg_attribute a
LEFT JOIN bottom d ON d.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN d.oid IS NULL THEN a.atttypid ELSE d.base END
LEFT JOIN pg_catalog.pg_proc o ON o.oid = b.typoutput
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.pronamespace
WHERE a.attnum > 0 AND a.attrelid = ANY ('{${tableOids.join(',')}}'::pg_catalog.oid[])
ORDER BY a.attrelid, a.attnum`;
}

/** One column from a row of `columnsQuery`. */
export function toSourceColumn(row: ColumnsQueryRow): SourceColumn {
  return {
    table: text(row, 'table_oid'),
    id: Number(text(row, 'attnum')),
    name: text(row, 'attname'),
    notNull: row.attnotnull === 't',
    dropped: row.attisdropped === 't',
    generated: row.attgenerated === 's' ? 'stored' : row.attgenerated === 'v' ? 'virtual' : 'no',
    type: row.base_oid === null || row.attisdropped === 't' ? undefined : toSourceType(row),
  };
}

/** The type in a row of `columnsQuery` that is not of a dropped column. */
function toSourceType(
  row: Pick<ColumnsQueryRow, 'type_name' | 'base_oid' | 'base_typmod' | 'base_typtype' | 'output_function'>,
): SourceType {
  return {
    name: text(row, 'type_name'),
    oid: Number(text(row, 'base_oid')),
    typmod: Number(text(row, 'base_typmod')),
    kind: kinds[text(row, 'base_typtype')] ?? 'pseudo',
    output: row.output_function ?? undefined,
  };
}

/** `pg_type.typtype`; `d` never arrives here because domains were followed. A type that is only announced is a pseudo-type. */
const kinds: Readonly<Record<string, SourceType['kind']>> = {
  b: 'base',
  c: 'composite',
  e: 'enum',
  r: 'range',
  m: 'multirange',
  p: 'pseudo',
};

function text<K extends string>(row: Readonly<Record<K, string | null>>, field: K): string {
  const value = row[field];
  if (value === null || value === undefined) throw fault('corrupt', 'CatalogUnreadable', `The source's catalog gave no ${field}.`);
  return value;
}
