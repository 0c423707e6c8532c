import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import { resourceType, type CheckContext, type CollectionQuery, type ResourceType } from '#arm/resource-type.ts';
import type { Asked } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { ownerGuid } from './built-in-roles.ts';
import { parseFilter, type Term } from './filter.ts';
import {
  assignmentsWithin,
  findRole,
  guid,
  guidName,
  history,
  isAssignable,
  roleAssignmentType,
  roleGuid,
  scopeKeyOf,
  scopeOf,
  type Assignment,
  type AssignmentProperties,
} from './roles.ts';

const properties = z.object({
  roleDefinitionId: z.string().min(1).max(2_000),
  principalId: guid,
  principalType: z.enum(['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device']).default('ServicePrincipal'),
  description: z.string().max(1_024).optional(),
  condition: z.string().optional(),
});

/** Who holds which role where: there and below. */
export const roleAssignments: ResourceType<AssignmentProperties> = resourceType<AssignmentProperties>({
  type: roleAssignmentType,
  summary: 'Gives a role to somebody, at a scope and below',
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
  show: async (self) => ({ scope: scopeOf(self.id), ...history(self) }),
  list,
});

async function check({ properties: asked }: Asked<AssignmentProperties>, context: CheckContext<AssignmentProperties>): Promise<void> {
  if (asked.condition !== undefined) {
    throw fault('unsupported', 'ConditionNotSupported', 'Role assignments with a condition are not supported.', {
      target: 'properties.condition',
      remedy: 'Leave condition out, and give the role at a narrower scope instead.',
    });
  }
  const role = await checkRole(asked, context);
  checkUpdate(asked, role, context);
  const others = await assignmentsWithin(context.resources, context.id.parent ?? '', true);
  const same = others.find(
    (one) =>
      keyOf(one.id) !== context.id.key &&
      one.properties.principalId === asked.principalId &&
      roleGuid(one.properties.roleDefinitionId) === role,
  );
  if (!same) return;
  throw fault('conflict', 'RoleAssignmentExists', 'The role assignment already exists.', {
    target: same.id,
    remedy: `Nothing needs to be done: ${same.name} gives the same role to the same principal at the same scope.`,
  });
}

/** The GUID of the role that is given. */
async function checkRole(
  { roleDefinitionId }: AssignmentProperties,
  { id, resources }: CheckContext<AssignmentProperties>,
): Promise<string> {
  const role = roleGuid(roleDefinitionId);
  if (role === undefined) {
    throw fault('invalid', 'InvalidRoleDefinitionId', `'${roleDefinitionId.slice(0, 300)}' is not the id of a role.`, {
      target: 'properties.roleDefinitionId',
      remedy: 'Ids of roles look like /providers/Microsoft.Authorization/roleDefinitions/{GUID}.',
    });
  }
  const under = id.parent ?? '';
  const found = await findRole(role, under, resources);
  if (!found) {
    throw fault('missing', 'RoleDefinitionDoesNotExist', `The specified role definition with ID '${role}' does not exist.`, {
      target: 'properties.roleDefinitionId',
      remedy: 'List the roles there are: isthmus get roleDefinitions.',
    });
  }
  if (isAssignable(found, keyOf(under))) return role;
  throw fault(
    'invalid',
    'RoleAssignmentScopeNotAssignable',
    `The role '${found.properties.roleName}' cannot be given at ${under || '/'}.`,
    {
      target: 'properties.roleDefinitionId',
      remedy: `Give it in ${found.properties.assignableScopes.join(', ')}, or add the scope to its assignableScopes.`,
    },
  );
}

function checkUpdate(asked: AssignmentProperties, role: string, { before }: CheckContext<AssignmentProperties>): void {
  if (!before || (before.properties.principalId === asked.principalId && roleGuid(before.properties.roleDefinitionId) === role)) return;
  throw fault(
    'invalid',
    'RoleAssignmentUpdateNotPermitted',
    'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
    { target: before.id, remedy: 'Write another role assignment under a new GUID, then delete this one.' },
  );
}

/** Nobody could give roles any more. */
async function checkDelete(self: Assignment, { resources }: CheckContext<AssignmentProperties>): Promise<void> {
  const isTop = (one: Assignment): boolean => scopeKeyOf(one.id) === '' && roleGuid(one.properties.roleDefinitionId) === ownerGuid;
  if (!isTop(self)) return;
  const owners = (await assignmentsWithin(resources, '')).filter(isTop);
  if (owners.some((one) => keyOf(one.id) !== keyOf(self.id))) return;
  throw fault('conflict', 'LastOwner', 'This is the last role assignment that makes somebody Owner of the tenant.', {
    target: self.id,
    remedy: 'Make somebody else Owner at / first.',
  });
}

const known = ['principalid', 'atscope()', 'assignedto()', 'astarget()'];

/** At the scope, above and below it; with `atScope()` not below. */
async function list({ under, filter }: CollectionQuery, resources: ResourceReader): Promise<readonly Assignment[]> {
  const terms = parseFilter(filter, known);
  const place = keyOf(under);
  const above = (one: Assignment): boolean => isWithin(place, scopeKeyOf(one.id));
  const onlyAbove = terms.some(({ name }) => name === 'atscope');
  const all = await assignmentsWithin(resources, '');
  return all.filter(
    (one) => (above(one) || (!onlyAbove && isWithin(scopeKeyOf(one.id), place))) && terms.every((term) => isFor(one, term)),
  );
}

function isFor(one: Assignment, { name, value }: Term): boolean {
  return name !== 'principalid' && name !== 'assignedto' ? true : one.properties.principalId === keyOf(value ?? '');
}
