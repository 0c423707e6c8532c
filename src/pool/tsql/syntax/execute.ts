import type { Expression, Place } from './ast.ts';
import { isName, name, objectName } from './names.ts';
import { literal, variable } from './primary.ts';
import type { Reader } from './reader.ts';
import type { ExecuteArgument, Statement } from './statement.ts';
import type { Token } from './token.ts';

const values: ReadonlySet<Token['kind']> = new Set(['string', 'integer', 'decimal', 'float', 'money', 'binary']);

/** `EXEC p 1, @x = 2`, `EXEC @status = p`, `EXEC ('…')`. */
export function execute(p: Reader): Statement {
  const place = p.place();
  p.advance();
  if (p.is('(')) return executeText(p, place);
  if (p.is('AS') && (p.is('USER', 1) || p.is('LOGIN', 1) || p.is('CALLER', 1))) throw p.refuse('EXECUTE AS', place);
  let status: string | undefined;
  const token = p.peek();
  if (token.kind === 'variable') {
    if (!p.is('=', 1)) throw p.unsupported('EXEC of a procedure that a variable names', place, 'Name the procedure.');
    status = token.text;
    p.advance();
    p.advance();
  }
  return procedure(p, place, status);
}

/** A procedure's name and arguments: also without EXEC, where it is the batch's first word. */
export function procedure(p: Reader, place: Place, status?: string): Statement {
  const named = objectName(p);
  // p;2: one of several under a name.
  if (p.is(';') && p.peek(1).kind === 'integer') throw p.unsupported('A numbered procedure', place);
  const args = beginsArgument(p) ? namedLast(p, p.list(argument)) : [];
  withOptions(p);
  return { ...place, kind: 'execute', procedure: named, status, arguments: args };
}

function withOptions(p: Reader): void {
  if (!p.is('WITH')) return;
  if (p.accept('WITH', 'RECOMPILE')) return;
  if (p.accept('WITH', 'RESULT', 'SETS', 'UNDEFINED')) return;
  if (p.are('WITH', 'RESULT')) throw p.unsupported('WITH RESULT SETS');
}

function executeText(p: Reader, place: Place): Statement {
  p.expect('(');
  const text = [p.expression()];
  if (p.is(',')) throw p.unsupported('EXEC of a text with parameters', place, 'sp_executesql takes parameters.');
  p.expect(')');
  if (p.is('AT') || p.is('AS')) throw p.unsupported(`EXEC (…) ${p.peek().upper}`, place);
  return { ...place, kind: 'execute-text', text };
}

function beginsArgument(p: Reader): boolean {
  const token = p.peek();
  if (token.kind === 'variable' || values.has(token.kind) || isName(token)) return true;
  return token.upper === '-' || token.upper === 'NULL' || token.upper === 'DEFAULT';
}

function namedLast(p: Reader, args: readonly (ExecuteArgument & { readonly place: Place })[]): readonly ExecuteArgument[] {
  const firstNamed = args.findIndex((given) => given.name !== undefined);
  const after = firstNamed === -1 ? -1 : args.findIndex((given, index) => index > firstNamed && given.name === undefined);
  if (after !== -1) {
    throw p.error(
      119,
      `Must pass parameter number ${after + 1} and subsequent parameters as '@name = value'. After the form '@name = value' has been used, all subsequent parameters must be passed in the form '@name = value'.`,
      args[after]?.place,
    );
  }
  return args.map(({ name: named, value, output }) => ({ name: named, value, output }));
}

function argument(p: Reader): ExecuteArgument & { readonly place: Place } {
  const place = p.place();
  const token = p.peek();
  let named: string | undefined;
  if (token.kind === 'variable' && p.is('=', 1)) {
    named = token.text;
    p.advance();
    p.advance();
  }
  const value = argumentValue(p);
  const output = p.accept('OUTPUT') || p.accept('OUT');
  if (output && value.kind !== 'variable') {
    throw p.error(179, 'Cannot use the OUTPUT option when passing a constant to a stored procedure.', place);
  }
  return { name: named, value, output, place };
}

function argumentValue(p: Reader): ExecuteArgument['value'] {
  const place = p.place();
  const token = p.peek();
  if (p.accept('DEFAULT')) return { ...place, kind: 'default' };
  if (p.accept('NULL')) return { ...place, kind: 'null' };
  if (token.kind === 'variable') return variable(p);
  if (values.has(token.kind)) return literal(p);
  if (p.accept('-')) {
    if (!values.has(p.peek().kind) || p.peek().kind === 'string') throw p.unexpected();
    return { ...place, kind: 'unary', operator: '-', operand: literal(p) };
  }
  // A word is its own text.
  return { ...place, kind: 'string', value: name(p), national: false };
}

/** ODBC's `{call p (…)}` and `{@status = call p (…)}`. */
export function odbcCall(p: Reader): Statement {
  const place = p.place();
  p.expect('{');
  let status: string | undefined;
  const token = p.peek();
  if (token.kind === 'variable') {
    status = token.text;
    p.advance();
    p.expect('=');
  }
  p.expect('CALL');
  const named = objectName(p);
  let args: readonly ExecuteArgument[] = [];
  if (p.accept('(')) {
    args = p.is(')') ? [] : namedLast(p, p.list(argument));
    p.expect(')');
  }
  p.expect('}');
  return { ...place, kind: 'execute', procedure: named, status, arguments: args };
}

/** What `RETURN` and `PRINT` may be followed by, where nothing else tells. */
function beginsExpression(p: Reader): boolean {
  const token = p.peek();
  if (token.kind === 'variable' || values.has(token.kind)) return true;
  if (isName(token)) return p.is('(', 1) || p.is('.', 1);
  return beginnings.has(token.upper);
}
const beginnings: ReadonlySet<string> = new Set([
  '(',
  '-',
  '+',
  '~',
  'NULL',
  'CASE',
  'CONVERT',
  'TRY_CONVERT',
  'COALESCE',
  'NULLIF',
  'CURRENT_TIMESTAMP',
]);

export function optionalExpression(p: Reader): Expression | undefined {
  return beginsExpression(p) ? p.expression() : undefined;
}
