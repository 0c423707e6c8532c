import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fault, must, toFault } from '#base/fault.ts';
import { makePosition, placeOf } from '../position.ts';
import { runLink } from '../run-link.ts';
import { SimulatedPool, SimulatedSource, World, type Op, type TableKey } from '../run-link.simulation.ts';
import { killableDisk } from './killable-disk.contract.ts';
import { LandingReader } from './landing-reader.ts';
import { LandingZone } from './landing-zone.ts';
import { readZone } from './zone-folder.ts';
import { openStale, scratchFolder } from './zone-scene.contract.ts';

const table = fc.constantFrom<TableKey>('a', 'b');
const k = fc.nat(9);
const put: fc.Arbitrary<Op> = fc.record({
  kind: fc.constant('put' as const),
  table,
  k,
  v: fc.nat(99),
  big: fc.option(fc.constantFrom('x', 'yy'), { nil: undefined }),
});
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: put },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), table, k, to: k }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), table, k }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), table }) },
);
const schedule = fc.record({
  initial: fc.array(put, { maxLength: 12 }),
  pending: fc.array(fc.array(op, { minLength: 1, maxLength: 4 }), { maxLength: 300, size: 'max' }),
  kills: fc.array(fc.nat(500), { minLength: 4, maxLength: 24 }),
  stale: fc.array(fc.option(fc.nat(9), { nil: undefined, freq: 3 }), { minLength: 6, maxLength: 20 }),
  joinsAt: fc.nat(3),
});

/** The world's own kill switch, for one life: what died stays dead. */
function lifeIn(world: World): { point(): void } {
  let dead = false;
  return {
    point: () => {
      if (dead) throw fault('cancelled', 'Killed', 'killed');
      try {
        world.point();
      } catch (error) {
        dead = true;
        throw error;
      }
    },
  };
}

/** Workers that began where the pool no longer was and found it out. */
const strayed = { ended: 0 };

/** A worker that finds out that it began at the wrong place ends too: it is opened anew. */
async function unlessKilled<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const { code } = toFault(error);
    if (code === 'ZoneMovedOn') strayed.ended++;
    else if (code !== 'Killed') throw error;
    return undefined;
  }
}

/** Segments are missing after an old base, if others than the pool's are there: no worker begins then. */
function unlessGap(error: unknown): undefined {
  const { code } = toFault(error);
  if (code !== 'SegmentMissing' && code !== 'Killed') throw error;
  return undefined;
}

/** The zone as a worker opens it; `stale`: as one did that looked at a base which the pool had replaced already. */
async function openZone(world: World, folder: string, stale: Uint8Array | undefined): Promise<LandingZone> {
  const options = { folder, maxBytes: 2 ** 30, disk: killableDisk(lifeIn(world)) };
  return stale === undefined ? LandingZone.open(options) : (await openStale(options, stale)).zone;
}

async function workerLife(world: World, opened: LandingZone, chosen: readonly TableKey[]): Promise<void> {
  await using zone = opened;
  await runLink({ source: new SimulatedSource(world, () => chosen), handover: zone, signal: AbortSignal.timeout(20_000), idleMs: 0 });
}

/** Applies what is there, and takes away what is applied. */
async function poolLife(world: World, folder: string, look: () => void): Promise<void> {
  const reader = new LandingReader({ folder, disk: killableDisk(lifeIn(world)) });
  const pool = new SimulatedPool(world, look);
  await reader.check(world.progress);
  const { end } = await readZone(folder);
  if (end > world.footing.number) {
    for await (const segment of reader.segments(world.footing.number, AbortSignal.timeout(20_000))) {
      await pool.apply(segment);
      if (segment.number === end) break;
    }
  }
  await reader.prune(world.progress);
}

/** Keeps the base as it is now, if it is another than before. */
async function noteBase(bases: Uint8Array[], folder: string): Promise<void> {
  const base = await readFile(join(folder, 'base.json')).catch(() => undefined);
  if (base && bases.at(-1)?.join() !== base.join()) bases.push(base);
}

async function simulateOverZone(one: {
  initial: readonly Op[];
  pending: readonly (readonly Op[])[];
  kills: readonly number[];
  /** For each life: which former base its worker looks at, if any. */
  stale: readonly (number | undefined)[];
  joinsAt: number;
}): Promise<string | undefined> {
  await using folder = await scratchFolder();
  const world = new World(one);
  const start = makePosition('sim/one', '000000');
  const show = (rows: ReadonlyMap<number, unknown>): string => JSON.stringify([...rows].toSorted((x, y) => x[0] - y[0]));
  const bases: Uint8Array[] = [];
  let wrong: string | undefined;
  const look = (): void => {
    for (const key of ['a', 'b'] as const) {
      if (world.poolTables.get(key)?.state !== 'Replicating') continue;
      const then = must(world.history[Number(placeOf(must(world.poolPosition, 'position')))], 'history')[key];
      if (show(then) !== show(world.pool[key]))
        wrong ??= `${key} at ${world.poolPosition}: pool ${show(world.pool[key])}, source then ${show(then)}`;
    }
  };
  const done = (): boolean =>
    world.quiet &&
    Number(placeOf(world.poolPosition ?? start)) === world.log.length &&
    ['a', 'b'].every((key) => world.poolTables.get(key)?.state === 'Replicating');
  const poolLives = async (): Promise<void> => {
    await unlessKilled(() => poolLife(world, folder.path, look));
    await noteBase(bases, folder.path);
  };
  for (let life = 0; life < 60 && !wrong && !done(); life++) {
    const ago = one.stale[life];
    const stale = ago === undefined || bases.length < 2 ? undefined : bases[ago % (bases.length - 1)];
    // A source that crashed may have forgotten how far it was told to forget: it does not stand in the way.
    if (stale !== undefined) world.confirmed = 0;
    const opened = await openZone(world, folder.path, stale).catch(unlessGap);
    if (opened === undefined) continue;
    let working = true;
    const worker = unlessKilled(() => workerLife(world, opened, life < one.joinsAt ? ['a'] : ['a', 'b'])).finally(() => (working = false));
    while (working) await poolLives();
    await worker;
    await poolLives();
  }
  return wrong ?? (done() ? undefined : 'never caught up');
}

test(
  'through a landing zone too, at every commit the pool equals the source as it was then, whoever is killed, and wherever a worker begins',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (one) => {
        expect(await simulateOverZone(one)).toBeUndefined();
      }),
      { numRuns: Number(process.env['ISTHMUS_ZONE_SIMULATIONS'] ?? 10) },
    );
    expect(strayed.ended).toBeGreaterThan(0);
  },
);
