import { keyOf, parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { addressesOf } from './address-book.ts';
import { guidOfResource } from './guid.ts';
import type { IpConfiguration } from './ip-configuration.ts';
import type { NetworkInterfaceProperties } from './network-interface-shape.ts';
import { networkInterfaceType, privateEndpointType, privateLinkServiceType } from './type-names.ts';

type Holder = Pick<Resource<unknown>, 'id' | 'name' | 'createdAt'>;

/** The id of the network interface that a private endpoint or private link service has for its addresses. */
export function ownInterfaceId(self: Holder, name?: string): string {
  const group = self.id.slice(0, self.id.toLowerCase().indexOf('/providers/'));
  return `${group}/providers/Microsoft.Network/networkInterfaces/${name ?? `${self.name}.nic.${guidOfResource(self)}`}`;
}

/** That interface, which is nobody's to write. Undefined: nothing in the group has one of that id. */
export async function findOwnInterface(
  id: ResourceId,
  resources: ResourceReader,
): Promise<Resource<NetworkInterfaceProperties> | undefined> {
  if (id.parent === undefined) return undefined;
  for (const type of [privateEndpointType, privateLinkServiceType]) {
    for (const holder of await resources.list({ within: id.parent, direct: true, type })) {
      const given = holder.properties['customNetworkInterfaceName'];
      if (keyOf(ownInterfaceId(holder, typeof given === 'string' ? given : undefined)) === id.key) return interfaceOf(holder, id);
    }
  }
  return undefined;
}

function interfaceOf(holder: Resource, id: ResourceId): Resource<NetworkInterfaceProperties> {
  const held = Object.entries(addressesOf(holder));
  const subnets = subnetIds(holder);
  const ipConfigurations = held.map(([slot, { subnet }], i) => ({
    name: slot,
    properties: {
      subnet: { id: subnets.find((one) => keyOf(one) === subnet) ?? subnet },
      privateIPAllocationMethod: 'Dynamic' as const,
      primary: i === 0,
      loadBalancerBackendAddressPools: [],
    },
  }));
  const { text, name } = parseResourceId(id.text);
  return {
    ...holder,
    id: text,
    name,
    type: networkInterfaceType,
    tags: {},
    envelope: {},
    properties: { ipConfigurations, enableIPForwarding: false, enableAcceleratedNetworking: false },
    status: { ...holder.status, outputs: { addresses: addressesOf(holder) as unknown as JsonObject } },
  };
}

function subnetIds({ properties }: Resource): readonly string[] {
  const { subnet, ipConfigurations } = properties as unknown as {
    readonly subnet?: { readonly id: string };
    readonly ipConfigurations: readonly IpConfiguration[];
  };
  return subnet === undefined ? ipConfigurations.map((one) => one.properties.subnet.id) : [subnet.id];
}
