import { join } from 'node:path';
import { fault } from '#base/fault.ts';
import { sameFooting } from '../continuation.ts';
import type { Progress, Segment } from '../segment.ts';
import { realDisk, type Disk } from './disk.ts';
import { FolderWatch } from './folder-watch.ts';
import type { Manifest } from './manifest.ts';
import { readSegment } from './segment-files.ts';
import { errorCode, segmentCorrupt, segmentForeign, segmentMissing, zoneFault } from './zone-faults.ts';
import { listSegments, lookAtZone, makeZoneFolder, manifestName, readManifest, readZone, segmentName, writeBase } from './zone-folder.ts';

export interface LandingReaderOptions {
  readonly folder: string;
  readonly disk?: Disk;
  /** How often to look for new segments where the system sends no notice of them. */
  readonly pollMs?: number;
  /**
   * A transaction is given out once its last segment is there: whoever applies it waits for nobody in the midst of it. Without, segments are
   * given out as they come.
   */
  readonly whole?: boolean;
}

/**
 * The pool's side of a landing zone: takes the segments that a `LandingZone` wrote, in order, and takes away those that are applied.
 * Faults: `SegmentCorrupt`, `SegmentMissing`, `SegmentForeign` (corrupt; nothing of such a segment is given out), `LandingZoneFull`, `LandingZoneFailed`
 * (try again), `LandingZoneDenied`, `LandingZoneGone`, `LandingZoneOther` (conflict).
 */
export class LandingReader {
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #pollMs: number;
  readonly #whole: boolean;
  /** Segments up to here have durable names. */
  #durable = 0;
  /** Segments up to here were taken away: one that has such a number came after. */
  #taken = 0;

  constructor(options: LandingReaderOptions) {
    this.#folder = options.folder;
    this.#disk = options.disk ?? realDisk;
    this.#pollMs = options.pollMs ?? 1_000;
    this.#whole = options.whole ?? false;
  }

  /** Refuses a pool that was filled from another zone, or a zone that lost what the pool has seen. */
  async check(pool: Progress): Promise<void> {
    await this.#guard(async () => {
      await makeZoneFolder(this.#folder);
      await this.#holds(pool.number);
      const { progress } = await readZone(this.#folder, pool.number);
      // Where the pool's last transaction ended with a position, the zone's segments must lead to the same one.
      if (sameFooting(progress.footing, pool)) return;
      const remedy = 'Give the pool the landing zone that it was filled from, or give the link a new pool, which copies the tables anew.';
      throw fault(
        'conflict',
        'LandingZoneOther',
        `The landing zone ${this.#folder} is not the one that the pool was filled from: segment ${pool.number} ends elsewhere.`,
        { target: this.#folder, remedy },
      );
    });
  }

  /**
   * The segments after number `after`, in order, each verified; waits for new ones until the signal aborts, and then ends.
   * Their columns are views of the bytes read. `after` must be the last segment of a transaction.
   */
  async *segments(after: number, signal: AbortSignal): AsyncGenerator<Segment, void> {
    await this.#guard(async () => {
      await makeZoneFolder(this.#folder);
      await this.#holds(after);
    });
    using watch = new FolderWatch(this.#folder, this.#pollMs);
    let before: Manifest | undefined;
    let ended = after;
    for (let number = after + 1; ; number++) {
      const manifest = await this.#guard(() => this.#await(number, watch, signal));
      if (!manifest) return;
      if (this.#whole && number > ended) ended = await this.#guard(() => this.#endOf(manifest, watch, signal));
      if (signal.aborted) return;
      checkOrder(before, manifest);
      before = manifest;
      yield await this.#guard(() => this.#read(manifest));
    }
  }

  /**
   * Takes away the segments up to `progress.number`, which the pool has committed with this progress. Survives being killed anywhere.
   * Costs a file as large as the progress: call it seldom.
   */
  async prune(progress: Progress): Promise<void> {
    await this.#guard(async () => {
      const numbers = await listSegments(this.#folder);
      await this.#refuseForeign(numbers, this.#taken);
      const gone = numbers.filter((number) => number <= progress.number);
      if (gone.length > 0) await this.#take(gone, progress);
      this.#taken = progress.number;
    });
  }

  async #take(gone: readonly number[], progress: Progress): Promise<void> {
    try {
      await writeBase(this.#disk, this.#folder, progress);
    } catch (error) {
      if (errorCode(error) !== 'ENOSPC') throw error;
      // Rows that are applied are needed by nobody; the manifests alone still tell the progress.
      for (const number of gone) await this.#removeRows(number);
      await writeBase(this.#disk, this.#folder, progress);
    }
    for (const number of gone) await this.#disk.remove(join(this.#folder, segmentName(number)));
  }

  /** What is taken away does not come again: a segment whose number was is of a writer that began at a wrong place, and would be passed over. */
  async #refuseForeign(numbers: readonly number[], taken: number): Promise<void> {
    const [number] = numbers;
    if (number === undefined || number > taken) return;
    const found = await readManifest(this.#folder, number);
    throw segmentForeign(segmentName(number), `${taken} is the last that the pool took`, found?.manifest);
  }

  /** The zone must reach from `after` on: segments taken away are gone, and what the pool has must have been here. */
  async #holds(after: number): Promise<void> {
    const { base, numbers } = await lookAtZone(this.#folder);
    if (base.number > after)
      throw segmentMissing(
        segmentName(after + 1),
        `segments up to ${base.number} were taken away, and the pool holds only those up to ${after}`,
      );
    const end = numbers.at(-1) ?? base.number;
    if (end < after)
      throw segmentMissing(segmentName(after), `the pool holds segments up to ${after}, and the landing zone ends with ${end}`);
  }

  async #await(number: number, watch: FolderWatch, signal: AbortSignal): Promise<Manifest | undefined> {
    while (!signal.aborted) {
      const found = await readManifest(this.#folder, number);
      if (found) return found.manifest;
      await this.#mustBeNew(number);
      await watch.changed(signal);
    }
    return undefined;
  }

  /** The last segment of the transaction that begins here: its own last one, or the one before the next that begins. */
  async #endOf(begin: Manifest, watch: FolderWatch, signal: AbortSignal): Promise<number> {
    let last = begin;
    while (!last.last) {
      const next = await this.#await(last.number + 1, watch, signal);
      if (!next || next.first) break;
      last = next;
    }
    return last.number;
  }

  /** A segment that is not there must be the next to come. */
  async #mustBeNew(number: number): Promise<void> {
    const taken = this.#taken;
    const numbers = await listSegments(this.#folder);
    await this.#refuseForeign(numbers, taken);
    const end = numbers.at(-1) ?? 0;
    if (end < number || (await readManifest(this.#folder, number))) return;
    const file = (await listSegments(this.#folder)).includes(number) ? join(segmentName(number), manifestName) : segmentName(number);
    throw segmentMissing(file, `segments up to ${end} are there`);
  }

  async #read(manifest: Manifest): Promise<Segment> {
    const [segment] = await Promise.all([readSegment(this.#folder, manifest), this.#makeDurable(manifest.number)]);
    return segment;
  }

  /** The writer gives a segment its name before that is durable: what the pool commits must not be lost here by a power cut. */
  async #makeDurable(number: number): Promise<void> {
    if (number <= this.#durable) return;
    const end = (await listSegments(this.#folder)).at(-1) ?? 0;
    await this.#disk.syncFolder(this.#folder);
    this.#durable = end;
  }

  async #removeRows(number: number): Promise<void> {
    const found = await readManifest(this.#folder, number);
    for (const file of found?.manifest.files ?? []) await this.#disk.remove(join(this.#folder, segmentName(number), file.name));
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw zoneFault(error, this.#folder);
    }
  }
}

function checkOrder(before: Manifest | undefined, manifest: Manifest): void {
  if (manifest.first || (before && !before.last && before.epoch === manifest.epoch)) return;
  throw segmentCorrupt(
    join(segmentName(manifest.number), manifestName),
    'it goes on with a transaction that the segment before it did not leave open',
  );
}
