import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Passed } from '#fabric/engine.ts';
import { linkScene, workspace, type LinkScene } from './link-scene.ts';
import type { MemoryWorker } from './memory-workers.ts';

let scene: LinkScene;
beforeEach(async () => {
  scene = await linkScene();
  await scene.ground();
  await scene.link('shop');
});
afterEach(() => scene[Symbol.asyncDispose]());

const asker = 'link shopspace.shop';
const soon = { timeout: 8_000, interval: 2 };

function counted(bytesIn: number, bytesOut: number, more: Partial<Passed> & { readonly open?: number } = {}): void {
  const { open = 0, ...rest } = more;
  scene.runtimes.passed.set(asker, { ways: [{ endpoint: 'toShop', connections: 1, open, bytesIn, bytesOut }], refused: 0, ...rest });
}

async function proofs() {
  const { status, body } = await scene.plane.send('GET', `${workspace}/linkConnections/shop/pathProof`);
  expect(status).toBe(200);
  return body;
}

async function running(): Promise<MemoryWorker> {
  const before = scene.runtimes.workers.length;
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  expect(scene.runtimes.workers.length).toBe(before + 1);
  return scene.runtimes.workers.at(-1)!;
}

test('what a worker says is held against what was counted since it began, while it runs and when it has ended', async () => {
  expect(await proofs()).toMatchObject({ name: 'shop', engine: 'userspace', worker: null, ended: [], total: null });
  // Of workers before this one, whom nobody knows any more.
  counted(1_000, 1_000);
  const worker = await running();
  expect((await proofs()).worker).toMatchObject({ job: 'link', run: 1, ended: false, verdict: 'Unsaid', said: null });
  worker.moved = { sent: 10, received: 20 };
  counted(1_010, 1_020, { open: 1, ways: [{ endpoint: 'toShop', connections: 2, open: 1, bytesIn: 1_010, bytesOut: 1_020 }] });
  const { worker: now } = await proofs();
  expect(now).toMatchObject({
    verdict: 'Equal',
    isolated: true,
    said: { sent: 10, received: 20 },
    counted: [{ endpoint: 'toShop', connections: 1, open: 1, sent: 10, received: 20 }],
    elsewhere: { connections: 0, sent: 0, received: 0, refused: 0, tried: 0 },
  });
  worker.moved = { sent: 15, received: 20 };
  counted(1_015, 1_020);
  await scene.act('shop', 'stop');
  await scene.reached('shop', 'Stopped');
  const { worker: none, ended, total } = await proofs();
  // The slot was given back by a worker of its own, which said nothing and moved nothing.
  expect([none, ended.map(({ job, verdict }: { job: string; verdict: string }) => [job, verdict])]).toEqual([
    null,
    [
      ['release', 'Unsaid'],
      ['link', 'Equal'],
    ],
  ]);
  expect(ended[1]).toMatchObject({ ended: true, run: 1, said: { sent: 15, received: 20 }, difference: { sent: 0, received: 0 } });
  expect(total).toMatchObject({ workers: 2, verdicts: { Equal: 1, Unsaid: 1 }, said: { sent: 15 }, counted: { sent: 15, received: 20 } });
});

test('a worker that lies is found out while it runs, and what it tried elsewhere stands in the proof', async () => {
  const worker = await running();
  worker.moved = { sent: 9, received: 20 };
  counted(10, 20, { refused: 1 });
  const { worker: lies } = await proofs();
  expect(lies).toMatchObject({ verdict: 'Differs', difference: { sent: -1, received: 0 }, elsewhere: { refused: 1 } });
  worker.moved = { sent: 10, received: 20 };
  expect((await proofs()).worker).toMatchObject({ verdict: 'Equal', elsewhere: { refused: 1 } });
});

test('counters that are behind are waited for; connections that do not end are not, for ever', async () => {
  const worker = await running();
  worker.moved = { sent: 10, received: 20 };
  counted(4, 4);
  const asked = proofs();
  await expect.poll(() => worker.moved, soon).toBeDefined();
  counted(10, 20, { open: 1 });
  expect((await asked).worker.verdict).toBe('Equal');
  await scene.act('shop', 'pause');
  await scene.reached('shop', 'Paused');
  expect((await proofs()).ended[0]).toMatchObject({ job: 'link', verdict: 'Equal', counted: [{ open: 1 }] });
});

test('a worker that is lost has no last word; one that ran when the program was killed is unknown, and both are kept', async () => {
  const worker = await running();
  worker.moved = { sent: 10, received: 20 };
  counted(10, 20);
  await expect.poll(async () => (await proofs()).worker?.verdict, soon).toBe('Equal');
  worker.lose();
  await expect.poll(async () => (await proofs()).ended[0]?.verdict, soon).toBe('Unsaid');
  await scene.reached('shop', 'Running');
  await scene.act('shop', 'stop');
  await scene.reached('shop', 'Stopped');
  // As if nobody had been there to write down its end.
  const open = { job: 'link', run: 1, since: '2026-11-22T06:00:00.000Z', engine: 'kernel' } as const;
  await scene.keeper.records.change(`${workspace}/linkConnections/shop`, (record) => ({ ...record, path: { ...record.path, open } }));
  await scene.restart();
  await expect.poll(async () => (await proofs()).total.verdicts.Unknown, soon).toBe(1);
  const { ended } = await proofs();
  expect(ended.find(({ verdict }: { verdict: string }) => verdict === 'Unknown')).toMatchObject({
    ...open,
    said: null,
    counted: null,
    elsewhere: null,
  });
});
