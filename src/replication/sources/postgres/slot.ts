import { setTimeout as delay } from 'node:timers/promises';
import { fault, must, toFault, type Fault } from '#base/fault.ts';
import { copyAnew } from '#replication/copy-anew.ts';
import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import type { Position } from '#replication/segment.ts';
import { formatLsn, logOf, lsnOf, parseLsn, toPosition, witnessOf, type PgLog } from './log-place.ts';
import type { Sql } from './sql-session.ts';

export interface SlotOptions {
  /** The slot's name, made for one link and holding the link's random id. */
  readonly slot: string;
  /** Let standbys keep the slot too (PostgreSQL 17 and later), so that it survives a failover. */
  readonly failover: boolean;
  /** How long making the slot may wait for transactions that are open. */
  readonly createTimeoutMs: number;
}

/** What `openSlot` asks and does. */
export interface SlotWork {
  readonly sql: Sql;
  /** A walsender on the database, free. */
  readonly replication: Sql;
  readonly options: SlotOptions;
  /** Makes the publications; a slot is made only after them, so that its log always has them. */
  readonly publish: () => Promise<void>;
}

/**
 * Makes the slot and the publications (`from` undefined: anew, since nothing was taken from an earlier one), or verifies that the slot is ours and
 * that nothing between `from` and now was forgotten. Answers where to follow from; a witness in it will be sent again.
 * Faults: `lost-history` for every way in which changes could be missing; `conflict` for a slot that another program made;
 * `unreachable` (`SlotActive`) while another reader holds it; `timeout` (`SlotWaits`) while an old transaction keeps it from being made.
 */
export async function openSlot(work: SlotWork, from: Position | undefined): Promise<Position> {
  const { sql, replication, options } = work;
  const [identity] = await replication.query('IDENTIFY_SYSTEM');
  const [system, timeline, head] = [
    must(identity?.[0], 'IDENTIFY_SYSTEM gave no system'),
    Number(identity?.[1]),
    parseLsn(must(identity?.[2], 'IDENTIFY_SYSTEM gave no position')),
  ];
  const log: PgLog = { system, timeline, slot: options.slot };
  if (from !== undefined) await verifyLog(replication, { log, head }, from);
  const slot = await readSlot(sql, options.slot);
  if (slot) verifyOwner(slot, options.slot, sql.database);
  if (from === undefined) {
    if (slot) await sql.query(`SELECT pg_catalog.pg_drop_replication_slot(${quoteLiteral(options.slot)})`);
    await refuseFull(sql);
    await work.publish();
    return toPosition(log, await createSlot(work));
  }
  if (!slot) {
    throw fault(
      'lost-history',
      'SlotMissing',
      `The replication slot ${options.slot} is gone, so the source may have forgotten changes that were not yet read.`,
      { target: options.slot, remedy: copyAnew },
    );
  }
  if (slot.walStatus === 'lost' || slot.confirmed === null) {
    throw fault(
      'lost-history',
      'SlotInvalidated',
      `The source has invalidated the replication slot ${options.slot}: it kept more log than max_slot_wal_keep_size allows, or was idle for too long.`,
      {
        target: options.slot,
        remedy: `${copyAnew} Raise max_slot_wal_keep_size if the link is often away for long.`,
      },
    );
  }
  const confirmed = parseLsn(slot.confirmed);
  if (confirmed > lsnOf(from)) {
    throw fault(
      'lost-history',
      'SlotAhead',
      `The replication slot ${options.slot} stands at ${formatLsn(confirmed)}, past ${formatLsn(lsnOf(from))} where the pool is: it was made anew or read by another program.`,
      {
        target: options.slot,
        remedy: copyAnew,
      },
    );
  }
  const witness = witnessOf(from);
  return toPosition(log, lsnOf(from), witness && witness.commitLsn >= confirmed ? witness : undefined);
}

interface SlotRow {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly activePid: string | null;
  readonly confirmed: string | null;
  readonly walStatus: string | null;
}

async function readSlot(sql: Sql, name: string): Promise<SlotRow | undefined> {
  const [row] = await sql.query(
    `SELECT plugin, database, active_pid, confirmed_flush_lsn, wal_status FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoteLiteral(name)}`,
  );
  return (
    row && {
      plugin: row[0] ?? null,
      database: row[1] ?? null,
      activePid: row[2] ?? null,
      confirmed: row[3] ?? null,
      walStatus: row[4] ?? null,
    }
  );
}

function isForeign(slot: SlotRow, database: string): boolean {
  return slot.plugin !== 'pgoutput' || slot.database !== database;
}

function verifyOwner(slot: SlotRow, name: string, database: string): void {
  if (isForeign(slot, database)) {
    throw fault(
      'conflict',
      'SlotTaken',
      `The replication slot ${name} was made for something else (plugin ${slot.plugin ?? 'none'}, database ${slot.database ?? 'none'}).`,
      {
        target: name,
        remedy: `See whose it is; if nobody's: SELECT pg_drop_replication_slot(${quoteLiteral(name)});`,
      },
    );
  }
  if (slot.activePid !== null) {
    throw fault('unreachable', 'SlotActive', `The replication slot ${name} is still read by process ${slot.activePid} of the server.`, {
      target: name,
      remedy: `If that is no running link: SELECT pg_terminate_backend(${slot.activePid});`,
    });
  }
}

async function verifyLog(replication: Sql, now: { readonly log: PgLog; readonly head: bigint }, from: Position): Promise<void> {
  const then = logOf(from);
  if (then.system !== now.log.system) {
    throw fault(
      'lost-history',
      'OtherSource',
      `This is another PostgreSQL cluster (${now.log.system}) than the one that the pool was filled from (${then.system}).`,
      {
        remedy: `Connect to the former one, or give the link a pool of its own. ${copyAnew}`,
      },
    );
  }
  if (then.slot !== now.log.slot)
    throw fault('conflict', 'OtherLink', `The pool was filled through the slot ${then.slot}, not ${now.log.slot}.`, {
      target: now.log.slot,
      remedy: 'Give the link a pool of its own.',
    });
  if (now.head < lsnOf(from)) {
    throw fault(
      'lost-history',
      'SourceRestored',
      `The source's log ends at ${formatLsn(now.head)}, before ${formatLsn(lsnOf(from))} where the pool is: it was restored from an older state.`,
      { remedy: copyAnew },
    );
  }
  if (now.log.timeline === then.timeline) return;
  const switched = now.log.timeline > then.timeline ? await switchPoint(replication, now.log.timeline, then.timeline) : undefined;
  if (switched === undefined || switched < lsnOf(from)) {
    throw fault(
      'lost-history',
      'OtherTimeline',
      `The source is on timeline ${now.log.timeline}, which left timeline ${then.timeline} before the place that the pool has reached: it was failed over or restored without some changes.`,
      {
        remedy: copyAnew,
      },
    );
  }
}

/** Where `timeline`'s history left `before`; undefined: it never was on it. */
async function switchPoint(replication: Sql, timeline: number, before: number): Promise<bigint | undefined> {
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

async function refuseFull(sql: Sql): Promise<void> {
  const [free] = await sql.query("SELECT current_setting('max_replication_slots')::int - count(*) FROM pg_catalog.pg_replication_slots");
  if (Number(free?.[0]) > 0) return;
  throw fault('precondition', 'NoSlotLeft', 'The source has no replication slot left.', {
    remedy:
      'ALTER SYSTEM SET max_replication_slots = 20; then restart PostgreSQL. Or drop a slot that nobody reads: SELECT * FROM pg_replication_slots WHERE NOT active;',
  });
}

/** Making a slot waits for every transaction that has begun to write, in all databases. */
async function createSlot({ sql, replication, options }: SlotWork): Promise<bigint> {
  const how = options.failover && sql.serverVersion >= 170_000 ? "(SNAPSHOT 'nothing', FAILOVER true)" : 'NOEXPORT_SNAPSHOT';
  try {
    const [row] = await replication.query(`CREATE_REPLICATION_SLOT ${quoteIdentifier(options.slot)} LOGICAL pgoutput ${how}`, {
      timeoutMs: options.createTimeoutMs,
    });
    return parseLsn(must(row?.[1], 'CREATE_REPLICATION_SLOT gave no position'));
  } catch (error) {
    if (toFault(error).code !== 'QueryTimeout') throw error;
    throw await slotWaits(sql, options);
  }
}

async function slotWaits(sql: Sql, options: SlotOptions): Promise<Fault> {
  const [oldest] = await sql.query(`
SELECT l.pid, x.gid FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = l.transactionid
WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted ORDER BY pg_catalog.age(l.transactionid) DESC LIMIT 1`);
  const [pid, prepared] = [oldest?.[0] ?? undefined, oldest?.[1] ?? undefined];
  const who =
    prepared !== undefined
      ? `the prepared transaction ${prepared}`
      : pid === undefined
        ? 'a transaction'
        : `the open transaction of process ${pid}`;
  const remedy =
    prepared !== undefined
      ? `COMMIT PREPARED ${quoteLiteral(prepared)};`
      : pid === undefined
        ? 'On a standby: SELECT pg_log_standby_snapshot(); at its primary.'
        : `SELECT pg_terminate_backend(${pid});`;
  return fault(
    'timeout',
    'SlotWaits',
    `The replication slot ${options.slot} could not be made within ${options.createTimeoutMs / 1000} s: the source waits for ${who} to end.`,
    { target: options.slot, remedy },
  );
}

const dropWaitMs = 5000;
const dropPollMs = 50;

export async function slotExists(sql: Sql, name: string): Promise<boolean> {
  return (await readSlot(sql, name)) !== undefined;
}

/** The database for which there is a slot of this name, anywhere on the server; undefined: there is none. */
export async function databaseOfSlot(sql: Sql, name: string): Promise<string | undefined> {
  const slot = await readSlot(sql, name);
  return slot && (slot.database ?? '');
}

/**
 * Drops the slot if it is there and was made for a link of this database. Right after a disconnect it may still be in use; whoever reads it for
 * longer than `endReaderAfterMs` is ended, where that is given. Fault: `unreachable` (`SlotActive`) if it stays in use.
 */
export async function dropSlot(sql: Sql, name: string, limits: { readonly endReaderAfterMs?: number } = {}): Promise<void> {
  const begun = performance.now();
  const { endReaderAfterMs = Infinity } = limits;
  let ended = false;
  for (;;) {
    const slot = await readSlot(sql, name);
    if (!slot || isForeign(slot, sql.database)) return;
    if (slot.activePid === null) {
      await sql.query(`SELECT pg_catalog.pg_drop_replication_slot(${quoteLiteral(name)})`);
      return;
    }
    const waitedMs = performance.now() - begun;
    if (waitedMs > dropWaitMs) verifyOwner(slot, name, sql.database);
    if (!ended && waitedMs > endReaderAfterMs) {
      ended = true;
      await sql.query(`SELECT pg_catalog.pg_terminate_backend(${BigInt(slot.activePid)})`);
    }
    await delay(dropPollMs);
  }
}
