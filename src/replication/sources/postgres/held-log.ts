import { quoteLiteral } from '#replication/schema.ts';
import { parseLsn } from './log-place.ts';
import type { Sql } from './sql-session.ts';

/** How the source's log stands for one slot. */
export interface HeldLog {
  /** The end of the log. */
  readonly head: bigint;
  /** Bytes of log that the source keeps because of the slot. */
  readonly heldBytes: bigint;
  /** Bytes it may still keep before it gives the slot up; undefined: no limit. */
  readonly headroomBytes: bigint | undefined;
  /** The source has given the slot up: changes are missing. */
  readonly lost: boolean;
}

/** Undefined: there is no such slot. */
export async function readHeldLog(sql: Sql, slot: string): Promise<HeldLog | undefined> {
  const here = 'CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END';
  const [row] = await sql.query(
    `SELECT ${here}, pg_catalog.pg_wal_lsn_diff(${here}, restart_lsn)::bigint, safe_wal_size, wal_status FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoteLiteral(slot)}`,
  );
  if (!row) return undefined;
  const [head, heldBytes, headroomBytes, status] = row;
  return {
    head: parseLsn(head ?? ''),
    heldBytes: BigInt(heldBytes ?? '0'),
    headroomBytes: headroomBytes === null || headroomBytes === undefined ? undefined : BigInt(headroomBytes),
    lost: status === 'lost',
  };
}
