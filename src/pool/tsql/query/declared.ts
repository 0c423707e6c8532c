import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import { catalogName } from '../../engines/duckdb/engine.ts';
import { ownSchema } from '../../engines/duckdb/names.ts';
import { tsqlTypeText } from '../tsql-type.ts';
import type { ColumnFacts, Step } from './plan.ts';

const own = (table: string): string => `${quoteIdentifier(catalogName)}.${quoteIdentifier(ownSchema)}.${quoteIdentifier(table)}`;

/** Tables and views that T-SQL made: `schema_name`, `table_name`, `kind` (`table`, `view`), `definition` (of a view, JSON), `options` (JSON). */
export const declaredTables: string = own('declared_tables');
/** Their columns, with what DuckDB has no word for. Columns that are not here have what `tsqlTypeOf` says of their own type. */
export const declaredColumns: string = own('declared_columns');
/** Indexes, statistics and constraints, which the pool records and does not use: `kind`, `name`, `definition` (JSON). */
export const declaredObjects: string = own('declared_objects');

/** Makes the tables of declarations where they are missing. To be run once when the pool is opened for writing, before any session. */
export const makeDeclared: string = [
  `CREATE TABLE IF NOT EXISTS ${declaredTables} (schema_name VARCHAR, table_name VARCHAR, kind VARCHAR, definition VARCHAR, options VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS ${declaredColumns} (schema_name VARCHAR, table_name VARCHAR, column_name VARCHAR, place INTEGER, type VARCHAR, nullable BOOLEAN, "collation" VARCHAR, default_text VARCHAR, identity_seed VARCHAR, identity_increment VARCHAR, identity_sequence VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS ${declaredObjects} (schema_name VARCHAR, table_name VARCHAR, kind VARCHAR, name VARCHAR, definition VARCHAR)`,
].join('; ');

export interface DeclaredAt {
  readonly schema: string;
  readonly name: string;
}

function literal(value: string | number | boolean | undefined): string {
  if (value === undefined) return 'NULL';
  return typeof value === 'string' ? quoteLiteral(value) : String(value);
}

function at({ schema, name }: DeclaredAt): string {
  return `schema_name = ${quoteLiteral(schema)} AND table_name = ${quoteLiteral(name)}`;
}

const run = (sql: string): Step => ({ kind: 'run', sql });

/** A view's query as it was written, and the names of its columns. */
export interface ViewDefinition {
  readonly text: string;
  readonly columns: readonly string[] | undefined;
}

/** Says what was made. */
export function declareTable(
  table: DeclaredAt,
  what: {
    readonly kind: 'table' | 'view';
    readonly columns: readonly ColumnFacts[];
    readonly options?: object | undefined;
    readonly view?: ViewDefinition | undefined;
  },
): readonly Step[] {
  const definition = what.view && JSON.stringify(what.view);
  const options = what.options && JSON.stringify(what.options);
  const values = [table.schema, table.name, what.kind, definition, options].map(literal).join(', ');
  return [...forget(table), run(`INSERT INTO ${declaredTables} VALUES (${values})`), ...declareColumns(table, what.columns, 0)];
}

export function declareColumns(table: DeclaredAt, columns: readonly ColumnFacts[], first: number): readonly Step[] {
  if (columns.length === 0) return [];
  const rows = columns.map((column, place) => {
    const { identity } = column;
    const values = [
      table.schema,
      table.name,
      column.name,
      first + place,
      tsqlTypeText(column.type),
      column.nullable,
      column.binaryOrder === true ? 'Latin1_General_100_BIN2' : undefined,
      column.default,
      identity?.seed,
      identity?.increment,
      identity?.sequence,
    ];
    return `(${values.map(literal).join(', ')})`;
  });
  return [run(`INSERT INTO ${declaredColumns} VALUES ${rows.join(', ')}`)];
}

export function declareObject(table: DeclaredAt, kind: string, name: string, definition: object): Step {
  return run(
    `INSERT INTO ${declaredObjects} VALUES (${[table.schema, table.name, kind, name, JSON.stringify(definition)].map(literal).join(', ')})`,
  );
}

export function forgetObject(table: DeclaredAt, kinds: readonly string[], name: string): Step {
  return run(
    `DELETE FROM ${declaredObjects} WHERE ${at(table)} AND kind IN (${kinds.map(quoteLiteral).join(', ')}) AND lower(name) = ${quoteLiteral(name.toLowerCase())}`,
  );
}

/** Nothing is known of it any more. */
export function forget(table: DeclaredAt): readonly Step[] {
  return [declaredTables, declaredColumns, declaredObjects].map((declared) => run(`DELETE FROM ${declared} WHERE ${at(table)}`));
}

export function forgetColumn(table: DeclaredAt, column: string): Step {
  return run(`DELETE FROM ${declaredColumns} WHERE ${at(table)} AND lower(column_name) = ${quoteLiteral(column.toLowerCase())}`);
}

export function renameDeclared(table: DeclaredAt, to: string): readonly Step[] {
  return [declaredTables, declaredColumns, declaredObjects].map((declared) =>
    run(`UPDATE ${declared} SET table_name = ${quoteLiteral(to)} WHERE ${at(table)}`),
  );
}

export function renameDeclaredColumn(table: DeclaredAt, from: string, to: string): Step {
  return run(
    `UPDATE ${declaredColumns} SET column_name = ${quoteLiteral(to)} WHERE ${at(table)} AND lower(column_name) = ${quoteLiteral(from.toLowerCase())}`,
  );
}
