import type { Fault } from '#base/fault.ts';
import { endpointDisconnected, nameNotFound, noEndpoint, rerouted } from '../denial.ts';
import { publicDenial } from '../public-server.ts';
import { endpointDenial, wayStands, type Way } from '../route.ts';
import { sameMembers, type Tables } from '../tables.ts';
import type { FlowBook } from './flow-book.ts';
import type { Flow } from './flow.ts';

/** What let connections in that were cut, how many, and why. */
export interface Cut {
  /** An endpoint's id; a segment's, of those that passed none. */
  readonly endpoint: string;
  readonly connections: number;
  readonly code: string;
}

/** Cuts every live connection that the new tables do not allow by the same way. Looks only at those of whom something has changed. */
export function cutDisallowed(flows: FlowBook, before: Tables, after: Tables, nowMs: number): readonly Cut[] {
  const forwardersStand = sameMembers(before.forwarders, after.forwarders);
  const cuts: Cut[] = [];
  for (const owner of flows.owners()) {
    if (forwardersStand && isUntouched(owner, before, after, nowMs)) continue;
    const [cut, code] = cutOf(flows.of(owner), after, nowMs);
    if (cut > 0) cuts.push({ endpoint: owner, connections: cut, code });
  }
  return cuts;
}

function cutOf(flows: readonly Flow[], after: Tables, nowMs: number): readonly [connections: number, code: string] {
  let connections = 0;
  let code = '';
  for (const flow of flows) {
    const way = wayStands(after, flow.way, nowMs);
    if (way !== undefined) {
      flow.way = way;
      continue;
    }
    const reason = reasonOf(flow.way, after, nowMs);
    flow.abort(reason);
    connections += 1;
    code = reason.code;
  }
  return [connections, code];
}

/** For flows with an endpoint only: others are always looked at. */
function isUntouched(owner: string, before: Tables, after: Tables, nowMs: number): boolean {
  const table = after.endpoints.get(owner);
  if (table === undefined || table !== before.endpoints.get(owner) || endpointDenial(table.endpoint, nowMs) !== undefined) return false;
  const service = after.services.get(table.endpoint.service ?? '');
  if (service === undefined || service !== before.services.get(service.id)) return false;
  return service.kind === 'database' || after.balancers.get(service.balancer) === before.balancers.get(service.balancer);
}

/** Why the way is closed, or that it leads elsewhere now. */
function reasonOf(way: Way, after: Tables, nowMs: number): Fault {
  if (way.endpoint === undefined) return closedOutside(way, after) ?? noEndpoint(way.segment, way.target.host, way.port);
  const now = after.endpoints.get(way.endpoint.id)?.endpoint;
  if (now === undefined) return endpointDisconnected(way.endpoint);
  return endpointDenial(now, nowMs) ?? rerouted(way.endpoint.id);
}

/** Why a dial came to nothing whose way was cut before it reached anything. */
export function dialCut(way: Way, tables: Tables, nowMs: number): Fault {
  const endpoint = way.endpoint === undefined ? undefined : tables.endpoints.get(way.endpoint.id)?.endpoint;
  const denied = endpoint === undefined ? closedOutside(way, tables) : endpointDenial(endpoint, nowMs);
  return denied ?? noEndpoint(way.segment, way.endpoint?.address ?? way.target.host, way.port);
}

/** Where the network still lets out: what the public server itself says. */
function closedOutside({ publicServer, segment, port }: Way, { publicServers, segments, plan }: Tables): Fault | undefined {
  if (publicServer === undefined || (segments.get(segment)?.segment.egress ?? 'none') === 'none') return undefined;
  const now = publicServers.get(publicServer.name);
  return now === undefined
    ? nameNotFound(segment, publicServer.name, [])
    : (publicDenial(now, port, plan.publicAddresses) ?? rerouted(now.id));
}
