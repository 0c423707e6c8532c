import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import { type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { addressAt } from './address-book.ts';
import { findTarget } from './alias.ts';
import { targetNames } from './endpoint-names.ts';
import { checkNames, partName, plainId } from './ip-configuration.ts';
import { applied, type PlanKeeper, type ServerName, withdrawn, withName } from './plan-keeper.ts';
import { recordName, type ZoneGroupProperties } from './private-dns-shape.ts';
import { endpointSlot, type PrivateEndpointProperties, wishOf } from './private-endpoint-shape.ts';
import { privateDnsZoneType, zoneGroupType } from './type-names.ts';

/** Rule: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#private-link-limits */
const mostZones = 5;

const properties: z.ZodType<ZoneGroupProperties> = z.object({
  privateDnsZoneConfigs: z
    .array(z.object({ name: partName, properties: z.object({ privateDnsZoneId: z.string().min(1).max(2_000).transform(plainId) }) }))
    .max(mostZones, `${mostZones} zones at most`)
    .default([]),
});

const at = 'properties.privateDnsZoneConfigs';
const recordTtl = 10;

/** Enters the names of what a private endpoint leads to into private zones, with the endpoint's address, for as long as it is there. */
export function privateDnsZoneGroups({
  keeper,
  serverName,
}: {
  readonly keeper: PlanKeeper;
  readonly serverName: ServerName;
}): ResourceType<ZoneGroupProperties> {
  return resourceType<ZoneGroupProperties>({
    type: zoneGroupType,
    summary: 'The private zones in which a private endpoint has its names',
    versions: { floor: '2020-03-01', implemented: '2025-05-01' },
    location: 'none',
    hasTags: false,
    properties,
    verbs: ['put', 'delete'],
    references: ({ properties: asked }) =>
      asked.privateDnsZoneConfigs.map((one, i) => ({
        id: one.properties.privateDnsZoneId,
        at: `${at}[${i}].properties.privateDnsZoneId`,
        types: [privateDnsZoneType],
      })),
    check: async ({ properties: asked }, { id, resources }) => {
      checkNames(asked.privateDnsZoneConfigs, at);
      const others = await resources.list({ within: id.parent!, direct: true, type: zoneGroupType });
      const other = others.find((one) => keyOf(one.id) !== id.key && !one.deleting);
      if (other === undefined) return;
      throw fault('invalid', 'PrivateDnsZoneGroupCountLimitReached', `The private endpoint has the zone group ${other.name} already.`, {
        target: other.id,
        remedy: 'Write the zones into that group; an endpoint has one.',
      });
    },
    show: async (self, resources) => ({ privateDnsZoneConfigs: await shownConfigs(self, resources, serverName) }),
    reconcile: (self) => applied(keeper, self),
    remove: () => withdrawn(keeper),
  });
}

async function shownConfigs(self: Resource<ZoneGroupProperties>, resources: ResourceReader, serverName: ServerName): Promise<JsonObject[]> {
  const endpoint = (await resources.get(parseResourceId(self.id).parent!)) as unknown as Resource<PrivateEndpointProperties> | undefined;
  const found = endpoint && (await findTarget(wishOf(endpoint.properties).properties.privateLinkServiceId, resources));
  const names = found === undefined ? [] : targetNames(await withName(found, serverName));
  const address = endpoint && addressAt(endpoint, endpointSlot, endpoint.properties.subnet.id);
  return self.properties.privateDnsZoneConfigs.map(({ name, properties: { privateDnsZoneId } }) => {
    const zone = parseResourceId(privateDnsZoneId).name;
    const recordSets = names.map((fqdn) => ({
      recordType: 'A',
      recordSetName: recordName(fqdn, zone),
      fqdn: `${recordName(fqdn, zone)}.${zone}`,
      ttl: recordTtl,
      ipAddresses: address === undefined ? [] : [address],
      provisioningState: 'Succeeded',
    }));
    return { name, id: `${self.id}/privateDnsZoneConfigs/${name}`, properties: { privateDnsZoneId, recordSets } };
  });
}
