import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { type CheckContext, type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject } from '#arm/resource.ts';
import { type AddressRange, contains, overlaps, parseRange } from './address-range.ts';
import { subnetType } from './type-names.ts';

export interface SubnetProperties {
  readonly addressPrefix: string;
  readonly privateEndpointNetworkPolicies: 'Enabled' | 'Disabled' | 'NetworkSecurityGroupEnabled' | 'RouteTableEnabled';
  readonly privateLinkServiceNetworkPolicies: 'Enabled' | 'Disabled';
}

/** Rule: https://learn.microsoft.com/rest/api/virtualnetwork/subnets/create-or-update. One prefix; the newer `addressPrefixes` may carry it. */
const properties: z.ZodType<SubnetProperties> = z
  .object({
    addressPrefix: z.string().max(64).optional(),
    addressPrefixes: z.array(z.string().max(64)).max(1, 'a subnet has one prefix here').optional(),
    privateEndpointNetworkPolicies: z.enum(['Enabled', 'Disabled', 'NetworkSecurityGroupEnabled', 'RouteTableEnabled']).default('Disabled'),
    privateLinkServiceNetworkPolicies: z.enum(['Enabled', 'Disabled']).default('Enabled'),
  })
  .transform(({ addressPrefix, addressPrefixes, ...rest }) => ({ addressPrefix: addressPrefix ?? addressPrefixes?.[0] ?? '', ...rest }));

/** Smallest and largest subnets that Azure takes. */
const mostBits = 29;
const fewestBits = 2;

/** A run of a virtual network's addresses. */
export function subnets(): ResourceType<SubnetProperties> {
  return resourceType<SubnetProperties>({
    type: subnetType,
    summary: 'A run of addresses of a virtual network, from which balancers, services, endpoints and forwarders get theirs',
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    location: 'none',
    hasTags: false,
    properties,
    verbs: ['put', 'delete'],
    inUse: { kind: 'invalid', code: 'InUseSubnetCannotBeDeleted' },
    check: checkSubnet,
    shape: (_self, usual) => ({ ...usual, properties: { ...(usual['properties'] as JsonObject), delegations: [] } }),
  });
}

/** Of a subnet that was accepted. */
export function rangeOfSubnet({ addressPrefix }: SubnetProperties): AddressRange {
  return parseRange(addressPrefix, 'properties.addressPrefix');
}

/** The id of what a child or part lies in directly, of an id with single slashes and none at its end. */
export function outerId(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('/', id.lastIndexOf('/') - 1)));
}

/** The id of the network that a subnet lies in. */
export function networkOfSubnet(subnet: string): string {
  return outerId(subnet);
}

interface ParentNetwork {
  readonly addressSpace: { readonly addressPrefixes: readonly string[] };
}

async function checkSubnet(asked: Asked<SubnetProperties>, context: CheckContext<SubnetProperties>): Promise<void> {
  const target = 'properties.addressPrefix';
  if (asked.properties.addressPrefix === '')
    throw fault('invalid', 'NetcfgInvalidSubnet', `The subnet ${context.id.name} has no address prefix.`, {
      target,
      remedy: 'Give properties.addressPrefix, such as 10.0.1.0/24.',
    });
  const range = parseRange(asked.properties.addressPrefix, target);
  if (range.bits > mostBits || range.bits < fewestBits)
    throw fault(
      'invalid',
      'NetcfgInvalidSubnet',
      `The subnet ${context.id.name} is a /${range.bits}; it must be a /${fewestBits} to a /${mostBits}.`,
      {
        target,
        remedy: 'Five addresses of each subnet are reserved: take a /29 at least.',
      },
    );
  const network = await context.resources.get(context.id.parent!);
  const { addressPrefixes } = (network!.properties as unknown as ParentNetwork).addressSpace;
  if (!addressPrefixes.some((text) => contains(parseRange(text, target), range)))
    throw fault(
      'invalid',
      'NetcfgInvalidSubnet',
      `The subnet ${context.id.name} (${range.text}) lies outside of its network (${addressPrefixes.join(', ')}).`,
      {
        target,
        remedy: 'Take a range within the network, or add a prefix to the network first.',
      },
    );
  for (const other of await context.resources.list({ within: context.id.parent!, direct: true, type: subnetType })) {
    if (other.id.toLowerCase() === context.id.key || !overlaps(rangeOfSubnet(other.properties as unknown as SubnetProperties), range))
      continue;
    throw fault(
      'invalid',
      'NetcfgSubnetRangesOverlap',
      `The subnet ${context.id.name} (${range.text}) overlaps the subnet ${other.name}.`,
      {
        target,
        remedy: `Choose a range that is not in use; ${other.name} is ${(other.properties as unknown as SubnetProperties).addressPrefix}.`,
      },
    );
  }
  await checkInUse(range, context);
}

async function checkInUse(range: AddressRange, { before, id, resources }: CheckContext<SubnetProperties>): Promise<void> {
  if (!before || rangeOfSubnet(before.properties).text === range.text) return;
  const users = await resources.referrers(id.text);
  if (users.length === 0) return;
  throw fault('invalid', 'InUsePrefixCannotBeDeleted', `The prefix of the subnet ${id.name} is in use by ${users[0]}.`, {
    target: 'properties.addressPrefix',
    remedy: 'Delete what uses the subnet first; its addresses would no longer be valid.',
  });
}
