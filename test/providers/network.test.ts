import { expect, test } from 'vitest';
import { networkScene } from './network-scene.ts';
import { tutorial } from './network-tutorial.ts';

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
      "publicAddresses": [],
      "publicServers": [],
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
