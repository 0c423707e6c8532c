import { fault, must } from '#base/fault.ts';
import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import type { Position } from '#replication/segment.ts';
import type { PgConnection } from './connection.ts';
import { formatLsn, logOf, lsnOf, parseLsn, toPosition, type PgLog } from './log-place.ts';

export interface SlotOptions {
  /** The slot's name, made for one link and holding the link's random id. */
  readonly slot: string;
  /** Let standbys keep the slot too (PostgreSQL 17 and later), so that it survives a failover. */
  readonly failover: boolean;
}

const resync = 'Run again with --resync: the tables are copied anew from the source as it is.';

/**
 * Makes the slot, or verifies that it is ours and that nothing between `from` and now was forgotten. Answers where to follow from.
 * Faults: `lost-history` for every way in which changes could be missing; `conflict` for a slot that another program made.
 */
export async function openSlot(control: PgConnection, replication: PgConnection, options: SlotOptions, from: Position | undefined): Promise<Position> {
  const [identity] = await replication.query('IDENTIFY_SYSTEM');
  const [system, timeline, head] = [must(identity?.[0], 'IDENTIFY_SYSTEM gave no system'), Number(identity?.[1]), parseLsn(must(identity?.[2], 'IDENTIFY_SYSTEM gave no position'))];
  const log: PgLog = { system, timeline, slot: options.slot };
  if (from !== undefined) await verifyLog(replication, { log, head }, from);
  const slot = await readSlot(control, options.slot);
  if (!slot) {
    if (from !== undefined) {
      throw fault('lost-history', 'SlotMissing', `The replication slot ${options.slot} is gone, so the source may have forgotten changes that were not yet read.`, { target: options.slot, remedy: resync });
    }
    return toPosition(log, await createSlot(control, replication, options));
  }
  verifySlot(slot, options.slot, control.database);
  const confirmed = parseLsn(must(slot.confirmed, 'a logical slot without position'));
  if (from === undefined) return toPosition(log, confirmed);
  if (confirmed > lsnOf(from)) {
    throw fault('lost-history', 'SlotAhead', `The replication slot ${options.slot} stands at ${formatLsn(confirmed)}, past ${formatLsn(lsnOf(from))} where the pool is: it was made anew or read by another program.`, {
      target: options.slot,
      remedy: resync,
    });
  }
  return toPosition(log, lsnOf(from));
}

interface SlotRow {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly activePid: string | null;
  readonly confirmed: string | null;
  readonly walStatus: string | null;
}

async function readSlot(control: PgConnection, name: string): Promise<SlotRow | undefined> {
  const [row] = await control.query(
    `SELECT plugin, database, active_pid, confirmed_flush_lsn, wal_status FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoteLiteral(name)}`,
  );
  return row && { plugin: row[0] ?? null, database: row[1] ?? null, activePid: row[2] ?? null, confirmed: row[3] ?? null, walStatus: row[4] ?? null };
}

function verifySlot(slot: SlotRow, name: string, database: string): void {
  if (slot.plugin !== 'pgoutput' || slot.database !== database) {
    throw fault('conflict', 'SlotTaken', `The replication slot ${name} was made for something else (plugin ${slot.plugin ?? 'none'}, database ${slot.database ?? 'none'}).`, {
      target: name,
      remedy: `See whose it is; if nobody's: SELECT pg_drop_replication_slot(${quoteLiteral(name)});`,
    });
  }
  if (slot.walStatus === 'lost' || slot.confirmed === null) {
    throw fault('lost-history', 'SlotInvalidated', `The source has invalidated the replication slot ${name}: it kept more log than max_slot_wal_keep_size allows, or was idle for too long.`, {
      target: name,
      remedy: `${resync} Raise max_slot_wal_keep_size if the link is often away for long.`,
    });
  }
  if (slot.activePid !== null) {
    throw fault('unreachable', 'SlotActive', `The replication slot ${name} is still read by process ${slot.activePid} of the server.`, {
      target: name,
      remedy: `If that is no running link: SELECT pg_terminate_backend(${slot.activePid});`,
    });
  }
}

async function verifyLog(replication: PgConnection, now: { readonly log: PgLog; readonly head: bigint }, from: Position): Promise<void> {
  const then = logOf(from);
  if (then.system !== now.log.system) {
    throw fault('lost-history', 'OtherSource', `This is another PostgreSQL cluster (${now.log.system}) than the one that the pool was filled from (${then.system}).`, {
      remedy: `Connect to the former one, or use a pool file of its own. ${resync}`,
    });
  }
  if (then.slot !== now.log.slot) throw fault('conflict', 'OtherLink', `The pool was filled through the slot ${then.slot}, not ${now.log.slot}.`, { target: now.log.slot, remedy: 'Use a pool file of its own.' });
  if (now.head < lsnOf(from)) {
    throw fault('lost-history', 'SourceRestored', `The source's log ends at ${formatLsn(now.head)}, before ${formatLsn(lsnOf(from))} where the pool is: it was restored from an older state.`, { remedy: resync });
  }
  if (now.log.timeline === then.timeline) return;
  const switched = now.log.timeline > then.timeline ? await switchPoint(replication, now.log.timeline, then.timeline) : undefined;
  if (switched === undefined || switched < lsnOf(from)) {
    throw fault('lost-history', 'OtherTimeline', `The source is on timeline ${now.log.timeline}, which left timeline ${then.timeline} before the place that the pool has reached: it was failed over or restored without some changes.`, {
      remedy: resync,
    });
  }
}

/** Where `timeline`'s history left `before`; undefined: it never was on it. */
async function switchPoint(replication: PgConnection, timeline: number, before: number): Promise<bigint | undefined> {
  const [row] = await replication.query(`TIMELINE_HISTORY ${timeline}`);
  return switchPointIn(row?.[1] ?? '', before);
}

/** A timeline history file has lines `timeline TAB switch point TAB reason` (PostgreSQL, "Timelines"). */
export function switchPointIn(history: string, before: number): bigint | undefined {
  for (const line of history.split('\n')) {
    const match = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line);
    if (match && Number(match[1]) === before) return parseLsn(match[2]!);
  }
  return undefined;
}

async function createSlot(control: PgConnection, replication: PgConnection, options: SlotOptions): Promise<bigint> {
  const [free] = await control.query("SELECT current_setting('max_replication_slots')::int - count(*) FROM pg_catalog.pg_replication_slots");
  if (Number(free?.[0]) <= 0) {
    throw fault('precondition', 'NoSlotLeft', 'The source has no replication slot left.', { remedy: 'ALTER SYSTEM SET max_replication_slots = 20; then restart PostgreSQL. Or drop a slot that nobody reads: SELECT * FROM pg_replication_slots WHERE NOT active;' });
  }
  const how = options.failover && control.serverVersion >= 170_000 ? "(SNAPSHOT 'nothing', FAILOVER true)" : 'NOEXPORT_SNAPSHOT';
  const [row] = await replication.query(`CREATE_REPLICATION_SLOT ${quoteIdentifier(options.slot)} LOGICAL pgoutput ${how}`);
  return parseLsn(must(row?.[1], 'CREATE_REPLICATION_SLOT gave no position'));
}

/** Drops the slot if it is there. Right after a disconnect it may still be in use: fault `unreachable` (`SlotActive`), try again. */
export async function dropSlot(control: PgConnection, name: string): Promise<void> {
  const slot = await readSlot(control, name);
  if (!slot) return;
  if (slot.activePid !== null) {
    throw fault('unreachable', 'SlotActive', `The replication slot ${name} is still read by process ${slot.activePid} of the server.`, { target: name, remedy: `SELECT pg_terminate_backend(${slot.activePid});` });
  }
  await control.query(`SELECT pg_catalog.pg_drop_replication_slot(${quoteLiteral(name)})`);
}
