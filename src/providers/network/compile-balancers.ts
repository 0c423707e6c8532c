import type { PlanGround } from '#arm/private-link.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { Backend, Balancer, BalancerRule, Probe } from '#fabric/plan.ts';
import { addressAt } from './address-book.ts';
import { backendsOf, type PoolGround, segmentOfBalancer } from './backends.ts';
import { probeProtocols } from './load-balancer-check.ts';
import type { LoadBalancerProperties, ProbePart, ProbeProtocol, RulePart } from './load-balancer-shape.ts';
import { remembered } from './remembered.ts';
import { loadBalancerType } from './type-names.ts';

/** Balancers that are in a segment. */
export function compileBalancers(ground: PlanGround, pools: PoolGround): readonly Balancer[] {
  return ground.of(loadBalancerType).flatMap((resource): readonly Balancer[] => {
    const segment = segmentOfBalancer(resource);
    if (segment === undefined || ground.get(segment) === undefined) return [];
    const { loadBalancingRules } = (resource as unknown as Resource<LoadBalancerProperties>).properties;
    const named = [...new Set(loadBalancingRules.flatMap((one) => one.properties.backendAddressPools.map(({ id }) => keyOf(id))))];
    const there = named.flatMap((pool) => ground.get(pool) ?? []);
    return [
      balancer(
        resource,
        segment,
        there.map(({ id }) => keyOf(id)).join('\n'),
        there.map((pool) => backendsOf(pool, segment, pools)),
      ),
    ];
  });
}

/** `pools`: keys of pools, a line each, and what is in each of them. */
const balancer = remembered((resource, segment: string, pools: string, members: readonly (readonly Backend[])[]): Balancer => {
  const backendsBy = new Map(pools.split('\n').map((pool, i) => [pool, members[i] ?? []]));
  const self = resource as unknown as Resource<LoadBalancerProperties>;
  const { frontendIPConfigurations, loadBalancingRules, probes } = self.properties;
  const frontends = frontendIPConfigurations.flatMap(({ name, properties }) => {
    const address = addressAt(self, name, properties.subnet.id);
    return address === undefined ? [] : [{ name: keyOf(name), address }];
  });
  const named = new Set(frontends.map(({ name }) => name));
  const protocols = probeProtocols(self.tags);
  const behaviours = new Map(
    probes.map(({ name, properties }) => [keyOf(`${self.id}/probes/${name}`), properties.noHealthyBackendsBehavior]),
  );
  const rules = loadBalancingRules
    // Only TCP is carried.
    .filter(({ properties }) => properties.protocol !== 'Udp')
    .map((one) => {
      const found = one.properties.backendAddressPools.flatMap((pool) => backendsBy.get(keyOf(pool.id)) ?? []);
      return rule(self.id, one, { backends: withoutDoubles(found), behaviours });
    })
    .filter(({ frontend }) => named.has(frontend));
  return {
    id: keyOf(self.id),
    segment,
    frontends: frontends.toSorted(byName),
    rules: rules.toSorted(byName),
    probes: probes.map((one) => probe(self.id, one, protocols)).toSorted(byName),
  };
});

interface RuleGround {
  readonly backends: readonly Backend[];
  readonly behaviours: ReadonlyMap<string, BalancerRule['whenNoneHealthy']>;
}

const distributions = { Default: '5-tuple', SourceIPProtocol: '3-tuple', SourceIP: '2-tuple' } as const;

function rule(balancerId: string, { name, properties }: RulePart, { backends, behaviours }: RuleGround): BalancerRule {
  const probeKey = properties.probe === undefined ? undefined : keyOf(properties.probe.id);
  return {
    id: keyOf(`${balancerId}/loadBalancingRules/${name}`),
    name,
    frontend: keyOf(properties.frontendIPConfiguration.id.slice(properties.frontendIPConfiguration.id.lastIndexOf('/') + 1)),
    frontendPort: properties.frontendPort,
    backendPort: properties.backendPort,
    backends,
    probe: probeKey,
    distribution: distributions[properties.loadDistribution],
    idleMs: properties.idleTimeoutInMinutes * 60_000,
    tcpReset: properties.enableTcpReset,
    whenNoneHealthy: (probeKey === undefined ? undefined : behaviours.get(probeKey)) ?? 'AllProbedDown',
  };
}

function probe(balancerId: string, { name, properties }: ProbePart, protocols: ReadonlyMap<string, ProbeProtocol>): Probe {
  const plain = keyOf(properties.protocol) as 'tcp' | 'http' | 'https';
  return {
    id: keyOf(`${balancerId}/probes/${name}`),
    name,
    protocol: protocols.get(keyOf(name)) ?? plain,
    port: properties.port,
    path: plain === 'tcp' ? undefined : properties.requestPath,
    intervalMs: properties.intervalInSeconds * 1000,
    threshold: properties.probeThreshold ?? properties.numberOfProbes,
  };
}

function withoutDoubles(backends: readonly Backend[]): readonly Backend[] {
  return backends.length === 0
    ? backends
    : [...new Map(backends.map((one) => [one.id, one])).values()].toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  const [one, other] = [keyOf(a.name), keyOf(b.name)];
  return one < other ? -1 : Number(one > other);
}
