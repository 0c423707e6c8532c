import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawingOf, type Drawing } from './cards.ts';
import { layoutOf, type Box, type Layout } from './layout.ts';
import { sampleTopology } from './sample-topology.contract.ts';
import type { NodeKind, Topology, TopologyEdge, TopologyNode } from './topology-shape.ts';

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function contains(outer: Box, inner: Box): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** What is wrong with a layout. */
function faults(drawing: Drawing, { cards, places }: Layout): string[] {
  const found: string[] = [];
  const pairs = <T>(all: readonly T[]): [T, T][] => all.flatMap((a, at) => all.slice(at + 1).map((b): [T, T] => [a, b]));
  for (const [a, b] of pairs(drawing.cards)) if (overlap(cards.get(a.id)!, cards.get(b.id)!)) found.push(`${a.id} over ${b.id}`);
  const drawn = drawing.places.filter(({ id }) => places.has(id));
  for (const [a, b] of pairs(drawn))
    if (a.within === b.within && overlap(places.get(a.id)!, places.get(b.id)!)) found.push(`${a.id} over ${b.id}`);
  for (const { id, within } of drawn)
    if (within !== undefined && !contains(places.get(within)!, places.get(id)!)) found.push(`${id} leaves ${within}`);
  for (const { id, place } of drawing.cards) {
    const box = cards.get(id)!;
    const outer = drawing.places.find((one) => one.id === place);
    if (place !== undefined && !contains(places.get(place)!, box)) found.push(`${id} leaves ${place}`);
    for (const other of drawn)
      if (other.id !== place && other.id !== outer?.within && overlap(places.get(other.id)!, box)) found.push(`${id} in ${other.id}`);
  }
  return found;
}

test('connections go from the left to the right, and nothing lies over anything else', () => {
  const drawing = drawingOf(sampleTopology());
  const layout = layoutOf(drawing);
  expect(faults(drawing, layout)).toEqual([]);
  const x = (id: string) => layout.cards.get(id)!.x;
  for (const { from, to } of drawing.links) expect(x(from)).toBeLessThan(x(to));
  expect(layout.cards.get('endpoint')!.y).toBeLessThan(layout.cards.get('other')!.y);
});

const kinds: readonly NodeKind[] = [
  'worker',
  'endpoint',
  'service',
  'balancer',
  'forwarder',
  'publicServer',
  'database',
  'hidden',
  'rule',
  'backend',
];

/** Any network, of any shape. */
const anyTopology = fc
  .record({
    networks: fc.integer({ min: 0, max: 4 }),
    subnets: fc.array(fc.nat(), { maxLength: 6 }),
    nodes: fc.array(fc.record({ kind: fc.constantFrom(...kinds), at: fc.option(fc.nat()) }), { maxLength: 24 }),
    edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
  })
  .map(({ networks, subnets, nodes, edges }): Topology => {
    const outer = Array.from({ length: networks }, (_, at): TopologyNode => ({
      id: `n${at}`,
      kind: 'virtualNetwork',
      name: '',
      detail: {},
    }));
    const inner = subnets.flatMap((at, i): TopologyNode[] =>
      networks === 0 ? [] : [{ id: `s${i}`, kind: 'subnet', name: '', parent: `n${at % networks}`, detail: {} }],
    );
    const places = [...outer, ...inner];
    const others = nodes.map(({ kind, at }, i): TopologyNode => {
      const parent = at === null || kind === 'hidden' || kind === 'database' ? undefined : places[at % Math.max(1, places.length)]?.id;
      return { id: `c${i}`, kind, name: `${i}`, detail: {}, ...(parent !== undefined && { parent }) };
    });
    const ends = edges.flatMap(([a, b]): TopologyEdge[] => {
      if (others.length === 0) return [];
      const [from, to] = [others[a % others.length]!.id, others[b % others.length]!.id];
      return from === to ? [] : [{ id: `${from}>>${to}`, from, to }];
    });
    return { revision: '', engine: 'userspace', nodes: [...places, ...others], edges: ends };
  });

test('of any network everything is drawn, within what it lies in, and nothing over anything else', () => {
  fc.assert(
    fc.property(anyTopology, (topology) => {
      const drawing = drawingOf(topology);
      const layout = layoutOf(drawing);
      expect(layout.cards.size).toBe(drawing.cards.length);
      for (const box of layout.cards.values()) expect(Object.values(box).every(Number.isFinite)).toBe(true);
      expect(faults(drawing, layout)).toEqual([]);
    }),
  );
});

test('the same network is laid out in the same way, in whatever order it is told', () => {
  fc.assert(
    fc.property(anyTopology, fc.infiniteStream(fc.nat()), (topology, random) => {
      const shuffled = <T>(all: readonly T[]): T[] =>
        all
          .map((one) => ({ one, at: random.next().value as number }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ one }) => one);
      const rowless = { ...topology, nodes: topology.nodes.filter(({ kind }) => kind !== 'rule' && kind !== 'backend') };
      const other = { ...rowless, nodes: shuffled(rowless.nodes), edges: shuffled(rowless.edges) };
      const boxes = ({ cards, places }: Layout) => [...cards, ...places].toSorted(([a], [b]) => (a < b ? -1 : 1));
      expect(boxes(layoutOf(drawingOf(other)))).toEqual(boxes(layoutOf(drawingOf(rowless))));
    }),
  );
});
