import type { AssignOperator, Expression, Place } from './ast.ts';
import { columnOrConstraints } from './create-table.ts';
import { optionalExpression } from './execute.ts';
import { isName, name, typeName } from './names.ts';
import type { Reader } from './reader.ts';
import type { Statement } from './statement.ts';
import { statementsUntil } from './statements.ts';

type Declared = Extract<Statement, { kind: 'declare' }>['variables'][number];

export function declare(p: Reader): Statement {
  const place = p.place();
  p.expect('DECLARE');
  if (p.peek().kind !== 'variable') {
    if (isName(p.peek())) throw p.refuse('DECLARE CURSOR', place);
    throw p.unexpected();
  }
  const isTable = p.is('TABLE', 1) || (p.is('AS', 1) && p.is('TABLE', 2));
  if (!isTable) return { ...place, kind: 'declare', variables: p.list((r) => declared(r, place)) };
  const variable = declaredName(p);
  p.accept('AS');
  p.expect('TABLE');
  return { ...place, kind: 'declare-table', name: variable, ...columnOrConstraints(p) };
}

function declaredName(p: Reader): string {
  const token = p.advance();
  const upper = token.text.toUpperCase();
  if (p.declared.has(upper)) {
    throw p.error(
      134,
      `The variable name '${token.text}' has already been declared. Variable names must be unique within a query batch or stored procedure.`,
      token,
    );
  }
  p.declared.add(upper);
  return token.text;
}

function declared(p: Reader, place: Place): Declared {
  const token = p.peek();
  if (token.kind !== 'variable' || token.text.startsWith('@@')) throw p.unexpected();
  declaredName(p);
  p.accept('AS');
  if (p.is('CURSOR')) throw p.refuse('DECLARE CURSOR', place);
  const type = typeName(p);
  return { name: token.text, type, value: p.accept('=') ? p.expression() : undefined };
}

const assigning: ReadonlySet<string> = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=']);

export function setVariable(p: Reader, place: Place): Statement {
  const { text } = p.advance();
  if (p.is('.')) throw p.unsupported('A method that changes a value', place);
  if (!p.isAny(assigning)) throw p.unexpected();
  const operator = p.advance().upper as AssignOperator;
  if (p.is('CURSOR')) throw p.refuse('SET of a cursor', place);
  return { ...place, kind: 'set-variable', name: text, operator, value: p.expression() };
}

export function ifStatement(p: Reader): Statement {
  const place = p.place();
  p.expect('IF');
  const condition = p.condition();
  const then = p.statement();
  if (p.is(';') && p.is('ELSE', 1)) p.advance();
  const otherwise = p.accept('ELSE') ? p.statement() : undefined;
  // oxlint-disable-next-line unicorn/no-thenable -- a part of the tree, nothing to wait for
  return { ...place, kind: 'if', condition, then, otherwise };
}

/** `BREAK` and `CONTINUE`, which mean something only within a loop. */
export function leaveLoop(p: Reader): Statement {
  const place = p.place();
  const breaks = p.advance().upper === 'BREAK';
  if (p.loops > 0) return { ...place, kind: breaks ? 'break' : 'continue' };
  if (breaks) throw p.error(135, 'Cannot use a BREAK statement outside the scope of a WHILE statement.', place);
  throw p.error(136, 'Cannot use a CONTINUE statement outside the scope of a WHILE statement.', place);
}

export function whileStatement(p: Reader): Statement {
  const place = p.place();
  p.expect('WHILE');
  const condition = p.condition();
  p.loops += 1;
  const body = p.statement();
  p.loops -= 1;
  return { ...place, kind: 'while', condition, body };
}

const end: ReadonlySet<string> = new Set(['END']);

/** `BEGIN … END`, `BEGIN TRY`, `BEGIN TRANSACTION`. */
export function begin(p: Reader): Statement {
  const place = p.place();
  p.expect('BEGIN');
  if (p.accept('TRAN') || p.accept('TRANSACTION')) return beginTransaction(p, place);
  if (p.accept('TRY')) return tryStatement(p, place);
  if (p.is('DISTRIBUTED') || p.is('DIALOG') || p.is('CONVERSATION')) throw p.refuse(`BEGIN ${p.peek().upper}`, place);
  const statements = statementsUntil(p, end);
  if (statements.length === 0) throw p.unexpected();
  p.expect('END');
  return { ...place, kind: 'block', statements };
}

function tryStatement(p: Reader, place: Place): Statement {
  const body = statementsUntil(p, end);
  if (body.length === 0) throw p.unexpected();
  p.expect('END', 'TRY');
  p.accept(';');
  p.expect('BEGIN', 'CATCH');
  const handled = statementsUntil(p, end);
  p.expect('END', 'CATCH');
  return { ...place, kind: 'try', body, catch: handled };
}

function transactionName(p: Reader): string | undefined {
  const token = p.peek();
  if (token.kind === 'variable') return p.advance().text;
  return isName(token) ? name(p) : undefined;
}

function beginTransaction(p: Reader, place: Place): Statement {
  const named = transactionName(p);
  if (named !== undefined && p.accept('WITH', 'MARK') && p.peek().kind === 'string') p.advance();
  return { ...place, kind: 'begin-transaction', name: named };
}

export function endTransaction(p: Reader): Statement {
  const place = p.place();
  const kind = p.advance().upper === 'COMMIT' ? 'commit' : 'rollback';
  if (p.accept('WORK')) return { ...place, kind, name: undefined };
  const named = p.accept('TRAN') || p.accept('TRANSACTION') ? transactionName(p) : undefined;
  if (p.is('WITH') && p.is('DELAYED_DURABILITY', 2)) {
    p.advance();
    p.skipEnclosed();
  }
  return { ...place, kind, name: named };
}

export function saveTransaction(p: Reader): Statement {
  const place = p.place();
  p.expect('SAVE');
  if (!p.accept('TRAN')) p.expect('TRANSACTION');
  const named = transactionName(p);
  if (named === undefined) throw p.unexpected();
  return { ...place, kind: 'save-transaction', name: named };
}

export function print(p: Reader): Statement {
  const place = p.place();
  p.expect('PRINT');
  return { ...place, kind: 'print', value: p.expression() };
}

export function returnStatement(p: Reader): Statement {
  const place = p.place();
  p.expect('RETURN');
  return { ...place, kind: 'return', value: optionalExpression(p) };
}

export function raiserror(p: Reader): Statement {
  const place = p.place();
  p.expect('RAISERROR');
  if (!p.is('(')) throw p.refuse('RAISERROR without parentheses', place);
  p.advance();
  const message = p.expression();
  p.expect(',');
  const severity = p.expression();
  p.expect(',');
  const state = p.expression();
  const args: Expression[] = p.accept(',') ? p.list((r) => r.expression()) : [];
  p.expect(')');
  const options = p.is('WITH') && raiserrorOptions.has(p.peek(1).upper) ? errorOptions(p) : [];
  return { ...place, kind: 'raiserror', message, severity, state, arguments: args, options };
}

const raiserrorOptions: ReadonlySet<string> = new Set(['LOG', 'NOWAIT', 'SETERROR']);

function errorOptions(p: Reader): string[] {
  p.expect('WITH');
  return p.list((r) => {
    if (!r.isAny(raiserrorOptions)) throw r.unexpected();
    return r.advance().upper;
  });
}

export function throwStatement(p: Reader): Statement {
  const place = p.place();
  p.expect('THROW');
  const first = p.peek();
  if (first.kind !== 'integer' && first.kind !== 'variable') return { ...place, kind: 'throw', error: undefined };
  const number = p.expression();
  p.expect(',');
  const message = p.expression();
  p.expect(',');
  return { ...place, kind: 'throw', error: { number, message, state: p.expression() } };
}

export function waitFor(p: Reader): Statement {
  const place = p.place();
  p.expect('WAITFOR');
  if (!p.is('DELAY') && !p.is('TIME')) throw p.refuse('WAITFOR of a message', place);
  const what = p.advance().upper;
  return { ...place, kind: 'wait-for', what, value: p.expression() };
}

export function kill(p: Reader): Statement {
  const place = p.place();
  p.expect('KILL');
  const value = p.expression();
  if (p.are('WITH', 'STATUSONLY')) throw p.unsupported('KILL … WITH STATUSONLY', place);
  return { ...place, kind: 'kill', value };
}

export function use(p: Reader): Statement {
  const place = p.place();
  p.expect('USE');
  return { ...place, kind: 'use', database: name(p) };
}
