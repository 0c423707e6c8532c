import { expect, test } from 'vitest';
import { networkWord, waysOf } from './opens.ts';

test('each way is one line: its port, where it leads and by what', () => {
  const forwarder = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-1';
  const to = { host: 'db.example', port: 1444, forwarder, running: false };
  expect(
    waysOf({
      ports: [
        { port: 1433, rule: 'sql', to: [to] },
        { port: 0, rule: 'all', to: [] },
        { port: 5432, to: [{ host: 'pg.example', port: 5432 }] },
      ],
    }),
  ).toEqual([
    { port: '1433', leads: 'db.example:1444 (its forwarder is stopped)', by: 'the rule sql and the forwarder vm-1' },
    { port: 'any port', leads: expect.stringContaining('nowhere yet'), by: 'the rule all' },
    { port: '5432', leads: 'pg.example:5432', by: '' },
  ]);
});

test('the network that asks is told in words', () => {
  const base = '/subscriptions/s/resourceGroups/g/providers';
  const managed = `${base}/Microsoft.DataFactory/factories/f/managedVirtualNetworks/default`;
  expect(networkWord({ endpoint: 'e', network: managed, kind: 'managed' })).toBe('the managed network of the data factory f');
  expect(networkWord({ endpoint: 'e', network: `${base}/Microsoft.Network/virtualNetworks/n`, kind: 'virtual-network' })).toBe(
    'the virtual network n',
  );
  expect(networkWord({ endpoint: 'e' })).toContain('not known');
});
