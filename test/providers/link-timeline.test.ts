import { afterEach, beforeEach, expect, test } from 'vitest';
import { happened, newRecord, type LinkHappening } from '#providers/synapse/link-record.ts';
import type { PoolLinkReport, PoolTableReport } from '#providers/synapse/pool-host.ts';
import { linkScene, pool, table, type LinkScene } from './link-scene.ts';
import { quiet } from './memory-pools.ts';

let scene: LinkScene;
beforeEach(async () => {
  scene = await linkScene();
  await scene.ground();
});
afterEach(() => scene[Symbol.asyncDispose]());

const soon = { timeout: 8_000, interval: 2 };
const names = ['a', 'b', 'c', 'd', 'e'];

function tableOf(name: string, more: Partial<PoolTableReport> = {}): PoolTableReport {
  return {
    table: `public.${name}`,
    target: { schema: 'public', name },
    state: 'Replicating',
    processedRows: 0,
    processedBytes: 0,
    lastProcessedMs: undefined,
    lastCommitMs: undefined,
    rows: 0,
    fault: undefined,
    ...more,
  };
}

const failed = (name: string, code = 'RowTooLarge'): PoolTableReport =>
  tableOf(name, { state: 'Failed', fault: { code, message: `A row of ${name} is too large.`, remedy: 'Cut it.' } });

async function running(): Promise<(tables: readonly PoolTableReport[], more?: Partial<PoolLinkReport>) => void> {
  await scene.link('shop', { tables: names.map((name) => table(name)) });
  await scene.act('shop', 'start');
  await scene.reached('shop', 'Running');
  const run = (await scene.record('shop')).run!.id;
  return (tables, more = {}) => scene.pools.tell(run, { ...quiet, tables, ...more });
}

async function events(): Promise<readonly LinkHappening[]> {
  return (await scene.status('shop')).isthmus.events as readonly LinkHappening[];
}

/** What the timeline says, without what it said when the link was started. */
async function said(): Promise<readonly string[]> {
  const all = await events();
  const from = all.findIndex(({ text }) => text.startsWith('The changes of the source'));
  return all.slice(from + 1).map(({ text, code }) => (code === null ? text : `[${code}] ${text}`));
}

test('a timeline says which table does not replicate and why, and when it does again', async () => {
  const tell = await running();
  tell(names.map((name) => tableOf(name, { state: 'Snapshotting' })));
  tell(names.map((name) => tableOf(name)));
  await expect.poll(said, soon).toEqual(['All 5 tables replicate.']);
  tell([failed('a'), ...names.slice(1).map((name) => tableOf(name))]);
  await expect.poll(said, soon).toHaveLength(2);
  // The same is not said twice, also where it is copied meanwhile.
  tell([tableOf('a', { state: 'Snapshotting' }), ...names.slice(1).map((name) => tableOf(name))]);
  await expect.poll(async () => (await scene.record('shop')).whole, soon).toBe(false);
  const named = { code: 'LogBehind', message: 'public.b was altered.', remedy: undefined };
  tell([failed('a'), tableOf('b', { state: 'Suspended', fault: named }), ...names.slice(2).map((name) => tableOf(name))]);
  await expect.poll(said, soon).toHaveLength(3);
  tell(names.map((name) => tableOf(name)));
  await expect
    .poll(said, soon)
    .toEqual([
      'All 5 tables replicate.',
      '[RowTooLarge] public.a: A row of a is too large.',
      '[LogBehind] public.b was altered.',
      'public.a replicates again.',
      'public.b replicates again.',
      'All 5 tables replicate.',
    ]);
  expect((await events()).filter(({ table: about }) => about === 'public.a')).toHaveLength(2);
});

test('many tables that fare alike are told together, and what was told is known after a restart', async () => {
  const tell = await running();
  tell(names.map((name) => failed(name)));
  await expect
    .poll(said, soon)
    .toEqual(['[RowTooLarge] 5 tables (public.a, public.b, public.c …) do not replicate. Of the first: A row of a is too large.']);
  await scene.restart();
  await scene.reached('shop', 'Running');
  const run = (await scene.record('shop')).run!.id;
  const count = (await events()).length;
  scene.pools.tell(run, { ...quiet, tables: names.map((name) => failed(name)) });
  scene.pools.tell(run, { ...quiet, tables: names.map((name) => tableOf(name)) });
  await expect.poll(async () => (await events()).slice(count).map(({ text }) => text), soon).toContain('All 5 tables replicate.');
  const since = (await events()).slice(count).map(({ text }) => text);
  expect(since.filter((text) => text.includes('tables'))).toEqual([
    '5 tables (public.a, public.b, public.c …) replicate again.',
    'All 5 tables replicate.',
  ]);
});

test('what was altered at the source is told once, with what has become of the columns', async () => {
  const tell = await running();
  const tables = names.map((name) => tableOf(name));
  const nothing = { added: [], removed: [], changed: [], anew: false };
  const first = {
    ...nothing,
    table: 'public.a',
    atMs: 1_000,
    added: ['note', 'tax'],
    changed: [{ name: 'qty', newName: 'amount', type: 'bigint' }],
  };
  const second = { ...nothing, table: 'public.b', atMs: 2_000, removed: ['x'], anew: true };
  tell(tables, { alterations: [first] });
  await expect.poll(said, soon).toHaveLength(2);
  tell(tables, { alterations: [first, second] });
  await expect.poll(said, soon).toHaveLength(3);
  expect((await said()).toSorted()).toEqual([
    'All 5 tables replicate.',
    'public.a was altered at the source: note, tax were added; qty is now called amount and is now bigint. The table in the pool is altered too.',
    'public.b was altered at the source: x was removed. It is copied anew.',
  ]);
  expect((await events()).find(({ table: about }) => about === 'public.b')?.at).toBe('1970-01-01T00:00:02.000Z');
});

test('a pool that stops, and runs again, is in the timeline of its links; so is a worker that is lost', async () => {
  const tell = await running();
  tell(names.map((name) => tableOf(name)));
  await expect.poll(said, soon).toEqual(['All 5 tables replicate.']);
  await scene.plane.send('POST', `${pool}/pause`);
  await expect.poll(said, soon).toContain('The SQL pool is paused: what is read waits in the landing zone.');
  await scene.plane.send('POST', `${pool}/resume`);
  await expect.poll(said, soon).toContain('The SQL pool runs again.');
  scene.runtimes.live[0]!.lose();
  await expect.poll(async () => (await events()).map(({ code }) => code), soon).toContain('WorkerLost');
  await expect.poll(async () => (await events()).at(-1)?.text, soon).toMatch(/^(?:It goes on|The changes of the source are followed)\.$/);
});

test('a timeline keeps its latest 300 lines, in order', () => {
  let record = newRecord;
  for (let n = 0; n < 1_000; n += 1) record = happened(record, new Date(n).toISOString(), `${n}`.repeat(300));
  expect(record.happenings).toHaveLength(300);
  expect(record.happenings.map(({ at }) => Date.parse(at))).toEqual(Array.from({ length: 300 }, (_, n) => 700 + n));
  expect(record.happenings.every(({ text }) => text.length <= 500)).toBe(true);
});
