import type { PlanGround } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { FabricPlan, Segment } from '#fabric/plan.ts';
import type { Addresses } from '../address-book.ts';
import type { SubnetProperties } from '../subnet.ts';
import { subnetType } from '../type-names.ts';
import type { Graph, GraphNode, Guard } from './graph.ts';

const siteId = 'site:here';

/** This host, networks and what they are divided into. */
export function networkNodes(plan: FabricPlan, ground: PlanGround): Graph {
  const site: GraphNode = {
    id: siteId,
    kind: 'site',
    name: 'This host',
    detail: { publicAddresses: plan.publicAddresses },
    guard: undefined,
  };
  const networks = plan.segments.flatMap((segment) => networkNode(segment, ground) ?? []);
  const there = new Set(networks.map(({ id }) => id));
  const subnets = ground.of(subnetType).flatMap((one) => {
    const network = keyOf(parseResourceId(one.id).parent!);
    return there.has(network) ? [subnetNode(one as unknown as Resource<SubnetProperties>, network)] : [];
  });
  return { nodes: [site, ...networks, ...subnets], edges: [] };
}

function networkNode({ id, kind, egress, names }: Segment, ground: PlanGround): GraphNode | undefined {
  const found = ground.get(id);
  if (found === undefined) return undefined;
  const space = found.properties['addressSpace'] as { readonly addressPrefixes?: readonly string[] } | undefined;
  const isManaged = kind === 'managed';
  return {
    id,
    kind: isManaged ? 'managedNetwork' : 'virtualNetwork',
    // There is one in each workspace and factory, and all have the same name.
    name: isManaged ? parseResourceId(found.id).names[0]! : found.name,
    resourceId: found.id,
    parent: siteId,
    detail: { egress, names: names.length, ...(space?.addressPrefixes && { addressPrefixes: space.addressPrefixes }) },
    guard: guardOf(found),
  };
}

function subnetNode(subnet: Resource<SubnetProperties>, network: string): GraphNode {
  return {
    id: keyOf(subnet.id),
    kind: 'subnet',
    name: subnet.name,
    resourceId: subnet.id,
    parent: network,
    detail: { addressPrefix: subnet.properties.addressPrefix },
    guard: guardOf(subnet),
  };
}

export function guardOf({ id, type }: Pick<Resource<unknown>, 'id' | 'type'>): Guard {
  return { id, type };
}

/** The subnet in which a resource has its first address. */
export function subnetOf({ status }: Pick<Resource, 'status'>): string | undefined {
  const addresses = status.outputs['addresses'] as Addresses | undefined;
  return Object.values(addresses ?? {})[0]?.subnet;
}
