import { detailText, type NodeKind, type Topology, type TopologyEdge, type TopologyNode } from './topology-shape.ts';

/** One line in a card: a rule of a balancer, a backend of a forwarder. */
export interface CardRow {
  readonly id: string;
  readonly text: string;
  readonly state: string | undefined;
  readonly reason: string | undefined;
}

/** What is drawn as one box: a node, with what belongs so closely to it that a box of its own would only be in the way. */
export interface Card {
  readonly id: string;
  readonly kind: NodeKind;
  readonly node: TopologyNode;
  /** The network or subnet in which it is drawn. */
  readonly place: string | undefined;
  readonly rows: readonly CardRow[];
}

/** A network or a subnet: drawn around what lies in it. */
export interface Place {
  readonly id: string;
  readonly node: TopologyNode;
  /** Of a subnet: its network. */
  readonly within: string | undefined;
}

/** What leads from one card to another. */
export interface Link {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Where nothing is known of it itself, that of the card that it comes from. */
  readonly state: string | undefined;
  readonly ports: readonly number[];
  /** The edges that it stands for and whose counters it shows. */
  readonly counted: readonly string[];
}

export interface Drawing {
  readonly cards: readonly Card[];
  readonly places: readonly Place[];
  readonly links: readonly Link[];
}

const placeKinds: ReadonlySet<NodeKind> = new Set(['virtualNetwork', 'managedNetwork', 'subnet']);

/** The topology as it is drawn: rules within their balancer, backends within the forwarder that stands behind them. */
export function drawingOf({ nodes, edges }: Topology): Drawing {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const holder = holders(nodes, edges, byId);
  const drawn = (id: string): string => holder.get(id) ?? id;
  const places = nodes.filter(({ kind }) => placeKinds.has(kind));
  const placeIds = new Set(places.map(({ id }) => id));
  const rows = Map.groupBy(
    nodes.filter(({ id }) => holder.has(id)),
    ({ id }) => holder.get(id)!,
  );
  const cards = nodes
    .filter(({ id, kind }) => !placeKinds.has(kind) && kind !== 'site' && !holder.has(id))
    .map((node) => ({
      id: node.id,
      kind: node.kind,
      node,
      place: node.parent !== undefined && placeIds.has(node.parent) ? node.parent : undefined,
      rows: (rows.get(node.id) ?? []).map(rowOf),
    }));
  return {
    cards,
    places: places.map((node) => ({
      id: node.id,
      node,
      within: node.kind === 'subnet' && node.parent !== undefined && placeIds.has(node.parent) ? node.parent : undefined,
    })),
    links: linksOf(edges, {
      drawn,
      there: new Set(cards.map(({ id }) => id)),
      isBackend: (id) => byId.get(id)?.kind === 'backend',
      stateOf: (id) => byId.get(id)?.state,
    }),
  };
}

/** By what is drawn within another card: that card. */
function holders(
  nodes: readonly TopologyNode[],
  edges: readonly TopologyEdge[],
  byId: ReadonlyMap<string, TopologyNode>,
): ReadonlyMap<string, string> {
  const kindOf = (id: string): NodeKind | undefined => byId.get(id)?.kind;
  const found = new Map<string, string>();
  for (const { from, to } of edges) {
    if (kindOf(from) === 'balancer' && kindOf(to) === 'rule') found.set(to, from);
    if (kindOf(from) === 'backend' && kindOf(to) === 'forwarder') found.set(from, to);
  }
  return found;
}

function rowOf(node: TopologyNode): CardRow {
  const { id, kind, name, detail, state, reason } = node;
  const text = kind === 'rule' ? `${portsText(detail)} ${name}` : detailText(detail, 'address');
  return { id, text, state, reason };
}

function portsText(detail: TopologyNode['detail']): string {
  const [front, back] = [detailText(detail, 'frontendPort'), detailText(detail, 'backendPort')];
  return front === back ? `:${front}` : `:${front} → :${back}`;
}

interface LinkGround {
  readonly drawn: (id: string) => string;
  readonly there: ReadonlySet<string>;
  readonly isBackend: (id: string) => boolean;
  readonly stateOf: (id: string) => string | undefined;
}

/** Edges between the same two cards as one. What comes to a backend is counted on its way to the forwarder, within the card. */
function linksOf(edges: readonly TopologyEdge[], { drawn, there, isBackend, stateOf }: LinkGround): readonly Link[] {
  const groups = new Map<string, TopologyEdge[]>();
  const inner = edges.filter(({ from, to }) => isBackend(from) && drawn(from) === drawn(to));
  for (const edge of edges) {
    const [from, to] = [drawn(edge.from), drawn(edge.to)];
    if (from === to || !there.has(from) || !there.has(to)) continue;
    const key = `${from}>>${to}`;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [edge]);
    else list.push(edge);
  }
  return [...groups].map(([id, list]) => ({
    id,
    from: drawn(list[0]!.from),
    to: drawn(list[0]!.to),
    state: worst(list.flatMap(({ state }) => state ?? [])) ?? stateOf(drawn(list[0]!.from)),
    ports: [...new Set(list.flatMap(({ port }) => port ?? []))].toSorted((a, b) => a - b),
    counted: countedOf(list, inner),
  }));
}

function countedOf(list: readonly TopologyEdge[], inner: readonly TopologyEdge[]): readonly string[] {
  const ends = new Set(list.map(({ to }) => to));
  const after = inner.filter(({ from }) => ends.has(from)).map(({ id }) => id);
  return [...list.map(({ id }) => id), ...after];
}

const order = ['down', 'Rejected', 'Disconnected', 'Expired', 'NotListening', 'Pending', 'degraded', 'unknown', 'Approved', 'up'];

function worst(states: readonly string[]): string | undefined {
  return states.toSorted((a, b) => rank(a) - rank(b))[0];
}

function rank(state: string): number {
  const at = order.indexOf(state);
  return at < 0 ? order.length : at;
}
