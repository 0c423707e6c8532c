import type { Condition, Expression, ObjectName, Place } from './ast.ts';
import { call } from './call.ts';
import { isName, name, objectName, tooManyParts, typeName } from './names.ts';
import { odbcEscape } from './odbc-escape.ts';
import type { Reader } from './reader.ts';
import type { Token } from './token.ts';

type Either = Expression | Condition;
type Rule = (p: Reader, place: Place) => Expression;

const literals: ReadonlySet<Token['kind']> = new Set(['string', 'integer', 'decimal', 'float', 'money', 'binary']);

/** Keywords that are functions without parentheses. */
const bareFunctions: ReadonlySet<string> = new Set([
  'CURRENT_TIMESTAMP',
  'CURRENT_USER',
  'SESSION_USER',
  'SYSTEM_USER',
  'USER',
  'CURRENT_DATE',
]);

/** Keywords that are functions of the usual shape where a parenthesis follows. */
const keywordFunctions: ReadonlySet<string> = new Set(['COALESCE', 'NULLIF', 'LEFT', 'RIGHT', 'IDENTITY']);

const forms: Readonly<Record<string, Rule>> = {
  CASE: caseForm,
  NEXT: nextValue,
};

const calledForms: Readonly<Record<string, Rule>> = {
  CAST: (p, place) => castForm(p, place, false),
  TRY_CAST: (p, place) => castForm(p, place, true),
  CONVERT: (p, place) => convertForm(p, place, false),
  TRY_CONVERT: (p, place) => convertForm(p, place, true),
  PARSE: (p, place) => parseForm(p, place, false),
  TRY_PARSE: (p, place) => parseForm(p, place, true),
  IIF: iifForm,
};

/** An operand: a literal, a name, a call, or anything in parentheses; there also a condition, where `conditions` may stand. */
export function primary(p: Reader, conditions: boolean): Either {
  const token = p.peek();
  const { upper } = token;
  if (token.kind === 'word') return worded(p, token);
  if (token.kind === 'name') return named(p);
  if (upper === '(') return parenthesised(p, conditions);
  if (token.kind === 'variable') return variable(p);
  if (literals.has(token.kind)) return literal(p);
  if (upper === '{') return odbcEscape(p);
  if (upper === '.') return named(p);
  throw p.unexpected();
}

export function literal(p: Reader): Expression {
  const place = p.place();
  const { kind, text, national } = p.advance();
  switch (kind) {
    case 'string':
      return { ...place, kind, value: text, national };
    case 'binary':
      return { ...place, kind, hex: text };
    case 'integer':
    case 'decimal':
    case 'float':
    case 'money':
      return { ...place, kind, text };
    default:
      throw p.unexpected(p.previous);
  }
}

/** `@x`, or `@@X` of the session. */
export function variable(p: Reader): Expression {
  const place = p.place();
  const { text } = p.advance();
  if (p.is('.')) throw p.unsupported('A method of a value', place);
  return text.startsWith('@@') ? { ...place, kind: 'global', name: text.toUpperCase() } : { ...place, kind: 'variable', name: text };
}

function parenthesised(p: Reader, conditions: boolean): Either {
  const place = p.place();
  p.expect('(');
  const outer = p.enter();
  let inner: Either;
  if (p.is('SELECT') || p.is('WITH')) inner = { ...place, kind: 'subquery', query: p.subquery() };
  else inner = conditions ? p.expressionOrCondition() : p.expression();
  if (inner.kind === 'subquery') inner = { ...place, kind: 'subquery', query: p.queryFrom(inner.query) };
  p.expect(')');
  p.leave(outer);
  return inner;
}

function worded(p: Reader, token: Token): Expression {
  const { upper } = token;
  const place = p.place(token);
  if (upper === 'NULL') {
    p.advance();
    return { ...place, kind: 'null' };
  }
  const form = forms[upper];
  if (form !== undefined && (upper !== 'NEXT' || p.is('VALUE', 1))) return form(p, place);
  if (p.is('(', 1)) {
    const called = calledForms[upper];
    if (called !== undefined) return called(p, place);
    if (keywordFunctions.has(upper)) {
      p.advance();
      return call(p, { ...place, parts: [token.text] });
    }
  }
  if (bareFunctions.has(upper)) {
    p.advance();
    const named: ObjectName = { ...place, parts: [token.text] };
    return { ...place, kind: 'call', name: named, arguments: [], distinct: false, within: undefined, nulls: undefined, over: undefined };
  }
  if (upper === 'IDENTITYCOL' || upper === 'ROWGUIDCOL') {
    p.advance();
    return { ...place, kind: 'column', name: { ...place, parts: [`$${upper.slice(0, -3)}`] } };
  }
  return named(p);
}

/** A column, or a function where a parenthesis follows. */
function named(p: Reader): Expression {
  const place = p.place();
  const parts = p.is('.') ? [''] : [name(p)];
  while (p.is('.')) {
    p.advance();
    if (p.is('.')) parts.push('');
    else if (isName(p.peek())) parts.push(name(p));
    else parts.push(pseudoColumn(p));
    if (parts.length > 5) throw tooManyParts(p, place.line);
  }
  if (p.is('::')) throw p.unsupported('A method of a type (::)', place);
  const found: ObjectName = { ...place, parts };
  return p.is('(') ? call(p, found) : { ...place, kind: 'column', name: found };
}

function pseudoColumn(p: Reader): string {
  if (p.accept('IDENTITYCOL')) return '$IDENTITY';
  if (p.accept('ROWGUIDCOL')) return '$ROWGUID';
  throw p.unexpected();
}

function caseForm(p: Reader, place: Place): Expression {
  p.expect('CASE');
  const outer = p.enter();
  const operand = p.is('WHEN') ? undefined : p.expression();
  const branches: { when: Expression | Condition; then: Expression }[] = [];
  while (p.accept('WHEN')) {
    const when = operand === undefined ? p.condition() : p.expression();
    p.expect('THEN');
    // oxlint-disable-next-line unicorn/no-thenable -- a part of the tree, nothing to wait for
    branches.push({ when, then: p.expression() });
  }
  if (branches.length === 0) throw p.unexpected();
  const otherwise = p.accept('ELSE') ? p.expression() : undefined;
  p.expect('END');
  p.leave(outer);
  return { ...place, kind: 'case', operand, branches, otherwise };
}

function nextValue(p: Reader, place: Place): Expression {
  p.expect('NEXT', 'VALUE', 'FOR');
  const sequence = objectName(p);
  if (p.is('OVER')) throw p.unsupported('NEXT VALUE FOR with OVER', place);
  return { ...place, kind: 'next-value', sequence };
}

function castForm(p: Reader, place: Place, tries: boolean): Expression {
  p.advance();
  p.expect('(');
  const operand = p.expression();
  p.expect('AS');
  const type = typeName(p);
  p.expect(')');
  return { ...place, kind: 'cast', operand, type, style: undefined, tries };
}

function convertForm(p: Reader, place: Place, tries: boolean): Expression {
  p.advance();
  p.expect('(');
  const type = typeName(p);
  p.expect(',');
  const operand = p.expression();
  const style = p.accept(',') ? p.expression() : undefined;
  p.expect(')');
  return { ...place, kind: 'cast', operand, type, style, tries };
}

function parseForm(p: Reader, place: Place, tries: boolean): Expression {
  p.advance();
  p.expect('(');
  const operand = p.expression();
  p.expect('AS');
  const type = typeName(p);
  const culture = p.accept('USING') ? p.expression() : undefined;
  p.expect(')');
  return { ...place, kind: 'parse', operand, type, culture, tries };
}

function iifForm(p: Reader, place: Place): Expression {
  p.advance();
  p.expect('(');
  const condition = p.condition();
  p.expect(',');
  const then = p.expression();
  p.expect(',');
  const otherwise = p.expression();
  p.expect(')');
  // oxlint-disable-next-line unicorn/no-thenable -- a part of the tree, nothing to wait for
  return { ...place, kind: 'iif', condition, then, otherwise };
}
