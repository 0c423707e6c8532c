import { expect, test } from 'vitest';
import { networkScene, type NetworkScene } from './network-scene.ts';

const net = 'Microsoft.Network';

/** The subnets of the tutorial, and one for consumers. */
async function withSubnets(scene: NetworkScene): Promise<(name: string) => { id: string }> {
  const network = scene.id(`${net}/virtualNetworks`, 'myVNet');
  const subnets = ['be', 'fe', 'pls', 'pe'].map((name, i) => ({
    name: `${name}-subnet`,
    properties: { addressPrefix: `10.0.${i}.0/24`, privateLinkServiceNetworkPolicies: name === 'pls' ? 'Disabled' : 'Enabled' },
  }));
  await scene.put(network, { location: 'eastus', properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets } });
  return (name) => ({ id: `${network}/subnets/${name}-subnet` });
}

async function tutorial(scene: NetworkScene) {
  const subnet = await withSubnets(scene);
  const balancer = scene.id(`${net}/loadBalancers`, 'myLoadBalancer');
  const part = (word: string, name: string) => ({ id: `${balancer}/${word}/${name}` });
  await scene.put(balancer, {
    location: 'eastus',
    sku: { name: 'Standard' },
    properties: {
      frontendIPConfigurations: [
        {
          name: 'LoadBalancerFrontEnd',
          zones: ['1', '2', '3'],
          properties: { subnet: subnet('fe'), privateIPAllocationMethod: 'Dynamic' },
        },
      ],
      backendAddressPools: [{ name: 'myBackendPool' }],
      probes: [{ name: 'myHealthProbe', properties: { protocol: 'Tcp', port: 22, intervalInSeconds: 15, numberOfProbes: 2 } }],
      loadBalancingRules: [
        {
          name: 'myRule',
          properties: {
            frontendIPConfiguration: part('frontendIPConfigurations', 'LoadBalancerFrontEnd'),
            backendAddressPool: part('backendAddressPools', 'myBackendPool'),
            probe: part('probes', 'myHealthProbe'),
            protocol: 'Tcp',
            frontendPort: 1433,
            backendPort: 1433,
            idleTimeoutInMinutes: 15,
            enableTcpReset: false,
          },
        },
      ],
    },
  });
  for (const name of ['myVM1', 'myVM2']) {
    const nic = scene.id(`${net}/networkInterfaces`, `${name}-nic`);
    await scene.put(nic, {
      location: 'eastus',
      properties: {
        ipConfigurations: [
          {
            name: 'ipconfig1',
            properties: { subnet: subnet('be'), loadBalancerBackendAddressPools: [part('backendAddressPools', 'myBackendPool')] },
          },
        ],
      },
    });
    const machine = scene.id('Microsoft.Compute/virtualMachines', name);
    await scene.put(machine, { location: 'eastus', properties: { networkProfile: { networkInterfaces: [{ id: nic }] } } });
  }
  const service = scene.id(`${net}/privateLinkServices`, 'myPrivateLinkService');
  await scene.put(service, {
    location: 'eastus',
    properties: {
      loadBalancerFrontendIpConfigurations: [part('frontendIPConfigurations', 'LoadBalancerFrontEnd')],
      ipConfigurations: [{ name: 'nat1', properties: { subnet: subnet('pls') } }],
      fqdns: ['mi1.abc.database.windows.net'],
    },
  });
  const endpoint = scene.id(`${net}/privateEndpoints`, 'myEndpoint');
  const ask = (message = 'please', manual = true) =>
    scene.plane.send('PUT', endpoint, {
      location: 'eastus',
      properties: {
        subnet: subnet('pe'),
        [manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections']: [
          { name: 'c', properties: { privateLinkServiceId: service, requestMessage: message } },
        ],
      },
    });
  const decide = async (status: string, as = 'approver') => {
    const [connection] = (await scene.plane.send('GET', `${service}/privateEndpointConnections`)).body.value;
    const body = { properties: { privateLinkServiceConnectionState: { status, description: 'because' } } };
    return await scene.plane.send('PUT', connection.id, body, as);
  };
  return { subnet, balancer, service, endpoint, ask, decide, part };
}

test('the topology of the tutorial, from the subnets to an approved endpoint', async () => {
  await using scene = await networkScene();
  const { ask, decide, endpoint, service } = await tutorial(scene);
  const asked = await ask();
  expect(asked.status).toBe(201);

  expect(asked.body.properties.manualPrivateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status).toBe('Pending');
  expect(scene.latest().endpoints[0]).toMatchObject({ state: 'Pending', address: '10.0.3.4' });
  const approved = await decide('Approved');
  expect(approved.status).toBe(200);
  expect(scene.latest()).toMatchInlineSnapshot(`
    {
      "balancers": [
        {
          "frontends": [
            {
              "address": "10.0.1.4",
              "name": "loadbalancerfrontend",
            },
          ],
          "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/loadbalancers/myloadbalancer",
          "probes": [
            {
              "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/loadbalancers/myloadbalancer/probes/myhealthprobe",
              "intervalMs": 15000,
              "name": "myHealthProbe",
              "path": undefined,
              "port": 22,
              "protocol": "tcp",
              "threshold": 2,
            },
          ],
          "rules": [
            {
              "backendPort": 1433,
              "backends": [
                {
                  "address": "10.0.0.4",
                  "admin": "None",
                  "forwarder": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.compute/virtualmachines/myvm1",
                  "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/networkinterfaces/myvm1-nic/ipconfigurations/ipconfig1",
                },
                {
                  "address": "10.0.0.5",
                  "admin": "None",
                  "forwarder": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.compute/virtualmachines/myvm2",
                  "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/networkinterfaces/myvm2-nic/ipconfigurations/ipconfig1",
                },
              ],
              "distribution": "5-tuple",
              "frontend": "loadbalancerfrontend",
              "frontendPort": 1433,
              "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/loadbalancers/myloadbalancer/loadbalancingrules/myrule",
              "idleMs": 900000,
              "name": "myRule",
              "probe": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/loadbalancers/myloadbalancer/probes/myhealthprobe",
              "tcpReset": false,
              "whenNoneHealthy": "AllProbedDown",
            },
          ],
          "segment": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/virtualnetworks/myvnet",
        },
      ],
      "endpoints": [
        {
          "address": "10.0.3.4",
          "expiresAtMs": undefined,
          "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/privateendpoints/myendpoint",
          "linkId": 1,
          "names": [
            {
              "name": "mi1.abc.database.windows.net",
              "port": undefined,
            },
          ],
          "segment": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/virtualnetworks/myvnet",
          "service": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/privatelinkservices/myprivatelinkservice",
          "state": "Approved",
        },
      ],
      "forwarders": [
        {
          "addresses": [
            "10.0.0.4",
          ],
          "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.compute/virtualmachines/myvm1",
          "rules": [],
          "running": true,
          "segment": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/virtualnetworks/myvnet",
        },
        {
          "addresses": [
            "10.0.0.5",
          ],
          "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.compute/virtualmachines/myvm2",
          "rules": [],
          "running": true,
          "segment": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/virtualnetworks/myvnet",
        },
      ],
      "segments": [
        {
          "egress": "open",
          "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/virtualnetworks/myvnet",
          "kind": "virtual-network",
          "names": [],
        },
      ],
      "services": [
        {
          "balancer": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/loadbalancers/myloadbalancer",
          "frontend": "loadbalancerfrontend",
          "id": "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/shop/providers/microsoft.network/privatelinkservices/myprivatelinkservice",
          "kind": "balanced",
          "natAddresses": [
            "10.0.2.4",
          ],
          "proxyProtocol": false,
        },
      ],
    }
  `);
  expect((await scene.plane.send('GET', endpoint)).body.properties).toMatchObject({
    customDnsConfigs: [{ fqdn: 'mi1.abc.database.windows.net', ipAddresses: ['10.0.3.4'] }],
    manualPrivateLinkServiceConnections: [
      {
        name: 'c',
        properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'because' }, requestMessage: 'please' },
      },
    ],
    provisioningState: 'Succeeded',
  });
  expect((await scene.plane.send('GET', service)).body.properties).toMatchObject({
    alias: expect.stringMatching(/^myPrivateLinkService\.[0-9a-f-]{36}\.eastus\.azure\.privatelinkservice$/),
    ipConfigurations: [{ name: 'nat1', properties: { privateIPAddress: '10.0.2.4', privateIPAllocationMethod: 'Dynamic' } }],
    privateEndpointConnections: [
      {
        name: expect.stringMatching(/^myEndpoint\.[0-9a-f-]{36}$/),
        properties: {
          privateEndpoint: { id: endpoint },
          linkIdentifier: '1',
          privateLinkServiceConnectionState: { status: 'Approved' },
          approval: {
            requestedBy: 'owner',
            requestMessage: 'please',
            approvedAt: '2026-01-01T00:00:00.000Z',
            decisions: [{ by: 'approver', status: 'Approved', because: 'because', through: 'owner' }],
          },
        },
      },
    ],
  });
  expect((await decide('Rejected')).status).toBe(200);
  expect(scene.latest().endpoints[0]).toMatchObject({ state: 'Rejected' });
});
