import { expect, test } from 'vitest';
import { bounded } from './bounded.ts';
import type { Topology, TopologyNode } from './topology-shape.ts';

const node = (id: string, parent?: string): TopologyNode => ({
  id,
  kind: parent === undefined ? 'virtualNetwork' : 'endpoint',
  name: id,
  detail: {},
  ...(parent !== undefined && { parent }),
});

test('few parts stay as they are', () => {
  const topology: Topology = { nodes: [node('a'), node('b', 'a')], edges: [], revision: '1', engine: 'userspace' };
  expect(bounded(topology, 2)).toEqual({ topology, leftOut: 0 });
});

test('of many, those on a way come first, with the places that they lie in', () => {
  const nodes = [...Array.from({ length: 50 }, (_, i) => node(`n${i}`)), node('p'), node('x', 'p'), node('q'), node('y', 'q')];
  const found = bounded({ nodes, edges: [{ id: 'way', from: 'x', to: 'y' }], revision: '1', engine: 'userspace' }, 6);
  expect(found.topology.nodes.map(({ id }) => id)).toEqual(['n0', 'n1', 'p', 'x', 'q', 'y']);
  expect(found.topology.edges).toHaveLength(1);
  expect(found.leftOut).toBe(48);
});

test('no part is kept without its place, and no way without both its ends', () => {
  const nodes = [node('p'), node('x', 'p'), node('q'), node('y', 'q'), node('z')];
  const found = bounded({ nodes, edges: [{ id: 'way', from: 'x', to: 'y' }], revision: '1', engine: 'userspace' }, 3);
  const ids = new Set(found.topology.nodes.map(({ id }) => id));
  for (const { parent } of found.topology.nodes) expect(parent === undefined || ids.has(parent)).toBe(true);
  expect(found.topology.edges).toEqual([]);
  expect(ids.size).toBeLessThanOrEqual(3);
});
