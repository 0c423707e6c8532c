import type { Connection, PlanGround } from '#arm/private-link.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { Endpoint } from '#fabric/plan.ts';
import { addressAt } from './address-book.ts';
import { aliasOf, isAlias } from './alias.ts';
import { connectionOf } from './connections.ts';
import { endpointName, targetNames } from './endpoint-names.ts';
import { endpointSlot, type KnownConnection, type PrivateEndpointProperties, wishOf } from './private-endpoint-shape.ts';
import { privateLinkTarget } from './private-link-target.ts';
import { remembered } from './remembered.ts';
import { networkOfSubnet, outerId } from './subnet.ts';
import { privateEndpointType } from './type-names.ts';

/** Endpoints that have an address and have asked for a connection. `services`: ids of what they may lead to. */
export function compileEndpoints(ground: PlanGround, services: ReadonlySet<string>): readonly Endpoint[] {
  const given = new Set<number | string>();
  return ground.of(privateEndpointType).flatMap((resource): readonly Endpoint[] => {
    const known = knownConnection(resource);
    if (known === undefined) return [];
    const target = ground.get(outerId(known.id));
    const served = target !== undefined && services.has(keyOf(target.id));
    const endpoint = endpointOf(resource, ground.get(known.id), target, served);
    if (endpoint === undefined || ground.get(endpoint.segment) === undefined) return [];
    const place = `${endpoint.segment} ${endpoint.address}`;
    if (given.has(endpoint.linkId) || given.has(place)) return [];
    given.add(place);
    given.add(endpoint.linkId);
    return [endpoint];
  });
}

function knownConnection({ status }: Resource): KnownConnection | undefined {
  return status.outputs['connection'] as unknown as KnownConnection | undefined;
}

const endpointOf = remembered(
  (resource, connection: Resource | undefined, place: Resource | undefined, served: boolean): Endpoint | undefined => {
    const self = resource as unknown as Resource<PrivateEndpointProperties>;
    const { subnet, customDnsConfigs } = self.properties;
    const known = knownConnection(resource);
    const address = addressAt(self, endpointSlot, subnet.id);
    if (known === undefined || address === undefined) return undefined;
    const target = place !== undefined && leadsTo(self, place) ? place : undefined;
    const names = [...customDnsConfigs.map(({ fqdn }) => fqdn), ...(target === undefined ? [] : targetNames(target))];
    return {
      id: keyOf(self.id),
      segment: keyOf(networkOfSubnet(subnet.id)),
      address,
      ...wayOf(self.id, known, { connection, target }),
      names: [...new Set(names.map(keyOf))].toSorted().map(endpointName),
      service: served && target !== undefined ? keyOf(target.id) : undefined,
      linkId: known.linkId,
    };
  },
);

/** Whether what its connection lies in is what it asks for. */
function leadsTo({ properties }: Resource<PrivateEndpointProperties>, target: Resource): boolean {
  if (privateLinkTarget(target.type) === undefined) return false;
  const asked = wishOf(properties).properties.privateLinkServiceId;
  return keyOf(asked) === keyOf(isAlias(asked) ? aliasOf(target) : target.id);
}

interface Way {
  readonly connection: Resource | undefined;
  readonly target: Resource | undefined;
}

/** Open only by a connection that says so, belongs to this consumer, and lies in what it leads to. */
export function wayOf(consumer: string, known: Connection, { connection, target }: Way): Pick<Endpoint, 'state' | 'expiresAtMs'> {
  if (connection === undefined) return { state: 'Disconnected', expiresAtMs: undefined };
  const { privateEndpoint, linkIdentifier, privateLinkServiceConnectionState, approval } = connectionOf(connection);
  const own = keyOf(privateEndpoint.id) === keyOf(consumer) && linkIdentifier === String(known.linkId);
  if (!own) return { state: 'Disconnected', expiresAtMs: undefined };
  if (target === undefined) return { state: 'Pending', expiresAtMs: undefined };
  return {
    state: privateLinkServiceConnectionState.status,
    expiresAtMs: approval.expiresAt === undefined ? undefined : Date.parse(approval.expiresAt),
  };
}
