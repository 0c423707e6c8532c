import { fault, Fault } from '#base/fault.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { Steps, type TestAsk, type TestStep } from './test-connection.ts';

/** Connects to a PostgreSQL, up to what its user may read. Never rejects. */
export async function testPostgres({ address, dialer, timeoutMs, onStep }: TestAsk, signal: AbortSignal): Promise<readonly TestStep[]> {
  const { host, port, user, password, database, tls, certificateName } = address;
  const steps = new Steps(onStep);
  const endsMs = performance.now() + timeoutMs;
  const files = { sslRootCert: undefined, sslCert: undefined, sslKey: undefined };
  let next: TestStep['name'] = 'TCP';
  try {
    await using connection = await PgConnection.connect(
      {
        host,
        port,
        user,
        password,
        ...files,
        database: database === '' ? user : database,
        sslMode: tls,
        tlsServerName: certificateName,
        applicationName: 'isthmus test connection',
        connectTimeoutMs: timeoutMs,
        dialer,
        onStage: (stage) => {
          if (stage.stage === 'dialled') steps.done('TCP', `${host}:${port} takes connections.`);
          else if (stage.encrypted)
            steps.done('TLS', tls === 'verify-full' ? `Encrypted; the certificate is for ${certificateName ?? host}.` : 'Encrypted.');
          else steps.done('TLS', `Not encrypted: ${tls === 'disable' ? 'none is asked for' : 'the server offers none'}.`);
          next = stage.stage === 'dialled' ? 'TLS' : 'login';
        },
      },
      signal,
    );
    steps.done(
      'login',
      `${user} is logged in to the database ${connection.database} (PostgreSQL ${connection.parameters.get('server_version') ?? ''}).`,
    );
    next = 'rights';
    steps.done('rights', await readRights(connection, { user, signal, timeoutMs: Math.max(1, endsMs - performance.now()) }));
  } catch (error) {
    steps.failed(next, next === 'TCP' ? error : silentOr(error, `${host}:${port}`));
  }
  return steps.all;
}

/** After it took the connection, a server that is too slow is silent, at whatever step. */
function silentOr(error: unknown, target: string): unknown {
  if (!(error instanceof Fault) || error.kind !== 'timeout') return error;
  return fault('timeout', 'ServerSilent', `${target} took the connection and says nothing where an answer of a PostgreSQL is due.`, {
    target,
    remedy: 'Check that the PostgreSQL behind the path is well and not overloaded, and what the forwarder passes on to.',
    cause: error,
  });
}

interface RightsAsk {
  readonly user: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

const rightsQuery = `SELECT count(*), count(*) FILTER (WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** Fault: `NoReadableTable` (denied), where there are tables and none may be read. */
async function readRights(connection: PgConnection, { user, signal, timeoutMs }: RightsAsk): Promise<string> {
  const [row] = await connection.query(rightsQuery, { signal, timeoutMs });
  const [all, readable] = [row?.[0] ?? '0', row?.[1] ?? '0'];
  if (all !== '0' && readable === '0')
    throw fault('denied', 'NoReadableTable', `${user} may read none of the ${all} tables.`, {
      target: user,
      remedy: `As their owner: GRANT USAGE ON SCHEMA … TO "${user}"; GRANT SELECT ON ALL TABLES IN SCHEMA … TO "${user}";`,
    });
  return `${user} may read ${readable} of ${all} tables.`;
}
