import { sqlError } from '../sql-error.ts';
import type { Expression, OrderItem, SelectBody, SelectItem } from '../syntax/ast.ts';
import type { Typed } from '../translate/typed.ts';
import { comparisonKey } from '../translate/compare.ts';
import { translateCondition, translateExpression } from '../translate/expression.ts';
import { writeFrom } from './from.ts';
import { groupingOf } from './grouping.ts';
import { type Item, type Ordered, resolveOrder, windowClause } from './order.ts';
import { clauses, groupedScope, type Relation, type RowScope, rowScope, type ScopeOptions } from './scope.ts';
import { type Around, type Column, foldName, placeName } from './writing.ts';

/** A SELECT without its ORDER BY and TOP: those are the query's. */
export interface Choice {
  /** Gives `c1`, … and what the order needs besides, `o1`, … */
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly order: Ordered;
}

/** What stands where the rows are chosen: the SQL after the SELECT list, and what names mean in it. */
interface Rows {
  /** Asked for when all else is written. */
  readonly tail: () => string;
  readonly scope: RowScope;
  /** Of ORDER BY, where it differs. */
  readonly ordering?: RowScope | undefined;
  /** SQL of a column that the query needs besides. */
  readonly more?: (() => string) | undefined;
}

/** `more`: a column that the query needs besides, with its name, over FROM's rows; there are no groups then. Errors: what its parts say; 145. */
export function writeSelect(
  body: SelectBody,
  order: readonly OrderItem[],
  around: Around,
  more?: (relations: readonly Relation[]) => string,
): Choice {
  const from = body.from.length === 0 ? undefined : writeFrom(body.from, around);
  const windows = new Set(body.windows.map(({ name }) => foldName(name)));
  const options = { around, relations: from?.relations ?? [], windows };
  const where = body.where && translateCondition(body.where, rowScope({ ...options, clause: clauses.where }));
  const start = `${from ? ` FROM ${from.sql}` : ''}${where === undefined ? '' : ` WHERE ${where}`}`;
  if (!body.group && !body.having) {
    let aggregates = false;
    const scope = rowScope({ ...options, clause: clauses.select, onAggregate: () => (aggregates = true) });
    const choice = choose(body, order, { tail: () => start, scope, more: more && (() => more(options.relations)) });
    if (!aggregates) return choice;
  }
  return writeGrouped(body, order, { ...options, clause: clauses.select, start });
}

/** In two steps: one query makes a row of each group, with its keys and aggregates; all else is over those rows. */
function writeGrouped(body: SelectBody, order: readonly OrderItem[], options: ScopeOptions & { readonly start: string }): Choice {
  const alias = options.around.writing.fresh('g');
  const groups = groupingOf(body.group, rowScope({ ...options, clause: clauses.group }), alias);
  const refusal = (number: number, where: string) => (label: string) => ({
    number,
    text: `Column '${label}' is invalid in the ${where} because it is not contained in either an aggregate function or the GROUP BY clause.`,
  });
  const scope = groupedScope(options, groups, refusal(8120, 'select list'));
  const having =
    body.having &&
    translateCondition(body.having, groupedScope({ ...options, clause: clauses.having }, groups, refusal(8121, 'HAVING clause')));
  return choose(body, order, {
    tail: () => ` FROM (${groups.sql(options.start)}) AS ${alias}${having === undefined ? '' : ` WHERE ${having}`}`,
    scope,
    ordering: groupedScope(options, groups, refusal(8127, 'ORDER BY clause')),
  });
}

function choose(body: SelectBody, order: readonly OrderItem[], rows: Rows): Choice {
  const items = body.items.flatMap((item) => chosenItems(item, rows.scope));
  const { distinct } = body;
  const ordered = resolveOrder(order, {
    items,
    scope: rows.ordering ?? rows.scope,
    refusal: { number: 145, text: 'ORDER BY items must appear in the select list if SELECT DISTINCT is specified.' },
  });
  if (distinct && ordered.hidden.length > 0)
    throw sqlError(145, 'ORDER BY items must appear in the select list if SELECT DISTINCT is specified.', {
      place: order[0],
      severity: 15,
    });
  const windows = windowClause(body.windows, rows.scope);
  const chosen = [
    ...items.map(({ value }, place) => `${value.sql} AS ${placeName(place)}`),
    ...ordered.hidden.map((sql, place) => `${sql} AS o${place + 1}`),
    ...(rows.more ? [rows.more()] : []),
  ];
  const sql = `SELECT ${chosen.join(', ')}${rows.tail()}${windows}`;
  return {
    sql: distinct
      ? distinctRows(
          sql,
          items.map(({ value }) => value),
        )
      : sql,
    columns: items.map(columnOfItem),
    order: ordered,
  };
}

/** Texts that differ by case or trailing blanks only are one: the least of them by its bytes stands for all. */
export function distinctRows(sql: string, columns: readonly Pick<Typed, 'type' | 'nullable' | 'binaryOrder'>[]): string {
  const keys = columns.map((column, place) => {
    const value: Typed = { ...column, sql: `d.${placeName(place)}`, literal: undefined };
    return { sql: value.sql, key: comparisonKey(value) };
  });
  if (keys.every((column) => column.sql === column.key))
    return `SELECT DISTINCT ${keys.map((column, place) => `${column.sql} AS ${placeName(place)}`).join(', ')} FROM (${sql}) AS d`;
  const chosen = keys.map((column, place) => `${column.sql === column.key ? column.sql : `min(${column.sql})`} AS ${placeName(place)}`);
  return `SELECT ${chosen.join(', ')} FROM (${sql}) AS d GROUP BY ${keys.map(({ key }) => key).join(', ')}`;
}

function columnOfItem({ name, value, isJson }: Item): Column {
  return { name, type: value.type, nullable: value.nullable, binaryOrder: value.binaryOrder, isJson: isJson || undefined };
}

function chosenItems(item: SelectItem, scope: RowScope): readonly Item[] {
  switch (item.kind) {
    case 'all':
      return scope.all(item.of, item).map(({ name, value }) => ({ name, value, isJson: false }));
    case 'expression': {
      const value = translateExpression(item.value, scope);
      return [{ name: item.alias ?? columnNameOf(item.value, value), value, isJson: isJson(item.value) }];
    }
    case 'assign':
      throw sqlError(
        10_734,
        'Variable assignment is not allowed in a statement containing a top level UNION, INTERSECT or EXCEPT operator, or in a subquery.',
        {
          place: item,
          severity: 15,
        },
      );
    default:
      return item;
  }
}

/** Only a column gives its name to what is chosen. */
function columnNameOf(expression: Expression, value: Typed): string {
  return expression.kind === 'column' ? (value.columnName ?? expression.name.parts.at(-1) ?? '') : '';
}

/** Its text is JSON already: FOR JSON puts it in as it is. */
function isJson(expression: Expression): boolean {
  if (expression.kind === 'subquery') {
    const clause = expression.query.for;
    return clause?.kind === 'json' && !clause.options.some(({ name }) => name === 'WITHOUT_ARRAY_WRAPPER');
  }
  return expression.kind === 'call' && (expression.name.parts.at(-1) ?? '').toUpperCase() === 'JSON_QUERY';
}
