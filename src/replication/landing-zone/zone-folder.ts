import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noFooting, sameFooting } from '../continuation.ts';
import type { Progress } from '../segment.ts';
import { eachOf, type Disk } from './disk.ts';
import { DurableProgress } from './durable-progress.ts';
import { openBase, openManifest, sealRecord, zoneFormat, type Manifest } from './manifest.ts';
import { errorCode, segmentCorrupt, segmentMissing } from './zone-faults.ts';

export const baseName = 'base.json';
export const manifestName = 'manifest.json';

/** Makes the folder where it is not, for this user only: it holds rows. Whoever wants to share it makes it first. */
export async function makeZoneFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** The name of a segment's folder within the zone. Names sort like numbers. */
export function segmentName(number: number): string {
  return `seg-${String(number).padStart(12, '0')}`;
}

/** The numbers of the segments that the folder holds, ascending. */
export async function listSegments(folder: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await readdir(folder)) {
    const match = /^seg-(\d{12})$/.exec(name);
    if (match) numbers.push(Number(match[1]));
  }
  return numbers.toSorted((a, b) => a - b);
}

/** What the segments taken away had left; a new zone's is number 0 and nothing else. Faults: `SegmentCorrupt`. */
export async function readBase(folder: string): Promise<Progress> {
  const bytes = await readIfThere(join(folder, baseName));
  if (!bytes) return { ...noFooting, tables: new Map(), schemas: new Map() };
  const record = openBase(bytes);
  if ('wrong' in record) throw segmentCorrupt(baseName, record.wrong);
  const tables = new Map(record.tables.map((one) => [one.table, one]));
  const { number, epoch, position } = record;
  return { number, epoch, position, tables, schemas: new Map(record.schemas.map((one) => [one.table, one])) };
}

/** Replaces the base, durably and at once. */
export async function writeBase(disk: Disk, folder: string, progress: Progress): Promise<void> {
  const record = {
    format: zoneFormat as typeof zoneFormat,
    number: progress.number,
    epoch: progress.epoch,
    position: progress.position,
    tables: [...progress.tables.values()],
    schemas: [...progress.schemas.values()],
  };
  // Its name must not look like one of the writer's unfinished segments, which the writer clears away.
  const fresh = join(folder, 'base.new');
  await disk.remove(fresh);
  await disk.writeFile(fresh, [sealRecord(record)]);
  await disk.rename(fresh, join(folder, baseName));
  await disk.syncFolder(folder);
}

/** A manifest and the bytes that it takes itself; undefined when there is none. Faults: `SegmentCorrupt`. */
export async function readManifest(
  folder: string,
  number: number,
): Promise<{ readonly manifest: Manifest; readonly size: number } | undefined> {
  const file = join(segmentName(number), manifestName);
  const bytes = await readIfThere(join(folder, file));
  if (!bytes) return undefined;
  const manifest = openManifest(bytes);
  if ('wrong' in manifest) throw segmentCorrupt(file, manifest.wrong);
  if (manifest.number !== number) throw segmentCorrupt(file, `it belongs to segment ${manifest.number}`);
  return { manifest, size: bytes.length };
}

/** The disk space that a segment takes, about. */
export function spaceOf(manifest: Manifest, manifestSize: number): number {
  const block = 4096;
  return [manifestSize, block, ...manifest.files.map((file) => file.size)].reduce((sum, size) => sum + Math.ceil(size / block) * block, 0);
}

/** A zone as it stands. */
export interface ZoneState {
  readonly progress: DurableProgress;
  /** The highest number ever used. */
  readonly end: number;
  /** Space of the segments present, by number, ascending. */
  readonly spaces: ReadonlyMap<number, number>;
  /** Who wrote the last segment that the base stands for, and those present. */
  readonly epochs: ReadonlyMap<number, string | undefined>;
  /** Segments that do not go on from what is before them, and all after the first such; they count for nothing else here. Ascending. */
  readonly foreign: readonly number[];
}

/** The base, and the segments after it, as they were at one moment. */
interface ZoneLook {
  readonly base: Progress;
  readonly numbers: readonly number[];
}

/**
 * Looks at the zone though the pool may take segments away meanwhile. A base is there before what it stands for goes away: one that was another
 * by the time that the folder was listed may stand for segments that were not seen any more, and all of them may have been.
 */
export async function lookAtZone(folder: string, list: typeof listSegments = listSegments): Promise<ZoneLook> {
  for (;;) {
    const base = await readBase(folder);
    const numbers = (await list(folder)).filter((number) => number > base.number);
    if ((await readBase(folder)).number === base.number) return { base, numbers };
  }
}

/**
 * Reads what the zone holds, though the pool may take segments away meanwhile.
 * Stops after segment `upTo`. `list` is given by tests. Faults: `SegmentCorrupt`, `SegmentMissing`.
 */
export async function readZone(folder: string, upTo: number = Infinity, list: typeof listSegments = listSegments): Promise<ZoneState> {
  for (;;) {
    const { base, numbers: present } = await lookAtZone(folder, list);
    const numbers = present.filter((number) => number <= upTo);
    const found = await readManifests(folder, numbers);
    const missing = firstGap(base.number, numbers, found);
    if (missing === undefined) return stateOf(base, numbers, found);
    if ((await readBase(folder)).number === base.number) throw segmentMissing(missing, 'others after it are there');
  }
}

async function readManifests(folder: string, numbers: readonly number[]): Promise<Map<number, { manifest: Manifest; size: number }>> {
  const found = new Map<number, { manifest: Manifest; size: number }>();
  await eachOf(numbers, async (number) => {
    const one = await readManifest(folder, number);
    if (one) found.set(number, one);
  });
  return found;
}

function firstGap(base: number, numbers: readonly number[], found: ReadonlyMap<number, unknown>): string | undefined {
  for (const [i, number] of numbers.entries()) {
    if (number !== base + 1 + i) return segmentName(base + 1 + i);
    if (!found.has(number)) return join(segmentName(number), manifestName);
  }
  return undefined;
}

function stateOf(base: Progress, numbers: readonly number[], found: ReadonlyMap<number, { manifest: Manifest; size: number }>): ZoneState {
  const progress = new DurableProgress(base);
  const spaces = new Map<number, number>();
  const epochs = new Map([[base.number, base.epoch]]);
  let end = base.number;
  for (const number of numbers) {
    const { manifest, size } = found.get(number)!;
    if (manifest.continues && !sameFooting(manifest.continues, progress.footing)) break;
    progress.take(manifest);
    spaces.set(number, spaceOf(manifest, size));
    epochs.set(number, manifest.epoch);
    end = number;
  }
  return { progress, end, spaces, epochs, foreign: numbers.filter((number) => number > end) };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
