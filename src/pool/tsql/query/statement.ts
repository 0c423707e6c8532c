import { notSupported, sqlError } from '../sql-error.ts';
import type { ResultColumn } from '../session.ts';
import type { Query, SelectBody, SelectItem } from '../syntax/ast.ts';
import type { Statement } from '../syntax/statement.ts';
import { planAlterTable } from './alter-table.ts';
import { combined, mentionsVariable, planDelete, planUpdate } from './change.ts';
import { planCreateTable, planCreateTableAs, planSelectInto, planTableVariable, withoutInto } from './create-table.ts';
import { castTo } from './expressions.ts';
import { failing } from '../translate/sql-text.ts';
import { planInsert } from './insert.ts';
import { planMerge } from './merge.ts';
import { tableNamed, writtenName } from './names.ts';
import { planDrop, planIndex, planRename, planSchema, planStatistics, planView } from './objects.ts';
import type { Plan, PlanContext, Step, TableFacts } from './plan.ts';
import { around, beginWriting, writeNumbered } from './query.ts';
import { createSequence } from './sequence.ts';
import { writable } from './target.ts';
import { type Column, placeName, type Selected } from './writing.ts';

/** Statements that a plan carries out; what controls the flow of a batch is the session's. */
export type PlannedStatement = Extract<
  Statement,
  {
    readonly kind:
      | 'query'
      | 'insert'
      | 'update'
      | 'delete'
      | 'merge'
      | 'truncate'
      | 'create-table'
      | 'create-table-as'
      | 'alter-table'
      | 'drop'
      | 'create-view'
      | 'create-schema'
      | 'create-index'
      | 'create-statistics'
      | 'update-statistics'
      | 'rename'
      | 'declare-table';
  }
>;

const planned: ReadonlySet<Statement['kind']> = new Set<PlannedStatement['kind']>([
  'query',
  'insert',
  'update',
  'delete',
  'merge',
  'truncate',
  'create-table',
  'create-table-as',
  'alter-table',
  'drop',
  'create-view',
  'create-schema',
  'create-index',
  'create-statistics',
  'update-statistics',
  'rename',
  'declare-table',
]);

export function isPlanned(statement: Statement): statement is PlannedStatement {
  return planned.has(statement.kind);
}

/** Rows that something else has put into a table of the session: those of `INSERT … EXECUTE`, and of a bulk load. */
export interface GivenRows {
  /** DuckDB's name of the table, whose columns are `c1`, `c2`, … */
  readonly reference: string;
  readonly columns: readonly ResultColumn[];
}

/**
 * What to do for a statement. Throws SQL Server's errors where it is wrong, and 40510 by name where it asks for what a pool has not.
 * `given`: the rows that `INSERT … EXECUTE` inserts.
 */
export function planStatement(statement: PlannedStatement, context: PlanContext, given?: GivenRows): Plan {
  switch (statement.kind) {
    case 'query':
      return planQuery(statement.query, context);
    case 'insert':
      return planInsert(statement, beginWriting(context), given && selectedOf(given));
    case 'update':
      return planUpdate(statement, beginWriting(context));
    case 'delete':
      return planDelete(statement, beginWriting(context));
    case 'merge':
      return planMerge(statement, beginWriting(context));
    case 'truncate':
      return planTruncate(statement, context);
    case 'create-table':
      return planCreateTable(statement, context);
    case 'declare-table':
      return planTableVariable(statement, context);
    case 'create-table-as':
      return planCreateTableAs(statement, context);
    case 'alter-table':
      return planAlterTable(statement, context);
    case 'drop':
      return planDrop(statement, context);
    case 'create-view':
      return planView(statement, context);
    case 'create-schema':
      return planSchema(statement, context);
    case 'create-index':
      return planIndex(statement, context);
    case 'create-statistics':
    case 'update-statistics':
      return planStatistics(statement, context);
    case 'rename':
      return planRename(statement, context);
    default:
      return statement satisfies never;
  }
}

/** The rows of a bulk load into a table: `columns` are its own, by name, in the order in which they are given. */
export function planBulk(table: TableFacts, columns: readonly string[], given: GivenRows, context: PlanContext): Plan {
  const place = { at: 0, line: 1 };
  const target =
    table.kind === 'table-variable'
      ? ({ kind: 'table-variable', name: table.name, ...place } as const)
      : ({ kind: 'table', name: { parts: table.schema === '' ? [table.name] : [table.schema, table.name], ...place }, ...place } as const);
  const nowhere = { kind: 'execute', statement: { kind: 'break', ...place } } as const;
  const statement = { kind: 'insert', with: [], top: undefined, target, columns, output: undefined, source: nowhere, ...place } as const;
  return planInsert(statement, beginWriting(context), selectedOf(given));
}

function selectedOf({ reference, columns }: GivenRows): Selected {
  const names = columns.map((_, place) => placeName(place)).join(', ');
  return { sql: `SELECT ${names} FROM ${reference}`, columns };
}

function planTruncate(statement: PlannedStatement & { readonly kind: 'truncate' }, context: PlanContext): Plan {
  const known = tableNamed(statement.table, context, 'TRUNCATE');
  if (known.kind === 'view')
    throw sqlError(4708, `Could not truncate object '${writtenName(statement.table)}' because it is not a table.`, { place: statement });
  const facts = writable(known, context, { verb: 'TRUNCATE', place: statement });
  const steps: Step[] = [{ kind: 'run', sql: `TRUNCATE ${facts.reference}` }];
  for (const { identity } of facts.columns)
    if (identity) steps.push({ kind: 'run', sql: createSequence(identity.sequence, identity.seed, identity.increment) });
  return { command: 'other', steps, writes: facts.kind === 'table' ? 'pool' : 'session', changesNames: false, counts: false };
}

/** A query as a statement: its rows are the client's, or go INTO a table, or into variables. */
function planQuery(query: Query, context: PlanContext): Plan {
  const { body } = query;
  if (body.kind === 'select') {
    if (body.into) return planSelectInto(withoutInto(query, body), body.into, context);
    if (body.items.some(({ kind }) => kind === 'assign')) return planAssignment(query, body, context);
  }
  const writing = beginWriting(context, query.options);
  const selected = writing.query(query, around(writing));
  return {
    command: 'select',
    steps: [{ kind: 'result', sql: selected.sql, columns: selected.columns.map(resultColumn) }],
    writes: 'nothing',
    changesNames: false,
    counts: true,
  };
}

function resultColumn({ name, type, nullable }: Column): ResultColumn {
  return { name, type: type ?? { name: 'int' }, nullable };
}

type AssignItem = Extract<SelectItem, { readonly kind: 'assign' }>;

/** `SELECT @a = …`: the last row gives the values; without rows they stay. */
function planAssignment(query: Query, body: SelectBody, context: PlanContext): Plan {
  const items = body.items.map((item): AssignItem => {
    if (item.kind === 'assign') return item;
    throw sqlError(141, 'A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.', {
      place: item,
      severity: 15,
    });
  });
  if (query.for) throw notSupported('FOR in a SELECT that assigns variables', query.for, 'Assign a subquery.');
  const gathers = body.from.length > 0 && items.some((item) => item.operator !== '=' || mentionsVariable(item.value, items));
  const values = items.map((item) => {
    const own = { kind: 'variable', name: item.variable, at: item.at, line: item.line } as const;
    return { kind: 'expression', value: combined(item, own), alias: undefined, at: item.at, line: item.line } as const;
  });
  const writing = beginWriting(context, query.options);
  const selected = writeNumbered({ ...query, body: { ...body, items: values } }, around(writing));
  const variables = items.map((item) => ({
    name: item.variable,
    type: context.variable(item.variable, item).type ?? ({ name: 'int' } as const),
  }));
  const chosen = variables.map(({ type }, place) => {
    const column = selected.columns[place]!;
    const value = castTo({ sql: `a.${placeName(place)}`, type: column.type, nullable: true }, type);
    return `${value.sql} AS ${placeName(place)}`;
  });
  const only = gathers ? `, CASE WHEN count(*) OVER () > 1 THEN ${failing(40_510, gathering)} END AS one` : '';
  return {
    command: 'select',
    steps: [{ kind: 'assign', sql: `SELECT ${chosen.join(', ')}${only} FROM (${selected.sql}) AS a ORDER BY a.n`, variables }],
    writes: 'nothing',
    changesNames: false,
    counts: true,
  };
}

const gathering = 'A variable that gathers over several rows of a SELECT is not supported by this SQL pool. Use STRING_AGG or SUM.';
