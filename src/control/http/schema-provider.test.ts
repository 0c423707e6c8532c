import { expect, test } from 'vitest';
import { armScene } from './arm-scene.contract.ts';

const types = '/providers/Isthmus.Schemas/types';
const bare = { 'x-bare': 'yes' };

test('whoever has signed in reads which types there are', async () => {
  await using scene = await armScene();
  const { status, body } = await scene.send('GET', types, undefined, { ...bare, authorization: 'Bearer nobody' });
  expect(status).toBe(200);
  expect((body.value as { type: string }[]).map(({ type }) => type)).toEqual(scene.catalog.all.map(({ type }) => type));
  expect(body.value).toContainEqual({
    type: 'Example.Net/networks/subnets',
    summary: 'A run of it',
    parent: 'Example.Net/networks',
    children: [],
    scopes: ['group'],
    location: 'none',
    hasTags: false,
    verbs: ['put', 'patch', 'delete'],
    name: expect.objectContaining({ maxLength: 80, pattern: expect.stringContaining('A-Za-z0-9') }),
  });
  expect((await scene.send('GET', types, undefined, { ...bare, authorization: '' })).status).toBe(401);
  expect((await scene.send('GET', `/subscriptions/s${types}`)).status).toBe(404);
});

test('a type says what a PUT takes: defaults, choices, secrets, references, children', async () => {
  await using scene = await armScene();
  const { body: machines } = await scene.send('GET', `${types}/EXAMPLE.run/machines`, undefined, bare);
  expect(machines).toMatchObject({
    type: 'Example.Run/machines',
    versions: { floor: '2020-01-01', implemented: '2025-05-01' },
    paths: ['/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Example.Run/machines/{machineName}'],
    permissions: { read: 'Example.Run/machines/read', write: 'Example.Run/machines/write', delete: 'Example.Run/machines/delete' },
    secrets: ['password'],
    references: [{ at: 'properties.frontend.id', by: 'id' }],
    body: {
      type: 'object',
      required: ['location'],
      properties: {
        location: { type: 'string' },
        properties: {
          properties: {
            size: { default: 'small', enum: ['small', 'large'] },
            password: { type: 'string', writeOnly: true },
            frontend: { properties: { id: { type: 'string', 'x-isthmus-reference': {} } } },
          },
        },
      },
    },
    actions: [
      {
        name: 'restart',
        summary: 'Restarts',
        permission: 'Example.Run/machines/restart/action',
        needsResource: true,
        input: { type: 'object' },
      },
      { name: 'breakDown' },
    ],
  });
  expect(machines.body.properties).not.toHaveProperty('id');
  expect(machines.body.properties.properties.properties).not.toHaveProperty('provisioningState');
  const { body: balancers } = await scene.send('GET', `${types}/Example.Net/balancers`, undefined, bare);
  expect(balancers.references).toEqual([{ at: 'properties.frontends[].subnet.id', by: 'id', types: ['Example.Net/networks/subnets'] }]);
  const frontends = balancers.body.properties.properties.properties.frontends;
  expect(frontends.items.properties.subnet.properties.id['x-isthmus-reference']).toEqual({ types: ['Example.Net/networks/subnets'] });
  const { body: networks } = await scene.send('GET', `${types}/Example.Net/networks`, undefined, bare);
  expect(networks.inline).toEqual({ subnets: { type: 'Example.Net/networks/subnets', whenAbsent: 'keep' } });
  expect(networks.body.properties.properties.properties.subnets.items).toMatchObject({
    required: ['name', 'properties'],
    properties: {
      name: { type: 'string', maxLength: 80 },
      properties: { properties: { range: { type: 'string' }, open: { default: false } } },
    },
  });
});

test('a type with a plane of its own says where it is there', async () => {
  await using scene = await armScene();
  const { body } = await scene.send('GET', `${types}/Example.Work/desks/drawers/sheets`, undefined, bare);
  expect(body.plane).toEqual({
    prefix: 'work',
    path: '/work/{deskName}/drawers/{drawerName}/sheets/{sheetName}',
    versions: { floor: '2022-01-01', implemented: '2022-12-01-preview' },
    verbs: ['put', 'delete'],
    actions: ['crumple'],
  });
  expect(body.reads).toEqual([
    { name: 'neighbours', summary: 'Sheets in the same drawer', permission: 'Example.Work/desks/drawers/sheets/read' },
  ]);
  expect((await scene.send('GET', `${types}/Example.Net/balancers`, undefined, bare)).body.plane).toBeUndefined();
  const { status, body: refusal } = await scene.send('GET', `${types}/Example.Net/none`, undefined, bare);
  expect([status, refusal.error.code]).toEqual([404, 'InvalidResourceType']);
});
