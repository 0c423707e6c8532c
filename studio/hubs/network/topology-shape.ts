import type { Json } from '#arm/resource.ts';

/** What stands in the network. `hidden`: something that whoever is signed in may not see. */
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

export interface TopologyNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly name: string;
  readonly resourceId?: string;
  /** The node in which it lies. */
  readonly parent?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly detail: Readonly<Record<string, Json>>;
}

export interface TopologyEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly state?: string;
  readonly reason?: string;
  readonly port?: number;
}

/** `GET …/providers/Isthmus.Fabric/topology`. */
export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  /** Another one as soon as anything is. */
  readonly revision: string;
  /** What carries connections. */
  readonly engine: 'userspace' | 'kernel';
}

/** Totals of a node or an edge since the program began. */
export interface Counted {
  readonly id: string;
  readonly connections: number;
  readonly open: number;
  readonly refused: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** `GET …/providers/Isthmus.Fabric/counters`. */
export interface Counters {
  /** Another one after each start of the program. */
  readonly began: string;
  /** Milliseconds that only grow while `began` is the same. */
  readonly atMs: number;
  readonly nodes: readonly Counted[];
  readonly edges: readonly Counted[];
}

/** A text or number of a node's details; empty: it is none, or not there. */
export function detailText(detail: TopologyNode['detail'], name: string): string {
  const value = detail[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
