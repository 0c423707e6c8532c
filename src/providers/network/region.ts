import { fault } from '#base/fault.ts';
import type { CheckContext } from '#arm/resource-type.ts';
import type { Asked } from '#arm/resource.ts';
import { networkOfSubnet } from './subnet.ts';

/** A resource with addresses is in the region of its network. Fault (invalid): `InvalidResourceReference`, as Azure says it. */
export async function checkRegion(
  { location }: Pick<Asked<unknown>, 'location'>,
  subnet: string,
  { id, resources }: Pick<CheckContext<unknown>, 'id' | 'resources'>,
): Promise<void> {
  const network = await resources.get(networkOfSubnet(subnet));
  if (network?.location === undefined || location === undefined || network.location === location) return;
  throw fault(
    'invalid',
    'InvalidResourceReference',
    `Resource ${subnet} referenced by resource ${id.text} is in ${network.location}, and not in ${location}.`,
    { target: 'location', remedy: 'Make sure that both resources are in the same region.' },
  );
}
