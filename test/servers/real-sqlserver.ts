import { randomBytes } from 'node:crypto';
import { directDialer } from '#base/dialer.ts';
import type { SourceOp, SourcePlace } from '#replication/source.contract.ts';
import { quoteName, quoteText } from '#replication/sources/sqlserver/names.ts';
import { SqlServerSession } from '#replication/sources/sqlserver/session.ts';
import { SqlServerSource } from '#replication/sources/sqlserver/sqlserver-source.ts';
import { parseSqlServerUrl } from '#replication/sources/sqlserver/url.ts';
import type { TextRow } from './text-pool.ts';

const never = new AbortController().signal;

function statement(op: SourceOp): string {
  const table = `dbo.${op.table}`;
  const value = 'v' in op && op.v !== null ? quoteText(op.v) : 'NULL';
  const one = op.table === 'bag' ? 'TOP (1) ' : '';
  switch (op.kind) {
    case 'put':
      return `INSERT INTO ${table} VALUES (${op.id}, ${value})`;
    case 'set':
      return `UPDATE ${one}${table} SET v = ${value} WHERE id = ${op.id}`;
    case 'move':
      return `UPDATE ${table} SET id = ${op.to} WHERE id = ${op.id}`;
    case 'remove':
      return `DELETE ${one}FROM ${table} WHERE id = ${op.id}`;
    case 'truncate':
      return `TRUNCATE TABLE ${table}`;
    default:
      return op satisfies never;
  }
}

/** A database of its own in the server that `url` leads to, whose user must be allowed to make and drop databases. */
export async function realSqlServerPlace(url: string): Promise<SourcePlace> {
  const name = `isthmus_${randomBytes(5).toString('hex')}`;
  const address = parseSqlServerUrl(url);
  const times = { dialer: directDialer, applicationName: 'isthmus test', connectTimeoutMs: 30_000, questionTimeoutMs: 60_000 };
  const admin = await SqlServerSession.connect({ ...address, database: 'master', ...times }, never);
  await admin.query(`CREATE DATABASE ${quoteName(name)}`);
  await admin.query(`ALTER DATABASE ${quoteName(name)} SET ALLOW_SNAPSHOT_ISOLATION ON`);
  const writer = await SqlServerSession.connect({ ...address, database: name, ...times }, never);
  await writer.query(
    'CREATE TABLE dbo.keyed (id int NOT NULL PRIMARY KEY, v nvarchar(200)); CREATE TABLE dbo.bag (id int, v nvarchar(200));',
  );
  await writer.query(`ALTER DATABASE ${quoteName(name)} SET CHANGE_TRACKING = ON (CHANGE_RETENTION = 7 DAYS, AUTO_CLEANUP = OFF)`);
  await writer.query('ALTER TABLE dbo.keyed ENABLE CHANGE_TRACKING');
  return {
    tables: { keyed: 'dbo.keyed', bag: 'dbo.bag' },
    connect: () =>
      SqlServerSource.connect(
        {
          address: { ...address, database: name },
          dialer: directDialer,
          applicationName: 'isthmus test',
          capture: 'change-tracking',
          tables: { matches: (schema) => schema === 'dbo', exact: [] },
          follow: { pollMs: 50 },
          pages: { pageBytes: 200, fewestRows: 10, batchBytes: 100 },
        },
        never,
      ),
    transact: async (ops) => void (await writer.query(`SET XACT_ABORT ON; BEGIN TRAN; ${ops.map(statement).join('; ')}; COMMIT;`)),
    rows: async (table) => (await writer.query(`SELECT CONVERT(varchar(11), id), v FROM dbo.${table}`)) as readonly TextRow[],
    traces: async () => JSON.stringify(await writer.query("SELECT name, type FROM sys.objects WHERE type = 'U' ORDER BY name")),
    keylessRefused: 'NoPrimaryKey',
    tellsNet: true,
    // What a server forgets by itself cannot be hurried here: switched off and on again, it has forgotten everything.
    forget: async () => {
      await writer.query('ALTER TABLE dbo.keyed DISABLE CHANGE_TRACKING; ALTER TABLE dbo.keyed ENABLE CHANGE_TRACKING;');
    },
    [Symbol.asyncDispose]: async () => {
      await writer[Symbol.asyncDispose]();
      await admin.query(`ALTER DATABASE ${quoteName(name)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE ${quoteName(name)}`);
      await admin[Symbol.asyncDispose]();
    },
  };
}
