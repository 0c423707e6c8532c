import type { Fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { PlanGround } from '#arm/private-link.ts';
import type { JsonObject } from '#arm/resource.ts';
import { endpointDenial } from '#fabric/route.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { Endpoint, FabricPlan, Forwarder, HostPort, PublicServer, Service } from '#fabric/plan.ts';
import { frontendState } from './balancer-nodes.ts';
import { counterKey, type Graph, type GraphEdge, type GraphNode } from './graph.ts';
import { guardOf, subnetOf } from './network-nodes.ts';

/** What is true at a moment, beside the plan. */
export interface Moment {
  readonly nowMs: number;
  readonly health: FabricEngine['health'];
  readonly listeners: FabricEngine['listeners'];
  /** Endpoints of the plan that could not be carried, by key, and why. */
  readonly leftOut: ReadonlyMap<string, Fault>;
}

export function endpointNodes({ endpoints, services }: FabricPlan, ground: PlanGround, moment: Moment): Graph {
  const there = new Set(services.map(({ id }) => id));
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  for (const endpoint of endpoints) {
    const node = endpointNode(endpoint, ground, moment);
    if (node === undefined) continue;
    nodes.push(node);
    const { service } = endpoint;
    if (service !== undefined && there.has(service))
      edges.push({ from: endpoint.id, to: service, state: node.state, counter: counterKey('endpoint', endpoint.id) });
  }
  return { nodes, edges };
}

function endpointNode(endpoint: Endpoint, ground: PlanGround, moment: Moment): GraphNode | undefined {
  const found = ground.get(endpoint.id);
  if (found === undefined) return undefined;
  const { expiresAtMs, address, names, linkId, segment } = endpoint;
  const listeners = moment.listeners(endpoint.id).map(({ port, at }) => ({ port, at: `${at.host}:${at.port}` }));
  const detail: JsonObject = {
    address,
    names: names.map(({ name, port }) => (port === undefined ? name : `${name},${port}`)),
    linkId,
    listeners,
    ...(expiresAtMs !== undefined && { expiresAt: new Date(expiresAtMs).toISOString() }),
  };
  return {
    id: endpoint.id,
    kind: 'endpoint',
    name: found.name,
    resourceId: found.id,
    parent: subnetOf(found) ?? segment,
    ...endpointState(endpoint, moment),
    detail,
    guard: guardOf(found),
    counter: counterKey('endpoint', endpoint.id),
  };
}

/** Beside the words of its connection: `Expired`, its approval has ended; `NotListening`, this host does not let it. */
function endpointState(endpoint: Endpoint, { nowMs, leftOut }: Moment): Pick<GraphNode, 'state' | 'reason'> {
  const trouble = leftOut.get(endpoint.id);
  const denied = endpointDenial(endpoint, nowMs);
  if (denied?.code === 'ApprovalExpired') return { state: 'Expired', reason: denied.message };
  if (denied === undefined && trouble !== undefined) return { state: 'NotListening', reason: trouble.message };
  return { state: endpoint.state, reason: denied?.message };
}

export function serviceNodes({ services, balancers }: FabricPlan, ground: PlanGround, { health }: Moment): Graph {
  const byId = new Map(balancers.map((one) => [one.id, one]));
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  for (const service of services) {
    const found = ground.get(service.id);
    if (found === undefined) continue;
    const balancer = service.kind === 'balanced' ? byId.get(service.balancer) : undefined;
    nodes.push({
      id: service.id,
      kind: 'service',
      name: found.name,
      resourceId: found.id,
      parent: subnetOf(found) ?? balancer?.segment,
      state: service.kind === 'balanced' && balancer !== undefined ? frontendState(balancer, service.frontend, health) : undefined,
      detail: serviceDetail(service),
      guard: guardOf(found),
      counter: counterKey('service', service.id),
    });
    const counter = counterKey('service', service.id);
    if (service.kind === 'database') {
      edges.push({ from: service.id, to: databaseId(service.target), port: service.ports[0], counter });
      nodes.push(databaseNode(service.target));
    } else if (balancer !== undefined) edges.push({ from: service.id, to: balancer.id, counter });
  }
  return { nodes, edges };
}

function serviceDetail(service: Service): JsonObject {
  if (service.kind === 'database') return { kind: service.kind, ports: service.ports };
  const { kind, natAddresses, proxyProtocol, frontend } = service;
  return { kind, natAddresses, proxyProtocol, frontend };
}

export function forwarderNodes({ forwarders }: FabricPlan, ground: PlanGround): Graph {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  for (const forwarder of forwarders) {
    const found = ground.get(forwarder.id);
    if (found === undefined) continue;
    nodes.push({
      id: forwarder.id,
      kind: 'forwarder',
      name: found.name,
      resourceId: found.id,
      parent: forwarderPlace(forwarder, ground),
      state: forwarder.running ? 'running' : 'stopped',
      reason: forwarder.rules.length === 0 ? 'It forwards no port.' : undefined,
      detail: {
        addresses: forwarder.addresses,
        rules: forwarder.rules.map(({ port, to }) => ({ port, to: `${to.host}:${to.port}` })),
      },
      guard: guardOf(found),
    });
    for (const { port, to } of forwarder.rules) {
      edges.push({ from: forwarder.id, to: databaseId(to), port, counter: counterKey('forward', `${forwarder.id}#${port}`) });
      nodes.push(databaseNode(to));
    }
  }
  return { nodes, edges };
}

/** The subnet of its first network interface. */
function forwarderPlace({ id, segment }: Forwarder, ground: PlanGround): string {
  const profile = ground.get(id)?.properties['networkProfile'] as
    | { readonly networkInterfaces?: readonly { readonly id?: string }[] }
    | undefined;
  const nic = ground.get(keyOf(profile?.networkInterfaces?.[0]?.id ?? ''));
  return (nic && subnetOf(nic)) ?? segment;
}

/** Names that servers have for everybody. */
export function publicNodes({ publicServers }: FabricPlan, ground: PlanGround): Graph {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  for (const server of publicServers) {
    const found = ground.get(server.id);
    if (found === undefined) continue;
    const id = `public:${server.name}`;
    const { product, port, access } = server;
    const firewall = server.firewall?.map(({ name, from, to }) => ({ name, from, to }));
    nodes.push({
      id,
      kind: 'publicServer',
      name: server.name,
      resourceId: found.id,
      state: access,
      reason: publicReason(server),
      detail: { product, port, ...(firewall && { firewall }) },
      guard: guardOf(found),
    });
    if (server.target === undefined) continue;
    edges.push({ from: id, to: databaseId(server.target), port });
    nodes.push(databaseNode(server.target));
  }
  return { nodes, edges };
}

function publicReason({ access, firewall, target }: PublicServer): string | undefined {
  if (target === undefined) return 'It stands for no database.';
  if (access === 'enabled' && firewall?.length === 0) return 'Its firewall lets nobody in.';
  return undefined;
}

function databaseId({ host, port }: HostPort): string {
  return `database:${host}:${port}`;
}

function databaseNode(target: HostPort): GraphNode {
  return { id: databaseId(target), kind: 'database', name: `${target.host}:${target.port}`, detail: { ...target }, guard: undefined };
}
