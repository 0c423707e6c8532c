import { qualified } from '../../engines/duckdb/names.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Place } from '../syntax/ast.ts';
import type { ColumnDefinition, Statement, TableChange } from '../syntax/statement.ts';
import type { Typed } from '../translate/typed.ts';
import { binaryCollation, definedColumns, type NewTable } from './column-definition.ts';
import { columnNamed, constraintStep, ddlPlan } from './create-table.ts';
import { declareColumns, declaredColumns, declaredObjects, declareObject, forgetColumn, forgetObject } from './declared.ts';
import { defaultText } from './expression-text.ts';
import { duckDbTypeOf } from '../translate/duckdb-type.ts';
import { textLiteral } from '../translate/sql-text.ts';
import { translateExpression } from '../translate/expression.ts';
import { typeOfName } from '../translate/type-name.ts';
import { fullName, tableNamed } from './names.ts';
import type { ColumnFacts, Plan, PlanContext, Step, TableFacts } from './plan.ts';
import { around, beginWriting } from './query.ts';
import { clauses, rowScope } from './scope.ts';
import { stored, writable } from './target.ts';
import { foldName, quoted, readColumn } from './writing.ts';

type Alter = Statement & { readonly kind: 'alter-table' };

const run = (sql: string): Step => ({ kind: 'run', sql });

/** ALTER TABLE. Errors: 4902, 4901, 4924, 4923, 4928, 2705, 3728 and by name what a pool cannot change. */
export function planAlterTable(statement: Alter, context: PlanContext): Plan {
  const facts = writable(tableNamed(statement.table, context, 'ALTER'), context, { verb: 'ALTER', place: statement });
  if (facts.kind !== 'table' && facts.kind !== 'temporary')
    throw sqlError(4902, `Cannot find the object "${facts.name}" because it does not exist or you do not have permissions.`, {
      place: statement,
    });
  const table: NewTable = { schema: facts.schema, name: facts.name, temporary: facts.kind === 'temporary', reference: facts.reference };
  const altering: Altering = { statement, facts, table, context };
  const changed = change(statement.change, altering);
  if (!table.temporary) return ddlPlan(changed.steps);
  const columns = changed.columns ?? facts.columns;
  return ddlPlan(
    changed.steps.filter((step) => !touchesDeclared(step)),
    { writes: 'session', temporary: [{ kind: 'created', table: { ...facts, columns } }] },
  );
}

/** What is recorded of a temporary table the session keeps. */
function touchesDeclared(step: Step): boolean {
  return step.kind === 'run' && (step.sql.includes(declaredColumns) || step.sql.includes(declaredObjects));
}

interface Altering {
  readonly statement: Alter;
  readonly facts: TableFacts;
  readonly table: NewTable;
  readonly context: PlanContext;
}

interface Changed {
  readonly steps: readonly Step[];
  /** Where they are others. */
  readonly columns?: readonly ColumnFacts[] | undefined;
}

function change(wanted: TableChange, altering: Altering): Changed {
  switch (wanted.kind) {
    case 'add-columns':
      return addColumns(wanted.columns, altering);
    case 'drop-columns':
      return dropColumns(wanted, altering);
    case 'alter-column':
      return alterColumn(wanted, altering);
    case 'add-constraint':
      return addConstraint(wanted.constraint, altering);
    case 'drop-constraint':
      return { steps: dropConstraint(wanted, altering) };
    default:
      throw notSupported(`ALTER TABLE ${wanted.words}`, altering.statement);
  }
}

function addColumns(definitions: readonly ColumnDefinition[], { facts, table, context, statement }: Altering): Changed {
  const added = definedColumns(definitions, table, context);
  const steps: Step[] = [];
  const filled = new Map<ColumnFacts, string>();
  for (const column of added) {
    if (facts.columns.some(({ name }) => foldName(name) === foldName(column.name)))
      throw sqlError(
        2705,
        `Column names in each table must be unique. Column name '${column.name}' in table '${facts.name}' is specified more than once.`,
        { place: statement },
      );
    if (column.identity) throw notSupported('Adding an identity column', statement, 'Make the table anew with it.');
    if (column.nullable) {
      steps.push(run(`ALTER TABLE ${table.reference} ADD COLUMN ${quoted(column.name)} ${duckDbTypeOf(column.type)}`));
      continue;
    }
    if (column.default === undefined) steps.push(refuseRows(table, column, statement));
    const scope = rowScope({ around: around(beginWriting(context)), relations: [], clause: clauses.values });
    const value = translateExpression(context.parseExpression(column.default ?? 'NULL'), scope);
    filled.set(column, stored(value, column, { facts, context, verb: 'INSERT' }));
  }
  const columns = [...facts.columns, ...added];
  if (filled.size > 0) steps.push(...rebuild(table, columns, { facts, statement, values: filled }));
  return { steps: [...steps, ...declareColumns(table, added, facts.columns.length)], columns };
}

interface Rebuilding {
  readonly facts: TableFacts;
  readonly statement: Alter;
  /** Of columns that do not hold what they held. */
  readonly values: ReadonlyMap<ColumnFacts, string>;
}

/** Writes the table anew: DuckDB makes a column NOT NULL only where nothing else has changed in the transaction. */
function rebuild(table: NewTable, columns: readonly ColumnFacts[], { facts, statement, values }: Rebuilding): readonly Step[] {
  const name = `isthmus rewrite of ${table.name}`;
  const fresh = table.temporary ? `temp.main.${quoted(name)}` : qualified({ schema: table.schema, name });
  const list = columns
    .map((column) => `${quoted(column.name)} ${duckDbTypeOf(column.type)}${column.nullable ? '' : ' NOT NULL'}`)
    .join(', ');
  const chosen = columns.map((column) => values.get(column) ?? readColumn(quoted(column.name), column)).join(', ');
  const steps = [
    run(`CREATE ${table.temporary ? 'TEMP ' : ''}TABLE ${fresh} (${list})`),
    run(`INSERT INTO ${fresh} SELECT ${chosen} FROM ${table.reference}`),
    run(`DROP TABLE ${table.reference}`),
    run(`ALTER TABLE ${fresh} RENAME TO ${quoted(table.name)}`),
  ];
  if (!table.temporary) return steps;
  return [
    {
      kind: 'ask',
      sql: `SELECT 1 FROM duckdb_indexes() WHERE database_name = 'temp' AND table_name = ${textLiteral(facts.name)} LIMIT 1`,
      next(row) {
        if (row) throw notSupported('ALTER TABLE to NOT NULL of a temporary table with a key', statement, 'Make the table anew.');
        return steps;
      },
    },
  ];
}

function refuseRows(table: NewTable, column: ColumnFacts, place: Place): Step {
  return {
    kind: 'ask',
    sql: `SELECT 1 FROM ${table.reference} LIMIT 1`,
    next(row) {
      if (row)
        throw sqlError(
          4901,
          `ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified, or the column being added is an identity or timestamp column, or alternatively if none of the previous conditions are satisfied the table must be empty to allow addition of this column. Column '${column.name}' cannot be added to non-empty table '${table.name}' because it does not satisfy these conditions.`,
          { place },
        );
      return [];
    },
  };
}

function dropColumns(
  { columns, ifExists }: TableChange & { readonly kind: 'drop-columns' },
  { facts, table, statement }: Altering,
): Changed {
  const gone = new Set<string>();
  const steps: Step[] = [];
  for (const name of columns) {
    const column = facts.columns.find((known) => foldName(known.name) === foldName(name));
    if (!column && ifExists) continue;
    if (!column)
      throw sqlError(4924, `ALTER TABLE DROP COLUMN failed because column '${name}' does not exist in table '${facts.name}'.`, {
        place: statement,
      });
    if (column.identity) throw notSupported('Dropping an identity column', statement, 'Make the table anew without it.');
    gone.add(column.name);
    if (gone.size === facts.columns.length)
      throw sqlError(
        4923,
        `ALTER TABLE DROP COLUMN failed because '${name}' is the only data column in table '${facts.name}'. A table must have at least one data column.`,
        {
          place: statement,
        },
      );
    steps.push(run(`ALTER TABLE ${table.reference} DROP COLUMN ${quoted(column.name)}`), forgetColumn(table, column.name));
  }
  return { steps, columns: facts.columns.filter(({ name }) => !gone.has(name)) };
}

function alterColumn(wanted: TableChange & { readonly kind: 'alter-column' }, { facts, table, context, statement }: Altering): Changed {
  const place = facts.columns.findIndex(({ name }) => foldName(name) === foldName(wanted.column));
  const old = facts.columns[place];
  if (!old)
    throw sqlError(4924, `ALTER TABLE ALTER COLUMN failed because column '${wanted.column}' does not exist in table '${facts.name}'.`, {
      place: statement,
    });
  if (old.identity) throw notSupported('Altering an identity column', statement, 'Make the table anew.');
  const column: ColumnFacts = {
    ...old,
    type: typeOfName(wanted.type),
    nullable: wanted.nullable ?? true,
    binaryOrder: wanted.collation === undefined ? old.binaryOrder : binaryCollation(wanted.collation, statement),
    readAs: undefined,
  };
  const own = quoted(old.name);
  const alter = `ALTER TABLE ${table.reference} ALTER COLUMN ${own}`;
  const value: Typed = { sql: readColumn(own, old), type: old.type, nullable: true, binaryOrder: old.binaryOrder };
  const using = stored(value, { ...column, nullable: true }, { facts, context, verb: 'UPDATE' });
  const columns = facts.columns.with(place, column);
  const steps: Step[] = [];
  if (column.nullable) {
    if (!old.nullable) steps.push(run(`${alter} DROP NOT NULL`));
    if (using !== own) steps.push(run(`${alter} SET DATA TYPE ${duckDbTypeOf(column.type)} USING ${using}`));
  } else if (old.nullable || using !== own)
    steps.push(
      refuseNulls(column, { facts, table, context, statement }),
      ...rebuild(table, columns, { facts, statement, values: new Map([[column, using]]) }),
    );
  steps.push(forgetColumn(table, old.name), ...declareColumns(table, [column], place));
  return { steps, columns };
}

function refuseNulls(column: ColumnFacts, { facts, table, context, statement }: Altering): Step {
  return {
    kind: 'ask',
    sql: `SELECT 1 FROM ${table.reference} WHERE ${quoted(column.name)} IS NULL LIMIT 1`,
    next(row) {
      if (row)
        throw sqlError(
          515,
          `Cannot insert the value NULL into column '${column.name}', table '${fullName(facts, context)}'; column does not allow nulls. UPDATE fails.`,
          { place: statement },
        );
      return [];
    },
  };
}

function addConstraint(constraint: (TableChange & { readonly kind: 'add-constraint' })['constraint'], altering: Altering): Changed {
  const { facts, table, context, statement } = altering;
  if (constraint.kind !== 'default') return { steps: [constraintStep(table, constraint, facts.columns)] };
  const column = columnNamed(constraint.columns[0] ?? '', facts.columns, statement);
  if (column.default !== undefined || column.identity || !constraint.default)
    throw sqlError(1781, 'Column already has a DEFAULT bound to it.', { place: statement });
  const text = defaultText(constraint.default);
  const scope = rowScope({ around: around(beginWriting(context)), relations: [], clause: clauses.values });
  stored(translateExpression(context.parseExpression(text), scope), { ...column, nullable: true }, { facts, context, verb: 'INSERT' });
  const changed = { ...column, default: text };
  const place = facts.columns.indexOf(column);
  const name = constraint.name ?? `DF_${facts.name}_${column.name}`;
  return {
    steps: [
      forgetColumn(table, column.name),
      ...declareColumns(table, [changed], place),
      declareObject(table, 'default', name, { columns: [column.name] }),
    ],
    columns: facts.columns.with(place, changed),
  };
}

function dropConstraint(
  { name, ifExists }: TableChange & { readonly kind: 'drop-constraint' },
  { table, statement }: Altering,
): readonly Step[] {
  const kinds = ['primary-key', 'unique', 'default'];
  const own = `schema_name = ${textLiteral(table.schema)} AND table_name = ${textLiteral(table.name)}`;
  return [
    {
      kind: 'ask',
      sql: `SELECT kind, definition FROM ${declaredObjects} WHERE ${own} AND lower(name) = ${textLiteral(name.toLowerCase())} AND kind IN ('primary-key', 'unique', 'default') LIMIT 1`,
      next(row) {
        if (!row && ifExists) return [];
        if (!row) throw sqlError(3728, `'${name}' is not a constraint.`, { place: statement });
        const steps: Step[] = [forgetObject(table, kinds, name)];
        if (row[0] === 'default') {
          const { columns } = JSON.parse(String(row[1])) as { readonly columns: readonly string[] };
          steps.push(
            run(`UPDATE ${declaredColumns} SET default_text = NULL WHERE ${own} AND column_name = ${textLiteral(columns[0] ?? '')}`),
          );
        }
        return steps;
      },
    },
  ];
}
