import type { NodeKind, Topology, TopologyNode } from './topology-shape.ts';

/** A node in the tree; the same node may stand in several places: `key` is of the place. */
export interface Branch {
  readonly key: string;
  readonly node: TopologyNode;
  readonly children: readonly Branch[];
}

const outermost: ReadonlySet<NodeKind> = new Set(['virtualNetwork', 'managedNetwork']);
const order: readonly NodeKind[] = ['worker', 'endpoint', 'service', 'balancer', 'forwarder', 'publicServer', 'database', 'hidden'];

/** Networks; in each, what stands in it that nothing else of it leads to, and below each part what it leads to. */
export function branchesOf({ nodes, edges }: Topology): readonly Branch[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const onwards = Map.groupBy(edges, ({ from }) => from);
  const networkOf = (node: TopologyNode): string => {
    let at: TopologyNode | undefined = node;
    while (at !== undefined && !outermost.has(at.kind)) at = byId.get(at.parent ?? '');
    return at?.id ?? '';
  };
  const branch = (node: TopologyNode, key: string, above: ReadonlySet<string>): Branch => {
    const ends = [...new Set((onwards.get(node.id) ?? []).map(({ to }) => to))].flatMap((id) => byId.get(id) ?? []);
    const beyond = new Set([...above, node.id]);
    const children = ends.filter(({ id }) => !beyond.has(id)).map((one) => branch(one, `${key} ${one.id}`, beyond));
    return { key, node, children };
  };
  const parts = nodes.filter(({ kind }) => kind !== 'site' && kind !== 'subnet' && !outermost.has(kind));
  const byNetwork = Map.groupBy(parts, networkOf);
  const reached = new Set(edges.map(({ to }) => to));
  const within = (network: string): Branch[] => {
    // What lies in no network stands below what leads to it, wherever that is.
    const all = (byNetwork.get(network) ?? []).filter(({ id }) => network !== '' || !reached.has(id));
    const here = new Set(all.map(({ id }) => id));
    const led = new Set(edges.filter(({ from, to }) => here.has(from) && here.has(to)).map(({ to }) => to));
    const starts = all.filter(({ id }) => !led.has(id));
    // What leads round in a circle has no begin and is shown all the same.
    return (starts.length === 0 ? all : starts).toSorted(byKind).map((node) => branch(node, `${network} ${node.id}`, new Set()));
  };
  const networks = nodes.filter(({ kind }) => outermost.has(kind)).map((node) => ({ key: node.id, node, children: within(node.id) }));
  return [...networks, ...within('')];
}

function byKind(a: TopologyNode, b: TopologyNode): number {
  return order.indexOf(a.kind) - order.indexOf(b.kind) || a.name.localeCompare(b.name, undefined, { numeric: true });
}
