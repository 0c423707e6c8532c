import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { type Action, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import { egressModes, egressTag, egressText } from './egress.ts';
import { guidOf } from './guid.ts';
import type { AuthoringOptions } from './options.ts';
import { testConnectivity } from './test-connectivity.ts';
import { answers, factoryType, versions } from './type-names.ts';

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
    type: factoryType,
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
    check: async (asked) => checkEgress(asked),
    show: async ({ createdAt }) => ({ createTime: createdAt, version: versions.implemented }),
    shape: (self, usual) => shaped(self, usual, options.tenant),
    actions: { testConnectivity: testConnectivity(options) as Action<JsonObject, unknown> },
  });
}

function checkEgress({ tags }: Asked<unknown>): void {
  const text = egressText(tags);
  if (text === undefined || egressModes.some((mode) => mode === text)) return;
  throw fault('invalid', 'InvalidEgressMode', `The tag ${egressTag} says '${text.slice(0, 40)}', which is no mode.`, {
    target: `tags.${egressTag}`,
    remedy: `Write ${egressModes.join(' or ')}.`,
  });
}

/** Factories have their etag as `eTag`. */
function shaped(self: Resource, { etag, ...usual }: JsonObject, tenant: string | undefined): JsonObject {
  const given = usual['identity'] as JsonObject | undefined;
  const own = typeof given?.['type'] === 'string' && given['type'].startsWith('SystemAssigned');
  const principal = own ? { principalId: guidOf(self, 'principal'), ...(tenant === undefined ? {} : { tenantId: tenant }) } : {};
  return { ...usual, ...(etag === undefined ? {} : { eTag: etag }), ...(given && { identity: { ...given, ...principal } }) };
}
