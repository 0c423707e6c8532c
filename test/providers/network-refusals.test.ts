import { expect, test } from 'vitest';
import { networkScene } from './network-scene.ts';
import { tutorial, withSubnets } from './network-tutorial.ts';

const net = 'Microsoft.Network';

test('rules that would collide are refused by name; a second database has a port of its own', async () => {
  await using scene = await networkScene();
  const { balancer, part } = await tutorial(scene);
  const whole = (await scene.plane.send('GET', balancer)).body;
  const [first] = whole.properties.loadBalancingRules;
  const withRules = (...more: readonly object[]) => {
    const rules = more.map((change, i) => ({ name: `r${i}`, properties: { ...first.properties, ...change } }));
    return scene.plane.send('PUT', balancer, { ...whole, properties: { ...whole.properties, loadBalancingRules: [first, ...rules] } });
  };
  const code = async (...more: readonly object[]) => (await withRules(...more)).body.error?.code;
  expect(await code({ frontendPort: 1434 })).toBe('RulesUseSameBackendPortProtocolAndPool');
  expect(await code({ backendPort: 1434 })).toBe('RulesUseSameFrontendPortProtocolAndIPConfig');
  expect(await code({ protocol: 'All', frontendPort: 0, backendPort: 0 })).toBe('RulesUseSameFrontendPortProtocolAndIPConfig');
  expect(await code({ protocol: 'All', frontendPort: 1434, backendPort: 1434 })).toBe('LoadBalancingRulePortsInvalid');
  expect(await code({ frontendPort: 1434, backendPort: 1434, probe: part('probes', 'none') })).toBe('InvalidResourceReference');
  expect(await code({ frontendPort: 1434, backendPort: 1434, backendAddressPools: [part('backendAddressPools', 'none')] })).toBe(
    'InvalidResourceReference',
  );
  expect(await code({ frontendPort: 1434, backendPort: 1434, idleTimeoutInMinutes: 3 })).toBe('InvalidRequestFormat');
  expect(await code({ frontendPort: 1434, backendPort: 1434 })).toBeUndefined();
  expect(scene.latest().balancers[0]!.rules.map(({ name, frontendPort }) => [name, frontendPort])).toEqual([
    ['myRule', 1433],
    ['r0', 1434],
  ]);
  // What was shown, sent back, changes nothing.
  const shown = (await scene.plane.send('GET', balancer)).body;
  const again = await scene.plane.send('PUT', balancer, shown);
  expect([again.status, again.body.etag]).toEqual([200, shown.etag]);
});

test('parts of a load balancer are read by their own ids; pools are written there too', async () => {
  await using scene = await networkScene();
  const { balancer, part } = await tutorial(scene);
  const get = async (word: string, name: string) => (await scene.plane.send('GET', part(word, name).id)).body;
  expect(await get('frontendIPConfigurations', 'LoadBalancerFrontEnd')).toMatchObject({
    id: part('frontendIPConfigurations', 'LoadBalancerFrontEnd').id,
    zones: ['1', '2', '3'],
    properties: { privateIPAddress: '10.0.1.4', privateIPAllocationMethod: 'Dynamic', provisioningState: 'Succeeded' },
  });
  expect(await get('probes', 'myHealthProbe')).toMatchObject({ properties: { port: 22, intervalInSeconds: 15, numberOfProbes: 2 } });
  expect(await get('loadBalancingRules', 'myRule')).toMatchObject({ properties: { idleTimeoutInMinutes: 15, enableTcpReset: false } });
  const pool = await get('backendAddressPools', 'myBackendPool');
  expect(pool.properties.backendIPConfigurations).toHaveLength(2);
  expect((await scene.plane.send('DELETE', pool.id)).body.error.code).toBe('InUseBackendAddressPoolCannotBeDeleted');
  const addresses = [{ name: 'a', properties: { ipAddress: '10.0.0.9', adminState: 'Down' } }];
  await scene.put(pool.id, { properties: { loadBalancerBackendAddresses: addresses } });
  expect(scene.latest().balancers[0]!.rules[0]!.backends).toMatchObject([
    { address: '10.0.0.9', admin: 'Down', forwarder: undefined },
    { address: '10.0.0.4', admin: 'None' },
    { address: '10.0.0.5', admin: 'None' },
  ]);
  await scene.put(`${balancer}/backendAddressPools/other`, { properties: {} });
  expect((await scene.plane.send('GET', balancer)).body.properties.backendAddressPools).toHaveLength(2);
  expect((await scene.plane.send('DELETE', `${balancer}/backendAddressPools/other`)).status).toBe(200);
});

test('a probe may speak a protocol; a tag that names no probe is refused', async () => {
  await using scene = await networkScene();
  const { balancer } = await tutorial(scene);
  const tagged = (value: string) => scene.plane.send('PATCH', balancer, { tags: { 'hidden-probe-protocol': value } });
  expect((await tagged('other=tds')).body.error.code).toBe('InvalidProbeProtocol');
  expect((await tagged('myHealthProbe=oracle')).body.error.code).toBe('InvalidProbeProtocol');
  expect((await tagged('myHealthProbe=tds')).status).toBe(200);
  expect(scene.latest().balancers[0]!.probes).toMatchObject([{ protocol: 'tds', port: 22 }]);
});

test('what others stand on does not go before them; a group goes as a whole', async () => {
  await using scene = await networkScene();
  const { ask, balancer, subnet } = await tutorial(scene);
  await ask();
  const code = async (id: string) => (await scene.plane.send('DELETE', id)).body.error?.code;
  expect(await code(balancer)).toBe('LoadBalancerInUseByPrivateLinkService');
  expect(await code(scene.id(`${net}/networkInterfaces`, 'myVM1-nic'))).toBe('NicInUse');
  for (const name of ['be', 'fe', 'pls', 'pe']) expect(await code(subnet(name).id)).toBe('InUseSubnetCannotBeDeleted');
  const group = balancer.slice(0, balancer.indexOf('/providers/'));
  expect((await scene.plane.send('DELETE', group)).status).toBeLessThan(300);
  await expect.poll(async () => (await scene.plane.send('GET', group)).status, { timeout: 8_000 }).toBe(404);
  expect(scene.latest()).toMatchObject({ endpoints: [], services: [], balancers: [], forwarders: [] });
});

test('what a private link service may not be', async () => {
  await using scene = await networkScene();
  const { putService, subnet } = await tutorial(scene);
  const code = async (more: object) => (await putService({}, more)).body.error?.code;
  const nat = (name: string, from: string) => ({ name, properties: { subnet: subnet(from) } });
  expect(await code({ ipConfigurations: [nat('a', 'fe')] })).toBe('PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled');
  expect(await code({ ipConfigurations: Array.from({ length: 9 }, (_, i) => nat(`a${i}`, 'pls')) })).toBe('InvalidRequestFormat');
  expect(await code({ autoApproval: { subscriptions: ['x'] } })).toBe('AutoApprovalNotSubsetOfVisibility');
  expect(await code({ loadBalancerFrontendIpConfigurations: [] })).toBe('InvalidRequestFormat');
  expect(await code({ ipConfigurations: Array.from({ length: 8 }, (_, i) => nat(`a${i}`, 'pls')) })).toBeUndefined();
});

test('what a private endpoint may not be', async () => {
  await using scene = await networkScene();
  const subnet = await withSubnets(scene);
  const endpoint = scene.id(`${net}/privateEndpoints`, 'e');
  const code = async (properties: object) =>
    (await scene.plane.send('PUT', endpoint, { location: 'eastus', properties: { subnet: subnet('pe'), ...properties } })).body.error?.code;
  const to = (privateLinkServiceId: string, more: object = {}) => ({
    privateLinkServiceConnections: [{ name: 'c', properties: { privateLinkServiceId, ...more } }],
  });
  expect(await code({})).toBe('InvalidRequestFormat');
  expect(await code(to(scene.id(`${net}/privateLinkServices`, 'none')))).toBe('InvalidResourceReference');
  expect(await code(to('none.0.eastus.azure.privatelinkservice'))).toBe('InvalidResourceReference');
  expect(await code(to(subnet('pe').id))).toBe('PrivateLinkTargetNotSupported');
  expect(await code(to(scene.id(`${net}/privateLinkServices`, 'none'), { requestMessage: 'x'.repeat(141) }))).toBe('InvalidRequestFormat');
});

test('the interfaces of endpoints and services are read like others, and are nobody else’s', async () => {
  await using scene = await networkScene();
  const { ask, endpoint, service } = await tutorial(scene);
  await ask();
  for (const [holder, address] of [
    [endpoint, '10.0.3.4'],
    [service, '10.0.2.4'],
  ] as const) {
    const [{ id }] = (await scene.plane.send('GET', holder)).body.properties.networkInterfaces;
    const found = await scene.plane.send('GET', id);
    expect(found.body).toMatchObject({
      id,
      location: 'eastus',
      properties: { ipConfigurations: [{ properties: { privateIPAddress: address } }] },
    });
    expect((await scene.plane.send('DELETE', id)).body.error.code).toBe('ResourceIsBuiltIn');
    expect((await scene.plane.send('PUT', id, found.body)).body.error.code).toBe('NetworkInterfaceIsReadOnly');
  }
});

test('everything with addresses is in the region of its network', async () => {
  await using scene = await networkScene();
  const { balancer } = await tutorial(scene);
  const { location: _location, ...rest } = (await scene.plane.send('GET', balancer)).body;
  const other = await scene.plane.send('PUT', scene.id(`${net}/loadBalancers`, 'other'), {
    location: 'westeurope',
    properties: { frontendIPConfigurations: rest.properties.frontendIPConfigurations },
  });
  expect(other.body.error).toMatchObject({ code: 'InvalidResourceReference', message: expect.stringContaining('same region') });
});
