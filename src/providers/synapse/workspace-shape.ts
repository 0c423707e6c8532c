import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';

/** What is asked of a workspace, and other modules read. Of a workspace that is kept, everything with a default is there. */
export interface WorkspaceProperties {
  /** `default`: its runtimes stand in a managed virtual network. Empty: they do not. Never changes. */
  readonly managedVirtualNetwork?: 'default' | '' | undefined;
  readonly managedVirtualNetworkSettings?: NetworkSettings | undefined;
  readonly publicNetworkAccess?: 'Enabled' | 'Disabled' | undefined;
  /** Trusted services pass by the workspace's firewall: links need it where the workspace is not reached from everywhere. */
  readonly trustedServiceBypassEnabled?: boolean | undefined;
  readonly managedResourceGroupName?: string | undefined;
}

export interface NetworkSettings {
  /** Nothing leaves the network but over approved endpoints, and those lead to allowed tenants only. Never changes; see also the tag of the egress mode. */
  readonly preventDataExfiltration?: boolean | undefined;
  readonly linkedAccessCheckOnTargetResource?: boolean | undefined;
  /** Beside the workspace's own tenant. */
  readonly allowedAadTenantIdsForLinking?: readonly string[] | undefined;
}

const anything = z.looseObject({});
const guid = z.string().regex(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i, 'must be the id of a tenant, a GUID');

/** Rule: https://learn.microsoft.com/rest/api/synapse/resourcemanager/workspaces/create-or-update */
export const workspaceProperties: z.ZodType<WorkspaceProperties> = z.object({
  defaultDataLakeStorage: anything.optional(),
  sqlAdministratorLogin: z.string().max(128).optional(),
  sqlAdministratorLoginPassword: z.string().max(128).optional(),
  managedResourceGroupName: z.string().max(90).optional(),
  managedVirtualNetwork: z.enum(['default', ''], "must be 'default' or empty").optional(),
  managedVirtualNetworkSettings: z
    .object({
      preventDataExfiltration: z.boolean().optional(),
      linkedAccessCheckOnTargetResource: z.boolean().optional(),
      allowedAadTenantIdsForLinking: z.array(guid).max(100).optional(),
    })
    .optional(),
  publicNetworkAccess: z.enum(['Enabled', 'Disabled']).optional(),
  trustedServiceBypassEnabled: z.boolean().optional(),
  azureADOnlyAuthentication: z.boolean().optional(),
  encryption: anything.optional(),
  purviewConfiguration: anything.optional(),
  cspWorkspaceAdminProperties: anything.optional(),
  workspaceRepositoryConfiguration: anything.optional(),
  virtualNetworkProfile: anything.optional(),
});

/** With what was decided when it was created, and what is so unless it is asked otherwise. What never changes need not be sent again. */
export function completed(asked: WorkspaceProperties, before: WorkspaceProperties | undefined): WorkspaceProperties {
  const former = before?.managedVirtualNetworkSettings;
  const settings = asked.managedVirtualNetworkSettings ?? {};
  return {
    publicNetworkAccess: 'Enabled',
    trustedServiceBypassEnabled: false,
    ...asked,
    managedVirtualNetwork: asked.managedVirtualNetwork ?? before?.managedVirtualNetwork ?? '',
    ...kept('managedResourceGroupName', asked, before),
    managedVirtualNetworkSettings: {
      linkedAccessCheckOnTargetResource: false,
      allowedAadTenantIdsForLinking: [],
      ...settings,
      preventDataExfiltration: settings.preventDataExfiltration ?? former?.preventDataExfiltration ?? false,
    },
  };
}

function kept(name: 'managedResourceGroupName', asked: WorkspaceProperties, before: WorkspaceProperties | undefined): JsonObject {
  const value = asked[name] ?? before?.[name];
  return value === undefined ? {} : { [name]: value };
}

/** Faults (invalid): `PropertyChangeNotAllowed`, `ManagedVirtualNetworkRequired`. */
export function checkFixed(asked: WorkspaceProperties, before: WorkspaceProperties | undefined): void {
  const next = completed(asked, before);
  if (next.managedVirtualNetworkSettings?.preventDataExfiltration === true && next.managedVirtualNetwork !== 'default')
    throw fault(
      'invalid',
      'ManagedVirtualNetworkRequired',
      'Data exfiltration is prevented by a managed virtual network, and there is none.',
      {
        target: 'properties.managedVirtualNetwork',
        remedy: "Give managedVirtualNetwork 'default', or leave preventDataExfiltration out.",
      },
    );
  if (before === undefined) return;
  if (next.managedVirtualNetwork !== before.managedVirtualNetwork)
    throw fixed(
      'managedVirtualNetwork',
      'Create another workspace: a managed virtual network is decided about when a workspace is created.',
    );
  if (next.managedResourceGroupName !== before.managedResourceGroupName)
    throw fixed('managedResourceGroupName', 'Leave it as it is, or leave it out.');
  if (isProtected(next) !== isProtected(before))
    throw fixed(
      'managedVirtualNetworkSettings.preventDataExfiltration',
      'Leave it as it is. What the network lets out is changed by the tag hidden-egress-mode: open, report or enforce.',
    );
}

function fixed(name: string, remedy: string): Fault {
  return fault('invalid', 'PropertyChangeNotAllowed', `Changing property 'properties.${name}' is not allowed.`, {
    target: `properties.${name}`,
    remedy,
  });
}

/** Whether data exfiltration is prevented, by what was decided at creation. */
export function isProtected({ managedVirtualNetworkSettings: settings }: WorkspaceProperties): boolean {
  return settings?.preventDataExfiltration === true;
}
