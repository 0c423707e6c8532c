import { expect, test } from 'vitest';
import { networkScene } from './network-scene.ts';
import { tutorial } from './network-tutorial.ts';

const day = 86_400_000;
const subscription = '11111111-1111-4111-8111-111111111111';

test('rejected, asked anew, approved, withdrawn: each is in the plan before it is answered', async () => {
  await using scene = await networkScene();
  const { ask, decide, state } = await tutorial(scene);
  const inPlan = () => scene.latest().endpoints[0]!.state;
  await ask();
  expect([await state(), inPlan()]).toEqual(['Pending', 'Pending']);
  expect((await decide('Rejected')).status).toBe(200);
  expect([await state(), inPlan()]).toEqual(['Rejected', 'Rejected']);
  expect((await decide('Approved')).body.error).toMatchObject({
    code: 'PrivateEndpointConnectionRejected',
    message: expect.stringContaining('asks again'),
  });
  const { linkId } = scene.latest().endpoints[0]!;
  expect((await ask()).status).toBe(200);
  expect([await state(), inPlan()]).toEqual(['Pending', 'Pending']);
  expect((await decide('Approved')).status).toBe(200);
  expect([await state(), inPlan()]).toEqual(['Approved', 'Approved']);
  // Writing it again asks for nothing new.
  await ask();
  expect([await state(), inPlan()]).toEqual(['Approved', 'Approved']);
  expect((await decide('Rejected')).body.properties.privateLinkServiceConnectionState.status).toBe('Rejected');
  expect(scene.latest().endpoints[0]).toMatchObject({ state: 'Rejected', linkId });
});

test('a connection that its owner removes is Disconnected until the endpoint is written again', async () => {
  await using scene = await networkScene();
  const { ask, decide, service, state } = await tutorial(scene);
  await ask();
  await decide('Approved');
  const [connection] = (await scene.plane.send('GET', `${service}/privateEndpointConnections`)).body.value;
  expect((await scene.plane.send('DELETE', service)).body.error.code).toBe(
    'PrivateLinkServiceCannotBeDeletedWithPrivateEndpointConnections',
  );
  expect((await scene.plane.send('DELETE', connection.id)).status).toBe(200);
  expect([await state(), scene.latest().endpoints[0]!.state]).toEqual(['Disconnected', 'Disconnected']);
  expect((await scene.plane.send('GET', connection.id)).status).toBe(404);
  expect(
    (await scene.plane.send('PUT', connection.id, { properties: { privateLinkServiceConnectionState: { status: 'Approved' } } })).status,
  ).toBe(404);
  await ask();
  expect(await state()).toBe('Pending');
});

test('who asks does not approve, unless a role says that they may; then it is approved at once', async () => {
  await using scene = await networkScene();
  const { ask, decide, endpoint, state } = await tutorial(scene);
  await ask({ as: 'asker' });
  expect((await decide('Approved', 'asker')).body.error).toMatchObject({ code: 'RequesterMayNotApprove' });
  expect(await state()).toBe('Pending');
  scene.approvers.add('asker');
  expect((await decide('Approved', 'asker')).status).toBe(200);
  expect((await scene.plane.send('DELETE', endpoint)).status).toBe(200);
  await ask({ as: 'asker', manual: false });
  expect(await state()).toBe('Approved');
  expect((await scene.plane.send('DELETE', endpoint)).status).toBe(200);
  expect(scene.latest().endpoints).toEqual([]);
  await ask({ as: 'other', manual: false });
  expect(await state()).toBe('Pending');
});

test('the list of a service approves a subscription, by alias too', async () => {
  await using scene = await networkScene();
  const { ask, service, state, putService } = await tutorial(scene);
  const lists = { visibility: { subscriptions: [subscription] }, autoApproval: { subscriptions: [subscription] } };
  expect((await putService({}, lists)).status).toBe(200);
  const { alias } = (await scene.plane.send('GET', service)).body.properties;
  await ask({ to: alias });
  expect(await state()).toBe('Approved');
  expect(scene.latest().endpoints[0]).toMatchObject({ state: 'Approved', service: service.toLowerCase() });
  const location = `/subscriptions/${subscription}/providers/Microsoft.Network/locations/eastus`;
  const asked = { privateLinkServiceAlias: alias };
  expect((await scene.plane.send('POST', `${location}/checkPrivateLinkServiceVisibility`, asked)).body).toEqual({ visible: true });
  expect((await scene.plane.send('POST', `${location}/autoApprovedPrivateLinkServices`, {})).body).toEqual({
    value: [{ privateLinkService: alias }],
  });
});

test('two people must approve, and the approval ends; then it is asked for once more', async () => {
  await using scene = await networkScene();
  const { ask, decide, service, state, putService } = await tutorial(scene);
  expect((await putService({ 'hidden-approval': 'approvers=2; expires=P30D' })).status).toBe(200);
  await ask();
  const first = await decide('Approved', 'anna');
  expect(first.body.properties).toMatchObject({
    privateLinkServiceConnectionState: { status: 'Pending', actionsRequired: expect.stringContaining('1 of 2') },
  });
  await decide('Approved', 'anna');
  expect([await state(), scene.latest().endpoints[0]!.state]).toEqual(['Pending', 'Pending']);
  await decide('Approved', 'berta');
  expect(scene.latest().endpoints[0]).toMatchObject({ state: 'Approved', expiresAtMs: scene.nowMs + 30 * day });
  scene.nowMs += 25 * day;
  const [soon] = (await scene.plane.send('GET', `${service}/privateEndpointConnections`)).body.value;
  expect(soon.properties).toMatchObject({
    privateLinkServiceConnectionState: { status: 'Approved', actionsRequired: expect.stringContaining('ends at') },
    approval: { expiresSoon: true },
  });
  scene.nowMs += 5 * day;
  expect(await state()).toBe('Pending');
  await decide('Approved', 'anna');
  expect(await state()).toBe('Pending');
  await decide('Approved', 'clara');
  expect(await state()).toBe('Approved');
  expect(scene.latest().endpoints[0]).toMatchObject({ state: 'Approved', expiresAtMs: scene.nowMs + 30 * day });
});

test.each(['approvers=0', 'approvers=2; approvers=3', 'expires=30 days', 'expires=P', 'people=2', '', 'approvers=two', 'expires=PT0S'])(
  'the policy %j is refused',
  async (policy) => {
    await using scene = await networkScene();
    const { putService } = await tutorial(scene);
    expect((await putService({ 'hidden-approval': policy })).body.error).toMatchObject({
      code: 'InvalidApprovalPolicy',
      target: 'tags.hidden-approval',
    });
  },
);

test('a server that takes endpoints itself; it goes, and the endpoint is Disconnected', async () => {
  await using scene = await networkScene();
  const { endpoint, subnet, state } = await tutorial(scene);
  const server = scene.id('Microsoft.Sql/servers', 'shop');
  await scene.put(server, { location: 'eastus', tags: { 'hidden-backend': 'db.example.net:1433' }, properties: {} });
  const zone = scene.id('Microsoft.Network/privateDnsZones', 'privatelink.database.isthmus.localhost');
  await scene.put(zone, { location: 'global', properties: {} });
  const network = subnet('pe').id.replace(/\/subnets\/.*/, '');
  await scene.put(`${zone}/virtualNetworkLinks/l`, {
    location: 'global',
    properties: { virtualNetwork: { id: network }, registrationEnabled: false },
  });
  await scene.put(`${zone}/A/by-hand`, { properties: { ttl: 60, aRecords: [{ ipv4Address: '10.9.9.9' }] } });
  const body = (groupIds: readonly string[]) => ({
    location: 'eastus',
    properties: {
      subnet: subnet('pe'),
      privateLinkServiceConnections: [{ name: 'c', properties: { privateLinkServiceId: server, groupIds } }],
    },
  });
  expect((await scene.plane.send('PUT', endpoint, body([]))).body.error.code).toBe('InvalidPrivateLinkGroupId');
  await scene.put(endpoint, body(['sqlServer']));
  const group = await scene.put(`${endpoint}/privateDnsZoneGroups/default`, {
    properties: { privateDnsZoneConfigs: [{ name: 'sql', properties: { privateDnsZoneId: zone } }] },
  });
  expect(group.body.properties.privateDnsZoneConfigs[0].properties.recordSets[0]).toMatchObject({
    recordSetName: 'shop',
    ipAddresses: ['10.0.3.4'],
  });
  const [connection] = (await scene.plane.send('GET', server)).body.properties.privateEndpointConnections;
  const decision = { properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'yes' } } };
  expect((await scene.plane.send('PUT', connection.id, decision, 'approver')).status).toBe(200);
  expect(scene.latest()).toMatchObject({
    endpoints: [
      {
        state: 'Approved',
        address: '10.0.3.4',
        names: [{ name: 'shop.database.isthmus.localhost', port: undefined }],
        service: server.toLowerCase(),
      },
    ],
    segments: [
      {
        names: [
          { name: 'by-hand.privatelink.database.isthmus.localhost', addresses: ['10.9.9.9'] },
          { name: 'shop.database.isthmus.localhost', addresses: ['10.0.3.4'] },
          { name: 'shop.privatelink.database.isthmus.localhost', addresses: ['10.0.3.4'] },
        ],
      },
    ],
  });
  expect(scene.latest().services.find(({ kind }) => kind === 'database')).toEqual({
    kind: 'database',
    id: server.toLowerCase(),
    target: { host: 'db.example.net', port: 1433 },
    ports: [1433],
  });
  expect((await scene.plane.send('DELETE', server)).status).toBeLessThan(300);
  await expect.poll(async () => (await scene.plane.send('GET', server)).status).toBe(404);
  expect([await state(), scene.latest().endpoints[0]]).toMatchObject(['Disconnected', { state: 'Disconnected', service: undefined }]);
});
