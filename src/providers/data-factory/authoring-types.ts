import type { AnyType } from '#arm/resource-type.ts';
import { factories } from './factory.ts';
import { integrationRuntimes } from './integration-runtime.ts';
import { linkedServices } from './linked-service.ts';
import { managedPrivateEndpoints } from './managed-private-endpoint.ts';
import { managedVirtualNetworks } from './managed-virtual-network.ts';
import type { AuthoringOptions } from './options.ts';

/** Everything of Microsoft.DataFactory that is served. Its networks are part of the plan: `authoringNetworks`. */
export function authoringTypes(options: AuthoringOptions): readonly AnyType[] {
  return [
    factories(options),
    managedVirtualNetworks(options),
    managedPrivateEndpoints(options),
    integrationRuntimes(options),
    linkedServices(options),
  ];
}
