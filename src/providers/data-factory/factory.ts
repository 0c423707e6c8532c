import { z } from 'zod';
import { resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import { checkEgressTag } from '../authoring/egress.ts';
import type { AuthoringOptions } from '../authoring/options.ts';
import { withOwnIds } from '../authoring/own-identity.ts';
import { interactiveActions } from '../authoring/interactive-actions.ts';
import { answers, factoryHome, versions } from './factory-home.ts';

const anything = z.looseObject({});

/** Rule: https://learn.microsoft.com/rest/api/datafactory/factories/create-or-update */
const properties = z.object({
  publicNetworkAccess: z.enum(['Enabled', 'Disabled']).default('Enabled'),
  repoConfiguration: anything.optional(),
  globalParameters: anything.optional(),
  purviewConfiguration: anything.optional(),
  encryption: anything.optional(),
}) as unknown as z.ZodType<JsonObject>;

const identity = z.object({
  type: z.enum(['SystemAssigned', 'UserAssigned', 'SystemAssigned,UserAssigned']),
  userAssignedIdentities: z.record(z.string().max(2_000), anything).optional(),
});

/** Where linked services, integration runtimes and managed virtual networks lie. */
export function factories(options: AuthoringOptions): ResourceType {
  return resourceType<JsonObject>({
    type: factoryHome.type,
    summary: 'A data factory: linked services, and the integration runtimes and managed virtual network that they are reached from',
    versions,
    name: {
      pattern: /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/,
      maxLength: 63,
      says: "letters, digits and single '-' between them",
    },
    properties,
    envelope: z.object({ identity: identity.optional() }) as unknown as z.ZodType<JsonObject>,
    answers,
    check: async ({ tags }) => checkEgressTag(tags),
    show: async ({ createdAt }) => ({ createTime: createdAt, version: versions.implemented }),
    shape: (self, usual) => shaped(self, usual, options.tenant),
    actions: interactiveActions(factoryHome, options),
  });
}

/** Factories have their etag as `eTag`. */
function shaped(self: Resource, { etag, ...usual }: JsonObject, tenant: string | undefined): JsonObject {
  const given = usual['identity'] as JsonObject | undefined;
  return { ...usual, ...(etag === undefined ? {} : { eTag: etag }), ...(given && { identity: withOwnIds(self, given, tenant) }) };
}
