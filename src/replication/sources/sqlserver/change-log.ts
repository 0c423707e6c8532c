import type { TableSchema } from '#replication/schema.ts';
import type { Draft, Position } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import type { DatabaseIdentity } from './database.ts';
import type { PageView } from './pages.ts';
import type { PreflightInput } from './preflight.ts';
import type { SqlServerSession } from './session.ts';
import type { TrackedSource } from './tracked-changes.ts';

/** One of the two ways in which SQL Server tells what changed. */
export interface ChangeLog {
  /** Looks at what of it there is, for the chosen tables: those as they travel by it. */
  look(session: SqlServerSession, input: PreflightInput): Promise<PreflightInput>;
  /** Where to follow from: `from`, where the log still goes back to it; undefined: now. Fault: `lost-history`. */
  begin(session: SqlServerSession, identity: DatabaseIdentity, from: Position | undefined): Promise<Position>;
  head(session: SqlServerSession, identity: DatabaseIdentity): Promise<Position>;
  /** Begins a transaction that sees one moment, and says what it shows of the table. Fault: `TableMissing` (missing). */
  beginPage(session: SqlServerSession, schema: TableSchema): Promise<PageView>;
  follow(
    source: TrackedSource,
    run: { readonly from: Position; readonly tables: FollowedTables; readonly signal: AbortSignal },
  ): AsyncIterable<Draft>;
}
