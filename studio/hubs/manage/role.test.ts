import { expect, test } from 'vitest';
import { allows, assignmentOf, authorizationPath, permissionOf, roleGuid } from './role.ts';

test('a permission lets be done what one of its patterns means and none of its exceptions', () => {
  const contributor = permissionOf({ actions: ['*'], notActions: ['Microsoft.Authorization/*/Write', 'Isthmus.Identity/*/action'] });
  expect(allows([contributor], 'microsoft.network/virtualNetworks/write')).toBe(true);
  expect(allows([contributor], 'Microsoft.Authorization/roleAssignments/write')).toBe(false);
  const approver = permissionOf({ actions: ['*/privateEndpointConnections/*', 'Microsoft.Sql/servers/read'] });
  expect(allows([approver], 'Microsoft.Sql/servers/privateEndpointConnections/write')).toBe(true);
  expect(allows([approver], 'Microsoft.SqlXservers/read')).toBe(false);
  expect(allows([], 'a/b/read')).toBe(false);
});

test('what one role excepts another may allow', () => {
  const all = [permissionOf({ actions: ['*'], notActions: ['a/b/write'] }), permissionOf({ actions: ['a/b/write'] })];
  expect(allows(all, 'a/b/write')).toBe(true);
});

test('scopes become addresses, the one of everything too', () => {
  expect(authorizationPath('/', 'permissions')).toBe('/providers/Microsoft.Authorization/permissions');
  expect(authorizationPath('/subscriptions/s', 'roleAssignments')).toBe(
    '/subscriptions/s/providers/Microsoft.Authorization/roleAssignments',
  );
  expect(roleGuid('/x/roleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635')).toBe('8e3af657-a8ff-443c-a75c-2fe8c4bcb635');
  expect(assignmentOf({ id: '/a', name: 'a', type: 't', properties: { principalId: 'p', roleDefinitionId: '/r' } })).toMatchObject({
    scope: '/',
  });
});
