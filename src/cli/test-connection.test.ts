import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { testSubscription } from '#test/servers/arm-server.ts';
import { startCommandLine, type CommandLine } from '#test/servers/command-line.ts';
import { addAuthoring } from './authoring-options.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/one/providers`;
const factory = `${group}/Microsoft.DataFactory/factories/f`;
const workspace = `${group}/Microsoft.Synapse/workspaces/w`;

let line: CommandLine;
let answer: JsonObject;
beforeEach(async () => {
  line = await startCommandLine(addAuthoring);
  line.server.script = ({ path }) =>
    /\/testConnectivity$|\/enableInteractiveQuery$/.test(path) ? { status: 200, body: answer } : undefined;
  for (const id of [factory, workspace, `${factory}/linkedservices/orders`, `${workspace}/linkedservices/shop`])
    line.server.resources.set(id.toLowerCase(), { id, name: id.split('/').at(-1)! });
});
afterEach(() => line[Symbol.asyncDispose]());

const passed = [
  { name: 'endpoint', ok: true, ms: 0, detail: 'e is approved.' },
  { name: 'TCP', ok: true, ms: 12.4, detail: 'Connected.' },
];
const posts = (): unknown => line.server.requests.filter(({ method }) => method === 'POST').map(({ path, body }) => [path, body]);

test('each hop is shown with its time; a workspace is asked on its plane, a data factory in ARM', async () => {
  answer = { succeeded: true, errors: [], hops: passed };
  expect((await line.run('test-connection', 'Shop')).out).toBe(
    '✓ endpoint         e is approved.\n✓ TCP       12 ms  Connected.\nThe connection of Shop works.\n',
  );
  await line.run('test-connection', 'orders', '--factory', 'F', '--enable');
  expect(posts()).toEqual([
    ['/synapse/w/testConnectivity', { linkedService: { name: 'Shop' } }],
    [`${factory}/integrationRuntimes/AutoResolveIntegrationRuntime/enableInteractiveQuery`, {}],
    [`${factory}/testConnectivity`, { linkedService: { name: 'orders' } }],
  ]);
});

test.each([
  ['endpoint', 'denied'],
  ['login', 'denied'],
  ['TCP', 'unreachable'],
])('a connection that fails at %s is a fault that says whose side it is and what to do', async (name, kind) => {
  const failed = { name, ok: false, ms: 3, detail: 'It will not.', code: 'TheCode', side: 'your side', remedy: 'Do this.' };
  answer = { succeeded: false, errors: [{ code: 'SqlFailedToConnect', message: 'Cannot connect.' }], hops: [...passed, failed] };
  const message = 'It will not. To be mended on your side.';
  await expect(line.run('test-connection', 'shop')).rejects.toMatchObject({ kind, code: 'TheCode', message, remedy: 'Do this.' });
});

test('a linked service is looked for where it may be, and named so that it is the only one', async () => {
  await expect(line.run('test-connection', 'nothing')).rejects.toMatchObject({ kind: 'missing', code: 'LinkedServiceNotFound' });
  const id = `${factory}/linkedservices/shop`;
  line.server.resources.set(id.toLowerCase(), { id, name: 'shop' });
  await expect(line.run('test-connection', 'shop')).rejects.toMatchObject({ kind: 'invalid', code: 'WhichLinkedService' });
  const both = ['--workspace', 'w', '--factory', 'f'];
  await expect(line.run('test-connection', 'shop', ...both)).rejects.toMatchObject({ code: 'HomeNotNamed' });
  await expect(line.run('test-connection', 'shop', '--workspace', 'x')).rejects.toMatchObject({
    code: 'HomeNotFound',
    remedy: 'These are there: w.',
  });
});
