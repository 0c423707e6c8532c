import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { must } from '#base/fault.ts';
import { ask, over, stage, type Stage } from '../engine-stage.contract.ts';
import { outwardAddress } from '../sample-hosts.contract.ts';
import { openKernelEngine } from './engine.ts';

const opened = (): Promise<Stage> =>
  stage(() => openKernelEngine({ label: randomBytes(4).toString('hex'), limits: { tickMs: 50 } }), { at: outwardAddress() });

function counts(on: Stage): { readonly connections: number; readonly open: number; readonly bytesIn: number } {
  const { connections, open, bytesIn } = must(
    on.engine.counters().find(({ of }) => of === 'endpoint'),
    'a counter',
  );
  return { connections, open, bytesIn };
}

test('an idle time of whole seconds ends by a reset at both ends', async () => {
  await using on = await opened();
  await on.apply({ rule: { idleMs: 1_000, tcpReset: true } });
  const peer = on.call();
  await ask(peer, 'hello');
  await over(peer, 'reset');
  await over(on.host.peers[0], 'reset');
  expect(counts(on)).toEqual({ connections: 1, open: 0, bytesIn: 5 });
});
