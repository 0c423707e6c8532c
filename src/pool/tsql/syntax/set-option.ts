import type { Expression, Place } from './ast.ts';
import { setVariable } from './control.ts';
import { objectName } from './names.ts';
import type { Reader } from './reader.ts';
import type { Statement } from './statement.ts';

/** `SET @x = …`, `SET NOCOUNT ON`, `SET TRANSACTION ISOLATION LEVEL …` */
export function set(p: Reader): Statement {
  const place = p.place();
  p.expect('SET');
  if (p.peek().kind === 'variable') return setVariable(p, place);
  if (p.accept('TRANSACTION', 'ISOLATION', 'LEVEL')) return isolation(p, place);
  if (p.accept('IDENTITY_INSERT')) {
    const table = objectName(p);
    return { ...place, kind: 'set-option', names: ['IDENTITY_INSERT'], value: onOff(p), table };
  }
  if (p.accept('STATISTICS')) {
    const names = p.list((r) => `STATISTICS ${word(r)}`);
    return { ...place, kind: 'set-option', names, value: onOff(p) };
  }
  if (p.is('OFFSETS')) throw p.refuse('SET OFFSETS', place);
  const names = p.list(word);
  const value = optionValue(p);
  if (names.includes('QUOTED_IDENTIFIER') && typeof value === 'string') p.quotedIdentifier = value === 'ON';
  return { ...place, kind: 'set-option', names, value };
}

function word(p: Reader): string {
  if (p.peek().kind !== 'word') throw p.unexpected();
  return p.advance().upper;
}

function onOff(p: Reader): string {
  if (!p.is('ON') && !p.is('OFF')) throw p.unexpected();
  return p.advance().upper;
}

function isolation(p: Reader, place: Place): Statement {
  const names = ['TRANSACTION ISOLATION LEVEL'];
  const level = (value: string): Statement => ({ ...place, kind: 'set-option', names, value });
  if (p.accept('READ', 'UNCOMMITTED')) return level('READ UNCOMMITTED');
  if (p.accept('READ', 'COMMITTED')) return level('READ COMMITTED');
  if (p.accept('REPEATABLE', 'READ')) return level('REPEATABLE READ');
  if (p.accept('SNAPSHOT')) return level('SNAPSHOT');
  p.expect('SERIALIZABLE');
  return level('SERIALIZABLE');
}

/** A word, in upper case, or a value. */
function optionValue(p: Reader): string | Expression {
  const token = p.peek();
  if (token.kind === 'word') return p.advance().upper;
  return p.expression();
}
