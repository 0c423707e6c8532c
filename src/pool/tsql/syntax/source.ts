import type { Expression, FunctionCall, ObjectName, Place, Query, TableSource } from './ast.ts';
import { call } from './call.ts';
import { alias, anyWord, isName, name, nameList, objectName, typeName } from './names.ts';
import type { Reader } from './reader.ts';

type Join = Extract<TableSource, { kind: 'join' }>['join'];
type TableFunction = Extract<TableSource, { kind: 'function' }>;

const joinHints: ReadonlySet<string> = new Set(['LOOP', 'HASH', 'MERGE', 'REMOTE', 'REDUCE', 'REPLICATE', 'REDISTRIBUTE']);
const tableHints: ReadonlySet<string> = new Set(
  `NOLOCK READUNCOMMITTED UPDLOCK HOLDLOCK ROWLOCK TABLOCK TABLOCKX PAGLOCK READPAST XLOCK NOWAIT READCOMMITTED READCOMMITTEDLOCK
  REPEATABLEREAD SERIALIZABLE SNAPSHOT NOEXPAND FORCESEEK FORCESCAN INDEX FASTFIRSTROW`.split(/\s+/),
);
/** What reads rows from elsewhere, in ways of its own. */
const foreign: ReadonlySet<string> = new Set(
  'OPENROWSET OPENQUERY OPENDATASOURCE OPENXML CONTAINSTABLE FREETEXTTABLE CHANGETABLE PREDICT SEMANTICKEYPHRASETABLE'.split(' '),
);
/** Statements in FROM's parentheses, whose OUTPUT would be the rows. */
const writers: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

export function fromClause(p: Reader): TableSource[] {
  p.expect('FROM');
  return p.list(tableSource);
}

/** A table with all that is joined to it. */
export function tableSource(p: Reader): TableSource {
  const outer = p.enter();
  const source = joins(p, single(p));
  p.leave(outer);
  return source;
}

/** What is joined to a table, from left to right, as far as it needs no `ON` of a join further out. */
function joins(p: Reader, first: TableSource): TableSource {
  let left = first;
  for (;;) {
    const place: Place = { at: left.at, line: left.line };
    if (p.is('PIVOT') || p.is('UNPIVOT')) left = pivoted(p, left);
    else {
      const join = joinWords(p);
      if (join === undefined) return left;
      const qualified = join === 'inner' || join === 'left' || join === 'right' || join === 'full';
      const right = qualified ? tableSource(p) : single(p);
      let on;
      if (qualified) {
        p.expect('ON');
        on = p.condition();
      }
      left = { ...place, kind: 'join', join, left, right, on };
    }
    p.grow();
  }
}

function joinWords(p: Reader): Join | undefined {
  if (p.accept('JOIN')) return 'inner';
  if (p.accept('CROSS', 'JOIN')) return 'cross';
  if (p.accept('CROSS', 'APPLY')) return 'cross-apply';
  if (p.accept('OUTER', 'APPLY')) return 'outer-apply';
  const sides = { INNER: 'inner', LEFT: 'left', RIGHT: 'right', FULL: 'full' } as const;
  const side = sides[p.peek().upper as keyof typeof sides] as Join | undefined;
  if (side === undefined) return undefined;
  p.advance();
  if (side !== 'inner') p.accept('OUTER');
  if (p.isAny(joinHints)) p.advance();
  p.expect('JOIN');
  return side;
}

function single(p: Reader): TableSource {
  const token = p.peek();
  if (token.upper === '(') {
    const found = parenthesised(p);
    return 'kind' in found ? found : derived(p, found);
  }
  // ODBC's {oj a LEFT OUTER JOIN b ON …}
  if (p.accept('{', 'OJ')) {
    const source = tableSource(p);
    p.expect('}');
    return source;
  }
  if (token.kind === 'variable') return tableVariable(p);
  if (foreign.has(token.upper) && p.is('(', 1)) throw p.unsupported(token.upper);
  return tableOrFunction(p);
}

/** A query, or rows of values, in the parentheses of FROM: what it is called comes after. */
type Unnamed = { readonly query: Query } | { readonly rows: readonly (readonly Expression[])[]; readonly place: Place };

/** What is in parentheses: joins, which need no name, or what needs one. */
function parenthesised(p: Reader): TableSource | Unnamed {
  const outer = p.enter();
  const found = insideParentheses(p);
  p.expect(')');
  p.leave(outer);
  return found;
}

function insideParentheses(p: Reader): TableSource | Unnamed {
  const place = p.place();
  p.expect('(');
  if (p.is('SELECT') || p.is('WITH')) return { query: p.query() };
  if (p.isAny(writers)) throw p.unsupported(`${p.peek().upper} within FROM`, place, 'Let OUTPUT … INTO write the rows to a table.');
  if (p.accept('VALUES')) return { rows: p.list((r) => r.enclosed((q) => q.expression())), place };
  if (!p.is('(')) return tableSource(p);
  const inner = parenthesised(p);
  if ('kind' in inner) return joins(p, inner);
  if ('query' in inner) {
    const whole = p.queryFrom(inner.query);
    if (p.is(')')) return { query: whole };
  } else if (p.is(')')) return inner;
  return joins(p, derived(p, inner));
}

function derived(p: Reader, found: Unnamed): TableSource {
  const named = alias(p);
  if (named === undefined) throw p.unexpected();
  const columns = p.is('(') ? nameList(p) : undefined;
  if ('query' in found) {
    const { at, line } = found.query;
    return { at, line, kind: 'derived', query: found.query, alias: named, columns };
  }
  if (columns === undefined) throw p.unexpected();
  return { ...found.place, kind: 'values', rows: found.rows, alias: named, columns };
}

function tableVariable(p: Reader): TableSource {
  const place = p.place();
  const { text } = p.advance();
  if (p.is('.')) throw p.unsupported('nodes() of XML');
  const named = alias(p);
  hints(p);
  return { ...place, kind: 'table-variable', name: text, alias: named };
}

function tableOrFunction(p: Reader): TableSource {
  const place = p.place();
  if (p.accept('::')) throw p.unsupported('A function written with ::', place);
  const named = objectName(p);
  if (p.is('(') && !isOldHint(p)) return tableFunction(p, named);
  const temporal = p.is('FOR') && p.is('SYSTEM_TIME', 1);
  if (temporal) throw p.unsupported('FOR SYSTEM_TIME');
  let found = hints(p);
  const called = aliasBeforeClauses(p);
  const sample = p.is('TABLESAMPLE');
  if (sample) throw p.unsupported('TABLESAMPLE');
  if (found.length === 0) found = hints(p);
  return { ...place, kind: 'table', name: named, alias: called, hints: found, sample, temporal };
}

/** `WINDOW w AS (…)` after a table is a clause, not a name. */
function aliasBeforeClauses(p: Reader): string | undefined {
  if (p.is('WINDOW') && isName(p.peek(1)) && p.is('AS', 2)) return undefined;
  return alias(p);
}

function isOldHint(p: Reader): boolean {
  return p.isAny(tableHints, 1) && (p.is(')', 2) || p.is(',', 2));
}

/** `WITH (NOLOCK, INDEX(1))`, or the old `(NOLOCK)`: in upper case. */
export function hints(p: Reader): string[] {
  if (p.is('WITH')) {
    const following = p.peek(1);
    // A view's WITH CHECK OPTION.
    if (following.upper === 'CHECK') return [];
    if (following.upper !== '(') {
      const near = following.kind === 'end' ? p.peek().text : following.text;
      throw p.error(
        336,
        `Incorrect syntax near '${near.slice(0, 128)}'. If this is intended to be a common table expression, you need to explicitly terminate the previous statement with a semi-colon.`,
        following,
      );
    }
    p.advance();
  } else if (!p.is('(') || !isOldHint(p)) return [];
  p.expect('(');
  const found: string[] = [];
  while (!p.accept(')')) {
    found.push(hint(p));
    p.accept(',');
  }
  return found;
}

function hint(p: Reader): string {
  const from = p.peek();
  anyWord(p);
  if (p.is('(')) p.skipEnclosed();
  else if (p.accept('=')) {
    if (p.is('(')) p.skipEnclosed();
    else p.advance();
  }
  return p.sql.slice(from.at, p.previous.end).toUpperCase();
}

function tableFunction(p: Reader, named: ObjectName): TableFunction {
  const { at, line } = named;
  p.expect('(');
  const args = p.is(')') ? [] : p.list(functionArgument);
  p.expect(')');
  const columns = p.is('WITH') && p.is('(', 1) ? withColumns(p) : undefined;
  const called = alias(p);
  const renamed = called !== undefined && p.is('(') ? nameList(p) : undefined;
  return { at, line, kind: 'function', name: named, arguments: args, with: columns, alias: called, columns: renamed };
}

/** `DEFAULT` among the arguments is for functions of users, which there are none of. */
function functionArgument(p: Reader): Expression {
  if (p.is('DEFAULT')) throw p.unsupported("DEFAULT as a function's argument");
  return p.expression();
}

function withColumns(p: Reader): TableFunction['with'] {
  p.expect('WITH');
  return p.enclosed((r) => {
    const column = name(r);
    const type = typeName(r);
    if (r.accept('COLLATE')) throw r.unsupported('COLLATE within WITH');
    const path = r.peek().kind === 'string' ? r.advance().text : undefined;
    return { name: column, type, path, asJson: r.accept('AS', 'JSON') };
  });
}

function pivoted(p: Reader, source: TableSource): TableSource {
  const { at, line } = source;
  const kind = p.advance().upper === 'PIVOT' ? 'pivot' : 'unpivot';
  p.expect('(');
  const aggregate = kind === 'pivot' ? pivotAggregate(p) : undefined;
  const value = aggregate === undefined ? name(p) : '';
  p.expect('FOR');
  const column = objectName(p).parts.at(-1) as string;
  p.expect('IN');
  const names = p.enclosed((r) => objectName(r).parts.at(-1) as string);
  p.expect(')');
  const called = alias(p);
  if (called === undefined) throw p.unexpected();
  if (aggregate !== undefined) return { at, line, kind: 'pivot', source, aggregate, column, values: names, alias: called };
  return { at, line, kind: 'unpivot', source, value, name: column, columns: names, alias: called };
}

function pivotAggregate(p: Reader): FunctionCall {
  const named = objectName(p);
  if (!p.is('(')) throw p.unexpected();
  return call(p, named);
}
