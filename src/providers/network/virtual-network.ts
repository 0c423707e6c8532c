import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { explainAction } from '#arm/explain-action.ts';
import { type CheckContext, type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject } from '#arm/resource.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { contains, overlaps, parseRange } from './address-range.ts';
import { guidOfResource } from './guid.ts';
import { rangeOfSubnet, type SubnetProperties } from './subnet.ts';
import { subnetType, virtualNetworkType } from './type-names.ts';

interface VirtualNetworkProperties {
  readonly addressSpace: { readonly addressPrefixes: readonly string[] };
  readonly flowTimeoutInMinutes?: number | undefined;
}

/** Rule: https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/create-or-update */
const properties: z.ZodType<VirtualNetworkProperties> = z.object({
  addressSpace: z.object({ addressPrefixes: z.array(z.string().max(64)).min(1).max(200) }),
  flowTimeoutInMinutes: z.int().min(4).max(30).optional(),
});

export interface VirtualNetworkOptions {
  readonly explain?: FabricEngine['explain'] | undefined;
}

/** An address plan: what subnets are cut from. Traffic flows in it only through what is made in its subnets. */
export function virtualNetworks({ explain }: VirtualNetworkOptions = {}): ResourceType<VirtualNetworkProperties> {
  return resourceType<VirtualNetworkProperties>({
    type: virtualNetworkType,
    summary: 'A private address space, cut into subnets',
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    properties,
    inline: { subnets: { type: subnetType, whenAbsent: 'keep' } },
    check: checkNetwork,
    actions: explain === undefined ? {} : { explain: explainAction(explain) },
    shape: (self, usual) => {
      const resourceGuid = guidOfResource(self);
      return { ...usual, properties: { ...(usual['properties'] as JsonObject), resourceGuid, enableDdosProtection: false } };
    },
  });
}

async function checkNetwork(asked: Asked<VirtualNetworkProperties>, context: CheckContext<VirtualNetworkProperties>): Promise<void> {
  const { addressPrefixes } = asked.properties.addressSpace;
  const ranges = addressPrefixes.map((text, i) => parseRange(text, `properties.addressSpace.addressPrefixes[${i}]`));
  for (const [i, range] of ranges.entries()) {
    const other = ranges.slice(0, i).find((one) => overlaps(one, range));
    if (other)
      throw fault('invalid', 'NetcfgAddressSpacePrefixesOverlap', `The address prefixes ${other.text} and ${range.text} overlap.`, {
        target: `properties.addressSpace.addressPrefixes[${i}]`,
        remedy: 'Give each prefix a range of its own.',
      });
  }
  if (!context.before) return;
  const subnets = await context.resources.list({ within: context.id.text, direct: true, type: subnetType });
  for (const subnet of subnets) {
    const range = rangeOfSubnet(subnet.properties as unknown as SubnetProperties);
    if (subnet.deleting || ranges.some((one) => contains(one, range))) continue;
    throw fault('invalid', 'NetcfgInvalidSubnet', `The subnet ${subnet.name} (${range.text}) would lie outside of the address space.`, {
      target: subnet.id,
      remedy: 'Keep a prefix that holds it, or delete the subnet first.',
    });
  }
}
