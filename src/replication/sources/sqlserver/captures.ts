import { Fault, toFault } from '#base/fault.ts';
import { errorNumberOf } from '../error-number.ts';
import { assembled, shapeOf, type LeftOut, type SqlServerShape, type TableFacts } from './catalog.ts';
import { strange } from './database.ts';
import type { SqlRow, SqlServerSession } from './session.ts';
import { capturedColumnsStatement, capturesStatement } from './statements.ts';

/** A capture instance: one table of changes, with the columns that its table had when it was made. */
export interface CaptureInstance {
  readonly name: string;
  readonly objectId: string;
  /** From here on it has changes. */
  readonly start: string;
  /** From here on it still has them. */
  readonly oldest: string;
  /** Numbers of the table's columns. */
  readonly columns: ReadonlySet<number>;
}

/** Those of each table by its object id, from old to new. Undefined: they may not be read, or CDC is off. */
export async function readCaptures(session: SqlServerSession): Promise<ReadonlyMap<string, readonly CaptureInstance[]> | undefined> {
  try {
    return instancesOf(await session.query(capturesStatement), await session.query(capturedColumnsStatement));
  } catch (error) {
    const number = error instanceof Fault ? errorNumberOf(toFault(error)) : undefined;
    if (number === 208 || number === 229) return undefined;
    throw error;
  }
}

function instancesOf(rows: readonly SqlRow[], columnRows: readonly SqlRow[]): ReadonlyMap<string, readonly CaptureInstance[]> {
  const columns = new Map<unknown, Set<number>>();
  for (const [changeTable, , id] of columnRows) {
    const known = columns.get(changeTable);
    if (known === undefined) columns.set(changeTable, new Set([Number(id)]));
    else known.add(Number(id));
  }
  const byTable = new Map<string, CaptureInstance[]>();
  for (const [name, objectId, changeTable, start, oldest] of rows) {
    if (typeof name !== 'string' || typeof objectId !== 'number' || typeof start !== 'string') throw strange();
    const key = String(objectId);
    const instance = {
      name,
      objectId: key,
      start,
      oldest: typeof oldest === 'string' ? oldest : start,
      columns: columns.get(changeTable) ?? new Set(),
    };
    byTable.set(key, [...(byTable.get(key) ?? []), instance]);
  }
  return byTable;
}

/** A table as it travels by a capture instance. */
export function capturedShape(
  table: Pick<TableFacts, 'objectId' | 'schema' | 'name'>,
  columnRows: readonly SqlRow[],
  instance: CaptureInstance,
): SqlServerShape {
  const whole = shapeOf({ ...table, begun: instance.name }, columnRows);
  const uncaptured = whole.columns
    .filter((column) => !instance.columns.has(column.schema.id))
    .map(({ schema: { id, name, sourceType }, keyOrdinal }): LeftOut => ({
      id,
      name,
      sourceType,
      reason: `It is left out: the capture instance ${instance.name} was made without it. Make a second instance, which the link then goes over to.`,
      inKey: keyOrdinal !== undefined,
    }));
  const columns = whole.columns.filter((column) => instance.columns.has(column.schema.id));
  return assembled({ ...table, begun: instance.name }, columns, [...whole.leftOut, ...uncaptured]);
}
