import { fault, type Fault } from '#base/fault.ts';
import { certificateRows, rowFault, type FaultRow } from '../fault-row.ts';
import { withErrorNumber } from '../error-number.ts';
import type { CertificateTrouble } from '../server-certificate.ts';

export type ConnectionFaultName =
  | 'lost'
  | 'notMySql'
  | 'tlsRefused'
  | 'tlsFailed'
  | 'cleartextRefused'
  | 'authenticationMethod'
  | 'certificateName'
  | CertificateTrouble;

/** What goes wrong before the server takes questions. */
const rows: Readonly<Record<ConnectionFaultName, FaultRow>> = {
  lost: {
    kind: 'unreachable',
    code: 'ConnectionLost',
    sentence: '% ended the connection.',
    remedy: 'Check the network and that the server still runs; its error log says whether it ended the connection.',
  },
  notMySql: {
    kind: 'corrupt',
    code: 'NotMySql',
    sentence: 'What answers at % does not speak the protocol of MySQL.',
    remedy: 'Check that host and port are those of the MySQL server, and what the forwarder passes on to.',
  },
  tlsRefused: {
    kind: 'precondition',
    code: 'TlsRefused',
    sentence: '% offers no TLS, which sslMode asks for.',
    remedy: 'Give the server a certificate (ssl_cert, ssl_key), or use sslMode=disabled if the path is already private.',
  },
  tlsFailed: {
    kind: 'unreachable',
    code: 'TlsFailed',
    sentence: 'The TLS handshake with % failed.',
    remedy: 'Check the TLS versions that the server allows (tls_version), its certificate, and its error log.',
  },
  cleartextRefused: {
    kind: 'denied',
    code: 'CleartextPassword',
    sentence: '% asks for the password in a way that is safe under TLS only.',
    remedy: 'Use sslMode=required or stricter.',
  },
  authenticationMethod: {
    kind: 'unsupported',
    code: 'AuthenticationMethod',
    sentence: '% asks this user for an authentication that is not supported (ed25519, GSSAPI, PAM or another).',
    remedy: 'Let the user have mysql_native_password or caching_sha2_password: ALTER USER … IDENTIFIED WITH …;',
  },
  ...certificateRows({
    name: 'Address the server by a name that its certificate holds, or use sslMode=verify_ca to accept any name of that authority.',
    authority: 'Let the server use a certificate of a known authority, or use sslMode=required to encrypt without knowing whom to.',
  }),
};

export function connectionFault(name: ConnectionFaultName, target: string, cause?: unknown): Fault {
  return rowFault(rows[name], target, cause);
}

const wrongPassword: FaultRow = {
  kind: 'unauthenticated',
  code: 'WrongPassword',
  sentence: '% does not take user and password, for this user from where the path ends.',
  remedy: "Check user and password of the linked service, and that the user exists for the forwarder's host, or for '%'.",
};
const locked: FaultRow = {
  kind: 'unauthenticated',
  code: 'LoginDisabled',
  sentence: '% has that user, and the account is locked.',
  remedy: 'As administrator: ALTER USER … ACCOUNT UNLOCK;',
};
const expired: FaultRow = {
  kind: 'unauthenticated',
  code: 'PasswordExpired',
  sentence: '% asks for another password: it has expired, or must be changed at the first login.',
  remedy: 'Change it with a client of your own, and give the linked service the new one.',
};
const full: FaultRow = {
  kind: 'throttled',
  code: 'TooManyConnections',
  sentence: '% has no connection left, for anybody or for this user.',
  remedy: 'Raise max_connections or the limit of the user, or end idle ones.',
};

/** By number: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html and MariaDB's list of error codes. */
const serverErrors: Readonly<Record<number, FaultRow>> = {
  1045: wrongPassword,
  1698: wrongPassword,
  1044: {
    kind: 'denied',
    code: 'DatabaseDenied',
    sentence: '% does not let this user into the database, or has none of that name.',
    remedy: 'Check the database of the linked service; as administrator: GRANT SELECT ON `database`.* TO the user;',
  },
  1049: {
    kind: 'missing',
    code: 'DatabaseMissing',
    sentence: '% has no such database.',
    remedy: 'Check the database of the linked service.',
  },
  1130: {
    kind: 'denied',
    code: 'HostNotAllowed',
    sentence: '% lets no user in from where the path ends.',
    remedy: "Create the user for the forwarder's host, or for '%'.",
  },
  1129: {
    kind: 'denied',
    code: 'HostBlocked',
    sentence: '% blocks the host at which the path ends, after too many broken connections.',
    remedy: 'FLUSH HOSTS; and look for what broke them, such as a probe that says nothing.',
  },
  1040: full,
  1203: full,
  1226: full,
  1251: {
    kind: 'unsupported',
    code: 'AuthenticationMethod',
    sentence: '% asks this user for an authentication that is not supported.',
    remedy: 'Let the user have mysql_native_password or caching_sha2_password: ALTER USER … IDENTIFIED WITH …;',
  },
  1820: expired,
  1862: expired,
  3118: locked,
  4151: locked,
  3159: {
    kind: 'precondition',
    code: 'TlsRequired',
    sentence: '% takes connections with TLS only (require_secure_transport).',
    remedy: 'Use sslMode=required or stricter.',
  },
  1142: {
    kind: 'denied',
    code: 'PermissionDenied',
    sentence: '% does not let this user read what was asked.',
    remedy: 'As administrator: GRANT what is missing to the user.',
  },
  1053: {
    kind: 'unreachable',
    code: 'ServerStopping',
    sentence: '% is shutting down.',
    remedy: 'Try again once it runs.',
  },
};

const otherError: FaultRow = {
  kind: 'denied',
  code: 'ServerRefused',
  sentence: '% refuses.',
  remedy: "Look the number up in the server's documentation; its error log says more.",
};

/** What the server's own error says. Its text is not shown: it may hold values. */
export function serverFault(number: number, target: string, encrypted: boolean): Fault {
  const { kind, code, sentence, remedy: usual } = serverErrors[number] ?? otherError;
  // MariaDB says no more than this to a client that should have encrypted.
  const remedy = number === 1045 && !encrypted ? `${usual} If the server or the user asks for TLS: sslMode=required.` : usual;
  return withErrorNumber(fault(kind, code, `${sentence.replace('%', target)} (Error ${number}.)`, { target, remedy }), number);
}
