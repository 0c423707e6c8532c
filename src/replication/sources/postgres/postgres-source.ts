import { fault, must } from '#base/fault.ts';
import { copyAnew } from '#replication/copy-anew.ts';
import type { ColumnBatch } from '#replication/column.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft, Position, TableProgress } from '#replication/segment.ts';
import type { ChangeSource, Deferred, Finding, FollowedTables, PageEnd, SourceHealth } from '#replication/source.ts';
import { readTables, readTablesById, type CatalogOptions, type PgTable } from './catalog.ts';
import { logEnd } from './log-end.ts';
import { PgConnection, type PgOptions } from './connection.ts';
import { follow, type FollowSettings } from './follow.ts';
import { readHeldLog } from './held-log.ts';
import { logOf, lsnOf, toPosition, witnessOf, type PgLog } from './log-place.ts';
import { defaultPageSettings, fetchRows, Holds, readPage, WritersAtStart, type PageReader, type PageSettings } from './pages.ts';
import { preflight } from './preflight.ts';
import {
  createPublications,
  dropPublications,
  publicationNames,
  retainTables,
  verifyPublications,
  type PublicationNames,
} from './publications.ts';
import { dropSlot, openSlot, slotExists } from './slot.ts';
import { limited, SqlSession, type Sql } from './sql-session.ts';
import { TakenTransactions } from './visibility.ts';

export interface PostgresSourceOptions {
  readonly address: PgOptions;
  /** Names the slot and the publications; at most 56 lower-case letters, digits and underscores, with the link's random id in it. */
  readonly slot: string;
  readonly catalog: CatalogOptions;
  /** A chosen table that is not there keeps only itself from being replicated, from the start. */
  readonly toleratesMissing?: boolean | undefined;
  /** Ask for a slot that standbys keep too (PostgreSQL 17+). */
  readonly failover: boolean;
  /** Which parts of `follow` may be tuned; see there. */
  readonly follow?: Partial<FollowSettings> | undefined;
  readonly pages?: Partial<PageSettings> | undefined;
  /** Questions to the catalog take milliseconds; after this long the connection is given up, so that a lost network does not hold the link. */
  readonly questionTimeoutMs?: number | undefined;
  /** How long making the slot may wait for transactions that are open. */
  readonly slotTimeoutMs?: number | undefined;
}

const defaultQuestionTimeoutMs = 60_000;

/** A PostgreSQL database (13 to 18) as a source: a logical slot with pgoutput for changes, pages by COPY for existing rows. */
export class PostgresSource implements ChangeSource {
  readonly #options: PostgresSourceOptions;
  readonly #signal: AbortSignal;
  readonly #names: PublicationNames;
  readonly #questionTimeoutMs: number;
  readonly #taken = new TakenTransactions();
  readonly #writers = new WritersAtStart();
  readonly #holds = new Holds();
  readonly #control: SqlSession;
  readonly #pages: SqlSession;
  readonly #chosen = new Map<string, string>();
  #replication: PgConnection | undefined;
  #log: PgLog | undefined;
  #confirmed = 0n;
  #onConfirm: (() => void) | undefined;
  #feed: { readonly heardMs: number } | undefined;

  private constructor(options: PostgresSourceOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#names = publicationNames(options.slot);
    this.#questionTimeoutMs = options.questionTimeoutMs ?? defaultQuestionTimeoutMs;
    // What we write is of no worth to anybody else: it need not wait for a synchronous standby, which may be missing.
    const address = { ...options.address, settings: { synchronous_commit: 'local', jit: 'off', ...options.address.settings } };
    this.#control = new SqlSession(address, { signal, timeoutMs: this.#questionTimeoutMs });
    this.#pages = new SqlSession(address, { signal, timeoutMs: this.#questionTimeoutMs });
  }

  /** Logs in; the faults are those of the connection. */
  static async connect(options: PostgresSourceOptions, signal: AbortSignal): Promise<PostgresSource> {
    const source = new PostgresSource(options, signal);
    await source.#control.connection();
    return source;
  }

  async check(): Promise<readonly Finding[]> {
    const control = await this.#control.sql();
    return preflight(control, {
      tables: await this.#tables(),
      patterns: this.#options.catalog.patterns,
      names: this.#names,
      slotExists: await slotExists(control, this.#options.slot),
    });
  }

  async describe(): Promise<readonly TableSchema[]> {
    return (await this.#tables()).filter(canTravel).map((table) => table.schema);
  }

  async estimate(): Promise<ReadonlyMap<string, number>> {
    const known = (await this.#tables()).filter((table) => table.estimatedRows >= 0);
    return new Map(known.map((table) => [table.schema.table, table.estimatedRows]));
  }

  async open(tables: readonly TableSchema[], from: Position | undefined): Promise<Position> {
    const sql = await this.#control.sql();
    await this.#refuseWhatCannotWork(from === undefined);
    this.#choose(tables);
    this.#replication = await PgConnection.connect({ ...this.#options.address, replication: 'database' }, this.#signal);
    const replication = limited(this.#replication, { signal: this.#signal, timeoutMs: this.#questionTimeoutMs });
    const options = {
      slot: this.#options.slot,
      failover: this.#options.failover,
      createTimeoutMs: this.#options.slotTimeoutMs ?? this.#questionTimeoutMs,
    };
    const publish = async (): Promise<void> => createPublications(sql, this.#names, await this.#present(sql));
    const position = await openSlot({ sql, replication, options, publish }, from);
    if (from !== undefined) {
      await verifyPublications(sql, this.#names);
      await retainTables(sql, this.#names, [...this.#chosen.keys()]);
    }
    await this.#expectHidden(sql);
    this.#log = logOf(position);
    return position;
  }

  async choose(tables: readonly TableSchema[]): Promise<void> {
    this.#choose(tables);
    await retainTables(await this.#control.sql(), this.#names, [...this.#chosen.keys()]);
  }

  async *page(table: TableSchema, progress: TableProgress, signal: AbortSignal): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
    return yield* readPage(await this.#reader(signal), table, progress);
  }

  async *fetch(
    table: TableSchema,
    keys: readonly (readonly string[])[],
    signal: AbortSignal,
  ): AsyncGenerator<ColumnBatch, PageEnd | Deferred> {
    return yield* fetchRows(await this.#reader(signal), table, keys);
  }

  follow(from: Position, tables: FollowedTables, signal: AbortSignal): AsyncIterable<Draft> {
    return follow(
      {
        connection: must(this.#replication, 'follow before open'),
        sql: () => this.#control.sql(),
        catalog: this.#options.catalog,
        slot: this.#options.slot,
        chosen: this.#chosen,
        taken: this.#taken,
        holds: this.#holds,
        confirmed: () => this.#confirmed,
        onConfirm: (listener) => {
          this.#onConfirm = listener;
        },
        onFeed: (feed) => {
          this.#feed = feed;
        },
        settings: this.#options.follow ?? {},
        questionTimeoutMs: this.#questionTimeoutMs,
      },
      { from, tables, signal },
    );
  }

  async head(): Promise<Position> {
    return toPosition(must(this.#log, 'head before open'), await logEnd(await this.#control.sql()));
  }

  confirm(upTo: Position): void {
    // The last transaction is kept, so that it can be sent again as a witness.
    const lsn = witnessOf(upTo)?.commitLsn ?? lsnOf(upTo);
    if (lsn <= this.#confirmed) return;
    this.#confirmed = lsn;
    this.#onConfirm?.();
  }

  async health(): Promise<SourceHealth> {
    const held = await readHeldLog(await this.#control.sql(), this.#options.slot);
    if (!held)
      throw fault('lost-history', 'SlotMissing', `The replication slot ${this.#options.slot} is gone.`, {
        target: this.#options.slot,
        remedy: copyAnew,
      });
    const { head, heldBytes, headroomBytes } = held;
    return { head: toPosition(must(this.#log, 'health before open'), head), heldBytes, headroomBytes, heardMs: this.#feed?.heardMs };
  }

  async release(): Promise<void> {
    await this.#replication?.close();
    this.#replication = undefined;
    const sql = await this.#control.sql();
    await dropSlot(sql, this.#options.slot);
    await dropPublications(sql, this.#names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#replication?.close(), this.#pages[Symbol.asyncDispose](), this.#control[Symbol.asyncDispose]()]);
  }

  #choose(tables: readonly TableSchema[]): void {
    this.#chosen.clear();
    for (const schema of tables) this.#chosen.set(schema.id, schema.table);
  }

  async #tables(): Promise<readonly PgTable[]> {
    return readTables(await this.#control.sql(), this.#options.catalog);
  }

  /** The chosen tables that are there. */
  async #present(sql: Sql): Promise<readonly PgTable[]> {
    return (await readTablesById(sql, this.#options.catalog, [...this.#chosen.keys()])).filter(canTravel);
  }

  async #reader(signal: AbortSignal): Promise<PageReader> {
    const { catalog, pages } = this.#options;
    return {
      connection: await this.#pages.connection(),
      catalog,
      names: this.#names,
      taken: this.#taken,
      writers: this.#writers,
      holds: this.#holds,
      settings: { ...defaultPageSettings, ...pages },
      questionTimeoutMs: this.#questionTimeoutMs,
      signal: AbortSignal.any([signal, this.#signal]),
    };
  }

  /** The findings that would otherwise come as some later error of the server. A table that is gone later on concerns itself only. */
  async #refuseWhatCannotWork(isFirst: boolean): Promise<void> {
    const ofSource = new Set([
      'NoReplicationRight',
      'NoCreateRight',
      ...(isFirst && this.#options.toleratesMissing !== true ? ['TableMissing'] : []),
    ]);
    const blocking = (await this.check()).find((one) => one.severity === 'error' && (one.target === undefined || ofSource.has(one.code)));
    if (blocking)
      throw fault(blocking.code === 'TableMissing' ? 'missing' : 'precondition', blocking.code, blocking.message, {
        target: blocking.target,
        remedy: blocking.remedy,
      });
  }

  /**
   * Commits that are logged, so perhaps applied by an earlier run, but hidden until a synchronous standby answers. Who may not see what others
   * wait for counts every open transaction, but only where there are such standbys at all.
   */
  async #expectHidden(sql: Sql): Promise<void> {
    const rows = await sql.query(`
SELECT l.transactionid FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND current_setting('synchronous_standby_names') <> ''
  AND (a.wait_event = 'SyncRep' OR (a.wait_event IS NULL AND NOT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')))`);
    for (const [xid] of rows) this.#taken.add(Number(xid));
  }
}

/** Can anything of this table be replicated? What stands against it is a finding of `check`. */
function canTravel(table: PgTable): boolean {
  const { usage, select, owner, allRows } = table.rights;
  return table.unlogged === undefined && usage && select && owner && allRows && table.columns.length > 0;
}
