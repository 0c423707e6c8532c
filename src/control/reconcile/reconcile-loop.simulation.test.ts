import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fault, toFault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import { typeCatalog, type Outcome, type ReconcileContext } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { group, groupsType, loopScene, operationOf, putOf, simpleType, thing, type LoopScene } from './loop-scene.contract.ts';
import { ReconcileLoop } from './reconcile-loop.ts';

/** Numbers from 0 to 1 that a seed decides. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const names = ['t0', 't1', 't2', 't3', 't4', 't5', 't6', 't7'];
const places = [group, `${group}-2`];
const things = 'Isthmus.Test/things';

/** Things whose value is their size and the values of what they refer to: wrong for ever, if ever a change is missed. */
class Simulation {
  readonly scene: LoopScene;
  readonly operations: string[] = [];
  /** What was tried twice at the same time. */
  readonly doubles: string[] = [];
  readonly #random: () => number;
  #calm = false;
  #life = 0;
  readonly #end = new AbortController();

  constructor(scene: LoopScene, random: () => number) {
    this.scene = scene;
    this.#random = random;
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }

  /** The loop that runs now is gone, as by `kill -9`: whatever it does from now on has no effect. Another one begins. */
  crash(): void {
    this.#life += 1;
    const life = this.#life;
    const alive = (): boolean => this.#life === life;
    const running = new Set<string>();
    const one = async (self: Resource, work: () => Promise<Outcome>): Promise<Outcome> => {
      if (running.has(keyOf(self.id))) this.doubles.push(self.id);
      running.add(keyOf(self.id));
      return work().finally(() => running.delete(keyOf(self.id)));
    };
    const types = [
      groupsType,
      simpleType(
        things,
        (self, context) => one(self, () => this.#reconcile(self, context)),
        (self) => one(self, () => this.#remove()),
      ),
      simpleType(`${things}/parts`),
    ];
    const store = mortal(this.scene.store, alive);
    const { clock, log } = this.scene;
    const times = { nowMs: () => clock.nowMs, timer: clock.timer, random: this.#random };
    const loop = new ReconcileLoop({ store, types: typeCatalog(types), log, parallel: 4, ...times });
    loop.run(this.#end.signal).catch(toFault);
  }

  async #reconcile(self: Resource, { resources }: ReconcileContext): Promise<Outcome> {
    let value = Number(self.properties['size']);
    for (const id of self.properties['refers'] as readonly string[]) {
      const other = await resources.get(id);
      if (this.#chance(0.3)) await this.scene.clock.wait(Math.floor(this.#random() * 50));
      if (other !== undefined) value += valueOf(other);
    }
    this.#mayFail();
    if (!this.#calm && this.#chance(0.15)) return { kind: 'waiting', for: 'Waiting for luck.', retryMs: 20 };
    if (!this.#calm && this.#chance(0.05)) return { kind: 'failed', fault: fault('conflict', 'Unlucky', 'No luck.') };
    return { kind: 'ready', outputs: { value } };
  }

  async #remove(): Promise<Outcome> {
    if (this.#chance(0.3)) await this.scene.clock.wait(Math.floor(this.#random() * 50));
    this.#mayFail();
    return this.#calm || this.#chance(0.6) ? { kind: 'ready' } : { kind: 'waiting', for: 'Waiting for its end.', retryMs: 30 };
  }

  #mayFail(): void {
    if (!this.#calm && this.#chance(0.1)) throw fault('unreachable', 'NoRoute', 'There is no route.');
    if (!this.#calm && this.#chance(0.03)) throw new RangeError('A mistake.');
  }

  /** Nothing more happens. */
  [Symbol.dispose](): void {
    this.#life += 1;
    this.#end.abort();
  }

  /** Something that a client might do. */
  async act(): Promise<void> {
    const place = this.#pick(places);
    const at = Math.floor(this.#random() * names.length);
    const id = thing(names[at]!).replace(group, place);
    const operation = `op-${this.operations.length}`;
    const work = async (): Promise<void> => {
      if (this.#chance(0.25)) await this.#delete(this.#chance(0.1) ? place : id, operation);
      else await this.#put(id, { at, operation });
      this.operations.push(operation);
    };
    // Refused while it is being deleted, or referred to: as HTTP would.
    await work().catch((error: unknown) => {
      if (toFault(error).kind !== 'conflict') throw error;
    });
  }

  async #put(id: string, { at, operation }: { readonly at: number; readonly operation: string }): Promise<void> {
    const refers = names.slice(0, at).flatMap((name) => (this.#chance(0.3) ? [thing(name).replace(group, this.#pick(places))] : []));
    const size = Math.floor(this.#random() * 10);
    await this.scene.store.write(async (transaction) => {
      for (const place of places) await transaction.put(putOf(place, { ready: true }));
      const there: string[] = [];
      for (const other of refers) if ((await transaction.get(other))?.deleting === false) there.push(other);
      const { generation } = await transaction.put(putOf(id, { properties: { size, refers: there }, references: there }));
      if (this.#chance(0.3)) await transaction.put(putOf(`${id}/parts/p`, { ready: true }));
      await transaction.putOperation(operationOf(operation, id, { kind: 'put', generation }));
    });
  }

  async #delete(id: string, operation: string): Promise<void> {
    await this.scene.store.write(async (transaction) => {
      for (const referrer of await transaction.referrers(id)) {
        if (!(await transaction.get(referrer))?.deleting) throw fault('conflict', 'ResourceInUse', 'Something refers to it.');
      }
      await transaction.markDeleting(id, 'someone');
      const { generation = 0 } = (await transaction.get(id)) ?? {};
      await transaction.putOperation(operationOf(operation, id, { kind: 'delete', generation }));
    });
  }

  /** From now on everything succeeds; failed deletions are asked for again. Until nothing is left to do. */
  async settle(): Promise<readonly Resource[]> {
    this.#calm = true;
    const { store, clock } = this.scene;
    for (const one of await store.list({ within: '' })) {
      if (one.deleting && one.status.outcome === 'failed') await this.#delete(one.id, `again-${one.id}`);
    }
    await this.scene.until(async () => {
      clock.next(clock.nowMs + 100);
      const all = await store.list({ within: '' });
      // A deletion may have failed just before the calm.
      for (const one of all)
        if (one.deleting && one.status.outcome === 'failed' && one.status.settled === one.generation) await this.#delete(one.id, 'again');
      return (await store.due(Number.MAX_SAFE_INTEGER, 1)).length === 0;
    });
    return store.list({ within: '' });
  }
}

function valueOf({ status }: Resource): number {
  return status.outcome === 'ready' ? Number(status.outputs['value'] ?? 0) : 0;
}

/** The store as a process sees it that may be dead: then nothing comes back, and nothing is written. */
function mortal(store: ResourceStore, alive: () => boolean): ResourceStore {
  const living = async <T>(answer: Promise<T>): Promise<T> => (await answer, alive() ? answer : new Promise<T>(() => undefined));
  return {
    get: (id) => living(store.get(id)),
    list: (query) => living(store.list(query)),
    referrers: (id) => living(store.referrers(id)),
    write: (work) => living(alive() ? store.write(work) : new Promise<never>(() => undefined)),
    search: (query) => living(store.search(query)),
    countFound: (query) => living(store.countFound(query)),
    operation: (id) => living(store.operation(id)),
    setting: (name) => living(store.setting(name)),
    due: (nowMs, limit) => living(store.due(nowMs, limit)),
    nextDueMs: (afterMs) => living(store.nextDueMs(afterMs)),
    onChange: (listener) => store.onChange((change) => alive() && listener(change)),
    revision: (type) => store.revision(type),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

test('whatever is written, deleted, fails or crashes: in the end all has settled, nothing was missed', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const random = randomOf(seed);
      await using scene = await loopScene();
      using simulation = new Simulation(scene, random);
      simulation.crash();
      for (let step = 0; step < 60; step += 1) {
        await simulation.act();
        if (random() < 0.5) scene.clock.next(scene.clock.nowMs + 40);
        for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await setImmediate();
        if (random() < 0.08) simulation.crash();
      }
      const all = await simulation.settle();
      const values = new Map(all.map((one) => [keyOf(one.id), valueOf(one)]));
      for (const { deleting, status, generation, type, properties } of all) {
        expect([deleting, status.settled]).toEqual([false, generation]);
        expect(status.outcome).toMatch(/^(ready|failed)$/);
        if (type !== things || status.outcome === 'failed') continue;
        const others = (properties['refers'] as readonly string[]).map((id) => values.get(keyOf(id)) ?? 0);
        expect(status.outputs['value']).toBe(others.reduce((sum, value) => sum + value, Number(properties['size'])));
      }
      expect(simulation.doubles).toEqual([]);
      for (const id of simulation.operations) expect((await scene.store.operation(id))?.status).not.toBe('InProgress');
    }),
    { numRuns: 12 },
  );
});
