import type { Dialer } from '#base/dialer.ts';
import { fault, type Fault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import type { PgOptions } from '#replication/sources/postgres/connection.ts';
import type { SessionOptions } from '#replication/sources/sqlserver/driver-login.ts';
import type { StoreLogin } from '../job.ts';

export interface Approach {
  readonly dialer: Dialer;
  /** Shown in the server's list of sessions. */
  readonly purpose: string;
  readonly connectTimeoutMs: number;
}

/**
 * How to log in to a PostgreSQL store. The dialer is asked for the store's own host, and the certificate must be made for it, wherever the
 * connection then leads. Fault: `StoreNotReplicated` (unsupported) for stores of other kinds.
 */
export function postgresAddress(store: StoreLogin, { dialer, purpose, connectTimeoutMs }: Approach): PgOptions {
  const { kind, host, port, user, password, database, tls, certificateName } = store;
  if (kind !== 'postgresql') throw notReplicated(store);
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

/** How to log in to a SQL Server. Fault as of `postgresAddress`. */
export function sqlServerAddress(
  store: StoreLogin,
  { dialer, purpose, connectTimeoutMs }: Approach,
): Omit<SessionOptions, 'questionTimeoutMs'> {
  const { kind, host, port, user, password, database, tls, certificateName, tlsFirst, routes } = store;
  if (kind !== 'sqlserver') throw notReplicated(store);
  return {
    host,
    port,
    user,
    password: password === null || password === '' ? undefined : secret(password),
    database,
    tls,
    tlsFirst: tlsFirst === true,
    certificateName: certificateName ?? undefined,
    routes: routes ?? [],
    dialer,
    applicationName: `isthmus ${purpose}`,
    connectTimeoutMs,
  };
}

function notReplicated({ host, port }: StoreLogin): Fault {
  return fault('unsupported', 'StoreNotReplicated', 'Tables of MySQL cannot be browsed, previewed or linked yet.', {
    target: `${host}:${port}`,
    remedy:
      'Tables of PostgreSQL 13 to 18 and of SQL Server 2016 and later can be linked: use a linked service of the type AzurePostgreSql, PostgreSqlV2, AzureSqlDatabase, AzureSqlMI or SqlServer.',
  });
}
