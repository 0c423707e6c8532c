import type { AnyType } from '#arm/resource-type.ts';
import { subnets } from './subnet.ts';
import { virtualNetworks } from './virtual-network.ts';

/** Everything of Microsoft.Network that is served. */
export function networkTypes(): readonly AnyType[] {
  return [virtualNetworks(), subnets()];
}
