import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { FabricEvent } from '#fabric/engine.ts';
import { openKernelEngine } from '#fabric/kernel/engine.ts';
import type { Attempt, Targets } from '#runtime/sandbox/attempts-inside.ts';
import { openOutside } from '#runtime/sandbox/probe.ts';
import { describeRuntimeHost, reader, scene, type Scene } from './runtime-host.contract.ts';

const soon = { timeout: 20_000 };
const open = (more: { readonly mostJobs?: number } = {}): Promise<Scene> =>
  scene({
    ...more,
    allowUnisolated: false,
    openEngine: (options) => openKernelEngine({ ...options, label: randomBytes(4).toString('hex'), limits: { tickMs: 50 } }),
  });

describeRuntimeHost(open, 'joined');

test('an unmodified driver reaches the endpoint by packets of its own', async () => {
  await using on = await open();
  await on.apply();
  await using job = await on.start('plain');
  const next = reader(job);
  expect([await next(), await next(), await next()]).toEqual(['begun', 'unmodified', 'done']);
  expect(on.engine.passed(on.sample.segment, 'test plain')).toMatchObject({
    ways: [{ endpoint: on.sample.endpoint, connections: 1, bytesIn: 10, bytesOut: 10 }],
    refused: 0,
  });
});

test('a door that must be passed on moves over to whoever does, and back, while the job runs', async () => {
  await using on = await open();
  await on.apply();
  await using job = await on.start('ways');
  const next = reader(job);
  expect([await next(), await next()]).toEqual(['begun', 'carried']);
  await on.apply({ service: { proxyProtocol: true } });
  expect(await next()).toBe('passed on');
  await on.apply();
  expect(await next()).toBe('carried');
});

test('where its network cannot be joined a worker does not start, and why is told', async () => {
  await using on = await open();
  const { job } = { job: { kind: 'test-connection', timeoutMs: 1_000 } as const };
  const login = { database: 'echo', user: 'reader', password: null, tls: 'prefer', certificateName: null } as const;
  const store = { kind: 'postgresql', host: on.sample.name, port: on.sample.port, ...login } as const;
  // No plan has this network yet.
  const order = { segment: on.sample.segment, name: 'test echo', job: { ...job, store }, writable: [] };
  await expect(on.host.start(order, new AbortController().signal)).rejects.toMatchObject({ code: 'SegmentNotFound' });
  expect(on.host.running()).toEqual([]);
});

test('whatever a hostile worker tries elsewhere fails, and is counted and told as its own', async () => {
  await using on = await open();
  await on.apply();
  await using outside = await openOutside();
  const refused: Extract<FabricEvent, { kind: 'refused' }>[] = [];
  on.engine.onEvent((event) => {
    if (event.kind === 'refused') refused.push(event);
  });
  const endpoint = { endpointAddress: on.sample.address, endpointPort: on.sample.port };
  const targets: Targets = { ...outside.targets, ...endpoint, parentPid: process.pid, memoryMb: 64 };
  await using job = await on.start('attempts', { user: JSON.stringify(targets), timeoutMs: 120_000 });
  const attempts: Attempt[] = [];
  for await (const event of job.events) if (event.kind === 'step') attempts.push(JSON.parse(event.step.detail) as Attempt);
  expect(attempts.length).toBeGreaterThan(30);
  // To its own loopback, where nobody is.
  expect(attempts.filter(({ gained }) => gained !== undefined && gained !== null).map(({ tried }) => tried)).toEqual(['send a datagram']);
  expect(outside.reached()).toBe(0);
  for (const place of ['169.254.169.254:80', '1.1.1.1:443', `${on.sample.address}:${on.sample.port + 1}`, '1.1.1.1:53', 'example.com:53']) {
    const told = (): string[] => refused.filter(({ asker }) => asker === 'test attempts').map(({ host, port }) => `${host}:${port}`);
    await expect.poll(told, soon).toContain(place);
  }
  expect(on.engine.passed(on.sample.segment, 'test attempts').refused).toBeGreaterThan(10);
});
