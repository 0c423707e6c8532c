import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import type { Outcome, Reconciler } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { group, groupsType, loopScene, operationOf, putOf, simpleType, thing } from './loop-scene.contract.ts';

const things = 'Isthmus.Test/things';
const firsts = 'Isthmus.Test/firsts';
const ready: Outcome = { kind: 'ready' };

function gate(): { readonly opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test('what is written is made true, with its outputs; its operation ends', async () => {
  await using scene = await loopScene();
  scene.start([groupsType, simpleType(things, async (self) => ({ kind: 'ready', outputs: { double: Number(self.properties['n']) * 2 } }))]);
  await scene.store.write(async (transaction) => {
    await transaction.put(putOf(group, { ready: true }));
    await transaction.put(putOf(thing('a'), { properties: { n: 4 } }));
    await transaction.putOperation(operationOf('o-1', thing('a'), { kind: 'put', generation: 1 }));
  });
  const [, settled] = await scene.settled();
  expect(settled?.status).toEqual({ settled: 1, outcome: 'ready', waitingFor: undefined, fault: undefined, outputs: { double: 8 } });
  expect(await scene.store.operation('o-1')).toMatchObject({ status: 'Succeeded' });
});

test('waiting is tried again when its time has come, or as soon as what it refers to has settled', async () => {
  await using scene = await loopScene();
  const tries: string[] = [];
  scene.start([
    simpleType(things, async (self, { resources }) => {
      tries.push(`${self.name} ${scene.clock.nowMs}`);
      if (self.name !== 'b') return ready;
      const other = await resources.get(thing('a'));
      return other?.status.outcome === 'ready' ? ready : { kind: 'waiting', for: 'Waiting for a.', retryMs: 5_000 };
    }),
  ]);
  await scene.put(thing('b'), { references: [thing('a')] });
  await scene.until(async () => (await scene.store.get(thing('b')))?.status.waitingFor === 'Waiting for a.');
  await scene.until(() => tries.length === 2, { hurry: true });
  expect(tries).toEqual(['b 1000000', 'b 1005000']);
  await scene.put(thing('a'));
  await scene.until(async () => (await scene.store.get(thing('b')))?.status.outcome === 'ready');
  expect(scene.clock.nowMs).toBe(1_005_000);
});

test('faults that may pass are tried again after growing pauses; a new write begins anew', async () => {
  await using scene = await loopScene();
  const tries: number[] = [];
  scene.start([
    simpleType(things, async () => {
      tries.push(scene.clock.nowMs);
      if (tries.length === 9) return ready;
      throw fault('unreachable', 'NoRoute', 'There is no route.', { remedy: 'Lay one.' });
    }),
  ]);
  await scene.put(thing('a'));
  await scene.until(() => tries.length === 5, { hurry: true });
  expect(tries.map((ms, i) => ms - (tries[i - 1] ?? ms))).toEqual([0, 250, 500, 1_000, 2_000]);
  await scene.until(async () => (await scene.store.get(thing('a')))?.status.fault !== undefined);
  expect((await scene.store.get(thing('a')))?.status).toMatchObject({
    outcome: 'waiting',
    waitingFor: 'There is no route.',
    fault: { code: 'NoRoute', remedy: 'Lay one.' },
  });
  await scene.put(thing('a'));
  await scene.until(() => tries.length === 8, { hurry: true });
  expect(tries.slice(5).map((ms, i) => ms - tries[i + 4]!)).toEqual([0, 250, 500]);
  expect((await scene.settled())[0]?.status).toMatchObject({ settled: 2, outcome: 'ready', fault: undefined, waitingFor: undefined });
  expect(scene.lines.some((line) => line['msg'] === 'resource failed and will be tried again')).toBe(true);
});

test('what failed is left alone until it is written; a mistake of ours is logged and not told', async () => {
  await using scene = await loopScene();
  let tries = 0;
  scene.start([
    simpleType(things, async (self) => {
      tries += 1;
      if (self.name === 'bug') return (undefined as unknown as Outcome[])[0]!;
      if (self.name === 'bad') throw fault('invalid', 'TooRound', 'It is too round.', { remedy: 'Flatten it.' });
      return self.generation === 1 ? { kind: 'failed', fault: fault('conflict', 'Taken', 'Somebody has it.') } : ready;
    }),
  ]);
  for (const name of ['bug', 'bad', 'said']) await scene.put(thing(name), { references: [thing('other')] });
  const faults = (await scene.settled()).map(({ status }) => [status.outcome, status.fault?.code, status.fault?.remedy]);
  expect(faults).toEqual([
    ['failed', 'TooRound', 'Flatten it.'],
    ['failed', 'InternalError', expect.stringContaining('log')],
    ['failed', 'Taken', undefined],
  ]);
  expect(JSON.stringify(await scene.store.get(thing('bug')))).not.toContain('undefined');
  const logged = scene.lines.find((line) => line['level'] === 'error');
  expect(logged).toMatchObject({
    resource: thing('bug'),
    msg: 'resource failed',
    err: { stack: expect.stringContaining('reconcile-loop.test.ts') },
  });
  await scene.put(thing('other'), { ready: true });
  await scene.settled();
  expect(tries).toBe(3);
  await scene.put(thing('said'));
  expect((await scene.settled()).at(-1)?.status).toMatchObject({ outcome: 'ready', fault: undefined });
});

test('a write, or something it refers to, that changes during a try leads to another one, never two at a time', async () => {
  await using scene = await loopScene();
  const first = gate();
  const seen: unknown[] = [];
  let running = 0;
  scene.start([
    groupsType,
    simpleType(things, async (self, { resources }) => {
      expect((running += 1)).toBe(1);
      const other = await resources.get(group);
      seen.push([self.properties['n'], other?.properties['n']]);
      if (seen.length < 3) await first.opened;
      running -= 1;
      return ready;
    }),
  ]);
  await scene.put(group, { ready: true, properties: { n: 1 } });
  await scene.put(thing('a'), { properties: { n: 1 }, references: [group] });
  await scene.until(() => seen.length === 1);
  await scene.put(thing('a'), { properties: { n: 2 }, references: [group] });
  first.open();
  await scene.until(() => seen.length === 2);
  await scene.put(group, { ready: true, properties: { n: 2 } });
  await scene.settled();
  expect(seen[0]).toEqual([1, 1]);
  expect(seen.at(-1)).toEqual([2, 2]);
});

test('so many at a time and no more; a stop ends them all, and the next loop goes on', async () => {
  await using scene = await loopScene();
  const never = gate();
  const begun = new Set<string>();
  let most = 0;
  let running = 0;
  const slow = simpleType(things, async (self, { signal }) => {
    begun.add(self.name);
    most = Math.max(most, (running += 1));
    await Promise.race([never.opened, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
    running -= 1;
    signal.throwIfAborted();
    return ready;
  });
  const loop = scene.start([slow], { parallel: 3 });
  for (let n = 0; n < 8; n += 1) await scene.put(thing(`t${n}`));
  await scene.until(() => begun.size === 3);
  await loop.stop();
  await loop.ended;
  expect([most, running, (await scene.store.due(scene.clock.nowMs, 99)).length]).toEqual([3, 0, 8]);
  never.open();
  scene.start([slow], { parallel: 3 });
  expect((await scene.settled()).every((one) => one.status.outcome === 'ready')).toBe(true);
});

test('a type with nothing to do settles unseen; one that is not known waits for a program that knows it', async () => {
  await using scene = await loopScene();
  scene.start([groupsType, simpleType(things, async () => ready)]);
  const { etag } = await scene.put(group, { ready: true });
  await scene.put(thing('a'));
  await scene.put(`${group}/providers/Isthmus.Old/relics/r`);
  await scene.until(async () => (await scene.store.due(scene.clock.nowMs, 1)).length === 0);
  expect(await scene.store.get(group)).toMatchObject({ etag, status: { outcome: 'ready' } });
  const relic = await scene.store.get(`${group}/providers/Isthmus.Old/relics/r`);
  expect(relic?.status.waitingFor).toBe('Waiting for a program that knows the type Isthmus.Old/relics.');
});

test('deleting: what lies in it goes first, then what refers to it; removing goes on until it is done', async () => {
  await using scene = await loopScene();
  const removed: string[] = [];
  let refusals = 2;
  const remove = async (self: Resource): Promise<Outcome> => {
    if (self.name === 'user' && (refusals -= 1) >= 0) return { kind: 'waiting', for: 'Waiting for its end.', retryMs: 100 };
    removed.push(self.name);
    return ready;
  };
  const types = [groupsType, simpleType(things, async () => ready, remove), simpleType(`${things}/parts`, async () => ready, remove)];
  await scene.put(group, { ready: true });
  await scene.put(thing('net'), { ready: true });
  await scene.put(`${thing('net')}/parts/p`, { ready: true });
  await scene.put(thing('user'), { ready: true, references: [`${thing('net')}/parts/p`] });
  await scene.delete(group, 'o-2');
  scene.start(types);
  const seen = new Set<string | undefined>();
  scene.store.onChange(({ id }) => void scene.store.get(id).then((one) => seen.add(one?.status.waitingFor)));
  expect(await scene.settled()).toEqual([]);
  expect(removed).toEqual(['user', 'p', 'net']);
  expect([...seen]).toContain(`Waiting for ${thing('user')} to be deleted.`);
  expect(await scene.store.operation('o-2')).toMatchObject({ status: 'Succeeded' });
});

test('what goes first goes before all else of a place that is to go, and holds up nothing of others', async () => {
  await using scene = await loopScene();
  const removed: string[] = [];
  let open = false;
  const remove: Reconciler<JsonObject> = async (self) => {
    if (self.type === firsts && !open) return { kind: 'waiting', for: 'The source is away.', retryMs: 1_000 };
    removed.push(self.name);
    return ready;
  };
  const first = `${group}/providers/${firsts}/link`;
  scene.start([
    groupsType,
    simpleType(things, async () => ready, remove),
    { ...simpleType(firsts, async () => ready, remove), goesFirst: true },
  ]);
  await scene.put(group);
  await scene.put(first);
  await scene.put(thing('a'));
  await scene.put(thing('b'));
  await scene.settled();
  await scene.delete(first);
  await scene.until(async () => (await scene.store.get(first))?.status.waitingFor === 'The source is away.', { hurry: true });
  await scene.delete(thing('a'));
  await scene.until(() => removed.includes('a'), { hurry: true });
  await scene.delete(group);
  await scene.until(async () => (await scene.store.get(thing('b')))?.status.waitingFor?.includes(first) === true, { hurry: true });
  expect(removed).toEqual(['a']);
  open = true;
  expect(await scene.settled()).toEqual([]);
  expect(removed).toEqual(['a', 'link', 'b']);
});

test('deleting what refers to each other in a ring', async () => {
  await using scene = await loopScene();
  await scene.put(group, { ready: true });
  for (const [name, to] of [
    ['a', 'b/parts/q'],
    ['b', 'c'],
    ['c', 'a'],
    ['d', 'a'],
  ] as const) {
    await scene.put(thing(name), { ready: true, references: [thing(to)] });
  }
  await scene.put(`${thing('b')}/parts/q`, { ready: true });
  await scene.delete(group);
  scene.start([groupsType, simpleType(things), simpleType(`${things}/parts`)]);
  expect(await scene.settled()).toEqual([]);
});

test('a deletion that failed says so, and is tried again when it is asked for again', async () => {
  await using scene = await loopScene();
  let broken = true;
  scene.start([
    simpleType(
      things,
      async () => ready,
      async () => (broken ? { kind: 'failed', fault: fault('conflict', 'Stuck', 'It is stuck.') } : ready),
    ),
  ]);
  await scene.put(thing('a'));
  await scene.delete(thing('a'), 'o-3');
  expect((await scene.settled())[0]).toMatchObject({ deleting: true, status: { outcome: 'failed', fault: { code: 'Stuck' } } });
  expect(await scene.store.operation('o-3')).toMatchObject({ status: 'Failed', error: { code: 'Stuck' } });
  broken = false;
  await scene.delete(thing('a'), 'o-4');
  expect(await scene.settled()).toEqual([]);
  expect(await scene.store.operation('o-4')).toMatchObject({ status: 'Succeeded' });
});

test('a store that fails ends the run, which may be begun again', async () => {
  await using scene = await loopScene();
  let broken = true;
  const store: ResourceStore = Object.assign(Object.create(scene.store) as ResourceStore, {
    ...pass(scene.store),
    write: (work: Parameters<ResourceStore['write']>[0]) =>
      broken ? Promise.reject(fault('unreachable', 'StoreFull', 'No room.')) : scene.store.write(work),
  });
  const types = [simpleType(things, async () => ready)];
  await scene.put(thing('a'));
  await expect(scene.start(types, { store }).ended).rejects.toMatchObject({ code: 'StoreFull' });
  broken = false;
  scene.start(types, { store });
  expect((await scene.settled())[0]?.status.outcome).toBe('ready');
});

test('a thousand resources settle without reading all of them for each', async () => {
  await using scene = await loopScene();
  let reads = 0;
  let rows = 0;
  const store: ResourceStore = {
    ...pass(scene.store),
    get: (id) => ((reads += 1), scene.store.get(id)),
    due: async (nowMs, limit) => {
      const due = await scene.store.due(nowMs, limit);
      rows += due.length;
      return due;
    },
    list: () => Promise.reject(fault('bug', 'Listed', 'The loop read a list.')),
    referrers: () => Promise.reject(fault('bug', 'Referred', 'The loop looked for referrers.')),
  };
  const count = 1_000;
  await scene.put(group, { ready: true });
  await Promise.all(Array.from({ length: count }, (_, n) => scene.put(thing(`t${n}`), { references: [group] })));
  let tries = 0;
  scene.start([groupsType, simpleType(things, async () => ((tries += 1), ready))], { store });
  const settled = await scene.settled();
  expect(settled.every((one) => one.status.outcome === 'ready')).toBe(true);
  expect(tries).toBe(count);
  expect(reads).toBeLessThan(count * 2);
  expect(rows).toBeLessThan(count * 3);
});

function pass(store: ResourceStore): ResourceStore {
  return {
    get: (id) => store.get(id),
    list: (query) => store.list(query),
    referrers: (id) => store.referrers(id),
    write: (work) => store.write(work),
    search: (query) => store.search(query),
    countFound: (query) => store.countFound(query),
    operation: (id) => store.operation(id),
    setting: (name) => store.setting(name),
    due: (nowMs, limit) => store.due(nowMs, limit),
    nextDueMs: (afterMs) => store.nextDueMs(afterMs),
    onChange: (listener) => store.onChange(listener),
    revision: (type) => store.revision(type),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
