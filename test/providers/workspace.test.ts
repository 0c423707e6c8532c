import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { groupType, subscriptionType } from '#arm/resource-id.ts';
import { resourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { linkConnectionType } from '#providers/synapse/type-names.ts';
import { networkScene, type NetworkScene } from './network-scene.ts';

let scene: NetworkScene;
let workspace: string;
let givenBack: boolean;
/** What stands for links here: they go when they have given back. */
const links = resourceType<JsonObject>({
  type: linkConnectionType,
  summary: 'A link',
  versions: { floor: '2020-01-01', implemented: '2025-01-01' },
  location: 'none',
  properties: z.object({}) as unknown as z.ZodType<JsonObject>,
  remove: async () => (givenBack ? { kind: 'ready' } : { kind: 'waiting', for: 'the source', retryMs: 50 }),
});
beforeEach(async () => {
  givenBack = false;
  scene = await networkScene({ more: [links] });
  workspace = scene.id('Microsoft.Synapse/workspaces', 'shopspace');
});
afterEach(() => scene[Symbol.asyncDispose]());

const get = async (id: string) => (await scene.plane.send('GET', id)).body;
const refusal = async (method: string, id: string, body?: unknown) => (await scene.plane.send(method, id, body)).body.error?.code;
const plane = '/synapse/shopspace';
const endpoint = `${plane}/managedVirtualNetworks/default/managedPrivateEndpoints/toShop`;
const protectedNetwork = { managedVirtualNetwork: 'default', managedVirtualNetworkSettings: { preventDataExfiltration: true } };
const create = (properties: unknown, more: object = {}) => scene.put(workspace, { location: 'eastus', properties, ...more });

const ownTenant = 'aaaaaaaa-0000-4000-8000-000000000001';
const otherTenant = 'bbbbbbbb-0000-4000-8000-000000000002';
const otherGroup = '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/Other';

/** The scene's subscription belongs to one tenant, a second one to another. */
async function twoTenants(): Promise<void> {
  await scene.plane.store.write(async (transaction) => {
    const usual = { location: undefined, tags: {}, envelope: {}, references: [], principal: 'setup', ready: true };
    const subscription = (id: string, tenantId: string) =>
      transaction.put({ ...usual, id, type: subscriptionType, properties: { tenantId } });
    await subscription(workspace.split('/').slice(0, 3).join('/'), ownTenant);
    await subscription(otherGroup.split('/').slice(0, 3).join('/'), otherTenant);
    await transaction.put({ ...usual, id: otherGroup, type: groupType, location: 'eastus', properties: {} });
  });
}

async function server(name: string, group?: string): Promise<string> {
  const id = group === undefined ? scene.id('Microsoft.Sql/servers', name) : `${group}/providers/Microsoft.Sql/servers/${name}`;
  await scene.put(id, { location: 'eastus', tags: { 'hidden-backend': 'localhost:1433' } });
  return id;
}

test('a workspace shows what clients read; what was decided at its creation stays', async () => {
  const made = await create({ managedVirtualNetwork: 'default', sqlAdministratorLogin: 'sa', sqlAdministratorLoginPassword: 'p4ss-w0rd' });
  expect(made.status).toBe(201);
  expect(made.text).not.toContain('p4ss-w0rd');
  expect(made.body).toMatchObject({
    identity: { type: 'SystemAssigned', principalId: expect.any(String), tenantId: 'tenant' },
    properties: {
      provisioningState: 'Succeeded',
      managedVirtualNetwork: 'default',
      managedVirtualNetworkSettings: { preventDataExfiltration: false, allowedAadTenantIdsForLinking: [] },
      publicNetworkAccess: 'Enabled',
      trustedServiceBypassEnabled: false,
      workspaceUID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      extraProperties: { WorkspaceType: 'Normal' },
      connectivityEndpoints: {
        dev: 'http://arm.test:4433/synapse/shopspace',
        sql: 'shopspace.sql.isthmus.localhost',
        sqlOnDemand: 'shopspace-ondemand.sql.isthmus.localhost',
        web: expect.stringContaining('/studio/?workspace='),
      },
    },
  });
  expect(await get(`${plane}/workspace`)).toEqual(await get(workspace));
  const again = await scene.plane.send('PUT', workspace, { location: 'eastus', properties: { trustedServiceBypassEnabled: true } });
  expect(again).toMatchObject({
    status: 200,
    body: { properties: { trustedServiceBypassEnabled: true, managedVirtualNetwork: 'default' } },
  });
  const patched = await scene.plane.send('PATCH', workspace, {
    tags: { team: 'one' },
    properties: { publicNetworkAccess: 'Disabled', managedVirtualNetworkSettings: { allowedAadTenantIdsForLinking: [otherTenant] } },
  });
  expect(patched.body.properties).toMatchObject({ publicNetworkAccess: 'Disabled', trustedServiceBypassEnabled: true });
  const put = (properties: unknown, more: object = {}) => refusal('PUT', workspace, { location: 'eastus', properties, ...more });
  expect(await put({ managedVirtualNetwork: '' })).toBe('PropertyChangeNotAllowed');
  expect(await put(protectedNetwork)).toBe('PropertyChangeNotAllowed');
  expect(await put({ managedResourceGroupName: 'other' })).toBe('PropertyChangeNotAllowed');
  expect(await put({ managedVirtualNetwork: 'mine' })).toBe('InvalidRequestFormat');
  expect(await put({ managedVirtualNetworkSettings: { allowedAadTenantIdsForLinking: ['x'] } })).toBe('InvalidRequestFormat');
  expect(await put({}, { tags: { 'hidden-egress-mode': 'sometimes' } })).toBe('InvalidEgressMode');
});

test('names are in use but once, whatever group they lie in, and are names of hosts', async () => {
  await twoTenants();
  await create({});
  const elsewhere = `${otherGroup}/providers/Microsoft.Synapse/workspaces/SHOPSPACE`;
  const body = { location: 'eastus', properties: {} };
  expect(await refusal('PUT', elsewhere, body)).toBe('InvalidResourceName');
  expect(await refusal('PUT', elsewhere.replace('SHOPSPACE', 'shopspace'), body)).toBe('WorkspaceNameUnavailable');
  expect(await refusal('PUT', workspace.replace('shopspace', 'shop-ondemand'), body)).toBe('InvalidResourceName');
  expect(await refusal('PUT', workspace.replace('shopspace', 'open'), { ...body, properties: protectedNetwork })).toBe(undefined);
  const bare = { managedVirtualNetworkSettings: { preventDataExfiltration: true } };
  expect(await refusal('PUT', workspace.replace('shopspace', 'bare'), { ...body, properties: bare })).toBe('ManagedVirtualNetworkRequired');
});

test('the managed virtual network comes with the workspace, and lets out what was decided, or what its tag says', async () => {
  await create({ managedVirtualNetwork: 'default' });
  const network = `${workspace}/managedVirtualNetworks/default`;
  const egress = async () => {
    await scene.keeper.current();
    return scene.latest().segments.map((segment) => (segment.id === network.toLowerCase() ? segment.egress : undefined));
  };
  expect(await egress()).toEqual(['open']);
  expect((await get(`${plane}/managedVirtualNetworks`)).value).toMatchObject([{ id: network }]);
  expect(await refusal('PUT', network, { properties: {} })).toBe('MethodNotAllowed');
  for (const [mode, expected] of [
    ['enforce', 'none'],
    ['report', 'report'],
    ['open', 'open'],
  ] as const) {
    await scene.plane.send('PATCH', workspace, { tags: { 'hidden-egress-mode': mode } });
    expect(await egress()).toEqual([expected]);
  }
  expect((await scene.plane.send('DELETE', workspace)).status).toBeLessThan(300);
  await expect.poll(async () => (await scene.plane.send('GET', workspace)).status).toBe(404);
  await expect.poll(() => scene.latest().segments).toEqual([]);
  await create(protectedNetwork);
  expect(await egress()).toEqual(['none']);
});

test('a workspace without managed virtual network has none, and nothing can be tested from it', async () => {
  await create({});
  expect((await get(`${workspace}/managedVirtualNetworks`)).value).toEqual([]);
  expect(await refusal('PUT', endpoint, { properties: { privateLinkResourceId: await server('shop'), groupId: 'sqlServer' } })).toBe(
    'ParentResourceNotFound',
  );
  const linkedService = { properties: { type: 'AzureSqlDatabase', typeProperties: { server: 'db.example', database: 'shop' } } };
  expect(await refusal('POST', `${plane}/testConnectivity`, { linkedService })).toBe('ManagedVirtualNetworkRequired');
});

test('managed private endpoints wait for the owner; with data exfiltration protection they lead to allowed tenants only', async () => {
  await twoTenants();
  await create(protectedNetwork);
  const own = await server('shop');
  const foreign = await server('foreign', otherGroup);
  const put = (privateLinkResourceId: string) =>
    scene.plane.send('PUT', endpoint, { properties: { privateLinkResourceId, groupId: 'sqlServer' } });
  const refused = await put(foreign);
  expect(refused).toMatchObject({
    status: 403,
    body: { error: { code: 'LinkedAuthorizationFailed', target: 'properties.privateLinkResourceId' } },
  });
  expect(refused.body.error.message).toContain(otherTenant);
  const made = await put(own);
  expect(made).toMatchObject({
    status: 200,
    body: { properties: { connectionState: { status: 'Pending' }, isCompliant: true, isReserved: false, groupId: 'sqlServer' } },
  });
  const allow = (allowedAadTenantIdsForLinking: readonly string[]) =>
    scene.plane.send('PATCH', workspace, { properties: { managedVirtualNetworkSettings: { allowedAadTenantIdsForLinking } } });
  await allow([otherTenant.toUpperCase()]);
  expect((await put(foreign)).body.properties).toMatchObject({ connectionState: { status: 'Pending' }, isCompliant: true });
  await allow([]);
  expect((await get(endpoint)).properties.isCompliant).toBe(false);
  expect((await scene.plane.send('DELETE', endpoint)).status).toBe(202);
  await expect.poll(async () => (await scene.plane.send('DELETE', endpoint)).status).toBe(204);
  expect((await scene.plane.send('GET', `${foreign}/privateEndpointConnections`)).body.value).toEqual([]);
});

test('an unprotected workspace may ask for anything, everybody else decides', async () => {
  await twoTenants();
  await create({ managedVirtualNetwork: 'default' });
  const foreign = await server('foreign', otherGroup);
  const made = await scene.plane.send('PUT', endpoint, { properties: { privateLinkResourceId: foreign, groupId: 'sqlServer' } });
  expect(made.body.properties).toMatchObject({ connectionState: { status: 'Pending' }, isCompliant: true });
});

test('an endpoint stays as long as a link connection that is being deleted gives back over it what it made at its source', async () => {
  await create({ managedVirtualNetwork: 'default' });
  await scene.plane.send('PUT', endpoint, { properties: { privateLinkResourceId: await server('shop'), groupId: 'sqlServer' } });
  const link = `${workspace}/linkConnections/shop`;
  await scene.put(link, {});
  const linkDeleted = scene.plane.send('DELETE', link);
  await expect.poll(async () => (await get(link)).properties.provisioningState).toBe('Deleting');
  const deleted = scene.plane.send('DELETE', endpoint);
  await expect.poll(async () => (await get(endpoint)).properties.waitingFor).toContain(link);
  expect((await get(endpoint)).properties).toMatchObject({ provisioningState: 'Deleting', connectionState: { status: 'Pending' } });
  expect(scene.latest().endpoints).toHaveLength(1);
  givenBack = true;
  expect([(await linkDeleted).status, (await deleted).status]).toEqual([200, 202]);
  expect((await scene.plane.send('GET', endpoint)).status).toBe(404);
  expect(scene.latest().endpoints).toEqual([]);
});

test('a workspace that is deleted as a whole keeps its way to the source until its links have given back', async () => {
  await create({ managedVirtualNetwork: 'default' });
  await scene.plane.send('PUT', endpoint, { properties: { privateLinkResourceId: await server('shop'), groupId: 'sqlServer' } });
  const link = `${workspace}/linkConnections/shop`;
  await scene.put(link, {});
  const before = scene.latest();
  const deleted = scene.plane.send('DELETE', workspace);
  await expect.poll(async () => (await get(endpoint)).properties.waitingFor).toContain(link);
  await scene.keeper.current();
  expect(scene.latest()).toEqual(before);
  givenBack = true;
  await deleted;
  await expect.poll(async () => (await scene.plane.send('GET', workspace)).status).toBe(404);
  await expect.poll(() => [scene.latest().segments, scene.latest().endpoints]).toEqual([[], []]);
});

test('runtimes and linked services of a workspace, with its answers, on both sides', async () => {
  await create({ managedVirtualNetwork: 'default' });
  const runtimes = async () => (await get(`${plane}/integrationRuntimes`)).value.map(({ name }: { name: string }) => name);
  expect(await runtimes()).toEqual(['AutoResolveIntegrationRuntime']);
  const shown = await get(`${workspace}/integrationRuntimes/AutoResolvingIntegrationRuntime`);
  expect(shown).toMatchObject({
    name: 'AutoResolveIntegrationRuntime',
    properties: { type: 'Managed', managedVirtualNetwork: { referenceName: 'default' } },
  });
  const own = `${workspace}/integrationRuntimes/own`;
  expect((await scene.plane.send('PUT', own, { properties: { type: 'Managed' } })).status).toBe(200);
  expect(await refusal('PUT', `${plane}/integrationRuntimes/own`, { properties: { type: 'Managed' } })).toBe('MethodNotAllowed');
  expect(await runtimes()).toEqual(['AutoResolveIntegrationRuntime', 'own']);
  const enabled = await scene.plane.send('POST', `${workspace}/integrationRuntimes/AutoResolvingIntegrationRuntime/enableInteractiveQuery`);
  expect(enabled.status).toBe(200);
  const status = await scene.plane.send('POST', `${plane}/integrationRuntimes/autoresolveintegrationruntime/getStatus`);
  expect(status.body.properties.typeProperties.interactiveQuery).toMatchObject({ autoTerminationMinutes: 60 });
  const typeProperties = { server: 'db.example', database: 'shop', userName: 'sa', password: { type: 'SecureString', value: 'p4ss-w0rd' } };
  const service = { type: 'AzureSqlDatabase', typeProperties, connectVia: { referenceName: 'AutoResolvingIntegrationRuntime' } };
  const put = await scene.plane.send('PUT', `${plane}/linkedservices/shop`, { properties: service });
  expect(put.status).toBe(200);
  expect(put.text).not.toContain('p4ss-w0rd');
  expect((await get(`${workspace}/linkedServices/shop`)).id).toBe(put.body.id);
  const tested = await scene.plane.send('POST', `${plane}/testConnectivity`, { linkedService: { name: 'shop' } });
  expect(tested).toMatchObject({
    status: 200,
    body: { succeeded: false, errors: [{ code: 'SqlFailedToConnect' }, { code: 'NameNotFound' }] },
  });
  expect((await scene.plane.send('DELETE', `${plane}/linkedservices/shop`)).status).toBe(200);
  expect((await scene.plane.send('DELETE', `${plane}/linkedservices/shop`)).status).toBe(204);
});

test("a workspace's own SQL server is a linked service that nobody writes", async () => {
  await create({ managedVirtualNetwork: 'default' });
  const name = 'shopspace-WorkspaceDefaultSqlServer';
  const { sql } = (await get(workspace)).properties.connectivityEndpoints;
  const own = {
    id: `${workspace}/linkedservices/${name}`,
    name,
    type: 'Microsoft.Synapse/workspaces/linkedservices',
    properties: {
      type: 'AzureSqlDW',
      parameters: { DBName: { type: 'String' } },
      typeProperties: { connectionString: `Data Source=tcp:${sql},1433;Initial Catalog=@{linkedService().DBName}` },
    },
  };
  for (const at of [plane, workspace]) expect(await get(`${at}/linkedservices/${name.toUpperCase()}`)).toMatchObject(own);
  const typeProperties = { server: 'db.example', database: 'shop', username: 'anna', password: 'p4ss-w0rd' };
  await scene.put(`${workspace}/linkedservices/a`, { properties: { type: 'PostgreSqlV2', typeProperties } });
  const { value } = await get(`${plane}/linkedservices`);
  expect(value).toMatchObject([own, { name: 'a' }]);
  const overwrite = { properties: { type: 'AzureSqlDW', typeProperties: { connectionString: 'Server=elsewhere.example' } } };
  expect(await refusal('PUT', `${plane}/linkedservices/${name}`, overwrite)).toBe('LinkedServiceIsBuiltIn');
  expect(await refusal('DELETE', `${plane}/linkedservices/${name}`)).toBe('ResourceIsBuiltIn');
  expect(await get(`${plane}/linkedservices/${name}`)).toMatchObject(own);
  await scene.plane.send('POST', `${workspace}/integrationRuntimes/AutoResolveIntegrationRuntime/enableInteractiveQuery`);
  expect(await refusal('POST', `${plane}/testConnectivity`, { linkedService: { name } })).toBe('LinkedServiceParameter');
  expect(await refusal('GET', `${plane}/linkedservices/other-WorkspaceDefaultSqlServer`)).toBe('ResourceNotFound');
});

test('firewall rules are replaced all at once, or not at all', async () => {
  await create({});
  const rules = async () => (await get(`${workspace}/firewallRules`)).value.map(({ name }: { name: string }) => name);
  await scene.put(`${workspace}/firewallRules/allowAll`, { properties: { startIpAddress: '0.0.0.0', endIpAddress: '255.255.255.255' } });
  const replace = (ipFirewallRules: unknown) => scene.plane.send('POST', `${workspace}/replaceAllIpFirewallRules`, { ipFirewallRules });
  const office = { startIpAddress: '203.0.113.1', endIpAddress: '203.0.113.9' };
  const wrong = await replace({ office, back: { startIpAddress: '203.0.113.9', endIpAddress: '203.0.113.1' } });
  expect(wrong.body.error.code).toBe('InvalidFirewallRuleRange');
  expect((await replace({ 'a/b': office })).body.error).toBeDefined();
  expect(await rules()).toEqual(['allowAll']);
  expect((await replace({ office, azure: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' } })).status).toBe(200);
  expect(await rules()).toEqual(['azure', 'office']);
  await replace({});
  expect(await rules()).toEqual([]);
});

test('who comes from outside passes the firewall of the workspace, or the plane is not there for them', async () => {
  await create({});
  const code = async (address: string) => (await scene.plane.askFrom(address, `${plane}/workspace`)).body.error?.code;
  const rule = (name: string, startIpAddress: string, endIpAddress: string) =>
    scene.put(`${workspace}/firewallRules/${name}`, { properties: { startIpAddress, endIpAddress } });
  expect(await code('203.0.113.5')).toBe('ClientIpAddressNotAuthorized');
  expect([await code('127.0.0.9'), await code('::1'), await code('::ffff:127.0.0.1')]).toEqual([undefined, undefined, undefined]);
  await rule('azure', '0.0.0.0', '0.0.0.0');
  await rule('office', '203.0.113.5', '203.0.113.9');
  const seen = ['203.0.113.4', '203.0.113.5', '::ffff:203.0.113.9', '203.0.113.10', '2001:db8::1', '0.0.0.0'];
  expect(await Promise.all(seen.map(code))).toEqual([
    'ClientIpAddressNotAuthorized',
    undefined,
    undefined,
    'ClientIpAddressNotAuthorized',
    'ClientIpAddressNotAuthorized',
    'ClientIpAddressNotAuthorized',
  ]);
  // Azure Resource Manager is not behind it, but what it shows of rows and of data stores is.
  expect((await scene.plane.askFrom('203.0.113.4', workspace)).status).toBe(200);
  for (const action of ['testConnectivity', 'browse', 'preview'])
    for (const path of [workspace, plane]) {
      const refused = await scene.plane.askFrom('203.0.113.4', `${path}/${action}`, { linkedService: { name: 'none' } });
      expect([refused.status, refused.body.error?.code]).toEqual([403, 'ClientIpAddressNotAuthorized']);
      const admitted = await scene.plane.askFrom('203.0.113.5', `${path}/${action}`, { linkedService: { name: 'none' } });
      expect(admitted.body.error?.code).not.toBe('ClientIpAddressNotAuthorized');
    }
  await scene.plane.send('PATCH', workspace, { properties: { publicNetworkAccess: 'Disabled' } });
  expect([await code('203.0.113.5'), await code('127.0.0.1')]).toEqual(['PublicNetworkAccessDenied', undefined]);
  expect((await scene.plane.askFrom('203.0.113.5', `${plane}/linkedservices`)).status).toBe(403);
});
