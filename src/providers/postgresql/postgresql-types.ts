import { z } from 'zod';
import type { DatabaseServerOptions } from '#arm/database-server.ts';
import { firewallRules } from '#arm/firewall-rules.ts';
import { resourceType, type AnyType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { flexibleServers, flexibleServerType, postgresqlVersions } from './flexible-server.ts';

/** Everything of Microsoft.DBforPostgreSQL that is served: servers that exist already, as targets of private endpoints. */
export function postgresqlTypes(options: DatabaseServerOptions): readonly AnyType[] {
  return [flexibleServers(options), databases, firewallRules({ parent: flexibleServerType, versions: postgresqlVersions })];
}

const databases: AnyType = resourceType<JsonObject>({
  type: `${flexibleServerType}/databases`,
  summary: 'A database of a PostgreSQL server, which exists there already',
  versions: postgresqlVersions,
  location: 'none',
  hasTags: false,
  name: { pattern: /^[a-z_][\w$-]*$/i, maxLength: 63, says: "letters, digits, '_', '$' and '-', beginning with a letter or '_'" },
  verbs: ['put', 'delete'],
  properties: z.object({
    charset: z.string().max(40).default('UTF8'),
    collation: z.string().max(80).default('en_US.utf8'),
  }) as unknown as z.ZodType<JsonObject>,
  shows: { provisioningState: false, etag: false },
});
