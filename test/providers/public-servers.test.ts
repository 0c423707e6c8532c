import { afterEach, beforeEach, expect, test } from 'vitest';
import { routeFromSegment } from '#fabric/route.ts';
import { compileTables } from '#fabric/tables.ts';
import { networkScene, type NetworkScene } from './network-scene.ts';

let scene: NetworkScene;
let server: string;
let network: string;
let ended: Promise<void>;
let stop: AbortController;
beforeEach(async () => {
  scene = await networkScene();
  stop = new AbortController();
  ended = scene.keeper.run(stop.signal);
  server = scene.id('Microsoft.Sql/servers', 'shop');
  const factory = scene.id('Microsoft.DataFactory/factories', 'shop');
  network = `${factory}/managedVirtualNetworks/default`;
  await scene.put(factory, { location: 'eastus' });
  await scene.put(network, { properties: {} });
  await scene.put(server, { location: 'eastus', tags: { 'hidden-backend': '127.0.0.1:1433' } });
});
afterEach(async () => {
  stop.abort();
  await ended;
  await scene[Symbol.asyncDispose]();
});

/** What a connection from the factory's network to the server's name meets under the plan in force. */
function met(): string {
  const way = routeFromSegment(
    compileTables(scene.latest()),
    { nowMs: scene.nowMs, health: () => ({ state: 'up', reason: undefined, sinceMs: 0 }) },
    { segment: network.toLowerCase(), host: 'shop.database.isthmus.localhost', port: 1433, source: { address: '127.0.0.1', port: 1 } },
  );
  if (way.target === undefined) return way.denied.code;
  return way.endpoint === undefined ? 'public' : 'endpoint';
}

test("a server's firewall, its public access and the network's egress decide, each as it is written", async () => {
  const rule = `${server}/firewallRules/AllowAllWindowsAzureIps`;
  await expect.poll(met).toBe('ClientAddressNotAllowed');
  await scene.plane.send('PUT', rule, { properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' } });
  await expect.poll(met).toBe('public');
  await scene.plane.send('PATCH', server, { properties: { publicNetworkAccess: 'Disabled' } });
  await expect.poll(met).toBe('PublicNetworkAccessDenied');
  await scene.plane.send('PATCH', server, { properties: { publicNetworkAccess: 'Enabled' } });
  await expect.poll(met).toBe('public');
  await scene.plane.send('DELETE', rule);
  await expect.poll(met).toBe('ClientAddressNotAllowed');
  await scene.plane.send('DELETE', server);
  await expect.poll(met).toBe('NameNotFound');
});

test('a private endpoint of the network takes the name from the day it is asked for, and works once it is approved', async () => {
  await scene.plane.send('PUT', `${server}/firewallRules/cloud`, { properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' } });
  await expect.poll(met).toBe('public');
  await scene.put(`${network}/managedPrivateEndpoints/toShop`, { properties: { privateLinkResourceId: server, groupId: 'sqlServer' } });
  await expect.poll(met).toBe('EndpointPending');
  const [connection] = (await scene.plane.send('GET', `${server}/privateEndpointConnections`)).body.value;
  const decision = { properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'By the owner.' } } };
  await scene.plane.send('PUT', connection.id, decision, 'other');
  await expect.poll(met).toBe('endpoint');
  await scene.plane.send('PATCH', server, { properties: { publicNetworkAccess: 'Disabled' } });
  await expect.poll(() => scene.latest().publicServers[0]?.access).toBe('disabled');
  expect(met()).toBe('endpoint');
});
