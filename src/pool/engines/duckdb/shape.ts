import { type Fault, fault } from '#base/fault.ts';
import type { Column } from '#replication/column.ts';
import { type OnExisting, quoteIdentifier, quoteLiteral, type TableSchema } from '#replication/schema.ts';
import { catalogName, type Engine } from './engine.ts';
import { columnNames, foldName, qualified, type Target, targetKey } from './names.ts';
import { withBatch } from './rows.ts';
import { duckDbType } from './types.ts';

export interface Fill {
  readonly id: number;
  readonly value: Column;
}

/**
 * Makes a table. Answers whether it is empty. Faults: `TableNotEmpty`, `TableDiffers` (conflict), `MergeNeedsKey` (precondition), `NoColumns`
 * (unsupported); nothing is changed then.
 */
export async function createTable(
  engine: Engine,
  schema: TableSchema,
  place: { readonly target: Target; readonly onExisting: OnExisting; readonly existing: ReadonlyMap<string, 'table' | 'view'> },
): Promise<boolean> {
  if (schema.columns.length === 0)
    throw fault('unsupported', 'NoColumns', 'A table without columns cannot be replicated.', {
      target: schema.table,
      remedy: 'Add a column to the table, or leave it out of the link.',
    });
  const { target, onExisting } = place;
  const found = place.existing.get(targetKey(target));
  if (found === 'view') throw notEmpty(schema, 'a view of this name');
  if (found && onExisting === 'merge') {
    const wanted = columnsOf(schema).map(([name, type]) => `${foldName(name)} ${type}`);
    if (wanted.join(',') !== (await columnsThere(engine, target)).join(','))
      throw fault('conflict', 'TableDiffers', 'The pool has a table of this name with other columns.', {
        target: schema.table,
        remedy: 'Drop it, give it the same columns in the same order, or choose to drop existing tables.',
      });
    if (await isEmptyTable(engine, target)) return true;
    if (schema.identity !== 'key')
      throw fault('precondition', 'MergeNeedsKey', 'Rows without a key cannot be told from those that are in the pool.', {
        target: schema.table,
        remedy: 'Give the table a primary key, empty the table in the pool, or choose to drop existing tables.',
      });
    return false;
  }
  if (found && onExisting === 'fail-if-not-empty' && !(await isEmptyTable(engine, target)))
    throw notEmpty(schema, 'a table of this name with rows in it');
  const columns = columnsOf(schema)
    .map(([name, type]) => `${quoteIdentifier(name)} ${type}`)
    .join(', ');
  await engine.run(`
    CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(catalogName)}.${quoteIdentifier(target.schema)};
    DROP TABLE IF EXISTS ${qualified(target)};
    CREATE TABLE ${qualified(target)} (${columns})`);
  return true;
}

async function isEmptyTable(engine: Engine, target: Target): Promise<boolean> {
  return (await engine.rows(`SELECT 1 FROM ${qualified(target)} LIMIT 1`)).length === 0;
}

function notEmpty(schema: TableSchema, what: string): Fault {
  return fault('conflict', 'TableNotEmpty', `The pool has ${what}.`, {
    target: schema.table,
    remedy: 'Drop or rename it, use another pool file, or choose to drop or merge existing tables.',
  });
}

/** Tables and views of the pool by `targetKey`: asked for once in a transaction, since DuckDB looks at all of them for each question. */
export async function existingTables(engine: Engine): Promise<Map<string, 'table' | 'view'>> {
  const ours = `database_name = ${quoteLiteral(catalogName)}`;
  const rows = await engine.rows(`SELECT schema_name, table_name, false FROM duckdb_tables() WHERE ${ours} UNION ALL
    SELECT schema_name, view_name, true FROM duckdb_views() WHERE ${ours}`);
  return new Map(
    rows.map(([schema, name, view]) => [targetKey({ schema: String(schema), name: String(name) }), view === true ? 'view' : 'table']),
  );
}

async function columnsThere(engine: Engine, target: Target): Promise<readonly string[]> {
  const rows = await engine.rows(`DESCRIBE ${qualified(target)}`);
  return rows.map(([name, type]) => `${foldName(String(name))} ${String(type)}`);
}

function columnsOf(schema: TableSchema): readonly (readonly [string, string])[] {
  const names = columnNames(schema.columns);
  return schema.columns.map((column, i) => [names[i]!, duckDbType(column.type)]);
}

export interface ShapeChange {
  readonly target: Target;
  readonly from: TableSchema;
  readonly to: TableSchema;
  readonly fills: readonly Fill[];
  /** The same transaction has deleted rows of the table, or filled a column: DuckDB refuses, at commit, to have altered it after that. */
  readonly touched: boolean;
}

/** Gives a table another shape: columns are known by their id. Answers whether rows were touched. */
export async function changeShape(engine: Engine, change: ShapeChange): Promise<boolean> {
  const { from, to } = change;
  if (to.columns.length === 0)
    throw fault('unsupported', 'NoColumns', 'A table without columns cannot be replicated.', {
      target: to.table,
      remedy: 'Add a column to the table, or leave it out of the link.',
    });
  const fills = await fillLiterals(engine, change);
  const stays = from.columns.some((old) => to.columns.some((column) => column.id === old.id));
  if (change.touched || !stays || fills.size > 1) {
    await rebuild(engine, change, fills);
    return true;
  }
  for (const statement of alterStatements(change, fills)) await engine.run(statement);
  return fills.size > 0;
}

/** What existing rows hold in a new column, as SQL. DuckDB's own text of a value reads back as the same value. */
async function fillLiterals(engine: Engine, change: ShapeChange): Promise<ReadonlyMap<number, string>> {
  const literals = new Map<number, string>();
  for (const fill of change.fills) {
    const column = change.to.columns.find(({ id }) => id === fill.id);
    if (!column) continue;
    const [row] = await withBatch(engine, { rows: 1, columns: [fill.value] }, (batch) =>
      engine.rows(`SELECT CAST(c0 AS VARCHAR) FROM ${batch}`),
    );
    const text = row?.[0];
    if (typeof text === 'string') literals.set(fill.id, `CAST(${quoteLiteral(text)} AS ${duckDbType(column.type)})`);
  }
  return literals;
}

function alterStatements(change: ShapeChange, fills: ReadonlyMap<number, string>): readonly string[] {
  const table = `ALTER TABLE ${qualified(change.target)}`;
  const oldNames = columnNames(change.from.columns);
  const newNames = columnNames(change.to.columns);
  const kept = change.from.columns.map((old, i) => ({
    old,
    oldName: oldNames[i]!,
    place: change.to.columns.findIndex(({ id }) => id === old.id),
  }));
  const drops = kept.filter(({ place }) => place < 0).map(({ oldName }) => `${table} DROP COLUMN ${quoteIdentifier(oldName)}`);
  const renamed = kept.filter(({ place, oldName }) => place >= 0 && newNames[place] !== oldName);
  // Names may change places among themselves, so all step aside first.
  const aside = renamed.map(
    ({ old, oldName }) => `${table} RENAME COLUMN ${quoteIdentifier(oldName)} TO ${quoteIdentifier(asideName(old.id))}`,
  );
  const renames = renamed.map(
    ({ old, place }) => `${table} RENAME COLUMN ${quoteIdentifier(asideName(old.id))} TO ${quoteIdentifier(newNames[place]!)}`,
  );
  const retypes = kept.flatMap(({ old, place }) => {
    const column = change.to.columns[place];
    if (!column || duckDbType(column.type) === duckDbType(old.type)) return [];
    const name = quoteIdentifier(newNames[place]!);
    return [`${table} ALTER COLUMN ${name} SET DATA TYPE ${duckDbType(column.type)} USING TRY_CAST(${name} AS ${duckDbType(column.type)})`];
  });
  const adds = change.to.columns.flatMap((column, place) => {
    if (change.from.columns.some(({ id }) => id === column.id)) return [];
    const fill = fills.get(column.id);
    const name = quoteIdentifier(newNames[place]!);
    return [{ add: `${table} ADD COLUMN ${name} ${duckDbType(column.type)}`, fill, plain: `${table} ALTER COLUMN ${name} DROP DEFAULT` }];
  });
  const empty = adds.filter(({ fill }) => fill === undefined).map(({ add }) => add);
  const filled = adds.filter(({ fill }) => fill !== undefined).flatMap(({ add, fill, plain }) => [`${add} DEFAULT ${fill!}`, plain]);
  return [...drops, ...aside, ...renames, ...retypes, ...empty, ...filled];
}

function asideName(id: number): string {
  return `isthmus aside ${id}`;
}

/** Writes the table anew in the new shape, in its transaction. */
async function rebuild(engine: Engine, change: ShapeChange, fills: ReadonlyMap<number, string>): Promise<void> {
  const oldNames = columnNames(change.from.columns);
  const newNames = columnNames(change.to.columns);
  const columns = change.to.columns.map((column, place) => {
    const type = duckDbType(column.type);
    const before = change.from.columns.findIndex(({ id }) => id === column.id);
    const old = quoteIdentifier(oldNames[before] ?? '');
    const value =
      before < 0
        ? (fills.get(column.id) ?? `CAST(NULL AS ${type})`)
        : duckDbType(change.from.columns[before]!.type) === type
          ? old
          : `TRY_CAST(${old} AS ${type})`;
    return `${value} AS ${quoteIdentifier(newNames[place]!)}`;
  });
  await rewriteTable(engine, change.target, columns.join(', '));
}

/** Replaces a table by the given columns of itself. Also gives back the room of deleted rows. */
export async function rewriteTable(engine: Engine, target: Target, columns: string): Promise<void> {
  const fresh: Target = { schema: target.schema, name: `isthmus rewrite of ${target.name}` };
  await engine.run(`
    CREATE TABLE ${qualified(fresh)} AS SELECT ${columns} FROM ${qualified(target)};
    DROP TABLE ${qualified(target)};
    ALTER TABLE ${qualified(fresh)} RENAME TO ${quoteIdentifier(target.name)}`);
}
