import { fault, type Fault } from '#base/fault.ts';
import { secret, type Secret } from '#base/secret.ts';

/** How strictly TLS is asked for; meanings as in libpq ("SSL Mode Descriptions"). */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A PostgreSQL server and database, and how to log in. Plain values; nothing of it is shown but host, port, user and database. */
export interface PgAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | undefined;
  readonly database: string;
  readonly sslMode: SslMode;
  /** PEM file of the authorities to trust; `system` or undefined: those that Node trusts. */
  readonly sslRootCert: string | undefined;
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
  /** The name that the certificate must hold, where it is not `host` (the host may be an endpoint's address). */
  readonly tlsServerName: string | undefined;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
}

const sslModes: readonly SslMode[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'];
const parameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'tls_server_name', 'application_name', 'connect_timeout'] as const;
type Parameter = (typeof parameters)[number];
const defaultConnectTimeoutMs = 15_000;
const mostConnectTimeoutS = 600;
const example = 'postgres://user:password@host:5432/database?sslmode=verify-full';

/**
 * Reads `postgres://user:password@host:port/database?…` (libpq's "Connection URIs", with one host). Every part may be percent-encoded.
 * Defaults: port 5432, the database named like the user, `sslmode=prefer`, 15 s. Fault: `invalid`; it never quotes the URL.
 */
export function parsePgUrl(text: string): PgAddress {
  const parts = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text);
  if (parts === null)
    throw invalid(
      'UrlForm',
      'The text is not a PostgreSQL URL.',
      `Write it as ${example}; percent-encode special characters in user and password (@ as %40, / as %2F, # as %23, ? as %3F).`,
    );
  const [, login, place = '', path = '', search = ''] = parts;
  const { user, password } = readLogin(login);
  const { host, port } = readPlace(place);
  const options = readOptions(search);
  const database = decoded(path, 'database') || user;
  if (path.includes('/'))
    throw invalid('UrlDatabase', 'The URL names more than one database.', 'Write one database name after the port; a slash in it as %2F.');
  const sslMode = readSslMode(options.get('sslmode'));
  if ((options.get('sslcert') === undefined) !== (options.get('sslkey') === undefined)) {
    throw invalid('UrlClientCertificate', 'Of sslcert and sslkey only one is given.', 'Give both, or none.');
  }
  return {
    host,
    port,
    user,
    password,
    database,
    sslMode,
    sslRootCert: options.get('sslrootcert'),
    sslCert: options.get('sslcert'),
    sslKey: options.get('sslkey'),
    tlsServerName: options.get('tls_server_name'),
    applicationName: options.get('application_name') ?? 'isthmus',
    connectTimeoutMs: readTimeout(options.get('connect_timeout')),
  };
}

function invalid(code: string, message: string, remedy: string): Fault {
  return fault('invalid', code, message, { remedy });
}

function decoded(text: string, part: string): string {
  let plain: string | undefined;
  try {
    plain = decodeURIComponent(text);
  } catch (cause) {
    // The cause quotes nothing but says nothing either: the part's name is what helps.
    throw fault('invalid', 'UrlEncoding', `The ${part} in the PostgreSQL URL has a wrong percent-encoding.`, {
      remedy: 'Write a percent sign itself as %25.',
      cause,
    });
  }
  if (plain.includes('\0')) throw invalid('UrlEncoding', `The ${part} in the PostgreSQL URL holds a zero byte.`, 'Take %00 out.');
  return plain;
}

function readLogin(login: string | undefined): { user: string; password: Secret | undefined } {
  const colon = login?.indexOf(':') ?? -1;
  const user = login === undefined ? '' : decoded(colon < 0 ? login : login.slice(0, colon), 'user');
  if (user === '') throw invalid('UrlUser', 'The PostgreSQL URL names no user.', `Write it as ${example}.`);
  if (login === undefined || colon < 0) return { user, password: undefined };
  const password = decoded(login.slice(colon + 1), 'password');
  return { user, password: password === '' ? undefined : secret(password) };
}

function readPlace(place: string): { host: string; port: number } {
  if (place.includes(',')) throw invalid('UrlHosts', 'The PostgreSQL URL names several hosts.', 'Name one: the primary.');
  const parts = /^(?:\[([0-9a-fA-F:.]+(?:%25[^\]]+)?)\]|([^:[\]]*))(?::([0-9]*))?$/.exec(place);
  if (parts === null)
    throw invalid(
      'UrlHost',
      'Host and port of the PostgreSQL URL cannot be read.',
      'Write host:port; an IPv6 address in brackets, as [::1]:5432.',
    );
  const host = decoded(parts[1] ?? parts[2] ?? '', 'host');
  if (host === '')
    throw invalid('UrlHost', 'The PostgreSQL URL names no host.', 'Name a host or an address; sockets in a folder are not dialled.');
  if (host.startsWith('/') || host.startsWith('@'))
    throw invalid(
      'UrlHost',
      'The host is a socket in a folder, which cannot be dialled.',
      'Let the server listen on an address, and name it.',
    );
  const port = parts[3] === undefined || parts[3] === '' ? 5432 : Number(parts[3]);
  if (port < 1 || port > 65_535) throw invalid('UrlPort', `Port ${port} is outside 1 to 65535.`, 'PostgreSQL mostly listens on 5432.');
  return { host, port };
}

function readOptions(search: string): ReadonlyMap<Parameter, string> {
  const options = new Map<Parameter, string>();
  for (const pair of search.split('&').filter((text) => text !== '')) {
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals), 'option');
    const parameter = parameters.find((one) => one === name);
    if (parameter === undefined) {
      throw invalid(
        'UrlOption',
        `The option ${JSON.stringify(name.slice(0, 40))} of the PostgreSQL URL is not known.`,
        `Known are: ${parameters.join(', ')}.`,
      );
    }
    if (options.has(parameter)) throw invalid('UrlOption', `The option ${name} stands twice in the PostgreSQL URL.`, 'Write it once.');
    const value = equals < 0 ? '' : decoded(pair.slice(equals + 1), name);
    if (value === '')
      throw invalid('UrlOption', `The option ${name} of the PostgreSQL URL has no value.`, `Write ${name}=VALUE, or leave it out.`);
    options.set(parameter, value);
  }
  return options;
}

function readSslMode(text: string | undefined): SslMode {
  if (text === undefined) return 'prefer';
  const mode = sslModes.find((one) => one === text);
  if (mode === undefined)
    throw invalid('UrlSslMode', `sslmode=${JSON.stringify(text.slice(0, 40))} is not known.`, `Known are: ${sslModes.join(', ')}.`);
  return mode;
}

function readTimeout(text: string | undefined): number {
  if (text === undefined) return defaultConnectTimeoutMs;
  const seconds = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > mostConnectTimeoutS) {
    throw invalid(
      'UrlTimeout',
      'connect_timeout is not a number of seconds that can be waited.',
      `Write a whole number from 1 to ${mostConnectTimeoutS}.`,
    );
  }
  return seconds * 1000;
}
