import { expect, test } from 'vitest';
import type { Link } from '#studio/data/link-shapes.ts';
import {
  changedTables,
  chosenShare,
  matchingRows,
  tableRows,
  takenTables,
  toggled,
  withRows,
  without,
  type BrowsedTable,
} from './table-choice.ts';

const browsed = (tableName: string, more: Partial<BrowsedTable> = {}): BrowsedTable => ({
  schemaName: 'public',
  tableName,
  estimatedRows: 10,
  hasKey: true,
  refusal: null,
  ...more,
});
const refusal = { code: 'ForeignTable', message: 'It is a foreign table.', remedy: 'Link the database it lies in.' };
const all = [browsed('orders'), browsed('items'), browsed('far', { refusal }), browsed('taken')];
const taken = new Map([['public.taken', 'other']]);
const orders = { schemaName: 'public', tableName: 'orders', targetTable: 'o' };

test('what cannot be chosen says why', () => {
  const rows = tableRows(all, [orders], taken);
  expect(rows.map(({ name, isChosen, against }) => [name, isChosen, against])).toEqual([
    ['public.orders', true, undefined],
    ['public.items', false, undefined],
    ['public.far', false, 'It is a foreign table. Link the database it lies in.'],
    ['public.taken', false, 'It is in the link other: a table can be in one link only.'],
  ]);
});

test('a chosen table that the source does not show any more can be let go', () => {
  const [lost] = tableRows([], [orders], taken);
  expect(lost).toMatchObject({ name: 'public.orders', isChosen: true, against: expect.stringContaining('any more') as string });
  expect(toggled([orders], lost!)).toEqual([]);
  expect(tableRows(undefined, [orders], taken)).toMatchObject([{ name: 'public.orders', isChosen: true, against: undefined }]);
});

test('all that can be are selected at once, and what was chosen before keeps what was asked of it', () => {
  const rows = tableRows(all, [orders], taken);
  const chosen = withRows([orders], rows);
  expect(chosen).toEqual([orders, { schemaName: 'public', tableName: 'items' }]);
  expect([chosenShare(rows), chosenShare(tableRows(all, chosen, taken)), chosenShare(tableRows(all, [], taken))]).toEqual([
    'mixed',
    true,
    false,
  ]);
  expect(without(chosen, tableRows(all, chosen, taken))).toEqual([]);
  const [first, second] = rows;
  expect([toggled([orders], first!), toggled([orders], second!)]).toEqual([[], chosen]);
});

test('rows are found by every word of the text', () => {
  const rows = tableRows(all, [orders], taken);
  expect(matchingRows(rows, 'PUB ers', false).map(({ name }) => name)).toEqual(['public.orders']);
  expect(matchingRows(rows, '', true).map(({ name }) => name)).toEqual(['public.orders']);
  expect(matchingRows(rows, ' ', false)).toHaveLength(4);
});

test('tables of other links of the same source are known', () => {
  const link = (name: string, service: string): Link => ({
    id: name,
    name,
    properties: {
      sourceDatabase: { linkedService: { referenceName: service } },
      targetDatabase: { linkedService: { referenceName: 'dw' } },
      linkTables: [{ source: { schemaName: 'public', tableName: name }, target: { schemaName: 'public', tableName: name } }],
    },
  });
  const found = takenTables([link('a', 'shop'), link('b', 'SHOP'), link('c', 'other')], 'shop', 'A');
  expect([...found]).toEqual([['public.b', 'b']]);
});

test('what is asked of one table can be taken back', () => {
  const items = { schemaName: 'public', tableName: 'items' };
  const changed = changedTables([orders, items], 'public.orders', { targetTable: undefined, structure: 'Heap' });
  expect(changed).toEqual([{ schemaName: 'public', tableName: 'orders', structure: 'Heap' }, items]);
});

test('five thousand tables are selected and let go at once', () => {
  const many = Array.from({ length: 5_000 }, (_, i) => browsed(`t${i}`));
  const chosen = withRows([], tableRows(many, [], taken));
  const rows = tableRows(many, chosen, taken);
  expect([chosen.length, chosenShare(rows), matchingRows(rows, 't4999', true).length]).toEqual([5_000, true, 1]);
  expect(without(chosen, rows)).toEqual([]);
});
