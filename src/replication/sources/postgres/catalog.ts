import { must } from '#base/fault.ts';
import { quoteIdentifier, tableName, type ColumnSchema, type Identity, type TableSchema } from '#replication/schema.ts';
import type { PgConnection } from './connection.ts';
import type { TablePatterns } from './table-patterns.ts';
import { planColumn, type TravellingColumn } from './types/column-plan.ts';
import { columnTarget } from './types/value-fault.ts';
import { columnsQuery, columnsQueryFields, toSourceColumn, type ColumnsQueryRow, type SourceColumn } from './types/source-type.ts';

/** A column as the catalog and the relation messages of the change stream know it. */
export interface PgColumn {
  readonly schema: ColumnSchema;
  readonly plan: TravellingColumn;
}

/** A chosen table as the source has it now. */
export interface PgTable {
  readonly schema: TableSchema;
  readonly oid: string;
  /** `"schema"."name"`, for SQL. */
  readonly sqlName: string;
  /** Parallel to `schema.columns`. */
  readonly columns: readonly PgColumn[];
  /** Columns that do not travel, and why. */
  readonly leftOut: readonly { readonly name: string; readonly sourceType: string; readonly why: 'refused' | 'generated' }[];
  readonly partitioned: boolean;
  readonly unlogged: boolean;
  readonly replicaIdentity: 'default' | 'index' | 'full' | 'nothing';
  readonly rights: { readonly select: boolean; readonly owner: boolean };
  /** The source's estimate; -1: never analysed. */
  readonly estimatedRows: number;
  readonly bytes: number;
}

export interface CatalogOptions {
  readonly patterns: TablePatterns;
  /** `schema.table.column` names that travel as text whatever their type. */
  readonly asText: ReadonlySet<string>;
}

const identities = { d: 'default', i: 'index', f: 'full', n: 'nothing' } as const;

/**
 * Tables and partition roots that could be chosen; a partition travels with its root. The key is the one by which the change stream names
 * old rows: the replica identity's index, else the primary key where `FULL` is set. A deferrable key is none (PostgreSQL: REPLICA IDENTITY).
 */
const tablesQuery = `
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relreplident, c.relpersistence,
  pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may_select,
  pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_owner,
  c.reltuples::bigint AS estimated_rows,
  CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_catalog.pg_relation_size(c.oid) END AS bytes,
  (SELECT pg_catalog.string_agg(k.attnum::text, ',' ORDER BY k.place)
   FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
   WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND i.indisunique AND k.place <= i.indnkeyatts
     AND CASE c.relreplident WHEN 'i' THEN i.indisreplident WHEN 'n' THEN false ELSE i.indisprimary END) AS key
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname`;

type Row = readonly (string | null)[];

/** The chosen tables as they are now. */
export async function readTables(connection: PgConnection, options: CatalogOptions): Promise<readonly PgTable[]> {
  const rows = (await connection.query(tablesQuery)).filter((row) => options.patterns.matches(cell(row, 1), cell(row, 2)));
  if (rows.length === 0) return [];
  const columns = await readColumns(connection, rows.map((row) => cell(row, 0)));
  return rows.map((row) => toTable(row, columns.get(cell(row, 0)) ?? [], { ...options, storedGenerated: connection.serverVersion >= 180_000 }));
}

async function readColumns(connection: PgConnection, oids: readonly string[]): Promise<ReadonlyMap<string, readonly SourceColumn[]>> {
  const byTable = new Map<string, SourceColumn[]>();
  for (const row of await connection.query(columnsQuery(oids))) {
    const named = Object.fromEntries(columnsQueryFields.map((field, i) => [field, row[i] ?? null])) as ColumnsQueryRow;
    const column = toSourceColumn(named);
    const list = byTable.get(column.table);
    if (list) list.push(column);
    else byTable.set(column.table, [column]);
  }
  return byTable;
}

function toTable(row: Row, sourceColumns: readonly SourceColumn[], options: CatalogOptions & { readonly storedGenerated: boolean }): PgTable {
  const [schemaName, name] = [cell(row, 1), cell(row, 2)];
  const table = tableName(schemaName, name);
  const columns: PgColumn[] = [];
  const leftOut: PgTable['leftOut'][number][] = [];
  for (const column of sourceColumns) {
    if (column.dropped || !column.type) continue;
    const plan = planColumn(column.type, { asText: options.asText.has(columnTarget(table, column.name)) });
    if (column.generated === 'virtual' || (column.generated === 'stored' && !options.storedGenerated)) leftOut.push({ name: column.name, sourceType: column.type.name, why: 'generated' });
    else if (plan.fidelity === 'refused') leftOut.push({ name: column.name, sourceType: column.type.name, why: 'refused' });
    else columns.push({ plan, schema: { id: column.id, name: column.name, type: plan.type, sourceType: plan.sourceType, fidelity: plan.fidelity } });
  }
  const replicaIdentity = identities[cell(row, 4) as keyof typeof identities];
  const key = keyOf(row[10] ?? undefined, columns);
  const identity: Identity = key.length > 0 ? 'key' : replicaIdentity === 'full' ? 'full' : 'append';
  return {
    schema: { table, schema: schemaName, name, id: cell(row, 0), columns: columns.map((column) => column.schema), key, identity },
    oid: cell(row, 0),
    sqlName: `${quoteIdentifier(schemaName)}.${quoteIdentifier(name)}`,
    columns,
    leftOut,
    partitioned: row[3] === 'p',
    unlogged: row[5] !== 'p',
    replicaIdentity,
    rights: { select: row[6] === 't', owner: row[7] === 't' },
    estimatedRows: Number(row[8]),
    bytes: Number(row[9]),
  };
}

/** Places of the key's columns; none when one of them does not travel. */
function keyOf(list: string | undefined, columns: readonly PgColumn[]): readonly number[] {
  const places = list?.split(',').map((id) => columns.findIndex((column) => column.schema.id === Number(id))) ?? [];
  return places.includes(-1) ? [] : places;
}

function cell(row: Row, place: number): string {
  return must(row[place], 'an empty cell in the catalog');
}

/** Do two shapes mean the same rows? Names, order, types and key; not the fidelity. */
export function sameShape(a: TableSchema, b: TableSchema): boolean {
  const text = (schema: TableSchema): string =>
    JSON.stringify([schema.id, schema.identity, schema.key, schema.columns.map((column) => [column.id, column.name, column.sourceType, column.type])]);
  return text(a) === text(b);
}
