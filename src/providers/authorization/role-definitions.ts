import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import { resourceType, type CheckContext, type CollectionQuery, type ResourceType } from '#arm/resource-type.ts';
import type { Asked } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { builtInRole, builtInRoles } from './built-in-roles.ts';
import { parseFilter } from './filter.ts';
import {
  assignmentsWithin,
  builtInResources,
  customRoles,
  findRole,
  guidName,
  history,
  isAssignable,
  roleDefinitionType,
  roleGuid,
  scopeKey,
  scopeKeyOf,
  type Role,
  type RoleProperties,
} from './roles.ts';

const actionList = z.array(z.string().max(260)).max(2_000).default([]);
const permission = z.object({ actions: actionList, notActions: actionList, dataActions: actionList, notDataActions: actionList });
const properties = z.object({
  roleName: z.string().min(1).max(512),
  description: z.string().max(2_048).default(''),
  permissions: z.array(permission).min(1).max(10),
  assignableScopes: z.array(z.string().min(1).max(2_000)).min(1).max(2_000),
});

/** Roles: those built in are shown everywhere and cannot be changed; others are made where they are to be given, or above. */
export const roleDefinitions: ResourceType<RoleProperties> = resourceType<RoleProperties>({
  type: roleDefinitionType,
  summary: 'What a role allows',
  scopes: ['tenant', 'subscription', 'group', 'resource'],
  versions: { floor: '2015-07-01', implemented: '2022-04-01' },
  location: 'none',
  hasTags: false,
  name: guidName,
  verbs: ['put', 'delete'],
  properties,
  shows: { provisioningState: false, etag: false },
  answers: { created: 201, replaced: 201, deleted: 200 },
  check,
  checkDelete,
  show: async (self) => ({ type: builtInRole(self.name) ? 'BuiltInRole' : 'CustomRole', ...history(self) }),
  find: async (id, resources) => {
    const under = id.parent ?? '';
    const role = await findRole(id.name, under, resources);
    return role && isAssignable(role, keyOf(under)) ? role : undefined;
  },
  list,
});

async function check({ properties: asked }: Asked<RoleProperties>, { id, resources }: CheckContext<RoleProperties>): Promise<void> {
  if (builtInRole(id.name)) {
    throw fault('conflict', 'RoleDefinitionIsBuiltIn', `The role ${builtInRole(id.name)!.name} is built in and cannot be changed.`, {
      target: id.text,
      remedy: 'Make a role of your own under a new GUID.',
    });
  }
  checkPermissions(asked);
  checkScopes(asked, id.parent ?? '');
  const name = keyOf(asked.roleName);
  const others = (await customRoles(resources)).filter((one) => keyOf(one.id) !== id.key);
  if (others.some((one) => keyOf(one.name) === keyOf(id.name))) {
    throw fault('conflict', 'RoleDefinitionIdExists', `There is a role ${id.name} already, at another scope.`, {
      target: id.text,
      remedy: 'Use a new GUID: it names a role everywhere.',
    });
  }
  if (builtInRoles.some((one) => keyOf(one.name) === name) || others.some((one) => keyOf(one.properties.roleName) === name)) {
    throw fault('conflict', 'RoleDefinitionWithSameNameExists', `There is a role named '${asked.roleName}' already.`, {
      target: 'properties.roleName',
      remedy: 'Choose another roleName, or change that role by its own id.',
    });
  }
}

function checkPermissions({ permissions }: RoleProperties): void {
  for (const { actions, notActions, dataActions, notDataActions } of permissions) {
    const wrong = [...actions, ...notActions].find((one) => !/^(?:[\w.*-]+)(?:\/[\w.*-]+)*$/.test(one));
    if (wrong !== undefined) {
      throw fault('invalid', 'InvalidActionOrNotAction', `'${wrong.slice(0, 260)}' is not an action.`, {
        target: 'properties.permissions',
        remedy: "Actions look like Microsoft.Network/virtualNetworks/read; '*' stands for any characters.",
      });
    }
    if (dataActions.length > 0 || notDataActions.length > 0) {
      throw fault('unsupported', 'DataActionsNotSupported', 'Roles with dataActions or notDataActions are not supported.', {
        target: 'properties.permissions.dataActions',
        remedy: 'Use actions: reading a pool is Microsoft.Synapse/workspaces/sqlPools/query/action.',
      });
    }
  }
}

/** Whoever may write a role may so change what others hold; therefore it reaches no further than the place it stands at. */
function checkScopes({ assignableScopes }: RoleProperties, under: string): void {
  const outside = assignableScopes.find((one) => !one.startsWith('/') || !isWithin(scopeKey(one), keyOf(under)));
  if (outside === undefined) return;
  throw fault('invalid', 'InvalidAssignableScope', `The scope '${outside}' does not lie in ${under || '/'}, where the role is written.`, {
    target: 'properties.assignableScopes',
    remedy: 'Write the role at a scope that all its assignableScopes lie in: a subscription, or / for the whole tenant.',
  });
}

async function checkDelete(self: Role, { resources }: CheckContext<RoleProperties>): Promise<void> {
  const held = (await assignmentsWithin(resources, '')).find((one) => roleGuid(one.properties.roleDefinitionId) === keyOf(self.name));
  if (!held) return;
  throw inUse(self, held.id);
}

function inUse(self: Role, assignment: string): Fault {
  return fault('conflict', 'RoleDefinitionHasAssignments', `The role '${self.properties.roleName}' is held by somebody.`, {
    target: assignment,
    remedy: 'Delete its role assignments first.',
  });
}

const known = ['rolename', 'type', 'atscopeandbelow()', 'atscope()'];

/** What may be given at the scope; with `atScopeAndBelow()` also what may be given somewhere below. */
async function list({ under, filter }: CollectionQuery, resources: ResourceReader): Promise<readonly Role[]> {
  const terms = parseFilter(filter, known);
  const below = terms.some(({ name }) => name === 'atscopeandbelow');
  const place = keyOf(under);
  const custom = (await customRoles(resources)).filter((one) => isAssignable(one, place) || (below && isWithin(scopeKeyOf(one.id), place)));
  return [...builtInResources(under), ...custom].filter((one) =>
    terms.every(({ kind, name, value }) => kind === 'call' || keyOf(value ?? '') === memberOf(one, name)),
  );
}

function memberOf(role: Role, name: string): string {
  if (name === 'rolename') return keyOf(role.properties.roleName);
  return builtInRole(role.name) ? 'builtinrole' : 'customrole';
}
