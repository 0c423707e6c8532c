// A SQL pool before its endpoint, in a process of its own as in the product. Run with the pool's file; tells its port, and ends with its parent.
import { silentLog } from '#base/log.ts';
import { QueryAdmission } from '#pool/admission.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { EngineMemory } from '#pool/query-memory.ts';
import { openPoolEndpoint } from '#pool/tds/pool-endpoint.ts';
import { SqlPool } from '#pool/tsql/run/sql-pool.ts';

const pool = await DuckDbPool.open(process.argv[2] ?? '', { rejectsTables: true });
const admission = new QueryAdmission({
  atOnce: 16,
  queued: 256,
  statementMs: 3_600_000,
  statementMb: 16_384,
  memory: new EngineMemory(() => pool.engine()),
});
const sql = new SqlPool(pool, { database: 'pool1', serverName: 'bench', admission, now: Date.now, log: silentLog });
const front = await openPoolEndpoint({
  host: '127.0.0.1',
  port: 0,
  encryption: 'off',
  serverName: 'bench',
  database: 'pool1',
  decide: ({ user }) => Promise.resolve({ kind: 'accepted', user: { name: user, mayWrite: true } }),
  open: (client) => sql.open(client),
  log: silentLog,
});
process.send?.(front.port);
process.once('disconnect', () => process.exit(0));
