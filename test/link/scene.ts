import { randomBytes } from 'node:crypto';
import { deepEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { must, toFault, type Fault } from '#base/fault.ts';
import type { Engine } from '#pool/engines/duckdb/engine.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { columnNames, qualified } from '#pool/engines/duckdb/names.ts';
import { DirectHandover } from '#replication/direct-handover.ts';
import type { LinkBook } from '#replication/link-book.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import { runLink, type LinkRun } from '#replication/run-link.ts';
import { quoteIdentifier, type ColumnSchema } from '#replication/schema.ts';
import type { Draft, Segment, TableProgress, TableState } from '#replication/segment.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { PostgresSource, type PostgresSourceOptions } from '#replication/sources/postgres/postgres-source.ts';
import { parseTablePatterns } from '#replication/sources/postgres/table-patterns.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import type { TestPostgres } from '../servers/postgres.ts';
import { TextPool } from '../servers/text-pool.ts';

type Rows = readonly (readonly (string | null)[])[];

export interface SceneOptions {
  readonly tables?: string;
  readonly asText?: readonly string[];
  readonly follow?: PostgresSourceOptions['follow'];
  readonly pages?: PostgresSourceOptions['pages'];
  readonly source?: Partial<PostgresSourceOptions>;
  readonly user?: { readonly name: string; readonly password: string };
  readonly dialer?: Dialer;
  readonly port?: number;
  /** After a segment was applied in both pools; the next one waits for it. */
  readonly afterApply?: ((segment: Segment) => Promise<void>) | undefined;
}

/** A link that runs beside the test. */
export interface RunningLink extends AsyncDisposable {
  readonly book: LinkBook | undefined;
  /** Why tables could not be copied at some moment. */
  readonly deferrals: readonly Fault[];
  /** Resolves once the condition holds after a durable transaction or a deferral. */
  when(condition: () => boolean): Promise<void>;
  /** Resolves once the pool holds everything that the source holds now. */
  caughtUp(): Promise<void>;
  /** Resolves once the tables are in this state, durably. */
  state(state: TableState, ...tables: readonly string[]): Promise<void>;
  /** Resolves once the condition holds after a durable transaction. */
  until(condition: (tables: ReadonlyMap<string, TableProgress>) => boolean): Promise<void>;
  /** Why the link ended; rejects if it ended without fault. */
  failure(): Promise<Fault>;
  stop(): Promise<void>;
}

/** A database of its own on a real server, a DuckDB pool, and a pool of texts that must agree with it. */
export class Scene implements AsyncDisposable {
  readonly server: TestPostgres;
  readonly database: string;
  readonly slot: string;
  readonly texts: TextPool = new TextPool();
  readonly #folder: string;
  #options: SceneOptions;
  #pool: DuckDbPool;
  #connection: PgConnection | undefined;

  private constructor(
    server: TestPostgres,
    parts: { readonly database: string; readonly folder: string; readonly pool: DuckDbPool; readonly options: SceneOptions },
  ) {
    this.server = server;
    this.database = parts.database;
    this.slot = `isthmus_${parts.database}`;
    this.#folder = parts.folder;
    this.#pool = parts.pool;
    this.#options = parts.options;
  }

  /** `setup` runs in the new database before any link. */
  static async make(server: TestPostgres, setup: string, options: SceneOptions = {}): Promise<Scene> {
    const database = `t${randomBytes(5).toString('hex')}`;
    await once(server, 'postgres', `CREATE DATABASE ${database}`);
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-scene-'));
    const scene = new Scene(server, { database, folder, pool: await DuckDbPool.open(join(folder, 'pool.duckdb')), options });
    if (setup !== '') await scene.sql(setup);
    return scene;
  }

  /** Changes options for the runs that follow. */
  set(options: SceneOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Runs statements at the source, as one transaction. */
  async sql(text: string): Promise<Rows> {
    if (!this.#connection || this.#connection.fault) this.#connection = await this.session();
    return this.#connection.query(text);
  }

  /** Runs statements one by one, as psql does. */
  async script(text: string, session?: PgConnection): Promise<void> {
    for (const statement of text.split(/;\s*(?:--[^\n]*)?(?:\n|$|\s)/)) {
      if (statement.replaceAll(/--.*$/gm, '').trim() !== '') await (session?.query(statement) ?? this.sql(statement));
    }
  }

  /** A session of the test's own, for transactions that stay open. */
  session(): Promise<PgConnection> {
    return PgConnection.connect(
      {
        ...parsePgUrl(this.server.url(this.database)),
        dialer: directDialer,
        settings: { search_path: 'public', synchronous_commit: 'local' },
      },
      never,
    );
  }

  source(signal: AbortSignal = never): Promise<PostgresSource> {
    return PostgresSource.connect(this.sourceOptions(), signal);
  }

  sourceOptions(): PostgresSourceOptions {
    const { tables = 'public.*', asText = [], follow, pages, user, dialer = directDialer, port, source } = this.#options;
    const address = parsePgUrl(this.server.url(this.database));
    const login = user ? { user: user.name, password: parsePgUrl(`postgres://x:${user.password}@h/d`).password } : {};
    return {
      address: { ...address, ...login, dialer, ...(port === undefined ? {} : { port }) },
      slot: this.slot,
      catalog: { patterns: parseTablePatterns(tables), asText: new Set(asText) },
      failover: false,
      follow: { lingerMs: 5, idleMs: 50, heartbeatMs: 0, watchMs: 10_000, ...follow },
      pages,
      ...source,
    };
  }

  /** Runs the link until the pool holds what the source held at the start. */
  async run(more: Partial<LinkRun> = {}): Promise<void> {
    await using source = await this.source();
    await using handover = new DirectHandover(this.#writer());
    await runLink({ source, handover, signal: never, once: true, ...more });
  }

  /** The fault with which such a run ends. */
  async failure(more: Partial<LinkRun> = {}): Promise<Fault> {
    return this.run(more).then(
      () => {
        throw new Error('the link ended without fault');
      },
      (error: unknown) => toFault(error),
    );
  }

  /** Starts a link that runs until it is stopped. */
  start(more: Partial<LinkRun> = {}, source: Partial<PostgresSourceOptions> = {}): RunningLink {
    this.set({ source: { ...this.#options.source, ...source } });
    return startLink(this, this.#writer(), more);
  }

  /** Rows that are not the same at the source and in both pools; none, if all is well. */
  async differences(except: readonly string[] = []): Promise<readonly string[]> {
    const engine = await this.#pool.engine();
    const reader = await engine.connect();
    try {
      const found: string[] = [];
      for (const name of this.texts.progress.tables.keys())
        if (!except.includes(name)) found.push(...(await this.#differencesOf(name, reader)));
      return found.slice(0, 20);
    } finally {
      engine.disconnect(reader);
    }
  }

  async #differencesOf(name: string, reader: Awaited<ReturnType<Engine['connect']>>): Promise<readonly string[]> {
    const schema = this.texts.schema(name);
    const [plain] = await this.sql(`SELECT FROM pg_class WHERE oid = ${schema.id} AND relkind = 'r'`);
    const table = `${plain ? 'ONLY ' : ''}${quoteIdentifier(schema.schema)}.${quoteIdentifier(schema.name)}`;
    const select = (expressions: readonly string[], from: string): string => `SELECT ${expressions.join(', ')} FROM ${from}`;
    const columns = schema.columns.map((column) => quoteIdentifier(column.name));
    const texts = unlike(this.texts.rows(name), await this.sql(select(columns, table)));
    const names = columnNames(schema.columns);
    const target = must((await this.#pool.writer().ledger()).tables.get(name)?.target, `no place of ${name}`);
    const poolColumns = schema.columns.map((column, i) => poolExpression(column, names[i]!));
    const read = await reader.runAndReadAll(select(poolColumns, qualified(target)));
    const values = read.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
    const inDuckDb = unlike(values, await this.sql(select(schema.columns.map(sourceExpression), table)));
    return [...texts.map((line) => `${name} ${line}`), ...inDuckDb.map((line) => `${name} in DuckDB ${line}`)];
  }

  state(table: string): TableProgress {
    return must(this.texts.progress.tables.get(inPublic(table)), `no table ${table}`);
  }

  /** Opens the pool file anew, as another process would. */
  async reopenPool(): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    this.#pool = await DuckDbPool.open(join(this.#folder, 'pool.duckdb'));
  }

  #writer(): PoolWriter {
    return both(this.#pool.writer(), this.texts.writer(), (segment) => this.#options.afterApply?.(segment) ?? Promise.resolve());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.close();
    await this.#pool[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
    await once(
      this.server,
      'postgres',
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${this.database}' AND NOT active`,
    ).catch(() => undefined);
  }
}

function inPublic(table: string): string {
  return table.includes('.') ? table : `public.${table}`;
}

export const never: AbortSignal = new AbortController().signal;

async function once(server: TestPostgres, database: string, sql: string): Promise<void> {
  await using connection = await PgConnection.connect({ ...parsePgUrl(server.url(database)), dialer: directDialer }, never);
  await connection.query(sql);
}

/** Applies everything to both writers; the first one's progress counts. */
function both(first: PoolWriter, second: PoolWriter, afterApply: (segment: Segment) => Promise<void>): PoolWriter {
  return {
    progress: async () => {
      deepEqual(await second.progress(), await first.progress());
      return first.progress();
    },
    apply: async (segment) => {
      await first.apply(segment);
      await second.apply(segment);
      await afterApply(segment);
    },
    [Symbol.asyncDispose]: async () => {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

function startLink(scene: Scene, writer: PoolWriter, more: Partial<LinkRun>): RunningLink {
  const ending = new AbortController();
  const waiting = new Set<() => void>();
  let book: LinkBook | undefined;
  let source: PostgresSource | undefined;
  let failure: Fault | undefined;
  const deferrals: Fault[] = [];
  const wake = (): void => {
    for (const one of waiting) one();
  };
  const work = async (): Promise<void> => {
    source = await scene.source(ending.signal);
    await using live = source;
    await using handover = new DirectHandover(writer);
    const events: LinkRun['events'] = {
      ...more.events,
      onDurable: (draft: Draft, now: LinkBook) => {
        book = now;
        more.events?.onDurable?.(draft, now);
        wake();
      },
      onDeferred: (_table, why) => {
        deferrals.push(why);
        wake();
      },
    };
    await runLink({ source: live, handover, signal: ending.signal, lookMs: 100, idleMs: 20, ...more, events });
  };
  const ended = work()
    .catch((error: unknown) => {
      failure = toFault(error);
    })
    .finally(wake);
  let over = false;
  void ended.then(() => (over = true));
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (condition()) resolve();
        else if (failure) reject(failure);
        else return;
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    });
  const tables = (): ReadonlyMap<string, TableProgress> => scene.texts.progress.tables;
  return {
    get book() {
      return book;
    },
    deferrals,
    when: until,
    until: (condition) => until(() => condition(tables())),
    state: (state, ...names) => until(() => names.every((name) => tables().get(inPublic(name))?.state === state)),
    caughtUp: async () => {
      await until(() => source !== undefined && book !== undefined);
      const goal = await source!.head();
      await until(
        () =>
          (scene.texts.progress.position ?? '') >= goal &&
          [...tables().values()].every((one) => one.state === 'Replicating' || one.state === 'Failed'),
      );
    },
    failure: async () => {
      await until(() => failure !== undefined || over);
      return must(failure, 'the link ended without fault');
    },
    stop: async () => {
      ending.abort();
      await ended;
      if (failure && failure.kind !== 'cancelled') throw failure;
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await ended;
    },
  };
}

/** What only one of them has; equal rows are counted. */
function unlike(pool: Rows, source: Rows): readonly string[] {
  const counts = new Map<string, number>();
  const count = (rows: Rows, by: number): void =>
    rows.forEach((row) => counts.set(JSON.stringify(row), (counts.get(JSON.stringify(row)) ?? 0) + by));
  count(pool, 1);
  count(source, -1);
  const lines = [...counts].map(([row, left]) => (left > 0 ? `too many: ${row}` : left < 0 ? `missing: ${row}` : ''));
  return lines.filter((line) => line !== '').map((line) => line.slice(0, 300));
}

/** The value as both sides can write it. */
function sourceExpression(column: ColumnSchema): string {
  const name = quoteIdentifier(column.name);
  switch (column.type.kind) {
    case 'bool':
      return `CASE ${name} WHEN true THEN 'true' WHEN false THEN 'false' END`;
    case 'bytes':
      return `encode(${name}, 'hex')`;
    case 'timestamptz':
      return `CASE WHEN isfinite(${name}) THEN ((extract(epoch FROM ${name}) * 1000000)::bigint)::text ELSE ${name}::text END`;
    case 'interval':
      return `(extract(year FROM ${name}) * 12 + extract(month FROM ${name}))::int || ' ' || extract(day FROM ${name})::int || ' ' || (extract(hour FROM ${name}) * 3600000000 + extract(minute FROM ${name}) * 60000000 + extract(microseconds FROM ${name}))::bigint`;
    case 'float32':
    case 'float64':
      return `lower(${name}::text)`;
    default:
      return name;
  }
}

function poolExpression(column: ColumnSchema, poolName: string): string {
  const name = quoteIdentifier(poolName);
  switch (column.type.kind) {
    case 'bytes':
      return `lower(hex(${name}))`;
    case 'timestamptz':
      return `CASE WHEN isfinite(${name}) THEN CAST(epoch_us(${name}) AS VARCHAR) ELSE CAST(${name} AS VARCHAR) END`;
    case 'interval':
      return `(datepart('year', ${name}) * 12 + datepart('month', ${name})) || ' ' || datepart('day', ${name}) || ' ' || (datepart('hour', ${name}) * 3600000000 + datepart('minute', ${name}) * 60000000 + datepart('microseconds', ${name}))`;
    case 'float32':
    case 'float64':
      return `regexp_replace(CAST(${name} AS VARCHAR), '\\.0$', '')`;
    default:
      return `CAST(${name} AS VARCHAR)`;
  }
}
