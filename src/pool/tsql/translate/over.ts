import { sqlError } from '../sql-error.ts';
import type { Expression, FrameBound, OrderItem, Window } from '../syntax/ast.ts';
import { collationOf, comparisonKey, orderKey } from './compare.ts';
import type { Scope, Typed } from './typed.ts';

interface WindowContext {
  readonly scope: Scope;
  readonly translate: (node: Expression, scope: Scope) => Typed;
}

/** `OVER (…)`, or `OVER w`. */
export function overClause(window: Window, context: WindowContext): string {
  const { refusesWindows } = context.scope;
  if (refusesWindows) throw sqlError(refusesWindows.number, refusesWindows.text, { place: window });
  if (window.name !== undefined && window.partition.length === 0 && window.order.length === 0 && window.frame === undefined)
    return `OVER ${context.scope.window(window.name, window)}`;
  return `OVER (${windowSql(window, context)})`;
}

/** What stands within the parentheses of a window. Faults: 4193, 4194, 5308, 5309, 10756. */
function windowSql(window: Window, context: WindowContext): string {
  const parts: string[] = [];
  if (window.name !== undefined) parts.push(context.scope.window(window.name, window));
  if (window.partition.length > 0)
    parts.push(`PARTITION BY ${window.partition.map((item) => comparisonKey(context.translate(item, context.scope))).join(', ')}`);
  if (window.order.length > 0) parts.push(`ORDER BY ${window.order.map((item) => windowOrder(item, context)).join(', ')}`);
  if (window.frame) {
    if (window.order.length === 0 && window.name === undefined)
      throw sqlError(10_756, 'Window frame with ROWS or RANGE must have an ORDER BY clause.', { place: window });
    const { unit, from, to } = window.frame;
    checkFrame(window.frame, window);
    parts.push(`${unit.toUpperCase()} BETWEEN ${boundSql(from)} AND ${to ? boundSql(to) : 'CURRENT ROW'}`);
  }
  return parts.join(' ');
}

/** One part of an ORDER BY: NULL comes before all values. */
export function orderSql(item: OrderItem, context: WindowContext): string {
  const value = context.translate(item.value, context.scope);
  const ordered =
    item.collation === undefined ? value : { ...value, binaryOrder: collationOf(item.collation, item).binaryOrder ? true : undefined };
  return `${orderKey(ordered)} ${item.descending ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`;
}

/** Constants order nothing. */
function windowOrder(item: OrderItem, context: WindowContext): string {
  const constant = ['null', 'integer', 'decimal', 'float', 'money', 'string'].includes(item.value.kind);
  const what = item.value.kind === 'integer' ? 'integer indices' : 'constants';
  if (constant)
    throw sqlError(
      item.value.kind === 'integer' ? 5308 : 5309,
      `Windowed functions, aggregates and NEXT VALUE FOR functions do not support ${what} as ORDER BY clause expressions.`,
      { place: item },
    );
  return orderSql(item, context);
}

const boundOrder = ['unbounded-preceding', 'preceding', 'current-row', 'following', 'unbounded-following'];

/** A frame begins before it ends, and RANGE counts no rows. */
function checkFrame({ unit, from, to }: NonNullable<Window['frame']>, place: Window): void {
  const counted = [from, to].some((bound) => bound?.kind === 'preceding' || bound?.kind === 'following');
  if (unit === 'range' && counted)
    throw sqlError(4194, 'RANGE is only supported with UNBOUNDED and CURRENT ROW window frame delimiters.', { place });
  const end = to?.kind ?? 'current-row';
  const backwards = boundOrder.indexOf(from.kind) > boundOrder.indexOf(end);
  if (!backwards && from.kind !== 'unbounded-following' && end !== 'unbounded-preceding') return;
  const words = (kind: string): string => kind.replace('-', ' ').toUpperCase();
  throw sqlError(
    4193,
    `'BETWEEN ${words(from.kind)} AND ${words(end)}' is not a valid window frame and cannot be used with the OVER clause.`,
    {
      place,
    },
  );
}

function boundSql(bound: FrameBound): string {
  if (bound.kind === 'preceding' || bound.kind === 'following') return `${bound.rows} ${bound.kind.toUpperCase()}`;
  return bound.kind.replace('-', ' ').toUpperCase();
}
