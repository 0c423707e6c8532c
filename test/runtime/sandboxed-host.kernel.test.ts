import { expect, test } from 'vitest';
import type { Attempt, Targets } from '#runtime/sandbox/attempts-inside.ts';
import { openOutside } from '#runtime/sandbox/probe.ts';
import { describeRuntimeHost, scene } from './runtime-host.contract.ts';

const open = (more: { readonly mostJobs?: number } = {}) => scene({ ...more, allowUnisolated: false });

describeRuntimeHost(open, 'sandboxed');

test('it is isolated, and an unmodified driver reaches the endpoint', async () => {
  await using on = await open();
  await on.apply();
  expect(await on.host.isolation()).toEqual({ isolated: true });
  await using job = await on.start('plain');
  expect(job.isolated).toBe(true);
  const texts: string[] = [];
  for await (const event of job.events) if (event.kind === 'step') texts.push(event.step.detail);
  expect(texts).toEqual(['unmodified']);
  expect(await job.attempts()).toBe(0);
});

test('whatever a hostile worker tries to reach elsewhere fails, and the kernel counts it', async () => {
  await using on = await open();
  await on.apply();
  await using outside = await openOutside();
  const targets: Targets = {
    ...outside.targets,
    endpointAddress: on.sample.address,
    endpointPort: on.sample.port,
    parentPid: process.pid,
    memoryMb: 64,
  };
  await using job = await on.start('attempts', { user: JSON.stringify(targets), timeoutMs: 60_000 });
  const attempts: Attempt[] = [];
  for await (const event of job.events) if (event.kind === 'step') attempts.push(JSON.parse(event.step.detail) as Attempt);
  expect(attempts.length).toBeGreaterThan(30);
  expect(attempts.filter(({ gained }) => gained !== undefined && gained !== null)).toEqual([]);
  expect(outside.reached()).toBe(0);
  // Those that got as far as the worker's own network; the others were refused before: by the filter of system calls, or since a file is not there.
  const inNetwork = attempts.filter(
    ({ tried, refused }) => / port \d+$/.test(tried) && /^E(NETUNREACH|CONNREFUSED|HOSTUNREACH)$/.test(refused ?? ''),
  );
  expect(inNetwork.length).toBe(attempts.filter(({ tried }) => / port \d+$/.test(tried)).length);
  expect(await job.attempts()).toBeGreaterThanOrEqual(inNetwork.length);
  await expect.poll(() => on.log()).toContain('a worker tried to reach what its network does not have');
});
