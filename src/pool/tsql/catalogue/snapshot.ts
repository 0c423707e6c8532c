import { quoteIdentifier, quoteLiteral, type TableSchema } from '#replication/schema.ts';
import { catalogName } from '../../engines/duckdb/engine.ts';
import { columnNames, foldName, ownSchema, qualified } from '../../engines/duckdb/names.ts';
import type { ColumnFacts, TableFacts } from '../query/plan.ts';
import type { TsqlType } from '../tsql-type.ts';
import { duckDbTypeOf, tsqlTypeOf } from '../translate/duckdb-type.ts';
import { type Declaration, readDeclarations } from './declarations.ts';
import { objectId } from './object-id.ts';
import { type Ask, tableKey } from './table-key.ts';

/** A table or view of the pool, with what catalogue views say of it beside what planning needs. */
export interface CatalogueTable {
  readonly facts: TableFacts;
  readonly objectId: number;
  readonly schemaId: number;
  /** The run of a link that fills it, and its name at the source. */
  readonly link: { readonly run: string; readonly table: string } | undefined;
  /** Columns of the primary key, and of unique constraints, by name. */
  readonly keys: readonly { readonly kind: 'primary' | 'unique'; readonly name: string; readonly columns: readonly string[] }[];
  readonly rows: bigint;
  readonly declared: Declaration | undefined;
}

export interface CatalogueSchema {
  readonly name: string;
  readonly id: number;
}

/** What is in a pool at one moment. Keys are folded names: `tableKey`. */
export interface Snapshot {
  readonly tables: ReadonlyMap<string, CatalogueTable>;
  readonly byId: ReadonlyMap<number, CatalogueTable>;
  readonly schemas: ReadonlyMap<string, CatalogueSchema>;
}

/** Of a key's constraint, as its own object. */
export function keyObjectId({ facts }: Pick<CatalogueTable, 'facts'>, key: string): number {
  return objectId(`${tableKey(facts.schema, facts.name)}\0${key.toLowerCase()}`, new Set());
}

const ours = `database_name = ${quoteLiteral(catalogName)} AND NOT internal`;
const own = (table: string): string => `${quoteIdentifier(catalogName)}.${quoteIdentifier(ownSchema)}.${quoteIdentifier(table)}`;

interface LinkShape {
  readonly run: string;
  readonly table: string;
  readonly schema: TableSchema | undefined;
}

export async function readSnapshot(ask: Ask): Promise<Snapshot> {
  const schemas = new Map<string, CatalogueSchema>();
  for (const [name] of await ask(`SELECT schema_name FROM duckdb_schemas() WHERE ${ours} ORDER BY schema_name`)) {
    const text = String(name);
    if (foldName(text) !== ownSchema) schemas.set(text.toLowerCase(), { name: text, id: schemaId(text) });
  }
  // Every database of T-SQL has it.
  if (!schemas.has('dbo')) schemas.set('dbo', { name: 'dbo', id: 1 });
  const columns = await readColumns(ask);
  const links = await readLinks(ask);
  const keys = await readKeys(ask);
  const declarations = await readDeclarations(ask);
  const tables = new Map<string, CatalogueTable>();
  const ids = new Set<number>();
  for (const [schemaName, tableName, size] of await ask(
    `SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE ${ours}`,
  )) {
    const schema = String(schemaName);
    const name = String(tableName);
    if (foldName(schema) === ownSchema) continue;
    const key = tableKey(schema, name);
    const link = links.get(key);
    // What T-SQL once said of a table of this name says nothing of one that a link has made since.
    const declared = link ? undefined : declarations.get(key);
    const own = new Map(declared?.columns.map((column) => [column.name.toLowerCase(), column]));
    const facts: TableFacts = {
      kind: 'table',
      schema,
      name,
      reference: qualified({ schema, name }),
      columns: (columns.get(key) ?? []).map((column) => {
        const said = own.get(column.name.toLowerCase());
        return said === undefined ? columnFacts(column, link?.schema) : { ...said, readAs: readAs(column, said.type) };
      }),
      readOnly: link && filledByLink(schema, name, link),
    };
    const known = keyOfLink(link, name) ?? keysDeclared(declared) ?? keys.get(key) ?? [];
    tables.set(key, {
      facts,
      objectId: objectId(key, ids),
      schemaId: schemaId(schema),
      link,
      keys: known,
      rows: typeof size === 'bigint' ? size : 0n,
      declared,
    });
  }
  for (const [key, declared] of declarations) {
    if (!declared.view || tables.has(key)) continue;
    const { schema, name, view } = declared;
    const facts: TableFacts = {
      kind: 'view',
      schema,
      name,
      reference: '',
      columns: declared.columns,
      readOnly: `'${schema}.${name}' is a view, and views are only read here.`,
      view,
    };
    tables.set(key, { facts, objectId: objectId(key, ids), schemaId: schemaId(schema), link: undefined, keys: [], rows: 0n, declared });
  }
  const byId = new Map([...tables.values()].map((table) => [table.objectId, table]));
  return { tables, byId, schemas };
}

function filledByLink(schema: string, name: string, link: LinkShape): string {
  return `The table '${schema}.${name}' is filled by a link (run '${link.run}', source table ${link.table}) and is only read here. Write to the source, or remove the table from the link.`;
}

interface EngineColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

async function readColumns(ask: Ask): Promise<ReadonlyMap<string, readonly EngineColumn[]>> {
  const found = new Map<string, EngineColumn[]>();
  const rows = await ask(
    `SELECT schema_name, table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE ${ours} ORDER BY schema_name, table_name, column_index`,
  );
  for (const [schema, table, name, type, nullable] of rows) {
    const key = tableKey(String(schema), String(table));
    const list = found.get(key) ?? [];
    list.push({ name: String(name), type: String(type), nullable: nullable === true });
    found.set(key, list);
  }
  return found;
}

function columnFacts(column: EngineColumn, shape: TableSchema | undefined): ColumnFacts {
  const place = shape ? columnNames(shape.columns).findIndex((name) => foldName(name) === foldName(column.name)) : -1;
  const source = shape?.columns[place];
  const type = tsqlTypeOf(column.type, source?.sourceType);
  return {
    name: column.name,
    type,
    nullable: column.nullable && !(shape?.identity === 'key' && shape.key.includes(place)),
    readAs: readAs(column, type),
  };
}

function readAs(column: EngineColumn, type: TsqlType): string | undefined {
  const wanted = duckDbTypeOf(type);
  return wanted === column.type ? undefined : wanted;
}

async function readLinks(ask: Ask): Promise<ReadonlyMap<string, LinkShape>> {
  const rows = await ask(`SELECT target_schema, target_name, run, table_name, shape FROM ${own('tables')} WHERE target_name IS NOT NULL`);
  return new Map(
    rows.map(([schema, name, run, table, shape]) => [
      tableKey(String(schema), String(name)),
      { run: String(run), table: String(table), schema: typeof shape === 'string' ? (JSON.parse(shape) as TableSchema) : undefined },
    ]),
  );
}

type Keys = CatalogueTable['keys'];

function keyOfLink(link: LinkShape | undefined, table: string): Keys | undefined {
  const shape = link?.schema;
  if (!shape) return undefined;
  if (shape.identity !== 'key') return [];
  const names = columnNames(shape.columns);
  return [{ kind: 'primary', name: `PK_${table}`, columns: shape.key.map((place) => names[place]!) }];
}

/** Keys that T-SQL declared, which nothing enforces. */
function keysDeclared(declared: Declaration | undefined): Keys | undefined {
  const keys = (declared?.objects ?? []).flatMap(({ kind, name, definition }): Keys => {
    if (kind !== 'primary-key' && kind !== 'unique') return [];
    const { columns = [] } = (definition ?? {}) as { readonly columns?: readonly string[] };
    return [{ kind: kind === 'unique' ? 'unique' : 'primary', name, columns }];
  });
  return keys.length === 0 ? undefined : keys;
}

async function readKeys(ask: Ask): Promise<ReadonlyMap<string, Keys>> {
  const found = new Map<string, Keys[number][]>();
  const rows = await ask(`
    SELECT schema_name, table_name, constraint_type, constraint_name, to_json(constraint_column_names) FROM duckdb_constraints()
    WHERE database_name = ${quoteLiteral(catalogName)} AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_index`);
  for (const [schema, table, type, name, columns] of rows) {
    const key = tableKey(String(schema), String(table));
    const list = found.get(key) ?? [];
    list.push({
      kind: type === 'PRIMARY KEY' ? 'primary' : 'unique',
      name: String(name),
      columns: JSON.parse(String(columns)) as string[],
    });
    found.set(key, list);
  }
  return found;
}

const fixedSchemas: Readonly<Record<string, number>> = { dbo: 1, guest: 2, information_schema: 3, sys: 4 };

function schemaId(name: string): number {
  return fixedSchemas[name.toLowerCase()] ?? 5 + (objectId(name.toLowerCase(), new Set()) % 30_000);
}
