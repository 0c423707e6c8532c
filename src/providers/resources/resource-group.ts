import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { groupType } from '#arm/resource-id.ts';
import { resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';

/** What resources lie in. Its location says where it is kept itself; what lies in it may be elsewhere. */
export const resourceGroup: ResourceType<JsonObject> = resourceType<JsonObject>({
  type: groupType,
  permissionType: 'Microsoft.Resources/subscriptions/resourceGroups',
  summary: 'A resource group: what resources lie in, and are deleted with.',
  scopes: ['subscription'],
  versions: { floor: '2015-11-01', implemented: '2025-04-01' },
  location: 'required',
  name: {
    pattern: /^[-\w._()]{0,89}[-\w_()]$/,
    maxLength: 90,
    says: "letters, digits, '-', '_', '.', '(' and ')', not ending with '.'",
  },
  verbs: ['put', 'patch', 'delete'],
  properties: z.object({}) as unknown as z.ZodType<JsonObject>,
  envelope: z.object({ managedBy: z.string().max(1024).optional() }) as unknown as z.ZodType<JsonObject>,
  shows: { provisioningState: true, etag: false },
  answers: { created: 201, replaced: 200, deleted: 202 },
  check: async ({ envelope, location }, { id, before }) => {
    if (before !== undefined && before.location !== location) {
      throw fault(
        'conflict',
        'InvalidResourceGroupLocation',
        `The resource group '${id.name}' exists in location '${before.location ?? ''}' already.`,
        {
          target: 'location',
          remedy: 'Leave the location as it is, or take another name.',
        },
      );
    }
    const { managedBy } = before?.envelope ?? {};
    if (managedBy !== undefined && envelope['managedBy'] !== undefined && envelope['managedBy'] !== managedBy) {
      throw fault('conflict', 'ResourceGroupManagedByMismatch', `Who manages the resource group '${id.name}' cannot be changed.`, {
        target: 'managedBy',
        remedy: 'Leave managedBy out, or send it as it is.',
      });
    }
  },
  shape: (_, { systemData: _systemData, ...usual }) => usual,
});
