import { refuse } from './refusal.ts';

/**
 * What stands between the brackets of `"[…]"`.
 * Rule: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'call'; readonly namespace: string | undefined; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression };

const maxLength = 24_576;
const maxDepth = 64;
const maxLinks = 64;

/** The expression in a text of a template; undefined: the text is meant as it stands (see `literalText`). */
export function expressionIn(text: string): string | undefined {
  return text.startsWith('[') && text.endsWith(']') && !text.startsWith('[[') ? text.slice(1, -1) : undefined;
}

/** A text that is no expression: `[[` at its start stands for `[`. */
export function literalText(text: string): string {
  return text.startsWith('[[') ? text.slice(1) : text;
}

type Token = { readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end'; readonly text: string; readonly at: number };

/** Reads an expression. Fault: `InvalidTemplate`, naming `place` and the column. */
export function parseExpression(text: string, place: string): Expression {
  if (text.length > maxLength) {
    throw refuse(place, `The expression is longer than ${maxLength} characters`, 'Split it with variables.');
  }
  const reader: Reader = { tokens: tokensOf(text, place), next: 0, place };
  const expression = readExpression(reader, 0);
  const after = peek(reader);
  if (after.kind !== 'end') throw unexpected(reader, after);
  return expression;
}

/** All function calls in it, from the outside in. */
export function* callsIn(expression: Expression): Iterable<Expression & { readonly kind: 'call' }> {
  if (expression.kind === 'literal') return;
  if (expression.kind === 'index') {
    yield* callsIn(expression.of);
    yield* callsIn(expression.index);
    return;
  }
  yield expression;
  for (const arg of expression.args) yield* callsIn(arg);
}

interface Reader {
  readonly tokens: readonly Token[];
  next: number;
  readonly place: string;
}

const tokenPattern = /\s*(?:([A-Za-z_]\w*)|'((?:[^']|'')*)'|(-?\d+)|([()[\],.]))/y;

function tokensOf(text: string, place: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  let at = 0;
  while (at < end) {
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(text);
    if (match === null) throw refuseSyntax(place, at, 'this is no name, number, quoted text or sign');
    const [whole, name, quoted, number, sign] = match;
    at += whole.length;
    if (name !== undefined) tokens.push({ kind: 'name', text: name, at });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll("''", "'"), at });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else tokens.push({ kind: 'sign', text: sign!, at });
  }
  tokens.push({ kind: 'end', text: '', at: end });
  return tokens;
}

function readExpression(reader: Reader, depth: number): Expression {
  if (depth > maxDepth) throw refuse(reader.place, `The expression is nested deeper than ${maxDepth}`, 'Split it with variables.');
  let expression = readFirst(reader, depth);
  for (let links = 0; ; links += 1) {
    if (links > maxLinks) throw refuse(reader.place, `The expression follows more than ${maxLinks} members`, 'Split it with variables.');
    const token = peek(reader);
    if (isSign(token, '.')) {
      reader.next += 1;
      const member = take(reader, 'name');
      expression = { kind: 'index', of: expression, index: { kind: 'literal', value: member.text } };
    } else if (isSign(token, '[')) {
      reader.next += 1;
      const index = readExpression(reader, depth + 1);
      takeSign(reader, ']');
      expression = { kind: 'index', of: expression, index };
    } else return expression;
  }
}

function readFirst(reader: Reader, depth: number): Expression {
  const token = peek(reader);
  reader.next += 1;
  if (token.kind === 'text') return { kind: 'literal', value: token.text };
  if (token.kind === 'number') {
    const value = Number(token.text);
    if (!Number.isSafeInteger(value)) throw refuseSyntax(reader.place, token.at, 'this number is too large');
    return { kind: 'literal', value };
  }
  if (token.kind !== 'name') throw unexpected(reader, token);
  if (!isSign(peek(reader), '.')) return { kind: 'call', namespace: undefined, name: token.text, args: readArguments(reader, depth) };
  reader.next += 1;
  const name = take(reader, 'name').text;
  return { kind: 'call', namespace: token.text, name, args: readArguments(reader, depth) };
}

function readArguments(reader: Reader, depth: number): readonly Expression[] {
  takeSign(reader, '(');
  const args: Expression[] = [];
  if (isSign(peek(reader), ')')) {
    reader.next += 1;
    return args;
  }
  for (;;) {
    args.push(readExpression(reader, depth + 1));
    const token = peek(reader);
    reader.next += 1;
    if (isSign(token, ')')) return args;
    if (!isSign(token, ',')) throw unexpected(reader, token);
  }
}

function peek(reader: Reader): Token {
  return reader.tokens[reader.next] ?? reader.tokens.at(-1)!;
}

function take(reader: Reader, kind: Token['kind']): Token {
  const token = peek(reader);
  if (token.kind !== kind) throw unexpected(reader, token);
  reader.next += 1;
  return token;
}

function takeSign(reader: Reader, sign: string): void {
  if (!isSign(peek(reader), sign)) throw unexpected(reader, peek(reader));
  reader.next += 1;
}

function isSign(token: Token, sign: string): boolean {
  return token.kind === 'sign' && token.text === sign;
}

function unexpected(reader: Reader, token: Token): Error {
  return refuseSyntax(reader.place, token.at, token.kind === 'end' ? 'it ends too early' : 'something else is expected here');
}

function refuseSyntax(place: string, at: number, why: string): Error {
  return refuse(
    place,
    `The language expression is not valid at column ${at + 1}: ${why}`,
    "Write expressions as \"[function('text', parameters('name'))]\"; a text that begins with a bracket begins with '[['.",
  );
}
