import { expect, test } from 'vitest';
import { cardOf, narrowed } from './narrowed.ts';
import { drawingOf } from './cards.ts';
import { sampleTopology } from './sample-topology.contract.ts';
import { branchesOf, type Branch } from './tree-branches.ts';

function shown({ node, children }: Branch): unknown {
  return children.length === 0 ? node.id : [node.id, ...children.map(shown)];
}

test('the list has each way from its begin to the database, network by network', () => {
  expect(branchesOf(sampleTopology()).map(shown)).toEqual([
    [
      'consumer',
      ['worker', ['endpoint', ['service', ['balancer', ['rule', ['b1', ['vm1', 'db']], ['b2', ['vm2', 'db']], 'alone']]]]],
      ['other', ['service', ['balancer', ['rule', ['b1', ['vm1', 'db']], ['b2', ['vm2', 'db']], 'alone']]]],
    ],
    ['provider', ['service', ['balancer', ['rule', ['b1', ['vm1', 'db']], ['b2', ['vm2', 'db']], 'alone']]]],
  ]);
});

test('a way that leads in a circle ends where it comes round', () => {
  const topology = sampleTopology();
  const round = { ...topology, edges: [...topology.edges, { id: 'x', from: 'db', to: 'worker' }] };
  const keys = (branches: readonly Branch[]): string[] => branches.flatMap(({ key, children }) => [key, ...keys(children)]);
  const all = keys(branchesOf(round));
  expect(new Set(all).size).toBe(all.length);
});

test('words leave only the ways through what is called so, with the places around it', () => {
  const ids = (text: string) => narrowed(sampleTopology(), text).nodes.map(({ id }) => id);
  expect(ids('VM2')).toEqual(
    expect.arrayContaining([
      'site:here',
      'consumer',
      'provider',
      'be',
      'worker',
      'endpoint',
      'other',
      'service',
      'balancer',
      'rule',
      'b2',
      'vm2',
      'db',
    ]),
  );
  expect(ids('vm2')).not.toContain('vm1');
  expect(ids('other')).not.toContain('endpoint');
  expect(ids('be')).toContain('vm1');
  expect(ids('nothing is called so')).toEqual([]);
  expect(narrowed(sampleTopology(), '  ').nodes).toHaveLength(sampleTopology().nodes.length);
});

test('a rule is found in the card of its balancer', () => {
  const drawing = drawingOf(sampleTopology());
  expect(cardOf(drawing, 'rule')).toBe('balancer');
  expect(cardOf(drawing, 'b2')).toBe('vm2');
  expect(cardOf(drawing, 'be')).toBeUndefined();
});
