import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { type NameRule, type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { parseAddress } from './address-range.ts';
import { idReference } from './ip-configuration.ts';
import { applied, type PlanKeeper, withdrawn } from './plan-keeper.ts';
import type { AddressRecordProperties, ZoneLinkProperties } from './private-dns-shape.ts';
import { addressRecordType, privateDnsZoneType, virtualNetworkType, zoneLinkType } from './type-names.ts';

const versions = { floor: '2018-09-01', implemented: '2024-06-01' };
const mostRecords = 20;

const zoneName: NameRule = {
  pattern: /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)+$/,
  maxLength: 253,
  says: 'labels with dots between them, such as privatelink.database.windows.net',
};

const recordNames: NameRule = {
  pattern: /^(?:@|[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*)$/,
  maxLength: 253,
  says: "labels with dots between them, or '@' for the zone itself; '*' is not supported",
};

const recordProperties: z.ZodType<AddressRecordProperties> = z
  .object({
    ttl: z.int().min(1).max(2_147_483_647).default(3_600),
    aRecords: z
      .array(z.object({ ipv4Address: z.string().max(64) }))
      .max(mostRecords, `${mostRecords} addresses at most`)
      .optional(),
    // The newer spelling of some clients.
    ARecords: z
      .array(z.object({ ipv4Address: z.string().max(64) }))
      .max(mostRecords)
      .optional(),
    metadata: z.record(z.string().max(80), z.string().max(1_000)).optional(),
  })
  .transform(({ aRecords, ARecords, ...rest }) => ({ ...rest, aRecords: aRecords ?? ARecords ?? [] }));

const linkProperties: z.ZodType<ZoneLinkProperties> = z.object({
  virtualNetwork: idReference,
  registrationEnabled: z.literal(false, 'machines are not registered by themselves here').default(false),
});

/** Names that are known only within the networks that a zone is linked to. Rule: https://learn.microsoft.com/rest/api/dns/privatednszones */
export function privateDnsTypes({
  keeper,
}: {
  readonly keeper: PlanKeeper;
}): readonly [ResourceType<JsonObject>, ResourceType<AddressRecordProperties>, ResourceType<ZoneLinkProperties>] {
  return [privateDnsZones(keeper), addressRecords(keeper), zoneLinks(keeper)];
}

function privateDnsZones(keeper: PlanKeeper): ResourceType<JsonObject> {
  return resourceType<JsonObject>({
    type: privateDnsZoneType,
    summary: 'A private zone of names, known within the virtual networks that it is linked to',
    versions,
    location: 'optional',
    name: zoneName,
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    inUse: { kind: 'conflict', code: 'PrivateDnsZoneInUse' },
    checkDelete: async (self, { resources }) => {
      const [link] = await linksOf(self, resources);
      if (link === undefined) return;
      throw fault('conflict', 'CannotDeleteResource', `The private zone ${self.name} is linked to a virtual network by ${link.id}.`, {
        target: self.id,
        remedy: 'Delete its virtualNetworkLinks first.',
      });
    },
    show: async (self, resources) => ({
      numberOfRecordSets: (await resources.list({ within: self.id, direct: true, type: addressRecordType })).length,
      maxNumberOfRecordSets: 25_000,
      numberOfVirtualNetworkLinks: (await linksOf(self, resources)).length,
      maxNumberOfVirtualNetworkLinks: 1_000,
      numberOfVirtualNetworkLinksWithRegistration: 0,
      maxNumberOfVirtualNetworkLinksWithRegistration: 100,
    }),
    reconcile: (self) => applied(keeper, self),
    remove: () => withdrawn(keeper),
  });
}

async function linksOf({ id }: Pick<Resource<unknown>, 'id'>, resources: ResourceReader): Promise<readonly Resource[]> {
  return await resources.list({ within: id, direct: true, type: zoneLinkType });
}

function addressRecords(keeper: PlanKeeper): ResourceType<AddressRecordProperties> {
  return resourceType<AddressRecordProperties>({
    type: addressRecordType,
    summary: 'The addresses of a name in a private zone',
    versions,
    location: 'none',
    hasTags: false,
    name: recordNames,
    properties: recordProperties,
    check: async ({ properties: { aRecords } }) => {
      for (const [i, { ipv4Address }] of aRecords.entries()) parseAddress(ipv4Address, `properties.aRecords[${i}].ipv4Address`);
    },
    show: async (self) => {
      const zone = self.id.split('/').at(-3)!;
      return { fqdn: self.name === '@' ? `${zone}.` : `${self.name}.${zone}.`, isAutoRegistered: false };
    },
    reconcile: (self) => applied(keeper, self),
    remove: () => withdrawn(keeper),
  });
}

function zoneLinks(keeper: PlanKeeper): ResourceType<ZoneLinkProperties> {
  return resourceType<ZoneLinkProperties>({
    type: zoneLinkType,
    summary: 'Makes the names of a private zone known in a virtual network',
    versions,
    location: 'optional',
    properties: linkProperties,
    references: ({ properties: { virtualNetwork } }) => [
      { id: virtualNetwork.id, at: 'properties.virtualNetwork.id', types: [virtualNetworkType] },
    ],
    check: async ({ properties: { virtualNetwork } }, { before }) => {
      if (before === undefined || before.properties.virtualNetwork.id.toLowerCase() === virtualNetwork.id.toLowerCase()) return;
      throw fault('invalid', 'VirtualNetworkLinkCannotBeChanged', 'A link cannot be moved to another virtual network.', {
        target: 'properties.virtualNetwork.id',
        remedy: 'Delete it, and make another.',
      });
    },
    show: async () => ({ virtualNetworkLinkState: 'Completed' }),
    reconcile: (self) => applied(keeper, self),
    remove: () => withdrawn(keeper),
  });
}
