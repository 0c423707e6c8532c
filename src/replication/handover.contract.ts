import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault, fault, must, toFault } from '#base/fault.ts';
import { checkContinues, footingAfter, isHeld, noFooting } from './continuation.ts';
import type { Handover } from './handover.ts';
import { anyBatch, batchText, bitsText, columnText } from './landing-zone/sample-batches.contract.ts';
import { sampleDraft, sampleSchema, sampleTypes } from './landing-zone/sample-drafts.contract.ts';
import { freshProgress } from './link-book.ts';
import type { PoolWriter } from './pool-writer.ts';
import { makePosition, placeOf } from './position.ts';
import type { Draft, Progress, Step, TableProgress } from './segment.ts';

/** Lets a part of the test die at its n-th step and stay dead, as a killed process does. */
export class KillSwitch {
  #left: number;
  constructor(left: number = Infinity) {
    this.#left = left;
  }
  get dead(): boolean {
    return this.#left < 0;
  }
  point(): void {
    if (this.#left-- <= 0) throw fault('cancelled', 'Killed', 'killed');
  }
}

/** A pool that keeps what it was told, as text, and outlives its writers. */
export class MemoryPool {
  /** One entry for each transaction committed: the texts of its steps. */
  readonly transactions: string[][] = [];
  state: Progress = nothing;

  /** A writer with an open transaction of its own; `kill` may end it before or after any commit. */
  writer(kill: KillSwitch = new KillSwitch()): PoolWriter {
    let open: { readonly texts: string[]; readonly steps: Step[] } | undefined;
    let seen = this.state.number;
    return {
      progress: async () => this.state,
      apply: async (segment) => {
        kill.point();
        if (isHeld(segment, this.state, 'link')) return;
        if (segment.number !== seen + 1) throw fault('corrupt', 'SegmentGap', `segment ${segment.number} after ${seen}`);
        checkContinues(segment, this.state, 'link');
        seen = segment.number;
        if (segment.first) open = { texts: [], steps: [] };
        const { texts, steps } = must(open, 'a part of no transaction');
        // Now, since a segment's memory may be used again once it is applied.
        texts.push(...segment.steps.map(stepText));
        steps.push(...segment.steps);
        if (!segment.last) return;
        open = undefined;
        this.transactions.push(texts);
        this.state = { ...progressAfter(this.state, steps), ...footingAfter(this.state, segment) };
        kill.point();
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}

/** A step as text: equal texts, equal steps to the last bit. */
export function stepText(step: Step): string {
  if (step.kind === 'schema') return JSON.stringify({ ...step, fills: step.fills.map((one) => [one.id, columnText(one.value, 1)]) });
  if (step.kind !== 'rows') return JSON.stringify(step);
  const { patches } = step;
  const kept = patches?.kept.map((bits) => bitsText(bits, patches.rows.rows));
  return [
    step.table,
    String(step.replaces),
    batchText(step.removes),
    batchText(step.inserts),
    batchText(patches?.rows),
    batchText(patches?.from),
    String(kept),
  ].join('\n');
}

const nothing: Progress = { ...noFooting, tables: new Map(), schemas: new Map() };

function progressAfter(before: Progress, steps: readonly Step[]): Progress {
  const tables = new Map(before.tables);
  const schemas = new Map(before.schemas);
  for (const step of steps) {
    if (step.kind === 'progress') tables.set(step.progress.table, step.progress);
    if (step.kind === 'schema') schemas.set(step.schema.table, step.schema);
    if (step.kind !== 'drop' && step.kind !== 'leave') continue;
    tables.delete(step.table);
    schemas.delete(step.table);
  }
  return { ...before, tables, schemas };
}

/** Where a hand-over lives that is opened again and again: a pool, or a folder and a pool. */
export interface HandoverPlace extends AsyncDisposable {
  readonly pool: MemoryPool;
  /** Opens the hand-over as a new process would. `kill` says at which of its steps it dies. */
  open(kill?: KillSwitch): Promise<Handover>;
  /** Brings everything durable into the pool; `kill` may end the pool's side. */
  settle(kill?: KillSwitch): Promise<void>;
}

const table = fc.constantFrom('a', 'b', '"odd ""name"');
const bits = fc.uint8Array({ minLength: 8, maxLength: 8 });
const patches = fc
  .tuple(anyBatch(sampleTypes, 6), fc.array(fc.option(bits, { nil: undefined }), { minLength: 4, maxLength: 4 }))
  .map(([rows, kept]) => ({ rows, from: { rows: rows.rows, columns: rows.columns.slice(0, 1) }, kept }));
const rowsStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('rows' as const),
  table,
  removes: fc.option(anyBatch(sampleTypes.slice(0, 1), 6), { nil: undefined }),
  inserts: fc.option(anyBatch(sampleTypes, 6), { nil: undefined }),
  patches: fc.option(patches, { nil: undefined }),
  replaces: fc.boolean(),
});
const text = fc.string({ maxLength: 5 });
const progressStep = fc
  .record({
    table,
    copied: fc.boolean(),
    after: fc.option(fc.array(text, { maxLength: 2 }), { nil: undefined }),
    moved: fc.array(fc.array(text), { maxLength: 2 }),
    failed: fc.boolean(),
  })
  .map(({ failed, ...one }): Step => {
    const why: TableProgress['fault'] = failed ? { code: 'TableGone', message: 'gone', remedy: undefined } : undefined;
    return { kind: 'progress', progress: { ...freshProgress(one.table), ...one, fault: why } };
  });
const fill = anyBatch(sampleTypes.slice(1, 2), 1)
  .filter((one) => one.rows === 1)
  .map((one) => one.columns[0]!);
const schemaStep = fc
  .tuple(table, fc.integer({ min: 2, max: 4 }), fc.option(fill, { nil: undefined }))
  .map(([name, columns, value]): Step => ({ kind: 'schema', schema: sampleSchema(name, columns), fills: value ? [{ id: 1, value }] : [] }));
const bareStep = fc.record({ kind: fc.constantFrom('truncate' as const, 'drop' as const, 'leave' as const), table });

/** Steps of every kind, odd in every way. */
const anyStep: fc.Arbitrary<Step> = fc.oneof(rowsStep, progressStep, schemaStep, bareStep);
/** The parts of one transaction. */
const anyParts = fc.array(fc.array(anyStep, { maxLength: 3 }), { minLength: 1, maxLength: 4 });

/** The steps of each part of each transaction. */
type Model = readonly (readonly (readonly Step[])[])[];

function draftsOf(n: number, parts: Model[number]): Draft[] {
  return parts.map((steps, i) => {
    const last = i === parts.length - 1;
    const whole = sampleDraft(n, steps, { first: i === 0, last, changes: i });
    return last ? whole : { ...whole, position: undefined, committedAt: undefined };
  });
}

function reached(progress: Progress): number {
  return progress.position === undefined ? 0 : Number(placeOf(progress.position));
}

/** Carries transactions over through lives that end when their switch says so. */
async function carryOver(place: HandoverPlace, model: Model, kills: readonly number[]): Promise<void> {
  const life = { acknowledged: 0 };
  for (let i = 0; ; i++) {
    let handover: Handover | undefined;
    try {
      handover = await place.open(new KillSwitch(kills[i]));
      await putRest(handover, model, life);
      return;
    } catch (error) {
      if (toFault(error).code !== 'Killed') throw error;
    } finally {
      await handover?.[Symbol.asyncDispose]();
    }
    if (i % 2 === 1) await settleThroughKills(place, kills.slice(i));
  }
}

/** Puts what is not yet durable, the parts of two transactions at once. */
async function putRest(handover: Handover, model: Model, life: { acknowledged: number }): Promise<void> {
  const progress = await handover.progress();
  const start = reached(progress);
  expect(start).toBeGreaterThanOrEqual(life.acknowledged);
  expect(progress).toEqual({
    ...progressAfter(nothing, model.slice(0, start).flat(2)),
    number: progress.number,
    epoch: progress.epoch,
    position: progress.position,
  });
  for (let n = start + 1; n <= model.length; n += 2) {
    const puts = [n, n + 1].flatMap((one) =>
      draftsOf(one, model[one - 1] ?? []).map((draft) => ({ one, last: draft.last, done: handover.put(draft) })),
    );
    const results = await Promise.allSettled(puts.map((put) => put.done));
    for (const [i, put] of puts.entries()) if (put.last && results[i]!.status === 'fulfilled') life.acknowledged = put.one;
    await Promise.all(puts.map((put) => put.done));
  }
}

async function settleThroughKills(place: HandoverPlace, kills: readonly number[]): Promise<void> {
  for (const left of [...kills, Infinity]) {
    try {
      return await place.settle(new KillSwitch(left));
    } catch (error) {
      if (toFault(error).code !== 'Killed') throw error;
    }
  }
}

/** What every hand-over must do. */
export function handoverContract(name: string, make: () => Promise<HandoverPlace>): void {
  describe(`${name} keeps the contract of a hand-over`, () => {
    test('a new one has nothing', async () => {
      await using place = await make();
      await using handover = await place.open();
      expect(await handover.progress()).toEqual(nothing);
    });

    test('calls that overlap are applied in the order of the calls, and resolve in it', async () => {
      await using place = await make();
      await using handover = await place.open();
      const resolved: number[] = [];
      const puts = Array.from({ length: 20 }, (_, i) => handover.put(sampleDraft(i + 1)).then(() => resolved.push(i + 1)));
      await Promise.all(puts);
      expect(resolved).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      await place.settle();
      expect(place.pool.transactions.flat()).toEqual(resolved.map((n) => stepText({ kind: 'truncate', table: `t${n}` })));
      expect(place.pool.state.number).toBe(20);
    });

    test('parts become one transaction, and nothing before its last', async () => {
      await using place = await make();
      await using handover = await place.open();
      const [one, two, three] = draftsOf(1, [
        [{ kind: 'truncate', table: 'a' }],
        [{ kind: 'truncate', table: 'b' }],
        [{ kind: 'truncate', table: 'c' }],
      ]);
      await handover.put(one!);
      await handover.put(two!);
      await place.settle();
      expect(place.pool.transactions).toEqual([]);
      await handover.put(three!);
      await place.settle();
      expect(place.pool.transactions.map((steps) => steps.length)).toEqual([3]);
      expect(reached(await handover.progress())).toBe(1);
    });

    test('a transaction that never ended is gone when the hand-over is opened again', async () => {
      await using place = await make();
      {
        await using handover = await place.open();
        await handover.put(sampleDraft(1));
        await handover.put(sampleDraft(2, [{ kind: 'progress', progress: freshProgress('lost') }], { last: false, position: undefined }));
      }
      await place.settle();
      await using handover = await place.open();
      const progress = await handover.progress();
      expect([progress.number, reached(progress), progress.tables.size]).toEqual([1, 1, 0]);
      await handover.put(sampleDraft(2, [{ kind: 'progress', progress: freshProgress('found') }]));
      await place.settle();
      expect(place.pool.transactions.flat().filter((one) => one.includes('lost'))).toEqual([]);
      expect([...place.pool.state.tables.keys()]).toEqual(['found']);
    });

    test('a transaction is given up for the next one that begins', async () => {
      await using place = await make();
      await using handover = await place.open();
      await handover.put(sampleDraft(1, [{ kind: 'progress', progress: freshProgress('lost') }], { last: false, position: undefined }));
      await handover.put(sampleDraft(2, [{ kind: 'progress', progress: freshProgress('found') }]));
      await place.settle();
      expect([...place.pool.state.tables.keys()]).toEqual(['found']);
      expect([...(await handover.progress()).tables.keys()]).toEqual(['found']);
    });

    test('what does not go on from what the pool holds is refused, and the pool stays as it was', async () => {
      for (const other of [{ epoch: 'another' }, { position: makePosition('test/one', '000009') }]) {
        await using place = await make();
        await using handover = await place.open();
        for (const n of [1, 2, 3]) await handover.put(sampleDraft(n));
        await place.settle();
        const { state } = place.pool;
        place.pool.state = { ...state, ...other };
        const put = async (): Promise<void> => {
          await handover.put(sampleDraft(4));
          await place.settle();
        };
        await expect(put()).rejects.toMatchObject({ code: expect.stringMatching(/^(SegmentForeign|LandingZoneOther)$/) as string });
        expect(place.pool.state).toEqual({ ...state, ...other });
        expect(place.pool.transactions.length).toBe(3);
      }
    });

    test('a failure leaves what was durable before it, and refuses what comes after it', async () => {
      await using place = await make();
      for (const left of [8, 13, 20]) {
        const handover = await place.open(new KillSwitch(left));
        const start = reached(await handover.progress());
        const results = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => handover.put(sampleDraft(start + i + 1))));
        const failedAt = results.findIndex((one) => one.status === 'rejected');
        expect(failedAt).toBeGreaterThanOrEqual(0);
        expect(results.slice(failedAt).every((one) => one.status === 'rejected')).toBe(true);
        await expect(handover.put(sampleDraft(start + 13))).rejects.toBeInstanceOf(Fault);
        await handover[Symbol.asyncDispose]();
        await using again = await place.open();
        // Those that failed while they were on their way may have become durable all the same.
        expect([0, 1, 2, 3]).toContain(reached(await again.progress()) - start - failedAt);
      }
      await place.settle();
      const { transactions } = place.pool;
      expect(transactions.flat()).toEqual(transactions.map((_, i) => stepText({ kind: 'truncate', table: `t${i + 1}` })));
    });

    test(
      'every transaction arrives once, whole, in order and to the last bit, whenever either side is killed',
      { timeout: 120_000 },
      async () => {
        const model = fc.array(anyParts, { maxLength: 8 });
        const kills = fc.array(fc.nat(60), { maxLength: 6 });
        await fc.assert(
          fc.asyncProperty(model, kills, async (transactions, moments) => {
            await using place = await make();
            await carryOver(place, transactions, moments);
            await settleThroughKills(place, moments);
            expect(place.pool.transactions).toEqual(transactions.map((parts) => parts.flat().map(stepText)));
            await using handover = await place.open();
            expect(await handover.progress()).toEqual(place.pool.state);
          }),
          { numRuns: Number(process.env['ISTHMUS_HANDOVERS'] ?? 30) },
        );
      },
    );
  });
}
