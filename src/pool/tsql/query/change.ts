import { notSupported, sqlError } from '../sql-error.ts';
import type { BinaryOperator, Expression, Place } from '../syntax/ast.ts';
import type { Assignment, DeleteStatement, OutputClause, UpdateStatement } from '../syntax/statement.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { Scope } from '../translate/typed.ts';
import { castTo } from './expressions.ts';
import { translateCondition, translateExpression } from '../translate/expression.ts';
import { findRows, type Found } from './found-rows.ts';
import type { ColumnFacts, Plan, Step } from './plan.ts';
import { countOf } from './query.ts';
import { clauses, rowScope } from './scope.ts';
import { dropStage, outputSteps, stage, stageRows, writtenBy } from './stage.ts';
import { defaultValue, stored, type Storing, targetColumn } from './target.ts';
import { foldName, quoted, type Writing } from './writing.ts';

interface Change {
  readonly statement: (UpdateStatement | DeleteStatement) & Place;
  readonly found: Found;
  readonly scope: Scope;
  readonly where: string;
  readonly limit: string;
}

function changeOf(statement: (UpdateStatement | DeleteStatement) & Place, writing: Writing, verb: 'UPDATE' | 'DELETE'): Change {
  const found = findRows(statement, writing, verb);
  const { around, from } = found;
  const where =
    statement.where && translateCondition(statement.where, rowScope({ around, relations: from.relations, clause: clauses.where }));
  const { top } = statement;
  const { rowCount } = writing.context;
  if (top?.percent === true) throw notSupported(`TOP … PERCENT in ${verb}`, top.count, 'Say how many rows.');
  const counts = [
    ...(top ? [countOf(top.count, around, { what: 'TOP', percent: false })] : []),
    ...(rowCount === undefined ? [] : [rowCount]),
  ];
  return {
    statement,
    found,
    scope: rowScope({ around, relations: from.relations, clause: clauses.set }),
    where: whereText(found, where),
    limit: counts.length === 0 ? '' : ` LIMIT ${counts.length === 1 ? counts[0]! : `least(${counts.join(', ')})`}`,
  };
}

/** A table that an outer join has nothing for has no row to change. */
function whereText({ alone, row }: Found, where: string | undefined): string {
  const conditions = [...(where === undefined ? [] : [where]), ...(alone ? [] : [`${row} IS NOT NULL`])];
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

function planOf({ statement, found }: Change, steps: readonly Step[]): Plan {
  const writes = writtenBy(found.facts, statement.output, found.around.writing.context);
  return { command: statement.kind, steps, writes, changesNames: false, counts: true };
}

/** What each column held, `d1`, … */
function heldColumns({ facts, held }: Found): readonly string[] {
  return facts.columns.map((column, place) => `${held(column)} AS d${place + 1}`);
}

/** DELETE. Errors: 208, 229, 8154 and what its parts say. */
export function planDelete(statement: DeleteStatement & Place, writing: Writing): Plan {
  const change = changeOf(statement, writing, 'DELETE');
  const { found, where, limit } = change;
  const { facts, row, from, prefix } = found;
  if (!statement.output && found.direct && limit === '' && prefix === '')
    return planOf(change, [{ kind: 'change', sql: `DELETE FROM ${from.sql}${where}` }]);
  const rows = `${prefix}SELECT DISTINCT ON (${row}) ${[`${row} AS r`, ...(statement.output ? heldColumns(found) : [])].join(', ')} FROM ${from.sql}${where}${limit}`;
  if (!statement.output)
    return planOf(change, [{ kind: 'change', sql: `DELETE FROM ${facts.reference} WHERE rowid IN (SELECT k.r FROM (${rows}) AS k)` }]);
  return planOf(change, [
    ...stageRows(rows),
    { kind: 'change', sql: `DELETE FROM ${facts.reference} WHERE rowid IN (SELECT r FROM ${stage})` },
    ...outputSteps(statement.output, facts, { inserted: false, deleted: true, action: false }, found.around),
    dropStage,
  ]);
}

/** A column's new value. */
export interface Setting {
  readonly column: ColumnFacts;
  readonly sql: string;
}

interface VariableSetting {
  readonly name: string;
  readonly type: TsqlType;
  readonly sql: string;
}

/** What SET says. Errors: 264, 8102, 207. */
export function settingsOf(assignments: readonly Assignment[], scope: Scope, storing: Storing): readonly Setting[] {
  const settings: Setting[] = [];
  for (const assignment of assignments) {
    if (!assignment.column) continue;
    const name = assignment.column.parts.at(-1) ?? '';
    const column = targetColumn(storing.facts, name, assignment);
    if (column.identity) throw sqlError(8102, `Cannot update identity column '${column.name}'.`, { place: assignment });
    if (settings.some((known) => known.column === column))
      throw sqlError(
        264,
        `The column name '${name}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code.`,
        {
          place: assignment,
        },
      );
    const value =
      assignment.value.kind === 'default'
        ? defaultValue(column, (text) => translateExpression(storing.context.parseExpression(text), scope))
        : translateExpression(
            combined(assignment, { kind: 'column', name: assignment.column, at: assignment.at, line: assignment.line }),
            scope,
          );
    settings.push({ column, sql: stored(value, column, storing) });
  }
  return settings;
}

/** `a += 1` is `a = a + 1`. */
export function combined(
  assignment: { readonly operator: string; readonly value: Assignment['value'] } & Place,
  own: Expression,
): Expression {
  const { value, operator } = assignment;
  if (value.kind === 'default') throw notSupported('DEFAULT there', assignment);
  if (operator === '=') return value;
  return {
    kind: 'binary',
    operator: operator.slice(0, -1) as BinaryOperator,
    left: own,
    right: value,
    at: assignment.at,
    line: assignment.line,
  };
}

function variableSettings(assignments: readonly Assignment[], scope: Scope): readonly VariableSetting[] {
  return assignments.flatMap((assignment): readonly VariableSetting[] => {
    if (assignment.variable === undefined) return [];
    if (assignment.column) throw notSupported('SET @variable = column = expression', assignment, 'Use OUTPUT.');
    const own: Expression = { kind: 'variable', name: assignment.variable, at: assignment.at, line: assignment.line };
    if (assignment.value.kind !== 'default' && mentionsVariable(assignment.value, assignments))
      throw notSupported('A variable that gathers over the rows of an UPDATE', assignment, 'Use a window function.');
    const { type } = scope.variable(assignment.variable, assignment);
    const value = translateExpression(combined(assignment, own), scope);
    return [{ name: assignment.variable, type: type ?? { name: 'int' }, sql: castTo(value, type).sql }];
  });
}

/** Whether it reads one of the variables that are assigned. */
export function mentionsVariable(node: unknown, assignments: readonly { readonly variable: string | undefined }[]): boolean {
  const names = new Set(assignments.flatMap(({ variable }) => (variable === undefined ? [] : [foldName(variable)])));
  return JSON.stringify(node, (_key, part: unknown) =>
    typeof part === 'object' &&
    part !== null &&
    'kind' in part &&
    part.kind === 'variable' &&
    'name' in part &&
    typeof part.name === 'string' &&
    names.has(foldName(part.name))
      ? '\u0000found'
      : part,
  ).includes('\\u0000found');
}

/** UPDATE. Errors: 208, 229, 8102, 8154; where several rows that differ would change one it is refused: which of them counts is not said. */
export function planUpdate(statement: UpdateStatement & Place, writing: Writing): Plan {
  const change = changeOf(statement, writing, 'UPDATE');
  const { found, where, limit, scope } = change;
  const { facts, row, from, prefix } = found;
  const settings = settingsOf(statement.assignments, scope, { facts, context: writing.context, verb: 'UPDATE' });
  const variables = variableSettings(statement.assignments, scope);
  const simple = found.direct && limit === '' && prefix === '' && !statement.output && variables.length === 0;
  if (simple) {
    const list = settings.map(({ column, sql }) => `${quoted(column.name)} = ${sql}`).join(', ');
    return planOf(change, [{ kind: 'change', sql: `UPDATE ${from.sql} SET ${list}${where}` }]);
  }
  const images = statement.output ? [...heldColumns(found), ...newColumns(found, settings)] : [];
  const values = settings.map(({ sql }, place) => `${sql} AS v${place + 1}`);
  const given = variables.map(({ sql }, place) => `${sql} AS x${place + 1}`);
  const rows = `${prefix}SELECT ${found.alone ? '' : 'DISTINCT '}${[`${row} AS r`, ...values, ...images, ...given].join(', ')} FROM ${from.sql}${where}${limit}`;
  const list = settings.map(({ column }, place) => `${quoted(column.name)} = k.v${place + 1}`).join(', ');
  const steps: Step[] = [...stageRows(rows)];
  if (!found.alone) steps.push(refuseTwice(statement));
  if (list === '') steps.push({ kind: 'count', sql: `SELECT count(*) FROM ${stage}` });
  else steps.push({ kind: 'change', sql: `UPDATE ${facts.reference} AS t SET ${list} FROM ${stage} AS k WHERE t.rowid = k.r` });
  if (variables.length > 0)
    steps.push({
      kind: 'assign',
      sql: `SELECT ${variables.map((_, place) => `x${place + 1}`).join(', ')} FROM ${stage}`,
      variables,
      uncounted: true,
    });
  if (statement.output) steps.push(...outputOf(statement.output, found));
  return planOf(change, [...steps, dropStage]);
}

function outputOf(output: OutputClause, found: Found): readonly Step[] {
  return outputSteps(output, found.facts, { inserted: true, deleted: true, action: false }, found.around);
}

function newColumns({ facts, held }: Found, settings: readonly Setting[]): readonly string[] {
  return facts.columns.map((column, place) => {
    const setting = settings.find((known) => known.column === column);
    return `${setting?.sql ?? held(column)} AS i${place + 1}`;
  });
}

function refuseTwice(statement: Place): Step {
  return {
    kind: 'ask',
    sql: `SELECT 1 FROM ${stage} GROUP BY r HAVING count(*) > 1 LIMIT 1`,
    next(row) {
      if (row)
        throw notSupported(
          'An UPDATE in which several rows of FROM that differ match one row of the table',
          statement,
          'Join on what is unique, or use MERGE.',
        );
      return [];
    },
  };
}
