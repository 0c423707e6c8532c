import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault, must, toFault } from '#base/fault.ts';
import { KillSwitch, stepText } from '../handover.contract.ts';
import { freshProgress } from '../link-book.ts';
import { realDisk } from './disk.ts';
import { noFooting } from '../continuation.ts';
import { killableDisk } from './killable-disk.contract.ts';
import { LandingReader } from './landing-reader.ts';
import { LandingZone } from './landing-zone.ts';
import { rowsDraft } from './sample-drafts.contract.ts';
import { listSegments, readZone } from './zone-folder.ts';
import { copyOf, filesOf, filledZone, progressAt, readSegments, scratchFolder } from './zone-scene.contract.ts';

/** What a pool with nothing would take from the zone, and the fault that ended it. */
async function takeAll(folder: string, upTo: number): Promise<{ numbers: number[]; reason: Fault | undefined }> {
  const numbers: number[] = [];
  try {
    const reader = new LandingReader({ folder });
    for await (const segment of reader.segments(0, AbortSignal.timeout(10_000))) {
      numbers.push(segment.number);
      if (segment.number === upTo) break;
    }
    return { numbers, reason: undefined };
  } catch (error) {
    return { numbers, reason: toFault(error) };
  }
}

test('segments are read as they were put, and new ones as soon as they come, until the signal aborts', async () => {
  await using folder = await scratchFolder();
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
  const stop = new AbortController();
  const epochs = new Set<string | undefined>();
  const segments = new LandingReader({ folder: folder.path, pollMs: 60_000 }).segments(0, stop.signal);
  for (let n = 1; n <= 5; n++) {
    const next = segments.next();
    await zone.put(rowsDraft(n));
    const value = must((await next).value ?? undefined, 'a segment');
    expect(value.number).toBe(n);
    epochs.add(value.epoch);
    expect({ ...value, steps: value.steps.map(stepText) }).toEqual({
      ...rowsDraft(n),
      number: n,
      epoch: value.epoch,
      continues: n === 1 ? noFooting : { number: n - 1, epoch: value.epoch, position: rowsDraft(n - 1).position },
      steps: rowsDraft(n).steps.map(stepText),
    });
  }
  expect(epochs.size).toBe(1);
  const last = segments.next();
  stop.abort();
  expect((await last).done).toBe(true);
});

test('the files of a segment are Arrow files with the names of the table', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 1);
  const files = (await filesOf(folder.path)).filter((file) => file.endsWith('.arrow'));
  const tables = await Promise.all(files.map(async (file) => tableFromIPC(await readFile(join(folder.path, file)))));
  expect(tables.map((table) => table.schema.names)).toEqual([['c0'], ['c0', 'c1']]);
  expect(tables[1]!.get(0)?.toJSON()).toEqual({ c0: 1, c1: 'row 1' });
});

test('a file cut short, altered or deleted is refused and named, and nothing from it on is given out', async () => {
  await using scratch = await scratchFolder();
  const zone = join(scratch.path, 'whole');
  await filledZone(zone, 3);
  const files = (await filesOf(zone)).filter((file) => file.startsWith('seg-'));
  expect(files.length).toBe(9);
  for (const [i, file] of files.entries()) {
    const whole = await readFile(join(zone, file));
    const harm = {
      cut: (path: string) => truncate(path, whole.length - 1),
      empty: (path: string) => truncate(path, 0),
      longer: (path: string) => writeFile(path, Buffer.concat([whole, Buffer.alloc(1)])),
      flipped: (path: string) => writeFile(path, whole.with(whole.length >> 1, whole[whole.length >> 1]! ^ 4)),
      deleted: (path: string) => rm(path),
    };
    for (const [what, does] of Object.entries(harm)) {
      const copy = await copyOf(zone, join(scratch.path, `${i}-${what}`));
      await does(join(copy, file));
      const { numbers, reason } = await takeAll(copy, 3);
      expect([file, what, reason?.kind, reason?.code, reason?.target]).toEqual([
        file,
        what,
        'corrupt',
        what === 'deleted' ? 'SegmentMissing' : 'SegmentCorrupt',
        file,
      ]);
      expect(reason?.remedy).toBeDefined();
      expect(numbers).toEqual(Array.from({ length: Number(file.slice(4, 16)) - 1 }, (_, n) => n + 1));
    }
  }
});

test('any one byte altered anywhere is noticed', async () => {
  await using scratch = await scratchFolder();
  const zone = join(scratch.path, 'zone');
  await filledZone(zone, 3);
  await new LandingReader({ folder: zone }).prune(await progressAt(zone, 1));
  const files = await filesOf(zone);
  expect(files[0]).toBe('base.json');
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 1, max: 255 }), async (file, at, change) => {
      const path = join(zone, file);
      const whole = await readFile(path);
      const place = at % whole.length;
      await writeFile(path, whole.with(place, whole[place]! ^ change));
      const refused = await readSegments(zone, 1, 3).then(() => undefined, toFault);
      await writeFile(path, whole);
      expect([refused?.code, refused?.target]).toEqual(['SegmentCorrupt', file]);
    }),
    { numRuns: 300 },
  );
  expect((await readSegments(zone, 1, 3)).length).toBe(2);
});

test('a missing segment is refused by reader and writer, not waited for', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 3);
  await rm(join(folder.path, 'seg-000000000002'), { recursive: true });
  const { numbers, reason } = await takeAll(folder.path, 3);
  expect(numbers).toEqual([1]);
  expect([reason?.code, reason?.target]).toEqual(['SegmentMissing', 'seg-000000000002']);
  await expect(LandingZone.open({ folder: folder.path, maxBytes: 1 })).rejects.toMatchObject({
    code: 'SegmentMissing',
    target: 'seg-000000000002',
  });
  await rename(join(folder.path, 'seg-000000000003'), join(folder.path, 'seg-000000000002'));
  expect((await takeAll(folder.path, 3)).reason).toMatchObject({ code: 'SegmentCorrupt', target: 'seg-000000000002/manifest.json' });
});

test('a zone that vanishes while a reader waits is told, not waited for', async () => {
  await using scratch = await scratchFolder();
  const folder = join(scratch.path, 'zone');
  await filledZone(folder, 1);
  const segments = new LandingReader({ folder, pollMs: 10 }).segments(1, AbortSignal.timeout(10_000));
  await Promise.all([
    expect(segments.next()).rejects.toMatchObject({ kind: 'missing', code: 'LandingZoneGone' }),
    rm(folder, { recursive: true }),
  ]);
});

test('a transaction whose beginning is not there is refused', async () => {
  await using folder = await scratchFolder();
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
  await zone.put(rowsDraft(1));
  await zone.put(rowsDraft(2, { first: false }));
  const { numbers, reason } = await takeAll(folder.path, 2);
  expect(numbers).toEqual([1]);
  expect([reason?.code, reason?.target]).toEqual(['SegmentCorrupt', 'seg-000000000002/manifest.json']);
});

test('a pool and a zone that do not belong together are refused', async () => {
  await using scratch = await scratchFolder();
  const one = join(scratch.path, 'one');
  const reader = new LandingReader({ folder: one });
  const progress = await filledZone(one, 3);
  await reader.check(progress);
  await reader.check(await progressAt(one, 2));
  await expect(reader.check({ ...progress, number: 9 })).rejects.toMatchObject({ code: 'SegmentMissing' });
  await expect(reader.check({ ...progress, position: (await progressAt(one, 2)).position })).rejects.toMatchObject({
    kind: 'conflict',
    code: 'LandingZoneOther',
  });
  await reader.prune(progress);
  await reader.check(progress);
  await expect(reader.check({ ...progress, number: 2 })).rejects.toMatchObject({ code: 'SegmentMissing' });
  await expect(readSegments(one, 1, 3)).rejects.toMatchObject({ code: 'SegmentMissing' });
});

test('a format of another version is refused as such', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 1);
  const path = join(folder.path, 'seg-000000000001', 'manifest.json');
  const { crc32 } = await import('node:zlib');
  const body = (JSON.parse(await readFile(path, 'utf8')) as { body: object }).body;
  for (const [change, wrong] of [
    [{ format: 3 }, 'format 3, written by another version'],
    [{ format: 1 }, 'it does not say what it must (continues)'],
    [{ continues: undefined }, 'it does not say what it must (continues)'],
  ] as const) {
    const text = JSON.stringify({ ...body, ...change });
    await writeFile(path, `{"crc32":"${crc32(text).toString(16).padStart(8, '0')}","body":${text}}\n`);
    expect((await takeAll(folder.path, 1)).reason?.message).toContain(wrong);
  }
});

test('taking segments away keeps the progress, whenever it is killed', async () => {
  await using scratch = await scratchFolder();
  const zone = join(scratch.path, 'zone');
  const progress = await filledZone(zone, 4);
  const upTo = await progressAt(zone, 3);
  for (let steps = 0; ; steps++) {
    const copy = await copyOf(zone, join(scratch.path, String(steps)));
    const kill = new KillSwitch(steps);
    await new LandingReader({ folder: copy, disk: killableDisk(kill) }).prune(upTo).catch(() => undefined);
    expect((await readZone(copy)).progress.get()).toEqual(progress);
    expect((await readSegments(copy, 3, 4)).map((segment) => segment.number)).toEqual([4]);
    await new LandingReader({ folder: copy }).prune(upTo);
    expect(await readdir(copy)).toEqual(['base.json', 'lock', 'seg-000000000004']);
    if (!kill.dead) break;
  }
});

test('a worker that starts while the pool takes segments away gets the progress of them all', async () => {
  await using folder = await scratchFolder();
  const progress = await filledZone(folder.path, 40);
  const steps = await Promise.all(Array.from({ length: 40 }, (_, i) => progressAt(folder.path, i + 1)));
  let pruning = true;
  const reader = new LandingReader({ folder: folder.path });
  const pruned = (async () => {
    for (const step of steps) await reader.prune(step);
    pruning = false;
  })();
  let looks = 0;
  for (; pruning; looks++) expect((await readZone(folder.path)).progress.get()).toEqual(progress);
  await pruned;
  expect(looks).toBeGreaterThan(0);
  expect((await readZone(folder.path)).progress.get()).toEqual(progress);
});

test('where the pool takes all segments away between two looks of a worker that starts, it gets the progress of them all', async () => {
  await using folder = await scratchFolder();
  const progress = await filledZone(folder.path, 3);
  const reader = new LandingReader({ folder: folder.path });
  const first = await progressAt(folder.path, 1);
  for (const step of [first, progress]) {
    let looks = 0;
    const zone = await readZone(folder.path, Infinity, async (path) => {
      if (looks++ === 0) await reader.prune(step);
      return listSegments(path);
    });
    expect(zone.progress.get()).toEqual(progress);
    expect(zone.end).toBe(3);
    expect(looks).toBe(2);
  }
});

test('a full disk does not keep segments from being taken away', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 3);
  const upTo = { ...(await progressAt(folder.path, 2)), tables: new Map([['a', freshProgress('a')]]) };
  // Full as long as any rows of the first two segments are there.
  const full = {
    ...realDisk,
    writeFile: async (path: string, pieces: readonly Uint8Array[]) => {
      const rows = (await filesOf(folder.path)).filter((file) => /seg-0+[12]\/.*arrow/.test(file));
      if (rows.length > 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      await realDisk.writeFile(path, pieces);
    },
  };
  await new LandingReader({ folder: folder.path, disk: full }).prune(upTo);
  expect(await readdir(folder.path)).toEqual(['base.json', 'lock', 'seg-000000000003']);
  const never = { ...realDisk, writeFile: async () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) };
  await expect(new LandingReader({ folder: folder.path, disk: never }).prune(await progressAt(folder.path, 3))).rejects.toMatchObject({
    kind: 'unreachable',
    code: 'LandingZoneFull',
  });
  expect((await readZone(folder.path)).progress.number).toBe(3);
});
