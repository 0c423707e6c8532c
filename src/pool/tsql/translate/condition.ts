import { unreachable } from '#base/fault.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { ComparisonOperator, Condition, Expression, Place, Query } from '../syntax/ast.ts';
import { comparable, comparisonKey, orderKey } from './compare.ts';
import { compareThirds } from './datetime-thirds.ts';
import { likeCondition } from './like.ts';
import type { Scope, Typed } from './typed.ts';

export type TranslateExpression = (node: Expression, scope: Scope) => Typed;

/** A condition as DuckDB's, of three values like T-SQL's. */
export function conditionSql(node: Condition, scope: Scope, translate: TranslateExpression): string {
  const within = (inner: Condition): string => conditionSql(inner, scope, translate);
  const value = (inner: Expression): Typed => translate(inner, scope);
  switch (node.kind) {
    case 'and':
    case 'or':
      return joined(node, within);
    case 'not':
      return `(NOT ${within(node.operand)})`;
    case 'compare':
      return compare(node.operator, value(node.left), value(node.right), { place: node, scope });
    case 'compare-all':
      return quantified(node, value(node.left), scope);
    case 'is-null':
      return `(${value(node.operand).sql} IS ${node.negated ? 'NOT ' : ''}NULL)`;
    case 'is-distinct': {
      const [left, right] = comparable([value(node.left), value(node.right)], options(node, scope)).map(comparisonKey);
      return `(${left} IS ${node.negated ? 'NOT ' : ''}DISTINCT FROM ${right})`;
    }
    case 'between': {
      const [operand, low, high] = comparable([node.operand, node.low, node.high].map(value), options(node, scope)).map(orderKey);
      return `(${operand} ${node.negated ? 'NOT ' : ''}BETWEEN ${low} AND ${high})`;
    }
    case 'in': {
      const [operand, ...values] = comparable([node.operand, ...node.values].map(value), options(node, scope)).map(comparisonKey);
      return `(${operand} ${node.negated ? 'NOT ' : ''}IN (${values.join(', ')}))`;
    }
    case 'in-query':
      return inQuery(node, value(node.operand), scope);
    case 'like':
      return likeCondition(node, { operand: value(node.operand), pattern: value(node.pattern), escape: node.escape && value(node.escape) });
    case 'exists':
      return `EXISTS (${scope.query(node.query).sql})`;
    case 'predicate':
      throw notSupported(node.name, node);
    default:
      return unreachable(node);
  }
}

/** Long chains stay flat: each is one pair of parentheses. */
function joined(node: Extract<Condition, { kind: 'and' | 'or' }>, within: (inner: Condition) => string): string {
  const parts: string[] = [];
  let left: Condition = node;
  while (left.kind === node.kind) {
    parts.push(within(left.right));
    left = left.left;
  }
  parts.push(within(left));
  return `(${parts.toReversed().join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
}

function options(place: Place, scope: Scope): { readonly place: Place; readonly dateFormat: string } {
  return { place, dateFormat: scope.settings.dateFormat };
}

/** `left operator right`. */
export function compare(
  operator: ComparisonOperator,
  left: Typed,
  right: Typed,
  where: { readonly place: Place; readonly scope: Scope },
): string {
  const thirds = compareThirds(operator, [left, right], options(where.place, where.scope));
  if (thirds !== undefined) return thirds;
  const key = operator === '=' || operator === '<>' ? comparisonKey : orderKey;
  const [a, b] = comparable([left, right], options(where.place, where.scope)).map(key);
  return `(${a} ${operator} ${b})`;
}

/** The only column of a query within a condition. */
function onlyColumn(query: Query, scope: Scope): { readonly sql: string; readonly column: Typed } {
  const made = scope.query(query);
  const [column, another] = made.columns;
  if (column === undefined || another !== undefined)
    throw sqlError(116, 'Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.', {
      place: query,
    });
  return { sql: made.sql, column: { ...column, sql: 'sub.c', literal: undefined } };
}

function inQuery(node: Extract<Condition, { kind: 'in-query' }>, operand: Typed, scope: Scope): string {
  const { sql, column } = onlyColumn(node.query, scope);
  const [left, right] = comparable([operand, column], options(node, scope)).map(comparisonKey);
  return `(${left} ${node.negated ? 'NOT ' : ''}IN (SELECT ${right} FROM (${sql}) AS sub(c)))`;
}

function quantified(node: Extract<Condition, { kind: 'compare-all' }>, operand: Typed, scope: Scope): string {
  const { sql, column } = onlyColumn(node.query, scope);
  const key = node.operator === '=' || node.operator === '<>' ? comparisonKey : orderKey;
  const [left, right] = comparable([operand, column], options(node, scope)).map(key);
  return `(${left} ${node.operator} ${node.quantifier === 'all' ? 'ALL' : 'ANY'} (SELECT ${right} FROM (${sql}) AS sub(c)))`;
}
