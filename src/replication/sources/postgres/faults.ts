import { Fault, fault } from '#base/fault.ts';
import type { ServerNotice } from '#wire/pg/backend.ts';
import { certificateTrouble } from '../server-certificate.ts';
import { certificateRows, rowFault, type FaultRow } from '../fault-row.ts';
import { otherState, states } from './sqlstates.ts';

export type ConnectionFaultName =
  | 'connectTimeout'
  | 'queryTimeout'
  | 'cancelled'
  | 'closed'
  | 'lost'
  | 'dialFailed'
  | 'notPostgres'
  | 'outOfStep'
  | 'tlsInjected'
  | 'tlsRefused'
  | 'tlsFailed'
  | 'tlsFile'
  | 'unknownAuthority'
  | 'certificateExpired'
  | 'certificateRefused'
  | 'certificateName'
  | 'passwordMissing'
  | 'cleartextRefused'
  | 'authenticationMethod'
  | 'valueTooLarge';

const elsewhere = 'Check that host and port are those of the PostgreSQL server, and that what is between passes its bytes on unchanged.';

/** What goes wrong before the server speaks, and when it stops speaking. */
const rows: Readonly<Record<ConnectionFaultName, FaultRow>> = {
  connectTimeout: {
    kind: 'timeout',
    code: 'ConnectTimeout',
    sentence: '% did not complete a connection in time.',
    remedy: 'Check that a PostgreSQL server listens there and has connections left, or allow more time with connect_timeout.',
  },
  queryTimeout: {
    kind: 'timeout',
    code: 'QueryTimeout',
    sentence: '% did not answer a query in time; the connection was given up.',
    remedy: 'Check the load of the server and whether a lock is held, or allow more time.',
  },
  cancelled: { kind: 'cancelled', code: 'Canceled', sentence: 'The work on % was cancelled.', remedy: 'Start it again.' },
  closed: {
    kind: 'cancelled',
    code: 'ConnectionClosed',
    sentence: 'The connection to % was closed on this side.',
    remedy: 'Connect again.',
  },
  lost: {
    kind: 'unreachable',
    code: 'ConnectionLost',
    sentence: 'The connection to % broke.',
    remedy: 'Check the network and that the server still runs; its log says whether it ended the connection.',
  },
  dialFailed: {
    kind: 'unreachable',
    code: 'ConnectionFailed',
    sentence: 'No connection to %.',
    remedy: 'Check host name and port, that the server listens there, and that no firewall is between.',
  },
  notPostgres: {
    kind: 'corrupt',
    code: 'NotPostgres',
    sentence: 'What answers at % does not speak the PostgreSQL protocol.',
    remedy: elsewhere,
  },
  outOfStep: { kind: 'corrupt', code: 'UnexpectedMessage', sentence: '% sent a message that does not belong here.', remedy: elsewhere },
  tlsInjected: {
    kind: 'corrupt',
    code: 'UnencryptedBytes',
    sentence: '% sent bytes in the clear where only TLS may follow.',
    remedy: 'Something between may try to speak for the server. Check the network path.',
  },
  tlsRefused: {
    kind: 'precondition',
    code: 'TlsRefused',
    sentence: '% does not offer TLS, which sslmode asks for.',
    remedy: 'Turn ssl on at the server, or use sslmode=disable if the path is already private.',
  },
  tlsFailed: {
    kind: 'unreachable',
    code: 'TlsFailed',
    sentence: 'The TLS handshake with % failed.',
    remedy: 'Check the TLS versions and certificates that the server asks for in its log.',
  },
  tlsFile: {
    kind: 'invalid',
    code: 'CertificateFile',
    sentence: 'A certificate or key file for % cannot be used.',
    remedy:
      'Check sslrootcert, sslcert and sslkey: PEM files that this process may read, the key without passphrase and fitting the certificate.',
  },
  passwordMissing: {
    kind: 'unauthenticated',
    code: 'PasswordMissing',
    sentence: '% asks for a password and none was given.',
    remedy: 'Put the password into the URL or into the secret it names.',
  },
  cleartextRefused: {
    kind: 'denied',
    code: 'CleartextPassword',
    sentence: '% asks for the password in the clear on a connection without TLS.',
    remedy: 'Use sslmode=require or stricter, or let the server use scram-sha-256 for this user in pg_hba.conf.',
  },
  authenticationMethod: {
    kind: 'unsupported',
    code: 'AuthenticationMethod',
    sentence: '% asks for an authentication that is not supported (GSSAPI, SSPI or another).',
    remedy: 'Let the server use scram-sha-256 for this user in pg_hba.conf.',
  },
  valueTooLarge: {
    kind: 'unsupported',
    code: 'ValueTooLarge',
    sentence: 'A row of % is larger than allowed.',
    remedy: 'Leave the table or its large column out, make the value smaller at the source, or allow larger rows.',
  },
  ...certificateRows({
    name: 'Connect by a name that the certificate holds, name it as the TLS server name, or use sslmode=verify-ca to accept any name of that authority.',
    authority: 'Give the authority that signed it as a PEM file with sslrootcert=FILE.',
  }),
};

/** A fault of the table above. `target` is `host:port`. */
export function connectionFault(name: ConnectionFaultName, target: string, cause?: unknown): Fault {
  return rowFault(rows[name], target, cause);
}

/** States whose message names only objects, settings and roles. All others may quote a row's value, or SQL, and are not shown. */
const quotable = /^(08|0A|25|28|3D|3F|40|42501|427|428|42P|53|55|57|58|72|F0|XX)/;
const quotedCharacters = 300;

const sqlstates = new WeakMap<Fault, string>();

/** The SQLSTATE of a fault that the server itself sent. */
export function sqlstateOf(error: unknown): string | undefined {
  return error instanceof Fault ? sqlstates.get(error) : undefined;
}

/**
 * The server's error as a fault. The message of the server is quoted where it can hold no row value; its detail, hint and context never are.
 * `address` is `host:port`: the target of what ends a session. The target of other errors is the table if the server names one; otherwise
 * whoever asked knows it better.
 */
export function serverFault(error: ServerNotice, address: string): Fault {
  const row = states[error.sqlstate] ?? states[error.sqlstate.slice(0, 2)] ?? otherState;
  const quote = quotable.test(error.sqlstate) && error.message !== '' ? `: ${printable(error.message)}` : '';
  const made = fault(row.kind, row.code, `${row.sentence} (SQLSTATE ${printable(error.sqlstate)}${quote})`, {
    target: error.table === undefined ? (endsConnection(error) ? address : undefined) : `${error.schema ?? ''}.${error.table}`,
    remedy: row.remedy,
  });
  sqlstates.set(made, error.sqlstate);
  return made;
}

/** Whether the session ends with this error; after any other it still works. */
export function endsConnection(error: ServerNotice): boolean {
  return error.severity === 'FATAL' || error.severity === 'PANIC';
}

function printable(text: string): string {
  return text.slice(0, quotedCharacters).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** Why a server's certificate was refused. */
export function certificateFault(reason: string, target: string): Fault {
  return connectionFault(certificateTrouble(reason), target, fault('unauthenticated', 'Certificate', printable(reason)));
}

/** A failed dial as a fault; faults of the dialer are kept. */
export function dialFault(error: unknown, target: string): Fault {
  return error instanceof Fault ? error : connectionFault('dialFailed', target, error);
}
