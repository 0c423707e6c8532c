import { notSupported, sqlError } from '../sql-error.ts';
import type { Condition, Place } from '../syntax/ast.ts';
import type { MergeStatement } from '../syntax/statement.ts';
import { castTo } from './expressions.ts';
import { translateCondition, translateExpression } from '../translate/expression.ts';
import { settingsOf } from './change.ts';
import { type From, targetRelation, writeFrom } from './from.ts';
import { settleName } from './names.ts';
import type { Plan, Step, TableFacts } from './plan.ts';
import { around as outside } from './query.ts';
import { clauses, type Relation, type RowScope, rowScope } from './scope.ts';
import { dropStage, outputSteps, stage, stageRows, writtenBy } from './stage.ts';
import { columnList, defaultValue, stored, type Storing, targetColumn, targetFacts } from './target.ts';
import { type Around, quoted, type Writing } from './writing.ts';
import { writeWith } from './with.ts';

type Merge = MergeStatement & Place;
type Branch = MergeStatement['branches'][number];

interface Merging {
  readonly statement: Merge;
  readonly storing: Storing;
  readonly around: Around;
  readonly alias: string;
  readonly target: Relation;
  readonly using: From;
  /** The ON of both. */
  readonly on: string;
}

/** MERGE. The rows of each kind are found, with what is to become of them, before any is changed. Errors: 8672, 5324, 10710, 10711, 10714. */
export function planMerge(statement: Merge, writing: Writing): Plan {
  const { context } = writing;
  const facts = targetFacts(statement.target, context, 'MERGE');
  const { prefix, named } = writeWith(statement.with, outside(writing));
  const around: Around = { ...outside(writing), named };
  const alias = writing.fresh('t');
  const settled = statement.target.kind === 'table' ? settleName(statement.target.name, context) : undefined;
  const target = targetRelation(
    facts,
    alias,
    statement.alias === undefined ? [facts.name, ...(settled ? [settled.schema, context.names.database] : [])] : [statement.alias],
  );
  const using = writeFrom([statement.using], around);
  const on = translateCondition(statement.on, rowScope({ around, relations: [target, ...using.relations], clause: clauses.on }));
  refuseBranches(statement);
  const merging: Merging = { statement, storing: { facts, context, verb: 'MERGE' }, around, alias, target, using, on };
  const parts = (['matched', 'not-matched-by-target', 'not-matched-by-source'] as const).flatMap((when) => {
    const branches = statement.branches.filter((branch) => branch.when === when);
    return branches.length === 0 ? [] : [partRows(when, branches, merging)];
  });
  const steps: Step[] = [
    ...stageRows(`${prefix}SELECT * FROM (${parts.join(' UNION ALL ')}) AS n WHERE n.a IS NOT NULL`),
    refuseTwice(statement),
    ...applySteps(merging),
  ];
  if (statement.output) steps.push(...outputSteps(statement.output, facts, { inserted: true, deleted: true, action: true }, around));
  steps.push({ kind: 'count', sql: `SELECT count(*) FROM ${stage}` }, dropStage);
  return { command: 'merge', steps, writes: writtenBy(facts, statement.output, context), changesNames: false, counts: true };
}

function refuseBranches(statement: Merge): void {
  for (const when of ['matched', 'not-matched-by-target', 'not-matched-by-source'] as const) {
    const branches = statement.branches.filter((branch) => branch.when === when);
    const early = branches.slice(0, -1).find(({ and }) => and === undefined);
    if (early)
      throw sqlError(
        5324,
        `In a MERGE statement, a 'WHEN ${words[when]}' clause with a search condition cannot appear after a 'WHEN ${words[when]}' clause with no search condition.`,
        {
          place: statement,
          severity: 15,
        },
      );
    for (const { action } of branches) {
      if (when === 'not-matched-by-target' && action.kind !== 'insert')
        throw sqlError(
          10_711,
          `An action of type '${action.kind.toUpperCase()}' is not allowed in the 'WHEN NOT MATCHED' clause of a MERGE statement.`,
          { place: statement, severity: 15 },
        );
      if (when !== 'not-matched-by-target' && action.kind === 'insert')
        throw sqlError(10_711, `An action of type 'INSERT' is not allowed in the 'WHEN ${words[when]}' clause of a MERGE statement.`, {
          place: statement,
          severity: 15,
        });
    }
  }
}

const words = { matched: 'MATCHED', 'not-matched-by-target': 'NOT MATCHED', 'not-matched-by-source': 'NOT MATCHED BY SOURCE' } as const;

/** The rows of one kind: the row `r`, the action `a`, what was there and what will be. */
function partRows(when: Branch['when'], branches: readonly Branch[], merging: Merging): string {
  const { alias, target, using, on, around, storing } = merging;
  const { facts } = storing;
  const own = `${facts.reference} AS ${alias}`;
  const relations = when === 'matched' ? [target, ...using.relations] : when === 'not-matched-by-target' ? using.relations : [target];
  const scope = rowScope({ around, relations, clause: clauses.set });
  const conditions = branches.map(({ and }) => (and ? conditionOf(and, relations, around) : 'TRUE'));
  const values = branches.map((branch) => newValues(branch, scope, merging));
  const there = when !== 'not-matched-by-target';
  const columns = facts.columns.flatMap((column, place) => {
    const held = there ? `${alias}.${quoted(column.name)}` : castTo({ sql: 'NULL', type: undefined, nullable: true }, column.type).sql;
    const cases = values.map((row, at) => `WHEN ${conditions[at]!} THEN ${row[place]!}`);
    return [`${held} AS d${place + 1}`, `CASE ${cases.join(' ')} END AS i${place + 1}`];
  });
  const actions = branches.map(({ action }, at) => `WHEN ${conditions[at]!} THEN '${action.kind.toUpperCase()}'`);
  const chosen = [`${there ? `${alias}.rowid` : 'CAST(NULL AS BIGINT)'} AS r`, `CASE ${actions.join(' ')} END AS a`, ...columns].join(', ');
  if (when === 'matched') return `SELECT ${chosen} FROM ${own} INNER JOIN ${using.sql} ON ${on}`;
  return there
    ? `SELECT ${chosen} FROM ${own} WHERE NOT EXISTS (SELECT 1 FROM ${using.sql} WHERE ${on})`
    : `SELECT ${chosen} FROM ${using.sql} WHERE NOT EXISTS (SELECT 1 FROM ${own} WHERE ${on})`;
}

function conditionOf(condition: Condition, relations: readonly Relation[], around: Around): string {
  return translateCondition(condition, rowScope({ around, relations, clause: clauses.where }));
}

/** What each column will hold. Of a row that goes: nothing. */
function newValues(branch: Branch, scope: RowScope, { storing, alias, statement }: Merging): readonly string[] {
  const { facts, context } = storing;
  const { action } = branch;
  const nothing = (place: number): string => castTo({ sql: 'NULL', type: undefined, nullable: true }, facts.columns[place]!.type).sql;
  if (action.kind === 'delete') return facts.columns.map((_, place) => nothing(place));
  if (action.kind === 'update') {
    const settings = settingsOf(action.assignments, scope, storing);
    return facts.columns.map((column) => settings.find((known) => known.column === column)?.sql ?? `${alias}.${quoted(column.name)}`);
  }
  const columns = action.columns?.map((name) => targetColumn(facts, name, statement)) ?? facts.columns.filter(({ identity }) => !identity);
  for (const column of columns)
    if (column.identity)
      throw sqlError(544, `Cannot insert explicit value for identity column in table '${facts.name}' when IDENTITY_INSERT is set to OFF.`, {
        place: statement,
      });
  const { values } = action;
  if (values && values.length !== columns.length)
    throw sqlError(
      values.length < columns.length ? 109 : 110,
      `There are ${values.length < columns.length ? 'more' : 'fewer'} columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.`,
      { place: statement, severity: 15 },
    );
  return facts.columns.map((column) => {
    const given = values?.[columns.indexOf(column)];
    const value =
      given === undefined || given.kind === 'default'
        ? defaultValue(column, (text) => translateExpression(context.parseExpression(text), scope))
        : translateExpression(given, scope);
    return stored(value, column, { ...storing, verb: 'INSERT' });
  });
}

function refuseTwice(statement: Place): Step {
  return {
    kind: 'ask',
    sql: `SELECT 1 FROM ${stage} WHERE r IS NOT NULL GROUP BY r HAVING count(*) > 1 LIMIT 1`,
    next(row) {
      if (row)
        throw sqlError(
          8672,
          'The MERGE statement attempted to UPDATE or DELETE the same row more than once. This happens when a target row matches more than one source row. A MERGE statement cannot UPDATE/DELETE the same row of the target table multiple times. Refine the ON clause to ensure a target row matches at most one source row, or use the GROUP BY clause to group the source rows.',
          { place: statement },
        );
      return [];
    },
  };
}

/** Updates and deletes first: rows that come in are not looked at. */
function applySteps({ statement, storing, alias }: Merging): readonly Step[] {
  const { facts } = storing;
  const kinds = new Set(statement.branches.map(({ action }) => action.kind));
  const steps: Step[] = [];
  if (kinds.has('update')) {
    const list = changedColumns(statement, facts).map(([name, place]) => `${name} = k.i${place}`);
    steps.push({
      kind: 'run',
      sql: `UPDATE ${facts.reference} AS ${alias} SET ${list.join(', ')} FROM ${stage} AS k WHERE k.a = 'UPDATE' AND ${alias}.rowid = k.r`,
    });
  }
  if (kinds.has('delete'))
    steps.push({ kind: 'run', sql: `DELETE FROM ${facts.reference} WHERE rowid IN (SELECT r FROM ${stage} WHERE a = 'DELETE')` });
  if (kinds.has('insert')) {
    const sql = `INSERT INTO ${facts.reference} (${columnList(facts.columns)}) SELECT ${facts.columns.map((_, place) => `i${place + 1}`).join(', ')} FROM ${stage} WHERE a = 'INSERT'`;
    steps.push({ kind: 'run', sql });
  }
  return steps;
}

function changedColumns({ branches }: Merge, facts: TableFacts): readonly (readonly [string, number])[] {
  const assigned = branches.flatMap(({ action }) => (action.kind === 'update' ? action.assignments : []));
  if (assigned.some(({ variable }) => variable !== undefined)) throw notSupported('Assigning a variable in MERGE', assigned[0]!);
  const names = new Set(assigned.map(({ column }) => column?.parts.at(-1)?.toLowerCase()));
  return facts.columns.flatMap((column, place) =>
    names.has(column.name.toLowerCase()) ? [[quoted(column.name), place + 1] as const] : [],
  );
}
