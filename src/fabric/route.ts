import type { Fault } from '#base/fault.ts';
import {
  approvalExpired,
  downReason,
  endpointDisconnected,
  endpointPending,
  endpointRejected,
  forwarderStopped,
  nameNotFound,
  noBackend,
  noEndpoint,
  noForwarder,
  noForwardRule,
  noHealthyBackend,
  noRule,
  segmentNotFound,
} from './denial.ts';
import { backendOf, healthOf, preferredBackends, standingOf, type RouteState } from './choose.ts';
import type { PathAsk } from './engine.ts';
import { hashText, mix } from './hash.ts';
import { backendName, canonicalName, isOwnName, meaningOf, shortName } from './names.ts';
import type { Hop } from './path.ts';
import type {
  Backend,
  Balancer,
  BalancerRule,
  EgressMode,
  Endpoint,
  Forwarder,
  ForwardRule,
  HostPort,
  PublicServer,
  Service,
} from './plan.ts';
import { admission, publicDenial } from './public-server.ts';
import type { BalancerTable, EndpointTable, ForwarderTable, RuleTable, SegmentTable, Tables } from './tables.ts';

/** Who connects, as seen from the segment. */
export interface Source {
  readonly address: string;
  readonly port: number;
}

/** All that a connection passes, from its segment to the database. What it does not pass is undefined. */
export interface Way {
  readonly segment: string;
  /** As asked. */
  readonly port: number;
  readonly endpoint: Endpoint | undefined;
  readonly service: Service | undefined;
  readonly balancer: Balancer | undefined;
  readonly rule: BalancerRule | undefined;
  readonly backend: Backend | undefined;
  readonly forwarder: Forwarder | undefined;
  readonly forward: ForwardRule | undefined;
  /** It leads out of the network, since the segment's egress is not `none`. `wouldBe`: what `none` refuses it with, where that is reported. */
  readonly outside: { readonly wouldBe: Fault | undefined } | undefined;
  readonly publicServer: PublicServer | undefined;
  readonly target: HostPort;
}

/** What a connection that comes nowhere passes. */
export const noWay = {
  endpoint: undefined,
  service: undefined,
  balancer: undefined,
  rule: undefined,
  backend: undefined,
  forwarder: undefined,
  forward: undefined,
  outside: undefined,
  publicServer: undefined,
} as const;

/** How far a connection came, and why no further. */
export interface Refusal extends Omit<Way, 'target'> {
  readonly target: undefined;
  readonly denied: Fault;
}

export type Decision = Way | Refusal;

type Progress = { -readonly [K in keyof Omit<Way, 'target'>]: Way[K] };

/** Takes each step with its state. Only `explain` wants them. */
export type Trace = (hop: Hop) => void;

/** One evaluation: what it stands on, and who gets told. */
interface Walk {
  readonly tables: Tables;
  readonly state: RouteState;
  readonly source: Source;
  readonly trace: Trace | undefined;
  readonly so: Progress;
}

/** The way of a connection to an endpoint's listener. */
export function routeFromEndpoint(
  tables: Tables,
  state: RouteState,
  ask: { readonly endpoint: string; readonly port: number; readonly source: Source },
): Decision {
  const table = tables.endpoints.get(ask.endpoint);
  const walk = begin({ tables, state, source: ask.source }, table?.endpoint.segment ?? '', ask.port);
  return table === undefined ? refuse(walk, noEndpoint(walk.so.segment, ask.endpoint, ask.port)) : throughEndpoint(walk, table);
}

export interface SegmentAsk extends PathAsk {
  readonly source: Source;
  /** In place of the segment's own. */
  readonly egress?: EgressMode;
}

/** The way from inside a segment: to endpoints by name or address; within its network to frontends and forwarders; anywhere if its egress is open. */
export function routeFromSegment(tables: Tables, state: RouteState, ask: SegmentAsk, trace?: Trace): Decision {
  const walk = begin({ tables, state, source: ask.source, trace }, ask.segment, ask.port);
  const found = tables.segments.get(ask.segment);
  if (found === undefined) return refuse(walk, segmentNotFound(ask.segment));
  const segment = ask.egress === undefined ? found : { ...found, segment: { ...found.segment, egress: ask.egress } };
  const meaning = meaningOf(segment, ask.host, ask.port, tables.publicServers);
  switch (meaning.kind) {
    case 'endpoints': {
      const chosen = preferredEndpoint(meaning.endpoints, state.nowMs);
      if (chosen === undefined) return refuse(walk, nameNotFound(ask.segment, ask.host, []));
      trace?.({ kind: 'name', id: ask.host, ok: true, detail: `${ask.host} means the private endpoint ${shortName(chosen.endpoint.id)}.` });
      return throughEndpoint(walk, chosen);
    }
    case 'addresses':
      return toAddresses(walk, segment, { host: ask.host, addresses: meaning.addresses });
    case 'public': {
      const out = leaving(walk, segment, ask.host, () => noEndpoint(ask.segment, ask.host, ask.port));
      return out ?? throughFirewall(walk, meaning.server);
    }
    case 'unknown': {
      const unknown = (): Fault => nameNotFound(ask.segment, ask.host, meaning.otherPorts);
      const nowhere = meaning.otherPorts.length > 0 || isOwnName(ask.host);
      if (nowhere) return refuse(walk, unknown(), { kind: 'name', id: ask.host });
      return leaving(walk, segment, ask.host, unknown) ?? anywhere(walk, ask.host);
    }
  }
}

/** Whether connections by this way may go on under other tables. Probes and administrators' `Down` end no connection; anything else that changed does. */
export function wayStands(tables: Tables, way: Way, nowMs: number): Way | undefined {
  const segment = tables.segments.get(way.segment);
  if (segment === undefined) return undefined;
  if (way.outside !== undefined) return segment.segment.egress === 'none' ? undefined : sameOutside(tables, way);
  const endpoint = way.endpoint === undefined ? undefined : tables.endpoints.get(way.endpoint.id)?.endpoint;
  if (way.endpoint !== undefined && !sameEntrance(way.endpoint, endpoint, nowMs)) return undefined;
  const service = way.service === undefined ? undefined : tables.services.get(way.service.id);
  if (way.service !== undefined && !sameService(way.service, service)) return undefined;
  if (service?.kind === 'database') return service.ports.includes(way.port) ? { ...way, endpoint, service } : undefined;
  const balanced = way.rule === undefined ? undefined : sameRule(tables, way);
  if (way.rule !== undefined && balanced === undefined) return undefined;
  const forwarder = tables.forwarders.get(way.forwarder?.id ?? '');
  const forward = forwarder?.rules.get(way.forward?.port ?? -1);
  if (forwarder === undefined || !forwarder.forwarder.running || forward === undefined) return undefined;
  if (forward.to.host !== way.target.host || forward.to.port !== way.target.port) return undefined;
  return { ...way, ...balanced, endpoint, service, forwarder: forwarder.forwarder, forward };
}

/** Of several that claim a name: the first that lets connections through, else the first. */
export function preferredEndpoint(endpoints: readonly EndpointTable[], nowMs: number): EndpointTable | undefined {
  return endpoints.find(({ endpoint }) => endpointDenial(endpoint, nowMs) === undefined) ?? endpoints[0];
}

/** Undefined: it lets connections through. */
export function endpointDenial(endpoint: Endpoint, nowMs: number): Fault | undefined {
  switch (endpoint.state) {
    case 'Pending':
      return endpointPending(endpoint);
    case 'Rejected':
      return endpointRejected(endpoint);
    case 'Disconnected':
      return endpointDisconnected(endpoint);
    case 'Approved':
      return endpoint.expiresAtMs !== undefined && endpoint.expiresAtMs <= nowMs
        ? approvalExpired(endpoint, endpoint.expiresAtMs)
        : undefined;
  }
}

function begin(walk: Omit<Walk, 'so' | 'trace'> & { readonly trace?: Trace | undefined }, segment: string, port: number): Walk {
  return { trace: undefined, ...walk, so: { segment, port, ...noWay } };
}

function refuse(walk: Walk, denied: Fault, at?: Pick<Hop, 'kind' | 'id'>): Refusal {
  if (at !== undefined) walk.trace?.({ ...at, ok: false, detail: denied.message });
  return { ...walk.so, target: undefined, denied };
}

function arrive(walk: Walk, target: HostPort): Way {
  return { ...walk.so, target };
}

/** The first address that leads on counts; where none does, what the first one says. */
function toAddresses(
  walk: Walk,
  segment: SegmentTable,
  { host, addresses }: { readonly host: string; readonly addresses: readonly string[] },
): Decision {
  const known = addresses.find((address) => segment.places.has(address));
  const address = known ?? addresses[0] ?? host;
  if (host !== address)
    walk.trace?.({ kind: 'name', id: host, ok: true, detail: `${host} is ${addresses.join(', ')} by a private DNS zone.` });
  const place = segment.places.get(address);
  switch (place?.kind) {
    case 'endpoint':
      return throughEndpoint(walk, place.endpoint);
    case 'frontend':
      return throughBalancer(walk, place.balancer, place.frontend);
    case 'forwarder':
      return throughForwarder(walk, place.forwarder, walk.so.port);
    case undefined:
      return leaving(walk, segment, address, () => noEndpoint(walk.so.segment, host, walk.so.port)) ?? anywhere(walk, address);
  }
}

/** Undefined: the segment lets out. `closed`: what a connection is refused with where it does not. */
function leaving(walk: Walk, { segment }: SegmentTable, host: string, closed: () => Fault): Refusal | undefined {
  if (segment.egress === 'none') {
    const denied = closed();
    return refuse(walk, denied, { kind: denied.code === 'NoEndpoint' ? 'endpoint' : 'name', id: host });
  }
  walk.so.outside = { wouldBe: segment.egress === 'report' ? closed() : undefined };
  return undefined;
}

/** What a segment that reports says beside. */
function reported({ so: { outside } }: Walk): string {
  return outside?.wouldBe === undefined ? '' : ` Closed, it will refuse this one: ${outside.wouldBe.code}.`;
}

function anywhere(walk: Walk, host: string): Way {
  const detail = `${shortName(walk.so.segment)} lets connections out to anywhere.${reported(walk)}`;
  walk.trace?.({ kind: 'name', id: host, ok: true, detail });
  return arrive(walk, { host, port: walk.so.port });
}

/** To the public side of a database server. */
function throughFirewall(walk: Walk, server: PublicServer): Decision {
  walk.so.publicServer = server;
  const { publicAddresses } = walk.tables.plan;
  const detail = `${server.name} is the public name of ${shortName(server.id)}.${reported(walk)}`;
  walk.trace?.({ kind: 'name', id: server.name, ok: true, detail });
  const at = { kind: 'firewall', id: server.id } as const;
  const denied = publicDenial(server, walk.so.port, publicAddresses);
  if (denied !== undefined || server.target === undefined) return refuse(walk, denied ?? noBackend(server.id), at);
  walk.trace?.({ ...at, ok: true, detail: `Of ${shortName(server.id)} ${admission(server, publicAddresses)}` });
  return arrive(walk, server.target);
}

function throughEndpoint(walk: Walk, { endpoint }: EndpointTable): Decision {
  walk.so.endpoint = endpoint;
  const at = { kind: 'endpoint', id: endpoint.id } as const;
  const denied = endpointDenial(endpoint, walk.state.nowMs);
  if (denied !== undefined) return refuse(walk, denied, at);
  const service = endpoint.service === undefined ? undefined : walk.tables.services.get(endpoint.service);
  if (service === undefined) return refuse(walk, endpointDisconnected(endpoint), at);
  const until = endpoint.expiresAtMs === undefined ? '' : ` until ${new Date(endpoint.expiresAtMs).toISOString()}`;
  walk.trace?.({ ...at, ok: true, detail: `${shortName(endpoint.id)} at ${endpoint.address} is approved${until}.` });
  return throughService(walk, service);
}

function throughService(walk: Walk, service: Service): Decision {
  walk.so.service = service;
  const at = { kind: 'service', id: service.id } as const;
  if (service.kind === 'database') {
    if (!service.ports.includes(walk.so.port)) return refuse(walk, noRule(service.id, walk.so.port, service.ports), at);
    walk.trace?.({ ...at, ok: true, detail: `${shortName(service.id)} is the database's own service.` });
    return arrive(walk, service.target);
  }
  const balancer = walk.tables.balancers.get(service.balancer);
  if (balancer === undefined) return refuse(walk, noRule(service.id, walk.so.port, []), at);
  walk.trace?.({
    ...at,
    ok: true,
    detail: `${shortName(service.id)} passes on to ${shortName(service.balancer)}${service.proxyProtocol ? ', with a PROXY header' : ''}.`,
  });
  return throughBalancer(walk, balancer, service.frontend);
}

function throughBalancer(walk: Walk, { balancer, rules }: BalancerTable, frontend: string): Decision {
  walk.so.balancer = balancer;
  const ports = rules.get(frontend);
  const table = ports?.get(walk.so.port) ?? ports?.get(0);
  if (table === undefined)
    return refuse(walk, noRule(balancer.id, walk.so.port, [...(ports?.keys() ?? [])]), { kind: 'balancer', id: balancer.id });
  const { rule } = table;
  walk.so.rule = rule;
  const backendPort = rule.frontendPort === 0 ? walk.so.port : rule.backendPort;
  walk.trace?.({
    kind: 'balancer',
    id: rule.id,
    ok: true,
    detail: `The rule ${rule.name} takes port ${walk.so.port} to port ${backendPort} of its backends.`,
  });
  const backend = chooseBackend(walk, table, backendPort);
  if (walk.trace !== undefined) for (const one of rule.backends) walk.trace(backendHop(walk, rule, one, one === backend));
  if (backend === undefined) {
    const reasons = rule.backends.map((backend) => ({ backend, reason: downReason(backend.admin, healthOf(walk, rule, backend.id)) }));
    return refuse(walk, noHealthyBackend(rule, reasons));
  }
  walk.so.backend = backend;
  const forwarder = walk.tables.forwarders.get(backend.forwarder ?? '');
  return forwarder === undefined
    ? refuse(walk, noForwarder(backend.id), { kind: 'forwarder', id: backend.id })
    : throughForwarder(walk, forwarder, backendPort);
}

function throughForwarder(walk: Walk, { forwarder, rules }: ForwarderTable, port: number): Decision {
  walk.so.forwarder = forwarder;
  const at = { kind: 'forwarder', id: forwarder.id } as const;
  if (!forwarder.running) return refuse(walk, forwarderStopped(forwarder), at);
  const forward = rules.get(port);
  if (forward === undefined) return refuse(walk, noForwardRule(forwarder, port), at);
  walk.so.forward = forward;
  walk.trace?.({
    ...at,
    ok: true,
    detail: `${shortName(forwarder.id)} runs and forwards port ${port} to ${forward.to.host}:${forward.to.port}.`,
  });
  return arrive(walk, forward.to);
}

/**
 * One of the backends by the rule's hash: of those that are up, or not yet probed where none is up, the ones whose forwarder can pass the port on
 * are preferred to those that a probe has not yet found out. Nearly all keep their backend when one comes or goes (rendezvous hashing).
 */
function chooseBackend(walk: Walk, { rule, backends }: RuleTable, port: number): Backend | undefined {
  return backendOf(preferredBackends(walk, { rule, backends }, port), flowKey(walk, rule));
}

/** What the balancer's hash is over. Behind a service every consumer comes from one of its NAT addresses. */
function flowKey({ so, source }: Walk, rule: BalancerRule): number {
  const from = so.service?.kind === 'balanced' ? natAddress(so.service.natAddresses, so.endpoint?.linkId ?? 0, source) : source.address;
  const pair = mix(hashText(from), hashText(rule.frontend));
  switch (rule.distribution) {
    case '2-tuple':
      return pair;
    case '3-tuple':
      return mix(pair, 6);
    case '5-tuple':
      return mix(mix(pair, 6), source.port * 65_536 + so.port);
  }
}

/** The address a consumer is seen as coming from, behind a service. */
function natAddress(addresses: readonly string[], linkId: number, source: Source): string {
  return addresses[mix(linkId, hashText(source.address)) % Math.max(1, addresses.length)] ?? source.address;
}

function backendHop(walk: Walk, rule: BalancerRule, backend: Backend, chosen: boolean): Hop {
  const standing = standingOf(walk, rule, backend);
  const health = healthOf(walk, rule, backend.id);
  const name = backendName(backend);
  const taken = chosen ? ' This connection would take it.' : '';
  if (backend.admin === 'Up')
    return { kind: 'backend', id: backend.id, ok: true, detail: `${name} is set to Up by its administrator.${taken}` };
  if (backend.admin === 'Down') return { kind: 'backend', id: backend.id, ok: false, detail: `${name}: ${downReason('Down', undefined)}` };
  if (health?.state === 'unknown') return { kind: 'backend', id: backend.id, ok: chosen, detail: `${name} is not probed yet.${taken}` };
  if (health?.state === 'down') {
    const anyway = standing > 0 && chosen ? ' None is healthy, and the rule then takes all.' : '';
    return { kind: 'backend', id: backend.id, ok: chosen, detail: `${name}: ${downReason('None', health)}${anyway}${taken}` };
  }
  return {
    kind: 'backend',
    id: backend.id,
    ok: true,
    detail: `${name} is healthy${health === undefined ? ' (the rule has no probe)' : ''}.${taken}`,
  };
}

/** Of a way that leads out of a segment that still lets out. */
function sameOutside({ publicServers, plan }: Tables, way: Way): Way | undefined {
  if (way.publicServer === undefined) return way;
  const server = publicServers.get(canonicalName(way.publicServer.name));
  if (server?.id !== way.publicServer.id || publicDenial(server, way.port, plan.publicAddresses) !== undefined) return undefined;
  return server.target?.host === way.target.host && server.target.port === way.target.port ? { ...way, publicServer: server } : undefined;
}

function sameEntrance(before: Endpoint, now: Endpoint | undefined, nowMs: number): boolean {
  if (now === undefined || endpointDenial(now, nowMs) !== undefined) return false;
  return now.segment === before.segment && now.address === before.address && now.service === before.service && now.linkId === before.linkId;
}

function sameService(before: Service, now: Service | undefined): boolean {
  if (before.kind === 'database') {
    if (now?.kind !== 'database') return false;
    return canonicalName(now.target.host) === canonicalName(before.target.host) && now.target.port === before.target.port;
  }
  if (now?.kind !== 'balanced') return false;
  return now.balancer === before.balancer && now.frontend === before.frontend && now.proxyProtocol === before.proxyProtocol;
}

/** The rule as it is now, if it still takes the port to the same backend. */
function sameRule(tables: Tables, way: Way): Pick<Way, 'balancer' | 'rule' | 'backend'> | undefined {
  const table = tables.balancers.get(way.balancer?.id ?? '');
  const before = way.rule;
  if (table === undefined || before === undefined) return undefined;
  const ports = table.rules.get(before.frontend);
  const rule = (ports?.get(way.port) ?? ports?.get(0))?.rule;
  if (rule?.id !== before.id) return undefined;
  if (rule.frontendPort !== before.frontendPort || rule.backendPort !== before.backendPort) return undefined;
  const backend = rule.backends.find((one) => one.id === way.backend?.id);
  if (backend === undefined || backend.forwarder !== way.backend?.forwarder) return undefined;
  return { balancer: table.balancer, rule, backend };
}
