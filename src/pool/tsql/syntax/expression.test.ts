import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCondition, parseExpression } from './parse.ts';
import { placeless, refusal } from './test-reading.ts';

const value = (sql: string) => placeless(parseExpression(sql));
const condition = (sql: string) => placeless(parseCondition(sql));
describe('precedence', () => {
  it.each([
    ['1 + 2 * 3 - 4', '(1 + (2 * 3)) - 4'],
    ['1 - 2 - 3', '(1 - 2) - 3'],
    ['a & b + c | d', '((a & b) + c) | d'],
    ['-a * b', '-(a * b)'],
    ['-100.0 / -100.0 * 10.0', '-(100.0 / (-(100.0 * 10.0)))'],
    ['~a * b', '(~a) * b'],
    ['a + b COLLATE x', 'a + (b COLLATE x)'],
    ["a AT TIME ZONE 'x' AT TIME ZONE 'y'", "(a AT TIME ZONE 'x') AT TIME ZONE 'y'"],
  ])('of operators, by SQL Server: %s', (sql, explicit) => {
    expect(value(sql)).toEqual(value(explicit));
  });

  it.each([
    ['NOT a = 1 AND b = 2 OR c = 3', '((NOT (a = 1)) AND (b = 2)) OR (c = 3)'],
    ['a BETWEEN 1 AND 2 AND b = 1', '(a BETWEEN 1 AND 2) AND b = 1'],
    ['(a + 1) * 2 > 3', '((a + 1) * 2) > (3)'],
    ['((a)) = ((1))', 'a = 1'],
  ])('of conditions: %s', (sql, explicit) => {
    expect(condition(sql)).toEqual(condition(explicit));
  });

  it('makes many ANDs a flat tree that keeps their order', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `c${index}`);
    const found = JSON.stringify(condition(names.map((name) => `${name} = 1`).join(' AND ')));
    expect([...found.matchAll(/c\d+/g)].map(([name]) => name)).toEqual(names);
  });
});

describe('conditions', () => {
  it.each([
    ['a LIKE b ESCAPE c', { kind: 'like', negated: false }],
    ["a NOT LIKE 'x' {escape '!'}", { kind: 'like', negated: true, escape: { value: '!' } }],
    ['a IN (1, 2)', { kind: 'in', values: [{ text: '1' }, { text: '2' }] }],
    ['a NOT IN (SELECT 1)', { kind: 'in-query', negated: true }],
    ['a IN ((SELECT 1) UNION (SELECT 2))', { kind: 'in-query', query: { body: { kind: 'set', operator: 'union' } } }],
    ['a IN ((SELECT 1), 2)', { kind: 'in' }],
    ['a IN (((1 + 2) * 3))', { kind: 'in' }],
    ['a IS NOT NULL', { kind: 'is-null', negated: true }],
    ['a IS NOT DISTINCT FROM b', { kind: 'is-distinct', negated: true }],
    ['a >= ALL (SELECT 1)', { kind: 'compare-all', quantifier: 'all', operator: '>=' }],
    ['a = SOME (SELECT 1)', { kind: 'compare-all', quantifier: 'any' }],
    ['EXISTS (SELECT 1)', { kind: 'exists' }],
    ['EXISTS ((SELECT 1) INTERSECT SELECT 2)', { kind: 'exists' }],
    ["CONTAINS((a, b), 'x')", { kind: 'predicate', name: 'CONTAINS' }],
    ['a !< 3', { kind: 'compare', operator: '>=' }],
    ['(SELECT 1) = 1', { kind: 'compare', left: { kind: 'subquery' } }],
  ])('%s', (sql, expected) => {
    expect(condition(sql)).toMatchObject(expected);
  });
});

describe('values', () => {
  it.each([
    ['dbo..t.c', { kind: 'column', name: { parts: ['dbo', '', 't', 'c'] } }],
    ['@@rowcount', { kind: 'global', name: '@@ROWCOUNT' }],
    ["N'x'", { kind: 'string', value: 'x', national: true }],
    ['COUNT(*)', { kind: 'call', arguments: [{ kind: 'star' }] }],
    ['COUNT(DISTINCT a)', { kind: 'call', distinct: true }],
    ['CURRENT_TIMESTAMP', { kind: 'call', arguments: [] }],
    ['LEFT(a, 1)', { kind: 'call', name: { parts: ['LEFT'] } }],
    ['DATEADD(yy, 1, a)', { arguments: [{ kind: 'date-part', word: 'yy' }, { text: '1' }, { kind: 'column' }] }],
    ["STRING_AGG(a, ',') WITHIN GROUP (ORDER BY b DESC)", { within: [{ descending: true }] }],
    ['SUM(a) OVER w', { over: { name: 'w' } }],
    ['SUM(a) OVER (w ORDER BY b)', { over: { name: 'w', order: [{}] } }],
    ['LAG(a) IGNORE NULLS OVER (ORDER BY b)', { nulls: 'ignore' }],
    [
      'SUM(a) OVER (PARTITION BY b, c ORDER BY d ROWS BETWEEN 2 PRECEDING AND UNBOUNDED FOLLOWING)',
      {
        over: { partition: [{}, {}], frame: { unit: 'rows', from: { kind: 'preceding', rows: '2' }, to: { kind: 'unbounded-following' } } },
      },
    ],
    ["TRIM('x' FROM a)", { arguments: [{ kind: 'column' }, { value: 'x' }] }],
    ["TRIM(TRAILING 'x' FROM a)", { trim: 'trailing' }],
    ['CAST(a AS decimal(10, 2))', { kind: 'cast', tries: false, type: { parts: ['decimal'], arguments: [10, 2] } }],
    ['TRY_CONVERT(sys.nvarchar(max), a, 121)', { kind: 'cast', tries: true, style: { text: '121' }, type: { arguments: ['max'] } }],
    ['CAST(a AS character varying(3))', { type: { parts: ['varchar'], arguments: [3] } }],
    ['CAST(a AS national char varying(3))', { type: { parts: ['nvarchar'] } }],
    ['CAST(a AS double precision)', { type: { parts: ['float'] } }],
    ["PARSE(a AS date USING 'en-US')", { kind: 'parse', culture: { value: 'en-US' } }],
    ['IIF(a > 1 AND b = 2, 1, 2)', { kind: 'iif', condition: { kind: 'and' } }],
    ['CASE a WHEN 1 THEN 2 END', { kind: 'case', branches: [{}] }],
    ['CASE WHEN a = 1 THEN 2 ELSE 3 END', { kind: 'case', otherwise: { text: '3' } }],
    ['((SELECT 1) UNION SELECT 2)', { kind: 'subquery', query: { body: { kind: 'set' } } }],
    ['NEXT VALUE FOR dbo.s', { kind: 'next-value' }],
    ['next', { kind: 'column' }],
    ['dbo.f(1)', { kind: 'call', name: { parts: ['dbo', 'f'] } }],
    ["{ts '2024-01-01 00:00:00'}", { kind: 'cast', type: { parts: ['datetime'] } }],
    ["{fn ucase('a')}", { kind: 'call', name: { parts: ['UPPER'] } }],
    ['{fn timestampadd(SQL_TSI_DAY, 1, a)}', { kind: 'call', name: { parts: ['DATEADD'] }, arguments: [{ word: 'day' }, {}, {}] }],
    ['{fn mod(7, 2)}', { kind: 'binary', operator: '%' }],
    ['{fn convert(a, SQL_INTEGER)}', { kind: 'cast', type: { parts: ['int'] } }],
    ['{fn hour(a)}', { kind: 'call', name: { parts: ['DATEPART'] } }],
  ])('%s', (sql, expected) => {
    expect(value(sql)).toMatchObject(expected);
  });

  it.each([
    ['SELECT ROW_NUMBER()', 10753],
    ['SELECT RANK() OVER (PARTITION BY a)', 4112],
    ["SELECT DATEADD('day', 1, a)", 1023],
    ['SELECT a > 1', 102],
    ['SELECT CASE WHEN 1 THEN 2 END', 4145],
    ['SELECT 1 WHERE a AND b = 1', 4145],
    ['SELECT 1 WHERE a = 1 = 2', 102],
    ['SELECT (a = 1) + 1', 102],
    ['SELECT f(', 102],
    ['SELECT a IN (1)', 156],
    ['SELECT CAST(1 AS', 102],
    ['SELECT geography::Point(1, 2, 3)', 40510],
    ["SELECT {t '10:00'}", 40510],
    ['SELECT {fn soundslike(1)}', 40510],
    ["SELECT JSON_OBJECT('a':1)", 40510],
    ['SELECT a.b.c.d.e.f', 117],
    [`SELECT ${'a'.repeat(129)}`, 103],
    ['SELECT 1 AS []', 1038],
  ])('%s: %i', (sql, number) => {
    expect(refusal(sql).number).toBe(number);
  });
});

describe('what is written and read again', () => {
  const operand = fc.constantFrom('a', '@x', '1', "'t'", 'NULL', '$1', '0x01', 'f(a)', 'CASE WHEN a = 1 THEN b END', 'COUNT(*)');
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      operand,
      fc
        .tuple(tie('tree'), fc.constantFrom('+', '-', '*', '/', '%', '&', '|', '^'), tie('tree'))
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      fc.tuple(fc.constantFrom('-', '+', '~'), tie('tree')).map(([operator, of]) => `(${operator} (${of}))`),
    ),
  }));

  it('is the same, with whatever between the words', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(' ', '\n', '/* x */', '\t-- y\n', '\u00a0'), (sql, blank) => {
        expect(value(`((${sql}))`.replaceAll(' ', blank))).toEqual(value(sql));
      }),
    );
  });
});
