/** What a query answers: values as their exact texts, null is SQL's. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** There are more rows than were sent. */
  readonly truncated: boolean;
}

export interface PoolColumn {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
}

export interface PoolTable {
  readonly schema: string;
  readonly name: string;
  readonly isView: boolean;
  /** As the pool estimates it; undefined of views. */
  readonly rows: number | undefined;
  readonly columnCount: number;
}

export function columnsSql({ schema, name }: Pick<PoolTable, 'schema' | 'name'>): string {
  return `SELECT column_name, data_type, CASE WHEN is_nullable THEN 'yes' ELSE 'no' END FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = ${literal(schema)} AND table_name = ${literal(name)} ORDER BY column_index`;
}

/** The first rows, for whoever wants to see what a table is like. */
export function firstRowsSql({ schema, name }: Pick<PoolTable, 'schema' | 'name'>): string {
  return `SELECT *\nFROM ${plainIdentifier(schema)}.${plainIdentifier(name)}\nLIMIT 100`;
}

/** `GET {pool}/tables`. */
export interface PoolTables {
  readonly value: readonly {
    readonly schemaName: string;
    readonly tableName: string;
    readonly kind: 'table' | 'view';
    readonly rows?: string;
    readonly columns: number;
  }[];
  readonly truncated: boolean;
}

export function tablesOf({ value }: PoolTables): readonly PoolTable[] {
  return value.map(({ schemaName, tableName, kind, rows, columns }) => ({
    schema: schemaName,
    name: tableName,
    isView: kind === 'view',
    rows: rows === undefined ? undefined : Number(rows),
    columnCount: columns,
  }));
}

export function columnsOf({ rows }: QueryResult): readonly PoolColumn[] {
  return rows.map(([name, type, nullable]) => ({ name: name ?? '', type: type ?? '', isNullable: nullable === 'yes' }));
}

/** Any name, quoted for DuckDB. */
function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quoted only where it has to be. */
function plainIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : identifier(name);
}

const reserved = new Set(
  'all and any as asc case cast check column create default desc distinct else end except from group having in into limit not null offset on or order primary references select table then to union unique user using when where window with'.split(
    ' ',
  ),
);

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
