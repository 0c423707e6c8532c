import type { PlanGround } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { NameRecord } from '#fabric/plan.ts';
import { addressAt } from './address-book.ts';
import { targetNames } from './endpoint-names.ts';
import { type AddressRecordProperties, recordName, type ZoneGroupProperties, type ZoneLinkProperties } from './private-dns-shape.ts';
import { endpointSlot, type KnownConnection, type PrivateEndpointProperties } from './private-endpoint-shape.ts';
import { addressRecordType, zoneGroupType, zoneLinkType } from './type-names.ts';

type Records = Map<string, Set<string>>;

/** The names of private zones by the key of each network that they are linked to. */
export function compileNames(ground: PlanGround): ReadonlyMap<string, readonly NameRecord[]> {
  const zones = zoneRecords(ground);
  const found = new Map<string, Records>();
  for (const link of ground.of(zoneLinkType)) {
    const zone = parseResourceId(link.id).parent!;
    const network = keyOf((link.properties as unknown as ZoneLinkProperties).virtualNetwork.id);
    if (ground.get(zone) === undefined) continue;
    const records = found.get(network) ?? new Map<string, Set<string>>();
    found.set(network, records);
    for (const [name, addresses] of zones.get(keyOf(zone)) ?? []) for (const address of addresses) add(records, name, address);
  }
  return new Map([...found].map(([network, records]) => [network, listed(records)]));
}

function zoneRecords(ground: PlanGround): Map<string, Records> {
  const zones = new Map<string, Records>();
  const of = (zone: string): Records => {
    const key = keyOf(zone);
    const records = zones.get(key) ?? new Map<string, Set<string>>();
    zones.set(key, records);
    return records;
  };
  for (const record of ground.of(addressRecordType)) {
    const { parent, names } = parseResourceId(record.id);
    const name = keyOf(names[1] === '@' ? names[0]! : `${names[1]}.${names[0]}`);
    for (const { ipv4Address } of (record.properties as unknown as AddressRecordProperties).aRecords) add(of(parent!), name, ipv4Address);
  }
  for (const group of ground.of(zoneGroupType)) addGroup(group, ground, of);
  return zones;
}

/** The names of what an endpoint leads to, in the zones of its group. */
function addGroup(group: Resource, ground: PlanGround, of: (zone: string) => Records): void {
  const endpoint = ground.get(parseResourceId(group.id).parent!) as Resource<PrivateEndpointProperties> | undefined;
  const known = endpoint?.status.outputs['connection'] as unknown as KnownConnection | undefined;
  const target = known && ground.get(parseResourceId(known.id).parent!);
  const address = endpoint && addressAt(endpoint, endpointSlot, endpoint.properties.subnet.id);
  if (target === undefined || address === undefined) return;
  for (const { properties } of (group.properties as unknown as ZoneGroupProperties).privateDnsZoneConfigs) {
    const zone = parseResourceId(properties.privateDnsZoneId).name;
    for (const fqdn of targetNames(target)) {
      const records = of(properties.privateDnsZoneId);
      add(records, keyOf(`${recordName(fqdn, zone)}.${zone}`), address);
      // Public name servers answer the target's own name with the one in the zone.
      add(records, keyOf(fqdn), address);
    }
  }
}

function add(records: Records, name: string, address: string): void {
  const addresses = records.get(name) ?? new Set<string>();
  addresses.add(address);
  records.set(name, addresses);
}

function listed(records: Records): readonly NameRecord[] {
  return [...records]
    .toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([name, addresses]) => ({ name, addresses: [...addresses].toSorted() }));
}
