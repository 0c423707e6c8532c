import { expect, test } from 'vitest';
import { networkScene } from './network-scene.ts';
import { tutorial, withSubnets } from './network-tutorial.ts';

test('who decides about a connection to a service sees the ports, forwarders and databases that it would open, and the network that asks', async () => {
  await using scene = await networkScene();
  const { ask, service, balancer } = await tutorial(scene);
  const machine = scene.id('Microsoft.Compute/virtualMachines', 'myVM1');
  await scene.put(`${machine}/forwardingRules/1433`, { properties: { host: 'db.shop.example', toPort: 1444 } });
  await scene.put(`${machine}/forwardingRules/5432`, { properties: { host: 'other.shop.example', toPort: 5432 } });
  await ask();
  const [connection] = (await scene.plane.send('GET', `${service}/privateEndpointConnections`)).body.value;
  expect((await scene.plane.send('GET', `${connection.id}/opens`, undefined, 'approver')).body).toEqual({
    from: {
      endpoint: scene.id('Microsoft.Network/privateEndpoints', 'myEndpoint'),
      network: scene.id('Microsoft.Network/virtualNetworks', 'myVNet'),
      kind: 'virtual-network',
      address: expect.stringMatching(/^10\.0\.3\./),
      names: expect.any(Array),
    },
    to: { id: service, kind: 'balanced', balancer },
    ports: [{ port: 1433, rule: 'myRule', to: [{ host: 'db.shop.example', port: 1444, forwarder: machine, running: true }] }],
  });
});

test('of a database server the ports that lead to its database are told', async () => {
  await using scene = await networkScene();
  const subnet = await withSubnets(scene);
  const server = scene.id('Microsoft.Sql/servers', 'shop');
  await scene.put(server, {
    location: 'eastus',
    tags: { 'hidden-backend': 'db.inside.example:1500' },
    properties: { administratorLogin: 'admin1', administratorLoginPassword: 'Not-a-real-1' },
  });
  const wish = { name: 'c', properties: { privateLinkServiceId: server, groupIds: ['sqlServer'] } };
  await scene.put(scene.id('Microsoft.Network/privateEndpoints', 'ep'), {
    location: 'eastus',
    properties: { subnet: subnet('pe'), manualPrivateLinkServiceConnections: [wish] },
  });
  const [connection] = (await scene.plane.send('GET', `${server}/privateEndpointConnections`)).body.value;
  const { to, ports } = (await scene.plane.send('GET', `${connection.id}/opens`)).body;
  expect(to).toEqual({ id: server, kind: 'database' });
  expect(ports).toContainEqual({ port: 1433, to: [{ host: 'db.inside.example', port: 1500 }] });
});
