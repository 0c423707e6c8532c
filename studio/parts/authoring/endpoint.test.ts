import { expect, test } from 'vitest';
import { endpointBody, endpointOf, endpointProblems, endpointsFor } from './endpoint.ts';

const group = '/subscriptions/s/resourceGroups/g/providers';
const service = `${group}/Microsoft.Network/privateLinkServices/pls`;
const draft = { name: 'shop', target: service, fqdns: 'a.example\nb.example,1433; c.example' };

test('an endpoint to a service has its names, one to a server the group of its kind', () => {
  expect(endpointBody(draft)).toEqual({
    properties: { privateLinkResourceId: service, fqdns: ['a.example', 'b.example,1433', 'c.example'] },
  });
  const server = `${group}/Microsoft.Sql/servers/shop`;
  expect(endpointBody({ ...draft, target: server, fqdns: '' })).toEqual({
    properties: { privateLinkResourceId: server, groupId: 'sqlServer', fqdns: [] },
  });
});

test('what cannot be asked for is told by field', () => {
  expect(endpointProblems(draft)).toEqual({});
  expect(Object.keys(endpointProblems({ name: '-x', target: `${group}/Microsoft.Sql/servers/a/databases/b`, fqdns: 'a b!' }))).toEqual([
    'name',
    'target',
    'fqdns',
  ]);
  expect(endpointProblems({ ...draft, fqdns: ' ' }).fqdns).toContain('names');
});

test('a host is found at the endpoints that carry its name, for the port that is meant', () => {
  const one = (name: string, fqdns: readonly string[]) => endpointOf({ id: `/e/${name}`, name, type: 't', properties: { fqdns } });
  const all = [one('any', ['DB.example']), one('only', ['db.example,1433']), one('other', ['else.example'])];
  expect(endpointsFor(all, 'db.example', '1433').map(({ name }) => name)).toEqual(['any', 'only']);
  expect(endpointsFor(all, 'db.example', '5432').map(({ name }) => name)).toEqual(['any']);
  expect(endpointsFor(all, '', '5432')).toEqual([]);
});

test('a state that says nothing yet is one that waits', () => {
  const shown = endpointOf({
    id: '/e/x',
    name: 'x',
    type: 't',
    properties: { connectionState: { status: 'Approved', actionsRequired: 'None' }, isCompliant: false },
  });
  expect(shown).toMatchObject({ status: 'Approved', actionsRequired: undefined, isCompliant: false });
  expect(endpointOf({ id: '/e/x', name: 'x', type: 't', properties: {} })).toMatchObject({
    status: 'Pending',
    fqdns: [],
    isCompliant: undefined,
  });
});
