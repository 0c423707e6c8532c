import type { BinaryOperator, Condition, ComparisonOperator, Expression, Place, Query } from './ast.ts';
import { name } from './names.ts';
import { primary } from './primary.ts';
import type { Reader } from './reader.ts';

const factors: ReadonlySet<string> = new Set(['*', '/', '%']);
const terms: ReadonlySet<string> = new Set(['+', '-', '&', '|', '^', '<<', '>>']);
const comparisons: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const signs: ReadonlySet<string> = new Set(['+', '-']);

const conditionKinds: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'compare',
  'compare-all',
  'is-null',
  'is-distinct',
  'between',
  'in',
  'in-query',
  'like',
  'exists',
  'predicate',
] satisfies Condition['kind'][]);

/** Hundreds of operators in a row cost the engine seconds before it begins. */
const levelsOfOperator = 3;

type Either = Expression | Condition;

function isCondition(node: Either): node is Condition {
  return conditionKinds.has(node.kind);
}

/** A value. Where a condition stands instead, its operator is what cannot be read. */
export function expression(p: Reader): Expression {
  const outer = p.enter();
  const value = asExpression(p, sum(p, false));
  p.leave(outer);
  return value;
}

export function condition(p: Reader): Condition {
  const outer = p.enter();
  const found = asCondition(p, disjunction(p));
  p.leave(outer);
  return found;
}

export function expressionOrCondition(p: Reader): Either {
  const outer = p.enter();
  const found = disjunction(p);
  p.leave(outer);
  return found;
}

function asExpression(p: Reader, node: Either): Expression {
  if (isCondition(node)) throw p.unexpected();
  return node;
}

function asCondition(p: Reader, node: Either): Condition {
  if (isCondition(node)) return node;
  const token = p.atEnd ? p.previous : p.peek();
  const text = token.kind === 'string' || token.kind === 'binary' ? '...' : token.text.slice(0, 128);
  throw p.error(4145, `An expression of non-boolean type specified in a context where a condition is expected, near '${text}'.`, token);
}

/** Of many operands in a row a tree of little height: in which order they are looked at does not matter. */
function balanced(kind: 'and' | 'or', operands: readonly Condition[]): Condition {
  if (operands.length === 1) return operands[0] as Condition;
  const half = operands.length >> 1;
  const left = balanced(kind, operands.slice(0, half));
  const right = balanced(kind, operands.slice(half));
  return { at: left.at, line: left.line, kind, left, right };
}

function disjunction(p: Reader): Either {
  const first = conjunction(p);
  if (!p.is('OR')) return first;
  const operands = [asCondition(p, first)];
  while (p.accept('OR')) operands.push(asCondition(p, conjunction(p)));
  return balanced('or', operands);
}

function conjunction(p: Reader): Either {
  const first = negation(p);
  if (!p.is('AND')) return first;
  const operands = [asCondition(p, first)];
  while (p.accept('AND')) operands.push(asCondition(p, negation(p)));
  return balanced('and', operands);
}

function negation(p: Reader): Either {
  if (!p.is('NOT')) return predicate(p);
  const place = p.place();
  p.advance();
  const outer = p.enter();
  const operand = asCondition(p, negation(p));
  p.leave(outer);
  return { ...place, kind: 'not', operand };
}

const searches: ReadonlySet<string> = new Set(['CONTAINS', 'FREETEXT', 'UPDATE', 'MATCH', 'COLUMNS_UPDATED', 'TSEQUAL']);

function predicate(p: Reader): Either {
  const place = p.place();
  if (p.is('EXISTS')) {
    p.advance();
    return { ...place, kind: 'exists', query: subquery(p) };
  }
  if (p.isAny(searches) && p.is('(', 1)) {
    const { upper } = p.advance();
    p.skipEnclosed();
    return { ...place, kind: 'predicate', name: upper };
  }
  const left = sum(p, true);
  return isCondition(left) ? left : comparison(p, place, left);
}

/** A query in parentheses. */
function subquery(p: Reader): Query {
  p.expect('(');
  const query = p.subquery();
  p.expect(')');
  return query;
}

/** What is said of a value after it; the value itself where nothing is. */
function comparison(p: Reader, place: Place, left: Expression): Either {
  const { upper } = p.peek();
  if (comparisons.has(upper)) return compared(p, place, left);
  if (upper === 'IS') return isPredicate(p, place, left);
  const negated = upper === 'NOT';
  const word = negated ? p.peek(1).upper : upper;
  if (word !== 'BETWEEN' && word !== 'IN' && word !== 'LIKE') return left;
  p.accept('NOT');
  p.advance();
  if (word === 'BETWEEN') {
    const low = operand(p);
    p.expect('AND');
    return { ...place, kind: 'between', operand: left, low, high: operand(p), negated };
  }
  if (word === 'LIKE') {
    const pattern = operand(p);
    const escape = likeEscape(p);
    return { ...place, kind: 'like', operand: left, pattern, escape, negated };
  }
  return inList(p, { place, left, negated });
}

function operand(p: Reader): Expression {
  return asExpression(p, sum(p, false));
}

function likeEscape(p: Reader): Expression | undefined {
  if (p.accept('ESCAPE')) return operand(p);
  // ODBC's {escape '\'}
  if (!p.accept('{', 'ESCAPE')) return undefined;
  const escape = operand(p);
  p.expect('}');
  return escape;
}

function compared(p: Reader, place: Place, left: Expression): Condition {
  const operator = p.advance().upper as ComparisonOperator;
  const { upper } = p.peek();
  if (upper === 'ALL' || upper === 'ANY' || upper === 'SOME') {
    p.advance();
    return { ...place, kind: 'compare-all', quantifier: upper === 'ALL' ? 'all' : 'any', operator, left, query: subquery(p) };
  }
  return { ...place, kind: 'compare', operator, left, right: operand(p) };
}

function isPredicate(p: Reader, place: Place, left: Expression): Condition {
  p.expect('IS');
  const negated = p.accept('NOT');
  if (p.accept('NULL')) return { ...place, kind: 'is-null', operand: left, negated };
  p.expect('DISTINCT', 'FROM');
  return { ...place, kind: 'is-distinct', left, right: operand(p), negated };
}

function inList(p: Reader, { place, left, negated }: { place: Place; left: Expression; negated: boolean }): Condition {
  p.expect('(');
  const query = p.is('SELECT') || p.is('WITH') ? p.subquery() : undefined;
  const values = query === undefined ? p.list(expression) : [];
  const only = values.length === 1 ? values[0] : undefined;
  const found = query ?? (only?.kind === 'subquery' ? p.queryFrom(only.query) : undefined);
  p.expect(')');
  if (found !== undefined) return { ...place, kind: 'in-query', operand: left, query: found, negated };
  return { ...place, kind: 'in', operand: left, values, negated };
}

/** `+ - & | ^`, and signs, which reach over products: `-2 * 3` is `-(2 * 3)`. */
function sum(p: Reader, conditions: boolean): Either {
  let left = p.isAny(signs) ? signed(p) : product(p, conditions);
  while (p.isAny(terms)) {
    const operator = p.peek().upper as BinaryOperator;
    if (isCondition(left)) throw p.unexpected();
    p.advance();
    p.grow(levelsOfOperator);
    const right: Expression = p.isAny(signs) ? signed(p) : asExpression(p, product(p, false));
    left = { at: left.at, line: left.line, kind: 'binary', operator, left, right };
  }
  return left;
}

function signed(p: Reader): Expression {
  const place = p.place();
  const operator = p.advance().upper as '+' | '-';
  const outer = p.enter();
  const value = p.isAny(signs) ? signed(p) : asExpression(p, product(p, false));
  p.leave(outer);
  return { ...place, kind: 'unary', operator, operand: value };
}

function product(p: Reader, conditions: boolean): Either {
  let left = postfixed(p, conditions);
  while (p.isAny(factors)) {
    const operator = p.peek().upper as BinaryOperator;
    if (isCondition(left)) throw p.unexpected();
    p.advance();
    p.grow(levelsOfOperator);
    const right: Expression = p.isAny(signs) ? signed(p) : asExpression(p, postfixed(p, false));
    left = { at: left.at, line: left.line, kind: 'binary', operator, left, right };
  }
  return left;
}

/** An operand with `COLLATE` and `AT TIME ZONE`. */
function postfixed(p: Reader, conditions: boolean): Either {
  let value = tilde(p, conditions);
  for (;;) {
    if (p.peek().kind !== 'word' || isCondition(value)) return value;
    const place: Place = { at: value.at, line: value.line };
    if (p.accept('COLLATE')) {
      p.grow();
      value = { ...place, kind: 'collate', operand: value, collation: name(p) };
    } else if (p.accept('AT', 'TIME', 'ZONE')) {
      p.grow();
      value = { ...place, kind: 'at-time-zone', operand: value, zone: asExpression(p, tilde(p, false)) };
    } else return value;
  }
}

function tilde(p: Reader, conditions: boolean): Either {
  if (!p.is('~')) return primary(p, conditions);
  const place = p.place();
  p.advance();
  const outer = p.enter();
  const value = asExpression(p, tilde(p, false));
  p.leave(outer);
  return { ...place, kind: 'unary', operator: '~', operand: value };
}
