import type { Drawing } from './cards.ts';
import type { Topology } from './topology-shape.ts';

/** Only the ways through what has these words in its name, with the places that they lie in. */
export function narrowed(topology: Topology, text: string): Topology {
  const word = text.trim().toLowerCase();
  if (word === '') return topology;
  const { nodes, edges } = topology;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = nodes.filter(({ name }) => name.toLowerCase().includes(word)).map(({ id }) => id);
  // What lies in a place that is meant is meant too.
  const meant = new Set(found);
  for (const node of nodes) if (placesOf(byId, node.id).some((id) => meant.has(id))) meant.add(node.id);
  const kept = new Set([...follow(meant, edges, 'from', 'to'), ...follow(meant, edges, 'to', 'from')]);
  // A set that grows while it is walked is walked to its end: places of places are in it already.
  for (const id of kept) for (const place of placesOf(byId, id)) kept.add(place);
  return {
    ...topology,
    nodes: nodes.filter(({ id }) => kept.has(id)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}

function placesOf(byId: ReadonlyMap<string, Topology['nodes'][number]>, id: string): string[] {
  const places: string[] = [];
  for (let at = byId.get(id)?.parent; at !== undefined && !places.includes(at); at = byId.get(at)?.parent) places.push(at);
  return places;
}

function follow(starts: ReadonlySet<string>, edges: Topology['edges'], start: 'from' | 'to', end: 'from' | 'to'): Set<string> {
  const ways = Map.groupBy(edges, (edge) => edge[start]);
  const seen = new Set(starts);
  for (const id of seen) for (const edge of ways.get(id) ?? []) seen.add(edge[end]);
  return seen;
}

/** The card in which a node is drawn; undefined: it is a place, or there is none. */
export function cardOf({ cards }: Drawing, node: string): string | undefined {
  return cards.find(({ id, rows }) => id === node || rows.some((row) => row.id === node))?.id;
}
