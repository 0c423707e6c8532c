import type { BenchServer } from './servers.ts';
import { hastily } from './servers.ts';

/** 15 columns of the usual types: ~245 bytes a row in PostgreSQL's binary copy format. */
export const wideColumns = `
  id bigint PRIMARY KEY, a int NOT NULL, s smallint, n numeric(18,4), f double precision, t text, v varchar(60), ts timestamptz, d date,
  b boolean, u uuid, j jsonb, y bytea, n1 int, n2 text`;

/** Values of row `i`, in the order of the columns; `k` varies them. */
function wideValues(k: number): string {
  return `i, (i * 7919 + ${k}) % 1000003, (i % 30000)::smallint, ((i * 104729 + ${k}) % 100000000000)::numeric / 10000, sqrt(i + ${k}),
    md5((i + ${k})::text), 'customer ' || i || ' of region ' || i % 97, timestamptz '2020-01-01 00:00:00.123456+00' + ((i * 37 + ${k}) % 150000000) * interval '1 second',
    date '2001-01-01' + ((i + ${k}) % 9000)::int, i % 3 = 0, md5((i * 3 + ${k})::text)::uuid,
    jsonb_build_object('k', i % 1000, 'tag', md5((i % 5000)::text)), decode(md5((i * 5)::text), 'hex'),
    CASE WHEN i % 3 <> 0 THEN (i % 1000000)::int END, CASE WHEN i % 5 = 0 THEN 'note ' || i END`;
}

/** Table `wide` with rows 1 … `rows`. */
export async function makeWide(
  server: BenchServer,
  rows: number,
  where: { readonly table?: string; readonly database?: string } = {},
): Promise<void> {
  const { table = 'wide', database } = where;
  await server.sql(`SET synchronous_commit = off; CREATE TABLE ${table} (${wideColumns})`, database);
  await insertWide(server, { from: 1, to: rows, table, database });
  await server.sql(`VACUUM (ANALYZE, FREEZE) ${table}`, database);
  await server.sql('CHECKPOINT');
}

export async function insertWide(
  server: BenchServer,
  range: { readonly from: number; readonly to: number; readonly table?: string; readonly database?: string | undefined },
): Promise<void> {
  const { from, to, table = 'wide', database } = range;
  await server.sql(`INSERT INTO ${table} SELECT ${wideValues(0)} FROM generate_series(${from}::bigint, ${to}::bigint) AS i`, database);
}

/** pgbench's tables: 100,000 accounts per unit of scale. */
export async function makeAccounts(server: BenchServer, scale: number, database = 'postgres'): Promise<void> {
  await server.client('pgbench', ['-i', '-q', '-s', String(scale)], { env: { ...hastily, PGDATABASE: database } });
  await server.sql('VACUUM (ANALYZE, FREEZE)', database);
  await server.sql('CHECKPOINT');
}

export const pgbenchTables = ['pgbench_accounts', 'pgbench_branches', 'pgbench_tellers', 'pgbench_history'] as const;
