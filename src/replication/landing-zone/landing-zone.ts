import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failpoint } from '#base/failpoint.ts';
import { fault } from '#base/fault.ts';
import { footingAfter } from '../continuation.ts';
import type { Handover } from '../handover.ts';
import type { TableSchema } from '../schema.ts';
import type { Draft, Footing, Progress, Segment, Step } from '../segment.ts';
import { eachOf, realDisk, type Disk } from './disk.ts';
import { FolderWatch } from './folder-watch.ts';
import { packSegment, type PackedFile } from './segment-files.ts';
import { landingZoneTaken, errorCode, zoneFault } from './zone-faults.ts';
import { BaseWatch } from './base-watch.ts';
import { listSegments, makeZoneFolder, readZone, segmentName, type ZoneState } from './zone-folder.ts';
import { lockZone } from './zone-lock.ts';

export interface LandingZoneOptions {
  readonly folder: string;
  /** Disk space that waiting segments may take. Where they take more `put` waits for the pool; one transaction may go beyond it. */
  readonly maxBytes: number;
  /** Ends waiting for the pool. */
  readonly signal?: AbortSignal;
  /** Told when it begins to wait for the pool to make room, and when it goes on. */
  readonly onWait?: (waits: boolean) => void;
  /** Told which segments it took away because they do not go on from what is before them: no pool can have them. */
  readonly onForeign?: (numbers: readonly number[]) => void;
  readonly disk?: Disk;
}

/** Segments written at once while earlier ones are being made durable. */
const maxWriting = 3;
const lookMs = 1_000;

/**
 * Makes segments durable in a folder, where a pool in another process takes them: see `LandingReader`.
 *
 * A segment is a folder `seg-000000000001` with `manifest.json` and one Arrow IPC file for each batch of rows. It is written under another
 * name, every file and the folder itself made durable, and then renamed, in order: a segment is there whole or not at all. Those renamed at
 * about the same time are made durable at once. `base.json` holds the progress that the segments already taken away had left.
 *
 * After a fault nothing more is taken: open the zone anew.
 * Faults: `LandingZoneTaken` (conflict), `LandingZoneFull`, `LandingZoneFailed` (try again), `LandingZoneDenied`, `LandingZoneGone`,
 * `SegmentCorrupt`, `SegmentMissing`, `ZoneMovedOn` (try again: nothing that came after it was called durable), and `cancelled` by the signal.
 */
export class LandingZone implements Handover {
  readonly #options: LandingZoneOptions;
  readonly #disk: Disk;
  readonly #lock: Disposable;
  readonly #epoch: string = randomUUID();
  readonly #closing = new AbortController();
  readonly #state: ZoneState;
  readonly #base: BaseWatch;
  /** What the next transaction goes on from: the last one put. */
  #footing: Footing;
  /** Space of the segments present and of those on their way, by number, ascending. */
  readonly #spaces: Map<number, number>;
  #space = 0;
  readonly #shapes: Map<string, TableSchema>;
  #next: number;
  #published: number;
  #room: Promise<void> = Promise.resolve();
  /** The last puts, the newest last. */
  #recent: Promise<void>[] = [];
  /** The newest segment has its name. */
  #placed: Promise<void> = Promise.resolve();
  #sync: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  private constructor(options: LandingZoneOptions, lock: Disposable, state: ZoneState) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#lock = lock;
    this.#state = state;
    this.#base = new BaseWatch(options.folder, { ...state, epoch: this.#epoch });
    this.#footing = state.progress.footing;
    this.#spaces = new Map(state.spaces);
    for (const space of this.#spaces.values()) this.#space += space;
    this.#shapes = new Map(state.progress.get().schemas);
    this.#next = state.end + 1;
    this.#published = state.end;
  }

  /** Becomes the only writer of the zone in `folder`, made where it is not. What a dead writer left unfinished is cleared away. */
  static async open(options: LandingZoneOptions): Promise<LandingZone> {
    const { folder, disk = realDisk } = options;
    let lock: Disposable | undefined;
    try {
      await makeZoneFolder(folder);
      lock = lockZone(folder, join(folder, 'lock'));
      for (const name of await readdir(folder)) if (name.startsWith('tmp-')) await disk.remove(join(folder, name));
      // A writer killed between a rename and this: what is counted on from here on must be durable.
      await disk.syncFolder(folder);
      const state = await readZone(folder);
      // From the end, so that those left have no gap. The pool refuses them as this does, whenever it comes to them.
      for (const number of state.foreign.toReversed()) await disk.remove(join(folder, segmentName(number)));
      if (state.foreign.length > 0) options.onForeign?.(state.foreign);
      return new LandingZone(options, lock, state);
    } catch (error) {
      lock?.[Symbol.dispose]();
      throw zoneFault(error, folder);
    }
  }

  async progress(): Promise<Progress> {
    await this.#settled();
    return this.#state.progress.get();
  }

  put(draft: Draft): Promise<void> {
    const segment = { ...draft, number: this.#next++, epoch: this.#epoch, continues: this.#footing };
    const { number } = segment;
    if (draft.last) this.#footing = footingAfter(this.#footing, segment);
    const shapes = draft.steps.map((step) => this.#shapeOf(step));
    const turn = this.#recent.length < maxWriting ? undefined : this.#recent[0];
    const room = (this.#room = Promise.all([this.#room, turn]).then(() => this.#takeRoom(number, draft.bytes)));
    const placed = (this.#placed = this.#place(segment, { shapes, room, before: this.#placed }));
    const done = this.#finish(segment, placed, this.#recent.at(-1));
    // All are reported by the promise returned.
    for (const promise of [room, placed, done]) promise.catch(() => undefined);
    this.#recent = [...this.#recent, done].slice(-maxWriting);
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#settled();
    this.#lock[Symbol.dispose]();
  }

  /** Writes the segment, and gives it its name once the one before it has its own. */
  async #place(segment: Segment, put: { shapes: (TableSchema | undefined)[]; room: Promise<void>; before: Promise<void> }): Promise<void> {
    const { folder } = this.#options;
    const { number } = segment;
    const unfinished = join(folder, `tmp-${number}-${this.#epoch}`);
    try {
      await put.room;
      const { files, space } = await packSegment(segment, put.shapes);
      this.#reserve(number, space);
      await this.#write(unfinished, files);
      await put.before;
      await failpoint('landing.publish.before');
      await this.#rename(unfinished, join(folder, segmentName(number)));
      await failpoint('landing.publish.after');
      this.#published = number;
    } catch (error) {
      await this.#disk.remove(unfinished).catch(() => undefined);
      throw zoneFault(error, folder);
    }
  }

  /** Resolves when the segment's name, and all before it, are durable. */
  async #finish(segment: Segment, placed: Promise<void>, before: Promise<void> | undefined): Promise<void> {
    await placed;
    await this.#syncNames();
    await before;
    this.#state.progress.take(segment);
  }

  /** Makes durable the names given until now; those given meanwhile share the next round. */
  #syncNames(): Promise<void> {
    this.#nextSync ??= this.#sync.then(() => {
      this.#sync = this.#nextSync!;
      this.#nextSync = undefined;
      return this.#guardedSync();
    });
    return this.#nextSync;
  }

  async #guardedSync(): Promise<void> {
    try {
      await this.#disk.syncFolder(this.#options.folder);
      await this.#base.check();
    } catch (error) {
      throw zoneFault(error, this.#options.folder);
    }
  }

  async #write(path: string, files: readonly PackedFile[]): Promise<void> {
    await this.#disk.makeFolder(path);
    await eachOf(files, (file) => this.#disk.writeFile(join(path, file.name), file.pieces));
    await this.#disk.syncFolder(path);
  }

  async #rename(from: string, to: string): Promise<void> {
    try {
      await this.#disk.rename(from, to);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR')
        throw landingZoneTaken(this.#options.folder, 'a segment that this worker was to write is already there');
      throw error;
    }
  }

  async #settled(): Promise<void> {
    await Promise.allSettled(this.#recent);
  }

  /** The table as it is at this step. */
  #shapeOf(step: Step): TableSchema | undefined {
    if (step.kind === 'schema') this.#shapes.set(step.schema.table, step.schema);
    else if (step.kind === 'drop' || step.kind === 'leave') this.#shapes.delete(step.table);
    return step.kind === 'rows' ? this.#shapes.get(step.table) : undefined;
  }

  #reserve(number: number, space: number): void {
    this.#space += space - (this.#spaces.get(number) ?? 0);
    this.#spaces.set(number, space);
  }

  async #takeRoom(number: number, bytes: number): Promise<void> {
    if (this.#isFull()) await this.#waitForPool();
    this.#reserve(number, bytes);
  }

  /** Only what belongs to whole transactions can be taken away by the pool: waiting for anything else would be for ever. */
  #isFull(): boolean {
    const [oldest] = this.#spaces.keys();
    return this.#space > this.#options.maxBytes && oldest !== undefined && oldest <= this.#state.progress.number;
  }

  async #waitForPool(): Promise<void> {
    const { folder, signal, onWait } = this.#options;
    const ends = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    using watch = new FolderWatch(folder, lookMs);
    using waiting = new DisposableStack();
    for (let told = false; ;) {
      const oldest = (await listSegments(folder))[0] ?? Infinity;
      for (const [number, space] of this.#spaces) {
        if (number >= oldest || number > this.#published) break;
        this.#spaces.delete(number);
        this.#space -= space;
      }
      if (!this.#isFull()) return;
      if (ends.aborted) throw fault('cancelled', 'Canceled', 'Waiting for the pool to take segments from the landing zone was cancelled.');
      if (!told) {
        onWait?.(true);
        waiting.defer(() => onWait?.(false));
      }
      told = true;
      await watch.changed(ends);
    }
  }
}
