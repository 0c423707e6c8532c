import { parseLsn } from './log-place.ts';
import type { Sql } from './sql-session.ts';

/** The end of the log now; a commit of our own follows it, so that an idle stream passes it at once. */
export async function logEnd(sql: Sql): Promise<bigint> {
  const [row] = await sql.query(
    'SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END, pg_catalog.pg_is_in_recovery()',
  );
  if (row?.[1] === 'f') await sql.query("SELECT pg_catalog.pg_logical_emit_message(true, 'isthmus', 'head')");
  return parseLsn(row?.[0] ?? '');
}
