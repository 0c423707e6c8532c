import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ask, soon, stage, type Stage } from '../engine-stage.contract.ts';
import type { Path } from '../path.ts';
import { outwardAddress } from '../sample-hosts.contract.ts';
import { openKernelEngine } from './engine.ts';
import { hubPlace } from './hub-place.ts';

interface Exposed extends AsyncDisposable {
  readonly on: Stage;
  readonly nft: (...words: readonly string[]) => string;
  explain(): Promise<Path>;
}

async function exposed(): Promise<Exposed> {
  const label = randomBytes(4).toString('hex');
  const on = await stage((more) => openKernelEngine({ label, limits: { tickMs: more.tickMs ?? 50 } }), { at: outwardAddress() });
  await on.apply();
  return {
    on,
    nft: (...words) =>
      execFileSync('/usr/bin/nsenter', [`--net=${hubPlace({ label }).path}`, '--', '/usr/sbin/nft', ...words], { encoding: 'utf8' }),
    explain: () => on.engine.explain({ segment: on.sample.segment, host: on.sample.name, port: on.sample.port }),
    [Symbol.asyncDispose]: () => on[Symbol.asyncDispose](),
  };
}

const hopOf = ({ hops }: Path, kind: string): Path['hops'][number] | undefined => hops.find((hop) => hop.kind === kind);

test('a way that the kernel carries is tried by a connection of its own, which is not counted', async () => {
  await using all = await exposed();
  const { on } = all;
  const peer = on.call();
  await ask(peer, 'hello');
  const at = on.engine.listening(on.sample.endpoint, on.sample.port);
  const before = on.host.peers.length;
  const path = await all.explain();
  expect(path.denied).toBeUndefined();
  expect(hopOf(path, 'endpoint')).toMatchObject({
    ok: true,
    detail: expect.stringMatching(new RegExp(`listens at ${at?.host}:${at?.port}\\. The kernel carries it: .* open after [\\d.]+ ms\\.$`)),
    counts: { connections: 1, open: 1, refused: 0, bytesIn: 5, bytesOut: 5 },
  });
  for (const kind of ['service', 'balancer']) expect(hopOf(path, kind)?.counts).toMatchObject({ connections: 1, bytesIn: 5 });
  const backends = path.hops.filter(({ kind }) => kind === 'backend').map(({ counts }) => counts?.connections ?? 0);
  expect(backends.toSorted((a, b) => a - b)).toEqual([0, 1]);
  // One to the target itself, and one by the kernel.
  await expect.poll(() => on.host.peers.length, soon).toBe(before + 2);
  expect(on.engine.sessions(on.sample.endpoint)).toHaveLength(1);
  expect(on.engine.counters().find(({ of }) => of === 'endpoint')).toMatchObject({ connections: 1, open: 1 });
  peer.stream.destroy();
});

test.for([
  ['an element', ['delete', 'element', 'inet', 'isthmus', 'door'], 'rows of it are not there'],
  ['all elements of a set', ['flush', 'set', 'inet', 'isthmus', 'link_in'], 'rows of it are not there'],
  ['everything', ['flush', 'ruleset'], 'rows of it are not there'],
] as const)('where somebody takes %s away it says so, and it is there again', async ([what, words, problem]) => {
  await using all = await exposed();
  const { on, nft } = all;
  expect((await all.explain()).denied).toBeUndefined();
  const first = /{\s*(\w+ \. [\d.]+ \. \d+) : /.exec(nft('list', 'map', 'inet', 'isthmus', 'door'))?.[1] ?? '';
  nft(...words, ...(what === 'an element' ? [`{ ${first} }`] : []));
  const path = await all.explain();
  expect(path.denied).toMatchObject({
    kind: 'unreachable',
    code: 'KernelRowsLost',
    message: expect.stringContaining(problem),
    target: expect.stringContaining('inet isthmus of the network'),
    remedy: expect.stringContaining('nft monitor'),
  });
  expect(path.hops.at(-1)).toMatchObject({ kind: 'endpoint', id: on.sample.endpoint, ok: false, detail: path.denied?.message });
  await expect.poll(async () => (await all.explain()).denied?.code, { timeout: 8_000, interval: 50 }).toBeUndefined();
  const peer = on.call();
  await ask(peer, 'as before');
  peer.stream.destroy();
});

test('where an element leads elsewhere it says so', async () => {
  await using all = await exposed();
  const [, key, value] = /{\s*(\w+ \. [\d.]+ \. \d+) : (\w+)/.exec(all.nft('list', 'map', 'inet', 'isthmus', 'door')) ?? [];
  all.nft('delete', 'element', 'inet', 'isthmus', 'door', `{ ${key} }`);
  all.nft('add', 'element', 'inet', 'isthmus', 'door', `{ ${key} : ${Number(value) + 1} }`);
  expect((await all.explain()).denied).toMatchObject({ code: 'KernelRowsLost', message: expect.stringContaining('are others') });
  await expect.poll(async () => (await all.explain()).denied?.code, { timeout: 8_000, interval: 50 }).toBeUndefined();
});

test('where the rows are there and packets are stopped it says so', async () => {
  await using all = await exposed();
  all.nft('add', 'table', 'inet', 'foreign');
  all.nft('add', 'chain', 'inet', 'foreign', 'stops', '{ type filter hook forward priority 10; }');
  all.nft('add', 'rule', 'inet', 'foreign', 'stops', 'reject with icmpx admin-prohibited');
  const { denied, hops } = await all.explain();
  expect(denied).toMatchObject({ kind: 'unreachable', code: 'KernelPathBroken', message: expect.stringMatching(/fails: E[A-Z]+\.$/) });
  expect(hops.at(-1)).toMatchObject({ kind: 'endpoint', ok: false });
  all.nft('delete', 'table', 'inet', 'foreign');
  expect((await all.explain()).denied).toBeUndefined();
});

test('what is denied by the plan is told as before, with what was refused so far', async () => {
  await using all = await exposed();
  await all.on.apply({ endpoint: { state: 'Pending' } });
  const { denied, hops } = await all.explain();
  expect(denied?.code).toBe('EndpointPending');
  expect(hops.at(-1)).toMatchObject({ kind: 'endpoint', ok: false });
});
