import { afterEach, beforeEach, expect, test } from 'vitest';
import { toFault, type Fault } from '#base/fault.ts';
import { refusal, startArmServer, type ArmReply, type ArmServer } from '#test/servers/arm-server.ts';
import { armClient, type ArmClient, type Progress } from './client.ts';

const path = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v';
let server: ArmServer;
let client: ArmClient;
let waits: number[];

beforeEach(async () => {
  server = await startArmServer();
  waits = [];
  client = armClient({
    endpoint: server.url,
    fetch,
    token: () => Promise.resolve(server.token()),
    wait: (ms) => Promise.resolve(void waits.push(ms)),
  });
});
afterEach(() => server[Symbol.asyncDispose]());

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  return work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => toFault(error),
  );
}

/** Answers in turn; the last one again and again. */
function inTurn(...replies: readonly ArmReply[]): () => ArmReply {
  let at = 0;
  return () => replies[Math.min(at++, replies.length - 1)]!;
}

test('resources are written, read, listed and deleted, each request with version and token', async () => {
  expect(await client.find(path)).toBeUndefined();
  expect(await client.put(path, { location: 'x' })).toMatchObject({ id: path, properties: { provisioningState: 'Succeeded' } });
  expect(await client.get(`${path}?api-version=2020-01-01`)).toMatchObject({ name: 'v' });
  expect([await client.delete(path), await client.delete(path)]).toEqual([true, false]);
  expect(server.requests.map(({ query }) => query.get('api-version'))).toEqual([
    '2026-11-01',
    '2026-11-01',
    '2020-01-01',
    '2026-11-01',
    '2026-11-01',
  ]);
  expect(waits).toEqual([]);
});

test('lists follow their pages, which lead nowhere else', async () => {
  server.script = ({ query }, base) => {
    const at = Number(query.get('$skiptoken') ?? 0);
    const nextLink = at === 2 ? {} : { nextLink: `${base}/things/all?api-version=1&$skiptoken=${at + 1}` };
    return { status: 200, body: { value: [{ at }], ...nextLink } };
  };
  expect(await client.list('/things/all')).toEqual([{ at: 0 }, { at: 1 }, { at: 2 }]);
  server.script = () => ({ status: 200, body: { value: [], nextLink: 'https://elsewhere.example/x' } });
  const before = server.requests.length;
  expect(await faultOf(client.list('/things/all'))).toMatchObject({ kind: 'invalid', code: 'ForeignAddress' });
  expect(await faultOf(client.get('//elsewhere.example/x'))).toMatchObject({ code: 'ForeignAddress' });
  expect(server.requests.length).toBe(before + 1);
});

test('an operation is followed by its own address, then the resource is read', async () => {
  const states = inTurn(
    { status: 200, body: { status: 'InProgress', properties: { waitingFor: 'a subnet' } }, headers: { 'retry-after': '3' } },
    { status: 200, body: { status: 'Succeeded' } },
  );
  server.script = ({ method, path: at }, base) => {
    if (method === 'PUT') {
      const headers = { 'azure-asyncoperation': `${base}/operations/1?api-version=2026-11-01`, 'retry-after': '1' };
      return { status: 201, body: { properties: { provisioningState: 'Creating' } }, headers };
    }
    return at.startsWith('/operations') ? states() : { status: 200, body: { properties: { provisioningState: 'Succeeded' }, final: true } };
  };
  const told: Progress[] = [];
  expect(await client.put(path, {}, { onProgress: (progress) => told.push(progress) })).toMatchObject({ final: true });
  expect(told).toEqual([{ path, status: 'InProgress', waitingFor: 'a subnet' }]);
  expect(waits).toEqual([1_000, 3_000]);
});

test('a location is followed until it is no longer 202', async () => {
  const ends = inTurn({ status: 202 }, { status: 202 }, { status: 200, body: { output: 'done' } });
  server.script = ({ method }, base) => (method === 'GET' ? ends() : { status: 202, headers: { location: `${base}/operationResults/1` } });
  expect(await client.post(`${path}/runCommand`, { a: 1 })).toEqual({ output: 'done' });
  expect(waits).toHaveLength(3);
  const gone = inTurn({ status: 202 }, { status: 204 });
  server.script = ({ method }, base) => (method === 'GET' ? gone() : { status: 202, headers: { location: `${base}/operationResults/2` } });
  expect(await client.delete(path)).toBe(true);
});

test('an action may name both: the operation says when, the location what', async () => {
  server.script = ({ method, path: at }, base) => {
    if (method === 'POST') return { status: 202, headers: { 'azure-asyncoperation': `${base}/op/1`, location: `${base}/result/1` } };
    return at === '/op/1' ? { status: 200, body: { status: 'Succeeded' } } : { status: 200, body: { answer: 42 } };
  };
  expect(await client.post(`${path}/act`)).toEqual({ answer: 42 });
});

test('without headers the state of the resource counts; an unknown one is final', async () => {
  const state = (provisioningState: string): ArmReply => ({ status: 200, body: { properties: { provisioningState } } });
  server.script = inTurn(state('Creating'), state('Updating'), state('Succeeded'));
  expect(await client.put(path, {})).toMatchObject({ properties: { provisioningState: 'Succeeded' } });
  expect(waits).toEqual([1_000, 1_000]);
  server.script = inTurn(state('Ready'));
  expect(await faultOf(client.put(path, {}))).toMatchObject({ kind: 'conflict', code: 'OperationFailed' });
});

test('an operation that failed is its error, with details and remedy', async () => {
  const details = [
    {
      code: 'SubnetFull',
      message: 'No address is left. Make it larger.',
      additionalInfo: [{ type: 'Remedy', info: { remedy: 'Make it larger.' } }],
    },
  ];
  server.script = ({ method }, base) =>
    method === 'PUT'
      ? { status: 201, headers: { 'azure-asyncoperation': `${base}/op/1` } }
      : { status: 200, body: { status: 'Failed', error: { code: 'DeploymentFailed', message: 'One failed.', details } } };
  const failed = await faultOf(client.put(path, {}));
  expect(failed).toMatchObject({ kind: 'conflict', code: 'DeploymentFailed', remedy: 'Make it larger.' });
  expect(failed.details).toMatchObject([{ code: 'SubnetFull', message: 'No address is left.', remedy: 'Make it larger.' }]);
  server.script = ({ method }, base) =>
    method === 'DELETE'
      ? { status: 202, headers: { 'azure-asyncoperation': `${base}/op/1` } }
      : { status: 200, body: { status: 'Canceled' } };
  expect(await faultOf(client.delete(path))).toMatchObject({ kind: 'cancelled' });
});

test('refusals come back as the faults that they were', async () => {
  const refused = async (reply: ArmReply): Promise<Fault> => {
    server.script = () => reply;
    return faultOf(client.get(path));
  };
  expect(await refused(refusal(403, 'AuthorizationFailed', 'No.', 'Ask.'))).toMatchObject({
    kind: 'denied',
    message: 'No.',
    remedy: 'Ask.',
  });
  expect(await refused(refusal(400, 'LocationRequired', 'x'))).toMatchObject({ kind: 'invalid', code: 'LocationRequired' });
  expect(await refused(refusal(400, 'NotSupported', 'x'))).toMatchObject({ kind: 'unsupported' });
  expect(await refused(refusal(409, 'X', 'x'))).toMatchObject({ kind: 'conflict' });
  expect(await refused(refusal(412, 'PreconditionFailed', 'x'))).toMatchObject({ kind: 'precondition' });
  expect(await refused(refusal(500, 'InternalServerError', 'x'))).toMatchObject({ kind: 'bug' });
  expect(await refused(refusal(504, 'GatewayTimeout', 'x'))).toMatchObject({ kind: 'timeout' });
  expect(await refused({ status: 502, body: 'what' })).toMatchObject({ kind: 'unreachable', code: 'BadGateway' });
  expect(await refused({ status: 400 })).toMatchObject({ kind: 'invalid', message: `${server.url} answered with status 400.` });
});

test('throttling is waited for, as long as the server says, and not for ever', async () => {
  const busy: ArmReply = { ...refusal(429, 'TooManyRequests', 'Slowly.'), headers: { 'retry-after': '7' } };
  server.script = inTurn(busy, refusal(503, 'ServerBusy', 'x'), { status: 200, body: { ok: true } });
  expect(await client.get(path)).toEqual({ ok: true });
  expect(waits).toEqual([7_000, 2_000]);
  server.script = () => busy;
  expect(await faultOf(client.get(path))).toMatchObject({ kind: 'throttled', code: 'TooManyRequests' });
  expect(waits).toHaveLength(6);
});

test('a token that will not do is renewed once', async () => {
  let kept = server.token();
  const refusals: (string | undefined)[] = [];
  const renewing = armClient({
    endpoint: server.url,
    fetch,
    token: (refused) => {
      refusals.push(refused);
      if (refused !== undefined) kept = server.token();
      return Promise.resolve(kept);
    },
  });
  const old = kept;
  server.renewTokens();
  expect(await renewing.list('/subscriptions')).toHaveLength(1);
  expect(refusals).toEqual([undefined, old]);
  const stubborn = armClient({ endpoint: server.url, fetch, token: () => Promise.resolve('foreign') });
  expect(await faultOf(stubborn.list('/subscriptions'))).toMatchObject({ kind: 'unauthenticated', code: 'InvalidAuthenticationToken' });
});

test('nobody there, and an end to waiting', async () => {
  const nobody = armClient({ endpoint: 'http://127.0.0.1:9', fetch, token: () => Promise.resolve('t') });
  expect(await faultOf(nobody.get('/x'))).toMatchObject({ kind: 'unreachable', code: 'ServerUnreachable' });
  const end = new AbortController();
  const patient = armClient({ endpoint: server.url, fetch, token: () => Promise.resolve(server.token()) });
  server.script = ({ method }, base) =>
    method === 'PUT'
      ? { status: 201, headers: { 'azure-asyncoperation': `${base}/op/1` } }
      : { status: 200, body: { status: 'InProgress' } };
  const waiting = faultOf(patient.put(path, {}, { signal: end.signal }));
  end.abort();
  expect(await waiting).toMatchObject({ kind: 'cancelled' });
});
