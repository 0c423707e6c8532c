import { quoteLiteral } from '#replication/schema.ts';
import { catalogName } from '../../engines/duckdb/engine.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { ObjectName, Place } from '../syntax/ast.ts';
import type { Statement } from '../syntax/statement.ts';
import { columnNamed, ddlPlan, newTable, writableSchema } from './create-table.ts';
import {
  declaredObjects,
  declareObject,
  declareTable,
  declaredTables,
  forget,
  forgetObject,
  renameDeclared,
  renameDeclaredColumn,
} from './declared.ts';
import { namedColumns } from './from.ts';
import { settleName, tableNamed, writtenName } from './names.ts';
import type { ColumnFacts, Plan, PlanContext, Step, TableFacts, TemporaryChange } from './plan.ts';
import { around, beginWriting } from './query.ts';
import { writable } from './target.ts';
import { foldName, quoted } from './writing.ts';

type Of<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

const run = (sql: string): Step => ({ kind: 'run', sql });

/** DROP of anything. Errors: 3701, 3705, 3729, 229. */
export function planDrop(statement: Of<'drop'>, context: PlanContext): Plan {
  switch (statement.what) {
    case 'table':
    case 'view':
      return dropTables(statement, statement.what, context);
    case 'schema':
      return ddlPlan(statement.names.flatMap((name) => dropSchema(name, statement, context)));
    case 'index':
    case 'statistics':
      return ddlPlan(statement.names.flatMap((name) => dropFact(name, statement, context)));
    default:
      if (statement.ifExists) return ddlPlan([], { writes: 'nothing', changesNames: false });
      throw notSupported(`DROP ${statement.what.toUpperCase()}`, statement);
  }
}

function dropTables(statement: Of<'drop'>, what: 'table' | 'view', context: PlanContext): Plan {
  const steps: Step[] = [];
  const temporary: TemporaryChange[] = [];
  let pool = false;
  for (const name of statement.names) {
    const settled = settleName(name, context);
    const facts = context.names.table(settled.schema, settled.name);
    if (!facts || facts.kind === 'system') {
      if (statement.ifExists) continue;
      throw sqlError(3701, `Cannot drop the ${what} '${writtenName(name)}', because it does not exist or you do not have permission.`, {
        place: name,
        severity: 11,
        state: 5,
      });
    }
    const kind = facts.kind === 'view' ? 'view' : 'table';
    if (kind !== what)
      throw sqlError(
        3705,
        `Cannot use DROP ${what.toUpperCase()} with '${writtenName(name)}' because '${writtenName(name)}' is a ${kind}. Use DROP ${kind.toUpperCase()}.`,
        { place: name },
      );
    steps.push(...dropSteps(facts, name, context));
    if (settled.temporary) temporary.push({ kind: 'dropped', name: facts.name });
    else pool = true;
  }
  return ddlPlan(steps, { writes: pool ? 'pool' : 'session', changesNames: steps.length > 0, temporary });
}

function dropSteps(facts: TableFacts, place: Place, context: PlanContext): readonly Step[] {
  if (facts.kind === 'view') return facts.view ? forget(facts) : [run(`DROP VIEW ${facts.reference}`)];
  writable(facts, context, { verb: 'DROP', place });
  const sequences = facts.columns.flatMap(({ identity }) => (identity ? [run(`DROP SEQUENCE IF EXISTS ${identity.sequence}`)] : []));
  return [run(`DROP TABLE ${facts.reference}`), ...sequences, ...(facts.kind === 'table' ? forget(facts) : [])];
}

function dropSchema(name: ObjectName, statement: Of<'drop'>, context: PlanContext): readonly Step[] {
  const written = name.parts.at(-1) ?? '';
  const known = context.names.schema(written);
  if (known === undefined) {
    if (statement.ifExists) return [];
    throw sqlError(15_151, `Cannot drop the schema '${written}', because it does not exist or you do not have permission.`, {
      place: name,
    });
  }
  if (['dbo', 'main', 'isthmus', 'sys', 'information_schema'].includes(foldName(known)))
    throw sqlError(15_150, `Cannot drop the schema '${known}'.`, { place: name });
  const schema = quoteLiteral(known);
  return [
    {
      kind: 'ask',
      sql: `SELECT table_name FROM ${declaredTables} WHERE schema_name = ${schema} UNION ALL SELECT table_name FROM duckdb_tables() WHERE database_name = ${quoteLiteral(catalogName)} AND schema_name = ${schema} LIMIT 1`,
      next(row) {
        if (row)
          throw sqlError(3729, `Cannot drop schema '${known}' because it is being referenced by object '${String(row[0])}'.`, {
            place: name,
          });
        return [run(`DROP SCHEMA ${quoted(catalogName)}.${quoted(known)}`)];
      },
    },
  ];
}

/** `i ON t`, or `t.i`. */
function dropFact(name: ObjectName, statement: Of<'drop'>, context: PlanContext): readonly Step[] {
  const what = statement.what === 'index' ? 'index' : 'statistics';
  const table = statement.on ?? { ...name, parts: name.parts.slice(0, -1) };
  const own = name.parts.at(-1) ?? '';
  if (table.parts.length === 0)
    throw sqlError(159, `Must specify the table name and index name for the DROP INDEX statement.`, { place: name, severity: 15 });
  const facts = tableNamed(table, context);
  if (facts.kind !== 'table') return [];
  return [
    {
      kind: 'ask',
      sql: `SELECT 1 FROM ${declaredObjects} WHERE schema_name = ${quoteLiteral(facts.schema)} AND table_name = ${quoteLiteral(facts.name)} AND kind = '${what}' AND lower(name) = ${quoteLiteral(own.toLowerCase())} LIMIT 1`,
      next(row) {
        if (row) return [forgetObject(facts, [what], own)];
        if (statement.ifExists) return [];
        throw sqlError(
          3701,
          `Cannot drop the ${what} '${writtenName(table)}.${own}', because it does not exist or you do not have permission.`,
          { place: name, severity: 11, state: 7 },
        );
      },
    },
  ];
}

/** CREATE and ALTER VIEW: the query is checked, and kept as it was written. Errors: 2714, 208, 4506, 4508, 4511, 137. */
export function planView(statement: Of<'create-view'>, context: PlanContext): Plan {
  const settled = settleName(statement.view, context);
  if (settled.temporary) throw sqlError(4103, `"${settled.name}": Temporary views are not allowed.`, { place: statement });
  const existing = context.names.table(settled.schema, settled.name);
  if (existing && (statement.replaces === 'no' || !existing.view))
    throw sqlError(2714, `There is already an object named '${settled.name}' in the database.`, { place: statement.view, state: 3 });
  if (!existing && statement.replaces === 'must')
    throw sqlError(208, `Invalid object name '${writtenName(statement.view)}'.`, { place: statement.view, state: 6 });
  const schema = existing?.schema ?? writableSchema(settled.schema, context, statement.view);
  const writing = beginWriting(lasting(context), statement.query.options);
  const selected = writing.query(statement.query, { ...around(writing), nested: true });
  const unnamed = statement.columns ? -1 : selected.columns.findIndex(({ name }) => name === '');
  if (unnamed >= 0)
    throw sqlError(4511, `Create View or Function failed because no column name was specified for column ${unnamed + 1}.`, {
      place: statement,
    });
  const columns = namedColumns(selected.columns, statement.columns, { label: settled.name, place: statement });
  const facts = columns.map(({ name, type, nullable, binaryOrder }): ColumnFacts => ({
    name,
    type: type ?? { name: 'int' },
    nullable,
    binaryOrder,
  }));
  const view = { text: statement.text, columns: statement.columns };
  return ddlPlan([
    run(`CREATE SCHEMA IF NOT EXISTS ${quoted(catalogName)}.${quoted(schema)}`),
    ...declareTable({ schema, name: existing?.name ?? settled.name }, { kind: 'view', columns: facts, view }),
  ]);
}

/** Without what only the session has. */
function lasting(context: PlanContext): PlanContext {
  return {
    ...context,
    rowCount: undefined,
    names: {
      ...context.names,
      schema: (name) => context.names.schema(name),
      table(schema, name) {
        if (schema === '')
          throw sqlError(
            4508,
            "Views or functions are not allowed on temporary tables. Table names that begin with '#' denote temporary tables.",
          );
        return context.names.table(schema, name);
      },
    },
    variable(name, place) {
      throw sqlError(137, `Must declare the scalar variable "${name}".`, { place, severity: 15 });
    },
  };
}

export function planSchema(statement: Of<'create-schema'>, context: PlanContext): Plan {
  if (context.names.schema(statement.name) !== undefined && foldName(statement.name) !== 'dbo')
    throw sqlError(2714, `There is already an object named '${statement.name}' in the database.`, { place: statement });
  if (['isthmus', 'sys', 'information_schema', 'dbo', 'main'].includes(foldName(statement.name)))
    throw sqlError(2714, `There is already an object named '${statement.name}' in the database.`, { place: statement });
  return ddlPlan([run(`CREATE SCHEMA ${quoted(catalogName)}.${quoted(statement.name)}`)]);
}

/** Recorded: the pool finds rows its own way. Errors: 1911, 1913; by name where it would have to refuse duplicates. */
export function planIndex(statement: Of<'create-index'>, context: PlanContext): Plan {
  const facts = writable(tableNamed(statement.table, context), context, { verb: 'CREATE INDEX', place: statement });
  if (statement.unique) throw notSupported('A UNIQUE index', statement, 'Create it without UNIQUE.');
  const columns = statement.columns.map(({ name, descending }) => ({ name: columnNamed(name, facts.columns, statement).name, descending }));
  const include = statement.include.map((name) => columnNamed(name, facts.columns, statement).name);
  if (facts.kind !== 'table') return ddlPlan([], { writes: 'session', changesNames: false });
  return ddlPlan([
    refuseKnown(facts, 'index', statement.name, statement),
    declareObject(facts, 'index', statement.name, {
      clustered: statement.clustered === true,
      columnstore: statement.columnstore,
      columns,
      include,
    }),
  ]);
}

function refuseKnown(facts: TableFacts, kind: 'index' | 'statistics', name: string, place: Place): Step {
  return {
    kind: 'ask',
    sql: `SELECT 1 FROM ${declaredObjects} WHERE schema_name = ${quoteLiteral(facts.schema)} AND table_name = ${quoteLiteral(facts.name)} AND kind = '${kind}' AND lower(name) = ${quoteLiteral(name.toLowerCase())} LIMIT 1`,
    next(row) {
      if (!row) return [];
      throw kind === 'index'
        ? sqlError(
            1913,
            `The operation failed because an index or statistics with name '${name}' already exists on table '${facts.schema}.${facts.name}'.`,
            { place },
          )
        : sqlError(1927, `There are already statistics on table '${facts.schema}.${facts.name}' named '${name}'.`, { place });
    },
  };
}

/** Recorded, too: DuckDB keeps statistics of its own. */
export function planStatistics(statement: Of<'create-statistics' | 'update-statistics'>, context: PlanContext): Plan {
  const facts = tableNamed(statement.table, context);
  if (statement.kind === 'update-statistics' || facts.kind !== 'table') return ddlPlan([], { writes: 'nothing', changesNames: false });
  const name = statement.name ?? `stat_${facts.name}`;
  return ddlPlan([refuseKnown(facts, 'statistics', name, statement), declareObject(facts, 'statistics', name, {})]);
}

/** RENAME OBJECT and RENAME COLUMN. Errors: 208, 2714, 15248. */
export function planRename(statement: Of<'rename'>, context: PlanContext): Plan {
  const { from, to } = statement;
  if (statement.what === 'column') {
    const facts = writable(tableNamed({ ...from, parts: from.parts.slice(0, -1) }, context), context, { verb: 'ALTER', place: statement });
    const column = columnNamed(from.parts.at(-1) ?? '', facts.columns, statement);
    if (facts.kind !== 'table') throw notSupported('Renaming a column of anything but a table of the pool', statement);
    if (foldName(to) === 'rowid') throw notSupported('A column named rowid', statement, 'Give it another name.');
    if (facts.columns.some(({ name }) => name !== column.name && foldName(name) === foldName(to)))
      throw sqlError(
        2705,
        `Column names in each table must be unique. Column name '${to}' in table '${facts.name}' is specified more than once.`,
        { place: statement },
      );
    return ddlPlan([
      run(`ALTER TABLE ${facts.reference} RENAME COLUMN ${quoted(column.name)} TO ${quoted(to)}`),
      renameDeclaredColumn(facts, column.name, to),
    ]);
  }
  const facts = tableNamed(from, context);
  if (facts.kind !== 'table' && !facts.view) throw notSupported('Renaming anything but a table or view of the pool', statement);
  if (facts.kind === 'table') writable(facts, context, { verb: 'ALTER', place: statement });
  newTable({ ...from, parts: [facts.schema, to] }, context);
  const renamed = facts.kind === 'table' ? [run(`ALTER TABLE ${facts.reference} RENAME TO ${quoted(to)}`)] : [];
  return ddlPlan([...renamed, ...renameDeclared(facts, to)]);
}
