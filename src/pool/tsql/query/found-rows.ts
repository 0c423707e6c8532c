import type { Fault } from '#base/fault.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Place, SelectBody, SelectItem, WithTable } from '../syntax/ast.ts';
import type { DeleteStatement, UpdateStatement } from '../syntax/statement.ts';
import { type From, namedColumns, targetRelation, writeFrom } from './from.ts';
import { settleName } from './names.ts';
import { orderText } from './order.ts';
import type { ColumnFacts, TableFacts } from './plan.ts';
import { around as outside, countOf } from './query.ts';
import type { Relation } from './scope.ts';
import { type Choice, writeSelect } from './select.ts';
import { targetFacts, writable } from './target.ts';
import { type Around, columnOf, foldName, quoted, type Writing } from './writing.ts';
import { writeWith } from './with.ts';

/** The rows that an UPDATE or DELETE finds: its table among what FROM gives. */
export interface Found {
  readonly facts: TableFacts;
  /** The SQL of DuckDB's number of the table's row, and of what its columns hold. */
  readonly row: string;
  readonly held: (column: ColumnFacts) => string;
  readonly from: From;
  readonly around: Around;
  readonly prefix: string;
  /** One table and nothing else: no row is found twice. */
  readonly alone: boolean;
  /** And that table is FROM as it is. */
  readonly direct: boolean;
}

type Changing = (UpdateStatement | DeleteStatement) & Place;

/** Errors: 208, 229, 8154; by name for a WITH that is more than rows of one table. */
export function findRows(statement: Changing, writing: Writing, verb: 'UPDATE' | 'DELETE'): Found {
  const through = statement.from.length === 0 ? withOf(statement) : undefined;
  if (through) return findThrough(through, { statement, writing, verb });
  const { prefix, named } = writeWith(statement.with, outside(writing));
  const around: Around = { ...outside(writing), named };
  const from = statement.from.length === 0 ? undefined : writeFrom(statement.from, around);
  const within = from && targetAmong(from.relations, statement, around);
  if (from && within?.table) {
    const facts = writable(within.table.facts, writing.context, { verb, place: statement.target });
    const alone = from.relations.length === 1;
    return { facts, ...rowsOf(within.table.alias), from, around, prefix, alone, direct: alone };
  }
  const facts = targetFacts(statement.target, writing.context, verb);
  const alias = writing.fresh('t');
  const { target } = statement;
  const settled = target.kind === 'table' ? settleName(target.name, writing.context) : undefined;
  const names = settled ? [settled.name, settled.schema, writing.context.names.database] : [facts.name];
  const relation = targetRelation(facts, alias, names);
  const own = `${facts.reference} AS ${alias}`;
  return {
    facts,
    ...rowsOf(alias),
    from: { sql: from ? `${own} CROSS JOIN ${from.sql}` : own, relations: [relation, ...(from?.relations ?? [])] },
    around,
    prefix,
    alone: !from,
    direct: !from,
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

function rowsOf(alias: string): Pick<Found, 'row' | 'held'> {
  return { row: `${alias}.rowid`, held: (column) => `${alias}.${quoted(column.name)}` };
}

/** The WITH that the statement changes the rows of. */
function withOf({ target, with: tables }: Changing): WithTable | undefined {
  if (target.kind !== 'table' || target.name.parts.length !== 1) return undefined;
  const name = foldName(target.name.parts[0] ?? '');
  return tables.find((table) => foldName(table.name) === name);
}

/** Rows of one table, as a WITH numbers or chooses them: the rows of the table itself are changed. */
function findThrough(
  table: WithTable,
  { statement, writing, verb }: { readonly statement: Changing; readonly writing: Writing; readonly verb: 'UPDATE' | 'DELETE' },
): Found {
  const { query } = table;
  const { body } = query;
  const refusal = notSupported(
    `${verb} of a common table expression that is more than rows of one table`,
    statement.target,
    'Change the table itself, with the condition in WHERE.',
  );
  const [source] = body.kind === 'select' ? body.from : [];
  if (
    body.kind !== 'select' ||
    body.distinct ||
    body.from.length !== 1 ||
    source?.kind !== 'table' ||
    query.with.length > 0 ||
    query.offset ||
    query.for ||
    table.columns
  )
    throw refusal;
  const { prefix, named } = writeWith(statement.with.slice(0, statement.with.indexOf(table)), outside(writing));
  const around: Around = { ...outside(writing), named };
  let base: Relation['table'];
  const choice = writeSelect(body, query.order, { ...around, nested: true }, (relations) => {
    base = relations[0]?.table;
    const { alias, facts } = base ?? { alias: '', facts: { columns: [] } };
    return [`${alias}.rowid AS r`, ...facts.columns.map((column, place) => `${alias}.${quoted(column.name)} AS d${place + 1}`)].join(', ');
  });
  if (!base) throw refusal;
  const facts = writable(base.facts, writing.context, { verb, place: statement.target });
  if (body.items.some((item) => renames(item, facts))) throw refusal;
  const alias = writing.fresh('w');
  const columns = namedColumns(choice.columns, undefined, { label: table.name, place: table });
  const relation: Relation = {
    names: [table.name],
    label: table.name,
    columns: columns.map((column, place) => ({ name: column.name, value: columnOf(alias, place, column) })),
  };
  return {
    facts,
    row: `${alias}.r`,
    held: (column) => `${alias}.d${facts.columns.indexOf(column) + 1}`,
    from: { sql: `(${firstRows(choice, body.top, { around, refusal })}) AS ${alias}`, relations: [relation] },
    around,
    prefix,
    alone: true,
    direct: false,
  };
}

/** Gives a column the name of another one of the table. */
function renames(item: SelectItem, facts: TableFacts): boolean {
  if (item.kind !== 'expression' || item.alias === undefined) return false;
  const name = foldName(item.alias);
  const own = item.value.kind === 'column' ? foldName(item.value.name.parts.at(-1) ?? '') : '';
  return own !== name && facts.columns.some((column) => foldName(column.name) === name);
}

function firstRows(
  choice: Choice,
  top: SelectBody['top'],
  { around, refusal }: { readonly around: Around; readonly refusal: Fault },
): string {
  if (!top) return choice.sql;
  if (top.percent || top.ties) throw refusal;
  const { keys } = choice.order;
  const order = keys.length === 0 ? '' : ` ORDER BY ${orderText(keys)}`;
  return `SELECT q.* FROM (${choice.sql}) AS q${order} LIMIT ${countOf(top.count, around, { what: 'TOP', percent: false })}`;
}
