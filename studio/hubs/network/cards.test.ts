import { expect, test } from 'vitest';
import { drawingOf } from './cards.ts';
import { pathThrough } from './path.ts';
import { sampleTopology } from './sample-topology.contract.ts';

test('rules stand in their balancer and backends in their forwarder; the way goes on through them', () => {
  const { cards, links, places } = drawingOf(sampleTopology());
  expect(cards.map(({ id }) => id)).toEqual(['worker', 'endpoint', 'other', 'service', 'balancer', 'vm1', 'vm2', 'alone', 'db']);
  expect(cards.find(({ id }) => id === 'balancer')?.rows).toEqual([
    { id: 'rule', text: ':1433 my-rule', state: 'degraded', reason: '1 of 2 backends are up.' },
  ]);
  expect(cards.find(({ id }) => id === 'vm2')?.rows.map(({ state }) => state)).toEqual(['down']);
  expect(links.map(({ id }) => id)).toEqual([
    'worker>>endpoint',
    'endpoint>>service',
    'other>>service',
    'service>>balancer',
    'balancer>>vm1',
    'balancer>>vm2',
    'balancer>>alone',
    'vm1>>db',
    'vm2>>db',
  ]);
  expect(places.map(({ id, within }) => [id, within])).toEqual([
    ['consumer', undefined],
    ['provider', undefined],
    ['be', 'provider'],
  ]);
});

test('a link has the ports and the worst state of what it stands for, and its counters', () => {
  const { links } = drawingOf(sampleTopology());
  const link = (id: string) => links.find((one) => one.id === id);
  expect(link('balancer>>vm2')).toMatchObject({ state: 'down', ports: [1433], counted: ['rule>>b2:1433', 'b2>>vm2'] });
  expect(link('vm1>>db')).toMatchObject({ ports: [1433, 1434], counted: ['vm1>>db:1433', 'vm1>>db:1434'] });
  expect(link('other>>service')).toMatchObject({ state: 'Pending' });
  expect(link('vm2>>db')).toMatchObject({ state: 'stopped' });
});

test('the path of an endpoint holds neither its neighbour nor what nobody leads to', () => {
  const { links } = drawingOf(sampleTopology());
  const path = pathThrough(links, 'endpoint');
  expect([...path.cards].toSorted()).toEqual(['alone', 'balancer', 'db', 'endpoint', 'service', 'vm1', 'vm2', 'worker']);
  expect(path.links.has('other>>service')).toBe(false);
  expect([...pathThrough(links, 'service').cards]).toContain('other');
  expect([...pathThrough(links, 'nowhere').cards]).toEqual(['nowhere']);
});
