import type { FrameBound, OrderItem, Window } from './ast.ts';
import { isName, name } from './names.ts';
import type { Reader } from './reader.ts';

/** `a DESC`, `a COLLATE c`: the collation stays with the value. */
export function orderItem(p: Reader): OrderItem {
  const place = p.place();
  const value = p.expression();
  const descending = p.accept('DESC');
  if (!descending) p.accept('ASC');
  return value.kind === 'collate'
    ? { ...place, value: value.operand, descending, collation: value.collation }
    : { ...place, value, descending, collation: undefined };
}

/** What follows `OVER`: a name, or a window in parentheses. */
export function over(p: Reader): Window {
  const place = p.place();
  if (!p.is('(')) return { ...place, name: name(p), partition: [], order: [], frame: undefined };
  return windowInParentheses(p);
}

export function windowInParentheses(p: Reader): Window {
  const place = p.place();
  p.expect('(');
  const beginsWithName = isName(p.peek()) && !(p.is('PARTITION') && p.is('BY', 1)) && !p.is('ROWS') && !p.is('RANGE');
  const from = beginsWithName ? name(p) : undefined;
  const partition = p.accept('PARTITION', 'BY') ? p.list((r) => r.expression()) : [];
  const order = p.accept('ORDER', 'BY') ? p.list(orderItem) : [];
  const found = frame(p);
  p.expect(')');
  return { ...place, name: from, partition, order, frame: found };
}

function frame(p: Reader): Window['frame'] {
  const unit = p.accept('ROWS') ? 'rows' : p.accept('RANGE') ? 'range' : undefined;
  if (unit === undefined) return undefined;
  if (!p.accept('BETWEEN')) return { unit, from: bound(p), to: undefined };
  const from = bound(p);
  p.expect('AND');
  return { unit, from, to: bound(p) };
}

function bound(p: Reader): FrameBound {
  if (p.accept('CURRENT', 'ROW')) return { kind: 'current-row' };
  if (p.accept('UNBOUNDED', 'PRECEDING')) return { kind: 'unbounded-preceding' };
  if (p.accept('UNBOUNDED', 'FOLLOWING')) return { kind: 'unbounded-following' };
  const token = p.peek();
  if (token.kind !== 'integer') throw p.unexpected();
  p.advance();
  if (p.accept('PRECEDING')) return { kind: 'preceding', rows: token.text };
  p.expect('FOLLOWING');
  return { kind: 'following', rows: token.text };
}
