import type { Connection, ManagedEndpoint, ManagedNetworks } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import { plannedEgress } from './egress.ts';
import { type AuthoringHome, partTypes } from './home.ts';
import type { ManagedEndpointProperties } from './managed-private-endpoint.ts';

/** Managed virtual networks of a kind of home, for the network's plan. */
export function authoringNetworks(home: AuthoringHome): ManagedNetworks {
  const { network, endpoint } = partTypes(home);
  return {
    types: [home.type, network, endpoint],
    neededBy: home.givesBack === undefined ? [] : [home.givesBack],
    networks: (ground) => {
      const endpoints = Map.groupBy(ground.of(endpoint), ({ id }) => keyOf(parseResourceId(id).parent!));
      return ground.of(network).map(({ id }) => ({
        id: keyOf(id),
        egress: plannedEgress(home.egress(ground.get(parseResourceId(id).parent!) ?? nothingSaid)),
        endpoints: (endpoints.get(keyOf(id)) ?? []).flatMap((one) => endpointOf(one as unknown as Resource<ManagedEndpointProperties>)),
      }));
    },
  };
}

const nothingSaid = { tags: {}, properties: {} };

function endpointOf({ id, properties, status }: Resource<ManagedEndpointProperties>): readonly ManagedEndpoint[] {
  const connection = status.outputs['connection'] as unknown as Connection | undefined;
  if (connection === undefined) return [];
  return [{ id, target: properties.privateLinkResourceId, connection, names: properties.fqdns }];
}
