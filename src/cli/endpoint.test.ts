import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { testSubscription } from '#test/servers/arm-server.ts';
import { startCommandLine, type CommandLine } from '#test/servers/command-line.ts';
import { addEndpoint } from './endpoint-options.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/shop`;
const server = `${group}/providers/Microsoft.Sql/servers/orders`;
const service = `${group}/providers/Microsoft.Network/privateLinkServices/reports`;

let line: CommandLine;
beforeEach(async () => {
  line = await startCommandLine(addEndpoint);
});
afterEach(() => line[Symbol.asyncDispose]());

interface Asked {
  readonly status?: string;
  readonly decisions?: readonly JsonObject[];
  readonly needed?: number;
  readonly at?: string;
  readonly etag?: string;
  readonly expiresAt?: string;
}

/** A connection to a target, as the server keeps it. Answers its id. */
function ask(target: string, endpoint: string, asked: Asked = {}): string {
  const { status = 'Pending', decisions = [], needed = 1, at = '2026-11-22T06:00:00.000Z', etag, expiresAt } = asked;
  for (const [type, id] of [
    ['Microsoft.Sql/servers', server],
    ['Microsoft.Network/privateLinkServices', service],
  ] as const)
    line.server.resources.set(id.toLowerCase(), { id, name: id.split('/').at(-1)!, type });
  const id = `${target}/privateEndpointConnections/${endpoint}.1`;
  line.server.resources.set(id.toLowerCase(), {
    id,
    name: `${endpoint}.1`,
    ...(etag === undefined ? {} : { etag }),
    properties: {
      privateEndpoint: { id: `${group}/providers/Microsoft.Network/privateEndpoints/${endpoint}` },
      privateLinkServiceConnectionState: { status, description: 'please', actionsRequired: 'None' },
      approval: {
        requestedBy: 'anna',
        requestedAt: at,
        requestMessage: 'please',
        approversNeeded: needed,
        decisions,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      },
    },
  });
  return id;
}

function puts(): readonly unknown[] {
  return line.server.requests
    .filter(({ method }) => method === 'PUT')
    .map(({ path, body, headers }) => ({ path, body, match: headers['if-match'] }));
}

const written = (status: string, description: string): object => ({
  properties: { privateLinkServiceConnectionState: { status, description } },
});

test('who waits is listed first, whatever they ask for; what may not be read is left out', async () => {
  ask(server, 'old', { status: 'Rejected', decisions: [{ by: 'berta', at: '2026-11-22T06:01:00Z', status: 'Rejected', because: 'no' }] });
  ask(service, 'early', { needed: 2, decisions: [{ by: 'berta', at: '2026-11-22T06:01:00Z', status: 'Approved', because: 'yes' }] });
  ask(server, 'late', { at: '2026-11-22T07:00:00.000Z' });
  line.server.script = ({ path }) =>
    path.includes('Microsoft.DBfor') ? { status: 403, body: { error: { code: 'AuthorizationFailed', message: 'No.' } } } : undefined;
  const { out } = await line.run('endpoint', 'list');
  const lines = out.split('\n').map((one) => one.split(/ {2,}/));
  expect(lines.slice(0, 4).map((cells) => cells.slice(0, 6))).toEqual([
    ['ENDPOINT', 'STATE', 'ASKS FOR', 'ASKED BY', 'ASKED AT', 'MESSAGE'],
    ['late', 'Pending', 'servers/orders', 'anna', '2026-11-22T07:00:00Z', 'please'],
    ['early', 'Pending (1 of 2)', 'privateLinkServices/reports', 'anna', '2026-11-22T06:00:00Z', 'please'],
    ['old', 'Rejected', 'servers/orders', 'anna', '2026-11-22T06:00:00Z', 'please'],
  ]);
  expect(lines[3]).toEqual(expect.arrayContaining(['berta', '2026-11-22T06:01:00Z', 'no']));
  const json = JSON.parse((await line.run('endpoint', 'list', '--scope', server, '-o', 'json')).out) as { name: string }[];
  expect(json.map(({ name }) => name)).toEqual(['late.1', 'old.1']);
});

test('an inbox that nobody may read says so; an empty one too', async () => {
  expect((await line.run('endpoint', 'list')).out).toBe('Nobody asks for anything that you may read.\n');
  line.server.script = ({ path }) =>
    path.includes('/providers/Microsoft.') ? { status: 403, body: { error: { code: 'AuthorizationFailed', message: 'No.' } } } : undefined;
  await expect(line.run('endpoint', 'list')).rejects.toMatchObject({ kind: 'denied', code: 'AuthorizationFailed' });
});

test('a decision goes to the one connection meant, over the state that was read', async () => {
  const id = ask(server, 'late', { etag: '"7"' });
  expect((await line.run('endpoint', 'approve', 'LATE', '--because', 'ticket 4711')).out).toBe('late: approved: traffic may pass\n');
  expect(puts()).toEqual([{ path: id, body: written('Approved', 'ticket 4711'), match: '"7"' }]);
  ask(service, 'other');
  await line.run('endpoint', 'reject', `${group}/providers/Microsoft.Network/privateEndpoints/other`, '--because', 'unknown');
  await line.run('endpoint', 'revoke', id, '--because', 'left');
  expect(puts().slice(1)).toEqual([
    { path: `${service}/privateEndpointConnections/other.1`, body: written('Rejected', 'unknown'), match: undefined },
    { path: id, body: written('Rejected', 'left'), match: undefined },
  ]);
});

test('how many have approved is told, and until when it lasts', async () => {
  const decisions = [{ by: 'berta', at: '2026-11-22T06:01:00Z', status: 'Approved', because: 'yes' }];
  const id = ask(server, 'late', { needed: 2, decisions });
  line.server.script = ({ method }) => (method === 'PUT' ? { status: 200, body: line.server.resources.get(id.toLowerCase())! } : undefined);
  expect((await line.run('endpoint', 'approve', 'late', '--because', 'yes')).out).toBe(
    'late: 1 of 2 approvals; traffic may pass when somebody else approves too\n',
  );
  ask(server, 'late', { status: 'Approved', expiresAt: '2126-12-22T06:00:00.000Z' });
  expect((await line.run('endpoint', 'approve', 'late', '--because', 'yes')).out).toBe(
    'late: approved: traffic may pass until 2126-12-22T06:00:00Z\n',
  );
});

test('a name of several, or of none, is refused with those that may be meant', async () => {
  const ids = [ask(server, 'late'), ask(service, 'late')];
  await expect(line.run('endpoint', 'approve', 'late', '--because', 'yes')).rejects.toMatchObject({
    kind: 'invalid',
    code: 'WhichEndpointConnection',
    message: expect.stringMatching(new RegExp(ids.toSorted().join('.*|'))),
  });
  await expect(line.run('endpoint', 'approve', 'nobody', '--because', 'yes')).rejects.toMatchObject({
    kind: 'missing',
    code: 'EndpointConnectionNotFound',
    remedy: 'These wait: late, late.',
  });
  expect(puts()).toEqual([]);
});

test('revoking is for what is approved, rejecting for what waits', async () => {
  ask(server, 'late');
  ask(service, 'busy', { status: 'Approved' });
  await expect(line.run('endpoint', 'revoke', 'late', '--because', 'x')).rejects.toMatchObject({
    kind: 'conflict',
    code: 'EndpointNotApproved',
  });
  await expect(line.run('endpoint', 'reject', 'busy', '--because', 'x')).rejects.toMatchObject({
    kind: 'conflict',
    code: 'EndpointNotPending',
  });
  await expect(line.run('endpoint', 'approve', 'late')).rejects.toThrow(/because/);
  expect(puts()).toEqual([]);
});
