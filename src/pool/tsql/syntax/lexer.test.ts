import { describe, expect, it } from 'vitest';
import { lex } from './lexer.ts';

const words = (sql: string) =>
  lex(sql, { quotedIdentifier: true })
    .slice(0, -1)
    .map((token) => `${token.kind} ${token.text}`);

describe('words of a batch', () => {
  it.each([
    ['[a b]]c]', ['name a b]c']],
    ['"a""b"', ['name a"b']],
    ["'it''s'", ["string it's"]],
    ["N'日本' n'x'", ['string 日本', 'string x']],
    ['Zürich _x #t ##t a$b@c# ĳ', ['word Zürich', 'word _x', 'word #t', 'word ##t', 'word a$b@c#', 'word ĳ']],
    ['@x @@ROWCOUNT', ['variable @x', 'variable @@ROWCOUNT']],
    ['1 1. .5 1.5 1e3 1.5E-3 .5e+1', ['integer 1', 'decimal 1.', 'decimal .5', 'decimal 1.5', 'float 1e3', 'float 1.5E-3', 'float .5e+1']],
    ['1else 2then', ['integer 1', 'word else', 'integer 2', 'word then']],
    ['1e', ['float 1e']],
    ['0x 0xabc 0X0F', ['binary ', 'binary 0ABC', 'binary 0F']],
    ['$12.50 £.5 € $action', ['money 12.50', 'money .5', 'money 0', 'word $action']],
    ['a<=b < > ! = !< !> <>', ['word a', 'symbol <=', 'word b', 'symbol <>', 'symbol !=', 'symbol !<', 'symbol !>', 'symbol <>']],
    ['+= -= *= /= %= &= |= ^= :: << >>', ['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '::', '<<', '>>'].map((s) => `symbol ${s}`)],
    ['a--b\nc/*d/*e*/f*/g', ['word a', 'word c', 'word g']],
    ['a\u00a0b\u3000c\ufeffd\u2003e\u0001f', ['word a', 'word b', 'word c', 'word d', 'word e', 'word f']],
    ["'ab\\\ncd' 0x01\\\n02", ['string abcd', 'binary 0102']],
    ['1..5', ['decimal 1.', 'decimal .5']],
  ])('%s', (sql, expected) => {
    expect(words(sql)).toEqual(expected);
  });

  it('says in which line each begins', () => {
    const sql = "a 'x\ny' b\r\n/*\n\n*/ c -- z\n[d\n] e";
    expect(lex(sql, { quotedIdentifier: true }).map((token) => token.line)).toEqual([1, 1, 2, 5, 6, 7, 7]);
  });

  it('spells comparisons in one way', () => {
    expect(lex('!= !< !> <  =', { quotedIdentifier: true }).map((token) => token.upper)).toEqual(['<>', '>=', '<=', '<=', '']);
  });

  it('takes double quotes for a text where the session says so', () => {
    expect(lex('"a"', { quotedIdentifier: false })[0]).toMatchObject({ kind: 'string', text: 'a' });
  });
});
