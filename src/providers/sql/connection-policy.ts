import { z } from 'zod';
import { builtIn } from '#arm/built-in.ts';
import { serverOf } from '#arm/database-server.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import { sqlServerType, sqlVersions } from './sql-server.ts';

interface ConnectionPolicy {
  /** `Redirect` has clients go on to another host and port, which private endpoints do not lead to. */
  readonly connectionType: 'Default' | 'Proxy' | 'Redirect';
}

const type = `${sqlServerType}/connectionPolicies`;
const properties: z.ZodType<ConnectionPolicy> = z.object({ connectionType: z.enum(['Default', 'Proxy', 'Redirect']) });

/** How clients get to a server: one, `default`, that is always there. Rule: https://learn.microsoft.com/azure/azure-sql/database/connectivity-architecture */
export function connectionPolicies(): ResourceType<ConnectionPolicy> {
  return resourceType<ConnectionPolicy>({
    type,
    summary: 'How clients are led to a server; one, named default, is always there',
    versions: sqlVersions,
    location: 'none',
    hasTags: false,
    name: { pattern: /^default$/i, maxLength: 7, says: 'there is one, named default' },
    verbs: ['put'],
    properties,
    answers: { created: 200, replaced: 200, deleted: 200 },
    shows: { provisioningState: false, etag: false },
    find: async (id, resources) => {
      const server = await serverOf(id, resources);
      return server === undefined || id.name.toLowerCase() !== 'default' ? undefined : usualPolicy(server);
    },
    list: async ({ under }, resources) => {
      const server = await resources.get(under);
      if (server === undefined || parseResourceId(under).type.toLowerCase() !== sqlServerType.toLowerCase()) return [];
      const written = (await resources.get(`${under}/connectionPolicies/default`)) as Resource<ConnectionPolicy> | undefined;
      return [written ?? usualPolicy(server)];
    },
  });
}

/** As it is before anybody wrote it. */
function usualPolicy(server: Resource): Resource<ConnectionPolicy> {
  return builtIn({ id: `${server.id}/connectionPolicies/default`, type, properties: { connectionType: 'Default' } }, server);
}
