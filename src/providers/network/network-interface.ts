import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import { type CheckContext, type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { AddressBook } from './address-book.ts';
import { guidOfResource, macOf } from './guid.ts';
import {
  allocationMembers,
  type IdReference,
  idReference,
  partName,
  shownConfiguration,
  subnetReferences,
  wishesOf,
  withoutShownAddress,
} from './ip-configuration.ts';
import type { InterfaceConfiguration, NetworkInterfaceProperties } from './network-interface-shape.ts';
import { findOwnInterface } from './own-interface.ts';
import { applied, type PlanKeeper, withdrawn } from './plan-keeper.ts';
import { checkRegion } from './region.ts';
import { networkOfSubnet } from './subnet.ts';
import { backendPoolType, networkInterfaceType, virtualMachineType } from './type-names.ts';

const configuration = z.object({
  name: partName,
  properties: z
    .object({
      ...allocationMembers,
      primary: z.boolean().optional(),
      loadBalancerBackendAddressPools: z.array(idReference).max(100).default([]),
    })
    .transform(withoutShownAddress),
});

/** Rule: https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/create-or-update */
const properties = z
  .object({
    ipConfigurations: z.array(configuration).min(1).max(256),
    enableIPForwarding: z.boolean().default(false),
    enableAcceleratedNetworking: z.boolean().default(false),
  })
  .transform(({ ipConfigurations, ...rest }) => {
    const primary = Math.max(
      0,
      ipConfigurations.findIndex((one) => one.properties.primary === true),
    );
    return {
      ...rest,
      ipConfigurations: ipConfigurations.map((one, i) => ({ ...one, properties: { ...one.properties, primary: i === primary } })),
    };
  });

const at = 'properties.ipConfigurations';

/** Addresses of a subnet that a machine has; a member of balancers' pools. */
export function networkInterfaces({
  book,
  keeper,
}: {
  readonly book: AddressBook;
  readonly keeper: PlanKeeper;
}): ResourceType<NetworkInterfaceProperties> {
  return resourceType<NetworkInterfaceProperties>({
    type: networkInterfaceType,
    summary: 'A network interface: addresses of a subnet for a machine, and its membership in pools of load balancers',
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    properties,
    inUse: { kind: 'invalid', code: 'NicInUse' },
    references: ({ properties: asked }) => subnetReferences(asked.ipConfigurations, at),
    check: async (asked, context) => {
      const wishes = wishesOf(asked.properties.ipConfigurations, at);
      await checkOwn(context);
      await checkNetworks(asked, context);
      await checkRegion(asked, asked.properties.ipConfigurations[0]!.properties.subnet.id, context);
      await checkPools(asked, context);
      await book.check(context, wishes);
    },
    find: findOwnInterface,
    show: async (self, resources) => ({
      ipConfigurations: await shownConfigurations(self, resources),
      macAddress: macOf(self),
      resourceGuid: guidOfResource(self),
      nicType: 'Standard',
      primary: true,
      dnsSettings: { dnsServers: [], appliedDnsServers: [] },
      ...(await machineOf(self, resources)),
    }),
    parts: {
      ipConfigurations: (self) => self.properties.ipConfigurations.map((one) => shownConfiguration(self, 'ipConfigurations', one)),
    },
    reconcile: async (self, { resources }) => {
      const addresses = await book.claim(self, wishesOf(self.properties.ipConfigurations, at), resources);
      const ipConfigurations = Object.entries(addresses).map(([name, { address }]) => ({ name, privateIPAddress: address }));
      return await applied(keeper, self, { addresses: addresses as unknown as JsonObject, ipConfigurations });
    },
    remove: async (self) => {
      const outcome = await withdrawn(keeper);
      book.release(self.id);
      return outcome;
    },
  });
}

/** Interfaces of private endpoints and services are theirs. */
async function checkOwn({ id, before, resources }: CheckContext<NetworkInterfaceProperties>): Promise<void> {
  if (before !== undefined || (await findOwnInterface(id, resources)) === undefined) return;
  throw fault(
    'conflict',
    'NetworkInterfaceIsReadOnly',
    `The network interface ${id.name} belongs to a private endpoint or private link service.`,
    {
      target: id.text,
      remedy: 'Take another name; this one goes with what it belongs to.',
    },
  );
}

/** All its addresses are of one network. */
async function checkNetworks(
  { properties: { ipConfigurations } }: Asked<NetworkInterfaceProperties>,
  { id }: CheckContext<NetworkInterfaceProperties>,
): Promise<void> {
  const networks = new Set(ipConfigurations.map((one) => keyOf(networkOfSubnet(one.properties.subnet.id))));
  if (networks.size <= 1) return;
  throw fault('invalid', 'SubnetsNotInSameVnet', `The ip configurations of ${id.name} are in subnets of different virtual networks.`, {
    target: at,
    remedy: 'Take subnets of one virtual network; make another interface for the other.',
  });
}

/** Pools need not stay for the sake of their members, but they must be there when they are named. */
async function checkPools(
  { properties: { ipConfigurations } }: Asked<NetworkInterfaceProperties>,
  { before, resources }: CheckContext<NetworkInterfaceProperties>,
): Promise<void> {
  const member = new Set(
    before?.properties.ipConfigurations.flatMap((one) => one.properties.loadBalancerBackendAddressPools.map(({ id }) => keyOf(id))),
  );
  for (const [i, one] of ipConfigurations.entries()) {
    for (const [j, { id }] of one.properties.loadBalancerBackendAddressPools.entries()) {
      const found = await resources.get(id);
      if (member.has(keyOf(id)) || (found !== undefined && !found.deleting && found.type === backendPoolType)) continue;
      throw fault('invalid', 'InvalidResourceReference', `The backend address pool ${id} was not found.`, {
        target: `${at}[${i}].properties.loadBalancerBackendAddressPools[${j}].id`,
        remedy: 'Create the pool in its load balancer first, or correct the id.',
      });
    }
  }
}

async function shownConfigurations(self: Resource<NetworkInterfaceProperties>, resources: ResourceReader): Promise<JsonObject[]> {
  const shown: JsonObject[] = [];
  for (const one of self.properties.ipConfigurations) {
    const pools: IdReference[] = [];
    for (const pool of one.properties.loadBalancerBackendAddressPools) if ((await resources.get(pool.id)) !== undefined) pools.push(pool);
    shown.push(
      shownConfiguration(self, 'ipConfigurations', {
        ...one,
        properties: { ...one.properties, loadBalancerBackendAddressPools: pools } as InterfaceConfiguration['properties'],
      }),
    );
  }
  return shown;
}

async function machineOf({ id }: Resource<unknown>, resources: ResourceReader): Promise<JsonObject> {
  const users = await resources.referrers(id);
  const machine = users.find((user) => keyOf(parseResourceId(user).type) === keyOf(virtualMachineType));
  return machine === undefined ? {} : { virtualMachine: { id: machine } };
}
