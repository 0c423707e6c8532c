import type { AnyType } from '#arm/resource-type.ts';
import { deployment } from './deployments/deployment.ts';
import type { DeploymentOptions } from './deployments/tools.ts';
import { resourceGroup } from './resource-group.ts';
import { subscription } from './subscription.ts';

/** The types of Microsoft.Resources: subscriptions, groups, deployments. Tags and lists of all resources are routes of their own. */
export function resourcesTypes(options: DeploymentOptions): readonly AnyType[] {
  return [subscription, resourceGroup, deployment(options)];
}
