import { directDialer } from '#base/dialer.ts';
import { policies, toFault, type Fault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import { DirectHandover } from '#replication/direct-handover.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import { runLink, type LinkRun } from '#replication/run-link.ts';
import type { Segment } from '#replication/segment.ts';
import type { Capture } from '#replication/sources/sqlserver/place.ts';
import { SqlServerSource, type SqlServerSourceOptions } from '#replication/sources/sqlserver/sqlserver-source.ts';
import type { DatabaseDouble } from '../servers/sqlserver-double/database.ts';
import { doubleOwner, SqlServerDouble } from '../servers/sqlserver-double/server.ts';
import { TextPool, type TextRow } from '../servers/text-pool.ts';

const never = new AbortController().signal;

export interface SqlServerSceneOptions {
  readonly capture?: Capture;
  readonly source?: Partial<SqlServerSourceOptions>;
  /** After a segment was applied. */
  readonly onApplied?: (segment: Segment) => void;
}

/** A double of SQL Server, and a pool of texts that a link fills from it. */
export class SqlServerScene implements AsyncDisposable {
  readonly server: SqlServerDouble;
  readonly pool: TextPool = new TextPool({ takesNet: true });
  readonly #options: SqlServerSceneOptions;

  private constructor(server: SqlServerDouble, options: SqlServerSceneOptions) {
    this.server = server;
    this.#options = options;
  }

  static async start(setup: (database: DatabaseDouble) => void, options: SqlServerSceneOptions = {}): Promise<SqlServerScene> {
    const server = await SqlServerDouble.start();
    setup(server.database());
    return new SqlServerScene(server, options);
  }

  get database(): DatabaseDouble {
    return this.server.database();
  }

  connect(signal: AbortSignal = never): Promise<SqlServerSource> {
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
      },
      dialer: directDialer,
      applicationName: 'isthmus test',
      capture: this.#options.capture ?? 'change-tracking',
      tables: { matches: (schema) => schema === 'dbo', exact: [] },
      follow: { pollMs: 2, watchMs: 0 },
      pages: { pageBytes: 120, fewestRows: 3, batchBytes: 60 },
      ...this.#options.source,
    };
    return SqlServerSource.connect(options, signal);
  }

  /** Runs the link until the pool has all that the source has now, again and again where it breaks; answers how often it did. */
  async catchUp(run: Partial<LinkRun> = {}): Promise<number> {
    for (let broken = 0; ; broken++) {
      const trouble = await this.runOnce(run);
      if (trouble === undefined) return broken;
      if (policies[trouble.kind].retry !== 'backoff' || broken > 100) throw trouble;
    }
  }

  /** One run; what ended it before it was done. */
  async runOnce(run: Partial<LinkRun> = {}): Promise<Fault | undefined> {
    try {
      await using source = await this.connect();
      await runLink({ source, handover: new DirectHandover(this.#writer()), signal: never, once: true, lookMs: 20, ...run });
      return undefined;
    } catch (error) {
      return toFault(error);
    }
  }

  /** The pool's rows of a table, in order. */
  poolRows(table: string): readonly TextRow[] {
    return this.pool.rows(table).toSorted(byText);
  }

  /** The source's, of the columns given. */
  sourceRows(table: string, columns: readonly string[]): readonly TextRow[] {
    return this.database
      .rows(table)
      .map((row): TextRow => columns.map((column) => (row[column] === null || row[column] === undefined ? null : String(row[column]))))
      .toSorted(byText);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  #writer(): PoolWriter {
    const writer = this.pool.writer();
    return {
      progress: () => writer.progress(),
      apply: async (segment) => {
        await writer.apply(segment);
        this.#options.onApplied?.(segment);
      },
      [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
    };
  }
}

const byText = (a: TextRow, b: TextRow): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
