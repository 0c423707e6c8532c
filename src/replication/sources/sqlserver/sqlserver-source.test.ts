import { directDialer } from '#base/dialer.ts';
import { secret } from '#base/secret.ts';
import { sourceContract, type SourceOp, type SourcePlace } from '#replication/source.contract.ts';
import { realSqlServerPlace } from '#test/servers/real-sqlserver.ts';
import { doubleOwner, SqlServerDouble } from '#test/servers/sqlserver-double/server.ts';
import { insert, remove, truncate, update, type DoubleWrite } from '#test/servers/sqlserver-double/writes.ts';
import type { Capture } from './place.ts';
import { SqlServerSource, type SqlServerSourceOptions } from './sqlserver-source.ts';

const never = new AbortController().signal;

function write(op: SourceOp): DoubleWrite {
  const table = `dbo.${op.table}`;
  switch (op.kind) {
    case 'put':
      return insert(table, { id: op.id, v: op.v });
    case 'set':
      return { ...update(table, { id: op.id }, { v: op.v }), ...(op.table === 'bag' && { most: 1 }) } as DoubleWrite;
    case 'move':
      return update(table, { id: op.id }, { id: op.to });
    case 'remove':
      return { ...remove(table, { id: op.id }), ...(op.table === 'bag' && { most: 1 }) } as DoubleWrite;
    case 'truncate':
      return truncate(table);
    default:
      return op satisfies never;
  }
}

sourceContract('SQL Server by change tracking', () => place('change-tracking'));
sourceContract('SQL Server by CDC', () => place('cdc'));

/** `sqlserver://…` of a real one, whose user may make databases. Without it what is above ran against the double only. */
const real = process.env['MSSQL_URL'];
// By change tracking only: the capture job of a real server is some seconds behind, which the contract does not wait for.
if (real !== undefined && real !== '') sourceContract('real SQL Server by change tracking', () => realSqlServerPlace(real));

async function place(capture: Capture): Promise<SourcePlace> {
  const server = await SqlServerDouble.start();
  const database = server.database();
  const columns = { id: 'int', v: 'nvarchar(max) null' };
  database.create('dbo.keyed', columns, ['id']);
  database.create('dbo.bag', columns);
  if (capture === 'cdc') {
    database.enableCapture();
    database.captureTable('dbo.keyed');
  } else {
    database.trackChanges(7 * 24 * 60);
    database.trackTable('dbo.keyed');
  }
  const options: SqlServerSourceOptions = {
    address: {
      host: '127.0.0.1',
      port: server.port,
      user: doubleOwner.user,
      password: secret(doubleOwner.password),
      database: 'shop',
      tls: 'disable',
      tlsFirst: false,
      certificateName: undefined,
      routes: [],
    },
    dialer: directDialer,
    applicationName: 'isthmus test',
    capture,
    tables: { matches: (schema) => schema === 'dbo', exact: [] },
    follow: { pollMs: 5 },
    pages: { pageBytes: 200, fewestRows: 10, batchBytes: 100 },
  };
  return {
    tables: { keyed: 'dbo.keyed', bag: 'dbo.bag' },
    connect: () => SqlServerSource.connect(options, never),
    transact: (ops) => Promise.resolve(database.transact(ops.map(write))),
    rows: (table) => Promise.resolve(database.rows(`dbo.${table}`).map(({ id, v }) => [String(id), v === null ? null : String(v)])),
    traces: () => Promise.resolve(JSON.stringify([...database.state.tables.keys()])),
    keylessRefused: 'NoPrimaryKey',
    tellsNet: true,
    forget: () => Promise.resolve(capture === 'cdc' ? database.cleanUpCapture() : database.cleanUpTracking()),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
