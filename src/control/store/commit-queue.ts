import type { FileHandle } from 'node:fs/promises';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { failpoint } from '#base/failpoint.ts';
import { fault, type Fault } from '#base/fault.ts';

/** What one write in the queue does. */
export interface QueuedWrite {
  /** Works within the transaction; what it throws takes back this write alone. Answers whether it wrote anything. */
  run(): Promise<boolean>;
  /** It was taken back, for `run` threw, or the commit that held it failed. */
  undone(trouble: unknown): void;
  /** It is committed: readers see it. */
  committed(): void;
  /** It is durable. */
  durable(): void;
}

export interface CommitGround {
  readonly db: DatabaseSync;
  /** The file's log. What is committed lies in it, and is durable once it is forced to disk. */
  readonly log: Pick<FileHandle, 'datasync'>;
  /** Before each commit, within it. */
  readonly beforeCommit: () => void;
  /** The transaction is over, committed or taken back, and whoever was in it was told. */
  readonly ended: () => void;
  /** The transaction was taken back whole; those in it are told next. */
  readonly rolledBack: () => void;
  readonly faultOf: (error: unknown) => Fault;
}

/** More than these do not wait for each other. */
const mostAtOnce = 128;
const longestMs = 10;

/**
 * Runs writes one after the other, in order. Those that wait together share a commit, each in a savepoint of its own, and what was committed
 * while the disk was busy is forced to it together, off the event loop: SQLite's own way (`synchronous = FULL`) would stop the program for
 * each. A write is done when it is on disk; others may read it a moment earlier.
 */
export class CommitQueue {
  readonly #ground: CommitGround;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #save: StatementSync;
  readonly #release: StatementSync;
  readonly #takeBack: StatementSync;
  readonly #waiting: QueuedWrite[] = [];
  #committed: QueuedWrite[] = [];
  #running: Promise<void> | undefined;
  #forcing: Promise<void> | undefined;
  #broken: Fault | undefined;

  constructor(ground: CommitGround) {
    this.#ground = ground;
    const { db } = ground;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#rollback = db.prepare('ROLLBACK');
    this.#save = db.prepare('SAVEPOINT one');
    this.#release = db.prepare('RELEASE one');
    this.#takeBack = db.prepare('ROLLBACK TO one');
  }

  add(write: QueuedWrite): void {
    this.#waiting.push(write);
    this.#running ??= this.#work();
  }

  /** When all that was added is done. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#forcing !== undefined) await (this.#running ?? this.#forcing);
  }

  async #work(): Promise<void> {
    // Whatever came in by the same look at the sockets finds itself in one commit.
    await setImmediate();
    while (this.#waiting.length > 0) {
      if (this.#broken === undefined) await this.#workOnce();
      else for (const write of this.#waiting.splice(0)) write.undone(this.#broken);
      // However many wait, the rest of the program has its turns.
      if (this.#waiting.length > 0) await setImmediate();
    }
    // In the same step as the last look at those that wait: whoever comes next starts anew.
    this.#running = undefined;
  }

  async #workOnce(): Promise<void> {
    const done: QueuedWrite[] = [];
    const wrote: QueuedWrite[] = [];
    try {
      this.#begin.run();
      const lastMs = performance.now() + longestMs;
      do {
        const write = this.#waiting.shift()!;
        done.push(write);
        if (await this.#saved(write, done)) wrote.push(write);
      } while (this.#waiting.length > 0 && done.length < mostAtOnce && performance.now() < lastMs);
      if (wrote.length > 0) await failpoint('store.commit.before');
      this.#ground.beforeCommit();
      this.#commit.run();
    } catch (error) {
      this.#failed(done, error);
      this.#ground.ended();
      return;
    }
    for (const write of done) write.committed();
    this.#ground.ended();
    if (wrote.length > 0) this.#committed.push(...done);
    else for (const write of done) write.durable();
    if (this.#committed.length > 0) this.#forcing ??= this.#force();
  }

  /** Runs one in its savepoint. Where it throws it leaves `done`, unless all are lost with it: then this throws. */
  async #saved(write: QueuedWrite, done: QueuedWrite[]): Promise<boolean> {
    this.#save.run();
    try {
      const wrote = await write.run();
      this.#release.run();
      return wrote;
    } catch (error) {
      // SQLite ends the whole transaction by itself where the disk is full or fails.
      if (!this.#ground.db.isTransaction) throw error;
      this.#takeBack.run();
      this.#release.run();
      done.pop();
      write.undone(error);
      return false;
    }
  }

  #failed(done: readonly QueuedWrite[], error: unknown): void {
    const trouble = this.#ground.faultOf(error);
    if (this.#ground.db.isTransaction) this.#rollback.run();
    this.#ground.rolledBack();
    // It could not even begin: the first of those that wait is told, and the next one tries again.
    const told = done.length > 0 ? done : this.#waiting.splice(0, 1);
    for (const write of told) write.undone(trouble);
  }

  async #force(): Promise<void> {
    while (this.#committed.length > 0) {
      const writes = this.#committed;
      this.#committed = [];
      try {
        await this.#ground.log.datasync();
        await failpoint('store.commit.after');
        for (const write of writes) write.durable();
      } catch (error) {
        this.#broken ??= unsure(error);
        for (const write of writes) write.undone(this.#broken);
      }
    }
    this.#forcing = undefined;
  }
}

/** After a failed sync nobody knows what is on disk: nothing more is written until the program has begun anew from what is there. */
function unsure(cause: unknown): Fault {
  return fault('corrupt', 'StoreFailed', 'The disk refused to keep what was written to the store.', {
    cause,
    remedy: 'Look after the disk, then start the program again.',
  });
}
