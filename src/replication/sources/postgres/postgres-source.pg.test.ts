import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { quoteLiteral } from '#replication/schema.ts';
import { sourceContract, type SourceOp } from '#replication/source.contract.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { PgConnection } from './connection.ts';
import { PostgresSource } from './postgres-source.ts';
import { parseTablePatterns } from './table-patterns.ts';
import { parsePgUrl } from './url.ts';

const never = new AbortController().signal;
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const setup = `CREATE TABLE public.keyed (id int PRIMARY KEY, v text); CREATE TABLE public.bag (id int, v text); ALTER TABLE public.bag REPLICA IDENTITY FULL`;

function statement(op: SourceOp): string {
  const table = `public.${op.table}`;
  const row =
    op.table === 'keyed'
      ? `id = ${'id' in op ? op.id : 0}`
      : `ctid = (SELECT min(ctid) FROM ${table} WHERE id = ${'id' in op ? op.id : 0})`;
  const value = 'v' in op && op.v !== null ? quoteLiteral(op.v) : 'NULL';
  switch (op.kind) {
    case 'put':
      return `INSERT INTO ${table} VALUES (${op.id}, ${value})`;
    case 'set':
      return `UPDATE ${table} SET v = ${value} WHERE ${row}`;
    case 'move':
      return `UPDATE ${table} SET id = ${op.to} WHERE ${row}`;
    case 'remove':
      return `DELETE FROM ${table} WHERE ${row}`;
    case 'truncate':
      return `TRUNCATE ${table}`;
    default:
      return op satisfies never;
  }
}

sourceContract('PostgreSQL', async () => {
  const database = `c${randomBytes(4).toString('hex')}`;
  const connect = (name: string): Promise<PgConnection> =>
    PgConnection.connect({ ...parsePgUrl(server.url(name)), dialer: directDialer }, never);
  await using admin = await connect('postgres');
  await admin.query(`CREATE DATABASE ${database}`);
  const connection = await connect(database);
  await connection.query(setup);
  const options = {
    address: { ...parsePgUrl(server.url(database)), dialer: directDialer },
    slot: `isthmus_${database}`,
    catalog: { patterns: parseTablePatterns('public.*'), asText: new Set<string>() },
    failover: false,
    follow: { lingerMs: 0, idleMs: 20, heartbeatMs: 0 },
    pages: { pageBytes: 240, batchBytes: 100 },
  };
  return {
    tables: { keyed: 'public.keyed', bag: 'public.bag' },
    connect: () => PostgresSource.connect(options, never),
    transact: async (ops) => {
      await connection.query(ops.map(statement).join('; '));
    },
    rows: (table) => connection.query(`SELECT id, v FROM public.${table}`),
    traces: async () => {
      const names = await connection.query(
        `SELECT slot_name::text, database::text FROM pg_replication_slots WHERE database = '${database}' UNION ALL SELECT p.pubname::text, r.prrelid::text FROM pg_publication p LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid UNION ALL SELECT relname::text, relkind::text FROM pg_class ORDER BY 1, 2`,
      );
      return JSON.stringify(names);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
});
