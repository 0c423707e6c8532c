import type { AnyType } from '#arm/resource-type.ts';
import type { ComputeOptions } from './compute-options.ts';
import { forwardingRules } from './forwarding-rule.ts';
import { images } from './image.ts';
import { virtualMachines } from './virtual-machine.ts';

/** Everything of Microsoft.Compute that is served: machines that forward. */
export function computeTypes(options: ComputeOptions): readonly AnyType[] {
  return [virtualMachines(options), forwardingRules(options), ...images()];
}
