import type { TdsIsolation } from '#wire/tds/transaction-request.ts';
import type { DatabaseDouble, DatabaseState } from './database.ts';
import { StatementError } from './terms.ts';

/** What one session sees: the last commit, or the moment that its SNAPSHOT transaction first read at. */
export class SeenDatabase {
  readonly database: DatabaseDouble;
  #transaction: { readonly number: bigint; readonly isolation: TdsIsolation; pinned: DatabaseState | undefined } | undefined;

  constructor(database: DatabaseDouble) {
    this.database = database;
  }

  /** 0: none is open. */
  get transaction(): bigint {
    return this.#transaction?.number ?? 0n;
  }

  begin(number: bigint, isolation: TdsIsolation): void {
    this.#transaction = { number, isolation, pinned: undefined };
  }

  end(): void {
    this.#transaction = undefined;
  }

  /** The state that rows are read from. Errors 3952 and 3956: a SNAPSHOT is not to be had. */
  seen(): DatabaseState {
    const open = this.#transaction;
    if (open?.isolation !== 'snapshot') return this.database.state;
    if (open.pinned !== undefined) return open.pinned;
    const { name, snapshotIsolation } = this.database;
    if (snapshotIsolation === 'off' || snapshotIsolation === 'to-off')
      throw new StatementError({
        number: 3952,
        text: `Snapshot isolation transaction failed accessing database '${name}' because snapshot isolation is not allowed in this database. Use ALTER DATABASE to allow snapshot isolation.`,
      });
    if (snapshotIsolation === 'to-on')
      throw new StatementError({
        number: 3956,
        text: `Snapshot isolation transaction failed to start in database '${name}' because the ALTER DATABASE command which enables snapshot isolation for this database has not finished yet.`,
      });
    return (open.pinned = this.database.state);
  }
}
