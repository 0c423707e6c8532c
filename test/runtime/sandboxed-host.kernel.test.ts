import { expect, test } from 'vitest';
import { describeRuntimeHost, scene } from './runtime-host.contract.ts';

const open = () => scene({ allowUnisolated: false });

describeRuntimeHost(open);

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
