import { z } from 'zod';
import { parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import { resourceType, type AnyType, type ResourceType } from '#arm/resource-type.ts';
import { newStatus, type JsonObject, type Resource } from '#arm/resource.ts';

const skuType = 'Microsoft.Compute/locations/publishers/artifacttypes/offers/skus';
const versions = { floor: '2020-06-01', implemented: '2025-04-01' };
const newest = '1.0.0';

/**
 * Images of machines, as `az vm create` looks them up before it writes one: every image is there, in one version. Nothing is ever booted from
 * them. Rule: https://learn.microsoft.com/rest/api/compute/virtual-machine-images
 */
export function images(): readonly AnyType[] {
  return [
    builtIn({
      type: skuType,
      summary: 'A kind of image, which machines may name',
      views: { versions: (self) => [versionShown(`${self.id}/versions/${newest}`)] },
    }),
    builtIn({ type: `${skuType}/versions`, summary: 'A version of an image', shape: (self) => versionShown(self.id) }),
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

function builtIn(given: Pick<ResourceType, 'type' | 'summary' | 'views' | 'shape'>): ResourceType {
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
      return subscription === undefined ? undefined : made(id, given.type, subscription);
    },
    list: async () => [],
  });
}

function made(id: ResourceId, type: string, { createdAt, createdBy }: Resource): Resource {
  const asked = { location: undefined, tags: {}, envelope: {}, properties: {} };
  const status = { ...newStatus, settled: 1, outcome: 'ready' as const };
  const authors = { createdAt, createdBy, changedAt: createdAt, changedBy: createdBy };
  return { ...asked, ...authors, id: id.text, type, name: id.name, generation: 1, etag: 'built-in', deleting: false, status };
}
