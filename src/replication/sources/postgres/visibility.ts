import { fault } from '#base/fault.ts';

/** A PostgreSQL snapshot: which transactions it sees. Transaction ids with their epoch (`pg_current_snapshot`). */
export interface Snapshot {
  /** Everything below is over. */
  readonly xmin: bigint;
  /** Nothing from here on has begun. */
  readonly xmax: bigint;
  /** Between the two: what is still under way. */
  readonly running: ReadonlySet<bigint>;
}

/** Reads `xmin:xmax:xip,xip…` (PostgreSQL, "Snapshot Components"). */
export function parseSnapshot(text: string): Snapshot {
  const match = /^(\d+):(\d+):([\d,]*)$/.exec(text);
  if (!match) throw fault('corrupt', 'SnapshotUnreadable', 'The source gave a snapshot that cannot be read.');
  return { xmin: BigInt(match[1]!), xmax: BigInt(match[2]!), running: new Set(match[3] === '' ? [] : match[3]!.split(',').map(BigInt)) };
}

/** Does the snapshot see what the committed transaction with this 32-bit id did? The change stream gives ids without their epoch. */
export function sees(snapshot: Snapshot, xid: number): boolean {
  const full = withEpoch(snapshot.xmax, xid);
  return full < snapshot.xmin || (full < snapshot.xmax && !snapshot.running.has(full));
}

/** The 64-bit id nearest to `near` with these low bits: ids in use never span more than 2^31. */
function withEpoch(near: bigint, xid: number): bigint {
  const distance = BigInt.asIntN(32, BigInt(xid) - near);
  return near + distance;
}

/**
 * The transactions whose changes were already taken from the stream. A commit is in the log, and so in the stream, a moment before other
 * sessions see it (long, where it waits for a synchronous standby). A page read in that moment would bring back the old row: it must wait
 * until its snapshot sees all of these.
 */
export class TakenTransactions {
  #xids: number[] = [];

  add(xid: number): void {
    if (this.#xids.at(-1) !== xid) this.#xids.push(xid);
    // Far more than can be committed and yet unseen; the oldest are visible by then.
    if (this.#xids.length > 200_000) this.#xids = this.#xids.slice(-100_000);
  }

  /** True when the snapshot sees all of them; those are then forgotten, since later snapshots see them too. */
  allSeenBy(snapshot: Snapshot): boolean {
    this.#xids = this.#xids.filter((xid) => !sees(snapshot, xid));
    return this.#xids.length === 0;
  }
}
