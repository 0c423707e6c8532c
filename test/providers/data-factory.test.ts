import { afterEach, beforeEach, expect, test } from 'vitest';
import { compileTables } from '#fabric/tables.ts';
import { networkScene, type NetworkScene } from './network-scene.ts';

let scene: NetworkScene;
let factory: string;
beforeEach(async () => {
  scene = await networkScene();
  factory = scene.id('Microsoft.DataFactory/factories', 'shop');
  await scene.put(factory, { location: 'eastus', identity: { type: 'SystemAssigned' } });
});
afterEach(() => scene[Symbol.asyncDispose]());

const get = async (id: string) => (await scene.plane.send('GET', id)).body;
const network = (): string => `${factory}/managedVirtualNetworks/default`;
const endpoint = (): string => `${network()}/managedPrivateEndpoints/toShop`;
const runtime = (): string => `${factory}/integrationRuntimes/AutoResolveIntegrationRuntime`;

async function withEndpoint(): Promise<string> {
  const server = scene.id('Microsoft.Sql/servers', 'shop');
  await scene.put(server, { location: 'eastus', tags: { 'hidden-backend': 'localhost:1433' } });
  await scene.put(network(), { properties: {} });
  await scene.put(endpoint(), { properties: { privateLinkResourceId: server, groupId: 'sqlServer', fqdns: ['db.example,1433'] } });
  return server;
}

test('a factory shows what clients read, and goes with all that lies in it', async () => {
  const shown = await get(factory);
  expect(shown).toMatchObject({
    eTag: expect.any(String),
    identity: { type: 'SystemAssigned', principalId: expect.any(String) },
    properties: { version: '2018-06-01', createTime: expect.any(String), provisioningState: 'Succeeded' },
  });
  expect((await scene.plane.send('PUT', factory, { location: 'eastus', tags: { 'hidden-egress-mode': 'closed' } })).body.error.code).toBe(
    'InvalidEgressMode',
  );
  expect((await scene.plane.send('PUT', `${factory}/managedVirtualNetworks/other`, { properties: {} })).body.error.code).toBe(
    'InvalidManagedVirtualNetworkName',
  );
  const server = await withEndpoint();
  expect((await scene.plane.send('GET', `${server}/privateEndpointConnections`)).body.value).toHaveLength(1);
  expect((await scene.plane.send('DELETE', factory)).status).toBeLessThan(300);
  await expect.poll(async () => (await scene.plane.send('GET', factory)).status).toBe(404);
  expect((await scene.plane.send('GET', `${server}/privateEndpointConnections`)).body.value).toEqual([]);
  await expect.poll(() => scene.latest().segments).toEqual([]);
});

test('a managed private endpoint waits for the owner whoever asks; what is decided is in the plan', async () => {
  scene.approvers.add('owner');
  const server = await withEndpoint();
  const shown = await get(endpoint());
  expect(shown.properties).toMatchObject({ connectionState: { status: 'Pending' }, provisioningState: 'Succeeded', isReserved: false });
  const planned = () => scene.latest().endpoints[0];
  expect(scene.latest().segments).toEqual([{ id: network().toLowerCase(), kind: 'managed', egress: 'open', names: [] }]);
  expect(planned()).toMatchObject({
    segment: network().toLowerCase(),
    state: 'Pending',
    service: server.toLowerCase(),
    address: expect.stringMatching(/^100\.64\./),
    names: [
      { name: 'db.example', port: 1433 },
      { name: 'shop.database.isthmus.localhost', port: undefined },
    ],
  });
  compileTables(scene.latest());
  const [connection] = (await scene.plane.send('GET', `${server}/privateEndpointConnections`)).body.value;
  const decide = (status: string) =>
    scene.plane.send(
      'PUT',
      connection.id,
      { properties: { privateLinkServiceConnectionState: { status, description: 'By the owner.' } } },
      'other',
    );
  await decide('Approved');
  expect([planned()?.state, (await get(endpoint())).properties.connectionState.status]).toEqual(['Approved', 'Approved']);
  await decide('Rejected');
  expect([planned()?.state, (await get(endpoint())).properties.connectionState.status]).toEqual(['Rejected', 'Rejected']);
  // Written once more, it asks anew, under the same number.
  const { linkId } = planned()!;
  await withEndpoint();
  await expect.poll(() => planned()?.state).toBe('Pending');
  expect(planned()?.linkId).toBe(linkId);
  await scene.put(factory, { location: 'eastus', tags: { 'hidden-egress-mode': 'enforce' } });
  await scene.keeper.current();
  expect(scene.latest().segments[0]?.egress).toBe('none');
  await scene.put(factory, { location: 'eastus', tags: { 'Hidden-Egress-Mode': ' Report ' } });
  await scene.keeper.current();
  expect(scene.latest().segments[0]?.egress).toBe('report');
  await scene.plane.send('DELETE', endpoint());
  await expect.poll(() => scene.latest().endpoints).toEqual([]);
});

test('what it leads to must be there, and offer what is asked for', async () => {
  await scene.put(network(), { properties: {} });
  const refusal = async (properties: unknown) => (await scene.plane.send('PUT', endpoint(), { properties })).body.error.code;
  expect(await refusal({ privateLinkResourceId: scene.id('Microsoft.Sql/servers', 'none'), groupId: 'sqlServer' })).toBe(
    'InvalidResourceReference',
  );
  expect(await refusal({ privateLinkResourceId: factory })).toBe('PrivateLinkTargetNotSupported');
  expect(await refusal({ groupId: 'sqlServer' })).toBe('InvalidRequestFormat');
});

test('runtimes: one is there from the start, and interactive authoring ends by itself', async () => {
  const names = async () => (await get(`${factory}/integrationRuntimes`)).value.map(({ name }: { name: string }) => name);
  expect(await names()).toEqual(['AutoResolveIntegrationRuntime']);
  const own = `${factory}/integrationRuntimes/own`;
  const inNetwork = { type: 'Managed', managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' } };
  expect((await scene.plane.send('PUT', own, { properties: inNetwork })).body.error.code).toBe('InvalidResourceReference');
  await scene.put(network(), { properties: {} });
  await scene.put(own, { properties: inNetwork });
  expect(await names()).toEqual(['AutoResolveIntegrationRuntime', 'own']);
  expect((await scene.plane.send('PUT', own, { properties: { type: 'Managed' } })).body.error.code).toBe('IntegrationRuntimeNetworkFixed');
  expect((await scene.plane.send('PUT', own, { properties: { type: 'SelfHosted' } })).body.error.code).toBe('InvalidRequestFormat');

  const post = async (id: string, action: string, body: unknown = {}) => (await scene.plane.send('POST', `${id}/${action}`, body)).body;
  const status = async (id: string) => (await post(id, 'getStatus')).properties.typeProperties.interactiveQuery;
  expect(await status(runtime())).toMatchObject({ status: 'Disabled' });
  await post(runtime(), 'enableInteractiveQuery');
  expect(await status(runtime())).toMatchObject({ status: 'Enabled', autoTerminationMinutes: 60 });
  expect(await status(own)).toMatchObject({ status: 'Disabled' });
  await scene.plane.restart();
  scene.nowMs += 59 * 60_000;
  expect(await status(runtime())).toMatchObject({ status: 'Enabled' });
  scene.nowMs += 60_000;
  expect(await status(runtime())).toMatchObject({ status: 'Disabled' });
  await post(own, 'enableInteractiveQuery', { autoTerminationMinutes: 5 });
  await post(own, 'disableInteractiveQuery');
  expect(await status(own)).toMatchObject({ status: 'Disabled' });
});

test('secrets of linked services are sealed, masked, and kept when they come back masked', async () => {
  const service = `${factory}/linkedservices/shop`;
  const typeProperties = {
    server: 'db.example',
    database: 'shop',
    username: 'reader',
    password: { type: 'SecureString', value: 'p4ss-w0rd' },
  };
  await scene.put(service, { properties: { type: 'PostgreSqlV2', typeProperties } });
  const shown = await get(service);
  expect(shown.properties.typeProperties.password).toEqual({ type: 'SecureString', value: '**********' });
  await scene.put(service, { properties: { ...shown.properties, description: 'sent back' } });
  const kept = await scene.plane.store.get(service);
  expect(JSON.stringify(kept)).not.toContain('p4ss-w0rd');
  expect(JSON.stringify(kept)).toContain(Buffer.from('p4ss-w0rd').toString('hex'));

  const whole = { type: 'SecureString', value: 'Server=db.example;Database=shop;User ID=sa;Password=p4ss-w0rd' };
  await scene.put(service, { properties: { type: 'AzureSqlMI', typeProperties: { connectionString: whole } } });
  expect((await get(service)).properties.typeProperties.connectionString).toEqual({ type: 'SecureString', value: '**********' });
  const text = { type: 'AzureSqlMI', typeProperties: { connectionString: whole.value } };
  await scene.put(service, { properties: text });
  expect((await get(service)).properties.typeProperties.connectionString).toBe('Server=db.example;Database=shop;User ID=sa;');
  expect((await get(service)).properties.typeProperties.password.value).toBe('**********');
  expect(JSON.stringify(await scene.plane.store.get(service))).not.toContain('p4ss-w0rd');
  const wrong = { type: 'PostgreSqlV2', connectVia: { referenceName: 'none' }, typeProperties };
  expect((await scene.plane.send('PUT', service, { properties: wrong })).body.error.code).toBe('InvalidResourceReference');
});

test('a saved secret stays with the login that it was saved for', async () => {
  const service = `${factory}/linkedservices/shop`;
  const password = { type: 'SecureString', value: 'p4ss-w0rd' };
  const typeProperties = { server: 'db.example', database: 'shop', username: 'reader' };
  const put = async (more: object) => {
    const { body } = await scene.plane.send('PUT', service, {
      properties: { type: 'PostgreSqlV2', typeProperties: { ...typeProperties, ...more } },
    });
    return body.error?.code ?? 'saved';
  };
  expect(await put({ password })).toBe('saved');
  expect(await put({ database: 'other' })).toBe('saved');
  const masked = { ...password, value: '**********' };
  for (const more of [{ server: 'thief.example' }, { username: 'admin', password: masked }, { port: 5433 }, { sslMode: 'disable' }])
    expect(await put(more)).toBe('SavedSecretNotForThis');
  expect(JSON.stringify(await scene.plane.store.get(service))).toContain('db.example');
  // Whoever knows it may say it anew.
  expect(await put({ server: 'new.example', password })).toBe('saved');
});

test('what is called secret and would not be sealed is refused, whatever its name', async () => {
  const service = `${factory}/linkedservices/shop`;
  const open = { server: 'db.example', username: 'reader' };
  const put = async (properties: object) => await scene.plane.send('PUT', service, { properties: { type: 'PostgreSqlV2', ...properties } });
  const secret = { type: 'SecureString', value: 'p4ss-w0rd' };
  for (const more of [{ servicePrincipalKey: secret }, { inner: { key: { ...secret, type: 'secureString' } } }])
    expect((await put({ typeProperties: { ...open, ...more } })).body.error.code).toBe('InvalidRequestFormat');
  expect((await put({ typeProperties: open, parameters: { word: { type: 'SecureString', defaultValue: 'x' } } })).status).toBe(400);
  expect((await put({ typeProperties: { ...open, Password: 'p4ss-w0rd' } })).status).toBeLessThan(300);
  expect(JSON.stringify([await get(service), await scene.plane.store.get(service)])).not.toContain('p4ss-w0rd');
});

test('a test needs a network and interactive authoring, renews its time, and sends a saved secret nowhere else', async () => {
  const service = {
    type: 'PostgreSqlV2',
    typeProperties: { server: 'db.example', username: 'reader', password: { type: 'SecureString', value: 'pw' } },
  };
  await scene.put(`${factory}/linkedservices/shop`, { properties: service });
  const testing = async (linkedService: unknown) => (await scene.plane.send('POST', `${factory}/testConnectivity`, { linkedService })).body;
  const code = async (linkedService: unknown) => (await testing(linkedService)).error?.code;
  expect(await code({ name: 'shop' })).toBe('ManagedVirtualNetworkRequired');
  await scene.put(network(), { properties: {} });
  expect(await code({ name: 'shop' })).toBe('InteractiveAuthoringNotEnabled');
  expect(await code({ name: 'none' })).toBe('LinkedServiceNotFound');
  expect(await code({ name: 'shop', properties: { type: 'Oracle', typeProperties: {} } })).toBe('InvalidLinkedService');
  await scene.plane.send('POST', `${runtime()}/enableInteractiveQuery`, { autoTerminationMinutes: 5 });
  scene.nowMs += 4 * 60_000;
  const denied = await testing({ name: 'shop' });
  expect(denied).toMatchObject({ succeeded: false, errors: [{ code: 'SqlFailedToConnect' }, { code: 'NameNotFound' }] });
  scene.nowMs += 4 * 60_000;
  const masked = { ...service, typeProperties: { ...service.typeProperties, password: { type: 'SecureString', value: '**********' } } };
  expect((await testing({ name: 'shop', properties: masked })).succeeded).toBe(false);
  const elsewhere = { ...masked, typeProperties: { ...masked.typeProperties, server: 'thief.example' } };
  expect(await code({ name: 'shop', properties: elsewhere })).toBe('SavedSecretNotForThis');
});
