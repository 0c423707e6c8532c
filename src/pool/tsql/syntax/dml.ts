import type { AssignOperator, Expression, Place, WithTable } from './ast.ts';
import { execute } from './execute.ts';
import { name, nameList, objectName, typeName } from './names.ts';
import { options, queryAfter, selectItems, top, withTables } from './query.ts';
import type { Reader } from './reader.ts';
import { fromClause, hints } from './source.ts';
import type { Assignment, Default, DmlTarget, InsertStatement, OutputClause, Statement } from './statement.ts';

const assigning: ReadonlySet<string> = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=']);
const distant: ReadonlySet<string> = new Set(['OPENQUERY', 'OPENROWSET', 'OPENDATASOURCE']);

type Values = Extract<InsertStatement['source'], { kind: 'values' }>;

/** The table that is written to. */
export function dmlTarget(p: Reader): DmlTarget {
  const token = p.peek();
  if (token.kind === 'variable' && !token.text.startsWith('@@')) {
    p.advance();
    return { ...p.place(token), kind: 'table-variable', name: token.text };
  }
  if (distant.has(token.upper) && p.is('(', 1)) throw p.unsupported(token.upper);
  return { ...p.place(token), kind: 'table', name: objectName(p) };
}

/** An expression, or `DEFAULT`. */
export function expressionOrDefault(p: Reader): Expression | Default {
  const place = p.place();
  return p.accept('DEFAULT') ? { ...place, kind: 'default' } : p.expression();
}

export function outputClause(p: Reader): OutputClause | undefined {
  const place = p.place();
  if (!p.accept('OUTPUT')) return undefined;
  const items = selectItems(p);
  if (!p.accept('INTO')) return { ...place, items, into: undefined, intoColumns: undefined };
  const token = p.peek();
  const into = token.kind === 'variable' ? { ...p.place(p.advance()), parts: [token.text] } : objectName(p);
  const intoColumns = p.is('(') ? nameList(p) : undefined;
  if (p.is('OUTPUT')) throw p.unsupported('A second OUTPUT of one statement');
  return { ...place, items, into, intoColumns };
}

export function assignment(p: Reader): Assignment {
  const place = p.place();
  const token = p.peek();
  if (token.kind === 'variable') {
    p.advance();
    const operator = assignOperator(p);
    // @x = column = …
    if (operator === '=' && isColumnAssignment(p)) {
      const inner = assignment(p);
      return { ...inner, ...place, variable: token.text };
    }
    return { ...place, column: undefined, variable: token.text, operator, value: p.expression() };
  }
  const column = objectName(p);
  if (p.is('(')) throw p.unsupported('A method that changes a value, such as .WRITE()', place);
  return { ...place, column, variable: undefined, operator: assignOperator(p), value: expressionOrDefault(p) };
}

function isColumnAssignment(p: Reader): boolean {
  const token = p.peek();
  if (token.kind !== 'word' && token.kind !== 'name') return false;
  let ahead = 1;
  while (p.is('.', ahead)) ahead += 2;
  return p.isAny(assigning, ahead);
}

function assignOperator(p: Reader): AssignOperator {
  if (!p.isAny(assigning)) throw p.unexpected();
  return p.advance().upper as AssignOperator;
}

function where(p: Reader) {
  if (!p.accept('WHERE')) return undefined;
  if (p.are('CURRENT', 'OF')) throw p.unsupported('WHERE CURRENT OF');
  return p.condition();
}

export function insert(p: Reader, place: Place, tables: readonly WithTable[]): Statement {
  p.expect('INSERT');
  if (p.is('BULK')) return insertBulk(p, place);
  const limit = top(p);
  p.accept('INTO');
  const target = dmlTarget(p);
  hints(p);
  const columns = p.is('(') && !opensQuery(p) ? p.enclosed((r) => objectName(r).parts.at(-1) as string) : undefined;
  const output = outputClause(p);
  return { ...place, kind: 'insert', with: tables, top: limit, target, columns, output, source: insertSource(p) };
}

/** Whether the parentheses that follow hold a query, not columns. */
function opensQuery(p: Reader): boolean {
  let ahead = 0;
  while (p.is('(', ahead)) ahead += 1;
  return p.is('SELECT', ahead) || p.is('WITH', ahead);
}

function insertSource(p: Reader): InsertStatement['source'] {
  if (p.accept('DEFAULT', 'VALUES')) return { kind: 'default-values' };
  if (p.is('VALUES')) return insertValues(p);
  if (p.is('EXEC') || p.is('EXECUTE')) return { kind: 'execute', statement: execute(p) };
  if (p.is('SELECT') || p.is('(') || p.is('WITH')) {
    const place = p.place();
    return { kind: 'query', query: queryAfter(p, place, withTables(p)) };
  }
  throw p.unexpected();
}

function insertValues(p: Reader): Values {
  p.expect('VALUES');
  const rows = p.list((r) => r.enclosed(expressionOrDefault));
  options(p);
  return { kind: 'values', rows };
}

export function update(p: Reader, place: Place, tables: readonly WithTable[]): Statement {
  p.expect('UPDATE');
  const limit = top(p);
  const target = dmlTarget(p);
  hints(p);
  p.expect('SET');
  const assignments = p.list(assignment);
  const output = outputClause(p);
  const from = p.is('FROM') ? fromClause(p) : [];
  const found = where(p);
  options(p);
  return { ...place, kind: 'update', with: tables, top: limit, target, assignments, output, from, where: found };
}

export function remove(p: Reader, place: Place, tables: readonly WithTable[]): Statement {
  p.expect('DELETE');
  const limit = top(p);
  p.accept('FROM');
  const target = dmlTarget(p);
  hints(p);
  const output = outputClause(p);
  const from = p.is('FROM') ? fromClause(p) : [];
  const found = where(p);
  options(p);
  return { ...place, kind: 'delete', with: tables, top: limit, target, output, from, where: found };
}

/** `INSERT BULK t (a int, …) WITH (…)`, which clients send ahead of rows. */
function insertBulk(p: Reader, place: Place): Statement {
  p.expect('BULK');
  const table = objectName(p);
  const columns = p.is('(') ? p.enclosed(bulkColumn) : [];
  const found = p.accept('WITH') ? p.enclosed((r) => r.words()) : [];
  return { ...place, kind: 'insert-bulk', table, columns, options: found };
}

function bulkColumn(p: Reader) {
  const column = name(p);
  const type = typeName(p);
  if (p.accept('COLLATE')) name(p);
  if (p.accept('NOT')) p.expect('NULL');
  else p.accept('NULL');
  return { name: column, type };
}
