import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import { armScene, group, subscription, type ArmScene } from './arm-scene.contract.ts';

const machine = `${group}/providers/Example.Run/machines/m`;
const body = { location: 'westeurope', properties: {} };
const waiting = { kind: 'waiting', for: 'a host', retryMs: 20 } as const;

/** The path that an absolute address of the scene's host has. */
function pathOf(url: string | undefined): string {
  expect(url).toMatch(/^http:\/\/arm\.test:4433\/subscriptions\//);
  return url!.slice('http://arm.test:4433'.length);
}

async function settled(scene: ArmScene, id: string): Promise<void> {
  await expect.poll(async () => (await scene.store.get(id))?.status.outcome ?? 'gone').toBe('ready');
}

test('what settles within a moment is answered at once', async () => {
  await using scene = await armScene({ loop: true });
  const made = await scene.send('PUT', machine, body);
  expect(made.status).toBe(201);
  expect(made.headers['azure-asyncoperation']).toBeUndefined();
  expect(made.body.properties).toMatchObject({ provisioningState: 'Succeeded', address: '10.0.0.1', size: 'small' });
  expect((await scene.send('DELETE', machine)).status).toBe(200);
});

test('a PUT that takes longer hands out an operation, which ends when the resource has settled', async () => {
  await using scene = await armScene({ loop: true, waitMs: 30 });
  scene.gate.machines.set('m', waiting);
  const made = await scene.send('PUT', machine, body);
  expect([made.status, made.body.properties.provisioningState, made.headers['retry-after']]).toEqual([201, 'Creating', '1']);
  expect(made.headers['location']).toBeUndefined();
  const status = pathOf(made.headers['azure-asyncoperation']);
  const running = await scene.send('GET', status);
  expect([running.status, running.body.status, running.headers['retry-after']]).toEqual([200, 'InProgress', '1']);
  const result = status.replace('operationStatuses', 'operationResults');
  const pending = await scene.send('GET', result);
  expect([pending.status, pending.headers['retry-after'], pathOf(pending.headers['location'])]).toEqual([202, '1', result]);
  scene.gate.machines.delete('m');
  await settled(scene, machine);
  const done = await scene.send('GET', status);
  expect(done.body).toMatchObject({ status: 'Succeeded', name: /[^/]+(?=\?)/.exec(status)![0] });
  expect(done.body.endTime).toBeDefined();
  expect((await scene.send('GET', result)).body.id).toBe(machine);
  expect((await scene.send('GET', status, undefined, { authorization: 'Bearer nobody' })).body.error.code).toBe('OperationNotFound');
  expect((await scene.send('GET', status, undefined, { authorization: 'Bearer reader' })).status).toBe(200);
});

test('what fails at once fails as an operation, and is tried again when it is written once more', async () => {
  await using scene = await armScene({ loop: true });
  scene.gate.machines.set('m', { kind: 'failed', fault: fault('conflict', 'NoRoom', 'There is no room.', { remedy: 'Make some.' }) });
  const made = await scene.send('PUT', machine, body);
  expect([made.status, made.body.properties.provisioningState]).toEqual([201, 'Failed']);
  const status = pathOf(made.headers['azure-asyncoperation']);
  const failed = await scene.send('GET', status);
  expect(failed.body).toMatchObject({ status: 'Failed', error: { code: 'NoRoom', message: 'There is no room. Make some.' } });
  const result = await scene.send('GET', status.replace('operationStatuses', 'operationResults'));
  expect([result.status, result.body.error.code]).toEqual([409, 'NoRoom']);
  scene.gate.machines.delete('m');
  const again = await scene.send('PUT', machine, body);
  expect([again.status, again.body.properties.provisioningState]).toEqual([200, 'Succeeded']);
});

test('a DELETE that takes longer is 202 with both addresses', async () => {
  await using scene = await armScene({ loop: true, waitMs: 30 });
  await scene.send('PUT', machine, body);
  await settled(scene, machine);
  scene.gate.machines.set('m', waiting);
  const begun = await scene.send('DELETE', machine);
  expect([begun.status, begun.text, begun.headers['retry-after']]).toEqual([202, '', '1']);
  const [status, result] = [pathOf(begun.headers['azure-asyncoperation']), pathOf(begun.headers['location'])];
  expect((await scene.send('GET', machine)).body.properties.provisioningState).toBe('Deleting');
  expect((await scene.send('PUT', machine, body)).body.error.code).toBe('ResourceBeingDeleted');
  expect((await scene.send('DELETE', machine)).status).toBe(202);
  expect((await scene.send('GET', result)).status).toBe(202);
  scene.gate.machines.delete('m');
  await expect.poll(async () => (await scene.send('GET', status)).body.status).toBe('Succeeded');
  const done = await scene.send('GET', result);
  expect([done.status, done.text]).toEqual([200, '']);
  expect((await scene.send('GET', machine)).status).toBe(404);
});

test('a group goes with all in it: 202 with Location only, then 200', async () => {
  await using scene = await armScene({ loop: true });
  await scene.send('PUT', machine, body);
  await scene.send('PUT', `${group}/providers/Example.Net/networks/n`, { location: 'x', properties: { space: 's' } });
  const begun = await scene.send('DELETE', group);
  expect(begun.status).toBe(202);
  expect(begun.headers['azure-asyncoperation']).toBeUndefined();
  const result = pathOf(begun.headers['location']);
  expect(result).toMatch(/^\/subscriptions\/[^/]+\/operationresults\//);
  await expect.poll(async () => (await scene.send('GET', result)).status).toBe(200);
  const absent = await scene.send('DELETE', group);
  expect([absent.status, absent.body.error.code]).toEqual([404, 'ResourceGroupNotFound']);
  expect((await scene.send('HEAD', group)).status).toBe(404);
  expect((await scene.send('DELETE', machine)).body.error.code).toBe('ResourceGroupNotFound');
});

test('an action that settles later is 202, and its operation ends', async () => {
  await using scene = await armScene({ loop: true, waitMs: 30 });
  await scene.send('PUT', machine, body);
  await settled(scene, machine);
  scene.gate.machines.set('m', waiting);
  const begun = await scene.send('POST', `${machine}/restart`);
  expect(begun.status).toBe(202);
  const result = pathOf(begun.headers['location']);
  scene.gate.machines.delete('m');
  await expect.poll(async () => (await scene.send('GET', result)).status).toBe(200);
});

test('there is no operation that was not handed out', async () => {
  await using scene = await armScene();
  const absent = `${subscription}/providers/Example.Run/locations/x/operationStatuses/11111111-1111-4111-8111-111111111111`;
  expect((await scene.send('GET', absent)).body.error.code).toBe('OperationNotFound');
  expect((await scene.send('DELETE', absent)).status).toBe(405);
});
