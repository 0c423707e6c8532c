import { openReader, readAll } from '#pool/query-server.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { shopConnection } from '#bin/demo/shop-writer.ts';

/** Expressions that give one text in PostgreSQL and in the pool for the same value, by the source's type; others are written alike. */
const texts: Readonly<Record<string, readonly [source: (column: string) => string, pool: (column: string) => string]>> = {
  boolean: [(c) => `${c}::int::text`, (c) => `CAST(CAST(${c} AS INTEGER) AS VARCHAR)`],
  real: [(c) => `(${c} * 128)::int::text`, (c) => `CAST(CAST(${c} * 128 AS INTEGER) AS VARCHAR)`],
  interval: [(c) => `(extract(epoch from ${c}) * 1000000)::bigint::text`, (c) => `CAST(epoch_us(${c}) AS VARCHAR)`],
  'timestamp with time zone': [(c) => `(extract(epoch from ${c}) * 1000000)::bigint::text`, (c) => `CAST(epoch_us(${c}) AS VARCHAR)`],
  'timestamp without time zone': [(c) => `(extract(epoch from ${c}) * 1000000)::bigint::text`, (c) => `CAST(epoch_us(${c}) AS VARCHAR)`],
  bytea: [(c) => `encode(${c}, 'hex')`, (c) => `lower(hex(${c}))`],
};

/** For each table of the shop: how many rows the source has, and the rows that only one side has (at most a few). */
export async function compareShop(
  url: string,
  poolFile: string,
): Promise<Readonly<Record<string, { rows: number; different: readonly string[] }>>> {
  const never = new AbortController().signal;
  await using source = await PgConnection.connect(shopConnection(url), never);
  await using pool = await openReader(poolFile);
  const tables = await source.query(
    `SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  const found: Record<string, { rows: number; different: string[] }> = {};
  for (const [table] of tables) {
    const columns = await source.query(
      `SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'public.${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    );
    const list = (side: 0 | 1): string =>
      columns
        .map(([name, type]) => texts[type!]?.[side](`"${name}"`) ?? (side === 0 ? `"${name}"` : `CAST("${name}" AS VARCHAR)`))
        .join(', ');
    const here = (await source.query(`SELECT ${list(0)} FROM public."${table}"`)).map((row) => JSON.stringify(row));
    const there = (await readAll(pool, `SELECT ${list(1)} FROM public."${table}"`, never)).rows.map((row) => JSON.stringify(row));
    found[table!] = { rows: here.length, different: difference(here, there).slice(0, 3) };
  }
  return found;
}

/** What one list has more often than the other. */
function difference(a: readonly string[], b: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of a) counts.set(one, (counts.get(one) ?? 0) + 1);
  for (const one of b) counts.set(one, (counts.get(one) ?? 0) - 1);
  return [...counts].filter(([, count]) => count !== 0).map(([one, count]) => `${count > 0 ? 'source' : 'pool'} only: ${one}`);
}
