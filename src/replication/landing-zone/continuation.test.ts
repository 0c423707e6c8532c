import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MemoryPool, stepText } from '../handover.contract.ts';
import { LandingReader } from './landing-reader.ts';
import { LandingZone } from './landing-zone.ts';
import { rowsDraft } from './sample-drafts.contract.ts';
import { listSegments } from './zone-folder.ts';
import { filledZone, openStale, progressAt, readSegments, scratchFolder, toFormat1 } from './zone-scene.contract.ts';

const room = 2 ** 30;

async function applyUpTo(pool: MemoryPool, folder: string, upTo: number): Promise<void> {
  const writer = pool.writer();
  for (const segment of await readSegments(folder, pool.state.number, upTo)) await writer.apply(segment);
}

/** A zone whose three segments the pool has and took away, in two steps. `left`: its base in between, after segment 1. */
async function clearedZone(
  folder: string,
): Promise<{ readonly pool: MemoryPool; readonly reader: LandingReader; readonly left: Uint8Array }> {
  await filledZone(folder, 3);
  const pool = new MemoryPool();
  const reader = new LandingReader({ folder, pollMs: 10 });
  await applyUpTo(pool, folder, 1);
  await reader.prune(pool.state);
  const left = await readFile(join(folder, 'base.json'));
  await applyUpTo(pool, folder, 3);
  await reader.prune(pool.state);
  return { pool, reader, left };
}

const texts = (...numbers: number[]): string[][] => numbers.map((n) => rowsDraft(n).steps.map(stepText));

test('a worker that began where the pool no longer is calls nothing durable, and opened anew goes on from what the pool holds', async () => {
  await using folder = await scratchFolder();
  const { pool, left } = await clearedZone(folder.path);
  const { zone } = await openStale({ folder: folder.path, maxBytes: room }, left);
  expect((await zone.progress()).number).toBe(1);
  const puts = [2, 3, 4].map((n) => zone.put(rowsDraft(n)));
  for (const put of await Promise.allSettled(puts))
    expect(put).toMatchObject({ status: 'rejected', reason: { kind: 'unreachable', code: 'ZoneMovedOn', target: folder.path } });
  expect((await zone.progress()).number).toBe(1);
  await zone[Symbol.asyncDispose]();
  await using again = await LandingZone.open({ folder: folder.path, maxBytes: room });
  expect((await again.progress()).number).toBe(3);
  await again.put(rowsDraft(4));
  await new LandingReader({ folder: folder.path }).check(pool.state);
  await applyUpTo(pool, folder.path, 4);
  expect(pool.transactions).toEqual(texts(1, 2, 3, 4));
});

test('a pool passes over nothing that a worker wrote elsewhere, refuses what comes after it, and the next worker clears that away', async () => {
  await using folder = await scratchFolder();
  const { pool, reader, left } = await clearedZone(folder.path);
  const astray = async (...positions: number[]): Promise<void> => {
    const { zone, see } = await openStale({ folder: folder.path, maxBytes: room }, left, true);
    for (const n of positions) await zone.put(rowsDraft(n));
    await zone[Symbol.asyncDispose]();
    await see();
  };
  // One transaction carries what the pool's two did, and more.
  await astray(9);
  const seen = expect.stringMatching(/test\/one\/000001.*test\/one\/000009/) as string;
  const foreign = {
    kind: 'corrupt',
    code: 'SegmentForeign',
    target: 'seg-000000000002',
    message: seen,
    remedy: expect.anything() as string,
  };
  await expect(reader.segments(3, AbortSignal.timeout(10_000)).next()).rejects.toMatchObject(foreign);
  await expect(reader.prune(pool.state)).rejects.toMatchObject(foreign);
  await astray(10, 11, 12);
  const another = new LandingReader({ folder: folder.path });
  await another.check(pool.state);
  await another.prune(pool.state);
  for (const number of [4, 5]) {
    await expect(applyUpTo(pool, folder.path, number)).rejects.toMatchObject({ kind: 'corrupt', code: 'SegmentForeign' });
    expect(pool.state.number).toBe(3);
  }
  const cleared: number[] = [];
  await using again = await LandingZone.open({ folder: folder.path, maxBytes: room, onForeign: (gone) => cleared.push(...gone) });
  expect(cleared).toEqual([4, 5]);
  expect(await again.progress()).toMatchObject({ number: 3, position: pool.state.position });
  for (const n of [4, 5]) await again.put(rowsDraft(n));
  await applyUpTo(pool, folder.path, 5);
  expect(pool.transactions).toEqual(texts(1, 2, 3, 4, 5));
});

test('where numbers and positions fit and the writer is another, the pool is refused', async () => {
  await using folder = await scratchFolder();
  const progress = await filledZone(folder.path, 2);
  const reader = new LandingReader({ folder: folder.path });
  await reader.check(progress);
  await expect(reader.check({ ...progress, epoch: 'another' })).rejects.toMatchObject({ kind: 'conflict', code: 'LandingZoneOther' });
});

test('the pool clears away while a worker writes, and neither sees the other as foreign', async () => {
  await using folder = await scratchFolder();
  const pool = new MemoryPool();
  const reader = new LandingReader({ folder: folder.path, pollMs: 10 });
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: room });
  const writer = pool.writer();
  const puts = (async () => {
    for (let n = 1; n <= 30; n++) await zone.put(rowsDraft(n));
  })();
  for await (const segment of reader.segments(0, AbortSignal.timeout(10_000))) {
    await writer.apply(segment);
    if (segment.number % 3 === 0) await reader.prune(pool.state);
    if (segment.number === 30) break;
  }
  await puts;
  expect(pool.transactions.length).toBe(30);
  expect(await listSegments(folder.path)).toEqual([]);
});

test('a zone of format 1 goes on: what is there is applied, what comes says what it goes on from', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 4);
  const reader = new LandingReader({ folder: folder.path });
  await reader.prune(await progressAt(folder.path, 1));
  await toFormat1(folder.path);
  const pool = new MemoryPool();
  // What a pool of before knows: no writer.
  const { position } = await progressAt(folder.path, 2);
  pool.state = { ...pool.state, number: 2, position };
  await reader.check(pool.state);
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: room });
  await zone.put(rowsDraft(5));
  await applyUpTo(pool, folder.path, 5);
  expect(pool.transactions).toEqual(texts(3, 4, 5));
  await reader.prune(pool.state);
  await zone.put(rowsDraft(6));
  await applyUpTo(pool, folder.path, 6);
  expect(pool.state.number).toBe(6);
});

test('a zone of format 1 whose segments are all taken away goes on too', async () => {
  await using folder = await scratchFolder();
  const progress = await filledZone(folder.path, 2);
  await new LandingReader({ folder: folder.path }).prune(progress);
  await toFormat1(folder.path);
  const pool = new MemoryPool();
  pool.state = { ...progress, epoch: undefined };
  await new LandingReader({ folder: folder.path }).check(pool.state);
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: room });
  await zone.put(rowsDraft(3));
  await applyUpTo(pool, folder.path, 3);
  expect(pool.transactions).toEqual(texts(3));
});
