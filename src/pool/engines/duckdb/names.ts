import { type ColumnSchema, quoteIdentifier, type TableSchema } from '#replication/schema.ts';
import { catalogName } from './engine.ts';

/** Where a table of the source lies in the pool. */
export interface Target {
  readonly schema: string;
  readonly name: string;
}

/** The schema of our own tables. */
export const ownSchema = 'isthmus';

/** `isthmus_pool."schema"."name"`: always whole, so that no name of the source can mean something else. */
export function qualified(target: Target): string {
  return `${quoteIdentifier(catalogName)}.${quoteIdentifier(target.schema)}.${quoteIdentifier(target.name)}`;
}

/** DuckDB compares names without regard to ASCII case. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * A table's own names, unless DuckDB would take them for another's: names that differ by case only, and our own schema.
 * Then the source's id is appended, so that the choice never depends on order of arrival alone.
 */
export function chooseTarget(schema: TableSchema, taken: ReadonlySet<string>): Target {
  const into = foldName(schema.schema) === ownSchema ? `${schema.schema}_source` : schema.schema;
  let name = schema.name;
  for (let tries = 0; taken.has(targetKey({ schema: into, name })); tries++) name = `${schema.name}_${schema.id}${'_'.repeat(tries)}`;
  return { schema: into, name };
}

export function targetKey(target: Target): string {
  return JSON.stringify([foldName(target.schema), foldName(target.name)]);
}

/** The pool's column names, in the schema's order. `rowid` is DuckDB's own. */
export function columnNames(columns: readonly ColumnSchema[]): readonly string[] {
  const taken = new Set(['rowid']);
  return columns.map((column) => {
    let name = column.name;
    for (let tries = 0; taken.has(foldName(name)); tries++) name = `${column.name}_${column.id}${'_'.repeat(tries)}`;
    taken.add(foldName(name));
    return name;
  });
}
