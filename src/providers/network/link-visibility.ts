import { z } from 'zod';
import { type Action, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { aliasOf, findTarget, isVisible, listed } from './alias.ts';
import { privateLinkServiceType } from './type-names.ts';

const input = z.object({ privateLinkServiceAlias: z.string().max(500) });

/** What a subscription may ask of a region: which private link services it can see, and which approve it by themselves. */
export function networkLocations(): ResourceType<JsonObject> {
  return resourceType<JsonObject>({
    type: 'Microsoft.Network/locations',
    summary: 'Questions about private link services, asked of a region',
    scopes: ['subscription', 'group'],
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    location: 'none',
    hasTags: false,
    verbs: [],
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    actions: { checkPrivateLinkServiceVisibility, autoApprovedPrivateLinkServices },
  });
}

const checkPrivateLinkServiceVisibility: Action<JsonObject, z.infer<typeof input>> = {
  summary: 'Whether a private link service can be seen by its alias',
  input,
  needsResource: false,
  run: async ({ id, input: { privateLinkServiceAlias: alias }, resources }) => {
    const found = await findTarget(alias, resources);
    return { body: { visible: found !== undefined && !found.deleting && isVisible(found, alias, id.subscription) } };
  },
};

const autoApprovedPrivateLinkServices: Action<JsonObject, unknown> = {
  summary: 'The private link services that approve the subscription by themselves',
  input: z.unknown(),
  needsResource: false,
  run: async ({ id, resources }) => {
    const services = await resources.list({ within: '', type: privateLinkServiceType });
    const value = services
      .filter((one) => !one.deleting && listed(one, 'autoApproval', id.subscription))
      .map((one) => ({ privateLinkService: aliasOf(one) }));
    return { body: { value } };
  },
};
