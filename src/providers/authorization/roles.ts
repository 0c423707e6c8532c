import { z } from 'zod';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import { newStatus, type JsonObject, type Resource } from '#arm/resource.ts';
import type { NameRule } from '#arm/resource-type.ts';
import type { ResourceReader } from '#arm/store.ts';
import { builtInRole, builtInRoles, type BuiltInRole } from './built-in-roles.ts';

export const roleDefinitionType = 'Microsoft.Authorization/roleDefinitions';
export const roleAssignmentType = 'Microsoft.Authorization/roleAssignments';

/** The tenant as Azure writes it. */
export const tenantScope = '/';

export interface RoleProperties {
  readonly roleName: string;
  readonly description: string;
  readonly permissions: readonly RolePermission[];
  /** Where it may be given, there and below. */
  readonly assignableScopes: readonly string[];
}

export interface RolePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

export interface AssignmentProperties {
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly description?: string | undefined;
  readonly condition?: string | undefined;
}

export type Role = Resource<RoleProperties>;
export type Assignment = Resource<AssignmentProperties>;

const guidPattern: RegExp = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
export const guidName: NameRule = { pattern: guidPattern, maxLength: 36, says: 'a GUID such as 7d4c0a52-3f1b-4b1e-9f0e-2a6c5d8e9b01' };
export const guid: z.ZodType<string> = z
  .string()
  .regex(guidPattern, 'a GUID is needed')
  .transform((text) => text.toLowerCase());

/** Where a role or assignment stands, as a key; empty at the tenant. */
export function scopeKeyOf(id: string): string {
  const key = keyOf(id);
  return key.slice(0, key.lastIndexOf('/providers/microsoft.authorization/'));
}

/** The same in the casing of the id, `/` at the tenant. */
export function scopeOf(id: string): string {
  return id.slice(0, scopeKeyOf(id).length) || tenantScope;
}

/** A scope as people write it, as a key. */
export function scopeKey(scope: string): string {
  return keyOf(scope.replace(/\/+$/, ''));
}

/** The GUID at the end of a role's id, in lower case. Undefined: not the id of a role. */
export function roleGuid(roleDefinitionId: string): string | undefined {
  const found = /(?:^|\/)providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/i.exec(roleDefinitionId)?.[1];
  return found !== undefined && guidPattern.test(found) ? found.toLowerCase() : undefined;
}

/** Roles that were made, not those built in. GUIDs are unique among all roles, wherever they stand. */
export async function customRoles(resources: Pick<ResourceReader, 'list'>): Promise<readonly Role[]> {
  const all = await resources.list({ within: '', type: roleDefinitionType });
  return all.filter((one) => !one.deleting) as unknown as readonly Role[];
}

/** `within`: all assignments there and below. `direct`: only those at that scope. */
export async function assignmentsWithin(
  resources: Pick<ResourceReader, 'list'>,
  within: string,
  direct = false,
): Promise<readonly Assignment[]> {
  const all = await resources.list({ within, type: roleAssignmentType, ...(direct ? { direct } : {}) });
  return all.filter((one) => !one.deleting) as unknown as readonly Assignment[];
}

/** The role of this GUID, built in or made, as it appears at a place. */
export async function findRole(role: string, under: string, resources: Pick<ResourceReader, 'list'>): Promise<Role | undefined> {
  const builtIn = builtInRole(role);
  if (builtIn) return builtInResource(builtIn, under);
  return (await customRoles(resources)).find((one) => keyOf(one.name) === keyOf(role));
}

/** Whether the role may be given at this scope. */
export function isAssignable(role: Role, scope: string): boolean {
  return role.properties.assignableScopes.some((one) => isWithin(scope, scopeKey(one)));
}

/** Roles built in, as they appear at a place: with ids there, so that whoever may read there may read them. */
export function builtInResources(under: string): readonly Role[] {
  return builtInRoles.map((role) => builtInResource(role, under));
}

const builtInSince = '2026-11-01T00:00:00.000Z';

function builtInResource({ guid: name, name: roleName, description, permission }: BuiltInRole, under: string): Role {
  const { actions, notActions } = permission;
  return {
    id: `${under}/providers/${roleDefinitionType}/${name}`,
    type: roleDefinitionType,
    name,
    location: undefined,
    tags: {},
    envelope: {},
    properties: {
      roleName,
      description,
      permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
      assignableScopes: [tenantScope],
    },
    generation: 1,
    etag: 'built-in',
    deleting: false,
    status: { ...newStatus, settled: 1, outcome: 'ready' },
    createdAt: builtInSince,
    changedAt: builtInSince,
    createdBy: '',
    changedBy: '',
  };
}

/** Members that Azure shows of whoever wrote it. */
export function history({ createdAt, changedAt, createdBy, changedBy }: Resource<unknown>): JsonObject {
  return { createdOn: createdAt, updatedOn: changedAt, createdBy, updatedBy: changedBy };
}
