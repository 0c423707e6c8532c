import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { toFault, type Fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { ingest } from '#pool/ingest.ts';
import { LandingReader } from '#replication/landing-zone/landing-reader.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import { quoteIdentifier, tableName } from '#replication/schema.ts';
import type { Progress, Segment, TableState } from '#replication/segment.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { lsnOf, parseLsn } from '#replication/sources/postgres/log-place.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import type { JobContext } from '#runtime/job-work.ts';
import type { JobEvent, LinkMessage, LinkOrder, LinkReport, LinkTable, StoreLogin, TableName } from '#runtime/job.ts';
import { link } from '#runtime/jobs/link.ts';
import type { LinkPatience } from '#runtime/jobs/link-source.ts';
import type { TestPostgres } from '../servers/postgres.ts';
import { TextPool, type TextRow } from '../servers/text-pool.ts';

export const never: AbortSignal = new AbortController().signal;

/** How to log in to a test's server. */
export function storeOf(server: TestPostgres, database: string, more: Partial<StoreLogin> = {}): StoreLogin {
  const { host, port, user, password } = server;
  return { kind: 'postgresql', host, port, database, user, password, tls: 'prefer', certificateName: null, ...more };
}

/** A table of the link, which goes to a place of its own name unless said otherwise. */
export function linked(name: string, more: Partial<LinkTable> = {}): LinkTable {
  const schema = more.schema ?? 'public';
  return { schema, name, placement: { schema, name, onExisting: 'drop' }, ...more };
}

/** What a job works with, in this process. */
export function jobContext(more: Partial<JobContext> & Pick<JobContext, 'tell'>): JobContext {
  return { dialer: directDialer, signal: never, log: silentLog, onMessage: () => undefined, ...more };
}

/** Both pools take every segment; the first one's progress counts. */
function both(first: PoolWriter, second: PoolWriter): PoolWriter {
  return {
    progress: () => first.progress(),
    apply: async (segment) => {
      await first.apply(segment);
      await second.apply(segment);
    },
    [Symbol.asyncDispose]: () => first[Symbol.asyncDispose](),
  };
}

export interface JobSceneOptions {
  readonly dialer?: Dialer;
  readonly store?: Partial<StoreLogin>;
  readonly patience?: LinkPatience;
  /** After a segment was applied. */
  readonly onApplied?: (segment: Segment) => void;
}

/** A database of its own, a link's folders, and a pool that takes what lands there. */
export class JobScene implements AsyncDisposable {
  readonly server: TestPostgres;
  readonly database: string;
  readonly slot: string;
  readonly texts: TextPool = new TextPool();
  readonly #folder: string;
  readonly #pool: DuckDbPool;
  readonly #ending = new AbortController();
  readonly #options: JobSceneOptions;
  readonly #waiting = new Set<() => void>();
  #ingesting: Promise<void> = Promise.resolve();
  #failure: Fault | undefined;
  #connection: PgConnection | undefined;

  private constructor(
    server: TestPostgres,
    parts: { readonly database: string; readonly folder: string; readonly pool: DuckDbPool; readonly options: JobSceneOptions },
  ) {
    this.server = server;
    this.database = parts.database;
    this.slot = `isthmus_${parts.database}`;
    this.#folder = parts.folder;
    this.#pool = parts.pool;
    this.#options = parts.options;
  }

  static async make(server: TestPostgres, setup: string, options: JobSceneOptions = {}): Promise<JobScene> {
    const database = `j${randomBytes(5).toString('hex')}`;
    await using admin = await PgConnection.connect({ ...parsePgUrl(server.url('postgres')), dialer: directDialer }, never);
    await admin.query(`CREATE DATABASE ${database}`);
    const scene = await JobScene.#open(server, database, options);
    if (setup !== '') await scene.sql(setup);
    return scene;
  }

  /** Another pool, with folders of its own, for links of the same database. */
  static beside(scene: JobScene): Promise<JobScene> {
    return JobScene.#open(scene.server, scene.database, scene.#options);
  }

  static async #open(server: TestPostgres, database: string, options: JobSceneOptions): Promise<JobScene> {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-job-'));
    const pool = await DuckDbPool.open(join(folder, 'pool.duckdb'), { onExisting: 'drop' });
    const scene = new JobScene(server, { database, folder, pool, options });
    scene.#ingesting = scene.#ingest();
    return scene;
  }

  get landing(): string {
    return join(this.#folder, 'landing');
  }

  store(more: Partial<StoreLogin> = {}): StoreLogin {
    return storeOf(this.server, this.database, { ...this.#options.store, ...more });
  }

  order(tables: readonly LinkTable[], more: Partial<LinkOrder> = {}): LinkOrder {
    const folders = { landing: this.landing, spool: join(this.#folder, 'spool') };
    return { name: 'link of a test', slot: this.slot, store: this.store(), tables, ...folders, once: false, ...more };
  }

  start(tables: readonly LinkTable[], more: Partial<LinkOrder> = {}): LinkRunning {
    return new LinkRunning(this.order(tables, more), {
      wake: () => this.#wake(),
      dialer: this.#options.dialer ?? directDialer,
      patience: this.#options.patience,
    });
  }

  /** Runs statements at the source, as one transaction. */
  async sql(text: string): Promise<readonly TextRow[]> {
    if (!this.#connection || this.#connection.fault) this.#connection = await this.session();
    return this.#connection.query(text);
  }

  session(): Promise<PgConnection> {
    const settings = { search_path: 'public', synchronous_commit: 'local' };
    return PgConnection.connect({ ...parsePgUrl(this.server.url(this.database)), dialer: directDialer, settings }, never);
  }

  /** What the pool knows of the link. */
  get progress(): Progress {
    return this.texts.progress;
  }

  /** Resolves once the condition holds after the pool has taken something or the link has told something. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#failure) reject(this.#failure);
        else if (!condition()) return;
        else resolve();
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves once the pool has all that the source holds now, and these tables are so. */
  async caughtUp(tables: readonly TableName[], state: TableState = 'Replicating'): Promise<void> {
    const [[place] = []] = await this.sql('SELECT pg_current_wal_insert_lsn()');
    const goal = parseLsn(place!);
    await this.until(() => {
      const { position, tables: here } = this.progress;
      return (
        position !== undefined &&
        lsnOf(position) >= goal &&
        tables.every((one) => here.get(tableName(one.schema, one.name))?.state === state)
      );
    });
  }

  /** Rows that are not the same at the source and in both pools. */
  async differences(tables: readonly TableName[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const one of tables) {
      const table = tableName(one.schema, one.name);
      const source = await this.sql(`SELECT * FROM ${quoteIdentifier(one.schema)}.${quoteIdentifier(one.name)}`);
      if (sorted(this.texts.rows(table)) !== sorted(source)) found.push(`${table} in the pool of texts`);
      if (sorted(await this.poolRows(table)) !== sorted(source)) found.push(`${table} in DuckDB`);
    }
    return found;
  }

  /** What DuckDB has of the link's table. */
  async poolRows(table: string): Promise<readonly TextRow[]> {
    const target = await this.poolPlace(table);
    return target === undefined ? [] : this.query(`SELECT * FROM ${target}`);
  }

  /** The place of the link's table in DuckDB, as SQL. */
  async poolPlace(table: string): Promise<string | undefined> {
    const placement = this.progress.schemas.get(table)?.placement;
    return placement && `${quoteIdentifier(placement.schema)}.${quoteIdentifier(placement.name)}`;
  }

  /** Asks DuckDB, as a reader beside its writer. */
  async query(sql: string): Promise<readonly TextRow[]> {
    const engine = await this.#pool.engine();
    const reader = await engine.connect();
    try {
      const result = await reader.runAndReadAll(sql);
      return result.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
    } finally {
      engine.disconnect(reader);
    }
  }

  #wake(): void {
    for (const one of this.#waiting) one();
  }

  async #ingest(): Promise<void> {
    try {
      await ingest({
        reader: new LandingReader({ folder: this.landing, pollMs: 20 }),
        writer: both(this.#pool.writer(), this.texts.writer()),
        signal: this.#ending.signal,
        onApplied: (segment) => {
          this.#options.onApplied?.(segment);
          this.#wake();
        },
      });
    } catch (error) {
      this.#failure = toFault(error);
      this.#wake();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#ingesting;
    await this.#connection?.close();
    await this.#pool[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function sorted(rows: readonly TextRow[]): string {
  return rows
    .map((row) => JSON.stringify(row))
    .toSorted()
    .join('\n');
}

/** A link's job that runs beside the test. */
export class LinkRunning implements AsyncDisposable {
  /** All that was told, the newest last. */
  readonly reports: LinkReport[] = [];
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;
  #listener: ((message: LinkMessage) => void) | undefined;
  #failure: Fault | undefined;
  over = false;

  constructor(
    order: LinkOrder,
    beside: { readonly wake: () => void; readonly dialer: Dialer; readonly patience: LinkPatience | undefined },
  ) {
    const tell = (event: JobEvent): void => {
      if (event.kind === 'link') this.reports.push(event.report);
      beside.wake();
    };
    const onMessage = (listener: (message: LinkMessage) => void): void => {
      this.#listener = listener;
    };
    const context = { dialer: beside.dialer, signal: this.#ending.signal, log: silentLog, tell, onMessage };
    this.#ended = link({ kind: 'link', link: order }, context, beside.patience)
      .catch((error: unknown) => {
        this.#failure = toFault(error);
      })
      .finally(() => {
        this.over = true;
        beside.wake();
      });
  }

  get report(): LinkReport | undefined {
    return this.reports.at(-1);
  }

  /** What is told of a table. */
  table(name: string): LinkReport['tables'][number] | undefined {
    return this.report?.tables.find((one) => one.name === name);
  }

  send(message: LinkMessage): void {
    this.#listener!(message);
  }

  /** The end of a job that was to end by itself; throws its fault. */
  async ended(): Promise<void> {
    await this.#ended;
    if (this.#failure) throw this.#failure;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }
}
