import { fault } from '#base/fault.ts';
import { sessionNames } from '../catalogue/session-names.ts';
import type { Snapshot } from '../catalogue/snapshot.ts';
import type { Asker } from '../catalogue/system-view.ts';
import type { Names, TableFacts, TemporaryChange } from '../query/plan.ts';
import type { AdmittedPlace } from '../session.ts';
import { statementFault } from './engine-faults.ts';
import type { AnnouncedBulk } from './bulk-load.ts';
import type { ParameterizedText } from './procedure-execute-sql.ts';
import type { SessionConnection } from './session-connection.ts';
import { carryVariables } from './table-variables.ts';
import { type Access, type Entered, SessionTransaction } from './session-transaction.ts';
import { initialOptions, type SetOptions } from './set-options.ts';
import type { SessionClient, SqlPool } from './sql-pool.ts';

const nothing: Snapshot = { tables: new Map(), byId: new Map(), schemas: new Map() };

/** What a session knows and holds between statements. */
export class SessionCore {
  readonly pool: SqlPool;
  readonly client: SessionClient;
  readonly connection: SessionConnection;
  readonly transaction: SessionTransaction;
  readonly loginMs: number;
  requestMs: number;
  running = false;
  options: SetOptions = initialOptions;
  database: string;
  /** `@@ROWCOUNT`, `@@ERROR`, `SCOPE_IDENTITY()` in digits. */
  rowCount = 0n;
  error = 0;
  identity: string | undefined;
  /** Temporary tables and table variables by their names in lower case. A new map for each change. */
  temporaries: ReadonlyMap<string, TableFacts> = new Map();
  readonly prepared: Map<number, ParameterizedText> = new Map();
  lastHandle = 0;
  bulk: AnnouncedBulk | undefined;
  #snapshot: Snapshot = nothing;
  #sight: string | undefined;
  #reshapes = 0;
  /** Of the statement that was let in last. */
  #place: AdmittedPlace | undefined;

  constructor(pool: SqlPool, client: SessionClient, connection: SessionConnection) {
    this.pool = pool;
    this.client = client;
    this.connection = connection;
    this.database = pool.options.database;
    this.loginMs = pool.options.now();
    this.requestMs = this.loginMs;
    this.transaction = new SessionTransaction({
      connection,
      idleMs: pool.options.idleTransactionMs,
      keep: () => {
        const { temporaries } = this;
        return (whole) => {
          // Rows of table variables would be there in SQL Server: better none of that name than too few rows.
          const kept = [...temporaries].filter(([, table]) => !whole || table.kind !== 'table-variable');
          this.temporaries = new Map(kept);
        };
      },
      carry: () => carryVariables(this),
      committing: async (commit, reshaped) => {
        await (reshaped ? pool.pool.shapes.changing(commit) : commit());
        void pool.pool
          .tend()
          .catch((error: unknown) => pool.options.log.warn({ err: error }, 'a pool could not be kept in order after a commit'));
      },
    });
  }

  /** What is in the pool and in the session, as the statement that is entered sees it. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get names(): Names {
    return sessionNames(this, this.#snapshot);
  }

  get asker(): Asker {
    const { client, pool } = this;
    return {
      database: pool.options.database,
      serverName: pool.options.serverName,
      userName: client.user.name,
      mayWrite: client.user.mayWrite,
      number: client.number,
      sessions: pool.sessions,
      nowMs: pool.options.now(),
    };
  }

  /** A view of the system that tools ask for and that is not here, for whoever looks why a tool does not work. */
  missing(schema: string, name: string): void {
    if (/^\w{1,128}$/.test(name))
      this.pool.options.log.info({ view: `${schema}.${name}` }, 'a system view was asked for that a pool has not');
  }

  /** Into the transaction in which a statement works. Where it looks at tables, `names` are those of that moment. */
  async enter(access: Access, signal: AbortSignal): Promise<Entered> {
    if (this.connection.engine.broken) throw poolGone();
    const before = this.pool.catalogue.version;
    const entered = await this.transaction.enter(access, signal);
    if (access === 'none') return entered;
    try {
      await this.#look(before, signal);
    } catch (error) {
      await entered.failed(fault('bug', 'AssertionFailed', 'The catalogue could not be read.', { cause: error }));
      throw error;
    }
    return entered;
  }

  /** Work on the engine, let in when it is its turn and within the session's transaction. */
  async admitted<T>(access: Access, signal: AbortSignal, work: (signal: AbortSignal, entered: Entered) => Promise<T>): Promise<T> {
    return this.pool.options.admission.run(signal, async (limited, place) => {
      this.#place = place;
      const entered = await this.enter(access, limited);
      let outcome: T;
      try {
        outcome = await work(limited, entered);
      } catch (error) {
        await entered.failed(statementFault(error));
        throw error;
      }
      await entered.done();
      return outcome;
    });
  }

  /** Waits for the client, which may be slow: others may run meanwhile. */
  async forClient(wait: Promise<void>): Promise<void> {
    await (this.#place?.away(wait) ?? wait);
  }

  async #look(before: number | undefined, signal: AbortSignal): Promise<void> {
    const { transaction, connection, pool } = this;
    const sight = `${transaction.sight} ${this.#reshapes}`;
    if (this.#sight === sight) return;
    const ask = (sql: string) => connection.rows(sql, signal);
    this.#snapshot = await pool.catalogue.seen(transaction.isReshaped ? undefined : before, ask);
    this.#sight = sight;
  }

  /** A statement of the open transaction has changed what `names` says. */
  reshape(): void {
    this.#reshapes++;
  }

  /** As if newly logged in. */
  async reset(): Promise<void> {
    await this.transaction.end();
    for (const table of this.temporaries.values()) await this.dropTemporary(table);
    this.temporaries = new Map();
    this.options = initialOptions;
    this.prepared.clear();
    this.bulk = undefined;
    this.database = this.pool.options.database;
    this.rowCount = 0n;
    this.error = 0;
    this.identity = undefined;
  }

  /** Its rows are gone in any case when the connection is. */
  async dropTemporary(table: TableFacts): Promise<void> {
    try {
      await this.connection.run(`DROP TABLE IF EXISTS ${table.reference}`, new AbortController().signal);
    } catch (error) {
      this.pool.options.log.warn({ err: statementFault(error) }, 'a temporary table could not be dropped');
    }
  }

  changeTemporaries(changes: readonly TemporaryChange[], frameTemporaries: Set<string>): void {
    const map = new Map(this.temporaries);
    for (const change of changes) {
      const name = (change.kind === 'created' ? change.table.name : change.name).toLowerCase();
      if (change.kind === 'created') {
        map.set(name, change.table);
        frameTemporaries.add(name);
      } else {
        map.delete(name);
        frameTemporaries.delete(name);
      }
    }
    this.temporaries = map;
  }
}

function poolGone(): Error {
  return fault('unreachable', 'PoolReopened', 'The pool was opened again: temporary tables and open transactions are gone.', {
    remedy: 'Connect again.',
  });
}
