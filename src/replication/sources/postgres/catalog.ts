import { must } from '#base/fault.ts';
import { quoteIdentifier, quoteLiteral, tableName, type ColumnSchema, type Identity, type TableSchema } from '#replication/schema.ts';
import { reasonOf } from './column-reasons.ts';
import type { Sql } from './sql-session.ts';
import type { TablePatterns } from './table-patterns.ts';
import { planColumn, type TravellingColumn } from './types/column-plan.ts';
import { columnsQuery, columnsQueryFields, toSourceColumn, type ColumnsQueryRow, type SourceColumn } from './types/source-type.ts';
import { columnTarget } from './types/value-fault.ts';

/** A column as the catalog and the relation messages of the change stream know it. */
export interface PgColumn {
  readonly schema: ColumnSchema;
  readonly plan: TravellingColumn;
  /** See `reasonOf`. */
  readonly reason: string | null;
}

export interface LeftOutColumn {
  readonly id: number;
  readonly name: string;
  readonly sourceType: string;
  readonly why: 'refused' | 'generated';
}

/** A chosen table as the source has it now. */
export interface PgTable {
  readonly schema: TableSchema;
  readonly oid: string;
  /** `"schema"."name"`, for SQL. */
  readonly sqlName: string;
  /** The table and not what inherits from it: `ONLY "schema"."name"`, or for a partitioned table, whose rows are its partitions', `sqlName`. */
  readonly ownRows: string;
  /** Parallel to `schema.columns`. */
  readonly columns: readonly PgColumn[];
  /** Columns that do not travel, and why. */
  readonly leftOut: readonly LeftOutColumn[];
  readonly partitioned: boolean;
  /** Not logged, or a partition of it is not: its name as SQL. */
  readonly unlogged: string | undefined;
  /** Partitions that are foreign tables. */
  readonly foreign: readonly string[];
  readonly replicaIdentity: 'default' | 'index' | 'full' | 'nothing';
  /** A primary key that is not deferrable and all of whose columns travel. */
  readonly hasPrimaryKey: boolean;
  /** A unique index that could be the replica identity. */
  readonly candidateIndex: string | undefined;
  /** Where the rows are: the table's or its partitions' names as SQL. */
  readonly leaves: readonly string[];
  readonly rights: {
    readonly usage: boolean;
    readonly select: boolean;
    readonly owner: boolean;
    /** Every row, whatever row-level security says. */ readonly allRows: boolean;
  };
  readonly owner: { readonly name: string; readonly superuser: boolean };
  /** The source's estimate, of all partitions together; -1: never analysed. */
  readonly estimatedRows: number;
}

export interface CatalogOptions {
  readonly patterns: TablePatterns;
  /** `schema.table.column` names that travel as text whatever their type; each part in double quotes unless it is a plain lower-case word. */
  readonly asText: ReadonlySet<string>;
}

const identities = { d: 'default', i: 'index', f: 'full', n: 'nothing' } as const;

/** Columns of an index that may identify rows, where `condition` chooses the index (`i`) among those of relation `oid`. */
const keyOfIndex = (oid: string, condition: string): string => `
  FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place), pg_catalog.pg_attribute a
  WHERE i.indrelid = ${oid} AND i.indisvalid AND i.indimmediate AND i.indisunique AND k.place <= i.indnkeyatts
    AND a.attrelid = i.indrelid AND a.attnum = k.attnum AND (${condition})
  GROUP BY i.indexrelid, i.indisprimary`;

/** SQL that lists a relation and, under the condition, all below it. Unlike `pg_partition_tree` it waits for no lock. */
export const treeOf = (oid: string, condition: string): string => `
  WITH RECURSIVE tree (relid) AS (
    SELECT ${oid}::pg_catalog.oid UNION ALL SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN tree ON h.inhparent = tree.relid WHERE ${condition}
  ) SELECT relid FROM tree`;

/**
 * Tables and partition roots that could be chosen; a partition travels with its root.
 *
 * The key is the one by which the change stream names old rows (PostgreSQL: REPLICA IDENTITY): the index of the replica identity, else the
 * primary key, where `FULL` is set too; a deferrable key is none. Rows of a partitioned table are named by their partition's identity, which it
 * does not have from its root: only a key that every partition sends counts (`key_sent`).
 *
 * Nothing here waits for a lock on a table: somebody may be altering it for hours.
 *
 * `version` has three parts: where the rows are kept (changes with every rewrite), the columns' catalog rows (change with every alteration),
 * and partitions that were attached after they were made, perhaps with rows.
 */
const tablesQuery = (condition: string): string => `
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relreplident,
  pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
  pg_catalog.pg_has_role(c.relowner, 'USAGE'), NOT pg_catalog.row_security_active(c.oid),
  pg_catalog.pg_get_userbyid(c.relowner), (SELECT o.rolsuper FROM pg_catalog.pg_roles o WHERE o.oid = c.relowner),
  leaf.row_estimate::bigint, key.places, leaf.key_sent, leaf.every_full,
  leaf.unlogged, leaf.foreign_tables, leaf.names,
  pg_catalog.concat(leaf.files, ':', (
    SELECT pg_catalog.md5(pg_catalog.string_agg(a.attnum || ' ' || a.xmin, ',' ORDER BY a.attnum))
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), ':', leaf.attached),
  (SELECT pg_catalog.string_agg(k.attnum::text, ',' ORDER BY k.place) ${keyOfIndex('c.oid', 'i.indisprimary')}),
  (SELECT x.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
   WHERE i.indrelid = c.oid AND c.relkind = 'r' AND i.indisvalid AND i.indimmediate AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[]) AND NOT a.attnotnull)
   ORDER BY i.indnatts, x.relname LIMIT 1)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT pg_catalog.string_agg(k.attnum::text, ',' ORDER BY k.place) AS places, pg_catalog.array_agg(a.attname::text) AS names
  ${keyOfIndex('c.oid', "CASE c.relreplident WHEN 'n' THEN false WHEN 'i' THEN i.indisreplident OR (c.relkind = 'p' AND i.indisprimary) ELSE i.indisprimary END")}
  ORDER BY CASE WHEN c.relkind = 'p' THEN NOT i.indisprimary END LIMIT 1
) AS key ON true
CROSS JOIN LATERAL (
  SELECT COALESCE(pg_catalog.bool_and(l.relreplident = 'f'), true) AS every_full,
    COALESCE(pg_catalog.bool_and(l.relkind = 'f' OR l.relreplident = 'f' OR key.names <@ ARRAY(
      SELECT pg_catalog.unnest(pg_catalog.array_agg(a.attname::text))
      ${keyOfIndex('l.oid', "CASE l.relreplident WHEN 'i' THEN i.indisreplident WHEN 'd' THEN i.indisprimary ELSE false END")})), true) AS key_sent,
    CASE WHEN pg_catalog.bool_and(l.reltuples >= 0) THEN pg_catalog.sum(l.reltuples::float8) ELSE -1 END AS row_estimate,
    pg_catalog.min(l.sql_name) FILTER (WHERE l.relpersistence <> 'p') AS unlogged,
    pg_catalog.json_agg(l.sql_name) FILTER (WHERE l.relkind = 'f') AS foreign_tables,
    pg_catalog.json_agg(l.sql_name ORDER BY l.oid) FILTER (WHERE l.relkind = 'r') AS names,
    pg_catalog.md5(pg_catalog.string_agg(l.relfilenode::text, ',' ORDER BY l.oid)) AS files,
    pg_catalog.string_agg(l.oid::text, ',' ORDER BY l.oid) FILTER (WHERE l.attached) AS attached
  FROM (
    SELECT r.oid, r.relkind, r.relreplident, r.relpersistence, r.relfilenode, r.reltuples, pg_catalog.format('%I.%I', m.nspname, r.relname) AS sql_name,
      EXISTS (SELECT FROM pg_catalog.pg_inherits h, pg_catalog.pg_type t WHERE h.inhrelid = r.oid AND t.oid = r.reltype AND h.xmin <> t.xmin AND c.relkind = 'p') AS attached
    FROM (${treeOf('c.oid', "c.relkind = 'p'")}) AS tree
    JOIN pg_catalog.pg_class r ON r.oid = tree.relid AND r.relkind <> 'p' JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
  ) AS l
) AS leaf
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND ${condition}
ORDER BY n.nspname, c.relname`;

type Row = readonly (string | null)[];

/** The chosen tables as they are now. */
export async function readTables(sql: Sql, options: CatalogOptions): Promise<readonly PgTable[]> {
  const { patterns } = options;
  const found = patterns.isExact === true ? await readNamed(sql, patterns.exact) : await sql.query(tablesQuery('true'));
  // A name that is too long for the source is cut there, and may then be another's.
  const rows = found.filter((row) => patterns.matches(cell(row, 1), cell(row, 2)));
  return toTables(sql, rows, options);
}

async function readNamed(sql: Sql, names: TablePatterns['exact']): Promise<readonly Row[]> {
  if (names.length === 0) return [];
  const list = names.map(({ schema, name }) => `(${quoteLiteral(schema)}, ${quoteLiteral(name)})`);
  return sql.query(tablesQuery(`(n.nspname, c.relname) IN (${list.join(', ')})`));
}

/** The tables with these oids that are still there, whatever they are called now. */
export async function readTablesById(
  sql: Sql,
  options: Pick<CatalogOptions, 'asText'>,
  oids: readonly string[],
): Promise<readonly PgTable[]> {
  return oids.length === 0 ? [] : toTables(sql, await sql.query(tablesQuery(`c.oid = ANY (${oidArray(oids)})`)), options);
}

export function oidArray(oids: readonly string[]): string {
  return `'{${oids.map((oid) => BigInt(oid)).join(',')}}'::pg_catalog.oid[]`;
}

async function toTables(sql: Sql, rows: readonly Row[], options: Pick<CatalogOptions, 'asText'>): Promise<readonly PgTable[]> {
  if (rows.length === 0) return [];
  const columns = await readColumns(
    sql,
    rows.map((row) => cell(row, 0)),
  );
  const storedGenerated = sql.serverVersion >= 180_000;
  return rows.map((row) => toTable(row, columns.get(cell(row, 0)) ?? [], { asText: options.asText, storedGenerated }));
}

async function readColumns(sql: Sql, oids: readonly string[]): Promise<ReadonlyMap<string, readonly SourceColumn[]>> {
  const byTable = new Map<string, SourceColumn[]>();
  for (const row of await sql.query(columnsQuery(oids))) {
    const named = Object.fromEntries(columnsQueryFields.map((field, i) => [field, row[i] ?? null])) as ColumnsQueryRow;
    const column = toSourceColumn(named);
    const list = byTable.get(column.table);
    if (list) list.push(column);
    else byTable.set(column.table, [column]);
  }
  return byTable;
}

interface Traits {
  readonly asText: ReadonlySet<string>;
  readonly storedGenerated: boolean;
}

function toTable(row: Row, sourceColumns: readonly SourceColumn[], traits: Traits): PgTable {
  const [schemaName, name] = [cell(row, 1), cell(row, 2)];
  const table = tableName(schemaName, name);
  const { columns, leftOut } = planColumns(table, sourceColumns, traits);
  const replicaIdentity = identities[cell(row, 4) as keyof typeof identities];
  const partitioned = row[3] === 'p';
  const key = row[13] === 't' ? keyOf(row[12] ?? undefined, columns) : [];
  const identity: Identity = key.length > 0 ? 'key' : replicaIdentity === 'full' && row[14] === 't' ? 'full' : 'append';
  const sqlName = `${quoteIdentifier(schemaName)}.${quoteIdentifier(name)}`;
  return {
    schema: {
      table,
      schema: schemaName,
      name,
      id: cell(row, 0),
      columns: columns.map((column) => column.schema),
      key,
      identity,
      version: cell(row, 18),
    },
    oid: cell(row, 0),
    sqlName,
    ownRows: partitioned ? sqlName : `ONLY ${sqlName}`,
    columns,
    leftOut,
    partitioned,
    unlogged: row[15] ?? undefined,
    foreign: names(row[16]),
    leaves: names(row[17]),
    replicaIdentity,
    hasPrimaryKey: keyOf(row[19] ?? undefined, columns).length > 0,
    candidateIndex: row[20] ?? undefined,
    rights: { select: row[5] === 't', usage: row[6] === 't', owner: row[7] === 't', allRows: row[8] === 't' },
    owner: { name: row[9] ?? '', superuser: row[10] === 't' },
    estimatedRows: Number(row[11]),
  };
}

function planColumns(table: string, sourceColumns: readonly SourceColumn[], traits: Traits): Pick<PgTable, 'columns' | 'leftOut'> {
  const columns: PgColumn[] = [];
  const leftOut: LeftOutColumn[] = [];
  for (const column of sourceColumns) {
    if (column.dropped || !column.type) continue;
    const plan = planColumn(column.type, { asText: traits.asText.has(columnTarget(table, column.name)) });
    const computed = column.generated === 'virtual' || (column.generated === 'stored' && !traits.storedGenerated);
    const { id, name } = column;
    if (computed) leftOut.push({ id, name, sourceType: column.type.name, why: 'generated' });
    else if (plan.fidelity === 'refused') leftOut.push({ id, name, sourceType: column.type.name, why: 'refused' });
    else
      columns.push({
        plan,
        reason: reasonOf(column.type, plan),
        schema: { id: column.id, name: column.name, type: plan.type, sourceType: plan.sourceType, fidelity: plan.fidelity },
      });
  }
  return { columns, leftOut };
}

/** Places of the key's columns; none when one of them does not travel. */
function keyOf(list: string | undefined, columns: readonly PgColumn[]): readonly number[] {
  const places = list?.split(',').map((id) => columns.findIndex((column) => column.schema.id === Number(id))) ?? [];
  return places.includes(-1) ? [] : places;
}

function names(json: string | null | undefined): readonly string[] {
  return json ? (JSON.parse(json) as string[]) : [];
}

function cell(row: Row, place: number): string {
  return must(row[place], 'an empty cell in the catalog');
}

type VersionParts = readonly [files: string, columns: string, attached: readonly string[]];

function versionParts(schema: TableSchema): VersionParts | undefined {
  const parts = schema.version?.split(':');
  return parts && [parts[0]!, parts[1] ?? '', parts[2]?.split(',') ?? []];
}

/** May rows have been written anew, as an altered column makes the source do? Unknown counts as yes. */
export function mayBeRewritten(before: TableSchema, now: TableSchema): boolean {
  const [then, here] = [versionParts(before), versionParts(now)];
  return !then || !here || then[0] !== here[0] || hasGained(before, now);
}

/**
 * With the same shape, did the rows change without being logged? Yes where columns were altered and the rows written anew, as
 * `ALTER COLUMN … TYPE same USING …` does, or a partition with rows was attached. VACUUM FULL and TRUNCATE alter no column. Unknown counts as no.
 */
export function wasRewritten(before: TableSchema, now: TableSchema): boolean {
  const [then, here] = [versionParts(before), versionParts(now)];
  return then !== undefined && here !== undefined && ((then[0] !== here[0] && then[1] !== here[1]) || hasGained(before, now));
}

/** Was a partition attached that may have had rows by then? Unknown counts as no. */
export function hasGained(before: TableSchema, now: TableSchema): boolean {
  const [then, here] = [versionParts(before), versionParts(now)];
  return then !== undefined && here !== undefined && here[2].some((oid) => !then[2].includes(oid));
}
