import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '#base/log.ts';
import { QueryAdmission } from '#pool/admission.ts';
import { EngineMemory } from '#pool/query-memory.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import type { FrontEncryption } from '#pool/tds/front-options.ts';
import { openPoolEndpoint } from '#pool/tds/pool-endpoint.ts';
import { SqlPool } from '#pool/tsql/run/sql-pool.ts';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { askTedious, connectTedious } from './tedious-calls.ts';
import { kindsTable, manyTable, otherTables } from './kinds.ts';

/** A SQL pool with tables, and where clients reach it. */
export interface SqlScene extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** PEM of who signed its certificate. */
  readonly authority: string;
  /** A folder for files of clients, which goes with the scene. */
  readonly folder: string;
  readonly encryption: FrontEncryption;
}

const password = 'Kept-to-itself-7';

/** A pool in a folder of its own behind the endpoint that `isthmus up` opens. */
export async function openSqlScene(encryption: FrontEncryption = 'support'): Promise<SqlScene> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-sql-'));
  const pool = await DuckDbPool.open(join(folder, 'pool.duckdb'), { memoryLimitMb: 256 });
  const admission = new QueryAdmission({
    atOnce: 4,
    queued: 64,
    statementMs: 300_000,
    statementMb: 512,
    memory: new EngineMemory(() => pool.engine()),
  });
  const sql = new SqlPool(pool, { database: 'pool1', serverName: 'ws', admission, now: Date.now, log: silentLog });
  const authority = makeAuthority('SQL pool test authority');
  const { certificate, key } = authority.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
  const front = await openPoolEndpoint({
    host: '127.0.0.1',
    port: 0,
    encryption,
    certificate: { cert: certificate, key },
    serverName: 'ws',
    database: 'pool1',
    decide: async (login) =>
      login.user === 'ada' && login.password === password
        ? { kind: 'accepted', user: { name: 'ada', mayWrite: true } }
        : { kind: 'refused', messages: [{ number: 18_456, state: 1, text: `Login failed for user '${login.user}'.` }] },
    open: (client) => sql.open(client),
    log: silentLog,
  });
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  const scene: SqlScene = {
    host: '127.0.0.1',
    port: front.port,
    user: 'ada',
    password,
    database: 'pool1',
    authority: authority.certificate,
    folder,
    encryption,
    [Symbol.asyncDispose]: async () => {
      await front[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const connection = await connectTedious(tediousConfig(scene));
  for (const text of [kindsTable, otherTables, manyTable]) await askTedious(connection, text, { batch: true });
  connection.close();
  return scene;
}

export function tediousConfig({
  host,
  port,
  user,
  password: secret,
  database,
  authority,
  encryption,
}: SqlScene): Parameters<typeof connectTedious>[0] {
  return {
    server: host,
    authentication: { type: 'default', options: { userName: user, password: secret } },
    options: {
      port,
      database,
      encrypt: encryption === 'strict' ? 'strict' : encryption !== 'off',
      trustServerCertificate: false,
      serverName: 'localhost',
      cryptoCredentialsDetails: { ca: authority },
      requestTimeout: 30_000,
      useUTC: true,
    },
  };
}
