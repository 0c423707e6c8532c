import type { Endpoint, HostPort } from '../plan.ts';
import { wayStands, type Way } from '../route.ts';
import type { Tables } from '../tables.ts';
import type { Tracked } from './conntrack.ts';
import { isCarried } from './kernel-rows.ts';

/** What the kernel's list is read by. */
export interface TrackedGround {
  readonly tables: Tables;
  /** By the number that its packets carry. */
  readonly endpointOf: (link: number) => Endpoint | undefined;
  /** Its address for programs of this host. */
  readonly entryOf: (endpoint: string) => string;
  /** Of the attached network with this address; undefined: there is none. */
  readonly segmentAt: (address: string) => string | undefined;
  /** The backend that it goes to, by what its database sees; undefined: none that is known. */
  readonly backendOf: (tracked: Tracked) => string | undefined;
  /** Whether an address is one that a target has for the hub. */
  readonly leads: (to: HostPort, target: Tracked['target']) => boolean;
}

/**
 * The way of a connection that nobody has seen begin, by what the kernel says of it: its number, the door that it came by and where it leads.
 * Undefined: these tables lead nobody there by that door. Whether they let it through is another question: see `wayStands`.
 */
export function trackedWay(ground: TrackedGround, tracked: Tracked): Way | undefined {
  const { tables } = ground;
  const { link, door } = tracked;
  const endpoint = ground.endpointOf(link);
  if (endpoint === undefined || !isByItsDoor(ground, endpoint, tracked) || !isCarried(tables, endpoint)) return undefined;
  const service = tables.services.get(endpoint.service ?? '');
  const base = { segment: endpoint.segment, port: door.port, endpoint, service, outside: undefined, publicServer: undefined };
  if (service?.kind === 'database') {
    if (!ground.leads(service.target, tracked.target)) return undefined;
    const straight = { balancer: undefined, rule: undefined, backend: undefined, forwarder: undefined, forward: undefined };
    return { ...base, ...straight, target: service.target };
  }
  const table = tables.balancers.get(service?.balancer ?? '');
  const ports = table?.rules.get(service?.frontend ?? '');
  const rule = (ports?.get(door.port) ?? ports?.get(0))?.rule;
  if (table === undefined || rule === undefined) return undefined;
  const port = rule.frontendPort === 0 ? door.port : rule.backendPort;
  const ways = rule.backends.flatMap((backend): readonly Way[] => {
    const forwarder = tables.forwarders.get(backend.forwarder ?? '');
    const forward = forwarder?.rules.get(port);
    if (forwarder === undefined || forward === undefined || !ground.leads(forward.to, tracked.target)) return [];
    return [{ ...base, balancer: table.balancer, rule, backend, forwarder: forwarder.forwarder, forward, target: forward.to }];
  });
  // Two may lead to the same target.
  const known = ground.backendOf(tracked);
  return ways.find(({ backend }) => backend?.id === known) ?? ways[0];
}

/** Whether a connection may be, though nobody has seen it begin. */
export function mayBe(ground: TrackedGround, tracked: Tracked, nowMs: number): boolean {
  const way = trackedWay(ground, tracked);
  return way !== undefined && wayStands(ground.tables, way, nowMs) !== undefined;
}

/** A number may be another endpoint's than when the connection began. */
function isByItsDoor(ground: TrackedGround, endpoint: Endpoint, { client, door }: Tracked): boolean {
  const segment = ground.segmentAt(client.address);
  if (segment === undefined) return door.address === ground.entryOf(endpoint.id);
  return segment === endpoint.segment && door.address === endpoint.address;
}
