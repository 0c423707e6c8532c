import { z } from 'zod';
import type { DatabaseServerOptions } from '#arm/database-server.ts';
import { firewallRules } from '#arm/firewall-rules.ts';
import { resourceType, type AnyType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { flexibleServers, flexibleServerType, mysqlVersions } from './flexible-server.ts';

/** Everything of Microsoft.DBforMySQL that is served: servers that exist already, as targets of private endpoints. */
export function mysqlTypes(options: DatabaseServerOptions): readonly AnyType[] {
  return [flexibleServers(options), databases, firewallRules({ parent: flexibleServerType, versions: mysqlVersions })];
}

const databases: AnyType = resourceType<JsonObject>({
  type: `${flexibleServerType}/databases`,
  summary: 'A database of a MySQL server, which exists there already',
  versions: mysqlVersions,
  location: 'none',
  hasTags: false,
  name: { pattern: /^[a-z_][\w$-]*$/i, maxLength: 64, says: "letters, digits, '_', '$' and '-', beginning with a letter or '_'" },
  verbs: ['put', 'delete'],
  properties: z.object({
    charset: z.string().max(40).default('utf8mb4'),
    collation: z.string().max(80).default('utf8mb4_0900_ai_ci'),
  }) as unknown as z.ZodType<JsonObject>,
  shows: { provisioningState: false, etag: false },
});
