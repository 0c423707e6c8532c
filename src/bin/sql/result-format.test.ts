import { expect, test } from 'vitest';
import type { QueryPart } from '#pool/query.ts';
import { type Format, resultWriter } from './result-format.ts';

type Cell = string | null;

function written(
  format: Format,
  columns: readonly (readonly [name: string, type: string])[],
  rows: readonly (readonly Cell[])[],
  perPart = 2,
): string {
  const writer = resultWriter(format);
  const parts: QueryPart[] = [{ kind: 'columns', columns: columns.map(([name, type]) => ({ name, type })) }];
  for (let at = 0; at < rows.length; at += perPart) parts.push({ kind: 'rows', rows: rows.slice(at, at + perPart) });
  return parts.map((part) => writer.part(part)).join('') + writer.end();
}

test('a table is aligned, numbers to the right, with its number of rows', () => {
  const columns = [
    ['name', 'VARCHAR'],
    ['n', 'BIGINT'],
    ['price', 'DECIMAL(12,2)'],
  ] as const;
  const text = written('table', columns, [
    ['Lamp', '7', '10.50'],
    ['李娜', '1234567', '0.99'],
    [null, null, null],
  ]);
  expect(text).toBe(
    [
      'name        n  price',
      '----  -------  -----',
      'Lamp        7  10.50',
      '李娜  1234567   0.99',
      'NULL     NULL   NULL',
      '(3 rows)',
      '',
    ].join('\n'),
  );
});

test('a table of no rows has its titles; one of a single row says so', () => {
  expect(written('table', [['a', 'INTEGER']], [])).toBe('a\n-\n(0 rows)\n');
  expect(written('table', [['a', 'INTEGER']], [['1']])).toBe('a\n-\n1\n(1 row)\n');
});

test('what could move the cursor or hide text is shown as an escape, and long values are cut', () => {
  const text = written('table', [['a', 'VARCHAR']], [['x\n\u001b[31mred\u202e'], ['ä'.repeat(100)]]);
  for (const hidden of ['\u001b', '\u202e']) expect(text).not.toContain(hidden);
  expect(text).toContain('x\\n\\u001b[31mred');
  expect(text).toContain(`\n${'ä'.repeat(79)}…\n`);
});

test('a large table keeps the widths of its first thousand rows', () => {
  const rows = Array.from({ length: 2500 }, (_, i) => [String(i), 'x']);
  const lines = written(
    'table',
    [
      ['n', 'INTEGER'],
      ['t', 'VARCHAR'],
    ],
    rows,
    300,
  ).split('\n');
  expect(lines[2]).toBe('   0  x');
  expect(lines[2501]).toBe('2499  x');
  expect(lines.at(-2)).toBe('(2500 rows)');
});

test('CSV quotes what RFC 4180 asks for, and tells null from an empty text', () => {
  const text = written(
    'csv',
    [
      ['a', 'VARCHAR'],
      ['b,c', 'VARCHAR'],
    ],
    [
      ['plain', 'say "hi"'],
      ['', null],
      ['two\r\nlines', ' x '],
    ],
  );
  expect(text).toBe('a,"b,c"\r\nplain,"say ""hi"""\r\n"",\r\n"two\r\nlines", x \r\n');
});

test('JSON holds numbers only where they are exact', () => {
  const columns = [
    ['i', 'BIGINT'],
    ['h', 'HUGEINT'],
    ['d', 'DECIMAL(20,2)'],
    ['f', 'DOUBLE'],
    ['b', 'BOOLEAN'],
    ['t', 'VARCHAR'],
    ['z', 'TIMESTAMP WITH TIME ZONE'],
  ] as const;
  const rows = [
    ['9007199254740991', '9007199254740992', '1.10', '0.1', 'true', 'a "b"\n', '2026-01-02 03:04:05+00'],
    ['-9223372036854775808', '-5', '2.00', 'NaN', 'false', '12', 'infinity'],
    [null, null, null, 'Infinity', null, null, null],
  ];
  const text = written('json', columns, rows);
  expect(text).toContain('"i":9007199254740991,"h":"9007199254740992","d":"1.10","f":0.1,"b":true,"t":"a \\"b\\"\\n"');
  expect(JSON.parse(text)).toEqual([
    { i: 9007199254740991, h: '9007199254740992', d: '1.10', f: 0.1, b: true, t: 'a "b"\n', z: '2026-01-02 03:04:05+00' },
    { i: '-9223372036854775808', h: -5, d: '2.00', f: 'NaN', b: false, t: '12', z: 'infinity' },
    { i: null, h: null, d: null, f: 'Infinity', b: null, t: null, z: null },
  ]);
});

test('JSON of no rows is an empty array, and columns of one name are kept apart', () => {
  expect(written('json', [['a', 'INTEGER']], [])).toBe('[]\n');
  expect(
    written(
      'json',
      [
        ['a', 'INTEGER'],
        ['a', 'INTEGER'],
        ['__proto__', 'VARCHAR'],
      ],
      [['1', '2', 'x']],
    ),
  ).toBe('[\n{"a":1,"a_2":2,"__proto__":"x"}\n]\n');
});
