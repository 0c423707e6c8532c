import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { Backend } from '#fabric/plan.ts';
import { addressAt } from './address-book.ts';
import type { BackendPoolProperties } from './backend-address-pool.ts';
import type { LoadBalancerProperties } from './load-balancer-shape.ts';
import type { NetworkInterfaceProperties } from './network-interface-shape.ts';
import { remembered } from './remembered.ts';
import { networkOfSubnet } from './subnet.ts';
import { backendPoolType, networkInterfaceType } from './type-names.ts';

/** An ip configuration of a network interface that has its address. */
interface Interface {
  readonly id: string;
  readonly nic: string;
  readonly segment: string;
  readonly address: string;
  /** Keys of pools that it names. */
  readonly pools: readonly string[];
}

/** All ip configurations, in the order of the resources. */
export function interfacesOf(nics: readonly Resource[]): readonly Interface[] {
  return nics.flatMap((nic) => interfacesOfOne(nic));
}

const interfacesOfOne = remembered((nic): readonly Interface[] =>
  (nic.properties as unknown as NetworkInterfaceProperties).ipConfigurations.flatMap(({ name, properties }) => {
    const address = addressAt(nic, name, properties.subnet.id);
    if (address === undefined) return [];
    const segment = keyOf(networkOfSubnet(properties.subnet.id));
    const pools = properties.loadBalancerBackendAddressPools.map((pool) => keyOf(pool.id));
    return [{ id: keyOf(`${nic.id}/ipConfigurations/${name}`), nic: keyOf(nic.id), segment, address, pools }];
  }),
);

/** By the key of each pool that they name, and by `{segment} {address}`. */
export function interfacesByName(interfaces: readonly Interface[]): ReadonlyMap<string, readonly Interface[]> {
  const found = new Map<string, Interface[]>();
  for (const one of interfaces) {
    for (const name of [...one.pools, `${one.segment} ${one.address}`]) {
      const list = found.get(name);
      if (list === undefined) found.set(name, [one]);
      else list.push(one);
    }
  }
  return found;
}

/** The network that a balancer's frontends are in; undefined: it has none. */
export function segmentOfBalancer({ properties }: Pick<Resource, 'properties'>): string | undefined {
  const [first] = (properties as unknown as LoadBalancerProperties).frontendIPConfigurations;
  return first && keyOf(networkOfSubnet(first.properties.subnet.id));
}

export interface PoolGround {
  /** By the key of each pool that they name, and by `{segment} {address}`. */
  readonly interfaces: ReadonlyMap<string, readonly Interface[]>;
  /** Key of a network interface → key of the forwarder that has it. */
  readonly forwarders: ReadonlyMap<string, string>;
}

/** The members of a pool in a segment, ordered by id: each interface that names it, and each address that it names. */
export function backendsOf(pool: Resource, segment: string, { interfaces, forwarders }: PoolGround): readonly Backend[] {
  const { loadBalancerBackendAddresses: addresses } = pool.properties as unknown as BackendPoolProperties;
  const names = [keyOf(pool.id), ...addresses.map(({ properties }) => `${segment} ${properties.ipAddress ?? ''}`)];
  // What stands in another network has an address that means something else here.
  const members = names.flatMap((name) => interfaces.get(name) ?? []).filter((one) => one.segment === segment);
  return backendsOfMembers(
    pool,
    members,
    members.map(({ nic }) => forwarders.get(nic)),
  );
}

const backendsOfMembers = remembered(
  (pool, members: readonly Interface[], forwarders: readonly (string | undefined)[]): readonly Backend[] => {
    const { loadBalancerBackendAddresses: addresses } = pool.properties as unknown as BackendPoolProperties;
    const admin = new Map(
      addresses.map(({ properties: { ipAddress, networkInterfaceIPConfiguration: member, adminState } }) => [
        member === undefined ? (ipAddress ?? '') : keyOf(member.id),
        adminState,
      ]),
    );
    const found = new Map<string, Backend>();
    for (const [i, { id, address }] of members.entries())
      found.set(id, { id, address, forwarder: forwarders[i], admin: admin.get(id) ?? admin.get(address) ?? 'None' });
    const known = new Set([...found.values()].map(({ address }) => address));
    for (const { name, properties } of addresses) {
      if (properties.ipAddress === undefined || known.has(properties.ipAddress)) continue;
      const id = keyOf(`${pool.id}/loadBalancerBackendAddresses/${name}`);
      found.set(id, { id, address: properties.ipAddress, forwarder: undefined, admin: properties.adminState });
    }
    return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  },
);

/** Backends of each pool of a balancer, by the pool's key. Who forwards is not looked at. */
export async function balancerBackends(
  balancer: Resource<LoadBalancerProperties>,
  resources: ResourceReader,
): Promise<ReadonlyMap<string, readonly Backend[]>> {
  const segment = segmentOfBalancer(balancer as unknown as Resource) ?? '';
  const pools = await resources.list({ within: balancer.id, direct: true, type: backendPoolType });
  const interfaces = interfacesByName(interfacesOf(await resources.list({ within: '', type: networkInterfaceType })));
  const ground = { interfaces, forwarders: new Map<string, string>() };
  return new Map(pools.map((pool) => [keyOf(pool.id), backendsOf(pool, segment, ground)]));
}
