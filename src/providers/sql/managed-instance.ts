import { createHash } from 'node:crypto';
import { z } from 'zod';
import { checkServer, defaultSuffix, linkResource, serverName, serverShown } from '#arm/database-server.ts';
import { resourceType, type Reference, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import { identity, withPrincipal } from './identity.ts';
import type { SqlOptions } from './sql-options.ts';
import { sqlVersions } from './sql-server.ts';

export const managedInstanceType = 'Microsoft.Sql/managedInstances';

/** Rule: https://learn.microsoft.com/rest/api/sql/managed-instances/create-or-update */
const properties = z.object({
  administratorLogin: z.string().max(128).optional(),
  administratorLoginPassword: z.string().max(128).optional(),
  subnetId: z.string().max(2_000).optional(),
  licenseType: z.enum(['LicenseIncluded', 'BasePrice']).default('LicenseIncluded'),
  vCores: z.int().min(1).max(128).default(4),
  storageSizeInGB: z.int().min(32).max(16_384).default(32),
  collation: z.string().max(128).default('SQL_Latin1_General_CP1_CI_AS'),
  publicDataEndpointEnabled: z.boolean().default(false),
  proxyOverride: z.enum(['Proxy', 'Redirect', 'Default']).default('Proxy'),
  timezoneId: z.string().max(128).default('UTC'),
  minimalTlsVersion: z.enum(['None', '1.0', '1.1', '1.2', '1.3']).default('1.2'),
  administrators: z.looseObject({}).optional(),
}) as unknown as z.ZodType<JsonObject>;

const usualSku = { name: 'GP_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 4 };
const envelope = z.object({
  identity: identity.optional(),
  sku: z.looseObject({ name: z.string().max(80) }).default(usualSku),
}) as unknown as z.ZodType<JsonObject>;

/** A managed instance of SQL Server that exists already, as private endpoints know it. */
export function managedInstances(options: SqlOptions): ResourceType {
  const { suffix = defaultSuffix, tenant } = options;
  return resourceType<JsonObject>({
    type: managedInstanceType,
    summary: 'A managed instance of SQL Server that exists already (tag hidden-backend: host:port), as private endpoints know it',
    versions: sqlVersions,
    name: serverName,
    properties,
    envelope,
    secrets: ['administratorLoginPassword'],
    shows: { provisioningState: true, etag: false },
    references,
    check: checkServer,
    parts: { privateLinkResources: () => [linkResource('managedInstance', `privatelink.database.${suffix}`)] },
    show: async (self, resources) => {
      const dnsZone = zoneOf(self);
      const fullyQualifiedDomainName = `${self.name}.${dnsZone}.database.${suffix}`;
      return { dnsZone, fullyQualifiedDomainName, ...(await serverShown(self, resources, options)) };
    },
    shape: (self, usual) => withPrincipal(self, usual, tenant),
  });
}

function references({ properties: { subnetId } }: Asked): readonly Reference[] {
  if (typeof subnetId !== 'string') return [];
  return [{ id: subnetId, at: 'properties.subnetId', types: ['Microsoft.Network/virtualNetworks/subnets'] }];
}

/** Instances in one subnet share a zone, as in Azure; without a subnet, those of a group do. */
function zoneOf({ id, properties: { subnetId } }: Resource): string {
  const shared = typeof subnetId === 'string' ? subnetId : id.slice(0, id.lastIndexOf('/'));
  return createHash('sha256').update(shared.toLowerCase()).digest('hex').slice(0, 12);
}
