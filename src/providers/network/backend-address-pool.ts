import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import { type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { parseAddress } from './address-range.ts';
import { checkNames, type IdReference, idReference, partName } from './ip-configuration.ts';
import { applied, type PlanKeeper, withdrawn } from './plan-keeper.ts';
import { backendPoolType, networkInterfaceType } from './type-names.ts';

export type AdminState = 'None' | 'Up' | 'Down';

export interface PoolAddress {
  readonly name: string;
  readonly properties: {
    readonly ipAddress?: string | undefined;
    /** Says the admin state of a member that is a network interface. */
    readonly networkInterfaceIPConfiguration?: IdReference | undefined;
    readonly adminState: AdminState;
  };
}

export interface BackendPoolProperties {
  readonly loadBalancerBackendAddresses: readonly PoolAddress[];
  readonly drainPeriodInSeconds?: number | undefined;
  readonly virtualNetwork?: IdReference | undefined;
}

const address = z.object({
  name: partName,
  properties: z.object({
    ipAddress: z.string().max(64).optional(),
    networkInterfaceIPConfiguration: idReference.optional(),
    adminState: z.enum(['None', 'Up', 'Down']).default('None'),
  }),
});

/** Rule: https://learn.microsoft.com/rest/api/load-balancer/load-balancer-backend-address-pools/create-or-update */
const properties: z.ZodType<BackendPoolProperties> = z.object({
  loadBalancerBackendAddresses: z.array(address).max(1_000).default([]),
  drainPeriodInSeconds: z.int().min(0).max(3_600).optional(),
  virtualNetwork: idReference.optional(),
});

const at = 'properties.loadBalancerBackendAddresses';

/** Where a balancer's rules lead to: network interfaces that name the pool, and addresses that the pool names. */
export function backendAddressPools({ keeper }: { readonly keeper: PlanKeeper }): ResourceType<BackendPoolProperties> {
  return resourceType<BackendPoolProperties>({
    type: backendPoolType,
    summary: 'A pool of backends of a load balancer',
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    location: 'none',
    hasTags: false,
    properties,
    verbs: ['put', 'delete'],
    inUse: { kind: 'invalid', code: 'InUseBackendAddressPoolCannotBeDeleted' },
    check: async ({ properties: { loadBalancerBackendAddresses: addresses } }) => {
      checkNames(addresses, at);
      for (const [i, { properties: one }] of addresses.entries()) {
        if (one.ipAddress !== undefined) parseAddress(one.ipAddress, `${at}[${i}].properties.ipAddress`);
        else if (one.networkInterfaceIPConfiguration === undefined)
          throw fault('invalid', 'BackendAddressMissing', `The backend ${addresses[i]!.name} has no address.`, {
            target: `${at}[${i}].properties.ipAddress`,
            remedy: 'Give its ipAddress, or have a network interface name the pool.',
          });
      }
    },
    checkDelete: checkUnusedByRules,
    show: async (self, resources) => ({ backendIPConfigurations: await members(self, resources), ...(await rulesOf(self, resources)) }),
    reconcile: (self) => applied(keeper, self),
    remove: () => withdrawn(keeper),
  });
}

/** Ids of ip configurations that name the pool. */
async function members({ id }: Resource<unknown>, resources: ResourceReader): Promise<JsonObject[]> {
  const key = keyOf(id);
  const interfaces = await resources.list({ within: '', type: networkInterfaceType });
  return interfaces.flatMap((one) =>
    (one.properties as unknown as PoolMembers).ipConfigurations
      .filter(({ properties: { loadBalancerBackendAddressPools: pools } }) => pools.some((pool) => keyOf(pool.id) === key))
      .map(({ name }) => ({ id: `${one.id}/ipConfigurations/${name}` })),
  );
}

interface PoolMembers {
  readonly ipConfigurations: readonly {
    readonly name: string;
    readonly properties: { readonly loadBalancerBackendAddressPools: readonly IdReference[] };
  }[];
}

interface RuleNames {
  readonly loadBalancingRules: readonly {
    readonly name: string;
    readonly properties: { readonly backendAddressPools: readonly IdReference[] };
  }[];
}

async function ruleIds({ id }: Pick<Resource<unknown>, 'id'>, resources: ResourceReader): Promise<readonly string[]> {
  const balancer = await resources.get(id.slice(0, id.lastIndexOf('/backendAddressPools/')));
  if (balancer === undefined) return [];
  const { loadBalancingRules: rules } = balancer.properties as unknown as RuleNames;
  return rules
    .filter(({ properties: { backendAddressPools: pools } }) => pools.some((pool) => keyOf(pool.id) === keyOf(id)))
    .map(({ name }) => `${balancer.id}/loadBalancingRules/${name}`);
}

async function rulesOf(self: Resource<unknown>, resources: ResourceReader): Promise<JsonObject> {
  const rules = await ruleIds(self, resources);
  return rules.length === 0 ? {} : { loadBalancingRules: rules.map((id) => ({ id })) };
}

async function checkUnusedByRules(
  self: Resource<BackendPoolProperties>,
  { resources }: { readonly resources: ResourceReader },
): Promise<void> {
  const [rule] = await ruleIds(self, resources);
  if (rule === undefined) return;
  throw fault('invalid', 'InUseBackendAddressPoolCannotBeDeleted', `The backend address pool ${self.id} is in use by ${rule}.`, {
    target: self.id,
    remedy: 'Take the rule away first, or have it use another pool.',
  });
}
