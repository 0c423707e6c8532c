import { expect, test } from 'vitest';
import type { LinkTableStatus } from '#studio/data/link-shapes.ts';
import { chosenTables, stateCounts, tableTrouble } from './table-words.ts';

const table = (tableName: string, status: string, more: Partial<LinkTableStatus> = {}): LinkTableStatus => ({
  id: tableName,
  status,
  processedRows: 0,
  processedDataVolume: 0,
  isthmus: { source: { schemaName: 'public', tableName }, target: { schemaName: 'dw', tableName: `${tableName}_copy` } },
  ...more,
});

test('tables are found by source, target and state', () => {
  const all = [table('orders', 'Replicating'), table('items', 'Failed')];
  const found = (text: string, state: string): readonly string[] => chosenTables(all, text, state).map(({ id }) => id);
  expect([found('', ''), found(' ORD', ''), found('items_copy', ''), found('', 'Failed'), found('orders', 'Failed')]).toEqual([
    ['orders', 'items'],
    ['orders'],
    ['items'],
    ['items'],
    [],
  ]);
});

test('states are counted, those to look at first', () => {
  const counts = stateCounts(['Replicating', 'Failed', 'Replicating', 'Waiting'].map((status) => ({ status })));
  expect(Object.entries(counts)).toEqual([
    ['Failed', 1],
    ['Waiting', 1],
    ['Replicating', 2],
  ]);
});

test("a table's trouble is told with its remedy apart", () => {
  expect(tableTrouble(table('a', 'Replicating'))).toBeUndefined();
  expect(
    tableTrouble(table('a', 'Failed', { errorCode: 'KeyLost', errorMessage: 'No key. Give it one.', remedy: 'Give it one.' })),
  ).toEqual({
    code: 'KeyLost',
    message: 'No key.',
    remedy: 'Give it one.',
  });
  expect(tableTrouble(table('a', 'Failed', { errorCode: 'KeyLost', errorMessage: 'No key.' }))).toEqual({
    code: 'KeyLost',
    message: 'No key.',
  });
});
