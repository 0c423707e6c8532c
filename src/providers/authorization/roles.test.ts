import { beforeEach, expect, test } from 'vitest';
import { parseResourceId } from '#arm/resource-id.ts';
import type { AnyType, Principal } from '#arm/resource-type.ts';
import type { Asked, JsonObject } from '#arm/resource.ts';
import { memoryResources, type MemoryResources } from '#test/servers/memory-resources.ts';
import { builtInRoles, ownerGuid } from './built-in-roles.ts';
import { grantOwner } from './first-owner.ts';
import { permissions } from './permissions.ts';
import { roleAssignments } from './role-assignments.ts';
import { roleDefinitions } from './role-definitions.ts';

const anna: Principal = { id: '0d5a6c1e-0000-4000-8000-00000000000a', name: 'anna', tenant: 't' };
const bert = '0d5a6c1e-0000-4000-8000-00000000000b';
const one = '11111111-1111-4111-8111-111111111111';
const two = '22222222-2222-4222-8222-222222222222';
const subscription = '/subscriptions/S';
const group = `${subscription}/resourceGroups/G`;
const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';

let resources: MemoryResources;
beforeEach(() => {
  resources = memoryResources();
});

function assignmentId(scope: string, name: string): string {
  return `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

function roleId(scope: string, name: string): string {
  return `${scope}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
}

/** As the writer does: schema, check, store. */
async function put(type: AnyType, id: string, properties: JsonObject): Promise<void> {
  const parsed = type.properties.parse(properties) as JsonObject;
  const asked: Asked = { location: undefined, tags: {}, envelope: {}, properties: parsed };
  const before = await resources.get(id);
  await type.check?.(asked, { id: parseResourceId(id), before, resources, principal: anna });
  resources.put(id, parsed);
}

async function remove(type: AnyType, id: string): Promise<void> {
  const self = (await resources.get(id))!;
  await type.checkDelete?.(self, { id: parseResourceId(id), before: self, resources, principal: anna });
  resources.remove(id);
}

const own = (name: string, scopes: readonly string[], actions: readonly string[] = ['Microsoft.Sql/*/read']): JsonObject => ({
  roleName: name,
  permissions: [{ actions }],
  assignableScopes: scopes,
});

test('a role is given once to one at one scope, and what it is cannot be changed', async () => {
  const asked = { roleDefinitionId: roleId(subscription, reader), principalId: anna.id.toUpperCase() };
  await put(roleAssignments, assignmentId(group, one), asked);
  await expect(put(roleAssignments, assignmentId(group, two), { ...asked, roleDefinitionId: roleId('', reader) })).rejects.toMatchObject({
    kind: 'conflict',
    code: 'RoleAssignmentExists',
  });
  await put(roleAssignments, assignmentId(group, one), { ...asked, description: 'again' });
  await put(roleAssignments, assignmentId(subscription, two), asked);
  const changed = { kind: 'invalid', code: 'RoleAssignmentUpdateNotPermitted' };
  await expect(put(roleAssignments, assignmentId(group, one), { ...asked, principalId: bert })).rejects.toMatchObject(changed);
  await expect(put(roleAssignments, assignmentId(group, one), { ...asked, roleDefinitionId: roleId('', ownerGuid) })).rejects.toMatchObject(
    changed,
  );
  const shown = await roleAssignments.show!((await resources.get(assignmentId(group, one))) as never, resources);
  expect(shown).toMatchObject({ scope: group, createdBy: 'a', updatedBy: 'b' });
});

test('what cannot be given is refused by its name', async () => {
  const refused = async (properties: JsonObject, expected: object): Promise<void> =>
    expect(put(roleAssignments, assignmentId(group, one), properties)).rejects.toMatchObject(expected);
  const principalId = anna.id;
  await refused({ roleDefinitionId: roleId('', two), principalId }, { kind: 'missing', code: 'RoleDefinitionDoesNotExist' });
  await refused({ roleDefinitionId: reader, principalId }, { kind: 'invalid', code: 'InvalidRoleDefinitionId' });
  await refused(
    { roleDefinitionId: roleId('', reader), principalId, condition: 'x' },
    { kind: 'unsupported', code: 'ConditionNotSupported' },
  );
  await refused({ roleDefinitionId: roleId('', reader), principalId: 'anna' }, { name: 'ZodError' });
  await put(roleDefinitions, roleId(subscription, two), own('Elsewhere', [`${subscription}/resourceGroups/Other`]));
  await refused({ roleDefinitionId: roleId('', two), principalId }, { kind: 'invalid', code: 'RoleAssignmentScopeNotAssignable' });
  expect(roleAssignments.name.pattern.test('not-a-guid')).toBe(false);
});

test('the last Owner of the tenant stays', async () => {
  const owner = { roleDefinitionId: roleId('', ownerGuid), principalId: anna.id };
  await put(roleAssignments, assignmentId('', one), owner);
  await put(roleAssignments, assignmentId(group, two), owner);
  await expect(remove(roleAssignments, assignmentId('', one))).rejects.toMatchObject({ kind: 'conflict', code: 'LastOwner' });
  await remove(roleAssignments, assignmentId(group, two));
  await put(roleAssignments, assignmentId('', two), { ...owner, principalId: bert });
  await remove(roleAssignments, assignmentId('', one));
});

test('lists show what holds at a place, above and below it, by filter', async () => {
  const gives = (principalId: string): JsonObject => ({ roleDefinitionId: roleId('', reader), principalId });
  await put(roleAssignments, assignmentId('', one), gives(anna.id));
  await put(roleAssignments, assignmentId(group, two), gives(bert));
  await put(roleAssignments, assignmentId('/subscriptions/Other', one), gives(bert));
  const list = async (under: string, filter?: string): Promise<readonly string[]> =>
    (await roleAssignments.list!({ under, filter, principal: anna }, resources)).map(({ id }) => id);
  expect(await list(subscription)).toEqual([assignmentId('', one), assignmentId(group, two)]);
  expect(await list(subscription, 'atScope()')).toEqual([assignmentId('', one)]);
  expect(await list(group, 'atScope()')).toHaveLength(2);
  expect(await list('', `principalId eq '${bert}'`)).toHaveLength(2);
  expect(await list(group, `atScope() and assignedTo('${bert.toUpperCase()}')`)).toEqual([assignmentId(group, two)]);
  await expect(list('', "name eq 'x'")).rejects.toMatchObject({ kind: 'invalid', code: 'InvalidFilter' });
  await expect(list('', 'atScope() or atScope()')).rejects.toMatchObject({ code: 'InvalidFilter' });
});

test('roles built in are found everywhere and cannot be changed', async () => {
  const found = await roleDefinitions.find!(parseResourceId(roleId(group, reader.toUpperCase())), resources);
  expect(found).toMatchObject({ id: roleId(group, reader), properties: { roleName: 'Reader', assignableScopes: ['/'] } });
  expect(await roleDefinitions.show!(found!, resources)).toMatchObject({ type: 'BuiltInRole' });
  expect(await roleDefinitions.find!(parseResourceId(roleId(group, one)), resources)).toBeUndefined();
  await expect(put(roleDefinitions, roleId('', reader), own('Mine', ['/']))).rejects.toMatchObject({ code: 'RoleDefinitionIsBuiltIn' });
  await expect(put(roleDefinitions, roleId('', one), own('reader', ['/']))).rejects.toMatchObject({
    code: 'RoleDefinitionWithSameNameExists',
  });
  const guids = new Set(builtInRoles.map(({ guid }) => guid));
  expect([guids.size, [...guids].every((guid) => roleDefinitions.name.pattern.test(guid))]).toEqual([8, true]);
});

test('own roles reach no further than where they are written, and their GUID is theirs everywhere', async () => {
  const refused = async (id: string, properties: JsonObject, code: string): Promise<void> =>
    expect(put(roleDefinitions, id, properties)).rejects.toMatchObject({ code });
  await refused(roleId(group, one), own('Own', [subscription]), 'InvalidAssignableScope');
  await refused(roleId(subscription, one), own('Own', ['/']), 'InvalidAssignableScope');
  await refused(roleId(subscription, one), own('Own', ['/subscriptions/SS']), 'InvalidAssignableScope');
  await refused(roleId('', one), own('Own', ['/'], ['no spaces']), 'InvalidActionOrNotAction');
  const withDataActions = { ...own('Own', ['/']), permissions: [{ dataActions: ['*'] }] };
  await refused(roleId('', one), withDataActions, 'DataActionsNotSupported');
  await put(roleDefinitions, roleId(subscription, one), own('Own', [group]));
  await put(roleDefinitions, roleId(subscription, one), own('Own, renamed', [group, subscription]));
  await refused(roleId(group, one), own('Other', [group]), 'RoleDefinitionIdExists');
  await refused(roleId(subscription, two), own('own, RENAMED', [group]), 'RoleDefinitionWithSameNameExists');
  await put(roleAssignments, assignmentId(group, one), { roleDefinitionId: roleId('', one), principalId: bert });
  await expect(remove(roleDefinitions, roleId(subscription, one))).rejects.toMatchObject({
    kind: 'conflict',
    code: 'RoleDefinitionHasAssignments',
  });
  await remove(roleAssignments, assignmentId(group, one));
  await remove(roleDefinitions, roleId(subscription, one));
});

test('lists of roles show what may be given there', async () => {
  await put(roleDefinitions, roleId(subscription, one), own('Own', [group]));
  const names = async (under: string, filter?: string): Promise<readonly string[]> =>
    (await roleDefinitions.list!({ under, filter, principal: anna }, resources)).map(({ properties }) => properties.roleName);
  expect(await names(group)).toEqual([...builtInRoles.map(({ name }) => name), 'Own']);
  expect(await names(subscription)).toHaveLength(8);
  expect(await names(subscription, "atScopeAndBelow() and type eq 'CustomRole'")).toEqual(['Own']);
  expect(await names(group, "roleName eq 'OWNER'")).toEqual(['Owner']);
});

test('a caller sees what it may do', async () => {
  await put(roleAssignments, assignmentId(subscription, one), { roleDefinitionId: roleId('', reader), principalId: anna.id });
  const mine = await permissions.list!({ under: group, filter: undefined, principal: anna }, resources);
  expect(mine.map((found) => permissions.shape!(found, {}))).toEqual([
    { actions: ['*/read'], notActions: [], dataActions: [], notDataActions: [] },
  ]);
  expect(await permissions.list!({ under: '', filter: undefined, principal: anna }, resources)).toEqual([]);
});

test('the first administrator becomes Owner once', async () => {
  const written: string[] = [];
  const audited: string[] = [];
  const transaction = {
    ...resources,
    put: (request: { id: string; properties: JsonObject }) => {
      written.push(request.id);
      return Promise.resolve(resources.put(request.id, request.properties));
    },
    audit: ({ action }: { action: string }) => Promise.resolve(void audited.push(action)),
  };
  await grantOwner(transaction as never, anna);
  await grantOwner(transaction as never, anna);
  expect([written.length, audited]).toEqual([1, ['Microsoft.Authorization/roleAssignments/write']]);
  expect(parseResourceId(written[0]!)).toMatchObject({ scope: 'tenant', parent: undefined });
});
