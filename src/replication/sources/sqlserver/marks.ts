import { fault, type Fault } from '#base/fault.ts';
import { tableName, type TableSchema } from '#replication/schema.ts';
import { strange } from './database.ts';
import type { SqlServerSession } from './session.ts';
import { marksStatement, versionStatement } from './statements.ts';
import { microsOf } from './value-text.ts';

/** How the changes of one table are tracked. */
export interface Mark {
  /** As everywhere in the link. */
  readonly table: string;
  /** The oldest version from which its changes are all there; undefined: the user may not know. */
  readonly oldest: bigint | undefined;
  readonly begun: string;
}

/** Of the tables whose changes are tracked, by object id. */
export async function readMarks(session: SqlServerSession): Promise<ReadonlyMap<string, Mark>> {
  const rows = await session.query(marksStatement);
  return new Map(
    rows.map(([objectId, schema, name, oldest, begun]) => {
      if (typeof objectId !== 'number' || typeof schema !== 'string' || typeof name !== 'string' || typeof begun !== 'string')
        throw strange();
      return [String(objectId), { table: tableName(schema, name), oldest: typeof oldest === 'string' ? BigInt(oldest) : undefined, begun }];
    }),
  );
}

/** The mark of a table under its own name; undefined: it is not tracked, not there, or named otherwise now. */
export function markOf(marks: ReadonlyMap<string, Mark>, schema: TableSchema): Mark | undefined {
  const mark = marks.get(schema.id);
  return mark?.table === schema.table ? mark : undefined;
}

export interface Moment {
  readonly version: bigint;
  /** The server's clock, microseconds since 1970 UTC: what is seen was committed before. */
  readonly at: bigint;
}

/** The moment that a transaction sees, or now. Fault: `ChangeTrackingOff` (precondition). */
export async function readMoment(session: SqlServerSession): Promise<Moment> {
  const [row] = await session.query(versionStatement);
  if (row === undefined || typeof row[1] !== 'string') throw strange();
  if (typeof row[0] !== 'string') throw trackingOff();
  // Of the seven digits of a second one is more than anybody needs here.
  return { version: BigInt(row[0]), at: microsOf(row[1].slice(0, 26)) };
}

function trackingOff(): Fault {
  return fault('precondition', 'ChangeTrackingOff', 'The database at the source does not track changes.', {
    remedy: 'ALTER DATABASE CURRENT SET CHANGE_TRACKING = ON (CHANGE_RETENTION = 7 DAYS, AUTO_CLEANUP = ON); -- then track each table',
  });
}
