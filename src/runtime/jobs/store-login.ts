import type { Dialer } from '#base/dialer.ts';
import { fault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import type { PgOptions } from '#replication/sources/postgres/connection.ts';
import type { StoreLogin } from '../job.ts';

export interface Approach {
  readonly dialer: Dialer;
  /** Shown in the server's list of sessions. */
  readonly purpose: string;
  readonly connectTimeoutMs: number;
}

const kinds: Readonly<Record<Exclude<StoreLogin['kind'], 'postgresql'>, string>> = { sqlserver: 'SQL Server', mysql: 'MySQL' };

/**
 * How to log in to a PostgreSQL store. The dialer is asked for the store's own host, and the certificate must be made for it, wherever the
 * connection then leads. Fault: `StoreNotReplicated` (unsupported) for stores of other kinds.
 */
export function postgresAddress(store: StoreLogin, { dialer, purpose, connectTimeoutMs }: Approach): PgOptions {
  const { kind, host, port, user, password, database, tls, certificateName } = store;
  if (kind !== 'postgresql')
    throw fault('unsupported', 'StoreNotReplicated', `Tables of ${kinds[kind]} cannot be browsed, previewed or linked yet.`, {
      target: `${host}:${port}`,
      remedy: 'Tables of PostgreSQL 13 to 18 can be linked: use a linked service of the type AzurePostgreSql or PostgreSqlV2.',
    });
  return {
    host,
    port,
    user,
    password: password === null || password === '' ? undefined : secret(password),
    database: database === '' ? user : database,
    sslMode: tls,
    sslRootCert: undefined,
    sslCert: undefined,
    sslKey: undefined,
    tlsServerName: certificateName ?? undefined,
    applicationName: `isthmus ${purpose}`,
    connectTimeoutMs,
    dialer,
  };
}
