import { expect, test } from 'vitest';
import { concerns } from './live.ts';

const link = {
  id: '/subscriptions/1/resourceGroups/Shop/providers/Microsoft.Synapse/workspaces/w/linkConnections/l',
  type: 'Microsoft.Synapse/workspaces/linkConnections',
  kind: 'written',
} as const;
const workspace = '/subscriptions/1/resourcegroups/shop/providers/microsoft.synapse/workspaces/W';

test('a change concerns whoever watches its id, in any casing', () => {
  expect(concerns({ ids: [link.id.toUpperCase()] }, link)).toBe(true);
  expect(concerns({ ids: [workspace] }, link)).toBe(false);
});

test('a change concerns whoever watches its type, or that type of any parent', () => {
  expect(concerns({ types: ['microsoft.synapse/workspaces/LINKconnections'] }, link)).toBe(true);
  expect(concerns({ types: ['*/linkConnections'] }, link)).toBe(true);
  expect(concerns({ types: ['*/connections'] }, link)).toBe(false);
  expect(concerns({ types: ['Microsoft.Synapse/workspaces'] }, link)).toBe(false);
});

test('a change concerns whoever watches what it lies in, with a type only where that is the type', () => {
  expect(concerns({ within: workspace }, link)).toBe(true);
  expect(concerns({ within: `${workspace}2` }, link)).toBe(false);
  expect(concerns({ within: workspace, types: ['*/linkConnections'] }, link)).toBe(true);
  expect(concerns({ within: workspace, types: ['*/sqlPools'] }, link)).toBe(false);
  expect(concerns({ within: '' }, link)).toBe(true);
});

test('who watches nothing is not concerned', () => {
  expect(concerns({}, link)).toBe(false);
  expect(concerns({ ids: [] }, link)).toBe(false);
});
