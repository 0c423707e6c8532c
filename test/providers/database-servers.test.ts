import { expect, test } from 'vitest';
import { z } from 'zod';
import { resourceType, type AnyType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { mysqlTypes } from '#providers/mysql/mysql-types.ts';
import { postgresqlTypes } from '#providers/postgresql/postgresql-types.ts';
import { sqlTypes } from '#providers/sql/sql-types.ts';
import { group, providerScene, type ProviderScene } from './provider-scene.ts';

/** Connections that anybody may write. */
const connections = (parent: string): AnyType =>
  resourceType<JsonObject>({
    type: `${parent}/privateEndpointConnections`,
    summary: 'A connection',
    versions: { floor: '2018-06-01', implemented: '2025-05-01' },
    location: 'none',
    hasTags: false,
    properties: z.looseObject({}) as unknown as z.ZodType<JsonObject>,
  });

const tenant = '22222222-2222-4222-8222-222222222222';
const scene = (): Promise<ProviderScene> =>
  providerScene(() => [...sqlTypes({ tenant }), ...postgresqlTypes({}), ...mysqlTypes({}), ...kinds.map(([type]) => connections(type))]);
const idOf = (type: string, name: string): string => `${group}/providers/${type}/${name}`;

const kinds = [
  ['Microsoft.Sql/servers', /^shop\.database\.isthmus\.localhost$/, 'sqlServer'],
  ['Microsoft.Sql/managedInstances', /^shop\.[0-9a-f]{12}\.database\.isthmus\.localhost$/, 'managedInstance'],
  ['Microsoft.DBforPostgreSQL/flexibleServers', /^shop\.postgres\.database\.isthmus\.localhost$/, 'postgresqlServer'],
  ['Microsoft.DBforMySQL/flexibleServers', /^shop\.mysql\.database\.isthmus\.localhost$/, 'mysqlServer'],
] as const;

const body = (backend?: string): object => ({
  location: 'eastus',
  ...(backend === undefined ? {} : { tags: { 'hidden-backend': backend } }),
  properties: { administratorLogin: 'boss', administratorLoginPassword: 'Sup3r-secret!' },
});

test.each(kinds)('%s: stands for an existing database, and shows no password', async (type, host, groupId) => {
  await using plane = await scene();
  const id = idOf(type, 'shop');
  const made = await plane.send('PUT', id, body('db.example.net:5432'));
  expect(made).toMatchObject({
    status: 201,
    body: {
      tags: { 'hidden-backend': 'db.example.net:5432' },
      properties: {
        state: 'Ready',
        administratorLogin: 'boss',
        fullyQualifiedDomainName: expect.stringMatching(host),
        backend: { host: 'db.example.net', port: 5432 },
        privateEndpointConnections: [],
      },
    },
  });
  expect((await plane.send('PUT', id, body('db.example.net:5432'))).status).toBe(200);
  expect(await plane.send('PATCH', id, { tags: {} })).toMatchObject({
    status: 200,
    body: { properties: { state: 'Disabled', administratorLogin: 'boss', backend: { remedy: expect.stringContaining('hidden-backend') } } },
  });
  for (const text of [made.text, (await plane.send('GET', id)).text, JSON.stringify(await plane.store.get(id))]) {
    expect(text).not.toContain('Sup3r');
  }
  expect(made.text).not.toContain('sealed');
  expect((await plane.send('GET', `${id}/privateLinkResources`)).body.value).toMatchObject([{ name: groupId, properties: { groupId } }]);
  const connection = `${id}/privateEndpointConnections/pe.1`;
  const state = { status: 'Pending', description: 'Please' };
  expect((await plane.send('PUT', connection, { properties: { privateLinkServiceConnectionState: state } })).status).toBe(201);
  expect((await plane.send('GET', id)).body.properties.privateEndpointConnections).toEqual([
    expect.objectContaining({ id: connection, properties: { privateLinkServiceConnectionState: state, provisioningState: 'Succeeded' } }),
  ]);
  expect((await plane.send('DELETE', id)).status).toBeLessThan(203);
  expect((await plane.send('DELETE', id)).status).toBe(204);
});

test.each(kinds)('%s: what it stands for must be an address, its name free', async (type) => {
  await using plane = await scene();
  for (const wrong of ['db', 'db:0', ':5432', 'db:5432/x', 'postgres://db:5432', 'a b:1', '0.0.0.0:1', '']) {
    expect(await plane.send('PUT', idOf(type, 'shop'), body(wrong))).toMatchObject({
      status: 400,
      body: { error: { code: 'InvalidHiddenBackend', target: 'tags.hidden-backend' } },
    });
  }
  for (const name of ['Shop', '-shop', 'a.b', 'x'.repeat(64)]) {
    const sent = await plane.send('PUT', idOf(type, name), body());
    expect(sent).toMatchObject({ status: 400, body: { error: { code: 'InvalidResourceName' } } });
  }
  expect((await plane.send('PUT', idOf(type, 'shop'), body('[::1]:5432'))).status).toBe(201);
  const other = `${group.replace('Shop', 'Other')}`;
  await plane.send('PUT', other, { location: 'eastus' });
  const taken = await plane.send('PUT', `${other}/providers/${type}/shop`, body());
  expect(taken).toMatchObject({ status: 409, body: { error: { code: 'NameAlreadyExists' } } });
});

test('SQL servers have no provisioning state, managed instances do, with a sku', async () => {
  await using plane = await scene();
  const server = await plane.send('PUT', idOf('Microsoft.Sql/servers', 'shop'), { ...body(), identity: { type: 'SystemAssigned' } });
  expect(server.body.properties).toMatchObject({ version: '12.0', publicNetworkAccess: 'Enabled' });
  expect(server.body.properties.provisioningState).toBeUndefined();
  expect(server.body.identity).toMatchObject({ type: 'SystemAssigned', principalId: expect.any(String), tenantId: tenant });
  const id = idOf('Microsoft.Sql/managedInstances', 'shop');
  expect((await plane.send('PUT', id, body())).body).toMatchObject({
    sku: { name: 'GP_Gen5' },
    properties: { provisioningState: 'Succeeded', proxyOverride: 'Proxy' },
  });
  expect(await plane.send('PATCH', id, { properties: { proxyOverride: 'Redirect' } })).toMatchObject({
    status: 200,
    body: { sku: { name: 'GP_Gen5' }, properties: { proxyOverride: 'Redirect', administratorLogin: 'boss' } },
  });
});

test('a connection policy is always there', async () => {
  await using plane = await scene();
  const server = idOf('Microsoft.Sql/servers', 'shop');
  const policy = `${server}/connectionPolicies/default`;
  expect((await plane.send('GET', policy)).status).toBe(404);
  await plane.send('PUT', server, body());
  expect((await plane.send('GET', policy)).body).toMatchObject({ id: policy, properties: { connectionType: 'Default' } });
  expect((await plane.send('PUT', policy, { properties: { connectionType: 'Proxy' } })).status).toBe(200);
  expect((await plane.send('PUT', policy, { properties: { connectionType: 'Proxy' } })).status).toBe(200);
  expect((await plane.send('GET', `${server}/connectionPolicies`)).body.value).toMatchObject([{ properties: { connectionType: 'Proxy' } }]);
  expect((await plane.send('PUT', policy, { properties: { connectionType: 'Other' } })).status).toBe(400);
  expect((await plane.send('PUT', `${server}/connectionPolicies/other`, { properties: { connectionType: 'Proxy' } })).status).toBe(400);
  expect((await plane.send('DELETE', server)).status).toBeLessThan(203);
  expect((await plane.send('GET', policy)).status).toBe(404);
});

test.each(['Microsoft.Sql/servers', 'Microsoft.DBforPostgreSQL/flexibleServers', 'Microsoft.DBforMySQL/flexibleServers'])(
  '%s: firewall rules are ranges, databases are named',
  async (type) => {
    await using plane = await scene();
    const server = idOf(type, 'shop');
    await plane.send('PUT', server, body());
    const put = async (startIpAddress: string, endIpAddress: string): Promise<unknown> => {
      const { status, body: answer } = await plane.send('PUT', `${server}/firewallRules/office`, {
        properties: { startIpAddress, endIpAddress },
      });
      return answer.error?.code ?? status;
    };
    expect(await put('203.0.113.4', '203.0.113.9')).toBe(201);
    expect(await put('203.0.113.4', '203.0.113.4')).toBe(200);
    expect(await put('0.0.0.0', '0.0.0.0')).toBe(200);
    expect(await put('203.0.113.9', '203.0.113.4')).toBe('InvalidFirewallRuleRange');
    expect(await put('0.0.0.0', '10.0.0.1')).toBe('InvalidFirewallRuleRange');
    expect(await put('203.0.113.256', '203.0.113.4')).toBe('InvalidRequestFormat');
    expect(await put('203.0.113', '203.0.113.4')).toBe('InvalidRequestFormat');
    expect((await plane.send('DELETE', `${server}/firewallRules/office`)).status).toBe(200);
    expect((await plane.send('DELETE', `${server}/firewallRules/office`)).status).toBe(204);
    const database = await plane.send('PUT', `${server}/databases/shop`, { location: 'eastus', properties: {} });
    expect(database.status).toBe(201);
    expect((await plane.send('GET', `${server}/databases`)).body.value).toHaveLength(1);
  },
);

test('what is offered in a place is there, as az looks for it', async () => {
  await using plane = await scene();
  const place = `${group.split('/resourceGroups')[0]}/providers/Microsoft.Sql/locations/eastus`;
  const { status, body: offered } = await plane.send('GET', `${place}/capabilities?include=supportedManagedInstanceVersions`);
  expect({ status, offered }).toMatchObject({
    status: 200,
    offered: {
      name: 'eastus',
      status: 'Default',
      supportedManagedInstanceVersions: [{ supportedEditions: [{ name: 'GeneralPurpose' }, {}] }],
    },
  });
});
