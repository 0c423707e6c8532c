import type { Fault } from '#base/fault.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Place } from '../syntax/ast.ts';
import type { ColumnDefinition, TableConstraint } from '../syntax/statement.ts';
import { catalogName } from '../../engines/duckdb/engine.ts';
import { ownSchema } from '../../engines/duckdb/names.ts';
import { duckDbTypeOf } from '../translate/duckdb-type.ts';
import { translateExpression } from '../translate/expression.ts';
import { typeOfName } from '../translate/type-name.ts';
import { defaultText } from './expression-text.ts';
import { createSequence } from './sequence.ts';
import { around, beginWriting } from './query.ts';
import { clauses, rowScope } from './scope.ts';
import type { ColumnFacts, PlanContext, Step, TableFacts } from './plan.ts';
import { stored } from './target.ts';
import { foldName, quoted } from './writing.ts';

/** Where a table will be. */
export interface NewTable {
  readonly schema: string;
  readonly name: string;
  readonly temporary: boolean;
  readonly reference: string;
}

/** What a CREATE TABLE says of its columns. Errors: 2705, 2749, 8111, 104467; by name for what a pool has not. */
export function definedColumns(definitions: readonly ColumnDefinition[], table: NewTable, context: PlanContext): readonly ColumnFacts[] {
  const seen = new Set<string>();
  return definitions.map((definition) => {
    if (seen.has(foldName(definition.name)))
      throw sqlError(
        2705,
        `Column names in each table must be unique. Column name '${definition.name}' in table '${table.name}' is specified more than once.`,
        {
          place: definition,
        },
      );
    seen.add(foldName(definition.name));
    return definedColumn(definition, table, context);
  });
}

function definedColumn(definition: ColumnDefinition, table: NewTable, context: PlanContext): ColumnFacts {
  refuseParts(definition, table);
  const type = typeOfName(definition.type);
  const { identity } = definition;
  if (identity) {
    const whole = ['tinyint', 'smallint', 'int', 'bigint'].includes(type.name) || ('precision' in type && type.scale === 0);
    if (!whole || definition.nullable === true)
      throw sqlError(
        2749,
        `Identity column '${definition.name}' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0, unencrypted, and constrained to be nonnullable.`,
        { place: definition },
      );
  }
  const column: ColumnFacts = {
    name: definition.name,
    type,
    nullable: identity || definition.primaryKey ? false : (definition.nullable ?? true),
    binaryOrder: binaryCollation(definition.collation, definition),
    identity: identity && { ...identity, sequence: sequenceName(table, context) },
    default: definition.default && defaultText(definition.default),
  };
  if (definition.default) checkDefault(column, table, context);
  return column;
}

function refuseParts(definition: ColumnDefinition, table: NewTable): void {
  if (foldName(definition.name) === 'rowid') throw notSupported('A column named rowid', definition, 'Give it another name.');
  if (definition.computed) throw notSupported('A computed column', definition, 'Compute it in a view.');
  if (definition.check) throw notSupported('A CHECK constraint', definition, 'Check values before they are inserted.');
  if (definition.references) throw notSupported('A FOREIGN KEY constraint', definition, 'Leave it out.');
  if ((definition.primaryKey || definition.unique) && !table.temporary) throw enforcedKey(definition);
}

/** A pool does not look for duplicates. */
export function enforcedKey(place: Place): Fault {
  return sqlError(
    104_467,
    'Enforced unique constraints are not supported. To create an unenforced unique constraint you must include the NOT ENFORCED syntax as part of your statement.',
    { place, kind: 'unsupported' },
  );
}

/** Undefined: case does not count. Errors: 448; by name for collations that are neither. */
export function binaryCollation(collation: string | undefined, place: Place): boolean | undefined {
  if (collation === undefined || /^database_default$/i.test(collation)) return undefined;
  if (/_BIN2?$/i.test(collation)) return true;
  if (/_CI_AS(_|$)/i.test(collation)) return undefined;
  throw notSupported(
    `The collation ${collation}`,
    place,
    'Use SQL_Latin1_General_CP1_CI_AS, or a binary one such as Latin1_General_100_BIN2.',
  );
}

/** Of its own: another table may take this one's name, once it has been renamed. */
function sequenceName(table: NewTable, context: PlanContext): string {
  const name = quoted(`identity of ${table.schema}.${table.name} at ${context.settings.now.utc}`);
  return table.temporary ? `temp.main.${name}` : `${quoted(catalogName)}.${quoted(ownSchema)}.${name}`;
}

/** A default that is no value of the column is found when it is declared. */
function checkDefault(column: ColumnFacts, table: NewTable, context: PlanContext): void {
  const facts: TableFacts = { kind: 'table', schema: table.schema, name: table.name, reference: table.reference, columns: [column] };
  const scope = rowScope({ around: around(beginWriting(context)), relations: [], clause: clauses.values });
  stored(
    translateExpression(context.parseExpression(column.default ?? 'NULL'), scope),
    { ...column, nullable: true },
    { facts, context, verb: 'INSERT' },
  );
}

/** The statements that make an empty table, with what its identity counts by. */
export function createSteps(table: NewTable, columns: readonly ColumnFacts[]): readonly Step[] {
  if (columns.length > 1024)
    throw sqlError(
      1702,
      `CREATE TABLE failed because column '${columns[1024]!.name}' in table '${table.name}' exceeds the maximum of 1024 columns.`,
    );
  const identities = columns.flatMap(({ identity }) => (identity ? [identity] : []));
  if (identities.length > 1)
    throw sqlError(2744, `Multiple identity columns specified for table '${table.name}'. Only one identity column per table is allowed.`);
  const list = columns
    .map((column) => `${quoted(column.name)} ${duckDbTypeOf(column.type)}${column.nullable ? '' : ' NOT NULL'}`)
    .join(', ');
  const steps: Step[] = identities.map(({ sequence, seed, increment }): Step => ({
    kind: 'run',
    sql: createSequence(sequence, seed, increment),
  }));
  if (!table.temporary) steps.push({ kind: 'run', sql: `CREATE SCHEMA IF NOT EXISTS ${quoted(catalogName)}.${quoted(table.schema)}` });
  steps.push({
    kind: 'run',
    sql: table.temporary ? `CREATE TEMP TABLE ${quoted(table.name)} (${list})` : `CREATE TABLE ${table.reference} (${list})`,
  });
  return steps;
}

/** Keys that temporary tables keep: DuckDB's unique index does. Errors: by name where it would not be the same. */
export function keySteps(
  table: NewTable,
  columns: readonly ColumnFacts[],
  keys: readonly Pick<TableConstraint, 'kind' | 'columns' | 'at' | 'line'>[],
): readonly Step[] {
  return keys.map((key, at): Step => {
    const parts = key.columns.map((name) => {
      const column = columns.find((known) => foldName(known.name) === foldName(name));
      if (!column) throw sqlError(1911, `Column name '${name}' does not exist in the target table or view.`, { place: key });
      if (key.kind === 'unique' && column.nullable)
        throw notSupported('A UNIQUE constraint on a column that may be NULL', key, 'Declare the column NOT NULL.');
      const text = ['char', 'varchar', 'nchar', 'nvarchar'].includes(column.type.name) && column.binaryOrder !== true;
      return text ? `(lower(rtrim(${quoted(column.name)}, ' ')))` : quoted(column.name);
    });
    return {
      kind: 'run',
      sql: `CREATE UNIQUE INDEX ${quoted(`key ${at + 1} of ${table.name}`)} ON ${table.reference} (${parts.join(', ')})`,
    };
  });
}
