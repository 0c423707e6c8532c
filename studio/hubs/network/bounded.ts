import type { Topology } from './topology-shape.ts';

/** As many parts are drawn: nobody sees more of them at once, and laying out thousands takes seconds. */
const mostParts = 150;

export interface Bounded {
  readonly topology: Topology;
  /** So many nodes are not in it. */
  readonly leftOut: number;
}

/** At most so many nodes, each with the places that it lies in: those that are on a way first, then the others in their order. */
export function bounded(topology: Topology, most: number = mostParts): Bounded {
  const { nodes, edges } = topology;
  if (nodes.length <= most) return { topology, leftOut: 0 };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const kept = new Set<string>();
  const keep = (id: string): void => {
    const chain: string[] = [];
    for (let at: string | undefined = id; at !== undefined && !kept.has(at) && byId.has(at); at = byId.get(at)?.parent) chain.push(at);
    if (kept.size + chain.length <= most) for (const one of chain) kept.add(one);
  };
  for (const { from, to } of edges) {
    keep(from);
    keep(to);
  }
  for (const { id } of nodes) {
    if (kept.size >= most) break;
    keep(id);
  }
  return {
    topology: {
      ...topology,
      nodes: nodes.filter(({ id }) => kept.has(id)),
      edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
    },
    leftOut: nodes.length - kept.size,
  };
}
