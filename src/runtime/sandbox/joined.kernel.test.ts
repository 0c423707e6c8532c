import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { Fault, fault } from '#base/fault.ts';
import { farNetwork, type FarNetwork } from '#test/runtime/far-network.ts';
import type { Answer, Ask } from './attempts-inside.ts';
import type { SandboxEndpoint } from './endpoint.ts';
import { openOutside } from './probe.ts';
import { openSandbox } from './sandbox.ts';
import type { SandboxedWorker, SandboxRequest } from './sandboxed-worker.ts';

const program = join(import.meta.dirname, 'attempts-inside.ts');
const shop: SandboxEndpoint = { address: '10.0.9.5', port: 1433, names: ['shop.database.internal'] };
const books: SandboxEndpoint = { address: '198.18.0.1', port: 5432, names: ['books.internal'] };
const soon = { timeout: 20_000 };

const far = (): Promise<FarNetwork> => farNetwork(shop.names[0] ?? '', shop.address, shop.port);

/** With a count of what it dialled outside. */
async function start(more: Partial<SandboxRequest>): Promise<{ readonly worker: SandboxedWorker; readonly dialled: () => number }> {
  const sandbox = await openSandbox();
  if (sandbox instanceof Fault) throw sandbox;
  let count = 0;
  const dial = async (): Promise<Duplex> => {
    count += 1;
    return new PassThrough();
  };
  return {
    worker: await sandbox.start({ program, readOnly: [program], endpoints: [], dial, memoryMb: 64, ...more }),
    dialled: () => count,
  };
}

async function ask({ process: child }: SandboxedWorker, what: Ask): Promise<Answer> {
  child.send(what);
  const [answer] = (await once(child, 'message')) as [Answer];
  return answer;
}

const echo = (worker: SandboxedWorker, host: string, port: number): Promise<Answer> => ask(worker, { ask: 'echo', host, port });

test('a joined worker sends its own packets to what its network carries, by names that it asks there; other doors are as ever', async () => {
  await using network = await far();
  const { worker, dialled } = await start({ join: network.join, endpoints: [books] });
  await using _ = worker;
  expect(await echo(worker, 'shop.database.internal', 1433)).toEqual({ how: 'echoed' });
  expect(network.told).toContainEqual({ kind: 'opened', from: network.address });
  expect(network.told).toContainEqual({ kind: 'asked', name: 'shop.database.internal', from: network.address });
  expect(dialled()).toBe(0);
  expect(await echo(worker, 'books.internal', 5432)).toEqual({ how: 'echoed' });
  expect(dialled()).toBe(1);
  expect(JSON.stringify(network.told)).not.toContain('books.internal');
  expect(await echo(worker, 'elsewhere.internal', 1433)).toEqual({ how: 'ENOTFOUND' });
  expect(await echo(worker, shop.address, 1434)).toEqual({ how: 'ECONNREFUSED' });
});

test('a door moves over to the network that carries it, and back', async () => {
  await using network = await far();
  const { worker, dialled } = await start({ join: network.join, endpoints: [shop] });
  await using _ = worker;
  const opened = (): number => network.told.filter(({ kind }) => kind === 'opened').length;
  expect(await echo(worker, shop.address, shop.port)).toEqual({ how: 'echoed' });
  expect([dialled(), opened()]).toEqual([1, 0]);
  await worker.setEndpoints([]);
  expect(await echo(worker, shop.address, shop.port)).toEqual({ how: 'echoed' });
  expect([dialled(), opened()]).toEqual([1, 1]);
  await worker.setEndpoints([{ ...shop, names: [] }]);
  expect(await echo(worker, 'shop.database.internal', shop.port)).toEqual({ how: 'echoed' });
  expect([dialled(), opened()]).toEqual([2, 1]);
});

test('what a hostile program tries from a joined network fails as from an empty one, but that datagrams are sent, which nobody gets', async () => {
  await using network = await far();
  await using outside = await openOutside();
  const { worker } = await start({ join: network.join });
  await using _ = worker;
  const targets = { ...outside.targets, endpointAddress: shop.address, endpointPort: shop.port };
  const { attempts = [] } = await ask(worker, { ask: 'attempts', targets });
  expect(attempts.length).toBeGreaterThan(30);
  const gained = attempts.filter((one) => one.gained !== undefined);
  expect(gained.map(({ tried }) => tried)).toEqual(['send a datagram']);
  expect(outside.reached()).toBe(0);
});

test('where it cannot be joined nothing starts, and the reason is told as it is', async () => {
  let pid = 0;
  const refuse = async (inside: number): Promise<never> => {
    pid = inside;
    throw fault('unsupported', 'KernelCommandFailed', 'No interface.', { remedy: 'Look.' });
  };
  await expect(start({ join: refuse })).rejects.toMatchObject({ code: 'KernelCommandFailed', remedy: 'Look.' });
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => existsSync(`/proc/${pid}`), soon).toBe(false);
});

test('it parts when it ends, and not before what it was connected to was told', async () => {
  await using network = await far();
  const { worker } = await start({ join: network.join });
  expect(await ask(worker, { ask: 'hold', host: shop.address, port: shop.port })).toEqual({ how: 'echoed' });
  expect(network.parted()).toBe(0);
  await worker.stop();
  await expect.poll(() => network.told.at(-1), soon).toEqual({ kind: 'closed' });
  expect(network.parted()).toBe(1);
  const { worker: killed } = await start({ join: network.join });
  expect(await ask(killed, { ask: 'hold', host: shop.address, port: shop.port })).toEqual({ how: 'echoed' });
  killed.process.kill('SIGKILL');
  await expect.poll(() => network.parted(), soon).toBe(2);
  await expect.poll(() => network.told.filter(({ kind }) => kind === 'closed').length, soon).toBe(2);
});

test('one that could not start after it was joined is parted', async () => {
  await using network = await far();
  await expect(start({ join: network.join, program: ['/bin/nothing'], endpoints: [books] })).rejects.toMatchObject({
    code: expect.stringMatching(/^Sandbox/),
  });
  expect(network.parted()).toBe(1);
});
