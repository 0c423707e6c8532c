import { meaningOf, canonicalName } from './names.ts';
import type { Endpoint } from './plan.ts';
import { endpointDenial, preferredEndpoint } from './route.ts';
import type { EndpointTable, SegmentTable, Tables } from './tables.ts';

/** A port that is open within a segment. */
export interface Door {
  /** The endpoint's, IPv4. */
  readonly address: string;
  readonly port: number;
  /** Host names that lead to it on this port, in lower case, in order. */
  readonly names: readonly string[];
  /** Programs in attached networks reach it by themselves. Others, and those anywhere else, are passed on by whoever dials for them. */
  readonly direct: boolean;
}

/** By endpoint. */
export type OpenPorts = ReadonlyMap<string, ReadonlySet<number>>;

/** What is open under a plan at a moment: the ports of services that approved endpoints lead to. */
export function openPorts(tables: Tables, nowMs: number): OpenPorts {
  const ofServices = new Map<string, ReadonlySet<number>>();
  const open = new Map<string, ReadonlySet<number>>();
  for (const { endpoint } of tables.endpoints.values()) {
    if (endpoint.service === undefined || endpointDenial(endpoint, nowMs) !== undefined) continue;
    const ports = ofServices.get(endpoint.service) ?? portsOf(tables, endpoint.service);
    ofServices.set(endpoint.service, ports);
    open.set(endpoint.id, ports);
  }
  return open;
}

/** The doors of one segment, ordered by address and port; none where there is no such segment. */
export function doorsOf(
  tables: Tables,
  segment: string,
  nowMs: number,
  isDirect: (endpoint: Endpoint) => boolean = () => false,
): readonly Door[] {
  const table = tables.segments.get(segment);
  if (table === undefined) return [];
  const zoneNames = namesByAddress(table);
  return [...table.places]
    .toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .flatMap(([address, place]): readonly Door[] => {
      if (place.kind !== 'endpoint') return [];
      const { endpoint } = place.endpoint;
      if (endpoint.service === undefined || endpointDenial(endpoint, nowMs) !== undefined) return [];
      const ports = [...portsOf(tables, endpoint.service)].toSorted((a, b) => a - b);
      const names = [...endpoint.names.map(({ name }) => canonicalName(name)), ...(zoneNames.get(address) ?? [])];
      const known = [...new Set(names)].toSorted();
      return ports.map((port) => ({
        address,
        port,
        names: known.filter((name) => meantBy(table, name, port, nowMs) === place.endpoint),
        direct: isDirect(endpoint),
      }));
    });
}

/** The endpoint to which a dial of this name and port goes. */
function meantBy(segment: SegmentTable, name: string, port: number, nowMs: number): EndpointTable | undefined {
  const meaning = meaningOf(segment, name, port);
  switch (meaning.kind) {
    case 'endpoints':
      return preferredEndpoint(meaning.endpoints, nowMs);
    case 'addresses': {
      const place = segment.places.get(meaning.addresses.find((address) => segment.places.has(address)) ?? '');
      return place?.kind === 'endpoint' ? place.endpoint : undefined;
    }
    case 'public':
    case 'unknown':
      return undefined;
  }
}

function namesByAddress({ zoneNames }: SegmentTable): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const [name, addresses] of zoneNames) {
    for (const address of addresses) names.set(address, [...(names.get(address) ?? []), name]);
  }
  return names;
}

/** A rule for all ports opens those that its backends' forwarders pass on. */
function portsOf(tables: Tables, id: string): ReadonlySet<number> {
  const service = tables.services.get(id);
  if (service === undefined) return new Set();
  if (service.kind === 'database') return new Set(service.ports);
  const rules = tables.balancers.get(service.balancer)?.rules.get(service.frontend);
  const ports = new Set(rules?.keys());
  ports.delete(0);
  for (const { backend } of rules?.get(0)?.backends ?? []) {
    for (const port of tables.forwarders.get(backend.forwarder ?? '')?.rules.keys() ?? []) ports.add(port);
  }
  return ports;
}
