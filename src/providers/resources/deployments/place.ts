import { fault } from '#base/fault.ts';
import type { ResourceId } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { DeploymentPlace } from './template/scope.ts';

const usualEnvironment: JsonObject = {
  name: 'Isthmus',
  suffixes: { sqlServerHostname: '.database.windows.net', synapseAnalytics: '.dev.azuresynapse.net', storage: 'core.windows.net' },
};

/** Where a deployment goes, with what its template may ask of that place. Faults (missing): `SubscriptionNotFound`, `ResourceGroupNotFound`. */
export async function readPlace(
  id: ResourceId,
  mode: string,
  { resources, environment = usualEnvironment }: { readonly resources: ResourceReader; readonly environment?: JsonObject | undefined },
): Promise<DeploymentPlace> {
  const subscription = id.subscription === undefined ? undefined : await subscriptionFacts(id.subscription, resources);
  const group = id.group === undefined ? undefined : await groupFacts(id.subscription!, id.group, resources);
  const tenantId = subscription?.['tenantId'] ?? '';
  return {
    kind: group === undefined ? (subscription === undefined ? 'tenant' : 'subscription') : 'group',
    id: text(group?.['id']) ?? text(subscription?.['id']) ?? '',
    subscriptionId: text(subscription?.['subscriptionId']),
    group: text(group?.['name']),
    facts: {
      resourceGroup: group,
      subscription,
      tenant: { tenantId, displayName: 'Isthmus' },
      deployment: { name: id.name, properties: { mode, provisioningState: 'Running', template: { contentVersion: '1.0.0.0' } } },
      environment,
    },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

async function subscriptionFacts(name: string, resources: ResourceReader): Promise<JsonObject> {
  const found = await resources.get(`/subscriptions/${name}`);
  if (found === undefined) {
    throw fault('missing', 'SubscriptionNotFound', `The subscription '${name}' could not be found.`, {
      target: name,
      remedy: 'List the subscriptions that there are: GET /subscriptions.',
    });
  }
  const { displayName = found.name, tenantId = '' } = found.properties;
  return { id: found.id, subscriptionId: found.name, displayName, tenantId };
}

async function groupFacts(subscription: string, name: string, resources: ResourceReader): Promise<JsonObject> {
  const found = await resources.get(`/subscriptions/${subscription}/resourceGroups/${name}`);
  if (found === undefined) {
    throw fault('missing', 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`, {
      target: name,
      remedy: 'Create the group first.',
    });
  }
  const { id, type, location = '', tags, envelope } = found;
  return { id, name: found.name, type, location, tags, ...envelope, properties: { provisioningState: 'Succeeded' } };
}
