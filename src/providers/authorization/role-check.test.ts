import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toFault, type Fault } from '#base/fault.ts';
import { actionTest } from '#arm/action-match.ts';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import type { Principal } from '#arm/resource-type.ts';
import { memoryResources, type MemoryResources } from '#test/servers/memory-resources.ts';
import { builtInRoles, ownerGuid } from './built-in-roles.ts';
import { permissions } from './permissions.ts';
import { RoleAuthorizer } from './role-check.ts';

const anna: Principal = { id: '0d5a6c1e-0000-4000-8000-00000000000a', name: 'anna', tenant: 't' };
const group = '/subscriptions/S/resourceGroups/Shop';
const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/v`;

function guidOf(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

function roleNamed(name: string): string {
  return builtInRoles.find((role) => role.name === name)!.guid;
}

let drawn = 0;
function give(resources: MemoryResources, scope: string, role: string): string {
  const id = `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/roleAssignments/${guidOf(++drawn)}`;
  resources.put(id, {
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId: anna.id,
    principalType: 'User',
  });
  return id;
}

async function refusalOf(work: Promise<void>): Promise<Fault | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return toFault(error);
  }
}

test('a role holds at its scope and below, in any casing, and nowhere else', async () => {
  const resources = memoryResources();
  const authorizer = new RoleAuthorizer(resources);
  give(resources, group, roleNamed('Network Contributor'));
  await authorizer.check(anna, 'Microsoft.Network/virtualNetworks/write', vnet);
  await authorizer.check(anna, 'microsoft.network/VIRTUALNETWORKS/delete', vnet.toUpperCase());
  await authorizer.check(anna, 'Microsoft.Resources/resourceGroups/read', group);
  for (const [action, scope] of [
    ['Microsoft.Network/virtualNetworks/write', '/subscriptions/S/resourceGroups/Shopping'],
    ['Microsoft.Network/virtualNetworks/read', '/subscriptions/S'],
    ['Microsoft.Network/virtualNetworks/read', ''],
    ['Microsoft.Sql/servers/read', vnet],
  ] as const) {
    expect(await refusalOf(authorizer.check(anna, action, scope))).toMatchObject({ kind: 'denied', code: 'AuthorizationFailed' });
  }
});

test('a refusal names who, what and where, and the least role that would do', async () => {
  const refusal = await refusalOf(new RoleAuthorizer(memoryResources()).check(anna, 'Microsoft.Network/virtualNetworks/write', vnet));
  expect(refusal?.message).toContain(`The client 'anna' with object id '${anna.id}' does not have authorization to perform action`);
  expect(refusal?.message).toContain(`'Microsoft.Network/virtualNetworks/write' over scope '${vnet}'`);
  expect(refusal?.remedy).toContain(`--role 'Network Contributor' --scope ${group}`);
  const other = await refusalOf(new RoleAuthorizer(memoryResources()).check(anna, 'Microsoft.Authorization/roleAssignments/write', ''));
  expect(other?.remedy).toContain("--role 'Owner' --scope /");
});

test('a contributor gives nobody rights: neither by roles nor by passwords', async () => {
  const resources = memoryResources();
  const authorizer = new RoleAuthorizer(resources);
  give(resources, '/', roleNamed('Contributor'));
  expect(await authorizer.allows(anna, 'Microsoft.Sql/servers/write', vnet)).toBe(true);
  for (const action of [
    'Microsoft.Authorization/roleAssignments/write',
    'Microsoft.Authorization/roleAssignments/delete',
    'Microsoft.Authorization/roleDefinitions/write',
    'Isthmus.Identity/servicePrincipals/addPassword/action',
    'Isthmus.Identity/servicePrincipals/write',
  ])
    expect(await authorizer.allows(anna, action, vnet)).toBe(false);
});

test('what later parts ask for, some role allows and no lesser one', async () => {
  const resources = memoryResources();
  const authorizer = new RoleAuthorizer(resources);
  const link = 'Microsoft.Synapse/workspaces/linkConnections';
  const asked = [
    ['Synapse Link Operator', `${link}/start/action`, true],
    ['Synapse Link Operator', `${link}/edittables/action`, true],
    ['Synapse Link Operator', `${link}/write`, false],
    ['Synapse Administrator', `${link}/write`, true],
    ['SQL Pool Reader', 'Microsoft.Synapse/workspaces/sqlPools/query/action', true],
    ['SQL Pool Reader', 'Microsoft.Synapse/workspaces/sqlPools/write', false],
    ['Private Endpoint Approver', 'Microsoft.Network/privateLinkServices/privateEndpointConnections/write', true],
    ['Private Endpoint Approver', 'Microsoft.Sql/servers/privateEndpointConnectionsApproval/action', true],
    ['Private Endpoint Approver', 'Microsoft.Network/privateLinkServices/write', false],
    ['Reader', `${link}/read`, true],
    ['Reader', `${link}/start/action`, false],
  ] as const;
  for (const [role, action, expected] of asked) {
    const id = give(resources, group, roleNamed(role));
    expect([role, action, await authorizer.allows(anna, action, vnet)]).toEqual([role, action, expected]);
    resources.remove(id);
  }
});

test('changes count at once, and nothing is read again without one', async () => {
  const resources = memoryResources();
  const authorizer = new RoleAuthorizer(resources);
  const read = (): Promise<boolean> => authorizer.allows(anna, 'Microsoft.Sql/servers/read', vnet);
  expect(await read()).toBe(false);
  const custom = guidOf(77_777);
  const definition = `/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/${custom}`;
  const permissions = (actions: string[]) => ({ roleName: 'Own', permissions: [{ actions, notActions: [] }], assignableScopes: ['/'] });
  resources.put(definition, permissions(['Microsoft.Network/*']));
  const id = give(resources, '/', custom);
  expect(await read()).toBe(false);
  resources.put(definition, permissions(['Microsoft.*/read']));
  expect(await read()).toBe(true);
  const before = resources.lists();
  for (let i = 0; i < 50; i++) await read();
  expect(resources.lists()).toBe(before);
  resources.put(id, (await resources.get(id))!.properties, { deleting: true });
  expect(await read()).toBe(false);
});

test('a store that could not be read is asked again', async () => {
  const resources = memoryResources();
  give(resources, '/', ownerGuid);
  let fails = true;
  const list: MemoryResources['list'] = (query) => (fails ? Promise.reject(new Error('disk')) : resources.list(query));
  const authorizer = new RoleAuthorizer({ ...resources, list });
  await expect(authorizer.check(anna, 'a/b/read', '')).rejects.toThrow('disk');
  fails = false;
  await authorizer.check(anna, 'a/b/read', '');
});

test('allowed is what some assignment at or above the scope allows: any assignments, any scope', async () => {
  const names = fc.constantFrom('a', 'A', 'ab', 'b');
  const scope = fc.oneof(
    fc.constant(''),
    names.map((s) => `/subscriptions/${s}`),
    fc.tuple(names, names).map(([s, g]) => `/subscriptions/${s}/resourceGroups/${g}`),
    fc
      .tuple(names, names, names)
      .map(([s, g, n]) => `/subscriptions/${s}/resourceGroups/${g}/providers/Microsoft.Network/virtualNetworks/${n}`),
  );
  const grants = fc.array(fc.tuple(scope, fc.constantFrom('Reader', 'Network Contributor', 'Contributor')), { maxLength: 6 });
  const action = fc.constantFrom(
    'Microsoft.Network/virtualNetworks/write',
    'Microsoft.Sql/servers/read',
    'Microsoft.Authorization/x/write',
  );
  const may: Record<string, (action: string) => boolean> = {
    Reader: (one) => one.endsWith('/read'),
    'Network Contributor': (one) => one.startsWith('Microsoft.Network/'),
    Contributor: (one) => !one.startsWith('Microsoft.Authorization/'),
  };
  await fc.assert(
    fc.asyncProperty(grants, scope, action, async (given, at, asked) => {
      const resources = memoryResources();
      for (const [where, role] of given) give(resources, where, roleNamed(role));
      const expected = given.some(([where, role]) => isWithin(keyOf(at), keyOf(where)) && may[role]!(asked));
      expect(await new RoleAuthorizer(resources).allows(anna, asked, at)).toBe(expected);
      // What a caller is shown of it says the same.
      const shown = await permissions.list!({ under: at, filter: undefined, principal: anna }, resources);
      expect(actionTest(shown.map(({ properties }) => properties))(keyOf(asked))).toBe(expected);
    }),
    { numRuns: 500 },
  );
});
