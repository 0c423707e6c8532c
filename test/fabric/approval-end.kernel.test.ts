import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ask, soon } from '#fabric/engine-stage.contract.ts';
import { call, outwardAddress, sampleHost } from '#fabric/sample-hosts.contract.ts';
import { SamplePlan } from '#fabric/sample-plan.contract.ts';
import { ChaosControl } from './chaos-control.ts';
import { ChaosRecord } from './chaos-oracle.ts';

test('an approval ends in time though nobody is there any more to end it, for those who are connected and for those who come', async () => {
  await using database = await sampleHost(undefined, outwardAddress());
  const sample = new SamplePlan(database);
  await using control = new ChaosControl(randomBytes(4).toString('hex'), [sample.endpoint], new ChaosRecord());
  await control.begin();
  const endsMs = Date.now() + 3_000;
  await control.apply(sample.plan({ rule: { probe: undefined }, endpoint: { expiresAtMs: endsMs } }), 'for three seconds');
  const door = { host: control.entries.get(sample.endpoint)!, port: sample.port };
  const connected = call(door);
  await ask(connected, 'hello');
  await control.kill();
  // The kernel carries on without it.
  await ask(connected, 'still here');
  await ask(call(door), 'a new one');
  await expect
    .poll(
      () => {
        connected.stream.write('.');
        return connected.over;
      },
      { ...soon, timeout: 10_000 },
    )
    .toBe('reset');
  expect(Date.now()).toBeGreaterThanOrEqual(endsMs - 50);
  const late = call(door);
  await expect.poll(() => late.over, soon).toBe('reset');
  expect(database.peers).toHaveLength(2);
});
