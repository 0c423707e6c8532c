import type { ManagedEndpoint, ManagedNetworks, PlanGround } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { Endpoint, Segment } from '#fabric/plan.ts';
import { wayOf } from './compile-endpoints.ts';
import { endpointName, targetNames } from './endpoint-names.ts';
import { privateLinkTarget } from './private-link-target.ts';

interface Known {
  /** Keys of services that are in the plan. */
  readonly serviceIds: ReadonlySet<string>;
  /** Link ids that are given. */
  readonly taken: ReadonlySet<number>;
}

/** Networks that other providers keep, with their endpoints. */
export function compileManaged(
  managed: readonly ManagedNetworks[],
  ground: PlanGround,
  { serviceIds, taken }: Known,
): { readonly segments: readonly Segment[]; readonly endpoints: readonly Endpoint[] } {
  const given = new Set(taken);
  const networks = managed.flatMap((one) => one.networks(ground));
  return {
    segments: networks.map(({ id, egress }) => ({ id, kind: 'managed', egress, names: [] })),
    endpoints: networks.flatMap(({ id: segment, endpoints }) =>
      endpoints.flatMap((one): readonly Endpoint[] => {
        if (given.has(one.connection.linkId)) return [];
        given.add(one.connection.linkId);
        return [endpointIn(segment, one, ground, serviceIds)];
      }),
    ),
  };
}

function endpointIn(segment: string, one: ManagedEndpoint, ground: PlanGround, serviceIds: ReadonlySet<string>): Endpoint {
  const target = targetOf(one, ground);
  const names = [...one.names, ...(target === undefined ? [] : targetNames(target))];
  return {
    id: keyOf(one.id),
    segment,
    address: addressOf(one.connection.linkId),
    ...wayOf(one.id, one.connection, { connection: ground.get(one.connection.id), target }),
    names: [...new Set(names.map(keyOf))].toSorted().map(endpointName),
    service: target !== undefined && serviceIds.has(keyOf(target.id)) ? keyOf(target.id) : undefined,
    linkId: one.connection.linkId,
  };
}

/** What its connection lies in, where that is what it asks for. */
function targetOf({ target, connection }: ManagedEndpoint, ground: PlanGround): Resource | undefined {
  const found = ground.get(parseResourceId(connection.id).parent!);
  return found !== undefined && keyOf(found.id) === keyOf(target) && privateLinkTarget(found.type) !== undefined ? found : undefined;
}

const firstAddress = 0x64_40_00_00;
const addressBits = 22;

/** Nobody chooses addresses in a managed network: 100.64.0.0/10 by the number of the connection, which is unique. */
function addressOf(linkId: number): string {
  const address = firstAddress + (linkId % 2 ** addressBits);
  return [24, 16, 8, 0].map((bits) => (address >>> bits) & 0xff).join('.');
}
