import type { DuckDBValue } from '@duckdb/node-api';
import type { ColumnFacts } from '../query/plan.ts';
import { declaredColumns, declaredObjects, declaredTables, type ViewDefinition } from '../query/declared.ts';
import { typeOfName } from '../translate/type-name.ts';
import type { TsqlType } from '../tsql-type.ts';
import { type Ask, tableKey } from './table-key.ts';

/** What T-SQL said of a table or view when it made it, beside what the engine knows. */
export interface Declaration {
  readonly schema: string;
  readonly name: string;
  readonly view: ViewDefinition | undefined;
  readonly columns: readonly ColumnFacts[];
  /** `DISTRIBUTION` and what else stood in WITH. */
  readonly options: unknown;
  readonly objects: readonly { readonly kind: string; readonly name: string; readonly definition: unknown }[];
}

/** By `tableKey`. */
export async function readDeclarations(ask: Ask): Promise<ReadonlyMap<string, Declaration>> {
  const columns = await readColumns(ask);
  const objects = await readObjects(ask);
  const rows = await ask(`SELECT schema_name, table_name, kind, definition, options FROM ${declaredTables}`);
  return new Map(
    rows.map(([schemaName, tableName, kind, definition, options]) => {
      const schema = String(schemaName);
      const name = String(tableName);
      const key = tableKey(schema, name);
      const view = kind === 'view' && typeof definition === 'string' ? (JSON.parse(definition) as ViewDefinition) : undefined;
      return [key, { schema, name, view, columns: columns.get(key) ?? [], options: jsonOf(options), objects: objects.get(key) ?? [] }];
    }),
  );
}

async function readColumns(ask: Ask): Promise<ReadonlyMap<string, readonly ColumnFacts[]>> {
  const found = new Map<string, ColumnFacts[]>();
  const rows = await ask(
    `SELECT schema_name, table_name, column_name, type, nullable, "collation", default_text, identity_seed, identity_increment, identity_sequence
     FROM ${declaredColumns} ORDER BY schema_name, table_name, place`,
  );
  for (const [schema, table, name, type, nullable, collation, text, seed, increment, sequence] of rows) {
    const key = tableKey(String(schema), String(table));
    const list = found.get(key) ?? [];
    list.push({
      name: String(name),
      type: typeOfText(String(type)),
      nullable: nullable === true,
      binaryOrder: typeof collation === 'string' && /_BIN2?$/i.test(collation) ? true : undefined,
      default: textOf(text),
      identity: typeof sequence === 'string' ? { seed: String(seed), increment: String(increment), sequence } : undefined,
    });
    found.set(key, list);
  }
  return found;
}

async function readObjects(ask: Ask): Promise<ReadonlyMap<string, Declaration['objects']>> {
  const found = new Map<string, Declaration['objects'][number][]>();
  for (const [schema, table, kind, name, definition] of await ask(
    `SELECT schema_name, table_name, kind, name, definition FROM ${declaredObjects} ORDER BY name`,
  )) {
    const key = tableKey(String(schema), String(table));
    const list = found.get(key) ?? [];
    list.push({ kind: String(kind), name: String(name), definition: jsonOf(definition) });
    found.set(key, list);
  }
  return found;
}

function textOf(value: DuckDBValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function jsonOf(value: DuckDBValue | undefined): unknown {
  return typeof value === 'string' ? JSON.parse(value) : undefined;
}

/** The type that `tsqlTypeText` wrote. */
function typeOfText(text: string): TsqlType {
  const [, name = text, list] = /^(\w+)\((.*)\)$/.exec(text) ?? [];
  const sizes = list === undefined ? [] : list.split(',').map((size) => (size === 'max' ? ('max' as const) : Number(size)));
  return typeOfName({ at: 0, line: 1, parts: [name], arguments: sizes });
}
