import { derivedGuid } from '#base/derived-guid.ts';
import { z } from 'zod';
import type { JsonObject, Resource } from '#arm/resource.ts';

/** A server's own identity, as asked. */
export const identity: z.ZodType<JsonObject> = z.object({
  type: z.enum(['None', 'SystemAssigned', 'UserAssigned', 'SystemAssigned,UserAssigned']),
  userAssignedIdentities: z.looseObject({}).optional(),
}) as unknown as z.ZodType<JsonObject>;

/** With the ids that the identity has, where it is the server's own. */
export function withPrincipal(self: Resource<unknown>, usual: JsonObject, tenant: string | undefined): JsonObject {
  const asked = self.envelope['identity'] as { readonly type: string } | undefined;
  if (asked === undefined || !asked.type.startsWith('SystemAssigned')) return usual;
  const ids = {
    principalId: derivedGuid(`identity ${self.id.toLowerCase()} ${self.createdAt}`),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
  };
  return { ...usual, identity: { ...asked, ...ids } };
}
