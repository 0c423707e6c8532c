import { keyOf, type ResourceId } from '#arm/resource-id.ts';
import type { Read } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { Balancer, FabricPlan, Forwarder, HostPort, Service } from '#fabric/plan.ts';
import type { ConnectionProperties } from './approval.ts';
import type { PlanKeeper } from './plan-keeper.ts';

type Self = Pick<Resource<ConnectionProperties>, 'properties'>;

/** One port that an endpoint takes connections on. */
interface OpenPort {
  /** 0: any, and it stays the same up to the backend. */
  readonly port: number;
  /** The balancer's rule; undefined: a database server takes it itself. */
  readonly rule?: string;
  readonly to: readonly OpenTarget[];
}

interface OpenTarget extends HostPort {
  /** The key of the forwarder; undefined: there is none in between. */
  readonly forwarder?: string;
  /** False: nothing passes at the moment. */
  readonly running?: boolean;
}

/**
 * `GET {connection}/opens`: what whoever asks reaches once it is approved, and from which network. Who decides about a connection need not be
 * allowed to read balancers and forwarders to know what the decision opens.
 */
export function opensRead(keeper: Pick<PlanKeeper, 'inForce'>): Read<ConnectionProperties> {
  return {
    summary: 'What the private endpoint reaches once it is approved: ports, and the databases behind them; and the network that reaches it',
    run: async ({ self, id, resources }) => {
      const plan = keeper.inForce()?.plan;
      const service = plan?.services.find((one) => one.id === keyOf(id.parent!));
      const ports = plan === undefined || service === undefined ? [] : portsOf(plan, service);
      const named = namesOf(resources);
      return {
        from: await fromOf(self, plan, named),
        to: await toOf(id, service, named),
        ports: await Promise.all(ports.map(async (one) => ({ ...one, to: await Promise.all(one.to.map((to) => shown(to, named))) }))),
      };
    },
  };
}

/** The plan knows keys; people know ids in the casing in which they were written. */
type Named = (key: string) => Promise<string>;

function namesOf(resources: ResourceReader): Named {
  return async (key) => (await resources.get(key))?.id ?? key;
}

async function shown({ forwarder, ...target }: OpenTarget, named: Named): Promise<JsonObject> {
  return { ...target, ...(forwarder !== undefined && { forwarder: await named(forwarder) }) };
}

async function fromOf({ properties: { privateEndpoint } }: Self, plan: FabricPlan | undefined, named: Named): Promise<JsonObject> {
  const endpoint = plan?.endpoints.find(({ id }) => id === keyOf(privateEndpoint.id));
  const segment = plan?.segments.find(({ id }) => id === endpoint?.segment);
  if (endpoint === undefined || segment === undefined) return { endpoint: privateEndpoint.id };
  return {
    endpoint: privateEndpoint.id,
    network: await named(segment.id),
    kind: segment.kind,
    address: endpoint.address,
    names: endpoint.names.map(({ name, port }) => (port === undefined ? name : `${name}:${port}`)),
  };
}

async function toOf({ parent }: ResourceId, service: Service | undefined, named: Named): Promise<JsonObject> {
  const to = { id: parent!, kind: service?.kind ?? 'unknown' };
  return service?.kind === 'balanced' ? { ...to, balancer: await named(service.balancer) } : to;
}

function portsOf(plan: FabricPlan, service: Service): readonly OpenPort[] {
  if (service.kind === 'database') return service.ports.map((port) => ({ port, to: [service.target] }));
  const balancer = plan.balancers.find(({ id }) => id === service.balancer);
  const forwarders = new Map(plan.forwarders.map((one) => [one.id, one]));
  return (balancer?.rules ?? []).filter(({ frontend }) => frontend === service.frontend).map((rule) => openPort(rule, forwarders));
}

function openPort(
  { frontendPort, backendPort, name, backends }: Balancer['rules'][number],
  forwarders: ReadonlyMap<string, Forwarder>,
): OpenPort {
  const to = backends.flatMap(({ forwarder }) => {
    const found = forwarder === undefined ? undefined : forwarders.get(forwarder);
    const rules = found?.rules.filter(({ port }) => backendPort === 0 || port === backendPort) ?? [];
    return rules.map((rule) => ({ ...rule.to, forwarder: found!.id, running: found!.running }));
  });
  return { port: frontendPort, rule: name, to };
}
