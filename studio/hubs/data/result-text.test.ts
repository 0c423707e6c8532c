import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvOf, drawingOf, isNumberType } from './result-text.ts';

const column = (name: string, type = 'VARCHAR') => ({ name, type });

test('null, empty, quotes, commas and line ends stay apart', () => {
  const rows = [
    [null, '', 'a"b'],
    ['a,b', 'a\r\nb', ' =1+1'],
  ];
  expect(csvOf({ columns: [column('x'), column('y,z'), column('w')], rows, truncated: false })).toBe(
    'x,"y,z",w\r\n,"","a""b"\r\n"a,b","a\r\nb", =1+1\r\n',
  );
});

/** As RFC 4180 has it, and null apart from the empty text. */
function parsed(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  for (let at = 0; at < text.length;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
    const raw = quoted?.[0] ?? /^[^,\r]*/.exec(text.slice(at))![0];
    row.push(quoted ? quoted[1]!.replaceAll('""', '"') : raw === '' ? null : raw);
    at += raw.length;
    if (text[at] === ',') at += 1;
    else {
      rows.push(row);
      row = [];
      at += 2;
    }
  }
  return rows;
}

test('whatever is written is read again as it was', () => {
  const value = fc.option(fc.string({ unit: fc.constantFrom('a', '"', ',', '\r\n', '\n', ' ', 'é') }), { nil: null });
  const two = fc.tuple(value, value);
  fc.assert(
    fc.property(fc.array(two), (rows) => {
      const text = csvOf({ columns: [column('x'), column('y')], rows, truncated: false });
      expect(parsed(text).slice(1)).toEqual(rows);
    }),
  );
});

test('numbers are what DuckDB calls numbers', () => {
  for (const type of ['INTEGER', 'BIGINT', 'UTINYINT', 'HUGEINT', 'DECIMAL(18,2)', 'DOUBLE', 'FLOAT'])
    expect(isNumberType(type)).toBe(true);
  for (const type of ['VARCHAR', 'INTERVAL', 'INTEGER[]', 'DATE', 'BOOLEAN']) expect(isNumberType(type)).toBe(false);
});

test('a drawing has the columns of numbers over the first column', () => {
  const columns = [column('day', 'DATE'), column('n', 'BIGINT'), column('who'), column('t', 'DECIMAL(9,2)')];
  const rows = [
    ['2026-01-01', '3', 'x', '1.50'],
    ['2026-01-02', null, 'y', '2'],
  ];
  expect(drawingOf({ columns, rows, truncated: false })).toEqual({
    labels: ['2026-01-01', '2026-01-02'],
    times: [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)],
    series: [
      { name: 'n', values: [3, null] },
      { name: 't', values: [1.5, 2] },
    ],
  });
  expect(drawingOf({ columns: [column('a'), column('b')], rows: [['1', '2']], truncated: false })).toBeUndefined();
});

test('times with and without a zone are taken as they are written', () => {
  const of = (type: string, text: string) =>
    drawingOf({ columns: [column('at', type), column('n', 'INTEGER')], rows: [[text, '1']], truncated: false })?.times;
  expect(of('TIMESTAMP', '2026-01-01 10:00:00.5')).toEqual([Date.UTC(2026, 0, 1, 10, 0, 0, 500)]);
  expect(of('TIMESTAMP WITH TIME ZONE', '2026-01-01 10:00:00+02')).toEqual([Date.UTC(2026, 0, 1, 8)]);
  expect(of('TIMESTAMP', 'infinity')).toBeUndefined();
});
