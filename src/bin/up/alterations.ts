import type { PoolAlteration } from '#providers/synapse/pool-host.ts';
import { sameShape, type ColumnSchema, type TableSchema } from '#replication/schema.ts';
import type { Segment } from '#replication/segment.ts';

/** So many are told; whoever follows them hears of each several times. */
const most = 50;

type Shapes = ReadonlyMap<string, { readonly schema: TableSchema | undefined; readonly progress: { readonly state: string } | undefined }>;

/** What was altered at the source and taken over into the pool, of tables that were there before. */
export class Alterations {
  readonly #nowMs: () => number;
  /** Tables whose shape the open transaction speaks of. */
  readonly #spoken = new Set<string>();
  #told: readonly PoolAlteration[] = [];

  /** Milliseconds since 1970. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The latest, each with a time of its own, in order. */
  get told(): readonly PoolAlteration[] {
    return this.#told;
  }

  /** A part of a transaction is applied. */
  applied({ first, steps }: Pick<Segment, 'first' | 'steps'>): void {
    if (first) this.#spoken.clear();
    for (const step of steps) if (step.kind === 'schema') this.#spoken.add(step.schema.table);
  }

  /** It is committed: what is known of the tables before and after it. */
  committed(before: Shapes | undefined, after: Shapes): void {
    for (const table of this.#spoken) {
      const [was, is] = [before?.get(table)?.schema, after.get(table)?.schema];
      if (was === undefined || is === undefined || sameShape(was, is)) continue;
      const atMs = Math.max(this.#nowMs(), (this.#told.at(-1)?.atMs ?? 0) + 1);
      const anew = after.get(table)?.progress?.state !== 'Replicating';
      this.#told = [...this.#told.slice(1 - most), { table, atMs, anew, ...differences(was, is) }];
    }
    this.#spoken.clear();
  }
}

/** By the source's lasting numbers of columns: a renamed one is the same, unless the table itself is another. */
function differences(was: TableSchema, is: TableSchema): Omit<PoolAlteration, 'table' | 'atMs' | 'anew'> {
  const key = ({ id, name }: ColumnSchema): string => (was.id === is.id ? String(id) : name);
  const before = new Map(was.columns.map((column) => [key(column), column]));
  const after = new Set(is.columns.map(key));
  return {
    added: is.columns.filter((column) => !before.has(key(column))).map(({ name }) => name),
    removed: was.columns.filter((column) => !after.has(key(column))).map(({ name }) => name),
    changed: is.columns.flatMap((column) => {
      const old = before.get(key(column));
      if (old === undefined || (old.name === column.name && old.sourceType === column.sourceType)) return [];
      const type = old.sourceType === column.sourceType ? undefined : column.sourceType;
      return [{ name: old.name, ...(old.name !== column.name && { newName: column.name }), ...(type !== undefined && { type }) }];
    }),
  };
}
