import { afterEach, beforeEach, expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import type { Sent } from './provider-scene.ts';
import { linkBody, linkScene, plane, pool, postgres, table, workspace, type LinkScene } from './link-scene.ts';

let scene: LinkScene;
beforeEach(async () => {
  scene = await linkScene();
  await scene.ground();
});
afterEach(() => scene[Symbol.asyncDispose]());

const get = (path: string) => scene.plane.send('GET', path);

test('a link is started, followed, paused, resumed and stopped; its place is kept but by stop', async () => {
  expect((await scene.link('shop')).status).toBe(200);
  expect(await scene.status('shop')).toMatchObject({ name: 'shop', status: 'Initial', isApplyingChanges: false, isPartiallyFailed: false });
  const started = await scene.act('shop', 'start');
  expect([started.status, started.text]).toEqual([200, '']);
  await scene.reached('shop', 'Running');
  const { order } = scene.runtimes.live[0]!;
  expect(order).toMatchObject({
    name: 'shopspace.shop',
    slot: expect.stringMatching(/^isthmus_shop_[0-9a-f]{16}$/),
    once: false,
    store: { kind: 'postgresql', host: 'db.shop.example', port: 5432, database: 'shop', user: 'reader', password: 's3cret-canary' },
    tables: [{ schema: 'public', name: 'orders', placement: { schema: 'public', name: 'orders', onExisting: 'fail-if-not-empty' } }],
  });
  await expect.poll(() => [...scene.pools.orders.values()][0]?.links).toMatchObject([{ landing: order.landing }]);
  const running = await scene.status('shop');
  expect(running).toMatchObject({
    startTime: expect.any(String),
    continuousRunId: expect.any(String),
    isthmus: { isolated: true, tables: { count: 1 } },
  });
  expect((await scene.act('shop', 'start')).body.error).toMatchObject({ code: 'LinkStateConflict' });
  await scene.act('shop', 'pause');
  await scene.reached('shop', 'Paused');
  expect([scene.runtimes.live.length, scene.runtimes.slots.size]).toEqual([0, 1]);
  await scene.act('shop', 'resume');
  await scene.reached('shop', 'Running');
  expect((await scene.status('shop')).continuousRunId).toBe(running.continuousRunId);
  expect(scene.runtimes.live[0]?.order).toEqual(order);
  await scene.act('shop', 'stop');
  await scene.reached('shop', 'Stopped');
  expect([...scene.runtimes.slots, await scene.hasFolder('shop')]).toEqual([false]);
  expect([...scene.pools.orders.values()][0]?.links).toEqual([]);
  expect((await scene.status('shop')).stopTime).toEqual(expect.any(String));
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  expect(scene.runtimes.live[0]?.order.slot).not.toBe(order.slot);
  const states = (await scene.status('shop')).isthmus.events.map((one: { state: string }) => one.state);
  expect(states.slice(0, 3)).toEqual(['Starting', 'Running', 'Pausing']);
});

test('a link is Running only while its worker follows: one that is lost, silent or not connected is Resuming, and its place is kept', async () => {
  await scene.link('shop');
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  const run = (await scene.status('shop')).continuousRunId;
  scene.runtimes.away = true;
  scene.runtimes.live[0]!.lose();
  await scene.reached('shop', 'Resuming');
  await expect.poll(async () => (await scene.status('shop')).error?.code).toBe('SourceAway');
  scene.runtimes.away = false;
  scene.runtimes.live[0]!.tell();
  await scene.reached('shop', 'Running');
  await expect.poll(async () => (await scene.status('shop')).error).toBeUndefined();
  // Nothing is heard of the worker any more: another one takes its place.
  const silent = scene.runtimes.live[0]!;
  silent.mute = true;
  await expect.poll(() => silent.ended, { timeout: 5_000 }).toBe('disposed');
  await scene.reached('shop', 'Running');
  expect((await scene.status('shop')).continuousRunId).toBe(run);
  await scene.restart();
  await scene.reached('shop', 'Running');
  expect((await scene.status('shop')).continuousRunId).toBe(run);
  expect(scene.runtimes.clashes).toEqual([]);
});

test('what stands in the way is said, and the link goes on by itself once it is gone', async () => {
  await scene.link('shop');
  scene.denied = fault('denied', 'EndpointPending', 'The endpoint waits for its owner.', { remedy: 'Have it approved.' });
  await scene.act('shop', 'start');
  await expect
    .poll(async () => await scene.status('shop'))
    .toMatchObject({ status: 'Starting', error: { code: 'EndpointPending', remedy: 'Have it approved.' } });
  expect(scene.runtimes.jobs).toEqual([]);
  scene.denied = undefined;
  await scene.reached('shop', 'Running');
  await scene.plane.send('POST', `${pool}/pause`);
  await expect.poll(async () => (await scene.status('shop')).error?.code).toBe('SqlPoolPaused');
  expect((await scene.status('shop')).status).toBe('Running');
  const tables = (await scene.act('shop', 'querytablestatus')).body.value;
  expect(tables).toMatchObject([{ status: 'Suspended', errorCode: 'SqlPoolPaused' }]);
  await scene.plane.send('POST', `${pool}/resume`);
  await expect.poll(async () => (await scene.status('shop')).error).toBeUndefined();
  // A password that is mended is used without being asked.
  scene.runtimes.live[0]!.fail('unauthenticated', 'PasswordRefused');
  await expect
    .poll(async () => (await scene.status('shop')).isthmus.events.map((one: { code: string }) => one.code))
    .toContain('PasswordRefused');
  await scene.put(`${workspace}/linkedservices/shop`, postgres('shop', { password: 'better' }));
  await expect.poll(() => scene.runtimes.live[0]?.order.store.password).toBe('better');
});

test('a link without bypass, tables or isolation is not started', async () => {
  await scene.link('shop', { tables: [] });
  const refusal = async () => (await scene.act('shop', 'start')).body.error;
  expect(await refusal()).toMatchObject({ code: 'LinkHasNoTables' });
  await scene.act('shop', 'edittables', { linkTables: [{ ...table('orders'), operationType: 'Add' }] });
  const withBypass = (on: boolean) =>
    scene.put(workspace, { location: 'eastus', properties: { managedVirtualNetwork: 'default', trustedServiceBypassEnabled: on } });
  await withBypass(false);
  expect(await refusal()).toMatchObject({ code: 'LinkNeedsFirewallBypass' });
  expect((await scene.act('shop', 'preflight')).body.findings).toMatchObject([
    { severity: 'error', code: 'LinkNeedsFirewallBypass' },
    { severity: 'warning', code: 'ColumnStoreWithMaxTypes', target: 'public.orders' },
  ]);
  scene.runtimes.allowed = false;
  await scene.put(`${workspace}/firewallRules/services`, { properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' } });
  expect(await refusal()).toMatchObject({ code: 'NotIsolated' });
  scene.runtimes.allowed = true;
  expect((await scene.act('shop', 'start')).status).toBe(200);
  await scene.reached('shop', 'Running');
});

test('what a link may be is checked when it is saved', async () => {
  for (const [name, type] of [
    ['mi', 'AzureSqlMI'],
    ['dw', 'AzureSqlDW'],
    ['mysql', 'MySql'],
  ] as const)
    await scene.put(`${workspace}/linkedservices/${name}`, {
      properties: { type, typeProperties: { server: `${name}.example`, database: 'd', userName: 'u', password: 'p' } },
    });
  await scene.put(`${workspace}/linkedservices/other`, postgres('other'));
  await scene.put(`${workspace}/linkedservices/same`, postgres('shop'));
  expect((await scene.link('first', { tables: [table('orders', { tableName: 'orders_1' })] })).status).toBe(200);
  const hash = { distributionOptions: { type: 'Hash' } };
  const twice = [table('a'), table('b', { tableName: 'A' })];
  const cases: readonly (readonly [string, object, string])[] = [
    ['a source that is not there', { source: 'none' }, 'InvalidResourceReference'],
    ['a kind that cannot be followed', { source: 'mysql' }, 'LinkSourceNotSupported'],
    ['a pool, which tells no changes', { source: 'dw' }, 'LinkSourceNotSupported'],
    ['a way of capturing that the source has not', { source: 'other', isthmus: { capture: 'cdc' } }, 'LinkCaptureNotKnown'],
    ['a way of capturing of its own', { source: 'mi', isthmus: { capture: 'guess' } }, 'InvalidRequestFormat'],
    ['a table of another link', { source: 'same' }, 'LinkTableInOtherLink'],
    ['a target of another link', { source: 'other', tables: [table('x', { tableName: 'ORDERS_1' })] }, 'LinkTargetInOtherLink'],
    ['two tables on one target', { tables: twice }, 'LinkTargetTableTwice'],
    ['one table twice', { tables: [table('a'), table('a', { tableName: 'b' })] }, 'LinkTableTwice'],
    ['Hash without column', { tables: [table('a', hash)] }, 'InvalidRequestFormat'],
    ['a structure of its own', { tables: [table('a', { structureOptions: { type: 'Bricks' } })] }, 'InvalidRequestFormat'],
    ['an action of its own', { target: { typeProperties: { actionOnExistingTargetTable: 'Burn' } } }, 'InvalidRequestFormat'],
    ['a warning above the most', { isthmus: { logBudget: { warnBytes: 4_000_000, mostBytes: 2_000_000 } } }, 'InvalidRequestFormat'],
  ];
  for (const [what, more, code] of cases) expect([what, (await scene.link('second', more)).body.error?.code]).toEqual([what, code]);
  expect((await scene.link('third', { source: 'mi', tables: [table('z')], isthmus: { capture: 'cdc' } })).status).toBe(200);
  const noPool = linkBody() as { properties: { targetDatabase: { linkedService: { parameters: object } } } };
  noPool.properties.targetDatabase.linkedService.parameters = { DBName: '../../x' };
  expect((await scene.plane.send('PUT', `${plane}/linkconnections/second`, noPool)).body.error.code).toBe('InvalidResourceReference');
  const all = { distributionOptions: { type: 'Hash', distributionColumn: 'id' }, structureOptions: { type: 'Heap' } };
  const kept = await scene.link('second', {
    source: 'other',
    target: { typeProperties: { actionOnExistingTargetTable: 'MergeWithExistingData', crossTableTransaction: true } },
    compute: { coreCount: 4, computeType: 'General', dataProcessIntervalMinutes: 0 },
    tables: [table('y', all)],
  });
  expect(kept.body).toMatchObject({
    properties: {
      targetDatabase: { typeProperties: { crossTableTransaction: true } },
      compute: { coreCount: 4 },
      linkTables: [{ id: expect.any(String), target: { schemaName: 'public', tableName: 'y', ...all } }],
    },
  });
  expect((await scene.plane.send('DELETE', pool)).body.error.code).toBe('SqlPoolInUseByLinkConnection');
  expect((await scene.plane.send('DELETE', `${workspace}/linkedservices/other`)).body.error.code).toBe('ResourceInUse');
});

test('tables are edited while it runs, in any casing; a PUT without tables leaves them as they are', async () => {
  await scene.link('shop');
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  const added = {
    OperationType: 'add',
    Source: { SchemaName: 'public', TableName: 'items' },
    Target: { SchemaName: 'dbo', TableName: 'Items' },
  };
  expect((await scene.act('shop', 'edittables', { LinkTables: [added] })).status).toBe(200);
  const worker = scene.runtimes.live[0]!;
  await expect.poll(() => worker.messages).toMatchObject([{ kind: 'tables', tables: [{ name: 'orders' }, { name: 'items' }] }]);
  const listed = (await get(`${plane}/linkconnections/shop/linktables`)).body.value;
  expect(listed).toMatchObject([{ name: 'public.orders' }, { name: 'public.items', target: { schemaName: 'dbo', tableName: 'Items' } }]);
  const edit = async (...linkTables: object[]) => (await scene.act('shop', 'edittables', { linkTables })).body?.error?.code;
  expect(await edit({ ...table('items'), operationType: 'add' })).toBe('LinkTableExists');
  expect(await edit({ ...table('none'), operationType: 'remove' })).toBe('LinkTableNotFound');
  expect(await edit({ operationType: 'remove' })).toBe('InvalidRequestFormat');
  expect(await edit({ id: listed[1].id, operationType: 'update', target: { tableName: 'lines' } })).toBeUndefined();
  expect(await edit({ id: listed[0].id, operationType: 'remove' })).toBeUndefined();
  const { linkTables: _tables, ...rest } = (linkBody() as { properties: Record<string, unknown> }).properties;
  await scene.put(`${workspace}/linkConnections/shop`, { properties: rest });
  expect((await get(`${plane}/linkconnections/shop/linktables`)).body.value).toMatchObject([
    { source: { tableName: 'items' }, target: { schemaName: 'dbo', tableName: 'lines' } },
  ]);
  await scene.act('shop', 'edittables', { linkTables: [{ ...table('orders'), operationType: 'add' }] });
  const first = (await scene.act('shop', 'querytablestatus', { maxSegmentCount: 1 })).body;
  const second = (await scene.act('shop', 'querytablestatus', { maxSegmentCount: 1, continuationToken: first.continuationToken })).body;
  expect([first.value.length, second.value.length, second.continuationToken]).toEqual([1, 1, undefined]);
  expect(await scene.act('shop', 'retry', { tables: [{ schemaName: 'public', tableName: 'none' }] })).toMatchObject({ status: 404 });
  await scene.act('shop', 'retry', { tables: [{ schemaName: 'public', tableName: 'items' }] });
  await expect.poll(() => worker.messages.at(-1)).toEqual({ kind: 'recopy', tables: [{ schema: 'public', name: 'items' }] });
  const moved = linkBody({ source: 'shop' }) as { properties: { targetDatabase: object } };
  moved.properties.targetDatabase = { linkedService: { referenceName: 'dw2' } };
  await scene.put(`${workspace}/sqlPools/dw2`, { location: 'eastus', properties: {} });
  expect((await scene.plane.send('PUT', `${workspace}/linkConnections/shop`, moved)).body.error.code).toBe('LinkMustBeStopped');
});

test('no more links are checked at once than leaves room for those that run', async () => {
  await scene.link('shop');
  const all = await Promise.all(Array.from({ length: 20 }, () => scene.act('shop', 'preflight')));
  expect(all.filter(({ status }) => status === 200)).toHaveLength(12);
  expect(all.find(({ status }) => status === 429)?.body.error.code).toBe('TooManyChecks');
  expect((await scene.act('shop', 'preflight')).status).toBe(200);
});

test('a link that is not saved is checked as one that is, and nothing is written', async () => {
  const body = linkBody({ tables: [table('orders')] }) as { properties: object };
  const ask = async (linkConnection: object): Promise<Sent> => await scene.plane.send('POST', `${plane}/preflight`, { linkConnection });
  const checked = await ask({ name: 'shop', properties: body.properties });
  expect(checked.status).toBe(200);
  await scene.link('shop', { tables: [table('orders')] });
  expect(checked.body).toEqual((await scene.act('shop', 'preflight')).body);
  expect((await ask({ name: 'other', properties: body.properties })).body.findings[0]).toMatchObject({ code: 'LinkTableInOtherLink' });
  expect((await ask({ name: 'a/b', properties: body.properties })).body.error.code).toBe('InvalidRequestFormat');
  expect((await scene.plane.send('GET', `${plane}/linkconnections/other`)).status).toBe(404);
});
