import { z } from 'zod';
import { subscriptionType } from '#arm/resource-id.ts';
import { resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';

export interface SubscriptionAsked {
  readonly displayName: string;
  /** A GUID. */
  readonly tenantId: string;
}

const guidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Where all else lies. Made by the program when it first starts; clients only read it. */
export const subscription: ResourceType<SubscriptionAsked> = resourceType<SubscriptionAsked>({
  type: subscriptionType,
  summary: 'A subscription: what groups lie in.',
  scopes: ['tenant'],
  versions: { floor: '2014-04-01', implemented: '2022-12-01' },
  location: 'none',
  name: { pattern: guidPattern, maxLength: 36, says: 'a GUID' },
  verbs: [],
  properties: z.object({ displayName: z.string().min(1).max(64), tenantId: z.string().regex(guidPattern, 'must be a GUID') }),
  shows: { provisioningState: false, etag: false },
  shape: shownSubscription,
});

function shownSubscription({ id, name, tags, properties }: Resource<SubscriptionAsked>): JsonObject {
  return {
    id,
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    subscriptionId: name,
    tenantId: properties.tenantId,
    displayName: properties.displayName,
    state: 'Enabled',
    subscriptionPolicies: { locationPlacementId: 'Public_2014-09-01', quotaId: 'PayAsYouGo_2014-09-01', spendingLimit: 'Off' },
  };
}
