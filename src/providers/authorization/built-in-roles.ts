import type { Permission } from '#arm/action-match.ts';

/** A role that is always there, may be given at any scope, and cannot be changed. */
export interface BuiltInRole {
  /** A GUID in lower case: Azure's own where Azure has the role. */
  readonly guid: string;
  readonly name: string;
  readonly description: string;
  readonly permission: Permission;
}

export const ownerGuid = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

/** What nearly every role needs to find its way: groups, subscriptions, who may what. */
const orientation = [
  'Microsoft.Authorization/*/read',
  'Microsoft.Resources/resourceGroups/read',
  'Microsoft.Resources/subscriptions/read',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
  // That the network has changed; what is shown of it is what may be read one by one.
  'Isthmus.Fabric/*/read',
];

/**
 * From the one that allows least to the one that allows most: a refusal names the first that would do.
 * Rule: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const builtInRoles: readonly BuiltInRole[] = [
  {
    guid: '2f6d1c0b-7a53-4e0e-9d3c-5b8e4a91f7d4',
    name: 'SQL Pool Reader',
    description: 'Lets you read the tables of SQL pools.',
    permission: {
      actions: [
        ...orientation,
        'Microsoft.Synapse/workspaces/read',
        'Microsoft.Synapse/workspaces/sqlPools/read',
        'Microsoft.Synapse/workspaces/sqlPools/*/read',
        'Microsoft.Synapse/workspaces/sqlPools/connect/action',
        'Microsoft.Synapse/workspaces/sqlPools/query/action',
      ],
      notActions: [],
    },
  },
  {
    guid: '9c7e2a41-0d5f-4b86-8f1a-3e6d7b2c5a90',
    name: 'Private Endpoint Approver',
    description: 'Lets you see, approve, reject, cut and remove connections of private endpoints to what you own.',
    permission: {
      actions: [
        ...orientation,
        'Microsoft.Network/privateLinkServices/read',
        'Microsoft.Sql/servers/read',
        'Microsoft.Sql/managedInstances/read',
        'Microsoft.DBforPostgreSQL/flexibleServers/read',
        'Microsoft.DBforMySQL/flexibleServers/read',
        'Microsoft.Synapse/workspaces/read',
        '*/privateLinkResources/read',
        '*/privateEndpointConnections/*',
        '*/privateEndpointConnectionsApproval/action',
      ],
      notActions: [],
    },
  },
  {
    guid: 'b4d08f63-51ce-4a7f-a2b9-6c1f0e9d8e27',
    name: 'Synapse Link Operator',
    description: 'Lets you start, stop, pause and resume link connections and choose their tables, but not make or change connections.',
    permission: {
      actions: [
        ...orientation,
        'Microsoft.Synapse/workspaces/read',
        'Microsoft.Synapse/workspaces/*/read',
        'Microsoft.Synapse/workspaces/linkConnections/*/action',
        'Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action',
        'Microsoft.Synapse/workspaces/testConnectivity/action',
      ],
      notActions: [],
    },
  },
  {
    guid: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
    name: 'Reader',
    description: 'View all resources, but does not allow you to make any changes.',
    permission: { actions: ['*/read'], notActions: [] },
  },
  {
    guid: '4d97b98b-1d4f-4787-a291-c67834d212e7',
    name: 'Network Contributor',
    description: 'Lets you manage networks, but not access to them.',
    permission: { actions: [...orientation, 'Microsoft.Network/*', 'Microsoft.Resources/deployments/*'], notActions: [] },
  },
  {
    guid: '6e4bf58a-b8e1-4cc3-bbf9-d73143322b78',
    name: 'Synapse Administrator',
    description: 'Lets you manage workspaces, their pools, runtimes, endpoints and link connections, and read the pools.',
    permission: { actions: [...orientation, 'Microsoft.Synapse/*', 'Microsoft.Resources/deployments/*'], notActions: [] },
  },
  {
    guid: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
    name: 'Contributor',
    description: 'Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.',
    permission: {
      actions: ['*'],
      // Whoever can give a principal a password can become that principal.
      notActions: [
        'Microsoft.Authorization/*/Delete',
        'Microsoft.Authorization/*/Write',
        'Isthmus.Identity/*/delete',
        'Isthmus.Identity/*/write',
        'Isthmus.Identity/*/action',
      ],
    },
  },
  {
    guid: ownerGuid,
    name: 'Owner',
    description: 'Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.',
    permission: { actions: ['*'], notActions: [] },
  },
];

const byGuid = new Map(builtInRoles.map((role) => [role.guid, role]));

export function builtInRole(guid: string): BuiltInRole | undefined {
  return byGuid.get(guid.toLowerCase());
}
