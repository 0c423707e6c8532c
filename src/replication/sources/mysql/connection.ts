import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { authPlugins, createConnection, type Connection, type ConnectionOptions, type QueryError, type SslOptions } from 'mysql2';
import type { Dialer } from '#base/dialer.ts';
import { Fault, toFault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';
import { parseGreeting, type Greeting } from '#wire/mysql/greeting.ts';
import { dialServer, untilDeadline, type Connecting } from '../connecting.ts';
import { certificateTrouble } from '../server-certificate.ts';
import { connectionFault, serverFault } from './faults.ts';

export interface MySqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | undefined;
  /** Empty: none is chosen. */
  readonly database: string;
  readonly tls: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** The name that the certificate must hold, where it is not `host`. */
  readonly certificateName: string | undefined;
}

export interface MySqlOptions extends MySqlAddress {
  readonly dialer: Dialer;
  /** Told how far connecting came. */
  readonly onStage?: ((stage: MySqlStage) => void) | undefined;
}

export type MySqlStage =
  | { readonly stage: 'dialled' }
  | { readonly stage: 'secured'; readonly encrypted: boolean; readonly serverVersion: string };

const graceMs = 500;

/**
 * One session with a MySQL or MariaDB, for a few questions: `mysql2` over the dialer's stream. TLS is verified against the name that is addressed,
 * wherever the dialer leads. The deadline ends it at any step.
 */
export class MySqlConnection implements AsyncDisposable {
  /** `8.4.3` or `11.8.2-MariaDB`. */
  readonly serverVersion: string;
  readonly #connection: Connection;
  readonly #stream: Duplex;
  readonly #connecting: Connecting;

  private constructor(connection: Connection, stream: Duplex, { greeting, connecting }: { greeting: Greeting; connecting: Connecting }) {
    this.#connection = connection;
    this.#stream = stream;
    this.serverVersion = greeting.version;
    this.#connecting = connecting;
  }

  /**
   * Faults: the dialer's; `NotMySql`, `TlsRefused`, `TlsFailed`, `CleartextPassword`, `AuthenticationMethod`, those of the certificate and of what
   * the server answers the login, `ServerSilent` (timeout) for any step.
   */
  static async connect(options: MySqlOptions, deadline: AbortSignal): Promise<MySqlConnection> {
    const target = `${options.host}:${options.port}`;
    const connecting: Connecting = { target, server: 'MySQL', deadline };
    const stream = await dialServer(options.dialer, options.host, options.port, connecting);
    try {
      options.onStage?.({ stage: 'dialled' });
      const greeting = await readGreeting(stream, connecting);
      const connection = await logIn(stream, greeting, { options, connecting });
      return new MySqlConnection(connection, stream, { greeting, connecting });
    } catch (error) {
      drop(stream);
      throw error;
    }
  }

  /** Rows as texts, in the order of the columns. Faults: those of the server's answer and of the deadline. */
  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    const answer = new Promise<readonly (readonly (string | null)[])[]>((resolve, reject) => {
      this.#connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.string() }, (error, rows) => {
        if (error === null) resolve(rows as unknown as readonly (readonly (string | null)[])[]);
        else reject(troubleOf(error, this.#connecting.target, { secured: true, encrypted: true }));
      });
    });
    return await untilDeadline(answer, this.#connecting, 'the answer to a question');
  }

  /** Says good-bye, so that the server counts no broken connection, and waits for nothing else. */
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#connection.end(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#connection.destroy();
    drop(this.#stream);
  }
}

function drop(stream: Duplex): void {
  stream.on('error', () => stream.destroy());
  stream.destroy();
}

/** Reads what the server says first, and leaves it in the stream for the library to read again. */
async function readGreeting(stream: Duplex, connecting: Connecting): Promise<Greeting> {
  const { target } = connecting;
  let bytes: Uint8Array = new Uint8Array(0);
  let settle = (): void => undefined;
  const said = new Promise<Greeting>((resolve, reject) => {
    const onBytes = (chunk: Uint8Array): void => {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        const greeting = parseGreeting(bytes);
        if (greeting !== undefined) resolve(greeting);
      } catch (error) {
        const trouble = toFault(error);
        reject(trouble.code === 'NotMySql' ? connectionFault('notMySql', target, error) : trouble);
      }
    };
    const onLost = (cause?: unknown): void => reject(connectionFault('lost', target, cause));
    const events = [
      ['data', onBytes],
      ['error', onLost],
      ['end', onLost],
      ['close', onLost],
    ] as const;
    for (const [event, listener] of events) stream.on(event, listener);
    settle = () => {
      stream.pause();
      for (const [event, listener] of events) stream.removeListener(event, listener);
    };
  });
  try {
    return await untilDeadline(said, connecting, 'the greeting');
  } finally {
    settle();
    stream.unshift(bytes);
  }
}

interface LoginAsk {
  readonly options: MySqlOptions;
  readonly connecting: Connecting;
}

async function logIn(stream: Duplex, greeting: Greeting, { options, connecting }: LoginAsk): Promise<Connection> {
  const { target } = connecting;
  const encrypts = options.tls !== 'disable' && greeting.offersTls;
  if (!encrypts && options.tls !== 'disable' && options.tls !== 'prefer') throw connectionFault('tlsRefused', target);
  let secured = false;
  const onSecured = (): void => {
    secured = true;
    options.onStage?.({ stage: 'secured', encrypted: encrypts, serverVersion: greeting.version });
  };
  if (!encrypts) onSecured();
  const connection = createConnection(libraryOptions(stream, options, encrypts));
  const loggedIn = new Promise<Connection>((resolve, reject) => {
    connection.on('error', (error: QueryError) => reject(troubleOf(error, target, { secured, encrypted: encrypts })));
    connection.once('connect', () => resolve(connection));
  });
  // The library starts TLS while it reads the greeting, and then has the secured stream for its own.
  if (encrypts) stream.once('data', () => setImmediate(() => whenSecured(connection, onSecured)));
  stream.resume();
  try {
    return await untilDeadline(loggedIn, connecting, () => (secured ? 'the answer to the login' : 'the TLS handshake'));
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function whenSecured(connection: Connection, onSecured: () => void): void {
  const secured: unknown = Reflect.get(connection, 'stream');
  if (secured instanceof TLSSocket) secured.once('secureConnect', onSecured);
}

function libraryOptions(stream: Duplex, options: MySqlOptions, encrypts: boolean): ConnectionOptions {
  const { host, port, user, password, database, tls, certificateName } = options;
  const ssl: SslOptions = { rejectUnauthorized: tls === 'verify-ca' || tls === 'verify-full', verifyIdentity: tls === 'verify-full' };
  return {
    stream,
    // The name that the library verifies; where it connects to is the stream's matter.
    host: certificateName ?? host,
    port,
    user,
    password: password?.reveal() ?? '',
    ...(database === '' ? {} : { database }),
    ...(encrypts ? { ssl } : { authPlugins: { caching_sha2_password: refusesKeys(), sha256_password: refusesKeys('always') } }),
    // The deadline ends it.
    connectTimeout: 0,
    multipleStatements: false,
    // Nothing of this machine is told, and the server may ask for no file of it.
    connectAttributes: {},
    flags: ['-LOCAL_FILES'],
  };
}

const askForKey = 2;

/** Without TLS a key that the server sends may be anybody's: the password is not encrypted with it. What needs no key goes on. */
function refusesKeys(when?: 'always'): NonNullable<ConnectionOptions['authPlugins']>[string] {
  return (context) => {
    const answers = authPlugins.caching_sha2_password({})(context);
    return async (bytes) => {
      const answer: unknown = when === 'always' ? undefined : await answers(bytes);
      if (when === 'always' || (answer instanceof Uint8Array && answer.length === 1 && answer[0] === askForKey))
        throw connectionFault('cleartextRefused', 'The server');
      return answer as Buffer;
    };
  };
}

interface Secured {
  /** TLS is there, or none is wanted. */
  readonly secured: boolean;
  readonly encrypted: boolean;
}

/** OpenSSL's words for what the library no longer says by code. */
const certificateWords: readonly (readonly [words: RegExp, reason: string])[] = [
  [/expired|not yet valid/i, 'CERT_HAS_EXPIRED'],
  [/self.signed|local issuer|first certificate|untrusted/i, 'SELF_SIGNED_CERT_IN_CHAIN'],
];

function troubleOf(error: QueryError, target: string, { secured, encrypted }: Secured): Fault {
  const code: string = error.code;
  // The library writes its own code over that of what a plugin throws.
  if (error instanceof Fault) return code === 'AUTH_SWITCH_PLUGIN_ERROR' ? connectionFault('cleartextRefused', target) : error;
  if (typeof error.errno === 'number' && error.errno > 0 && error.sqlState !== undefined)
    return serverFault(error.errno, target, encrypted);
  if (code === 'AUTH_SWITCH_PLUGIN_ERROR' || code === 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED')
    return connectionFault('authenticationMethod', target, error);
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return connectionFault('tlsRefused', target, error);
  if (code === 'HANDSHAKE_SSL_ERROR') return tlsTrouble(error, target);
  if (code === 'PROTOCOL_CONNECTION_LOST' || code === 'ECONNRESET' || code === 'EPIPE')
    return connectionFault(secured ? 'lost' : 'tlsFailed', target, error);
  return connectionFault('notMySql', target, error);
}

function tlsTrouble(error: Error, target: string): Fault {
  // Only what looks at names says which it looked for.
  if ('cert' in error && 'host' in error) return connectionFault('certificateName', target, error);
  const reason = certificateWords.find(([words]) => words.test(error.message))?.[1];
  return connectionFault(reason === undefined ? 'tlsFailed' : certificateTrouble(reason), target, error);
}
