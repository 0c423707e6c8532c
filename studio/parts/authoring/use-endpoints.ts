import { useArmList, type ShownResource } from '#studio/data/queries.ts';
import { endpointOf, type ManagedEndpoint } from './endpoint.ts';
import { networkId } from './home.ts';

export interface EndpointsShown {
  readonly resources: readonly ShownResource[];
  readonly endpoints: readonly ManagedEndpoint[];
  readonly isPending: boolean;
  /** `missing`: there is no managed virtual network. */
  readonly error: Error | null;
}

/** The managed private endpoints of a home, with what their owners have decided. */
export function useEndpoints(home: ShownResource): EndpointsShown {
  const { data, isPending, error } = useArmList(`${networkId(home)}/managedPrivateEndpoints`, {
    // What owners decide is written at what the endpoints lead to.
    watch: { types: ['*/managedPrivateEndpoints', '*/managedVirtualNetworks', '*/privateEndpointConnections'] },
  });
  const resources = data ?? [];
  return { resources, endpoints: resources.map(endpointOf), isPending, error };
}
