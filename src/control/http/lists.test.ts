import { expect, test } from 'vitest';
import { armScene, group, subscription, type ArmScene } from './arm-scene.contract.ts';

const networks = `${group}/providers/Example.Net/networks`;

async function five(scene: ArmScene): Promise<void> {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await scene.send('PUT', `${networks}/${name}`, {
      location: 'x',
      tags: { team: name === 'a' ? 'one' : 'two', [name]: '1' },
      properties: { space: name },
    });
  }
}

function names(answer: { body: { value: { name: string }[] } }): string[] {
  return answer.body.value.map((one) => one.name);
}

test('lists are paged with links that the client can follow as they are', async () => {
  await using scene = await armScene();
  await five(scene);
  const first = await scene.send('GET', `${networks}?$top=2&API-Version=2025-05-01`);
  expect(names(first)).toEqual(['a', 'b']);
  expect(first.body.nextLink).toMatch(/^http:\/\/arm\.test:4433\/subscriptions\/.*api-version=2025-05-01.*\$skiptoken=/);
  const second = await scene.send('GET', first.body.nextLink.slice('http://arm.test:4433'.length));
  expect(names(second)).toEqual(['c', 'd']);
  const last = await scene.send('GET', second.body.nextLink.slice('http://arm.test:4433'.length));
  expect(names(last)).toEqual(['e']);
  expect('nextLink' in last.body).toBe(false);
  expect((await scene.send('GET', `${networks}?$top=0`)).body.error.code).toBe('InvalidTop');
  expect((await scene.send('GET', `${networks}?$skiptoken=%FF%FE`)).body.error.code).toBe('InvalidUri');
  expect((await scene.send('GET', `${networks}?$skiptoken=abc`)).body.error.code).toBe('InvalidSkipToken');
});

test('types are listed in a group, in a subscription, and by their parents', async () => {
  await using scene = await armScene();
  await five(scene);
  expect(names(await scene.send('GET', `${subscription}/providers/example.net/NETWORKS`))).toHaveLength(5);
  expect(names(await scene.send('GET', `${subscription}/resourcegroups`))).toEqual(['Shop']);
  expect((await scene.send('GET', '/subscriptions')).body.value[0]).toMatchObject({ id: subscription, state: 'Enabled' });
  expect((await scene.send('GET', `${networks}/none/subnets`)).body.error.code).toBe('ResourceNotFound');
  expect((await scene.send('GET', `${group}x/providers/Example.Net/networks`)).body.error.code).toBe('ResourceGroupNotFound');
  expect((await scene.send('GET', '/subscriptions/none/resourcegroups')).body.error.code).toBe('SubscriptionNotFound');
  expect((await scene.send('GET', '/providers/Example.Net/networks')).body.error.code).toBe('InvalidResourceType');
});

test.each([
  ["resourceType eq 'example.net/networks' and name eq 'B'", ['b']],
  ["tagName eq 'team' and tagValue eq 'one'", ['a']],
  ["resourceGroup eq 'shop' and startswith(name, 'c')", ['c']],
  ["substringof('d', name) or name eq 'e'", ['d', 'e']],
  ["location eq 'x' and tagValue ne 'two'", ['a']],
  ["properties.space eq 'b'", ['b']],
  ["name eq 'it''s'", []],
])('resources of all types, filtered by %s', async (filter, expected) => {
  await using scene = await armScene();
  await five(scene);
  for (const scope of [subscription, group]) {
    const answer = await scene.send('GET', `${scope}/resources?$filter=${encodeURIComponent(filter)}&$expand=createdTime`);
    expect(names(answer)).toEqual(expected);
  }
});

test.each(['name', 'name eq', "name like 'x'", 'name eq 1', "(name eq 'x'", "name eq 'x' and", "constructor eq 'x' x", "'x'"])(
  'a filter that cannot be read is refused: %s',
  async (filter) => {
    await using scene = await armScene();
    const answer = await scene.send('GET', `${group}/resources?$filter=${encodeURIComponent(filter)}`);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'InvalidFilterInQueryString']);
  },
);

test('the list of all resources is brief and holds no children', async () => {
  await using scene = await armScene();
  await scene.send('PUT', `${networks}/a`, {
    location: 'x',
    sku: { name: 'S' },
    properties: { space: 's', subnets: [{ name: 's', properties: { range: '1' } }] },
  });
  const { body } = await scene.send('GET', `${subscription}/resources`);
  expect(body.value).toHaveLength(1);
  expect(body.value[0]).toMatchObject({ id: `${networks}/a`, sku: { name: 'S' }, location: 'x' });
  expect(body.value[0].properties).toBeUndefined();
});

test('lists hold what may be read; who may read nothing is refused', async () => {
  await using scene = await armScene();
  await five(scene);
  const machine = `${group}/providers/Example.Run/machines/m`;
  await scene.send('PUT', machine, { location: 'x' });
  const partly = { authorization: 'Bearer partly' };
  expect(names(await scene.send('GET', `${subscription}/resources`, undefined, partly))).toHaveLength(5);
  expect(names(await scene.send('GET', `${group}/resources?$top=3`, undefined, partly))).toHaveLength(3);
  expect(names(await scene.send('GET', '/subscriptions', undefined, partly))).toEqual([]);
  for (const path of [
    `${subscription}/resources`,
    `${group}/resources`,
    networks,
    `${subscription}/resourcegroups`,
    `${group}none/providers/Example.Net/networks`,
  ]) {
    const answer = await scene.send('GET', path, undefined, { authorization: 'Bearer nobody' });
    expect([answer.status, answer.body.error.code]).toEqual([403, 'AuthorizationFailed']);
  }
});

test('discovery: providers, tenants, locations, metadata', async () => {
  await using scene = await armScene();
  const all = await scene.send('GET', `${subscription}/providers`);
  expect(all.body.value.map((one: { namespace: string }) => one.namespace)).toContain('Example.Net');
  const one = await scene.send('GET', `${subscription}/providers/example.net`);
  expect(one.body.resourceTypes.find((type: { resourceType: string }) => type.resourceType === 'networks/subnets')).toMatchObject({
    apiVersions: ['2025-05-01', '2020-01-01'],
  });
  expect((await scene.send('POST', `${subscription}/providers/Example.Net/register`)).body.registrationState).toBe('Registered');
  expect((await scene.send('GET', '/providers/None')).body.error.code).toBe('InvalidResourceNamespace');
  expect((await scene.send('GET', '/tenants')).body.value[0].tenantId).toBe('tenant');
  expect((await scene.send('GET', `${subscription}/locations`)).body.value.length).toBeGreaterThan(0);
  const open = { 'x-bare': '1', authorization: '' };
  const old = await scene.send('GET', '/metadata/endpoints?api-version=2015-01-01', undefined, open);
  expect(old.body.authentication.loginEndpoint).toBe('http://arm.test:4433/adfs');
  const later = await scene.send('GET', '/metadata/endpoints?api-version=2019-05-01', undefined, open);
  expect(later.body[0]).toMatchObject({ resourceManager: 'http://arm.test:4433', authentication: { tenant: 'tenant' } });
  for (const path of ['/healthz', '/readyz']) expect((await scene.send('GET', path, undefined, open)).text).toBe('ok\n');
});

test('the document and the table of all operations', async () => {
  await using scene = await armScene();
  const open = { 'x-bare': '1', authorization: '' };
  const { body } = await scene.send('GET', '/openapi.json', undefined, open);
  expect(body.openapi).toBe('3.1.0');
  const put =
    body.paths['/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Example.Net/networks/{networkName}'].put;
  expect(put).toMatchObject({ 'x-isthmus-permission': 'Example.Net/networks/write', responses: { 200: {}, 201: {} } });
  const references = [...JSON.stringify(body).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)];
  for (const [, part, name] of references) expect(body.components[part!]).toHaveProperty([name!]);
  const ids = Object.values(body.paths).flatMap((path) =>
    Object.values(path as object).map((one: { operationId?: string }) => one.operationId),
  );
  const given = ids.filter((id) => id !== undefined);
  expect(new Set(given).size).toBe(given.length);
  const table = await scene.send('GET', '/coverage', undefined, open);
  expect(table.body.value).toContainEqual(expect.objectContaining({ verb: 'GET', path: '/tenants', tests: [] }));
  const page = await scene.send('GET', '/coverage', undefined, { ...open, accept: 'text/markdown' });
  expect(page.text).toContain('| `PUT /subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}` |');
});

test('what is only the own of whoever asks is shown to everybody, at any scope, and tells nothing of what is there', async () => {
  await using scene = await armScene();
  const shown = async (place: string, token: string): Promise<unknown> =>
    (await scene.send('GET', `${place}/providers/Example.Own/rights`, undefined, { authorization: `Bearer ${token}` })).body;
  for (const place of ['', subscription, group, `${group}/providers/Example.Net/networks/none`])
    expect(await shown(place, 'nobody')).toEqual({ value: [{ of: 'nobody', at: place }] });
  expect(await shown(group, 'owner')).toEqual({ value: [{ of: 'owner', at: group }] });
  expect(await shown(`${group}/providers/Example.Net/networks/none`, 'owner')).toMatchObject({ error: { code: 'ResourceNotFound' } });
});
