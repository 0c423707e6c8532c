import { fault } from '#base/fault.ts';
import { copyAnew } from '#replication/copy-anew.ts';
import { identityOf, makePosition, placeOf } from '#replication/position.ts';
import type { Position } from '#replication/segment.ts';

/** Whose log: the cluster, its timeline, and the slot that keeps it for us. */
export interface PgLog {
  readonly system: string;
  readonly timeline: number;
  readonly slot: string;
}

/**
 * The last transaction that was read before a position. The source is asked to send it once more when the link comes back: if it does not, its
 * log is another one, though system and timeline are the same, as after a file system snapshot was put back.
 */
export interface Witness {
  readonly commitLsn: bigint;
  readonly xid: number;
  /** Microseconds since 1970 UTC. */
  readonly committedAtUs: bigint;
}

/** `X/Y` as PostgreSQL writes a log sequence number. */
export function parseLsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (!match) throw fault('corrupt', 'LsnUnreadable', 'The source gave a log position that cannot be read.');
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

/** `pg/SYSTEM/TIMELINE/SLOT/LSN`, and behind the LSN `-COMMIT-XID-TIME` of the witness where there is one. */
export function toPosition(log: PgLog, lsn: bigint, witness?: Witness): Position {
  const seen = witness ? `-${hex16(witness.commitLsn)}-${witness.xid}-${witness.committedAtUs}` : '';
  return makePosition(`pg/${log.system}/${log.timeline}/${log.slot}`, `${hex16(lsn)}${seen}`);
}

function hex16(lsn: bigint): string {
  return lsn.toString(16).padStart(16, '0');
}

export function lsnOf(position: Position): bigint {
  return BigInt(`0x${placeOf(position).slice(0, 16)}`);
}

export function witnessOf(position: Position): Witness | undefined {
  const match = /^[0-9a-f]{16}-([0-9a-f]{16})-(\d+)-(-?\d+)$/.exec(placeOf(position));
  return match ? { commitLsn: BigInt(`0x${match[1]}`), xid: Number(match[2]), committedAtUs: BigInt(match[3]!) } : undefined;
}

/** The log that a position speaks of. Fault `lost-history` where it is no position of a PostgreSQL source. */
export function logOf(position: Position): PgLog {
  const [kind, system, timeline, slot] = identityOf(position).split('/');
  if (kind !== 'pg' || !system || !timeline || !slot) {
    throw fault('lost-history', 'OtherSource', 'The pool was filled from a source of another kind.', {
      remedy: `Give the link a pool of its own. ${copyAnew}`,
    });
  }
  return { system, timeline: Number(timeline), slot };
}
