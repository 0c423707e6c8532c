import type { JsonObject } from '#arm/resource.ts';

/** What stands in the network, from the left to the right. `hidden`: something that whoever asks may not see leads there, or is led to. */
export type NodeKind =
  | 'site'
  | 'virtualNetwork'
  | 'managedNetwork'
  | 'subnet'
  | 'worker'
  | 'endpoint'
  | 'service'
  | 'publicServer'
  | 'balancer'
  | 'rule'
  | 'backend'
  | 'forwarder'
  | 'database'
  | 'hidden';

/** How a part of the way to a database stands. `degraded`: some of what it stands on does. `unknown`: nobody has tried yet. */
export type PartState = 'up' | 'degraded' | 'down' | 'unknown';

export interface Guard {
  readonly id: string;
  readonly type: string;
}

export interface GraphNode {
  /** A resource's key, or made of what it is: `database:host:port`. */
  readonly id: string;
  readonly kind: NodeKind;
  readonly name: string;
  /** The resource, or the part of one, at which it is read and changed. */
  readonly resourceId?: string | undefined;
  /** The node in which it lies. */
  readonly parent?: string | undefined;
  /** One word. */
  readonly state?: string | undefined;
  /** Why it is so: a sentence, or some. */
  readonly reason?: string | undefined;
  readonly detail: JsonObject;
  /** Who may read this may see the node. Undefined: it is seen together with what leads to it. */
  readonly guard: Guard | undefined;
  /** Its counter, as `counterKey` says it. */
  readonly counter?: string | undefined;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly state?: string | undefined;
  readonly reason?: string | undefined;
  /** The port that it is about. */
  readonly port?: number | undefined;
  /** What counts what passes it. */
  readonly counter?: string | undefined;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export const emptyGraph: Graph = { nodes: [], edges: [] };

export function joined(parts: readonly Graph[]): Graph {
  return { nodes: parts.flatMap(({ nodes }) => nodes), edges: parts.flatMap(({ edges }) => edges) };
}

export function counterKey(of: string, id: string): string {
  return `${of} ${id}`;
}

/** Several parts as one. */
export function together(states: readonly PartState[]): PartState {
  const [first, ...others] = new Set(states);
  if (first === undefined) return 'down';
  if (others.length === 0) return first;
  return states.includes('up') || states.includes('degraded') ? 'degraded' : 'unknown';
}
