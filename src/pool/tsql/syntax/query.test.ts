import { describe, expect, it } from 'vitest';
import { read, refusal } from './test-reading.ts';

const select = (sql: string) => {
  const [statement] = read(sql);
  if (statement?.kind !== 'query') throw new Error(`not a query: ${sql}`);
  return statement.query;
};

describe('queries', () => {
  it.each([
    ['SELECT DISTINCT TOP (5) PERCENT WITH TIES a FROM t', { body: { distinct: true, top: { percent: true, ties: true } } }],
    ['SELECT TOP 5 * FROM t', { body: { top: { count: { text: '5' } }, items: [{ kind: 'all' }] } }],
    ['SELECT TOP @n dbo.t.* FROM t', { body: { items: [{ kind: 'all', of: { parts: ['dbo', 't'] } }] } }],
    ["SELECT a x, b AS y, 'z' = 1, [q] = 2, c 'w'", { body: { items: ['x', 'y', 'z', 'q', 'w'].map((alias) => ({ alias })) } }],
    [
      'SELECT @a = 1, @b += 2',
      {
        body: {
          items: [
            { kind: 'assign', operator: '=' },
            { kind: 'assign', operator: '+=' },
          ],
        },
      },
    ],
    ['SELECT a INTO #t FROM u', { body: { into: { parts: ['#t'] } } }],
    ['SELECT 1 ORDER BY a DESC, b COLLATE c', { order: [{ descending: true }, { collation: 'c' }] }],
    ['SELECT 1 ORDER BY a OFFSET 1 + 1 ROWS FETCH FIRST 2 ROW ONLY', { offset: { kind: 'binary' }, fetch: { text: '2' } }],
    ["SELECT 1 OPTION (LABEL = 'x', HASH JOIN)", { options: ["LABEL = 'x'", 'HASH JOIN'] }],
    [
      "SELECT 1 FOR JSON PATH, ROOT('r'), INCLUDE_NULL_VALUES",
      { for: { kind: 'json', mode: 'PATH', options: [{ name: 'ROOT', argument: 'r' }, {}] } },
    ],
    [
      "SELECT 1 FOR XML PATH(''), TYPE, ELEMENTS XSINIL",
      { for: { kind: 'xml', mode: 'PATH', options: [{ argument: '' }, {}, { name: 'ELEMENTS XSINIL' }] } },
    ],
    ['SELECT 1 FOR BROWSE', { for: { kind: 'browse' } }],
    ['WITH a AS (SELECT 1), b (x, y) AS (SELECT 1, 2) SELECT * FROM a, b', { with: [{ name: 'a' }, { columns: ['x', 'y'] }] }],
    ['SELECT a FROM t WHERE b = 1 GROUP BY a HAVING COUNT(*) > 1', { body: { group: { items: [{}] }, having: { kind: 'compare' } } }],
    ['SELECT 1 FROM t GROUP BY ROLLUP (a, (b, c))', { body: { group: { items: [{ kind: 'rollup', sets: [[{}], [{}, {}]] }] } } }],
    ['SELECT 1 FROM t GROUP BY CUBE (a), b', { body: { group: { items: [{ kind: 'cube' }, { kind: 'expression' }] } } }],
    [
      'SELECT 1 FROM t GROUP BY GROUPING SETS ((a, b), a, (), ROLLUP (c))',
      { body: { group: { items: [{ kind: 'sets', sets: [[{}, {}], [{}], [], { kind: 'rollup' }] }] } } },
    ],
    ['SELECT 1 FROM t GROUP BY a, b WITH ROLLUP', { body: { group: { items: [{ kind: 'rollup', sets: [[{}], [{}]] }] } } }],
    ['SELECT SUM(a) OVER w FROM t WINDOW w AS (ORDER BY b)', { body: { windows: [{ name: 'w' }], from: [{ kind: 'table' }] } }],
  ])('%s', (sql, expected) => {
    expect(select(sql)).toMatchObject(expected);
  });

  it('lets INTERSECT bind before UNION and EXCEPT, which go from left to right', () => {
    expect(select('SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4 ORDER BY 1')).toMatchObject({
      order: [{}],
      body: { operator: 'except', left: { operator: 'union', right: { operator: 'intersect' } } },
    });
    expect(select('(SELECT 1 UNION ALL SELECT 2) INTERSECT SELECT 3').body).toMatchObject({
      operator: 'intersect',
      left: { kind: 'nested' },
    });
  });
});

describe('FROM', () => {
  const from = (sql: string) => {
    const { body } = select(`SELECT * FROM ${sql}`);
    return body.kind === 'select' ? body.from : [];
  };

  it.each([
    ['a b, c AS d', [{ alias: 'b' }, { alias: 'd' }]],
    ['db..t', [{ name: { parts: ['db', '', 't'] } }]],
    ['t (NOLOCK)', [{ hints: ['NOLOCK'] }]],
    ['t AS x WITH (NOLOCK, INDEX(1))', [{ alias: 'x', hints: ['NOLOCK', 'INDEX(1)'] }]],
    ['@t x', [{ kind: 'table-variable', name: '@t', alias: 'x' }]],
    ['a JOIN b ON a.x = b.x LEFT OUTER HASH JOIN c ON 1 = 1', [{ join: 'left', left: { join: 'inner' } }]],
    ['a JOIN b JOIN c ON 1 = 1 ON 2 = 2', [{ join: 'inner', left: { kind: 'table' }, right: { kind: 'join' } }]],
    ['a LEFT JOIN b CROSS JOIN c ON 1 = 1', [{ join: 'left', right: { join: 'cross' } }]],
    ['(a FULL JOIN b ON 1 = 1) CROSS JOIN c', [{ join: 'cross', left: { join: 'full' } }]],
    ["a CROSS APPLY f(a.x) AS y OUTER APPLY STRING_SPLIT(a.z, ',')", [{ join: 'outer-apply', left: { join: 'cross-apply' } }]],
    ['(SELECT 1 AS a) x (b)', [{ kind: 'derived', alias: 'x', columns: ['b'] }]],
    ['((SELECT 1 AS a) UNION SELECT 2) x', [{ kind: 'derived', query: { body: { kind: 'set' } } }]],
    ['((SELECT 1 AS a)) x', [{ kind: 'derived', alias: 'x' }]],
    ['((SELECT 1 AS a) x CROSS JOIN b)', [{ kind: 'join', left: { kind: 'derived' } }]],
    ['(((a JOIN b ON 1 = 1)))', [{ kind: 'join' }]],
    [
      '(VALUES (1, 2), (3, 4)) v (a, b)',
      [
        {
          kind: 'values',
          rows: [
            [{}, {}],
            [{}, {}],
          ],
          columns: ['a', 'b'],
        },
      ],
    ],
    ['t PIVOT (SUM(a) FOR b IN ([x], y)) AS p', [{ kind: 'pivot', column: 'b', values: ['x', 'y'], alias: 'p' }]],
    ['t UNPIVOT (v FOR n IN (a, b)) AS u', [{ kind: 'unpivot', value: 'v', name: 'n', columns: ['a', 'b'] }]],
    [
      "OPENJSON(@j, '$.a') WITH (a int, b nvarchar(max) '$.x' AS JSON) AS o",
      [{ kind: 'function', with: [{ name: 'a' }, { path: '$.x', asJson: true }], alias: 'o' }],
    ],
    ['{oj a LEFT OUTER JOIN b ON 1 = 1}', [{ join: 'left' }]],
  ])('%s', (sql, expected) => {
    expect(from(sql)).toMatchObject(expected);
  });

  it.each([
    ['SELECT * FROM (SELECT 1 AS a)', 102],
    ['SELECT * FROM a JOIN b', 102],
    ['SELECT * FROM a CROSS JOIN b ON 1 = 1', 156],
    ['SELECT * FROM t WITH c AS (SELECT 1)', 336],
    ["SELECT * FROM OPENROWSET(BULK 'x', FORMAT = 'CSV') AS r", 40510],
    ['SELECT * FROM t FOR SYSTEM_TIME ALL', 40510],
    ['SELECT * FROM t TABLESAMPLE (10 PERCENT)', 40510],
    ['SELECT * FROM (DELETE FROM t OUTPUT deleted.*) d', 40510],
    ['SELECT 1 UNION', 156],
    ['SELECT 1 ORDER BY', 156],
    ['SELECT 1 FOR JSON', 102],
    ['WITH c AS SELECT 1', 156],
    ['SELECT a FROM t GROUP BY ROLLUP(a) WITH CUBE', 10702],
  ])('%s: %i', (sql, number) => {
    expect([number, 102]).toContain(refusal(sql).number);
  });
});
