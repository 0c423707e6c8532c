import { expect, test } from 'vitest';
import type { Link, LinkTable } from '#studio/data/link-shapes.ts';
import { draftOfLink, editsOf, emptyDraft, linkBody, readDraft, settingsBody, targetOf, type LinkDraft } from './link-draft.ts';

const orders = { schemaName: 'public', tableName: 'orders' };
const items = { schemaName: 'public', tableName: 'items' };
const draft: LinkDraft = { ...emptyDraft, name: 'shop', service: 'shop-database', pool: 'dw', tables: [orders, items] };

test('a draft is kept as text, and what is no draft is as at first', () => {
  expect(readDraft(JSON.stringify(draft))).toEqual(draft);
  expect([readDraft(null), readDraft('{'), readDraft('[]'), readDraft('7')]).toEqual([emptyDraft, emptyDraft, emptyDraft, emptyDraft]);
  const broken = JSON.stringify({ ...draft, service: 7, tables: [orders, { schemaName: 1 }, null], more: 'x' });
  expect(readDraft(broken)).toEqual({ ...draft, service: '', tables: [orders] });
});

test('what is not asked of a table is as for all', () => {
  expect(targetOf(draft, orders)).toEqual({
    ...orders,
    distributionOptions: { type: 'Round_Robin' },
    structureOptions: { type: 'ColumnStoreIndex' },
  });
  const all: LinkDraft = { ...draft, targetSchema: 'shop', structure: 'Heap' };
  expect(targetOf(all, { ...orders, targetTable: 'o', distribution: 'Hash', distributionColumn: 'id' })).toEqual({
    schemaName: 'shop',
    tableName: 'o',
    distributionOptions: { type: 'Hash', distributionColumn: 'id' },
    structureOptions: { type: 'Heap' },
  });
  expect(targetOf(all, { ...orders, targetSchema: 'own' }).schemaName).toBe('own');
});

test('what is sent is as the server takes it', () => {
  const body = linkBody(
    { ...draft, description: ' d ', crossTable: true, onExisting: 'Merge', intervalMinutes: 15, logBudgetGib: 2, whenExceeded: 'reseed' },
    'space',
  );
  expect(body).toMatchObject({
    description: 'd',
    properties: {
      sourceDatabase: { linkedService: { referenceName: 'shop-database' } },
      targetDatabase: {
        linkedService: { referenceName: 'space-WorkspaceDefaultSqlServer', parameters: { DBName: 'dw' } },
        typeProperties: { crossTableTransaction: true, actionOnExistingTargetTable: 'Merge' },
      },
      compute: { dataProcessIntervalMinutes: 15 },
      isthmus: { logBudget: { mostBytes: 2_147_483_648, whenExceeded: 'reseed' } },
    },
  });
  const usual = linkBody(draft, 'space');
  expect(usual).not.toHaveProperty('description');
  expect(usual['properties']).not.toHaveProperty('isthmus');
  expect(usual).not.toHaveProperty('properties.compute.dataProcessIntervalMinutes');
});

test('a link that is there becomes a draft, and back the same link', () => {
  const made = linkBody({ ...draft, crossTable: true, onExisting: 'DropAndRecreate', intervalMinutes: 5, logBudgetGib: 8 }, 'space');
  const link = { id: '/x', name: 'shop', ...made } as unknown as Link;
  expect(linkBody(draftOfLink(link), 'space')).toEqual(made);
  const other = {
    id: '/x',
    name: 'a',
    properties: { sourceDatabase: { linkedService: { referenceName: 's' } }, targetDatabase: { linkedService: { referenceName: 'dw' } } },
  };
  expect(draftOfLink(other)).toEqual({ ...emptyDraft, name: 'a', service: 's', pool: 'dw' });
});

test('edits are what differs: added, updated, removed', () => {
  const before: readonly LinkTable[] = [
    { id: '1', source: orders, target: orders },
    { id: '2', source: items, target: { ...items, structureOptions: { type: 'heap' } } },
  ];
  const link: Link = { id: '/x', name: 'a', properties: { ...linkOf(before) } };
  const same = draftOfLink(link);
  expect(editsOf(before, same)).toEqual([]);
  const [first] = same.tables;
  const customers = { schemaName: 'public', tableName: 'customers' };
  const edits = editsOf(before, { ...same, tables: [{ ...first!, targetTable: 'orders_2' }, customers] });
  expect(edits).toMatchObject([
    { operationType: 'remove', id: '2', source: items },
    { operationType: 'update', id: '1', source: orders, target: { tableName: 'orders_2' } },
    { operationType: 'add', source: customers, target: customers },
  ]);
  expect(edits[2]).not.toHaveProperty('id');
});

test('settings are saved without tables, and what is not known of the link stays', () => {
  const link = {
    id: '/x',
    name: 'a',
    properties: { ...linkOf([]), landingZone: { folderPath: 'f' }, isthmus: { logBudget: { mostBytes: 1 } } },
  };
  const body = settingsBody(
    link,
    { ...draftOfLink(link), description: 'd', onExisting: 'Merge', logBudgetGib: 0, intervalMinutes: 5 },
    'space',
  );
  expect(body).toEqual({
    description: 'd',
    properties: {
      sourceDatabase: { linkedService: { referenceName: 's' } },
      targetDatabase: {
        linkedService: { referenceName: 'x', parameters: { dbname: 'dw' } },
        typeProperties: { crossTableTransaction: false, actionOnExistingTargetTable: 'Merge' },
      },
      landingZone: { folderPath: 'f' },
      compute: { computeType: 'General', dataProcessIntervalMinutes: 5 },
    },
  });
});

function linkOf(linkTables: readonly LinkTable[]): Link['properties'] {
  return {
    sourceDatabase: { linkedService: { referenceName: 's' } },
    targetDatabase: { linkedService: { referenceName: 'x', parameters: { dbname: 'dw' } } },
    linkTables,
  };
}
