import { z } from 'zod';
import { checkServer, defaultSuffix, linkResource, serverName, serverShown } from '#arm/database-server.ts';
import { resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { identity, withPrincipal } from './identity.ts';
import type { SqlOptions } from './sql-options.ts';

export const sqlServerType = 'Microsoft.Sql/servers';
export const sqlVersions = { floor: '2014-04-01', implemented: '2023-08-01' };

/** Rule: https://learn.microsoft.com/rest/api/sql/servers/create-or-update */
const properties = z.object({
  administratorLogin: z.string().max(128).optional(),
  administratorLoginPassword: z.string().max(128).optional(),
  version: z.literal('12.0').default('12.0'),
  minimalTlsVersion: z.enum(['None', '1.0', '1.1', '1.2', '1.3']).default('1.2'),
  publicNetworkAccess: z.enum(['Enabled', 'Disabled', 'SecuredByPerimeter']).default('Enabled'),
  restrictOutboundNetworkAccess: z.enum(['Enabled', 'Disabled']).default('Disabled'),
  administrators: z.looseObject({}).optional(),
}) as unknown as z.ZodType<JsonObject>;

/** A SQL Server that exists already, as private endpoints know it. */
export function sqlServers(options: SqlOptions): ResourceType {
  const { suffix = defaultSuffix, tenant } = options;
  return resourceType<JsonObject>({
    type: sqlServerType,
    summary: 'A SQL Server that exists already (tag hidden-backend: host:port), as private endpoints know it',
    versions: sqlVersions,
    name: serverName,
    properties,
    envelope: z.object({ identity: identity.optional(), kind: z.string().max(40).default('v12.0') }) as unknown as z.ZodType<JsonObject>,
    secrets: ['administratorLoginPassword'],
    shows: { provisioningState: false, etag: false },
    check: checkServer,
    parts: { privateLinkResources: () => [linkResource('sqlServer', `privatelink.database.${suffix}`)] },
    show: async (self, resources) => ({
      fullyQualifiedDomainName: `${self.name}.database.${suffix}`,
      ...(await serverShown(self, resources, options)),
    }),
    shape: (self, usual) => withPrincipal(self, usual, tenant),
  });
}
