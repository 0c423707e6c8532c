import { z } from 'zod';
import { builtIn } from '#arm/built-in.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { resourceType, type AnyType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';

const skuType = 'Microsoft.Compute/locations/publishers/artifacttypes/offers/skus';
const versions = { floor: '2020-06-01', implemented: '2025-04-01' };
const newest = '1.0.0';

/**
 * Images of machines, as `az vm create` looks them up before it writes one: every image is there, in one version. Nothing is ever booted from
 * them. Rule: https://learn.microsoft.com/rest/api/compute/virtual-machine-images
 */
export function images(): readonly AnyType[] {
  return [
    imageType({
      type: skuType,
      summary: 'A kind of image, which machines may name',
      views: { versions: (self) => [versionShown(`${self.id}/versions/${newest}`)] },
    }),
    imageType({ type: `${skuType}/versions`, summary: 'A version of an image', shape: (self) => versionShown(self.id) }),
  ];
}

function versionShown(id: string): JsonObject {
  const { name } = parseResourceId(id);
  const location = id.split('/')[6] ?? '';
  const properties = {
    osDiskImage: { operatingSystem: 'Linux' },
    dataDiskImages: [],
    hyperVGeneration: 'V1',
    automaticOSUpgradeProperties: { automaticOSUpgradeSupported: false },
  };
  return { id, name, location, properties };
}

function imageType(given: Pick<ResourceType, 'type' | 'summary' | 'views' | 'shape'>): ResourceType {
  return resourceType<JsonObject>({
    ...given,
    versions,
    scopes: ['subscription'],
    location: 'none',
    hasTags: false,
    verbs: [],
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    shows: { provisioningState: false, etag: false },
    find: async (id, resources) => {
      const subscription = await resources.get(`/subscriptions/${id.subscription}`);
      return subscription === undefined ? undefined : builtIn({ id: id.text, type: given.type, properties: {} }, subscription);
    },
    list: async () => [],
  });
}
