import type { Duplex } from 'node:stream';
import type { Dialer } from '#base/dialer.ts';
import { fault, toFault, type Fault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';
import { parseGreeting } from '#wire/mysql/greeting.ts';
import { parsePrelogin, preloginRequest } from '#wire/tds/prelogin.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';

/** How strictly TLS is asked for; meanings as libpq's. */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A database, and how to log in to it. */
export interface DatabaseAddress {
  readonly kind: 'sqlserver' | 'postgresql' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret | undefined;
  readonly tls: TlsMode;
  /** The name that the certificate must hold, where it is not `host`. */
  readonly certificateName: string | undefined;
}

/** One step of a test. Steps come in order; none follows one that failed. */
export interface TestStep {
  readonly name: 'TCP' | 'TLS' | 'protocol' | 'login' | 'rights';
  readonly ok: boolean;
  readonly ms: number;
  /** One sentence. No secret, no row's value. */
  readonly detail: string;
  readonly fault: Fault | undefined;
}

export interface TestAsk {
  readonly address: DatabaseAddress;
  readonly dialer: Dialer;
  readonly timeoutMs: number;
}

/** Connects as far as this can be done for the kind of database: PostgreSQL up to its rights, the others up to what the server says of itself. Never rejects. */
export async function testConnection(ask: TestAsk, signal: AbortSignal): Promise<readonly TestStep[]> {
  switch (ask.address.kind) {
    case 'postgresql':
      return await testPostgres(ask, signal);
    case 'sqlserver':
      return await testGreeting(ask, signal, {
        request: preloginRequest(),
        read: (bytes) => {
          const answer = parsePrelogin(bytes);
          return answer && `A SQL Server of version ${answer.version} answers; encryption: ${answer.encryption}.`;
        },
        server: 'SQL Server',
      });
    case 'mysql':
      return await testGreeting(ask, signal, {
        request: undefined,
        read: (bytes) => {
          const answer = parseGreeting(bytes);
          return answer && `A server of version ${answer.version} answers, ${answer.offersTls ? 'with' : 'without'} TLS.`;
        },
        server: 'MySQL',
      });
  }
}

/** Steps with their times. */
class Steps {
  readonly all: TestStep[] = [];
  #fromMs = performance.now();

  done(name: TestStep['name'], detail: string): void {
    this.all.push({ name, ok: true, ms: this.#lap(), detail, fault: undefined });
  }

  failed(name: TestStep['name'], error: unknown): void {
    const trouble = toFault(error);
    // A bug's message is not for users.
    const detail = trouble.kind === 'bug' ? 'The test itself failed.' : trouble.message;
    this.all.push({ name, ok: false, ms: this.#lap(), detail, fault: trouble });
  }

  #lap(): number {
    const nowMs = performance.now();
    const ms = Math.round((nowMs - this.#fromMs) * 10) / 10;
    this.#fromMs = nowMs;
    return ms;
  }
}

async function testPostgres({ address, dialer, timeoutMs }: TestAsk, signal: AbortSignal): Promise<readonly TestStep[]> {
  const { host, port, user, password, database, tls, certificateName } = address;
  const steps = new Steps();
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
    steps.done('rights', await readRights(connection, { user, signal, timeoutMs }));
  } catch (error) {
    steps.failed(next, error);
  }
  return steps.all;
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

interface GreetingAsk {
  /** What is said first; undefined: the server begins. */
  readonly request: Uint8Array | undefined;
  /** A sentence about what came; undefined: more bytes are needed. Throws where it is something else. */
  readonly read: (bytes: Uint8Array) => string | undefined;
  readonly server: string;
}

async function testGreeting(ask: TestAsk, signal: AbortSignal, greeting: GreetingAsk): Promise<readonly TestStep[]> {
  const { host, port } = ask.address;
  const steps = new Steps();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(ask.timeoutMs)]);
  let next: TestStep['name'] = 'TCP';
  try {
    const stream = await ask.dialer.dial(host, port, deadline);
    steps.done('TCP', `${host}:${port} takes connections.`);
    next = 'protocol';
    steps.done('protocol', await exchange(stream, greeting, { target: `${host}:${port}`, deadline }));
    next = 'login';
    throw fault(
      'unsupported',
      'LoginNotTested',
      `Login to ${greeting.server} is not tested yet: user, password and rights are not known to be right.`,
      {
        remedy: 'Everything up to the server is open. Try the login with a client of your own.',
      },
    );
  } catch (error) {
    steps.failed(next, error);
  }
  return steps.all;
}

const mostGreetingBytes = 8192;

/** Says what is to be said, and answers what was read. The stream is gone afterwards. */
async function exchange(
  stream: Duplex,
  { request, read, server }: GreetingAsk,
  { target, deadline }: { readonly target: string; readonly deadline: AbortSignal },
): Promise<string> {
  const silent = (): Fault =>
    fault('timeout', 'ServerSilent', `${target} took the connection and does not answer as a ${server} server.`, {
      target,
      remedy: 'Check the server behind the path, and what the forwarder passes on to.',
    });
  const onAbort = (): void => void stream.destroy(silent());
  deadline.addEventListener('abort', onAbort, { once: true });
  try {
    if (request !== undefined) stream.write(request);
    let bytes: Uint8Array = new Uint8Array(0);
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes = Buffer.concat([bytes, chunk]);
      const said = read(bytes);
      if (said !== undefined) return said;
      if (bytes.length > mostGreetingBytes) break;
    }
    throw fault('unreachable', 'ConnectionLost', `${target} ended the connection before it said what it is.`, {
      target,
      remedy: `Check that a ${server} server stands behind the path.`,
    });
  } catch (error) {
    if (deadline.aborted) throw silent();
    throw lostFault(error, target);
  } finally {
    deadline.removeEventListener('abort', onAbort);
    stream.on('error', () => stream.destroy());
    stream.destroy();
  }
}

function lostFault(error: unknown, target: string): Fault {
  const trouble = toFault(error);
  if (trouble.kind !== 'bug') return trouble;
  return fault('unreachable', 'ConnectionLost', `The connection to ${target} broke.`, {
    target,
    remedy: 'Check the network and that the server still runs; its log says whether it ended the connection.',
    cause: error,
  });
}
