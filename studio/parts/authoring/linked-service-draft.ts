import { objectOf, textOf, wordOf } from '#arm/client-answer.ts';
import type { Json, JsonObject } from '#arm/resource.ts';

export type StoreKind = 'sqlserver' | 'postgresql' | 'mysql';

export interface StoreForm {
  readonly type: string;
  /** For people. */
  readonly text: string;
  readonly kind: StoreKind;
}

/** Types of linked services, in the words of the picker. */
export const storeForms: readonly StoreForm[] = [
  { type: 'PostgreSqlV2', text: 'PostgreSQL', kind: 'postgresql' },
  { type: 'AzurePostgreSql', text: 'Azure Database for PostgreSQL', kind: 'postgresql' },
  { type: 'SqlServer', text: 'SQL Server', kind: 'sqlserver' },
  { type: 'AzureSqlMI', text: 'Azure SQL Managed Instance', kind: 'sqlserver' },
  { type: 'AzureSqlDatabase', text: 'Azure SQL Database', kind: 'sqlserver' },
  { type: 'AzureSqlDW', text: 'Azure Synapse dedicated SQL pool', kind: 'sqlserver' },
  { type: 'MySql', text: 'MySQL', kind: 'mysql' },
  { type: 'AzureMySql', text: 'Azure Database for MySQL', kind: 'mysql' },
  { type: 'MariaDB', text: 'MariaDB', kind: 'mysql' },
  { type: 'PostgreSql', text: 'PostgreSQL (old form)', kind: 'postgresql' },
];

const usualPort: Readonly<Record<StoreKind, number>> = { sqlserver: 1433, postgresql: 5432, mysql: 3306 };

export interface TlsChoice {
  readonly value: string;
  readonly text: string;
}

/** How much of TLS is asked for, by kind: Azure's own values. */
export const tlsChoices: Readonly<Record<StoreKind, readonly TlsChoice[]>> = {
  postgresql: [
    { value: '5', text: 'Required, certificate and name verified' },
    { value: '4', text: 'Required, certificate verified' },
    { value: '3', text: 'Required' },
    { value: '1', text: 'If the server has it' },
    { value: '0', text: 'None' },
  ],
  mysql: [
    { value: '4', text: 'Required, certificate and name verified' },
    { value: '3', text: 'Required, certificate verified' },
    { value: '2', text: 'Required' },
    { value: '1', text: 'If the server has it' },
    { value: '0', text: 'None' },
  ],
  sqlserver: [
    { value: 'true', text: 'Required, certificate and name verified' },
    { value: 'trust', text: 'Required, certificate not verified' },
    { value: 'strict', text: 'Strict (TDS 8): before anything else' },
    { value: 'false', text: 'If the server wants it' },
  ],
};

/** What a form holds. All texts, as they are typed. */
export interface ServiceDraft {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  /** `fields`: each in its own; `string`: one connection string, as it was saved. */
  readonly form: 'fields' | 'string';
  readonly server: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
  /** Empty: the saved one stays. */
  readonly password: string;
  readonly tls: string;
  /** Empty where it is a secret that stays as it is saved. */
  readonly connectionString: string;
  /** The name of an integration runtime. */
  readonly runtime: string;
}

export const autoResolve = 'AutoResolveIntegrationRuntime';

export function kindOf(type: string): StoreKind {
  return storeForms.find((one) => one.type === type)?.kind ?? 'postgresql';
}

export function emptyDraft(type: string): ServiceDraft {
  return {
    name: '',
    type,
    description: '',
    form: 'fields',
    server: '',
    port: String(usualPort[kindOf(type)]),
    database: '',
    user: '',
    password: '',
    tls: tlsChoices[kindOf(type)][0]!.value,
    connectionString: '',
    runtime: autoResolve,
  };
}

/** Another type: what no longer means anything is as at first. */
export function withType(draft: ServiceDraft, type: string): ServiceDraft {
  const [before, now] = [kindOf(draft.type), kindOf(type)];
  if (before === now) return { ...draft, type };
  const isUsual = draft.port === '' || draft.port === String(usualPort[before]);
  return { ...draft, type, port: isUsual ? String(usualPort[now]) : draft.port, tls: tlsChoices[now][0]!.value };
}

/** Names under which a saved one has what a field shows; the first is the one that is written. */
const fieldNames = {
  server: ['server', 'host', 'dataSource'],
  port: ['port'],
  database: ['database', 'initialCatalog'],
  user: ['username', 'userName', 'user', 'userId', 'uid'],
  tls: ['sslMode', 'encrypt', 'encryptionMethod'],
} as const;

function found(typeProperties: JsonObject, names: readonly string[]): readonly [string, Json] | undefined {
  return Object.entries(typeProperties).find(([name]) => names.some((one) => one.toLowerCase() === name.toLowerCase()));
}

function textIn(typeProperties: JsonObject, field: keyof typeof fieldNames): string {
  const value = found(typeProperties, fieldNames[field])?.[1];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A saved one as a form shows it. Its secrets are not in it: nobody is shown them. */
export function draftOf(name: string, properties: JsonObject): ServiceDraft {
  const type = textOf(properties['type']) ?? 'PostgreSqlV2';
  const kind = kindOf(type);
  const given = objectOf(properties['typeProperties']);
  const connectionString = given['connectionString'];
  const [, host = '', inline] = /^(?:tcp:)?\s*([^,]*?)\s*(?:,\s*(\d+))?$/i.exec(textIn(given, 'server')) ?? [];
  return {
    name,
    type,
    description: textOf(properties['description']) ?? '',
    form: connectionString === undefined ? 'fields' : 'string',
    server: host,
    port: inline ?? (textIn(given, 'port') || String(usualPort[kind])),
    database: textIn(given, 'database'),
    user: textIn(given, 'user'),
    password: '',
    tls: tlsOf(given, kind),
    connectionString: typeof connectionString === 'string' ? connectionString : '',
    runtime: textOf(objectOf(properties['connectVia'])['referenceName']) ?? autoResolve,
  };
}

function tlsOf(given: JsonObject, kind: StoreKind): string {
  const text = textIn(given, 'tls').toLowerCase();
  if (kind === 'sqlserver') {
    if (text === 'strict') return 'strict';
    if (['false', 'no', 'optional', 'disable'].includes(text)) return 'false';
    return wordOf(found(given, ['trustServerCertificate'])?.[1]).toLowerCase() === 'true' ? 'trust' : 'true';
  }
  // As the server reads one that says nothing of it. Words that no choice has stay as they were saved.
  return text === '' ? '1' : (tlsWords[kind][text.replaceAll(/[\s_-]/g, '')] ?? text);
}

const tlsWords: Readonly<Record<'postgresql' | 'mysql', Readonly<Record<string, string>>>> = {
  postgresql: { disable: '0', allow: '1', '2': '1', prefer: '1', require: '3', verifyca: '4', verifyfull: '5' },
  mysql: { disabled: '0', none: '0', preferred: '1', required: '2', verifyca: '3', verifyidentity: '4', verifyfull: '4' },
};

/**
 * The body of a linked service. `before`: as it is saved; what the form does not know of it stays. A password that was not typed is not sent: then
 * the saved one stays, and no mask ever takes its place.
 */
export function bodyOf(draft: ServiceDraft, before?: JsonObject): JsonObject {
  const kept = before === undefined ? {} : withoutKnown(before);
  const keptType = objectOf(before?.['typeProperties']);
  const isSameType = before !== undefined && textOf(before['type']) === draft.type;
  return {
    properties: {
      ...kept,
      type: draft.type,
      ...(draft.description.trim() !== '' && { description: draft.description.trim() }),
      ...(draft.runtime !== '' && draft.runtime !== autoResolve
        ? { connectVia: { type: 'IntegrationRuntimeReference', referenceName: draft.runtime } }
        : {}),
      typeProperties:
        draft.form === 'string' ? stringForm(draft, keptType) : { ...(isSameType ? othersOf(keptType) : {}), ...fieldForm(draft) },
    },
  };
}

function withoutKnown({
  type: _type,
  description: _description,
  connectVia: _via,
  typeProperties: _own,
  ...others
}: JsonObject): JsonObject {
  return others;
}

const secretNames = ['password', 'pwd', 'connectionString', 'encryptedCredential'];

/** What the form does not show, without secrets: those are kept by not being sent. */
function othersOf(typeProperties: JsonObject): JsonObject {
  const known: readonly string[] = [...Object.values(fieldNames).flat(), ...secretNames, 'trustServerCertificate', 'authenticationType'];
  return Object.fromEntries(
    Object.entries(typeProperties).filter(([name]) => !known.some((one) => one.toLowerCase() === name.toLowerCase())),
  );
}

function fieldForm(draft: ServiceDraft): JsonObject {
  const { server, port, database, user, tls } = draft;
  const host = server.trim();
  if (kindOf(draft.type) === 'sqlserver') {
    const isUsual = port.trim() === '' || port.trim() === String(usualPort.sqlserver);
    return {
      server: isUsual ? host : `${host},${port.trim()}`,
      database: database.trim(),
      authenticationType: 'SQL',
      userName: user.trim(),
      encrypt: tls === 'trust' ? 'true' : tls,
      ...(tls === 'trust' && { trustServerCertificate: true }),
      ...secret(draft),
    };
  }
  return {
    server: host,
    port: Number(port.trim() === '' ? usualPort[kindOf(draft.type)] : port),
    database: database.trim(),
    username: user.trim(),
    sslMode: /^\d+$/.test(tls) ? Number(tls) : tls,
    ...secret(draft),
  };
}

function stringForm(draft: ServiceDraft, before: JsonObject): JsonObject {
  const text = draft.connectionString.trim();
  // A secret one that is not sent again is named, or it would be taken for one that is to go.
  const kept = typeof before['connectionString'] === 'object' ? { type: 'SecureString' } : before['connectionString'];
  const connectionString = text === '' ? kept : text;
  return { ...othersOf(before), ...(connectionString !== undefined && { connectionString }), ...secret(draft) };
}

function secret({ password }: ServiceDraft): JsonObject {
  return password === '' ? {} : { password: { type: 'SecureString', value: password } };
}

/** What is saved, without the secrets that stay because `want` does not send them: those are no difference between the two. */
export function withoutKeptSecrets(saved: JsonObject, want: JsonObject): JsonObject {
  const sent = objectOf(objectOf(want['properties'])['typeProperties']);
  const own = Object.entries(objectOf(saved['typeProperties'])).filter(
    ([name, value]) => objectOf(value)['type'] !== 'SecureString' || sent[name] !== undefined,
  );
  return { properties: { ...saved, typeProperties: Object.fromEntries(own) } };
}

export type DraftProblems = Readonly<Partial<Record<keyof ServiceDraft, string>>>;

/** What keeps a draft from being sent, by field; the server says the rest. */
export function problemsOf(draft: ServiceDraft, isNew: boolean): DraftProblems {
  const problems: Partial<Record<keyof ServiceDraft, string>> = {};
  if (!/^[A-Za-z0-9_][^<>*#.%&:\\+?/]*$/.test(draft.name))
    problems.name = 'Begin with a letter, digit or _, without < > * # . % & : \\ + ? /';
  if (draft.form === 'string') {
    if (isNew && draft.connectionString.trim() === '') problems.connectionString = 'Give a connection string.';
    return problems;
  }
  if (draft.server.trim() === '') problems.server = 'Give the host name of the server.';
  else if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(draft.server.trim()))
    problems.server = 'Give a name: through a private path addresses lead nowhere.';
  const port = Number(draft.port);
  if (draft.port.trim() !== '' && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) problems.port = 'A number from 1 to 65535.';
  if (draft.database.trim() === '') problems.database = 'Give the database.';
  if (draft.user.trim() === '') problems.user = 'Give the user.';
  if (isNew && draft.password === '') problems.password = 'Give the password.';
  return problems;
}

/** Where a draft leads, for people and for finding its endpoint. */
export function hostOf(draft: ServiceDraft): string {
  if (draft.form === 'fields') return draft.server.trim().toLowerCase();
  const [, host = ''] = /(?:server|data source|host|addr|address)\s*=\s*(?:tcp:)?\s*([^,;]+)/i.exec(draft.connectionString) ?? [];
  return host.trim().toLowerCase();
}
