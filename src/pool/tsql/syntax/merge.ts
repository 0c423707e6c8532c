import type { Place, WithTable } from './ast.ts';
import { assignment, dmlTarget, expressionOrDefault, outputClause } from './dml.ts';
import { alias, nameList } from './names.ts';
import { options, top } from './query.ts';
import type { Reader } from './reader.ts';
import { hints, tableSource } from './source.ts';
import type { MergeStatement, Statement } from './statement.ts';

type Branch = MergeStatement['branches'][number];

export function merge(p: Reader, place: Place, tables: readonly WithTable[]): Statement {
  p.expect('MERGE');
  if (top(p) !== undefined) throw p.unsupported('MERGE with TOP', place);
  p.accept('INTO');
  const target = dmlTarget(p);
  hints(p);
  const named = p.is('USING') ? undefined : alias(p);
  p.expect('USING');
  const using = tableSource(p);
  p.expect('ON');
  const on = p.condition();
  const branches: Branch[] = [];
  while (p.is('WHEN')) branches.push(branch(p));
  if (branches.length === 0) throw p.unexpected();
  const output = outputClause(p);
  options(p);
  if (!p.is(';')) throw p.error(10713, 'A MERGE statement must be terminated by a semi-colon (;).', p.previous);
  return { ...place, kind: 'merge', with: tables, target, alias: named, using, on, branches, output };
}

function branch(p: Reader): Branch {
  p.expect('WHEN');
  let when: Branch['when'] = 'matched';
  if (p.accept('NOT', 'MATCHED')) {
    when = p.accept('BY', 'SOURCE') ? 'not-matched-by-source' : 'not-matched-by-target';
    if (when === 'not-matched-by-target') p.accept('BY', 'TARGET');
  } else p.expect('MATCHED');
  const and = p.accept('AND') ? p.condition() : undefined;
  p.expect('THEN');
  return { when, and, action: action(p, when) };
}

function action(p: Reader, when: Branch['when']): Branch['action'] {
  const inserts = when === 'not-matched-by-target';
  if (inserts) {
    p.expect('INSERT');
    const columns = p.is('(') ? nameList(p) : undefined;
    if (p.accept('DEFAULT', 'VALUES')) return { kind: 'insert', columns, values: undefined };
    p.expect('VALUES');
    return { kind: 'insert', columns, values: p.enclosed(expressionOrDefault) };
  }
  if (p.accept('DELETE')) return { kind: 'delete' };
  p.expect('UPDATE', 'SET');
  return { kind: 'update', assignments: p.list(assignment) };
}
