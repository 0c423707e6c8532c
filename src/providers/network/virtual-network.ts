import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { type Action, type CheckContext, type ResourceType, resourceType } from '#arm/resource-type.ts';
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
    actions: explain === undefined ? {} : { explain: explaining(explain) },
    shape: (self, usual) => {
      const resourceGuid = guidOfResource(self);
      return { ...usual, properties: { ...(usual['properties'] as JsonObject), resourceGuid, enableDdosProtection: false } };
    },
  });
}

interface ExplainInput {
  readonly host: string;
  readonly port: number;
}

/** `POST {network}/explain`: the way from inside the network to a host and port, hop by hop, or what denies it. */
function explaining(explain: FabricEngine['explain']): Action<VirtualNetworkProperties, ExplainInput> {
  return {
    summary: 'How a connection from inside the network to a host and port would go, hop by hop, or what denies it and what would mend it',
    input: z.object({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) }),
    permission: 'explain/action',
    run: async ({ id, input }) => {
      const { hops, denied } = await explain({ segment: id.key, ...input });
      const shown = hops.map(({ kind, id: of, ok, detail }) => ({ kind, id: of, ok, detail }));
      if (denied === undefined) return { body: { open: true, hops: shown } };
      const { kind, code, message, target, remedy } = denied;
      return { body: { open: false, hops: shown, denied: { kind, code, message, ...(target && { target }), ...(remedy && { remedy }) } } };
    },
  };
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
