import { isIP } from 'node:net';
import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import { secret, type Secret } from '#base/secret.ts';
import type { Sealer } from '#arm/access.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { checkRoute, type Route } from '#replication/sources/sqlserver/routes.ts';
import type { DatabaseAddress, TlsMode } from '#runtime/jobs/test-connection.ts';
import { readConnectionString } from './connection-string.ts';
import { type LinkedServiceProperties, storeKinds, type StoreKind } from './linked-service-shape.ts';

const usualPort: Readonly<Record<StoreKind, number>> = { sqlserver: 1433, postgresql: 5432, mysql: 3306 };

/** Names that a setting has in bodies and connection strings; without regard to case and blanks. */
const names = {
  host: ['server', 'datasource', 'host', 'hostname', 'servername', 'address', 'addr', 'networkaddress'],
  port: ['port'],
  database: ['database', 'initialcatalog', 'databasename', 'db'],
  user: ['userid', 'uid', 'user', 'username'],
  tls: ['sslmode', 'encrypt', 'encryptionmethod'],
  validate: ['validateservercertificate'],
  trust: ['trustservercertificate'],
  certificateName: ['hostnameincertificate'],
} as const;

type Settings = ReadonlyMap<string, string>;

/**
 * Where a linked service leads, and how it logs in. Sealed and open secrets are both read. Faults (invalid): `InvalidLinkedService`,
 * `InvalidConnectionString`, `LinkedServiceHostNotName`; (unsupported) `LinkedServiceSecretNotSupported`, `LinkedServiceParameter`.
 */
export function storeAddress({ type, typeProperties }: LinkedServiceProperties, sealer: Pick<Sealer, 'open'>): DatabaseAddress {
  const kind = storeKinds[type];
  const { settings, password } = readSettings(typeProperties, sealer);
  const { host, port } = readHost(settings, kind);
  return {
    kind,
    host,
    port,
    database: setting(settings, 'database') ?? '',
    user: setting(settings, 'user') ?? '',
    password,
    tls: tlsMode(settings, kind),
    certificateName: setting(settings, 'certificateName'),
    // `encrypt=strict`, of the newest form: TLS comes before anything else.
    ...(kind === 'sqlserver' && setting(settings, 'tls')?.toLowerCase() === 'strict' && { tlsFirst: true }),
    ...(kind === 'sqlserver' && routesOf(typeProperties)),
  };
}

const isthmusSettings = z.object({
  routes: z
    .array(
      z.strictObject({
        hosts: z.string().max(253),
        ports: z.string().max(11),
        action: z.enum(['follow', 'pin', 'fail']),
        via: z.string().max(260).optional(),
      }),
    )
    .max(100)
    .optional(),
});

/** Ours: `isthmus.routes` says what becomes of places that a gateway sends on to. */
function routesOf(typeProperties: JsonObject): { readonly routes?: readonly Route[] } {
  const given = typeProperties['isthmus'];
  if (given === undefined) return {};
  const read = isthmusSettings.safeParse(given);
  if (!read.success)
    throw invalid(
      'its isthmus.routes cannot be understood.',
      'Write {"routes":[{"hosts":"*.example.net","ports":"11000-11999","action":"follow","via":"host:port"}]}.',
    );
  const { routes } = read.data;
  for (const route of routes ?? []) checkRoute(route);
  return routes === undefined ? {} : { routes };
}

function readSettings(
  typeProperties: JsonObject,
  sealer: Pick<Sealer, 'open'>,
): { readonly settings: Settings; readonly password: Secret | undefined } {
  const settings = new Map<string, string>();
  let password = secretOf(typeProperties['password'] ?? typeProperties['pwd'], 'password', sealer);
  const text = typeProperties['connectionString'];
  const opened = typeof text === 'string' ? text : secretOf(text, 'connectionString', sealer)?.reveal();
  for (const { key, value } of opened === undefined ? [] : readConnectionString(opened)) {
    if (key === 'password' || key === 'pwd') password ??= value === '' ? undefined : secret(value);
    else if (value.includes('@{linkedService()')) throw parameterised('connectionString');
    else settings.set(key, value);
  }
  for (const [name, value] of Object.entries(typeProperties)) {
    if (name === 'password' || name === 'pwd' || name === 'connectionString') continue;
    if (isExpression(value)) throw parameterised(name);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      settings.set(name.toLowerCase(), String(value));
  }
  return { settings, password };
}

/** Undefined: none, or one that is masked and that nobody stored. */
function secretOf(value: Json | undefined, name: string, sealer: Pick<Sealer, 'open'>): Secret | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return /^\*{3,}$/.test(value) ? undefined : secret(value);
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const object = value as JsonObject;
  if (typeof object['$sealed'] === 'string') return sealer.open(object['$sealed']);
  if (object['type'] === 'SecureString') return secretOf(object['value'], name, sealer);
  if (isExpression(value)) throw parameterised(name);
  throw fault('unsupported', 'LinkedServiceSecretNotSupported', `${name} is kept in another service, which cannot be asked from here.`, {
    target: `properties.typeProperties.${name}`,
    remedy: 'Give it as a SecureString: it is sealed at rest and never shown.',
  });
}

function isExpression(value: Json): boolean {
  return typeof value === 'object' && value !== null && (value as JsonObject)['type'] === 'Expression';
}

function parameterised(name: string): Fault {
  return fault('unsupported', 'LinkedServiceParameter', `${name} is an expression, and parameters of linked services are not evaluated.`, {
    target: `properties.typeProperties.${name}`,
    remedy: 'Write the value itself.',
  });
}

function setting(settings: Settings, what: keyof typeof names): string | undefined {
  for (const name of names[what]) {
    const value = settings.get(name);
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** `tcp:host,port`, `host:port` or `host`. */
function readHost(settings: Settings, kind: StoreKind): { readonly host: string; readonly port: number } {
  const given = setting(settings, 'host');
  if (given === undefined) throw invalid('It names no host.', 'Give server, or a connection string with Server= or Host=.');
  const [, host = '', inline] = /^(?:tcp:)?\s*([^\s,:]+?)\s*(?:[,:]\s*(\d{1,5}))?$/i.exec(given) ?? [];
  if (isIP(host || given) !== 0)
    throw fault('invalid', 'LinkedServiceHostNotName', 'The host is an address; through a private path only names lead anywhere.', {
      target: 'properties.typeProperties',
      remedy: 'Give the fully qualified domain name that the managed private endpoint carries.',
    });
  if (!/^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i.test(host) || host.length > 253)
    throw invalid('The host is not a name.', 'Give it as db.example.net, with the port after a comma or in port.');
  const port = Number(inline ?? setting(settings, 'port') ?? usualPort[kind]);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('The port is not one.', 'Give a number from 1 to 65535.');
  return { host: host.toLowerCase(), port };
}

/** Of PostgreSQL and MySQL by number or word, of SQL Server by `encrypt`. Rule: the connectors' pages of Microsoft. */
function tlsMode(settings: Settings, kind: StoreKind): TlsMode {
  const text = (setting(settings, 'tls') ?? '').toLowerCase().replaceAll(/[\s_-]/g, '');
  const trusts = isYes(setting(settings, 'trust'));
  if (kind === 'sqlserver') return ['false', 'no', 'optional', 'disable'].includes(text) ? 'prefer' : trusts ? 'require' : 'verify-full';
  if (settings.has('encryptionmethod') && !settings.has('sslmode'))
    return text === '0' ? 'disable' : isYes(setting(settings, 'validate')) ? 'verify-full' : 'require';
  const mode = (kind === 'mysql' ? mysqlModes : postgresModes)[text];
  if (text !== '' && mode === undefined) throw invalid('sslMode is not known.', 'Give disable, prefer, require, verify-ca or verify-full.');
  return trusts && (mode === 'verify-ca' || mode === 'verify-full') ? 'require' : (mode ?? 'prefer');
}

const words: Readonly<Record<string, TlsMode>> = {
  disable: 'disable',
  disabled: 'disable',
  none: 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  preferred: 'prefer',
  require: 'require',
  required: 'require',
  verifyca: 'verify-ca',
  verifyfull: 'verify-full',
  verifyidentity: 'verify-full',
};
const postgresModes: Readonly<Record<string, TlsMode>> = {
  ...words,
  '0': 'disable',
  '1': 'prefer',
  '2': 'prefer',
  '3': 'require',
  '4': 'verify-ca',
  '5': 'verify-full',
};
const mysqlModes: Readonly<Record<string, TlsMode>> = {
  ...words,
  '0': 'disable',
  '1': 'prefer',
  '2': 'require',
  '3': 'verify-ca',
  '4': 'verify-full',
};

function isYes(text: string | undefined): boolean {
  return ['true', 'yes', '1'].includes((text ?? '').toLowerCase());
}

function invalid(why: string, remedy: string): Fault {
  return fault('invalid', 'InvalidLinkedService', `The linked service cannot be used: ${why}`, {
    target: 'properties.typeProperties',
    remedy,
  });
}
