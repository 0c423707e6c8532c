import { z } from 'zod';
import { builtIn } from '#arm/built-in.ts';
import { resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { sqlVersions } from './sql-server.ts';

const type = 'Microsoft.Sql/locations';
const status = { status: 'Default' };

/**
 * What is offered in a place: `az sql db create` and `az sql mi create` look a sku up there before they write. It decides nothing here, since
 * servers and databases exist already. Rule: https://learn.microsoft.com/rest/api/sql/capabilities/list-by-location
 */
export function sqlLocations(): ResourceType {
  return resourceType<JsonObject>({
    type,
    summary: 'A place, and what servers and databases may be said to be there',
    versions: sqlVersions,
    scopes: ['subscription'],
    location: 'none',
    hasTags: false,
    verbs: [],
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    shows: { provisioningState: false, etag: false },
    find: async (id, resources) => {
      const subscription = await resources.get(`/subscriptions/${id.subscription}`);
      return subscription && builtIn({ id: id.text, type, properties: {} }, subscription);
    },
    list: async () => [],
    views: {
      capabilities: ({ name }) => ({
        name,
        ...status,
        supportedServerVersions: [serverVersion],
        supportedManagedInstanceVersions: [instanceVersion],
      }),
    },
  });
}

const hardware = { name: 'Gen5', ...status, zoneRedundant: false };

const serverVersion: JsonObject = {
  name: '12.0',
  ...status,
  supportedEditions: [
    {
      name: 'GeneralPurpose',
      ...status,
      supportedServiceLevelObjectives: [2, 4, 8, 16].map((cores) => objective('GP_Gen5', 'GeneralPurpose', cores)),
    },
    {
      name: 'BusinessCritical',
      status: 'Available',
      supportedServiceLevelObjectives: [2, 4, 8, 16].map((cores) => objective('BC_Gen5', 'BusinessCritical', cores)),
    },
  ],
};

function objective(name: string, tier: string, capacity: number): JsonObject {
  return {
    name: `${name}_${capacity}`,
    status: capacity === 2 ? 'Default' : 'Available',
    performanceLevel: { value: capacity, unit: 'VCores' },
    sku: { name, tier, family: 'Gen5', capacity },
  };
}

const instanceVersion: JsonObject = {
  name: '12.0',
  ...status,
  supportedEditions: [
    { name: 'GeneralPurpose', ...status, supportedFamilies: [{ ...hardware, sku: 'GP_Gen5' }] },
    { name: 'BusinessCritical', status: 'Available', supportedFamilies: [{ ...hardware, sku: 'BC_Gen5' }] },
  ],
};
