import { expect, test } from 'vitest';
import { armScene, group, subscription } from './arm-scene.contract.ts';

const net = `${group}/providers/Example.Net/networks/Blue`;
const network = { location: 'West Europe', tags: { team: 'a' }, properties: { space: '10.0.0.0/8' } };

test('a resource is created, replaced, read in any casing, and deleted', async () => {
  await using scene = await armScene();
  const made = await scene.send('PUT', net, network);
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    id: net,
    name: 'Blue',
    type: 'Example.Net/networks',
    location: 'westeurope',
    tags: { team: 'a' },
    properties: { space: '10.0.0.0/8', provisioningState: 'Succeeded', subnets: [] },
    systemData: { createdBy: 'id-of-owner' },
  });
  expect(made.body.etag).toBe(made.headers['etag']);
  expect(made.headers['azure-asyncoperation']).toBeUndefined();
  const again = await scene.send('PUT', net.toLowerCase(), { ...network, unknown: 1, id: 'x', etag: 'y', kind: null });
  expect(again.status).toBe(200);
  expect(again.body).toEqual(made.body);
  const read = await scene.send('GET', net.toUpperCase().replace('//', '/').replace('EXAMPLE.NET/', 'Example.NET//'));
  expect(read.status).toBe(200);
  expect(read.body).toEqual(made.body);
  expect((await scene.send('HEAD', net)).status).toBe(204);
  expect((await scene.send('DELETE', net)).status).toBe(200);
  expect((await scene.send('DELETE', net)).status).toBe(204);
  expect((await scene.send('HEAD', net)).status).toBe(404);
  expect((await scene.send('GET', net)).body.error.code).toBe('ResourceNotFound');
});

test('PATCH is laid over what is there, tags are replaced as a whole', async () => {
  await using scene = await armScene();
  await scene.send('PUT', net, { ...network, properties: { space: '10.0.0.0/8', comment: 'x' }, sku: { name: 'S' } });
  const answer = await scene.send('PATCH', net, { tags: { b: '2' }, properties: { space: '11.0.0.0/8', comment: null } });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ tags: { b: '2' }, sku: { name: 'S' }, properties: { space: '11.0.0.0/8', comment: 'x' } });
  expect(answer.body.tags.team).toBeUndefined();
  const absent = await scene.send('PATCH', `${net}x`, { tags: {} });
  expect([absent.status, absent.body.error.code]).toEqual([404, 'ResourceNotFound']);
});

test('etags lock', async () => {
  await using scene = await armScene();
  const first = await scene.send('PUT', net, network);
  const etag = first.headers['etag']!;
  expect((await scene.send('PUT', net, network, { 'if-none-match': '*' })).status).toBe(412);
  expect((await scene.send('PUT', `${net}2`, network, { 'if-match': etag })).status).toBe(412);
  expect((await scene.send('PUT', net, { ...network, tags: {} }, { 'if-match': etag })).status).toBe(200);
  const stale = await scene.send('PUT', net, network, { 'if-match': etag });
  expect([stale.status, stale.body.error.code]).toEqual([412, 'PreconditionFailed']);
  expect((await scene.send('DELETE', net, undefined, { 'if-match': etag })).status).toBe(412);
  const racing = (await scene.send('GET', net)).headers['etag']!;
  const both = await Promise.all(['a', 'b'].map((team) => scene.send('PUT', net, { ...network, tags: { team } }, { 'if-match': racing })));
  expect(new Set(both.map((one) => one.status))).toEqual(new Set([200, 412]));
});

test('children inside of a parent are written with it, and shown in it', async () => {
  await using scene = await armScene();
  const subnets = [
    { name: 'a', properties: { range: '1' } },
    { name: 'b', properties: { range: '2' } },
  ];
  const made = await scene.send('PUT', net, { ...network, properties: { space: 's', subnets } });
  expect(made.body.properties.subnets).toMatchObject([
    { id: `${net}/subnets/a`, name: 'a', properties: { range: '1', open: false, provisioningState: 'Succeeded' } },
    { name: 'b' },
  ]);
  expect((await scene.send('GET', `${net}/subnets`)).body.value).toHaveLength(2);
  const kept = await scene.send('PUT', net, { ...network, properties: { space: 't' } });
  expect(kept.body.properties.subnets).toHaveLength(2);
  const less = await scene.send('PUT', net, { ...network, properties: { space: 't', subnets: subnets.slice(1) } });
  expect(less.body.properties.subnets.map((one: { name: string }) => one.name)).toEqual(['b']);
  const overlapping = await scene.send('PUT', net, {
    ...network,
    properties: { space: 'u', subnets: [...subnets, { name: 'c', properties: { range: '2' } }] },
  });
  expect([overlapping.status, overlapping.body.error.code]).toEqual([400, 'NetcfgSubnetRangesOverlap']);
  const after = await scene.send('GET', net);
  expect(after.body.properties).toMatchObject({ space: 't', subnets: [{ name: 'b' }] });
});

test('references must exist, and what is referred to cannot go', async () => {
  await using scene = await armScene();
  const lb = `${group}/providers/Example.Net/balancers/lb`;
  const body = { location: 'x', properties: { frontends: [{ name: 'fe', subnet: { id: `${net}/subnets/a` } }] } };
  const early = await scene.send('PUT', lb, body);
  expect([early.status, early.body.error.code, early.body.error.target]).toEqual([
    400,
    'InvalidResourceReference',
    'properties.frontends[0].subnet.id',
  ]);
  await scene.send('PUT', net, { ...network, properties: { space: 's', subnets: [{ name: 'a', properties: { range: '1' } }] } });
  expect((await scene.send('PUT', lb, body)).status).toBe(201);
  const used = await scene.send('DELETE', `${net}/subnets/a`);
  expect([used.status, used.body.error.code]).toEqual([400, 'InUseSubnetCannotBeDeleted']);
  expect(used.body.error.message).toContain(lb);
  expect((await scene.send('DELETE', net)).body.error.code).toBe('ResourceInUse');
  const emptied = await scene.send('PUT', net, { ...network, properties: { space: 's', subnets: [] } });
  expect(emptied.body.error.code).toBe('InUseSubnetCannotBeDeleted');
  const part = await scene.send('GET', `${lb}/Frontends/FE`);
  expect(part.body).toMatchObject({ id: `${lb}/frontends/fe`, name: 'fe', type: 'Example.Net/balancers/frontends' });
  expect((await scene.send('GET', `${lb}/frontends`)).body.value).toHaveLength(1);
  expect((await scene.send('GET', `${lb}/frontends/none`)).status).toBe(404);
  expect((await scene.send('PUT', `${lb}/frontends/fe`, {})).status).toBe(405);
});

test('parts can be referred to, and then stay', async () => {
  await using scene = await armScene({ loop: true });
  await scene.send('PUT', net, { ...network, properties: { space: 's', subnets: [{ name: 'a', properties: { range: '1' } }] } });
  const lb = `${group}/providers/Example.Net/balancers/lb`;
  const frontends = [{ name: 'fe', subnet: { id: `${net}/subnets/a` } }];
  await scene.send('PUT', lb, { location: 'x', properties: { frontends } });
  const machine = `${group}/providers/Example.Run/machines/m`;
  const absent = await scene.send('PUT', machine, { location: 'x', properties: { frontend: { id: `${lb}/frontends/none` } } });
  expect(absent.body.error.code).toBe('InvalidResourceReference');
  const made = await scene.send('PUT', machine, { location: 'x', properties: { frontend: { id: `${lb}/frontends/fe` } } });
  expect(made.status).toBe(201);
  const less = await scene.send('PUT', lb, { location: 'x', properties: { frontends: [] } });
  expect([less.status, less.body.error.code]).toEqual([409, 'ResourceInUse']);
});

test('secrets are sealed, never shown, and stay when they are not sent again', async () => {
  await using scene = await armScene({ loop: true });
  const machine = `${group}/providers/Example.Run/machines/m`;
  const made = await scene.send('PUT', machine, { location: 'x', properties: { password: 'hunter2' } });
  expect(made.text).not.toContain('hunter2');
  expect(made.body.properties.password).toBeUndefined();
  const sealed = (await scene.store.get(machine))!.properties['password'] as { $sealed: string };
  expect(sealed.$sealed).toMatch(/^sealed:/);
  for (const properties of [{}, { password: '**********' }, { password: 'hunter2' }, { password: { $sealed: 'forged' } }]) {
    await scene.send('PUT', machine, { location: 'x', properties });
    const now = (await scene.store.get(machine))!;
    expect([now.properties['password'], now.generation]).toEqual([sealed, 1]);
  }
  await scene.send('PATCH', machine, { properties: { password: 'other' } });
  expect((await scene.store.get(machine))!.properties['password']).not.toEqual(sealed);
  const log = JSON.stringify(await scene.store.auditLog.read({}));
  expect(log).toContain('properties.password');
  expect(log).not.toMatch(/hunter2|sealed:/);
});

test('actions: of one that is there, of one that is not, with and without a body', async () => {
  await using scene = await armScene({ loop: true });
  await scene.send('PUT', net, network);
  expect((await scene.send('POST', `${net}/Rename`, { comment: 'new' })).body).toEqual({ generation: 2 });
  expect((await scene.send('POST', `${net}/rename`, { comment: 1 })).body.error).toMatchObject({
    code: 'InvalidRequestFormat',
    target: 'comment',
  });
  const silent = await scene.send('POST', `${net}/nothing`);
  expect([silent.status, silent.text]).toEqual([200, '']);
  expect((await scene.send('POST', `${net}9/plan`)).body).toEqual({ there: false });
  expect((await scene.send('POST', `${net}9/rename`, { comment: 'x' })).status).toBe(404);
  expect((await scene.send('POST', `${net}/unheardOf`)).body.error.code).toBe('InvalidAction');
  const machine = `${group}/providers/Example.Run/machines/m`;
  await scene.send('PUT', machine, { location: 'x' });
  expect((await scene.send('POST', `${machine}/restart`)).status).toBe(200);
  const bug = await scene.send('POST', `${machine}/breakDown`, undefined, { 'x-ms-correlation-request-id': 'find-me' });
  expect([bug.status, bug.body.error.code]).toEqual([500, 'InternalServerError']);
  expect(bug.text).toContain('find-me');
  expect(bug.text).not.toContain('secret-in-a-bug');
});

test('an action that was overtaken by a write begins again: neither is lost', async () => {
  await using scene = await armScene({ loop: true });
  await scene.send('PUT', net, network);
  const wider = { ...network, properties: { space: '172.16.0.0/12' } };
  scene.gate.meanwhile = () => scene.send('PUT', net, wider);
  expect((await scene.send('POST', `${net}/rename`, { comment: 'new' })).body).toEqual({ generation: 3 });
  expect((await scene.send('GET', net)).body.properties).toMatchObject({ space: '172.16.0.0/12', comment: 'new' });
});

test('tags at any scope', async () => {
  await using scene = await armScene();
  await scene.send('PUT', net, network);
  for (const scope of [subscription, group, net]) {
    const tags = `${scope}/providers/Microsoft.Resources/tags/default`;
    const put = await scene.send('PUT', tags, { properties: { tags: { a: '1', b: '2' } } });
    expect([put.status, put.body.properties.tags]).toEqual([200, { a: '1', b: '2' }]);
    const merged = await scene.send('PATCH', tags, { operation: 'Merge', properties: { tags: { b: '3', c: '4' } } });
    expect(merged.body.properties.tags).toEqual({ a: '1', b: '3', c: '4' });
    const less = await scene.send('PATCH', tags, { operation: 'Delete', properties: { tags: { c: '4', a: 'other' } } });
    expect(less.body.properties.tags).toEqual({ a: '1', b: '3' });
    expect((await scene.send('GET', scope)).body.tags).toEqual({ a: '1', b: '3' });
    expect((await scene.send('DELETE', tags)).status).toBe(200);
    expect((await scene.send('GET', tags)).body.properties.tags).toEqual({});
  }
});

test('bodies of some types may be written loosely', async () => {
  await using scene = await armScene();
  const script = `${group}/providers/Example.Own/scripts/s`;
  const answer = await scene.send('PUT', script, "{properties: {text: 'one\ntwo', /* no */ }}");
  expect([answer.status, answer.body.properties.text]).toEqual([200, 'one\ntwo']);
  expect((await scene.send('PATCH', script, {})).status).toBe(405);
  expect((await scene.send('DELETE', script)).status).toBe(204);
});

test('resources that lie on others are listed where they are, and go with them', async () => {
  await using scene = await armScene({ loop: true });
  await scene.send('PUT', net, network);
  const lock = `${net}/providers/Example.Own/locks/l`;
  expect((await scene.send('PUT', lock, { properties: { level: 'x' } })).status).toBe(201);
  expect((await scene.send('GET', `${net}/providers/Example.Own/locks`)).body.value).toHaveLength(1);
  expect((await scene.send('GET', `${subscription}/providers/Example.Own/locks`)).body.value).toHaveLength(1);
  expect((await scene.send('DELETE', net)).status).toBe(200);
  expect((await scene.send('GET', lock)).body.error.code).toBe('ParentResourceNotFound');
});
