import { notSupported, sqlError } from '../sql-error.ts';
import type { BinaryOperator, Expression, Place } from '../syntax/ast.ts';
import type { Assignment, DeleteStatement, OutputClause, UpdateStatement } from '../syntax/statement.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { Scope } from '../translate/typed.ts';
import { castTo } from './expressions.ts';
import { translateCondition, translateExpression } from '../translate/expression.ts';
import { type From, targetRelation, writeFrom } from './from.ts';
import { settleName } from './names.ts';
import type { ColumnFacts, Plan, Step, TableFacts } from './plan.ts';
import { around as outside, countOf } from './query.ts';
import { clauses, type Relation, rowScope } from './scope.ts';
import { dropStage, outputSteps, stage, stageRows } from './stage.ts';
import { defaultValue, stored, type Storing, targetColumn, targetFacts, writable } from './target.ts';
import { type Around, foldName, quoted, type Writing } from './writing.ts';
import { writeWith } from './with.ts';

/** The rows that an UPDATE or DELETE finds: its table among what FROM gives. */
interface Found {
  readonly facts: TableFacts;
  /** The table's alias in the SQL. */
  readonly alias: string;
  readonly from: From;
  readonly around: Around;
  readonly prefix: string;
  /** One table and nothing else: no row is found twice. */
  readonly alone: boolean;
}

function findRows(statement: (UpdateStatement | DeleteStatement) & Place, writing: Writing, verb: 'UPDATE' | 'DELETE'): Found {
  const { prefix, named } = writeWith(statement.with, outside(writing));
  const around: Around = { ...outside(writing), named };
  const from = statement.from.length === 0 ? undefined : writeFrom(statement.from, around);
  const within = from && targetAmong(from.relations, statement, around);
  if (from && within?.table) {
    const facts = writable(within.table.facts, writing.context, { verb, place: statement.target });
    return { facts, alias: within.table.alias, from, around, prefix, alone: from.relations.length === 1 };
  }
  if (
    statement.target.kind === 'table' &&
    statement.target.name.parts.length === 1 &&
    named.has(foldName(statement.target.name.parts[0] ?? ''))
  )
    throw notSupported(`${verb} of a common table expression`, statement.target, 'Change the table itself, with the condition in WHERE.');
  const facts = targetFacts(statement.target, writing.context, verb);
  const alias = writing.fresh('t');
  const { target } = statement;
  const settled = target.kind === 'table' ? settleName(target.name, writing.context) : undefined;
  const names = settled ? [settled.name, settled.schema, writing.context.names.database] : [facts.name];
  const relation = targetRelation(facts, alias, names);
  const own = `${facts.reference} AS ${alias}`;
  return {
    facts,
    alias,
    from: { sql: from ? `${own} CROSS JOIN ${from.sql}` : own, relations: [relation, ...(from?.relations ?? [])] },
    around,
    prefix,
    alone: !from,
  };
}

/** What FROM has under the statement's name: an alias, or the table as it is. Errors: 8154 where it is there twice. */
function targetAmong(relations: readonly Relation[], { target }: UpdateStatement | DeleteStatement, around: Around): Relation | undefined {
  if (target.kind === 'table-variable') return relations.find(({ names }) => foldName(names[0] ?? '') === foldName(target.name));
  const { parts } = target.name;
  const alias = relations.find(
    ({ names, table }) => table && parts.length === 1 && names.length === 1 && foldName(names[0]!) === foldName(parts[0] ?? ''),
  );
  if (alias) return alias;
  const settled = settleName(target.name, around.writing.context);
  const same = relations.filter(
    ({ table }) =>
      table && foldName(table.facts.name) === foldName(settled.name) && foldName(table.facts.schema) === foldName(settled.schema),
  );
  if (same.length > 1) throw sqlError(8154, `The table '${target.name.parts.join('.')}' is ambiguous.`, { place: target });
  return same[0];
}

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
    where: where === undefined ? '' : ` WHERE ${where}`,
    limit: counts.length === 0 ? '' : ` LIMIT ${counts.length === 1 ? counts[0]! : `least(${counts.join(', ')})`}`,
  };
}

function planOf(command: 'update' | 'delete', facts: TableFacts, steps: readonly Step[]): Plan {
  return { command, steps, writes: facts.kind === 'table' ? 'pool' : 'session', changesNames: false, counts: true };
}

/** What each column held, `d1`, … */
function heldColumns({ facts, alias }: Found): readonly string[] {
  return facts.columns.map((column, place) => `${alias}.${quoted(column.name)} AS d${place + 1}`);
}

/** DELETE. Errors: 208, 229, 8154 and what its parts say. */
export function planDelete(statement: DeleteStatement & Place, writing: Writing): Plan {
  const change = changeOf(statement, writing, 'DELETE');
  const { found, where, limit } = change;
  const { facts, alias, from, prefix } = found;
  if (!statement.output && found.alone && limit === '' && prefix === '')
    return planOf('delete', facts, [{ kind: 'change', sql: `DELETE FROM ${from.sql}${where}` }]);
  const rows = `${prefix}SELECT DISTINCT ON (${alias}.rowid) ${[`${alias}.rowid AS r`, ...(statement.output ? heldColumns(found) : [])].join(', ')} FROM ${from.sql}${where}${limit}`;
  if (!statement.output)
    return planOf('delete', facts, [
      { kind: 'change', sql: `DELETE FROM ${facts.reference} WHERE rowid IN (SELECT k.r FROM (${rows}) AS k)` },
    ]);
  return planOf('delete', facts, [
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
  const { facts, alias, from, prefix } = found;
  const settings = settingsOf(statement.assignments, scope, { facts, context: writing.context, verb: 'UPDATE' });
  const variables = variableSettings(statement.assignments, scope);
  const simple = found.alone && limit === '' && prefix === '' && !statement.output && variables.length === 0;
  if (simple) {
    const list = settings.map(({ column, sql }) => `${quoted(column.name)} = ${sql}`).join(', ');
    return planOf('update', facts, [{ kind: 'change', sql: `UPDATE ${from.sql} SET ${list}${where}` }]);
  }
  const images = statement.output ? [...heldColumns(found), ...newColumns(found, settings)] : [];
  const values = settings.map(({ sql }, place) => `${sql} AS v${place + 1}`);
  const given = variables.map(({ sql }, place) => `${sql} AS x${place + 1}`);
  const rows = `${prefix}SELECT ${found.alone ? '' : 'DISTINCT '}${[`${alias}.rowid AS r`, ...values, ...images, ...given].join(', ')} FROM ${from.sql}${where}${limit}`;
  const list = settings.map(({ column }, place) => `${quoted(column.name)} = k.v${place + 1}`).join(', ');
  const steps: Step[] = [...stageRows(rows)];
  if (!found.alone) steps.push(refuseTwice(statement));
  if (list === '') steps.push({ kind: 'count', sql: `SELECT count(*) FROM ${stage}` });
  else
    steps.push({ kind: 'change', sql: `UPDATE ${facts.reference} AS ${alias} SET ${list} FROM ${stage} AS k WHERE ${alias}.rowid = k.r` });
  if (variables.length > 0)
    steps.push({
      kind: 'assign',
      sql: `SELECT ${variables.map((_, place) => `x${place + 1}`).join(', ')} FROM ${stage}`,
      variables,
      uncounted: true,
    });
  if (statement.output) steps.push(...outputOf(statement.output, found));
  return planOf('update', facts, [...steps, dropStage]);
}

function outputOf(output: OutputClause, found: Found): readonly Step[] {
  return outputSteps(output, found.facts, { inserted: true, deleted: true, action: false }, found.around);
}

function newColumns({ facts, alias }: Found, settings: readonly Setting[]): readonly string[] {
  return facts.columns.map((column, place) => {
    const setting = settings.find((known) => known.column === column);
    return `${setting?.sql ?? `${alias}.${quoted(column.name)}`} AS i${place + 1}`;
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
