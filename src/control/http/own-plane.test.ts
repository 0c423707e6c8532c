import { expect, test } from 'vitest';
import { z } from 'zod';
import { operationsOf } from '#arm/coverage.ts';
import { openApiDocument } from '#arm/openapi.ts';
import { resourceType, typeCatalog } from '#arm/resource-type.ts';
import { planesOf } from '#arm/type-plane.ts';
import { armScene, group, type ArmScene } from './arm-scene.contract.ts';

const desk = `${group}/providers/Example.Work/desks/Oak`;
const drawer = '/work/oak/DRAWERS/Top';

async function withDesk(scene: ArmScene): Promise<void> {
  await scene.send('PUT', desk, { location: 'x', properties: {} });
  await scene.send('PUT', `${desk}/drawers/Top`, {});
}

test('children of a resource are asked for at its plane: the same resources, with the answers and versions of the plane', async () => {
  await using scene = await armScene();
  await withDesk(scene);
  const put = await scene.send('PUT', `${drawer}/sheets/One?api-version=2022-12-01-preview`, { properties: { text: 'a' } });
  expect(put).toMatchObject({ status: 200, headers: { 'x-isthmus-api-version': '2022-12-01-preview' } });
  expect(put.body).toMatchObject({ id: `${desk}/drawers/Top/sheets/One`, type: 'Example.Work/desks/drawers/sheets' });
  const byArm = await scene.send('GET', `${desk}/drawers/top/sheets/one`);
  const byPlane = await scene.send('GET', '/WORK/Oak/drawers/top/sheets/one');
  expect(byPlane.body).toEqual(byArm.body);
  expect(byPlane.headers['etag']).toBe(byArm.headers['etag']);
  const stale = { 'if-match': 'W/"old"' };
  expect((await scene.send('PUT', `${drawer}/sheets/One`, {}, stale)).body.error.code).toBe('PreconditionFailed');
  expect((await scene.send('DELETE', `${drawer}/sheets/One`)).status).toBe(202);
  expect((await scene.send('DELETE', `${drawer}/sheets/One`)).status).toBe(204);
  const records = await scene.store.auditLog.read({ scope: `${desk}/drawers/Top/sheets/One`, limit: 10 });
  expect(records.map(({ action }) => action)).toContain('Example.Work/desks/drawers/sheets/delete');
});

test('lists, reads and actions are there too, and a list is paged with links to the plane', async () => {
  await using scene = await armScene();
  await withDesk(scene);
  for (const name of ['a', 'b', 'c']) await scene.send('PUT', `${drawer}/sheets/${name}`, {});
  const first = await scene.send('GET', `${drawer}/sheets?$top=2`);
  expect(first.body.value.map((one: { name: string }) => one.name)).toEqual(['a', 'b']);
  expect(first.body.nextLink).toMatch(/^http:\/\/arm\.test:4433\/work\/oak\/DRAWERS\/Top\/sheets\?/);
  const second = await scene.send('GET', first.body.nextLink.slice('http://arm.test:4433'.length));
  expect(second.body).toMatchObject({ value: [{ name: 'c' }] });
  expect('nextLink' in second.body).toBe(false);
  const read = await scene.send('GET', `${drawer}/sheets/b/Neighbours`);
  expect(read).toMatchObject({ status: 200, body: { for: 'owner', names: ['a', 'b', 'c'] } });
  expect(await scene.send('GET', `${desk}/drawers/Top/sheets/b/neighbours`)).toMatchObject({ body: read.body });
  expect(await scene.send('GET', `${drawer}/sheets/none/neighbours`)).toMatchObject({ status: 404 });
  const crumpled = await scene.send('POST', `${drawer}/sheets/b/crumple`);
  expect(crumpled).toMatchObject({ status: 200, text: '' });
  expect(await scene.send('POST', '/work/oak/tidy')).toMatchObject({ status: 200, body: { tidied: 'Oak' } });
});

test('the root shows itself, with addresses as the client used them, and by its own host name', async () => {
  await using scene = await armScene();
  await withDesk(scene);
  const byPath = await scene.send('GET', '/work/OAK/desk');
  expect(byPath).toMatchObject({ status: 200, body: { id: desk, properties: { address: 'http://arm.test:4433/work/Oak' } } });
  const host = { host: 'OAK.Dev.isthmus.localhost:8443' };
  const byHost = await scene.send('GET', '/desk', undefined, host);
  expect(byHost).toMatchObject({ status: 200, body: { id: desk } });
  expect(byHost.body.properties.address).toBe('http://OAK.Dev.isthmus.localhost:8443/work/Oak');
  expect(await scene.send('GET', '/work/oak/desk', undefined, host)).toMatchObject({ status: 200 });
  expect((await scene.send('PUT', '/drawers/Top/sheets/x', {}, host)).body.id).toBe(`${desk}/drawers/Top/sheets/x`);
  expect(await scene.send('GET', `${desk}/drawers/Top/sheets/x`, undefined, host)).toMatchObject({ status: 200 });
  expect((await scene.send('GET', desk)).body.properties.address).toBe('http://arm.test:4433/work/Oak');
  const cloud = await scene.send('GET', '/metadata/endpoints?api-version=2022-09-01');
  expect(cloud.body[0].suffixes.synapseAnalytics).toBe('dev.isthmus.localhost:4433');
});

test('refusals: who may not, what is not there, and what is not for the plane', async () => {
  await using scene = await armScene();
  await withDesk(scene);
  const refused: readonly (readonly [method: string, path: string, status: number, code: string, token?: string])[] = [
    ['GET', '/work/oak/desk', 401, 'AuthenticationFailed', ''],
    ['GET', '/work/oak/desk', 403, 'AuthorizationFailed', 'Bearer nobody'],
    ['PUT', `${drawer}/sheets/x`, 403, 'AuthorizationFailed', 'Bearer reader'],
    ['POST', `${drawer}/sheets/x/crumple`, 403, 'AuthorizationFailed', 'Bearer reader'],
    ['GET', '/work/pine/desk', 404, 'ResourceNotFound'],
    ['GET', '/work/oak', 404, 'NotFound'],
    ['GET', '/work', 404, 'NotFound'],
    ['GET', '/other/oak/desk', 404, 'NotFound'],
    ['GET', '/work/oak/safes', 404, 'InvalidResourceType'],
    ['PUT', '/work/oak/safes/x', 404, 'InvalidResourceType'],
    ['PUT', '/work/oak/drawers/Low', 405, 'MethodNotAllowed'],
    ['PUT', '/work/oak/desk', 405, 'MethodNotAllowed'],
    ['POST', '/work/oak/burn', 404, 'InvalidAction'],
    ['GET', '/work/oak/drawers?api-version=2021-01-01', 400, 'NoRegisteredProviderFound'],
    ['GET', '/work/oak/providers/Microsoft.Resources/tags/default', 404, 'InvalidResourceNamespace'],
    ['POST', '/work', 404, 'NotFound'],
  ];
  for (const [method, path, status, code, authorization = 'Bearer owner'] of refused) {
    const answer = await scene.send(method, path, method === 'PUT' ? {} : undefined, { authorization });
    expect([method, path, answer.status, answer.body?.error?.code]).toEqual([method, path, status, code]);
  }
  expect((await scene.send('GET', `${desk}/drawers/Top/sheets/none`)).status).toBe(404);
});

test('what a plane answers is in the OpenAPI document and among the operations', async () => {
  await using scene = await armScene();
  const operations = operationsOf(scene.catalog).filter(({ path }) => path.startsWith('/work/'));
  expect(operations.map(({ operation, answers }) => `${operation} ${answers.join(',')}`)).toEqual([
    'GET /work/{deskName}/desk 200',
    'HEAD /work/{deskName}/desk 204',
    'POST /work/{deskName}/tidy 200',
    'GET /work/{deskName}/drawers 200',
    'GET /work/{deskName}/drawers/{drawerName} 200',
    'HEAD /work/{deskName}/drawers/{drawerName} 204',
    'GET /work/{deskName}/drawers/{drawerName}/sheets 200',
    'GET /work/{deskName}/drawers/{drawerName}/sheets/{sheetName} 200',
    'HEAD /work/{deskName}/drawers/{drawerName}/sheets/{sheetName} 204',
    'PUT /work/{deskName}/drawers/{drawerName}/sheets/{sheetName} 200',
    'DELETE /work/{deskName}/drawers/{drawerName}/sheets/{sheetName} 202,204',
    'GET /work/{deskName}/drawers/{drawerName}/sheets/{sheetName}/neighbours 200',
    'POST /work/{deskName}/drawers/{drawerName}/sheets/{sheetName}/crumple 200',
  ]);
  const read = operations.find(({ path }) => path.endsWith('/neighbours'))!;
  expect(read).toMatchObject({ permission: 'Example.Work/desks/drawers/sheets/read', floor: '2022-01-01' });
  const paths = openApiDocument(scene.catalog)['paths'] as Record<string, Record<string, { responses: object }>>;
  expect(Object.keys(paths['/work/{deskName}/drawers/{drawerName}/sheets/{sheetName}']!['put']!.responses)).toEqual(['200', 'default']);
});

test('a plane never answers a version that its type does not', () => {
  const old = resourceType({
    type: 'Example.Work/desks',
    summary: 'A desk',
    versions: { floor: '2020-01-01', implemented: '2020-01-01' },
    properties: z.object({}),
    plane: {
      root: { prefix: 'work', self: 'desk', hostSuffix: 'synapseAnalytics' },
      versions: { floor: '2019-01-01', implemented: '2020-01-01' },
    },
  });
  expect(() => planesOf(typeCatalog([old]))).toThrow(expect.objectContaining({ code: 'PlaneFloorTooOld' }));
});
