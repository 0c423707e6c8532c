import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileTables } from '#fabric/tables.ts';
import { networkScene } from './network-scene.ts';
import { group } from './provider-scene.ts';
import { tutorial } from './network-tutorial.ts';

const words = [
  'networkInterfaces/myVM1-nic',
  'loadBalancers/myLoadBalancer',
  'loadBalancers/myLoadBalancer/backendAddressPools/myBackendPool',
  'privateLinkServices/myPrivateLinkService',
  'privateEndpoints/myEndpoint',
  'privateEndpoints/myEndpoint/privateDnsZoneGroups/default',
  'privateDnsZones/a.test',
  'privateDnsZones/a.test/A/n',
  'privateDnsZones/a.test/virtualNetworkLinks/l',
];
const ids = words.map((word) => `${group}/providers/Microsoft.Network/${word}`);
const network = `${group}/providers/Microsoft.Network/virtualNetworks/myVNet`;

const known = fc.constantFrom(
  network,
  `${network}/subnets/be-subnet`,
  `${network}/subnets/pls-subnet`,
  ...ids,
  `${ids[1]}/frontendIPConfigurations/LoadBalancerFrontEnd`,
);
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  known,
  fc.constantFrom('10.0.0.9', 'Static', 'Tcp', 'All', '*', 'x,99999', '/subscriptions'),
);
const reference = fc.record({ id: fc.oneof(known, leaf) });
const named = (properties: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.array(fc.record({ name: fc.oneof(fc.constantFrom('a', 'LoadBalancerFrontEnd', 'myRule'), leaf), properties }, { requiredKeys: [] }), {
    maxLength: 3,
  });
const some = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc.oneof(leaf, fc.record(members, { requiredKeys: [] }));
const ipConfigurations = named(
  some({
    subnet: reference,
    privateIPAddress: fc.oneof(leaf, fc.constant('10.0.0.9')),
    privateIPAllocationMethod: fc.constantFrom('Static', 'Dynamic', 'x'),
    loadBalancerBackendAddressPools: fc.array(reference, { maxLength: 2 }),
  }),
);
const port = fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.constant(0));
const connections = named(
  some({ privateLinkServiceId: fc.oneof(known, leaf), groupIds: fc.array(leaf, { maxLength: 2 }), requestMessage: leaf }),
);
const properties = some({
  ipConfigurations,
  frontendIPConfigurations: ipConfigurations,
  loadBalancerFrontendIpConfigurations: fc.array(reference, { maxLength: 2 }),
  backendAddressPools: named(some({ loadBalancerBackendAddresses: named(some({ ipAddress: leaf, adminState: leaf })) })),
  probes: named(some({ protocol: fc.constantFrom('Tcp', 'Http', 'x'), port, requestPath: leaf, intervalInSeconds: fc.integer() })),
  loadBalancingRules: named(
    some({
      frontendIPConfiguration: reference,
      backendAddressPool: reference,
      probe: reference,
      protocol: fc.constantFrom('Tcp', 'All'),
      frontendPort: port,
      backendPort: port,
    }),
  ),
  subnet: reference,
  privateLinkServiceConnections: connections,
  manualPrivateLinkServiceConnections: connections,
  customDnsConfigs: fc.array(some({ fqdn: leaf }), { maxLength: 2 }),
  visibility: some({ subscriptions: fc.array(leaf, { maxLength: 2 }) }),
  privateDnsZoneConfigs: named(some({ privateDnsZoneId: fc.oneof(known, leaf) })),
  virtualNetwork: reference,
  aRecords: fc.array(some({ ipv4Address: leaf }), { maxLength: 2 }),
});
const tags = fc.dictionary(fc.constantFrom('hidden-approval', 'hidden-probe-protocol'), fc.string({ maxLength: 30 }), { maxKeys: 1 });

test('whatever is sent, it is taken or refused, and the plan stays one', { timeout: 60_000 }, async () => {
  await using scene = await networkScene();
  await tutorial(scene);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ids),
      fc.constantFrom('PUT', 'PUT', 'PATCH', 'DELETE'),
      fc.record({ location: fc.constantFrom('eastus', 'global'), tags, properties }),
      async (id, verb, sent) => {
        const written = await scene.plane.send(verb, id, verb === 'DELETE' ? undefined : sent);
        expect(written.status < 500 ? '' : written.text).toBe('');
        const read = await scene.plane.send('GET', id);
        expect(read.status < 500 ? '' : read.text).toBe('');
        expect(read.body.properties?.provisioningState).not.toBe('Failed');
        expect(() => compileTables(scene.latest())).not.toThrow();
      },
    ),
    { numRuns: 500, endOnFailure: true },
  );
});
