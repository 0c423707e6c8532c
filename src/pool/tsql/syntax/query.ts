import type {
  AssignOperator,
  Condition,
  Expression,
  ForClause,
  GroupBy,
  GroupItem,
  Place,
  Query,
  QueryBody,
  SelectBody,
  SelectItem,
  SetOperation,
  TableSource,
  Window,
  WithTable,
} from './ast.ts';
import { alias, isName, name, nameList, objectName } from './names.ts';
import type { Reader } from './reader.ts';
import { isReserved } from './reserved.ts';
import { fromClause } from './source.ts';
import { orderItem, windowInParentheses } from './window.ts';

const assignments: ReadonlySet<string> = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=']);
const setWords: ReadonlySet<string> = new Set(['UNION', 'EXCEPT', 'INTERSECT']);

/** A whole query, with its `WITH`. */
export function query(p: Reader): Query {
  const place = p.place();
  const outer = p.enter();
  const made = queryAfter(p, place, withTables(p));
  p.leave(outer);
  return made;
}

/** A query whose `WITH` has been read. */
export function queryAfter(p: Reader, place: Place, tables: readonly WithTable[]): Query {
  return tail(p, place, tables, setOperations(p, intersections(p, queryTerm(p))));
}

/** Goes on where a query in parentheses turned out to be the first part of a larger one; gives it back where nothing follows. */
export function queryFrom(p: Reader, first: Query): Query {
  if (!p.isAny(setWords)) return first;
  const place: Place = { at: first.at, line: first.line };
  const nested: QueryBody = { ...place, kind: 'nested', query: first };
  return tail(p, place, [], setOperations(p, intersections(p, nested)));
}

/** `WITH a (x) AS (…), b AS (…)`; empty where there is none. */
export function withTables(p: Reader): WithTable[] {
  if (!p.accept('WITH')) return [];
  if (p.is('XMLNAMESPACES') || p.is('CHANGE_TRACKING_CONTEXT')) throw p.unsupported(`WITH ${p.peek().upper}`);
  return p.list((r) => {
    const place = r.place();
    const named = name(r);
    const columns = r.is('(') ? nameList(r) : undefined;
    r.expect('AS', '(');
    const inner = r.query();
    r.expect(')');
    return { ...place, name: named, columns, query: inner };
  });
}

function tail(p: Reader, place: Place, tables: readonly WithTable[], body: QueryBody): Query {
  const order = p.accept('ORDER', 'BY') ? p.list(orderItem) : [];
  const offset = order.length > 0 && p.accept('OFFSET') ? rowCount(p) : undefined;
  const fetch = offset !== undefined && p.accept('FETCH') ? fetchCount(p) : undefined;
  const made = p.is('FOR') ? forClause(p) : undefined;
  return { ...place, with: tables, body, order, offset, fetch, for: made, options: options(p) };
}

function rowCount(p: Reader): Expression {
  const count = p.expression();
  if (!p.accept('ROWS')) p.expect('ROW');
  return count;
}

function fetchCount(p: Reader): Expression {
  if (!p.accept('NEXT')) p.expect('FIRST');
  const count = rowCount(p);
  p.expect('ONLY');
  return count;
}

/** `OPTION (…)`: each hint as written. */
export function options(p: Reader): readonly string[] {
  return p.accept('OPTION') ? p.enclosed((r) => r.words()) : [];
}

function queryTerm(p: Reader): QueryBody {
  if (p.is('SELECT')) return selectBody(p);
  const place = p.place();
  p.expect('(');
  const inner = p.query();
  p.expect(')');
  return { ...place, kind: 'nested', query: inner };
}

function joined(p: Reader, operator: SetOperation['operator'], left: QueryBody, right: QueryBody): SetOperation {
  p.grow();
  return { at: left.at, line: left.line, kind: 'set', operator, left, right };
}

/** INTERSECT binds before UNION and EXCEPT, which go from left to right. */
function intersections(p: Reader, first: QueryBody): QueryBody {
  let left = first;
  while (p.accept('INTERSECT')) left = joined(p, 'intersect', left, queryTerm(p));
  return left;
}

function setOperations(p: Reader, first: QueryBody): QueryBody {
  let left = first;
  for (;;) {
    const operator = p.accept('UNION') ? (p.accept('ALL') ? 'union-all' : 'union') : p.accept('EXCEPT') ? 'except' : undefined;
    if (operator === undefined) return left;
    left = joined(p, operator, left, intersections(p, queryTerm(p)));
  }
}

function selectBody(p: Reader): SelectBody {
  const place = p.place();
  p.expect('SELECT');
  const distinct = p.accept('DISTINCT');
  if (!distinct) p.accept('ALL');
  const limit = top(p);
  const items = selectItems(p);
  const into = p.accept('INTO') ? objectName(p) : undefined;
  if (into !== undefined && p.is('ON')) throw p.unsupported('SELECT … INTO … ON a filegroup');
  const from: readonly TableSource[] = p.is('FROM') ? fromClause(p) : [];
  const where: Condition | undefined = p.accept('WHERE') ? p.condition() : undefined;
  const group = p.is('GROUP') ? groupBy(p) : undefined;
  const having = p.accept('HAVING') ? p.condition() : undefined;
  const windows = p.is('WINDOW') && isName(p.peek(1)) && p.is('AS', 2) ? windowClause(p) : [];
  return { ...place, kind: 'select', distinct, top: limit, items, into, from, where, group, having, windows };
}

/** `TOP 5`, `TOP (@n) PERCENT WITH TIES`. */
export function top(p: Reader): SelectBody['top'] {
  if (!p.accept('TOP')) return undefined;
  const token = p.peek();
  let count: Expression;
  if (p.accept('(')) {
    count = p.expression();
    p.expect(')');
  } else if (token.kind === 'integer' || token.kind === 'float' || token.kind === 'decimal') {
    p.advance();
    count = { ...p.place(token), kind: token.kind, text: token.text };
  } else if (token.kind === 'variable') {
    p.advance();
    count = { ...p.place(token), kind: 'variable', name: token.text };
  } else throw p.unexpected();
  const percent = p.accept('PERCENT');
  return { count, percent, ties: p.accept('WITH', 'TIES') };
}

export function selectItems(p: Reader): SelectItem[] {
  return p.list(selectItem);
}

function selectItem(p: Reader): SelectItem {
  const place = p.place();
  const token = p.peek();
  if (p.accept('*')) return { ...place, kind: 'all', of: undefined };
  if (token.kind === 'variable' && p.isAny(assignments, 1)) {
    p.advance();
    const operator = p.advance().upper as AssignOperator;
    return { ...place, kind: 'assign', variable: token.text, operator, value: p.expression() };
  }
  if ((isName(token) || token.kind === 'string') && p.is('=', 1)) {
    p.advance();
    p.advance();
    return { ...place, kind: 'expression', value: p.expression(), alias: token.text };
  }
  const star = qualifiedStar(p);
  if (star !== undefined) return star;
  const value = p.expression();
  return { ...place, kind: 'expression', value, alias: alias(p, true) };
}

/** `t.*`, `dbo.t.*` */
function qualifiedStar(p: Reader): SelectItem | undefined {
  let ahead = 0;
  while (isName(p.peek(ahead)) && p.is('.', ahead + 1) && ahead < 8) ahead += 2;
  if (ahead === 0 || !p.is('*', ahead)) return undefined;
  const place = p.place();
  const parts: string[] = [];
  while (!p.accept('*')) {
    parts.push(name(p));
    p.expect('.');
  }
  return { ...place, kind: 'all', of: { ...place, parts } };
}

function groupBy(p: Reader): GroupBy {
  const place = p.place();
  p.expect('GROUP', 'BY');
  const all = p.accept('ALL');
  const items = p.list(groupItem);
  if (p.accept('WITH', 'ROLLUP')) return { ...place, items: [{ kind: 'rollup', sets: plainSets(p, items) }], all };
  if (p.accept('WITH', 'CUBE')) return { ...place, items: [{ kind: 'cube', sets: plainSets(p, items) }], all };
  // Synapse's hint: GROUP BY a WITH (DISTRIBUTED_AGG)
  if (p.is('WITH') && p.is('DISTRIBUTED_AGG', 2)) {
    p.advance();
    p.skipEnclosed();
  }
  return { ...place, items, all };
}

function plainSets(p: Reader, items: readonly GroupItem[]): readonly (readonly Expression[])[] {
  return items.map((item) => {
    if (item.kind === 'expression') return [item.value];
    throw p.error(10702, 'The WITH CUBE and WITH ROLLUP options are not permitted with a ROLLUP, CUBE, or GROUPING SETS specification.');
  });
}

function groupItem(p: Reader): GroupItem {
  const outer = p.enter();
  const made = groupItemInside(p);
  p.leave(outer);
  return made;
}

function groupItemInside(p: Reader): GroupItem {
  const kind = p.is('ROLLUP') ? 'rollup' : p.is('CUBE') ? 'cube' : undefined;
  if (kind !== undefined && p.is('(', 1)) {
    p.advance();
    return { kind, sets: p.enclosed(expressionSet) };
  }
  if (p.accept('GROUPING', 'SETS')) return { kind: 'sets', sets: p.enclosed(groupingSet) };
  return { kind: 'expression', value: p.expression() };
}

/** `a`, or `(a, b)`, or `()`. */
function expressionSet(p: Reader): readonly Expression[] {
  if (!p.is('(')) return [p.expression()];
  p.advance();
  if (p.accept(')')) return [];
  const values = p.list((r) => r.expression());
  p.expect(')');
  return values;
}

function groupingSet(p: Reader): GroupItem | readonly Expression[] {
  if (p.is('(')) return expressionSet(p);
  const item = groupItem(p);
  return item.kind === 'expression' ? [item.value] : item;
}

function windowClause(p: Reader): readonly { readonly name: string; readonly window: Window }[] {
  p.expect('WINDOW');
  return p.list((r) => {
    const named = name(r);
    r.expect('AS');
    return { name: named, window: windowInParentheses(r) };
  });
}

function forClause(p: Reader): ForClause {
  const place = p.place();
  p.expect('FOR');
  if (p.accept('BROWSE')) return { ...place, kind: 'browse', mode: '', options: [] };
  const kind = p.accept('JSON') ? 'json' : p.accept('XML') ? 'xml' : undefined;
  if (kind === undefined) throw p.unexpected();
  const token = p.peek();
  if (token.kind !== 'word' || isReserved(token.upper)) throw p.unexpected();
  p.advance();
  const found: { name: string; argument: string | undefined }[] = [];
  // FOR XML PATH('row')
  if (p.is('(')) found.push({ name: token.upper, argument: textInParentheses(p) });
  while (p.accept(',')) found.push(forOption(p));
  return { ...place, kind, mode: token.upper, options: found };
}

function forOption(p: Reader): { name: string; argument: string | undefined } {
  const words: string[] = [];
  while (p.peek().kind === 'word' && !(words.length > 0 && isReserved(p.peek().upper))) words.push(p.advance().upper);
  if (words.length === 0) throw p.unexpected();
  return { name: words.join(' '), argument: p.is('(') ? textInParentheses(p) : undefined };
}

function textInParentheses(p: Reader): string | undefined {
  p.expect('(');
  if (p.accept(')')) return '';
  const token = p.peek();
  if (token.kind !== 'string') throw p.unexpected();
  p.advance();
  p.expect(')');
  return token.text;
}
