import { z } from 'zod';
import { keyOf } from '#arm/resource-id.ts';
import { type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { AddressBook } from './address-book.ts';
import { balancerBackends } from './backends.ts';
import { guidOfResource } from './guid.ts';
import { shownConfiguration, shownPart, subnetReferences, wishesOf } from './ip-configuration.ts';
import { checkLoadBalancer } from './load-balancer-check.ts';
import { type LoadBalancerProperties, loadBalancerProperties, type RulePart } from './load-balancer-shape.ts';
import { applied, type PlanKeeper, withdrawn } from './plan-keeper.ts';
import { checkRegion } from './region.ts';
import { backendPoolType, loadBalancerType } from './type-names.ts';

export interface LoadBalancerOptions {
  readonly book: AddressBook;
  readonly keeper: PlanKeeper;
  /** What probes know. */
  readonly health: FabricEngine['health'] | undefined;
}

const envelope = z.object({
  sku: z
    .object({
      name: z.literal('Standard', 'only the sku Standard is supported').default('Standard'),
      tier: z.literal('Regional', 'only the tier Regional is supported').default('Regional'),
    })
    .default({ name: 'Standard', tier: 'Regional' }),
}) as unknown as z.ZodType<JsonObject>;

const frontendsAt = 'properties.frontendIPConfigurations';

/** Spreads connections to a frontend over backends that answer their probe. */
export function loadBalancers({ book, keeper, health }: LoadBalancerOptions): ResourceType<LoadBalancerProperties> {
  return resourceType<LoadBalancerProperties>({
    type: loadBalancerType,
    summary: 'A standard internal load balancer: frontends, rules, probes and pools of backends',
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    properties: loadBalancerProperties,
    envelope,
    inline: { backendAddressPools: { type: backendPoolType, whenAbsent: 'remove' } },
    inUse: { kind: 'invalid', code: 'LoadBalancerInUseByPrivateLinkService' },
    references: ({ properties }) => subnetReferences(properties.frontendIPConfigurations, frontendsAt),
    check: async (asked, context) => {
      await checkLoadBalancer(asked, context);
      const [frontend] = asked.properties.frontendIPConfigurations;
      if (frontend !== undefined) await checkRegion(asked, frontend.properties.subnet.id, context);
      await book.check(context, wishesOf(asked.properties.frontendIPConfigurations, frontendsAt));
    },
    parts: { frontendIPConfigurations: frontends, probes, loadBalancingRules: rules },
    show: async (self, resources) => ({
      resourceGuid: guidOfResource(self),
      frontendIPConfigurations: frontends(self),
      probes: probes(self),
      loadBalancingRules: rules(self),
      ...(health === undefined ? {} : { health: await healthOf(self, resources, health) }),
    }),
    reconcile: async (self, { resources }) => {
      const addresses = await book.claim(self, wishesOf(self.properties.frontendIPConfigurations, frontendsAt), resources);
      return await applied(keeper, self, { addresses: addresses as unknown as JsonObject });
    },
    remove: async (self) => {
      const outcome = await withdrawn(keeper);
      book.release(self.id);
      return outcome;
    },
  });
}

type Balancer = Resource<LoadBalancerProperties>;

function frontends(self: Balancer): readonly JsonObject[] {
  return self.properties.frontendIPConfigurations.map((one) => {
    const used = self.properties.loadBalancingRules.filter(
      ({ properties }) => keyOf(properties.frontendIPConfiguration.id) === keyOf(`${self.id}/frontendIPConfigurations/${one.name}`),
    );
    const shown = shownConfiguration(self, 'frontendIPConfigurations', one);
    return { ...shown, properties: { ...(shown['properties'] as JsonObject), loadBalancingRules: ruleReferences(self, used) } };
  });
}

function probes(self: Balancer): readonly JsonObject[] {
  return self.properties.probes.map((one) => {
    const used = self.properties.loadBalancingRules.filter(
      ({ properties }) => properties.probe !== undefined && keyOf(properties.probe.id) === keyOf(`${self.id}/probes/${one.name}`),
    );
    const shown = shownPart(self, 'probes', one);
    return { ...shown, properties: { ...(shown['properties'] as JsonObject), loadBalancingRules: ruleReferences(self, used) } };
  });
}

function ruleReferences({ id }: Balancer, used: readonly RulePart[]): JsonObject[] {
  return used.map(({ name }) => ({ id: `${id}/loadBalancingRules/${name}` }));
}

/** With the older member for a single pool, which clients still read. */
function rules(self: Balancer): readonly JsonObject[] {
  return self.properties.loadBalancingRules.map((one) => {
    const [pool] = one.properties.backendAddressPools;
    return shownPart(self, 'loadBalancingRules', {
      ...one,
      properties: { ...one.properties, ...(pool === undefined ? {} : { backendAddressPool: pool }) },
    });
  });
}

/** What the probe of each rule found, in the form of Azure's health report of a rule. */
async function healthOf(self: Balancer, resources: ResourceReader, health: FabricEngine['health']): Promise<JsonObject[]> {
  const backends = await balancerBackends(self, resources);
  return self.properties.loadBalancingRules.map(({ name, properties }) => {
    const probe = properties.probe === undefined ? undefined : keyOf(properties.probe.id);
    const found = properties.backendAddressPools.flatMap((pool) => backends.get(keyOf(pool.id)) ?? []);
    const states = found.map((backend) => {
      const known = probe === undefined ? undefined : health(probe, backend.id);
      return {
        ipAddress: backend.address,
        networkInterfaceIPConfigurationId: backend.id,
        state: known === undefined || known.state === 'up' ? 'Up' : known.state === 'down' ? 'Down' : 'Unknown',
        ...(known?.reason === undefined ? {} : { reason: known.reason }),
      };
    });
    const count = (state: string): number => states.filter((one) => one.state === state).length;
    return { rule: name, up: count('Up'), down: count('Down'), loadBalancerBackendAddresses: states };
  });
}
