import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import { parsePlace, parseResourceId, segmentsOf } from '#arm/resource-id.ts';
import { groupId, memoryResources, principal, subscriptionName } from './deployments/memory-resources.contract.ts';
import { resourceGroup } from './resource-group.ts';
import { resourcesTypes } from './resources-types.ts';
import { subscription } from './subscription.ts';

test('the types of the namespace', () => {
  expect(resourcesTypes(memoryResources().options).map(({ type }) => type)).toEqual([
    'Microsoft.Resources/subscriptions',
    'Microsoft.Resources/resourceGroups',
    'Microsoft.Resources/deployments',
  ]);
});

test('a subscription is shown as ARM shows it', async () => {
  const found = (await memoryResources().reader.get(`/subscriptions/${subscriptionName}`))!;
  const shown = subscription.shape!({ ...found, properties: { displayName: 'Mine', tenantId: 'tenant' } }, {});
  expect(shown).toMatchObject({
    id: found.id,
    subscriptionId: subscriptionName,
    displayName: 'Mine',
    state: 'Enabled',
    tenantId: 'tenant',
    authorizationSource: 'RoleBased',
  });
});

test.each([
  ['shop', true],
  ['a.b-(c)_d', true],
  ['x'.repeat(90), true],
  ['ends.', false],
  ['x'.repeat(91), false],
  ['sp ace', false],
  ['', false],
])('group name %j', (name, isGood) => {
  expect(resourceGroup.name.pattern.test(name) && name.length <= resourceGroup.name.maxLength).toBe(isGood);
});

test('a group stays where it is', async () => {
  const { reader } = memoryResources();
  const before = (await reader.get(groupId))!;
  const context = { id: parseResourceId(groupId), before, resources: reader, principal };
  await resourceGroup.check!({ ...before, location: 'westeurope' }, context);
  await expect(resourceGroup.check!({ ...before, location: 'northeurope' }, context)).rejects.toThrow(
    expect.objectContaining({ code: 'InvalidResourceGroupLocation' }) as Fault,
  );
});

test("a deployment's operations are found as az asks for them", () => {
  const short = parsePlace(segmentsOf(`/subscriptions/s/resourcegroups/g/deployments/d/operations`));
  const full = parsePlace(segmentsOf(`/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments/d/operations`));
  expect(short).toEqual(full);
  expect(full).toMatchObject({ kind: 'collection', type: 'Microsoft.Resources/deployments/operations' });
});
