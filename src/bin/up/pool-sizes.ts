import type { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import type { Target } from '#pool/engines/duckdb/names.ts';
import { readAll } from '#pool/query-server.ts';
import { EngineReader } from '#pool/query.ts';
import { quoteIdentifier } from '#replication/schema.ts';

/** Tables up to this size are counted, which takes a few milliseconds. */
const countedRows = 2_000_000;
/** Counting may take this share of the time. */
const share = 1 / 20;

/** How many rows the tables of a pool have, for people: of large ones about how many, deleted ones among them. */
export class TableSizes {
  readonly #pool: DuckDbPool;
  #sizes: ReadonlyMap<string, number> = new Map();
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(pool: DuckDbPool) {
    this.#pool = pool;
  }

  /** Undefined: not counted yet. */
  of({ schema, name }: Target): number | undefined {
    return this.#sizes.get(JSON.stringify([schema, name]));
  }

  /** Counts anew. Answers whether it did: it takes its share of the time, and no more. */
  async count(signal: AbortSignal): Promise<boolean> {
    const begunMs = performance.now();
    if (begunMs < this.#notBeforeMs) return false;
    this.#sizes = await countRows(this.#pool, signal);
    const endedMs = performance.now();
    this.#notBeforeMs = endedMs + (endedMs - begunMs) / share;
    return true;
  }
}

async function countRows(pool: DuckDbPool, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  await using reader = new EngineReader(() => pool.engine());
  const { rows } = await readAll(
    reader,
    `SELECT t.target_schema, t.target_name, d.estimated_size FROM isthmus.tables AS t
     JOIN duckdb_tables() AS d ON lower(d.schema_name) = lower(t.target_schema) AND lower(d.table_name) = lower(t.target_name) AND NOT d.internal`,
    signal,
  );
  const found = rows.map(([schema, name, size]) => ({
    schema: schema!,
    name: name!,
    key: JSON.stringify([schema, name]),
    size: Number(size),
  }));
  const sizes = new Map(found.map(({ key, size }) => [key, size]));
  const small = found.filter(({ size }) => size <= countedRows);
  if (small.length === 0) return sizes;
  const counts = small.map(
    ({ schema, name }, i) => `SELECT ${i}, (SELECT count(*) FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)})`,
  );
  for (const [i, count] of (await readAll(reader, counts.join(' UNION ALL '), signal)).rows)
    sizes.set(small[Number(i)]!.key, Number(count));
  return sizes;
}
