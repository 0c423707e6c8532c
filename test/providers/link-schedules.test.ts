import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type LinkEvent, linkStates, type LinkState, nextLinkState } from '#replication/link-state.ts';
import type { LinkHappening } from '#providers/synapse/link-record.ts';
import { linkScene, pool, table, workspace, type LinkScene } from './link-scene.ts';

const events: readonly LinkEvent[] = ['start', 'stop', 'pause', 'resume', 'following', 'lost', 'rested', 'released'];

type Ask = 'start' | 'stop' | 'pause' | 'resume';
type Move = Ask | 'lose' | 'away' | 'back' | 'overfull' | 'gap' | 'crash' | 'rest';
const moves: readonly Move[] = ['start', 'stop', 'pause', 'resume', 'lose', 'away', 'back', 'overfull', 'gap', 'crash', 'rest'];
/** What happens around a link, and must not touch it. */
type Around =
  | 'pool pauses'
  | 'pool resumes'
  | 'pool grows'
  | 'pool breaks'
  | 'pool is mended'
  | 'edit'
  | 'neighbour comes'
  | 'neighbour goes'
  | 'crash'
  | 'lose';
const around: readonly Around[] = [
  'pool pauses',
  'pool resumes',
  'pool grows',
  'pool breaks',
  'pool is mended',
  'edit',
  'neighbour comes',
  'neighbour goes',
  'crash',
  'lose',
];
const neighbour = `${workspace}/linkConnections/neighbour`;

/** Answers with the statuses that they may have had. */
type Answered = (readonly [status: number, allowed: readonly number[]])[];

async function make(move: Move, scene: LinkScene, answered: Answered): Promise<unknown> {
  const [worker] = scene.runtimes.live;
  switch (move) {
    case 'lose':
      return worker?.lose();
    case 'away':
    case 'back':
      scene.runtimes.away = move === 'away';
      return;
    case 'overfull':
      return worker?.tell({ heldBytes: '99000000' });
    case 'gap':
      return worker?.fail('lost-history', 'SlotMissing');
    case 'crash':
      return await scene.restart();
    case 'rest':
      return await sleep(15);
    default: {
      const before = (await scene.record('shop')).state;
      const { status } = await scene.act('shop', move);
      // What came true meanwhile may have made it possible, or no more so; from a state that does not move by itself nothing does.
      const still = before === 'Initial' || before === 'Stopped';
      const possible = nextLinkState(before, move) !== undefined ? [200] : [409];
      return answered.push([status, still ? possible : [200, 409]]);
    }
  }
}

function isStep(from: LinkState, to: LinkState): boolean {
  return from === to || events.some((event) => nextLinkState(from, event) === to);
}

/** States one after the other are steps of the table, and a run begins only where it was asked for or the place was given up before. */
function checkHistory(happenings: readonly LinkHappening[], runs: number): void {
  let from: LinkState = 'Initial';
  for (const { state } of happenings) {
    expect([from, state, isStep(from, state)]).toEqual([from, state, true]);
    from = state;
  }
  const begun = happenings.filter(({ text }) => text.startsWith('Start was asked') || text.startsWith('Its place was given up before'));
  expect(begun).toHaveLength(runs);
}

test('whatever is asked, lost or killed: states follow the table, one worker at a time, and in the end the source keeps nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...moves), { minLength: 3, maxLength: 12 }),
      fc.constantFrom('pause' as const, 'reseed' as const),
      async (schedule, whenExceeded) => {
        await using scene = await linkScene();
        await scene.ground();
        await scene.link('shop', { isthmus: { logBudget: { mostBytes: 9_000_000, whenExceeded } } });
        const answered: Answered = [];
        for (const move of ['start' as const, ...schedule]) await make(move, scene, answered);
        for (const [status, allowed] of answered) expect(allowed).toContain(status);
        scene.runtimes.away = false;
        await expect.poll(async () => (await scene.act('shop', 'stop')).status === 200 || resting(await scene.status('shop'))).toBe(true);
        await scene.reached('shop', 'Stopped');
        const { happenings, runs, owed } = await scene.record('shop');
        checkHistory(happenings, runs);
        expect([owed, [...scene.runtimes.slots], scene.runtimes.live, scene.runtimes.clashes]).toEqual([[], [], [], []]);
        expect([...scene.pools.orders.values()].flatMap(({ links }) => links)).toEqual([]);
        expect([await scene.hasFolder('shop'), scene.pools.returned]).toEqual([false, []]);
      },
    ),
    { numRuns: 8 },
  );
}, 60_000);

async function happen(what: Around | Ask, scene: LinkScene): Promise<unknown> {
  switch (what) {
    case 'pool pauses':
    case 'pool resumes':
      return await scene.plane.send('POST', `${pool}/${what === 'pool pauses' ? 'pause' : 'resume'}`);
    case 'pool grows':
      return await scene.plane.send('PUT', pool, { location: 'eastus', sku: { name: 'DW200c' }, properties: {} });
    case 'pool breaks':
    case 'pool is mended':
      scene.pools.broken = what === 'pool breaks';
      return;
    case 'edit':
      return await scene.act('shop', 'edittables', { linkTables: [{ ...table('more'), operationType: 'add' }] });
    case 'neighbour comes':
      await scene.link('neighbour', { tables: [table('items')] });
      return await scene.act('neighbour', 'start');
    case 'neighbour goes':
      return await scene.plane.send('DELETE', neighbour);
    case 'crash':
      return await scene.restart();
    case 'lose':
      return scene.runtimes.live[0]?.lose();
    default:
      return await scene.act('shop', what);
  }
}

test('whatever happens around a link: its pool forgets no run that goes on, and none that it has forgotten comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...around, 'pause' as const, 'resume' as const), fc.nat(12)), { minLength: 4, maxLength: 14 }),
      async (schedule) => {
        await using scene = await linkScene();
        await scene.ground();
        await scene.link('shop');
        await scene.act('shop', 'start');
        await scene.reached('shop', 'Running');
        const { continuousRunId: run } = await scene.status('shop');
        for (const [what, ms] of schedule) {
          await happen(what, scene);
          await sleep(ms);
        }
        scene.pools.broken = false;
        await scene.plane.send('POST', `${pool}/resume`);
        await expect.poll(() => scene.pools.orders.get(pool.toLowerCase())?.links.map((one) => one.run), { timeout: 5_000 }).toContain(run);
        expect(scene.pools.returned).toEqual([]);
        expect((await scene.record('shop')).run?.id).toBe(run);
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
}, 60_000);

function resting({ status }: { readonly status: LinkState }): boolean {
  expect(linkStates).toContain(status);
  return status === 'Stopped' || status === 'Stopping';
}
