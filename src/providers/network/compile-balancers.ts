import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { Backend, Balancer, BalancerRule, Probe } from '#fabric/plan.ts';
import { addressAt } from './address-book.ts';
import { backendsOf, type PoolGround, segmentOfBalancer } from './backends.ts';
import type { PlanGround } from './plan-ground.ts';
import { probeProtocols } from './load-balancer-check.ts';
import type { LoadBalancerProperties, ProbePart, ProbeProtocol, RulePart } from './load-balancer-shape.ts';
import { loadBalancerType } from './type-names.ts';

/** Balancers that are in a segment. */
export function compileBalancers(ground: PlanGround, pools: PoolGround): readonly Balancer[] {
  return ground.of(loadBalancerType).flatMap((resource): readonly Balancer[] => {
    const segment = segmentOfBalancer(resource);
    if (segment === undefined || ground.get(segment) === undefined) return [];
    const known = new Map<string, readonly Backend[]>();
    const backends = (pool: string): readonly Backend[] => {
      const there = ground.get(pool);
      const found = known.get(keyOf(pool)) ?? (there === undefined ? [] : backendsOf(there, segment, pools));
      known.set(keyOf(pool), found);
      return found;
    };
    return [balancer(resource, segment, backends)];
  });
}

function balancer(resource: Resource, segment: string, backends: (pool: string) => readonly Backend[]): Balancer {
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
      const found = one.properties.backendAddressPools.flatMap((pool) => backends(pool.id));
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
}

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
    frontend: keyOf(parseResourceId(properties.frontendIPConfiguration.id).name),
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
