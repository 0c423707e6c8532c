import { fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { TargetRule } from '../authoring/home.ts';
import { isProtected, type WorkspaceProperties } from './workspace-shape.ts';

/**
 * Where data exfiltration is prevented, managed private endpoints lead to resources of the workspace's own tenant and of those that it allows.
 * Rule: https://learn.microsoft.com/azure/synapse-analytics/security/workspace-data-exfiltration-protection
 */
export const workspaceTargets: TargetRule = {
  check: async (target, workspace, resources) => {
    if (await isAllowed(target, workspace, resources)) return;
    const tenant = await tenantOf(target, resources);
    throw fault(
      'denied',
      'LinkedAuthorizationFailed',
      `The client has permission to perform the action on the workspace '${workspace.name}', however the tenant '${tenant ?? 'unknown'}' of the linked resource '${target.slice(0, 300)}' is not one that it may be linked to: data exfiltration is prevented.`,
      {
        target: 'properties.privateLinkResourceId',
        remedy: `Add the tenant to properties.managedVirtualNetworkSettings.allowedAadTenantIdsForLinking of ${workspace.id}.`,
      },
    );
  },
  isCompliant: isAllowed,
};

async function isAllowed(target: string, workspace: Resource, resources: ResourceReader): Promise<boolean> {
  const properties = workspace.properties as WorkspaceProperties;
  if (!isProtected(properties)) return true;
  const tenant = await tenantOf(target, resources);
  if (tenant === undefined) return false;
  const allowed = [
    await tenantOf(workspace.id, resources),
    ...(properties.managedVirtualNetworkSettings?.allowedAadTenantIdsForLinking ?? []),
  ];
  return allowed.some((one) => one !== undefined && keyOf(one) === keyOf(tenant));
}

/** Of the subscription that a resource lies in. Undefined: of nobody that is known. */
async function tenantOf(id: string, resources: ResourceReader): Promise<string | undefined> {
  const [, subscription] = /^\/subscriptions\/([^/]+)\//i.exec(id) ?? [];
  const found = subscription === undefined ? undefined : await resources.get(`/subscriptions/${subscription}`);
  const tenant = found?.properties['tenantId'];
  return typeof tenant === 'string' ? tenant : undefined;
}
