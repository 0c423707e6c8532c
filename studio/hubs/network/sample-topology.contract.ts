import type { NodeKind, Topology, TopologyEdge, TopologyNode } from './topology-shape.ts';

function node(id: string, kind: NodeKind, more: Partial<TopologyNode> = {}): TopologyNode {
  return { id, kind, name: id, detail: {}, ...more };
}

function edge(from: string, to: string, more: Partial<TopologyEdge> = {}): TopologyEdge {
  return { id: more.port === undefined ? `${from}>>${to}` : `${from}>>${to}:${more.port}`, from, to, ...more };
}

/** A consumer with a worker and two endpoints, and a provider as in the tutorial, with one backend that nobody stands behind. */
export function sampleTopology(): Topology {
  const rule = { frontendPort: 1433, backendPort: 1433 };
  return {
    revision: 'one',
    engine: 'userspace',
    nodes: [
      node('site:here', 'site'),
      node('consumer', 'managedNetwork', { parent: 'site:here' }),
      node('provider', 'virtualNetwork', { parent: 'site:here' }),
      node('be', 'subnet', { parent: 'provider' }),
      node('worker', 'worker', { parent: 'consumer', state: 'isolated' }),
      node('endpoint', 'endpoint', { parent: 'consumer', state: 'Approved' }),
      node('other', 'endpoint', { parent: 'consumer', state: 'Pending' }),
      node('service', 'service', { parent: 'provider', state: 'degraded' }),
      node('balancer', 'balancer', { parent: 'provider', state: 'degraded' }),
      node('rule', 'rule', { name: 'my-rule', parent: 'provider', state: 'degraded', reason: '1 of 2 backends are up.', detail: rule }),
      node('b1', 'backend', { parent: 'be', state: 'up', detail: { address: '10.0.1.4' } }),
      node('b2', 'backend', { parent: 'be', state: 'down', detail: { address: '10.0.1.5' } }),
      node('vm1', 'forwarder', { parent: 'be', state: 'running' }),
      node('vm2', 'forwarder', { parent: 'be', state: 'stopped' }),
      node('alone', 'backend', { parent: 'be', state: 'down', detail: { address: '10.0.1.6' } }),
      node('db', 'database'),
    ],
    edges: [
      edge('worker', 'endpoint'),
      edge('endpoint', 'service', { state: 'Approved' }),
      edge('other', 'service', { state: 'Pending' }),
      edge('service', 'balancer'),
      edge('balancer', 'rule', { port: 1433 }),
      edge('rule', 'b1', { port: 1433, state: 'up' }),
      edge('rule', 'b2', { port: 1433, state: 'down' }),
      edge('rule', 'alone', { port: 1433, state: 'down' }),
      edge('b1', 'vm1'),
      edge('b2', 'vm2'),
      edge('vm1', 'db', { port: 1433 }),
      edge('vm1', 'db', { port: 1434 }),
      edge('vm2', 'db', { port: 1433 }),
    ],
  };
}
