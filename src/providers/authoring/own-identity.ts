import type { JsonObject, Resource } from '#arm/resource.ts';
import { guidOf } from './guid.ts';

/** An identity as asked, with the ids that it has where it is the resource's own. */
export function withOwnIds(self: Resource<unknown>, given: JsonObject, tenant: string | undefined): JsonObject {
  if (typeof given['type'] !== 'string' || !given['type'].startsWith('SystemAssigned')) return given;
  return { ...given, principalId: guidOf(self, 'principal'), ...(tenant === undefined ? {} : { tenantId: tenant }) };
}
