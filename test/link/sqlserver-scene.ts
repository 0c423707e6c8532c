import { directDialer } from '#base/dialer.ts';
import { must, policies, toFault, type Fault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import type { SqlValue } from '#pool/tsql/session.ts';
import { DirectHandover } from '#replication/direct-handover.ts';
import { runLink, type LinkRun } from '#replication/run-link.ts';
import type { TableProgress } from '#replication/segment.ts';
import type { SqlServerAddress } from '#replication/sources/sqlserver/driver-login.ts';
import { SqlServerSource, type SqlServerSourceOptions } from '#replication/sources/sqlserver/sqlserver-source.ts';
import type { Capture } from '#replication/sources/sqlserver/place.ts';
import type { DatabaseDouble } from '../servers/sqlserver-double/database.ts';
import { doubleOwner, SqlServerDouble, type SqlServerDoubleOptions } from '../servers/sqlserver-double/server.ts';
import type { DoubleType } from '../servers/sqlserver-double/types.ts';
import { TextPool, type TextRow } from '../servers/text-pool.ts';

const never = new AbortController().signal;

export interface SceneOptions extends SqlServerDoubleOptions {
  readonly capture?: Capture;
  readonly source?: Partial<SqlServerSourceOptions>;
  readonly address?: Partial<SqlServerAddress>;
}

/** A double with a database `shop`, and a pool of texts that a link from there must make the same. */
export class SqlServerScene implements AsyncDisposable {
  readonly server: SqlServerDouble;
  readonly database: DatabaseDouble;
  pool: TextPool;
  #options: SceneOptions;

  private constructor(server: SqlServerDouble, options: SceneOptions) {
    this.server = server;
    this.database = server.database('shop');
    this.pool = new TextPool({ takesNet: true });
    this.#options = options;
  }

  static async make(options: SceneOptions = {}): Promise<SqlServerScene> {
    const scene = new SqlServerScene(await SqlServerDouble.start(options), options);
    if (options.capture === 'cdc') scene.database.enableCapture();
    else scene.database.trackChanges(7 * 24 * 60);
    return scene;
  }

  /** For the runs that follow. */
  set({ source, address }: Pick<SceneOptions, 'source' | 'address'>): void {
    this.#options = { ...this.#options, source: { ...this.#options.source, ...source }, address: { ...this.#options.address, ...address } };
  }

  source(signal: AbortSignal = never): Promise<SqlServerSource> {
    const options: SqlServerSourceOptions = {
      address: {
        host: '127.0.0.1',
        port: this.server.port,
        user: doubleOwner.user,
        password: secret(doubleOwner.password),
        database: 'shop',
        tls: 'disable',
        tlsFirst: false,
        certificateName: undefined,
        routes: [],
        ...this.#options.address,
      },
      dialer: directDialer,
      applicationName: 'isthmus test',
      capture: this.#options.capture ?? 'change-tracking',
      tables: { matches: (schema) => schema === 'dbo', exact: [] },
      follow: { pollMs: 5, watchMs: 0 },
      pages: { pageBytes: 400, fewestRows: 10, batchBytes: 200 },
      questionTimeoutMs: 20_000,
      ...this.#options.source,
    };
    return SqlServerSource.connect(options, signal);
  }

  /** Runs the link until the pool holds what the source held at the start. */
  async run(more: Partial<LinkRun> = {}): Promise<void> {
    await using source = await this.source();
    await using handover = new DirectHandover(this.pool.writer());
    await runLink({ source, handover, signal: never, once: true, ...more });
  }

  /** As a link does that is tried again whenever waiting can mend what broke it; answers what did. */
  async runThrough(most = 20): Promise<readonly Fault[]> {
    const broken: Fault[] = [];
    for (;;) {
      try {
        await this.run();
        return broken;
      } catch (error) {
        const fault = toFault(error);
        if (policies[fault.kind].retry !== 'backoff' || broken.length === most) throw fault;
        broken.push(fault);
      }
    }
  }

  /** The fault with which a run ends. */
  async failure(): Promise<Fault> {
    return this.run().then(
      () => {
        throw new Error('the link ended without fault');
      },
      (error: unknown) => toFault(error),
    );
  }

  state(table: string): TableProgress {
    return must(this.pool.progress.tables.get(table), `no table ${table}`);
  }

  /** What only the pool or only the source has, of the tables that the link has and that have not failed. */
  differences(): readonly string[] {
    const found: string[] = [];
    for (const [name, progress] of this.pool.progress.tables) {
      if (progress.state === 'Failed') continue;
      if (progress.state !== 'Replicating') found.push(`${name} is ${progress.state}`);
      const here = this.pool.rows(name).map((row) => JSON.stringify(row));
      const there = this.expected(name).map((row) => JSON.stringify(row));
      for (const row of unlike(here, there)) found.push(`${name}: too many ${row}`);
      for (const row of unlike(there, here)) found.push(`${name}: missing ${row}`);
    }
    return found.slice(0, 10);
  }

  /** The rows of a table at the source, with the columns that the link takes, as texts. */
  expected(name: string): readonly TextRow[] {
    const schema = this.pool.schema(name);
    const table = this.database.table(`${schema.schema}.${schema.name}`);
    const types = new Map(table.columns.map((column) => [column.name, column.type]));
    return this.database
      .rows(`${schema.schema}.${schema.name}`)
      .map((row) => schema.columns.map((column) => valueText(types.get(column.name)!, row[column.name] ?? null)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Rows of the one that the other has not, as often as they are too many. */
function unlike(rows: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const count = left.get(row) ?? 0;
    left.set(row, count - 1);
    return count <= 0;
  });
}

/** The text that a pool of texts has for a value of the double. */
function valueText(type: DoubleType, value: SqlValue): string | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  const text = String(value);
  if (type.name === 'uniqueidentifier') return text.toLowerCase();
  const isTime = ['datetime', 'smalldatetime', 'datetime2', 'time'].includes(type.name);
  if (!isTime || ('scale' in type && type.scale === 7)) return text;
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
