import { isIPv4 } from 'node:net';
import { fault, type Fault } from '#base/fault.ts';
import { hashText } from './hash.ts';
import { canonicalName } from './names.ts';
import type {
  Backend,
  Balancer,
  BalancerRule,
  Endpoint,
  FabricPlan,
  Forwarder,
  ForwardRule,
  PublicServer,
  Segment,
  Service,
} from './plan.ts';
import { sameValue } from './same-value.ts';

/** A plan made ready for connections: each question is one look into a map. Tables of what did not change are those of the plan before. */
export interface Tables {
  readonly plan: FabricPlan;
  readonly segments: ReadonlyMap<string, SegmentTable>;
  readonly endpoints: ReadonlyMap<string, EndpointTable>;
  readonly services: ReadonlyMap<string, Service>;
  readonly balancers: ReadonlyMap<string, BalancerTable>;
  readonly forwarders: ReadonlyMap<string, ForwarderTable>;
  /** By name. */
  readonly publicServers: ReadonlyMap<string, PublicServer>;
}

export interface SegmentTable {
  readonly segment: Segment;
  /** By name, and by `name:port`. */
  readonly endpointNames: Map<string, EndpointTable[]>;
  readonly portsOfName: Map<string, number[]>;
  readonly zoneNames: ReadonlyMap<string, readonly string[]>;
  readonly places: Map<string, Place>;
}

/** What has an address within a segment. */
export type Place =
  | { readonly kind: 'endpoint'; readonly endpoint: EndpointTable }
  | { readonly kind: 'frontend'; readonly balancer: BalancerTable; readonly frontend: string }
  | { readonly kind: 'forwarder'; readonly forwarder: ForwarderTable };

export interface EndpointTable {
  readonly endpoint: Endpoint;
}

export interface BalancerTable {
  readonly balancer: Balancer;
  /** By frontend name, then by port; port 0 takes what no other rule does. */
  readonly rules: ReadonlyMap<string, ReadonlyMap<number, RuleTable>>;
}

export interface RuleTable {
  readonly rule: BalancerRule;
  readonly backends: readonly { readonly backend: Backend; readonly seed: number }[];
}

export interface ForwarderTable {
  readonly forwarder: Forwarder;
  readonly rules: ReadonlyMap<number, ForwardRule>;
}

/** Nobody changes a plan, and both parts of an engine take the same. */
const compiled = new WeakMap<FabricPlan, Tables>();

/** Fault: `PlanWrong` for a plan that contradicts itself. */
export function compileTables(plan: FabricPlan, before?: Tables): Tables {
  const tables = compiled.get(plan) ?? newTables(plan, before);
  compiled.set(plan, tables);
  return tables;
}

function newTables(plan: FabricPlan, before: Tables | undefined): Tables {
  const endpoints = byId(plan.endpoints, 'endpoint', (endpoint) => {
    const old = before?.endpoints.get(endpoint.id);
    return old !== undefined && sameValue(old.endpoint, endpoint) ? old : { endpoint };
  });
  const services = byId(plan.services, 'service', (service) => {
    const old = before?.services.get(service.id);
    return old !== undefined && sameValue(old, service) ? old : service;
  });
  const balancers = byId(plan.balancers, 'balancer', (balancer) => {
    const old = before?.balancers.get(balancer.id);
    return old !== undefined && sameValue(old.balancer, balancer) ? old : balancerTable(balancer);
  });
  const forwarders = byId(plan.forwarders, 'forwarder', (forwarder) => {
    const old = before?.forwarders.get(forwarder.id);
    return old !== undefined && sameValue(old.forwarder, forwarder) ? old : forwarderTable(forwarder);
  });
  const segments = byId(plan.segments, 'segment', segmentTable);
  placeEndpoints(segments, endpoints);
  for (const table of balancers.values()) placeFrontends(segments, table);
  for (const table of forwarders.values()) placeForwarder(segments, table);
  return { plan, segments, endpoints, services, balancers, forwarders, publicServers: publicServersOf(plan) };
}

/** Whether two maps hold the same objects. */
export function sameMembers<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): boolean {
  if (before.size !== after.size) return false;
  for (const [id, one] of after) if (before.get(id) !== one) return false;
  return true;
}

function byId<T extends { readonly id: string }, V>(list: readonly T[], what: string, make: (one: T) => V): Map<string, V> {
  const map = new Map<string, V>();
  for (const one of list) {
    if (map.has(one.id)) throw planWrong(`two of the ${what}s have the same id`, one.id);
    map.set(one.id, make(one));
  }
  return map;
}

function publicServersOf({ publicServers }: FabricPlan): Map<string, PublicServer> {
  const map = new Map<string, PublicServer>();
  for (const server of publicServers) {
    const name = canonicalName(server.name);
    if (map.has(name)) throw planWrong('two servers have the same public name', server.id);
    checkPort(server.port, 1, server.id);
    map.set(name, server);
  }
  return map;
}

function segmentTable(segment: Segment): SegmentTable {
  return {
    segment,
    endpointNames: new Map(),
    portsOfName: new Map(),
    zoneNames: new Map(segment.names.map(({ name, addresses }) => [canonicalName(name), addresses])),
    places: new Map(),
  };
}

function balancerTable(balancer: Balancer): BalancerTable {
  const rules = new Map<string, Map<number, RuleTable>>(balancer.frontends.map(({ name }) => [name, new Map()]));
  for (const rule of balancer.rules) {
    const ports = rules.get(rule.frontend);
    if (ports === undefined) throw planWrong('a rule is for a frontend that its balancer does not have', rule.id);
    if (ports.has(rule.frontendPort)) throw planWrong('two rules take the same port of a frontend', rule.id);
    for (const port of [rule.frontendPort, rule.backendPort]) checkPort(port, 0, rule.id);
    ports.set(rule.frontendPort, { rule, backends: rule.backends.map((backend) => ({ backend, seed: hashText(backend.id) })) });
  }
  return { balancer, rules };
}

function forwarderTable(forwarder: Forwarder): ForwarderTable {
  const rules = new Map<number, ForwardRule>();
  for (const rule of forwarder.rules) {
    checkPort(rule.port, 1, forwarder.id);
    checkPort(rule.to.port, 1, forwarder.id);
    if (rules.has(rule.port)) throw planWrong('two rules of a forwarder take the same port', `${forwarder.id}#${rule.port}`);
    rules.set(rule.port, rule);
  }
  return { forwarder, rules };
}

function placeEndpoints(segments: ReadonlyMap<string, SegmentTable>, endpoints: ReadonlyMap<string, EndpointTable>): void {
  const links = new Set<number>();
  for (const table of endpoints.values()) {
    const { id, address, linkId, names } = table.endpoint;
    const segment = segments.get(table.endpoint.segment);
    if (segment === undefined) throw planWrong('an endpoint lies in a segment that is not there', id);
    if (!isIPv4(address)) throw planWrong('an endpoint has no IPv4 address', id);
    if (segment.places.has(address)) throw planWrong('two endpoints have the same address', id);
    if (links.has(linkId) || !Number.isInteger(linkId) || linkId < 0 || linkId > 0xffff_ffff) {
      throw planWrong('the link id of an endpoint is no unique 32-bit number', id);
    }
    links.add(linkId);
    segment.places.set(address, { kind: 'endpoint', endpoint: table });
    for (const name of names) addName(segment, name, table);
  }
}

function addName(segment: SegmentTable, { name, port }: Endpoint['names'][number], table: EndpointTable): void {
  const canonical = canonicalName(name);
  append(segment.endpointNames, port === undefined ? canonical : `${canonical}:${port}`, table);
  if (port !== undefined) append(segment.portsOfName, canonical, port);
}

function placeFrontends(segments: ReadonlyMap<string, SegmentTable>, table: BalancerTable): void {
  const places = segments.get(table.balancer.segment)?.places;
  for (const { name, address } of table.balancer.frontends) {
    if (places !== undefined && !places.has(address)) places.set(address, { kind: 'frontend', balancer: table, frontend: name });
  }
}

function placeForwarder(segments: ReadonlyMap<string, SegmentTable>, table: ForwarderTable): void {
  const places = segments.get(table.forwarder.segment)?.places;
  for (const address of table.forwarder.addresses) {
    if (places !== undefined && !places.has(address)) places.set(address, { kind: 'forwarder', forwarder: table });
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function checkPort(port: number, least: number, target: string): void {
  if (!Number.isInteger(port) || port < least || port > 65_535) throw planWrong(`${port} is no port`, target);
}

function planWrong(what: string, target: string): Fault {
  return fault('bug', 'PlanWrong', `The network's plan contradicts itself: ${what}.`, {
    target,
    remedy: 'Change the resource that was written last; the plan before is still in force.',
  });
}
