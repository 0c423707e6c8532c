import { expect, test } from 'vitest';
import { startsOf } from './starts.ts';

const group = '/subscriptions/s/resourceGroups/g/providers';
const home = `${group}/Microsoft.Synapse/workspaces/shop`;

test('a connection begins in a network, or in a runtime by the network that it stands in', () => {
  const reference = { managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' } };
  const starts = startsOf([
    { id: `${group}/Microsoft.Network/virtualNetworks/v`, name: 'v', type: 'Microsoft.Network/virtualNetworks', properties: {} },
    { id: `${home}/integrationRuntimes/ir`, name: 'ir', type: 'Microsoft.Synapse/workspaces/integrationRuntimes', properties: reference },
    { id: `${home}/integrationRuntimes/free`, name: 'free', type: 'Microsoft.Synapse/workspaces/integrationRuntimes', properties: {} },
    {
      id: `${home}/managedVirtualNetworks/default`,
      name: 'default',
      type: 'Microsoft.Synapse/workspaces/managedVirtualNetworks',
      properties: {},
    },
  ]);
  expect(starts.map(({ text, network }) => [text, network])).toEqual([
    ['shop: managed network', `${home}/managedVirtualNetworks/default`],
    ['shop: ir', `${home}/managedVirtualNetworks/default`],
    ['v (g)', `${group}/Microsoft.Network/virtualNetworks/v`],
  ]);
});
