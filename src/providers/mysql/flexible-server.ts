import { z } from 'zod';
import { checkServer, defaultSuffix, linkResource, serverName, serverShown, type DatabaseServerOptions } from '#arm/database-server.ts';
import { resourceType, type Reference, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject } from '#arm/resource.ts';

export const flexibleServerType = 'Microsoft.DBforMySQL/flexibleServers';
export const mysqlVersions = { floor: '2021-05-01', implemented: '2023-12-30' };

const anything = z.looseObject({});

interface Network {
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  readonly delegatedSubnetResourceId?: string | undefined;
  readonly privateDnsZoneResourceId?: string | undefined;
}

interface FlexibleServerProperties {
  readonly network: Network;
}

/** Rule: https://learn.microsoft.com/rest/api/mysql/servers/create */
const properties = z.object({
  administratorLogin: z.string().max(32).optional(),
  administratorLoginPassword: z.string().max(128).optional(),
  version: z
    .string()
    .regex(/^\d\.\d\.\d{1,2}$/, 'must be a version, such as 8.0.21')
    .default('8.0.21'),
  network: z
    .object({
      publicNetworkAccess: z.enum(['Enabled', 'Disabled']).default('Enabled'),
      delegatedSubnetResourceId: z.string().max(2_000).optional(),
      privateDnsZoneResourceId: z.string().max(2_000).optional(),
    })
    .default({ publicNetworkAccess: 'Enabled' }),
  storage: anything.default({ storageSizeGB: 32 }),
  backup: anything.optional(),
  highAvailability: anything.optional(),
  maintenanceWindow: anything.optional(),
  availabilityZone: z.string().max(8).optional(),
}) as unknown as z.ZodType<FlexibleServerProperties>;

const usualSku = { name: 'Standard_D2s_v3', tier: 'GeneralPurpose' };
const envelope = z.object({ sku: z.looseObject({ name: z.string().max(80) }).default(usualSku) }) as unknown as z.ZodType<JsonObject>;

/** A MySQL server that exists already, as private endpoints know it. */
export function flexibleServers(options: DatabaseServerOptions): ResourceType<FlexibleServerProperties> {
  const { suffix = defaultSuffix } = options;
  return resourceType<FlexibleServerProperties>({
    type: flexibleServerType,
    summary: 'A MySQL server that exists already (tag hidden-backend: host:port), as private endpoints know it',
    versions: mysqlVersions,
    name: serverName,
    properties,
    envelope,
    secrets: ['administratorLoginPassword'],
    shows: { provisioningState: false, etag: false },
    references,
    check: checkServer,
    parts: { privateLinkResources: () => [linkResource('mysqlServer', `privatelink.mysql.database.${suffix}`)] },
    show: async (self, resources) => ({
      fullyQualifiedDomainName: `${self.name}.mysql.database.${suffix}`,
      ...(await serverShown(self, resources, options)),
    }),
  });
}

function references({ properties: { network } }: Asked<FlexibleServerProperties>): readonly Reference[] {
  const { delegatedSubnetResourceId: id } = network;
  const at = 'properties.network.delegatedSubnetResourceId';
  return id === undefined ? [] : [{ id, at, types: ['Microsoft.Network/virtualNetworks/subnets'] }];
}
