import { tableName, type ColumnSchema, type TableSchema } from '#replication/schema.ts';
import { strange } from './database.ts';
import { quoteName } from './names.ts';
import type { SqlRow, SqlServerSession } from './session.ts';
import { columnsStatement, tablesStatement, type StatementTable } from './statements.ts';
import { planType, spelling, type TypePlan } from './types.ts';

/** Which tables are chosen. */
export interface TableFilter {
  matches(schema: string, name: string): boolean;
  readonly exact: readonly { readonly schema: string; readonly name: string }[];
}

/** A table and what is known of it beside its columns. */
export interface TableFacts {
  readonly objectId: number;
  readonly schema: string;
  readonly name: string;
  readonly memoryOptimized: boolean;
  readonly estimatedRows: number;
  /** When its changes began to be tracked; undefined: they are not. */
  readonly begun: string | undefined;
  readonly mayRead: boolean;
  readonly mayTrack: boolean;
  /** A security policy hides rows. */
  readonly filtered: boolean;
  readonly captured: boolean;
}

export interface SqlServerColumn {
  readonly schema: ColumnSchema;
  readonly plan: TypePlan;
  readonly masked: boolean;
  /** Place in the primary key, from 1; undefined: not of it. */
  readonly keyOrdinal: number | undefined;
  readonly keyDescends: boolean;
}

export interface LeftOut {
  readonly id: number;
  readonly name: string;
  readonly sourceType: string;
  readonly reason: string;
  readonly inKey: boolean;
}

/** What becomes of a table's columns. */
export interface SqlServerShape {
  readonly schema: TableSchema;
  readonly columns: readonly SqlServerColumn[];
  readonly leftOut: readonly LeftOut[];
  readonly statement: StatementTable;
  /** The plans of the key's columns, in key order. */
  readonly keyPlans: readonly TypePlan[];
  /** It has a primary key, be it one that cannot be used. */
  readonly hasKey: boolean;
  /** Columns of the key by whose values rows cannot be asked for. */
  readonly keyTrouble: readonly string[];
}

export interface SqlServerTable {
  readonly facts: TableFacts;
  readonly shape: SqlServerShape;
}

const tablesAtOnce = 500;

/** Chosen tables, ordered by schema and name, whether or not they can be replicated. */
export async function readTables(session: SqlServerSession, filter: Pick<TableFilter, 'matches'>): Promise<readonly SqlServerTable[]> {
  const all = (await session.query(tablesStatement)).map(factsOf);
  const chosen = all.filter(({ schema, name }) => filter.matches(schema, name));
  const columns = await readColumns(
    session,
    chosen.map(({ objectId }) => objectId),
  );
  return chosen.map((facts) => ({ facts, shape: shapeOf(facts, columns.get(facts.objectId) ?? []) }));
}

/** Rows of `columnsStatement` by table. */
export async function readColumns(
  session: SqlServerSession,
  objectIds: readonly number[],
): Promise<ReadonlyMap<number, readonly SqlRow[]>> {
  const byTable = new Map<number, SqlRow[]>();
  for (let at = 0; at < objectIds.length; at += tablesAtOnce) {
    for (const row of await session.query(columnsStatement(objectIds.slice(at, at + tablesAtOnce)))) {
      const known = byTable.get(Number(row[0]));
      if (known === undefined) byTable.set(Number(row[0]), [row]);
      else known.push(row);
    }
  }
  return byTable;
}

function factsOf(row: SqlRow): TableFacts {
  const [objectId, schema, name, memoryOptimized, rows, begun, read, track, filtered, captured] = row;
  if (typeof objectId !== 'number' || typeof schema !== 'string' || typeof name !== 'string') throw strange();
  return {
    objectId,
    schema,
    name,
    memoryOptimized: memoryOptimized === true,
    estimatedRows: rows === null ? 0 : Number(rows),
    begun: typeof begun === 'string' ? begun : undefined,
    mayRead: read === 1,
    mayTrack: track === 1,
    filtered: filtered === 1,
    captured: captured === true,
  };
}

interface ColumnFacts {
  readonly id: number;
  readonly name: string;
  readonly type: Parameters<typeof planType>[0];
  readonly computed: boolean;
  readonly encrypted: boolean;
  readonly masked: boolean;
  readonly keyOrdinal: number | undefined;
  readonly keyDescends: boolean;
}

function columnOf(row: SqlRow): ColumnFacts {
  const [, id, name, type, maxLength, precision, scale, , computed, encrypted, masked, collation, clr, ordinal, descends] = row;
  if (typeof id !== 'number' || typeof name !== 'string' || typeof type !== 'string') throw strange();
  return {
    id,
    name,
    type: {
      // A type of the .NET runtime may be named as one of the system's.
      name: clr === true && !systemClr.has(type) ? `${type} (.NET)` : type,
      maxLength: Number(maxLength),
      precision: Number(precision),
      scale: Number(scale),
      collation: typeof collation === 'string' ? collation : undefined,
    },
    computed: computed === true,
    encrypted: encrypted === 1,
    masked: masked === 1,
    keyOrdinal: typeof ordinal === 'number' ? ordinal : undefined,
    keyDescends: descends === true,
  };
}

const systemClr: ReadonlySet<string> = new Set(['hierarchyid', 'geometry', 'geography']);

/** What becomes of a table with these columns (rows of `columnsStatement`). */
export function shapeOf(table: Pick<TableFacts, 'objectId' | 'schema' | 'name' | 'begun'>, rows: readonly SqlRow[]): SqlServerShape {
  const columns: SqlServerColumn[] = [];
  const leftOut: LeftOut[] = [];
  for (const facts of rows.map(columnOf)) {
    const { id, name, keyOrdinal, keyDescends, masked } = facts;
    const plan = planType(facts.type);
    const reason = 'refused' in plan ? plan.refused : refusalOf(facts);
    if (reason !== undefined || 'refused' in plan)
      leftOut.push({ id, name, sourceType: spelling(facts.type), reason: reason ?? '', inKey: keyOrdinal !== undefined });
    else {
      const { type, sourceType, fidelity } = plan;
      columns.push({ schema: { id, name, type, sourceType, fidelity }, plan, masked, keyOrdinal, keyDescends });
    }
  }
  return assembled(table, columns, leftOut);
}

function refusalOf({ computed, encrypted }: ColumnFacts): string | undefined {
  if (computed) return 'It is left out: the source computes it and tracks no changes of it; compute it in a view over the pool.';
  if (encrypted) return 'It is left out: it is encrypted with a key that only its users have (Always Encrypted).';
  return undefined;
}

/** A shape of these columns and no others. */
export function assembled(
  { objectId, schema, name, begun }: Pick<TableFacts, 'objectId' | 'schema' | 'name' | 'begun'>,
  columns: readonly SqlServerColumn[],
  leftOut: readonly LeftOut[],
): SqlServerShape {
  const inKey = columns.filter((one) => one.keyOrdinal !== undefined).toSorted((a, b) => a.keyOrdinal! - b.keyOrdinal!);
  const keyTrouble = [
    ...leftOut.filter((one) => one.inKey).map((one) => one.name),
    ...inKey.filter((one) => !one.plan.parse).map((one) => one.schema.name),
  ];
  const usable = keyTrouble.length === 0 ? inKey : [];
  const selected = ({ schema: { name: column }, plan }: SqlServerColumn): StatementTable['columns'][number] => ({
    name: column,
    select: plan.select,
  });
  return {
    schema: {
      table: tableName(schema, name),
      schema,
      name,
      id: String(objectId),
      columns: columns.map((one) => one.schema),
      key: usable.map((one) => columns.indexOf(one)),
      identity: usable.length > 0 ? 'key' : 'full',
      version: begun,
    },
    columns,
    leftOut,
    statement: {
      schema,
      name,
      columns: columns.map(selected),
      key: usable.map((one) => ({ ...selected(one), parse: one.plan.parse!, descending: one.keyDescends })),
    },
    keyPlans: usable.map((one) => one.plan),
    hasKey: inKey.length > 0 || leftOut.some((one) => one.inKey),
    keyTrouble,
  };
}

/** The table's name in a statement. */
export function sqlName({ schema, name }: Pick<TableFacts, 'schema' | 'name'>): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
