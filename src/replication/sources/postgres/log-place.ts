import { fault } from '#base/fault.ts';
import { identityOf, makePosition, placeOf } from '#replication/position.ts';
import type { Position } from '#replication/segment.ts';

/** Whose log: the cluster, its timeline, and the slot that keeps it for us. */
export interface PgLog {
  readonly system: string;
  readonly timeline: number;
  readonly slot: string;
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

export function toPosition(log: PgLog, lsn: bigint): Position {
  return makePosition(`pg/${log.system}/${log.timeline}/${log.slot}`, lsn.toString(16).padStart(16, '0'));
}

export function lsnOf(position: Position): bigint {
  return BigInt(`0x${placeOf(position)}`);
}

/** The log that a position speaks of. Fault `lost-history` where it is no position of a PostgreSQL source. */
export function logOf(position: Position): PgLog {
  const [kind, system, timeline, slot] = identityOf(position).split('/');
  if (kind !== 'pg' || !system || !timeline || !slot) {
    throw fault('lost-history', 'OtherSource', 'The pool was filled from a source of another kind.', { remedy: 'Use a pool file of its own, or copy anew with --resync.' });
  }
  return { system, timeline: Number(timeline), slot };
}
