import { fault, must } from '#base/fault.ts';
import type { ColumnBatch } from '#replication/column.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft, Position, TableProgress } from '#replication/segment.ts';
import type { ChangeSource, Finding, FollowedTables, PageEnd, SourceHealth } from '#replication/source.ts';
import { quoteLiteral } from '#replication/schema.ts';
import { readTables, type CatalogOptions, type PgTable } from './catalog.ts';
import { PgConnection, type PgOptions } from './connection.ts';
import { follow, type FollowSettings } from './follow.ts';
import { logOf, parseLsn, toPosition, type PgLog } from './log-place.ts';
import { fetchRows, readPage } from './pages.ts';
import { preflight } from './preflight.ts';
import { dropPublications, publicationNames, publish } from './publications.ts';
import { dropSlot, openSlot } from './slot.ts';
import { TakenTransactions } from './visibility.ts';

export interface PostgresSourceOptions {
  readonly address: PgOptions;
  /** Names the slot and the publications; lower-case letters, digits and underscores, with the link's random id in it. */
  readonly slot: string;
  readonly catalog: CatalogOptions;
  /** Ask for a slot that standbys keep too (PostgreSQL 17+). */
  readonly failover: boolean;
  /** Which parts of `follow` may be tuned; see there. */
  readonly follow?: Partial<FollowSettings> | undefined;
}

/** A PostgreSQL database (13 to 18) as a source: a logical slot with pgoutput for changes, pages by COPY for existing rows. */
export class PostgresSource implements ChangeSource {
  readonly #options: PostgresSourceOptions;
  readonly #signal: AbortSignal;
  readonly #taken = new TakenTransactions();
  #control: PgConnection | undefined;
  #pages: PgConnection | undefined;
  #replication: PgConnection | undefined;
  #log: PgLog | undefined;
  #confirmed = 0n;
  #onConfirm: (() => void) | undefined;

  private constructor(options: PostgresSourceOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Logs in; the faults are those of the connection. */
  static async connect(options: PostgresSourceOptions, signal: AbortSignal): Promise<PostgresSource> {
    const source = new PostgresSource(options, signal);
    await source.#sql();
    return source;
  }

  async check(): Promise<readonly Finding[]> {
    const control = await this.#sql();
    const [slot] = await control.query(`SELECT 1 FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoteLiteral(this.#options.slot)}`);
    return preflight(control, { tables: await this.#tables(), patterns: this.#options.catalog.patterns, slotExists: slot !== undefined });
  }

  async describe(): Promise<readonly TableSchema[]> {
    return (await this.#tables()).filter(canTravel).map((table) => table.schema);
  }

  async estimate(): Promise<ReadonlyMap<string, number>> {
    const known = (await this.#tables()).filter((table) => table.estimatedRows >= 0 && !table.partitioned);
    return new Map(known.map((table) => [table.schema.table, table.estimatedRows]));
  }

  async open(tables: readonly TableSchema[], from: Position | undefined): Promise<Position> {
    const control = await this.#sql();
    await this.#refuseWhatCannotWork();
    await this.choose(tables);
    this.#replication = await PgConnection.connect({ ...this.#options.address, replication: 'database' }, this.#signal);
    const position = await openSlot(control, this.#replication, { slot: this.#options.slot, failover: this.#options.failover }, from);
    await this.#expectHidden(control);
    this.#log = logOf(position);
    return position;
  }

  async choose(tables: readonly TableSchema[]): Promise<void> {
    const chosen = new Set(tables.map((schema) => schema.id));
    const present = (await this.#tables()).filter((table) => chosen.has(table.oid) && canTravel(table));
    await publish(await this.#sql(), publicationNames(this.#options.slot), present);
  }

  async *page(table: TableSchema, progress: TableProgress, signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd> {
    return yield* readPage({ connection: await this.#pageSql(), catalog: this.#options.catalog, taken: this.#taken }, table, progress, signal);
  }

  async *fetch(table: TableSchema, keys: readonly (readonly string[])[], signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd> {
    return yield* fetchRows({ connection: await this.#pageSql(), catalog: this.#options.catalog, taken: this.#taken }, table, keys, signal);
  }

  follow(from: Position, tables: FollowedTables, signal: AbortSignal): AsyncIterable<Draft> {
    return follow(
      {
        connection: must(this.#replication, 'follow before open'),
        sql: () => this.#sql(),
        catalog: this.#options.catalog,
        slot: this.#options.slot,
        taken: this.#taken,
        confirmed: () => this.#confirmed,
        onConfirm: (listener) => {
          this.#onConfirm = listener;
        },
        settings: this.#options.follow ?? {},
      },
      { from, tables, signal },
    );
  }

  async head(): Promise<Position> {
    const control = await this.#sql();
    const [row] = await control.query('SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END, pg_catalog.pg_is_in_recovery()');
    // A commit after the head lets an idle stream pass it at once.
    if (row?.[1] === 'f') await control.query("SELECT pg_catalog.pg_logical_emit_message(true, 'isthmus', 'head')");
    return toPosition(must(this.#log, 'head before open'), parseLsn(must(row?.[0], 'no log position')));
  }

  confirm(upTo: Position): void {
    const lsn = BigInt(`0x${upTo.slice(upTo.lastIndexOf('/') + 1)}`);
    if (lsn <= this.#confirmed) return;
    this.#confirmed = lsn;
    this.#onConfirm?.();
  }

  async health(): Promise<SourceHealth> {
    const control = await this.#sql();
    const here = 'CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END';
    const [row] = await control.query(
      `SELECT ${here}, pg_catalog.pg_wal_lsn_diff(${here}, restart_lsn)::bigint, safe_wal_size FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoteLiteral(this.#options.slot)}`,
    );
    if (!row) throw fault('lost-history', 'SlotMissing', `The replication slot ${this.#options.slot} is gone.`, { target: this.#options.slot, remedy: 'Run again with --resync.' });
    return {
      head: toPosition(must(this.#log, 'health before open'), parseLsn(must(row[0], 'no log position'))),
      heldBytes: BigInt(row[1] ?? '0'),
      headroomBytes: row[2] === null || row[2] === undefined ? undefined : BigInt(row[2]),
    };
  }

  async release(): Promise<void> {
    await this.#replication?.close();
    this.#replication = undefined;
    const control = await this.#sql();
    await dropSlot(control, this.#options.slot);
    await dropPublications(control, publicationNames(this.#options.slot));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#replication?.close(), this.#pages?.close(), this.#control?.close()]);
  }

  async #tables(): Promise<readonly PgTable[]> {
    return readTables(await this.#sql(), this.#options.catalog);
  }

  /** The connection for short questions; made anew when it broke. */
  async #sql(): Promise<PgConnection> {
    if (!this.#control || this.#control.fault) this.#control = await PgConnection.connect(this.#options.address, this.#signal);
    return this.#control;
  }

  async #pageSql(): Promise<PgConnection> {
    if (!this.#pages || this.#pages.fault) this.#pages = await PgConnection.connect(this.#options.address, this.#signal);
    return this.#pages;
  }

  /** The findings that would otherwise come as some later error of the server. */
  async #refuseWhatCannotWork(): Promise<void> {
    const findings = await this.check();
    const blocking = findings.find((one) => one.severity === 'error' && (one.target === undefined || one.code === 'NoReplicationRight' || one.code === 'NoCreateRight' || one.code === 'TableMissing'));
    if (blocking) throw fault(blocking.code === 'TableMissing' ? 'missing' : 'precondition', blocking.code, blocking.message, { target: blocking.target, remedy: blocking.remedy });
  }

  /** Commits that are logged, so perhaps applied by an earlier run, but hidden until a synchronous standby answers. */
  async #expectHidden(control: PgConnection): Promise<void> {
    const rows = await control.query("SELECT backend_xid FROM pg_catalog.pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_xid IS NOT NULL");
    for (const [xid] of rows) this.#taken.add(Number(xid));
  }
}

/** Can anything of this table be replicated? What stands against it is a finding of `check`. */
function canTravel(table: PgTable): boolean {
  return !table.unlogged && table.rights.select && table.rights.owner && table.columns.length > 0;
}
