import { expect, test } from 'vitest';
import type { Counter } from '#fabric/engine.ts';
import { endpointSeries } from './endpoint-series.ts';

const zero = { connections: 0, open: 0, refused: 0, bytesIn: 0, bytesOut: 0, connects: 0, connectMs: 0 };

test('counters of endpoints and services become what came since the last reading', async () => {
  let counters: readonly Counter[] = [
    { ...zero, of: 'endpoint', id: '/e', connections: 2, open: 1, bytesIn: 10, bytesOut: 30 },
    { ...zero, of: 'service', id: '/s', connections: 2, open: 1, refused: 3 },
    { ...zero, of: 'rule', id: '/r', connections: 9 },
  ];
  const [endpoints, services] = endpointSeries(() => counters, ['Test.House/doors']);
  expect(endpoints!.types).toEqual(['Microsoft.Network/privateEndpoints', 'Test.House/doors']);
  const read = async (source = endpoints!): Promise<unknown> =>
    (await source.read(0)).map(({ resource, metric, value }) => `${resource} ${metric} ${value}`);
  expect(await read()).toEqual([
    '/e PEBytesIn 10',
    '/e PEBytesOut 30',
    '/e PEConnections 2',
    '/e PEConnectionsRefused 0',
    '/e PEConnectionsOpen 1',
  ]);
  expect(await read(services)).toContain('/s PLSConnectionsRefused 3');
  counters = [{ ...zero, of: 'endpoint', id: '/e', connections: 5, open: 4, bytesIn: 11, bytesOut: 30 }];
  expect(await read()).toEqual([
    '/e PEBytesIn 1',
    '/e PEBytesOut 0',
    '/e PEConnections 3',
    '/e PEConnectionsRefused 0',
    '/e PEConnectionsOpen 4',
  ]);
  for (const source of [endpoints!, services!]) {
    counters = [{ ...zero, of: source === endpoints ? 'endpoint' : 'service', id: '/x' }];
    expect((await source.read(0)).map(({ metric }) => metric)).toEqual(source.definitions.map(({ name }) => name));
  }
});
