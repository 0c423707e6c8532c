import { notSupported, sqlError } from '../sql-error.ts';
import type { Expression, OrderItem, Query, QueryBody, SelectBody } from '../syntax/ast.ts';
import { castTo } from './expressions.ts';
import { translateExpression } from '../translate/expression.ts';
import { jsonOf } from './for-json.ts';
import { type Ordered, orderText, resolveOrder } from './order.ts';
import { clauses, rowScope } from './scope.ts';
import { writeSelect } from './select.ts';
import { writeSetOperation } from './set-operation.ts';
import { type Around, type Column, columnOf, placeName, type Selected, type Writing } from './writing.ts';
import { writeWith } from './with.ts';
import type { PlanContext } from './plan.ts';

/** Begins the work on a statement. */
export function beginWriting(context: PlanContext, options: readonly string[] = []): Writing {
  let names = 0;
  return {
    context,
    maxRecursion: maxRecursion(options),
    fresh: (letter) => `${letter}${++names}`,
    query: writeQuery,
  };
}

/** Outside of everything. */
export function around(writing: Writing): Around {
  return { writing, outer: undefined, named: new Map(), nested: false };
}

function maxRecursion(options: readonly string[]): number {
  for (const option of options) {
    const found = /^MAXRECURSION\s+(\d+)$/i.exec(option);
    if (!found) continue;
    const limit = Number(found[1]);
    if (limit > 32_767)
      throw sqlError(310, `The value ${limit} specified for the MAXRECURSION option exceeds the allowed maximum of 32767.`);
    return limit;
  }
  return 100;
}

/** A query with a column `n` besides, by which its rows are in their order. */
export function writeNumbered(query: Query, outside: Around): Selected {
  const { prefix, named } = writeWith(query.with, outside);
  const inside: Around = { ...outside, named };
  const rows = writeRows(query, inside);
  const { rowCount } = outside.writing.context;
  const { sql, columns } = finished(rows, { top: rows.top, offset: query.offset, fetch: query.fetch, rowCount }, inside, true);
  return { sql: `${prefix}${sql}`, columns };
}

/** Any query, with all that belongs to it. Errors: 1033, 1062, 10741 and what its parts say. */
function writeQuery(query: Query, outside: Around): Selected {
  const { prefix, named } = writeWith(query.with, outside);
  const inside: Around = { ...outside, named };
  const rows = writeRows(query, inside);
  const top = rows.top;
  if (outside.nested && query.order.length > 0 && !top && !query.offset && !query.for)
    throw sqlError(
      1033,
      'The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.',
      { place: query.order[0], severity: 15 },
    );
  if (top && query.offset) throw sqlError(10_741, 'A TOP can not be used in the same query or sub-query as a OFFSET.', { place: query });
  const limits: Limits = {
    top,
    offset: query.offset,
    fetch: query.fetch,
    rowCount: outside.nested ? undefined : outside.writing.context.rowCount,
  };
  if (query.for) {
    if (query.for.kind !== 'json')
      throw notSupported(`FOR ${query.for.kind.toUpperCase()}`, query.for, query.for.kind === 'xml' ? 'Use FOR JSON.' : undefined);
    const numbered = finished(rows, limits, inside, true);
    const json = jsonOf(numbered, query, outside.nested);
    return { sql: `${prefix}${json.sql}`, columns: json.columns };
  }
  const { sql, columns } = finished(rows, limits, inside, false);
  return { sql: `${prefix}${sql}`, columns };
}

interface Chosen extends Selected {
  readonly order: Ordered;
  readonly top: SelectBody['top'];
}

interface Limits {
  readonly top: SelectBody['top'];
  readonly offset: Expression | undefined;
  readonly fetch: Expression | undefined;
  readonly rowCount: string | undefined;
}

function writeRows({ body, order }: Query, inside: Around): Chosen {
  if (body.kind === 'select') {
    if (body.into && inside.nested) throw sqlError(1086, 'An INTO clause is not allowed in a subquery.', { place: body });
    return { ...writeSelect(body, order, inside), top: body.top };
  }
  const selected = writeBranch(body, inside);
  return { ...selected, order: chosenOrder(order, selected.columns), top: undefined };
}

/** A query of a set operation. */
function writeBranch(body: QueryBody, inside: Around): Selected {
  if (body.kind === 'set') return writeSetOperation(body, inside, (branch) => writeBranch(branch, inside));
  if (body.kind === 'nested') return writeQuery(body.query, { ...inside, nested: true });
  if (body.into)
    throw notSupported('INTO in a set operation', body, 'Put the whole into a derived table, and select from it INTO the table.');
  const rows = writeSelect(body, [], inside);
  return body.top
    ? finished({ ...rows, top: body.top }, { top: body.top, offset: undefined, fetch: undefined, rowCount: undefined }, inside, false)
    : rows;
}

/** The order of a set operation's rows: by columns of its own only. */
function chosenOrder(order: readonly OrderItem[], columns: readonly Column[]): Ordered {
  return resolveOrder(order, {
    items: columns.map((column, place) => ({ name: column.name, value: columnOf('q', place, column), isJson: false })),
    scope: undefined,
    refusal: {
      number: 104,
      text: 'ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.',
    },
  });
}

/** Puts rows in order and takes the first of them. `numbered`: with a column `n` that keeps the order. */
function finished(rows: Chosen, limits: Limits, inside: Around, numbered: boolean): Selected {
  const { order } = rows;
  const { top } = limits;
  if (top?.ties === true && order.keys.length === 0)
    throw sqlError(1062, 'The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.', { place: top.count });
  const columns = rows.columns.map((column) => (column.type ? column : { ...column, type: { name: 'int' as const } }));
  const isPlain = order.keys.length === 0 && !top && !limits.offset && limits.rowCount === undefined && !numbered;
  if (isPlain && rows.columns.every(({ type }) => type)) return { sql: rows.sql, columns };
  const by = order.keys.length === 0 ? '' : `ORDER BY ${orderText(order.keys)}`;
  // What is nothing but NULL is an int, once there is nothing left that it could take its type from.
  const chosen = rows.columns.map(({ type }, place) => (type ? `q.${placeName(place)}` : `CAST(NULL AS INTEGER) AS ${placeName(place)}`));
  if (numbered) chosen.push(`row_number() OVER (${by}) AS n`);
  const parts = [`SELECT ${chosen.join(', ')} FROM (${rows.sql}) AS q`];
  if (top && (top.percent || top.ties)) {
    const count = countOf(top.count, inside, { what: 'TOP', percent: top.percent });
    const rank = top.ties ? 'rank()' : 'row_number()';
    parts.push(`QUALIFY ${rank} OVER (${by}) <= ${top.percent ? `ceil(${count} * count(*) OVER () / 100.0)` : count}`);
  }
  if (by !== '') parts.push(by);
  const least: string[] = [];
  if (top && !top.percent && !top.ties) least.push(countOf(top.count, inside, { what: 'TOP', percent: false }));
  if (limits.fetch) least.push(countOf(limits.fetch, inside, { what: 'FETCH', percent: false }));
  if (limits.rowCount !== undefined) least.push(limits.rowCount);
  if (least.length > 0) parts.push(`LIMIT ${least.length === 1 ? least[0]! : `least(${least.join(', ')})`}`);
  if (limits.offset) parts.push(`OFFSET ${countOf(limits.offset, inside, { what: 'OFFSET', percent: false })}`);
  return { sql: parts.join(' '), columns };
}

type CountUse = { readonly what: 'TOP' | 'FETCH' | 'OFFSET'; readonly percent: boolean };

/** A number of rows as DuckDB's LIMIT takes it. Errors: 1014, 1060, 10742, 10744, 1031. */
export function countOf(expression: Expression, inside: Around, use: CountUse): string {
  const value = translateExpression(
    expression,
    rowScope({ around: { ...inside, outer: undefined }, relations: [], clause: clauses.where }),
  );
  const integers = ['tinyint', 'smallint', 'int', 'bigint'];
  if (!use.percent && !integers.includes(value.type?.name ?? ''))
    throw sqlError(1060, 'The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.', {
      place: expression,
    });
  const literal = value.literal?.kind === 'integer' ? BigInt(value.literal.text) : undefined;
  if (literal !== undefined && literal < 0n) throw negativeCount(use, expression);
  if (literal === 0n && use.what === 'FETCH')
    throw sqlError(10_744, 'The number of rows provided for a FETCH clause must be greater then zero.', { place: expression });
  if (use.percent) return `CAST(${castTo(value, { name: 'float' }).sql} AS DOUBLE)`;
  return literal === undefined ? `CAST(${value.sql} AS BIGINT)` : String(literal);
}

function negativeCount({ what }: CountUse, place: Expression) {
  return what === 'OFFSET'
    ? sqlError(10_742, 'The offset specified in a OFFSET clause may not be negative.', { place })
    : sqlError(127, 'A TOP N or FETCH rowcount value may not be negative.', { place, severity: 15 });
}
