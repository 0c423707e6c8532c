import { createHash } from 'node:crypto';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import type { Graph, GraphEdge, GraphNode } from './graph.ts';

export interface Viewer {
  /** Key of the scope; empty: everything. */
  readonly scope: string;
  readonly mayRead: (type: string, id: string) => boolean | Promise<boolean>;
  /** Makes names of what stays hidden: nobody can guess what it stands for by trying. */
  readonly salt: string;
}

/**
 * What of the network somebody sees: what lies in the scope and they may read, and all that it leads to and that leads to it, wherever it lies.
 * At what they may not read the way ends in a node without name.
 */
export async function visibleGraph(graph: Graph, { scope, mayRead, salt }: Viewer): Promise<Graph> {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const seen = new Map<string, boolean>();
  for (const { id, guard } of nodes.values()) if (guard !== undefined) seen.set(id, await mayRead(guard.type, guard.id));
  const edges = graph.edges.filter(({ from, to }) => nodes.has(from) && nodes.has(to));
  const seeds = [...nodes.values()].filter(
    ({ id, guard }) => seen.get(id) === true && guard !== undefined && isWithin(keyOf(guard.id), scope),
  );
  const shown = reach(seeds, edges, (id) => seen.get(id) !== false);
  const clear = [...shown].flatMap((id) => (seen.get(id) === false ? [] : (nodes.get(id) ?? [])));
  const withPlaces = new Set(clear.map(({ id }) => id));
  for (const node of clear) for (const place of placesOf(node, nodes, seen)) withPlaces.add(place);
  const nameOf = (id: string): string => (seen.get(id) === false ? hiddenName(id, salt) : id);
  const hidden = [...shown].filter((id) => seen.get(id) === false).map((id) => hiddenNode(nameOf(id)));
  const visible = graph.nodes.filter(({ id }) => withPlaces.delete(id));
  return {
    nodes: [...visible.map((node) => ({ ...node, parent: placesOf(node, nodes, seen)[0] })), ...hidden],
    edges: edges
      .filter(({ from, to }) => shown.has(from) && shown.has(to) && (seen.get(from) !== false || seen.get(to) !== false))
      .map((edge) => (seen.get(edge.from) === false || seen.get(edge.to) === false ? veiled(edge, nameOf) : edge)),
  };
}

/** What the seeds lead to and what leads to them, each followed in its own direction as far as it may be seen; the first that may not is in it. */
function reach(seeds: readonly GraphNode[], edges: readonly GraphEdge[], mayPass: (id: string) => boolean): ReadonlySet<string> {
  const follow = (start: (edge: GraphEdge) => string, end: (edge: GraphEdge) => string): Set<string> => {
    const ways = Map.groupBy(edges, start);
    const found = new Set(seeds.map(({ id }) => id));
    for (const id of found) if (mayPass(id)) for (const edge of ways.get(id) ?? []) found.add(end(edge));
    return found;
  };
  const onwards = follow(
    ({ from }) => from,
    ({ to }) => to,
  );
  const backwards = follow(
    ({ to }) => to,
    ({ from }) => from,
  );
  return new Set([...onwards, ...backwards]);
}

/** What it lies in and may be seen, from the inside. */
function placesOf(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>, seen: ReadonlyMap<string, boolean>): string[] {
  const places: string[] = [];
  for (let at = node.parent; at !== undefined; at = nodes.get(at)?.parent) if (nodes.has(at) && seen.get(at) !== false) places.push(at);
  return places;
}

function hiddenName(id: string, salt: string): string {
  return `hidden:${createHash('sha256').update(salt).update(id).digest('hex').slice(0, 16)}`;
}

function hiddenNode(id: string): GraphNode {
  return { id, kind: 'hidden', name: '', detail: {}, guard: undefined };
}

/** An edge with an end that is not seen says only that it is there. */
function veiled({ from, to }: GraphEdge, nameOf: (id: string) => string): GraphEdge {
  return { from: nameOf(from), to: nameOf(to) };
}
