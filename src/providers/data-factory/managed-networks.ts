import type { Connection, ManagedEndpoint, ManagedNetworks } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import { egressText } from './egress.ts';
import type { ManagedEndpointProperties } from './managed-private-endpoint.ts';
import { factoryType, managedEndpointType, managedNetworkType } from './type-names.ts';

/** Managed virtual networks of factories, for the network's plan. */
export const authoringNetworks: ManagedNetworks = {
  types: [factoryType, managedNetworkType, managedEndpointType],
  networks: (ground) => {
    const endpoints = Map.groupBy(ground.of(managedEndpointType), ({ id }) => keyOf(parseResourceId(id).parent!));
    return ground.of(managedNetworkType).map(({ id }) => {
      const { tags } = ground.get(parseResourceId(id).parent!) ?? { tags: {} };
      const own = endpoints.get(keyOf(id)) ?? [];
      return {
        id: keyOf(id),
        egress: egressText(tags) === 'enforce' ? ('none' as const) : ('open' as const),
        endpoints: own.flatMap((one) => endpointOf(one as unknown as Resource<ManagedEndpointProperties>)),
      };
    });
  },
};

function endpointOf({ id, properties, status }: Resource<ManagedEndpointProperties>): readonly ManagedEndpoint[] {
  const connection = status.outputs['connection'] as unknown as Connection | undefined;
  if (connection === undefined) return [];
  return [{ id, target: properties.privateLinkResourceId, connection, names: properties.fqdns }];
}
