import type { AnyType } from '#arm/resource-type.ts';
import type { AuthoringHome } from './home.ts';
import { integrationRuntimes } from './integration-runtime.ts';
import { linkedServices } from './linked-service.ts';
import { managedPrivateEndpoints } from './managed-private-endpoint.ts';
import { managedVirtualNetworks } from './managed-virtual-network.ts';
import type { AuthoringOptions } from './options.ts';

/** What lies in a home. Its networks are part of the plan: `authoringNetworks`. */
export function authoringTypes(home: AuthoringHome, options: AuthoringOptions): readonly AnyType[] {
  return [
    managedVirtualNetworks(home, options),
    managedPrivateEndpoints(home, options),
    integrationRuntimes(home, options),
    linkedServices(home, options),
  ];
}
