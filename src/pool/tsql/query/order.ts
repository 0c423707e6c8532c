import { sqlError } from '../sql-error.ts';
import type { Expression, OrderItem, SelectBody, Window } from '../syntax/ast.ts';
import type { Scope, Typed } from '../translate/typed.ts';
import { comparisonKey, orderKey } from '../translate/compare.ts';
import { translateExpression } from '../translate/expression.ts';
import { foldName, placeName, quoted } from './writing.ts';

/** A column as it is chosen. */
export interface Item {
  readonly name: string;
  readonly value: Typed;
  readonly isJson: boolean;
}

/** What rows are put in order by: SQL over the rows of the query, which are called `q`. */
export interface OrderKey {
  readonly sql: string;
  readonly descending: boolean;
}

export interface Ordered {
  readonly keys: readonly OrderKey[];
  /** Columns that are chosen for the order only, called `o1`, `o2`, … */
  readonly hidden: readonly string[];
}

export interface OrderRules {
  readonly items: readonly Item[];
  /** Undefined: only what is chosen may be ordered by, and this error says so. */
  readonly scope: Scope | undefined;
  readonly refusal: { readonly number: number; readonly text: string };
}

/** ORDER BY's terms: a column's place, its name or alias, or an expression of the rows. Errors: 108, 209, 408, 145, 104. */
export function resolveOrder(order: readonly OrderItem[], rules: OrderRules): Ordered {
  const keys: OrderKey[] = [];
  const hidden: string[] = [];
  for (const [at, item] of order.entries()) {
    const place = chosenPlace(item, rules) ?? samePlace(item, rules);
    if (typeof place === 'number') {
      keys.push({ sql: keyAt(place, item, rules.items), descending: item.descending });
      continue;
    }
    if (!rules.scope) throw sqlError(rules.refusal.number, rules.refusal.text, { place: item });
    if (isConstant(item.value))
      throw sqlError(408, `A constant expression was encountered in the ORDER BY list, position ${at + 1}.`, { place: item });
    hidden.push(orderKey(place ?? translateExpression(collated(item), rules.scope)));
    keys.push({ sql: `q.o${hidden.length}`, descending: item.descending });
  }
  return { keys, hidden };
}

/** NULLs are the smallest of all. */
export function orderText(keys: readonly OrderKey[]): string {
  return keys.map(({ sql, descending }) => `${sql} ${descending ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`).join(', ');
}

function collated(item: OrderItem): Expression {
  return item.collation === undefined
    ? item.value
    : { kind: 'collate', operand: item.value, collation: item.collation, at: item.at, line: item.line };
}

function keyAt(place: number, item: OrderItem, items: readonly Item[]): string {
  const value: Typed = { ...items[place]!.value, sql: `q.${placeName(place)}`, literal: undefined };
  return orderKey(item.collation === undefined ? value : { ...value, binaryOrder: /_BIN2?$/i.test(item.collation) || undefined });
}

/** A number, or the name of what is chosen. */
function chosenPlace({ value }: OrderItem, { items }: OrderRules): number | undefined {
  if (value.kind === 'integer') {
    const place = Number(value.text);
    if (place >= 1 && place <= items.length) return place - 1;
    throw sqlError(108, `The ORDER BY position number ${value.text} is out of range of the number of items in the select list.`, {
      place: value,
    });
  }
  if (value.kind !== 'column' || value.name.parts.length !== 1) return undefined;
  const wanted = foldName(value.name.parts[0] ?? '');
  const places = items.flatMap(({ name }, place) => (foldName(name) === wanted ? [place] : []));
  const first = places[0];
  if (first === undefined) return undefined;
  if (places.some((place) => items[place]!.value.sql !== items[first]!.value.sql))
    throw sqlError(209, `Ambiguous column name '${value.name.parts[0] ?? ''}'.`, { place: value });
  return first;
}

/** The place of what is chosen and is the same expression; otherwise the expression. */
function samePlace(item: OrderItem, { items, scope }: OrderRules): number | Typed | undefined {
  if (!scope || isConstant(item.value)) return undefined;
  const value = translateExpression(collated(item), scope);
  const place = items.findIndex((chosen) => chosen.value.sql === value.sql);
  return place < 0 || item.collation !== undefined ? value : place;
}

function isConstant(expression: Expression): boolean {
  const { kind } = expression;
  if (kind === 'binary') return 'hex' in expression;
  return ['null', 'decimal', 'float', 'money', 'string'].includes(kind);
}

/** The WINDOW clause with what stands before it, or nothing. */
export function windowClause(windows: SelectBody['windows'], scope: Scope): string {
  if (windows.length === 0) return '';
  return ` WINDOW ${windows.map(({ name, window }) => `${quoted(`w ${foldName(name)}`)} AS (${windowText(window, scope)})`).join(', ')}`;
}

function windowText(window: Window, scope: Scope): string {
  const partition = window.partition.map((value) => comparisonKey(translateExpression(value, scope)));
  const order = window.order.map((item) => ({ sql: orderKey(translateExpression(collated(item), scope)), descending: item.descending }));
  return [
    window.name === undefined ? '' : scope.window(window.name, window),
    partition.length === 0 ? '' : `PARTITION BY ${partition.join(', ')}`,
    order.length === 0 ? '' : `ORDER BY ${orderText(order)}`,
    window.frame === undefined ? '' : frameText(window.frame),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function frameText({ unit, from, to }: NonNullable<Window['frame']>): string {
  const bound = (at: typeof from): string =>
    'rows' in at ? `${at.rows} ${at.kind.toUpperCase()}` : at.kind.replace('-', ' ').toUpperCase();
  return to === undefined ? `${unit.toUpperCase()} ${bound(from)}` : `${unit.toUpperCase()} BETWEEN ${bound(from)} AND ${bound(to)}`;
}
