import { expect, test } from 'vitest';
import { balancerProblems, balancerSteps, firstBalancer, firstRule } from './balancer-draft.ts';
import { endpointProblems, endpointSteps, firstEndpoint } from './endpoint-draft.ts';
import { firstForwarder, forwarderProblems, forwarderSteps } from './forwarder-draft.ts';
import { firstNetwork, networkProblems, networkSteps, nextRange } from './network-draft.ts';
import { groupSteps } from './place.ts';
import { firstService, serviceProblems, serviceSteps } from './service-draft.ts';
import { hasProblems, namesOf, namesProblem, parseRange, rangeProblem } from './validation.ts';

const subscription = '/subscriptions/s';
const group = { id: `${subscription}/resourceGroups/Shop`, name: 'Shop', type: 'Microsoft.Resources/resourceGroups', properties: {} };
const ground = { subscription, groups: [group] };
const place = { group: 'shop', region: 'eastus', name: 'x1' };

test.each(['10.0.0.0/16', '0.0.0.0/8', '255.255.255.248/29'])('the range %j is one', (text) => {
  expect(rangeProblem(text)).toBeUndefined();
  expect(parseRange(text)).toBeDefined();
});

test.each([
  ['10.0.1.5/24', 'begins at 10.0.1.0'],
  ['200.255.255.255/8', 'begins at 200.0.0.0'],
  ['10.0.0.0/30', 'smallest range is a /29'],
  ['10.0.0.0', '10.0.1.0/24'],
  ['10.0.0.256/24', '10.0.1.0/24'],
  ['10.0.0.0/33', '10.0.1.0/24'],
  ['010.0.0.0/8', '10.0.1.0/24'],
  ['', '10.0.1.0/24'],
])('the range %j is refused, and it is said what would do', (text, says) => {
  expect(rangeProblem(text)).toContain(says);
});

test('the network of the tutorial is right as it is proposed, and every mistake is told at its field', () => {
  const draft = { ...firstNetwork, place };
  expect(hasProblems(networkProblems(draft))).toBe(false);
  const [first, second, third] = draft.subnets;
  const wrong = {
    ...draft,
    subnets: [first!, { ...second!, range: '10.0.1.128/25' }, { ...third!, name: 'BE-subnet', range: '10.1.0.0/24' }],
  };
  expect(networkProblems(wrong)).toMatchObject({
    'range 2': expect.stringContaining('overlaps be-subnet'),
    'name 3': expect.stringContaining('called so'),
    'range 3': expect.stringContaining('address space'),
  });
  expect(networkProblems({ ...draft, spaces: '10.0.0.0/16, 10.0.128.0/17' })['spaces']).toContain('overlap');
  expect(networkProblems({ ...draft, spaces: '' })['spaces']).toBeDefined();
  expect(nextRange(draft)).toBe('10.0.0.0/24');
  expect(nextRange({ spaces: '10.0.1.0/24', subnets: draft.subnets })).toBeUndefined();
});

test('a new group is made first, one that is there is used in its own casing', () => {
  expect(groupSteps(place, ground)).toEqual([]);
  expect(networkSteps({ ...firstNetwork, place }, ground).map(({ path }) => path)).toEqual([
    `${group.id}/providers/Microsoft.Network/virtualNetworks/x1`,
  ]);
  expect(networkSteps({ ...firstNetwork, place: { ...place, group: 'New' } }, ground).map(({ path }) => path)).toEqual([
    `${subscription}/resourceGroups/New`,
    `${subscription}/resourceGroups/New/providers/Microsoft.Network/virtualNetworks/x1`,
  ]);
});

test('the balancer of the tutorial: frontend, pool, probe and rule refer to each other', () => {
  const draft = { ...firstBalancer, place, subnet: '/subnet' };
  expect(hasProblems(balancerProblems(draft))).toBe(false);
  expect(balancerProblems(firstBalancer)).toMatchObject({ subnet: expect.any(String), name: expect.any(String) });
  const double = { ...draft, rules: [firstRule, { ...firstRule, key: 2 }], threshold: '0', address: '10.0.0' };
  expect(balancerProblems(double)).toMatchObject({
    'name 1': expect.any(String),
    'port 2': expect.stringContaining('takes this port'),
    threshold: expect.any(String),
    address: expect.any(String),
  });
  const [{ path, body }] = balancerSteps(draft, ground) as unknown as readonly [
    { path: string; body: { properties: Record<string, unknown[]> } },
  ];
  expect(body.properties['loadBalancingRules']).toEqual([
    expect.objectContaining({
      properties: expect.objectContaining({
        frontendIPConfiguration: { id: `${path}/frontendIPConfigurations/LoadBalancerFrontEnd` },
        backendAddressPool: { id: `${path}/backendAddressPools/myBackendPool` },
        probe: { id: `${path}/probes/myHealthProbe` },
        frontendPort: 1433,
      }),
    }),
  ]);
  expect(body.properties['probes']).toEqual([
    { name: 'myHealthProbe', properties: { protocol: 'Tcp', port: 22, intervalInSeconds: 15, numberOfProbes: 2 } },
  ]);
});

test('a service carries its approval policy as the tag that the server reads', () => {
  const draft = { ...firstService, place, frontend: '/f', subnet: '/s', names: 'mi1.abc.database.windows.net' };
  expect(hasProblems(serviceProblems(draft))).toBe(false);
  expect(serviceSteps(draft, ground)[0]?.body).not.toHaveProperty('tags');
  expect(serviceSteps({ ...draft, approvers: '2', days: '30' }, ground)[0]?.body).toMatchObject({
    tags: { 'hidden-approval': 'approvers=2; expires=P30D' },
    properties: { fqdns: ['mi1.abc.database.windows.net'] },
  });
  expect(serviceProblems({ ...draft, approvers: '0', days: 'x' })).toMatchObject({
    approvers: expect.any(String),
    days: expect.any(String),
  });
});

test("a forwarder is an interface, a machine and the tutorial's command; a host with more in it is no host", () => {
  const forwards = [{ key: 1, port: '1433', host: 'mi1.abc.database.windows.net', toPort: '1433' }];
  const draft = { ...firstForwarder, place, subnet: '/s', pool: '/p', forwards };
  expect(hasProblems(forwarderProblems(draft))).toBe(false);
  expect(forwarderSteps(draft, ground).map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`)).toEqual([
    'PUT networkInterfaces/x1-nic',
    'PUT virtualMachines/x1',
    'POST x1/runCommand',
  ]);
  expect(forwarderSteps(draft, ground)[2]?.body).toMatchObject({
    script: ['sudo ./ip_fwd.sh -i eth0 -f 1433 -a mi1.abc.database.windows.net -b 1433'],
  });
  for (const host of ['', 'a b', 'db; rm -rf /', '$(id)', 'a -b 1'])
    expect(forwarderProblems({ ...draft, forwards: [{ ...forwards[0]!, host }] })['host 1']).toBeDefined();
  expect(forwarderSteps({ ...draft, forwards: [] }, ground)).toHaveLength(2);
});

test('an endpoint says what of a server is meant, and nothing of a service', () => {
  const service = `${group.id}/providers/Microsoft.Network/privateLinkServices/pls`;
  const server = `${group.id}/providers/Microsoft.Sql/servers/db`;
  const draft = { ...firstEndpoint, place, subnet: '/s', target: service, message: 'please', names: 'db.example,1433' };
  const asked = (target: string) => endpointSteps({ ...draft, target }, ground)[0]?.body;
  expect(hasProblems(endpointProblems(draft))).toBe(false);
  expect(asked(service)).toMatchObject({
    properties: {
      customDnsConfigs: [{ fqdn: 'db.example,1433' }],
      manualPrivateLinkServiceConnections: [{ properties: { privateLinkServiceId: service, requestMessage: 'please' } }],
    },
  });
  expect(JSON.stringify(asked(service))).not.toContain('groupIds');
  expect(JSON.stringify(asked(server))).toContain('"groupIds":["sqlServer"]');
  expect(endpointProblems({ ...draft, target: 'pls.guid.eastus.azure.privatelinkservice' })['target']).toBeUndefined();
  expect(endpointProblems({ ...draft, target: `${group.id}/providers/Microsoft.Storage/x/y` })['target']).toBeDefined();
  expect(endpointProblems({ ...draft, target: 'pls' })['target']).toBeDefined();
});

test('names are told apart, each with a port of its own or without', () => {
  expect(namesOf('a.example, b.example\nc.example,1433; d.example')).toEqual(['a.example', 'b.example', 'c.example,1433', 'd.example']);
  expect(namesProblem('a.example, <b>')).toContain('<b>');
  expect(namesProblem('')).toBeUndefined();
});
