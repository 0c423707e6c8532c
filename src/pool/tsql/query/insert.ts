import { notSupported, sqlError } from '../sql-error.ts';
import type { Place } from '../syntax/ast.ts';
import type { InsertStatement } from '../syntax/statement.ts';
import type { Scope, Typed } from '../translate/typed.ts';
import { castTo, commonTypeOf } from './expressions.ts';
import { familyOf } from '../translate/type-order.ts';
import { translateExpression } from '../translate/expression.ts';
import type { ColumnFacts, Plan, Step, TableFacts } from './plan.ts';
import { around as outside, countOf } from './query.ts';
import { clauses, rowScope } from './scope.ts';
import { createSequence } from './sequence.ts';
import { dropStage, outputSteps, stage, stageRows, writtenBy } from './stage.ts';
import { columnList, defaultValue, stored, type Storing, targetColumn, targetFacts } from './target.ts';
import { type Around, columnOf, foldName, type Selected, type Writing } from './writing.ts';
import { writeWith } from './with.ts';

type Insert = InsertStatement & Place;

/** INSERT. Errors: 109, 110, 120, 121, 213, 264, 544, 545, 8101, 10709 and what its parts say. */
export function planInsert(statement: Insert, writing: Writing, executed?: Selected): Plan {
  const facts = targetFacts(statement.target, writing.context, 'INSERT');
  const { prefix, named } = writeWith(statement.with, outside(writing));
  const around: Around = { ...outside(writing), named };
  const columns = insertedColumns(statement, facts, writing);
  const storing: Storing = { facts, context: writing.context, verb: 'INSERT' };
  const rows = sourceRows(statement, columns, { around, storing, executed });
  return planRows({ statement, storing, around, prefix, ...rows });
}

/** Columns that get a value from the statement. */
function insertedColumns(statement: Insert, facts: TableFacts, { context }: Writing): readonly ColumnFacts[] {
  const on = context.identityInsert;
  const explicit = on !== undefined && foldName(on.schema) === foldName(facts.schema) && foldName(on.name) === foldName(facts.name);
  const identity = facts.columns.find((column) => column.identity);
  if (!statement.columns) {
    if (explicit && identity)
      throw sqlError(
        8101,
        `An explicit value for the identity column in table '${facts.name}' can only be specified when a column list is used and IDENTITY_INSERT is ON.`,
        {
          place: statement,
        },
      );
    return statement.source.kind === 'default-values' ? [] : facts.columns.filter((column) => !column.identity);
  }
  const columns: ColumnFacts[] = [];
  for (const name of statement.columns) {
    const column = targetColumn(facts, name, statement);
    if (columns.includes(column))
      throw sqlError(
        264,
        `The column name '${name}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code.`,
        { place: statement },
      );
    if (column.identity && !explicit)
      throw sqlError(544, `Cannot insert explicit value for identity column in table '${facts.name}' when IDENTITY_INSERT is set to OFF.`, {
        place: statement,
      });
    columns.push(column);
  }
  if (explicit && identity && !columns.includes(identity))
    throw sqlError(
      545,
      `Explicit value must be specified for identity column in table '${facts.name}' either when IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column.`,
      { place: statement },
    );
  return columns;
}

interface SourceRows {
  /** A query whose columns are the table's, `i1`, … in order. */
  readonly sql: string;
  /** The identity column has its values from the statement. */
  readonly explicitIdentity: boolean;
}

interface Sourcing {
  readonly around: Around;
  readonly storing: Storing;
  /** The rows that EXECUTE has answered. */
  readonly executed: Selected | undefined;
}

function sourceRows(statement: Insert, columns: readonly ColumnFacts[], sourcing: Sourcing): SourceRows {
  const { around, storing } = sourcing;
  const { facts } = storing;
  const scope = rowScope({ around, relations: [], clause: clauses.values });
  const fallback = (column: ColumnFacts): Typed =>
    defaultValue(column, (text) => translateExpression(around.writing.context.parseExpression(text), scope));
  const explicitIdentity = columns.some(({ identity }) => identity);
  const cells = (given: (column: ColumnFacts) => Typed | undefined): readonly string[] =>
    facts.columns.map((column) => stored(given(column) ?? fallback(column), column, storing));
  const row = (given: (column: ColumnFacts) => Typed | undefined): string =>
    cells(given)
      .map((cell, place) => `${cell} AS i${place + 1}`)
      .join(', ');
  const { source } = statement;
  if (source.kind === 'default-values') return { sql: `SELECT ${row(() => undefined)}`, explicitIdentity };
  if (source.kind === 'values') {
    const rows = valueRows(source.rows, columns, { statement, scope, fallback });
    const lines = rows.map((values) => `(${cells((column) => values[columns.indexOf(column)]).join(', ')})`);
    const names = facts.columns.map((_, place) => `i${place + 1}`);
    return { sql: `SELECT * FROM (VALUES ${lines.join(', ')}) AS v(${names.join(', ')})`, explicitIdentity };
  }
  const selected = source.kind === 'query' ? around.writing.query(source.query, around) : sourcing.executed;
  if (!selected) throw notSupported('INSERT … EXECUTE here', statement);
  refuseOtherCount(selected.columns.length, columns, statement);
  const alias = around.writing.fresh('s');
  const sql = row((column) => {
    const place = columns.indexOf(column);
    return place < 0 ? undefined : columnOf(alias, place, selected.columns[place]!);
  });
  return { sql: `SELECT ${sql} FROM (${selected.sql}) AS ${alias}`, explicitIdentity };
}

function refuseOtherCount(count: number, columns: readonly ColumnFacts[], statement: Insert): void {
  if (count === columns.length) return;
  if (!statement.columns)
    throw sqlError(213, 'Column name or number of supplied values does not match table definition.', { place: statement });
  const fewer = count < columns.length;
  throw sqlError(
    fewer ? 120 : 121,
    `The select list for the INSERT statement contains ${fewer ? 'fewer' : 'more'} items than the insert list. The number of SELECT values must match the number of INSERT columns.`,
    { place: statement, severity: 15 },
  );
}

type Rows = (InsertStatement['source'] & { readonly kind: 'values' })['rows'];
interface ValueRules {
  readonly statement: Insert;
  readonly scope: Scope;
  readonly fallback: (column: ColumnFacts) => Typed;
}

/** Values of one column are of one type in all rows, as in a UNION. */
function valueRows(rows: Rows, columns: readonly ColumnFacts[], { statement, scope, fallback }: ValueRules): readonly (readonly Typed[])[] {
  if (rows.length > 1000)
    throw sqlError(
      10_738,
      'The number of row value expressions in the INSERT statement exceeds the maximum allowed number of 1000 row values.',
      { place: statement },
    );
  const width = rows[0]?.length ?? 0;
  if (rows.some((row) => row.length !== width))
    throw sqlError(10_709, 'The number of columns for each row in a table value constructor must be the same.', { place: statement });
  if (width !== columns.length) {
    if (!statement.columns)
      throw sqlError(213, 'Column name or number of supplied values does not match table definition.', { place: statement });
    const more = columns.length > width;
    throw sqlError(
      more ? 109 : 110,
      `There are ${more ? 'more' : 'fewer'} columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.`,
      { place: statement, severity: 15 },
    );
  }
  const values = rows.map((row) =>
    row.map((value, place) =>
      value.kind === 'default'
        ? { ...fallback(columns[place]!), isDefault: true }
        : { ...translateExpression(value, scope), isDefault: false },
    ),
  );
  if (rows.length === 1) return values;
  const types = columns.map((_, place) => commonTypeOf(values.flatMap((row) => (row[place]!.isDefault ? [] : [row[place]!]))));
  return values.map((row) =>
    row.map((value, place) => {
      const type = types[place];
      const same = value.isDefault || !type || !value.type || familyOf(value.type) === familyOf(type);
      return same ? value : castTo(value, type);
    }),
  );
}

interface Writeable extends SourceRows {
  readonly statement: Insert;
  readonly storing: Storing;
  readonly around: Around;
  readonly prefix: string;
}

function planRows({ statement, storing, around, prefix, sql, explicitIdentity }: Writeable): Plan {
  const { facts } = storing;
  const names = facts.columns.map((_, place) => `i${place + 1}`).join(', ');
  const limit = limitOf(statement, around);
  const rows = `${prefix}${limit === '' ? sql : `SELECT ${names} FROM (${sql}) AS n${limit}`}`;
  const into = `INSERT INTO ${facts.reference} (${columnList(facts.columns)})`;
  const steps: Step[] = [];
  const from = statement.output ? `SELECT ${names} FROM ${stage} AS n` : rows;
  if (statement.output) steps.push(...stageRows(rows));
  steps.push(insertStep(`${into} ${from}`, facts));
  if (explicitIdentity) steps.push(...reseedSteps(facts));
  if (statement.output)
    steps.push(...outputSteps(statement.output, facts, { inserted: true, deleted: false, action: false }, around), dropStage);
  return { command: 'insert', steps, writes: writtenBy(facts, statement.output, storing.context), changesNames: false, counts: true };
}

function insertStep(sql: string, facts: TableFacts): Step {
  const column = facts.columns.find(({ identity }) => identity);
  if (!column?.identity) return { kind: 'change', sql };
  return { kind: 'identity', sql: `${sql} RETURNING ${columnList([column])}`, descending: column.identity.increment.startsWith('-') };
}

function limitOf(statement: Insert, around: Around): string {
  const { top } = statement;
  const { rowCount } = around.writing.context;
  if (top?.percent === true) throw notSupported('TOP … PERCENT in INSERT', top.count, 'Put it into the query.');
  const counts = [
    ...(top ? [countOf(top.count, around, { what: 'TOP', percent: false })] : []),
    ...(rowCount === undefined ? [] : [rowCount]),
  ];
  return counts.length === 0 ? '' : ` LIMIT ${counts.length === 1 ? counts[0]! : `least(${counts.join(', ')})`}`;
}

/** Numbers that were given go on from the furthest of them. */
function reseedSteps(facts: TableFacts): readonly Step[] {
  const column = facts.columns.find(({ identity }) => identity);
  if (!column?.identity) return [];
  const { sequence, increment } = column.identity;
  const down = increment.startsWith('-');
  const name = `'${sequence.replaceAll("'", "''")}'`;
  const furthest = `SELECT CAST(${down ? 'min' : 'max'}(${columnList([column])}) AS VARCHAR), CAST(nextval(${name}) AS VARCHAR) FROM ${facts.reference}`;
  return [
    {
      kind: 'ask',
      sql: furthest,
      next(row) {
        const given = row?.[0];
        const next = row?.[1];
        if (typeof next !== 'string') return [];
        const from = typeof given === 'string' ? BigInt(given) + BigInt(increment) : BigInt(next);
        const start = (down ? from < BigInt(next) : from > BigInt(next)) ? from : BigInt(next);
        return [{ kind: 'run', sql: createSequence(sequence, String(start), increment) }];
      },
    },
  ];
}
