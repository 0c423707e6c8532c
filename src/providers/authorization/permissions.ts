import { z } from 'zod';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import { resourceType, type CollectionQuery, type ResourceType } from '#arm/resource-type.ts';
import { newStatus, type JsonObject, type Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { assignmentsWithin, findRole, roleGuid, scopeKeyOf, type RolePermission } from './roles.ts';

const words = z.array(z.string());

/**
 * `GET {scope}/providers/Microsoft.Authorization/permissions`: what the caller may do there, one entry for each permission of each role held there or
 * above; an action is allowed where one of them allows it (`actionTest`). Whoever may do nothing there sees none. Nothing is stored.
 */
export const permissions: ResourceType<RolePermission> = resourceType<RolePermission>({
  type: 'Microsoft.Authorization/permissions',
  summary: 'What the caller may do at a scope',
  scopes: ['tenant', 'subscription', 'group', 'resource'],
  versions: { floor: '2015-07-01', implemented: '2022-04-01' },
  location: 'none',
  hasTags: false,
  verbs: [],
  properties: z.object({ actions: words, notActions: words, dataActions: words, notDataActions: words }),
  shows: { provisioningState: false, etag: false },
  shape: ({ properties: { actions, notActions, dataActions, notDataActions } }): JsonObject => ({
    actions,
    notActions,
    dataActions,
    notDataActions,
  }),
  ownOnly: true,
  list,
});

async function list({ under, principal }: CollectionQuery, resources: ResourceReader): Promise<readonly Resource<RolePermission>[]> {
  const place = keyOf(under);
  const mine = (await assignmentsWithin(resources, '')).filter(
    (one) => one.properties.principalId === keyOf(principal.id) && isWithin(place, scopeKeyOf(one.id)),
  );
  const found = await Promise.all(mine.map((one) => findRole(roleGuid(one.properties.roleDefinitionId) ?? '', under, resources)));
  return found.flatMap((role) => role?.properties.permissions ?? []).map((one, i) => permissionResource(one, i, under));
}

function permissionResource(properties: RolePermission, i: number, under: string): Resource<RolePermission> {
  const type = 'Microsoft.Authorization/permissions';
  return {
    id: `${under}/providers/${type}/${i}`,
    type,
    name: String(i),
    location: undefined,
    tags: {},
    envelope: {},
    properties,
    generation: 1,
    etag: 'derived',
    deleting: false,
    status: { ...newStatus, settled: 1, outcome: 'ready' },
    createdAt: '',
    changedAt: '',
    createdBy: '',
    changedBy: '',
  };
}
