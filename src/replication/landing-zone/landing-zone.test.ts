import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { handoverContract, KillSwitch, MemoryPool, type HandoverPlace } from '../handover.contract.ts';
import { realDisk, type Disk } from './disk.ts';
import { killableDisk } from './killable-disk.contract.ts';
import { LandingReader } from './landing-reader.ts';
import { LandingZone } from './landing-zone.ts';
import { rowsDraft } from './sample-drafts.contract.ts';
import { listSegments, readZone } from './zone-folder.ts';
import { filledZone, progressAt, readSegments, scratchFolder } from './zone-scene.contract.ts';

async function zonePlace(): Promise<HandoverPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-zone-'));
  const pool = new MemoryPool();
  let settled = 0;
  return {
    pool,
    open: (kill = new KillSwitch()) => LandingZone.open({ folder, maxBytes: 2 ** 30, disk: killableDisk(kill) }),
    settle: async (kill = new KillSwitch()) => {
      const reader = new LandingReader({ folder, disk: killableDisk(kill) });
      const writer = pool.writer(kill);
      const { end } = await readZone(folder);
      await reader.check(pool.state);
      if (end > pool.state.number) {
        for await (const segment of reader.segments(pool.state.number, AbortSignal.timeout(10_000))) {
          await writer.apply(segment);
          if (segment.number === end) break;
        }
      }
      if (settled++ % 2 === 0) await reader.prune(pool.state);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

handoverContract('LandingZone', zonePlace);

const room = 2 ** 30;

test('a zone has one writer', async () => {
  await using folder = await scratchFolder();
  const first = await LandingZone.open({ folder: folder.path, maxBytes: room });
  const second = await LandingZone.open({ folder: folder.path, maxBytes: room }).catch(toFault);
  expect(second).toMatchObject({ kind: 'conflict', code: 'LandingZoneTaken', remedy: expect.stringContaining('other worker') as string });
  await first[Symbol.asyncDispose]();
  await using third = await LandingZone.open({ folder: folder.path, maxBytes: room });
  expect((await third.progress()).number).toBe(0);
});

test('a writer that lost its zone to another overwrites nothing', async () => {
  await using folder = await scratchFolder();
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: room });
  await zone.put(rowsDraft(1));
  const foreign = join(folder.path, 'seg-000000000002');
  await mkdir(foreign);
  await writeFile(join(foreign, 'manifest.json'), 'of another');
  await expect(zone.put(rowsDraft(2))).rejects.toMatchObject({ kind: 'conflict', code: 'LandingZoneTaken' });
  expect(await readFile(join(foreign, 'manifest.json'), 'utf8')).toBe('of another');
  expect((await readdir(folder.path)).toSorted()).toEqual(['lock', 'seg-000000000001', 'seg-000000000002']);
});

test('a folder that may not be used is refused with a remedy', async () => {
  await using folder = await scratchFolder();
  const path = join(folder.path, 'file');
  await writeFile(path, '');
  const refused = await LandingZone.open({ folder: join(path, 'zone'), maxBytes: room }).catch(toFault);
  expect(refused).toMatchObject({ code: 'LandingZoneGone', remedy: expect.any(String) as string });
});

test('where waiting segments take too much space, the next one waits until the pool has taken some', async () => {
  await using folder = await scratchFolder();
  const waits: boolean[] = [];
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 40_000, onWait: (one) => waits.push(one) });
  const reader = new LandingReader({ folder: folder.path });
  let put = 0;
  const puts = Array.from({ length: 12 }, (_, i) => zone.put(rowsDraft(i + 1)).then(() => (put = i + 1)));
  for (let taken = 0; taken < 12;) {
    const [segment] = await readSegments(folder.path, taken, taken + 1);
    taken = segment!.number;
    const present = (await listSegments(folder.path)).length;
    // Three may be on their way at once.
    expect(present).toBeLessThanOrEqual(2 + 3);
    await reader.prune(await progressAt(folder.path, taken));
  }
  await Promise.all(puts);
  expect(put).toBe(12);
  // Told when the waiting begins and when it ends, in turns.
  expect(waits.length).toBeGreaterThan(1);
  expect(waits).toEqual(waits.map((_, i) => i % 2 === 0));
  expect(waits.at(-1)).toBe(false);
});

test('waiting for the pool ends with the signal, and with the zone', async () => {
  for (const how of ['signal', 'dispose'] as const) {
    await using folder = await scratchFolder();
    const stop = new AbortController();
    const zone = await LandingZone.open({ folder: folder.path, maxBytes: 1, signal: stop.signal });
    await zone.put(rowsDraft(1));
    const waiting = zone.put(rowsDraft(2)).catch(toFault);
    if (how === 'signal') stop.abort();
    else await zone[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ kind: 'cancelled' });
    expect((await zone.progress()).number).toBe(1);
    await zone[Symbol.asyncDispose]();
  }
});

test('a transaction larger than the space allowed, and one left unfinished, do not wait for what cannot be taken', async () => {
  await using folder = await scratchFolder();
  const open = { last: false, position: undefined };
  {
    await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 1 });
    await zone.put(rowsDraft(1, open));
    for (let part = 0; part < 5; part++) await zone.put(rowsDraft(1, { ...open, first: false }));
  }
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 1 });
  await zone.put(rowsDraft(1, open));
  await zone.put(rowsDraft(1, { first: false }));
  expect((await zone.progress()).number).toBe(8);
});

test('a full disk, at whichever step, leaves nothing half published; with room again it goes on', async () => {
  await using scratch = await scratchFolder();
  const reasons = new Set<string>();
  for (let step = 0, failed = true; failed; step++) {
    const folder = join(scratch.path, String(step));
    await filledZone(folder, 1);
    let left = Infinity;
    const zone = await LandingZone.open({ folder, maxBytes: room, disk: fillingDisk(() => left-- <= 0) });
    left = step;
    const reason = await zone.put(rowsDraft(2)).then(() => undefined, toFault);
    failed = reason !== undefined;
    await zone[Symbol.asyncDispose]();
    if (reason) reasons.add(`${reason.kind} ${reason.code} ${reason.remedy}`);
    expect((await readdir(folder)).filter((name) => name.startsWith('tmp-'))).toEqual([]);
    await using again = await LandingZone.open({ folder, maxBytes: room });
    const { number } = await again.progress();
    await again.put(rowsDraft(number + 1));
    expect((await readSegments(folder, 0, number + 1)).map((segment) => segment.number)).toEqual(
      Array.from({ length: number + 1 }, (_, i) => i + 1),
    );
  }
  expect([...reasons]).toEqual([expect.stringMatching(/^unreachable LandingZoneFull Free disk space/) as string]);
});

/** A disk that refuses what takes space, once it is full; from then on only removing works. */
function fillingDisk(isFull: () => boolean): Disk {
  let full = false;
  const guarded =
    <A extends unknown[]>(work: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      full ||= isFull();
      if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      await work(...args);
    };
  const half = async (path: string, pieces: readonly Uint8Array[]): Promise<void> => {
    await realDisk.writeFile(path, pieces);
    full ||= isFull();
    if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  };
  return {
    makeFolder: guarded((path: string) => realDisk.makeFolder(path)),
    rename: guarded((from: string, to: string) => realDisk.rename(from, to)),
    syncFolder: guarded((path: string) => realDisk.syncFolder(path)),
    writeFile: guarded(half),
    remove: (path) => realDisk.remove(path),
  };
}

test('what was cleared away by the pool, and what a dead writer left, does not come back', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 2);
  await new LandingReader({ folder: folder.path }).prune(await progressAt(folder.path, 2));
  await mkdir(join(folder.path, 'tmp-3-x'));
  await writeFile(join(folder.path, 'tmp-3-x', '00.arrow'), 'torn');
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: room });
  expect((await readdir(folder.path)).toSorted()).toEqual(['base.json', 'lock']);
  await zone.put(rowsDraft(3));
  expect(await listSegments(folder.path)).toEqual([3]);
});
