import { textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ShownResource } from '#studio/data/queries.ts';

export interface RoleDefinition {
  readonly id: string;
  readonly guid: string;
  readonly roleName: string;
  readonly description: string;
  readonly isBuiltIn: boolean;
  readonly permissions: readonly Permission[];
}

export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export interface RoleAssignment {
  readonly id: string;
  readonly principal: string;
  readonly role: string;
  /** `/`: everywhere. */
  readonly scope: string;
  readonly at: string | undefined;
}

export function roleOf({ id, name, properties }: ShownResource): RoleDefinition {
  const permissions = properties['permissions'];
  return {
    id,
    guid: name,
    roleName: textOf(properties['roleName']) ?? name,
    description: textOf(properties['description']) ?? '',
    isBuiltIn: textOf(properties['type']) === 'BuiltInRole',
    permissions: Array.isArray(permissions) ? (permissions as readonly JsonObject[]).map(permissionOf) : [],
  };
}

export function permissionOf(shown: JsonObject): Permission {
  const words = (name: string): readonly string[] => {
    const value = shown[name];
    return Array.isArray(value) ? (value as readonly unknown[]).map(String) : [];
  };
  return { actions: words('actions'), notActions: words('notActions') };
}

export function assignmentOf({ id, properties }: ShownResource): RoleAssignment {
  const word = (name: string): string => textOf(properties[name]) ?? '';
  return {
    id,
    principal: word('principalId'),
    role: word('roleDefinitionId'),
    scope: word('scope') || '/',
    at: textOf(properties['createdOn']),
  };
}

/** The GUID at the end of a role's id. */
export function roleGuid(id: string): string {
  return keyOf(id.split('/').at(-1) ?? '');
}

/** `{scope}/providers/Microsoft.Authorization/{word}`; `/` is everywhere. */
export function authorizationPath(scope: string, word: string): string {
  return `${scope.replace(/\/+$/, '')}/providers/Microsoft.Authorization/${word}`;
}

/** Whether a permission lets an action be done: `*` in it stands for anything. */
export function allows(permissions: readonly Permission[], action: string): boolean {
  const fits = (pattern: string): boolean => {
    const parts = keyOf(pattern)
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join('.*')}$`).test(keyOf(action));
  };
  return permissions.some(({ actions, notActions }) => actions.some(fits) && !notActions.some(fits));
}

/** What people ask most whether they may. */
export const usualActions: readonly { readonly text: string; readonly action: string }[] = [
  { text: 'See resources here', action: 'Microsoft.Resources/subscriptions/resourceGroups/read' },
  { text: 'Approve private endpoints', action: 'Microsoft.Network/privateLinkServices/privateEndpointConnections/write' },
  { text: 'Change networks', action: 'Microsoft.Network/virtualNetworks/write' },
  { text: 'Make workspaces', action: 'Microsoft.Synapse/workspaces/write' },
  { text: 'Make and change linked services', action: 'Microsoft.Synapse/workspaces/linkedservices/write' },
  { text: 'Test connections', action: 'Microsoft.Synapse/workspaces/testConnectivity/action' },
  { text: 'Make and change links', action: 'Microsoft.Synapse/workspaces/linkConnections/write' },
  { text: 'Start and stop links', action: 'Microsoft.Synapse/workspaces/linkConnections/start/action' },
  { text: 'Read tables of SQL pools', action: 'Microsoft.Synapse/workspaces/sqlPools/query/action' },
  { text: 'Read the audit log', action: 'Isthmus.Audit/records/read' },
  { text: 'Make credentials', action: 'Isthmus.Identity/servicePrincipals/write' },
  { text: 'Give roles', action: 'Microsoft.Authorization/roleAssignments/write' },
];
