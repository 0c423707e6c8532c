import { Fault, fault, type FaultKind } from '#base/fault.ts';
import type { ServerNotice } from '#wire/pg/backend.ts';

/** One way things go wrong. `%` in a sentence stands for the target, as `host:port`. */
interface FaultRow {
  readonly kind: FaultKind;
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
}

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
  unknownAuthority: {
    kind: 'unauthenticated',
    code: 'UnknownAuthority',
    sentence: 'The certificate of % was not signed by an authority that is trusted here.',
    remedy: 'Give the authority that signed it as a PEM file with sslrootcert=FILE.',
  },
  certificateExpired: {
    kind: 'unauthenticated',
    code: 'CertificateExpired',
    sentence: 'The certificate of % is outside its time of validity.',
    remedy: 'Renew the certificate at the server; check the clocks of both machines.',
  },
  certificateRefused: {
    kind: 'unauthenticated',
    code: 'CertificateRefused',
    sentence: 'The certificate of % is not acceptable.',
    remedy: 'Renew the certificate at the server for server authentication.',
  },
  certificateName: {
    kind: 'unauthenticated',
    code: 'CertificateName',
    sentence: 'The certificate of % was made for another name.',
    remedy:
      'Connect by a name that the certificate holds, name it as the TLS server name, or use sslmode=verify-ca to accept any name of that authority.',
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
};

/** A fault of the table above. `target` is `host:port`. */
export function connectionFault(name: ConnectionFaultName, target: string, cause?: unknown): Fault {
  const row = rows[name];
  return fault(row.kind, row.code, row.sentence.replace('%', target), { target, remedy: row.remedy, cause });
}

/** Faults by the server's own state (PostgreSQL documentation, "PostgreSQL Error Codes"). The longest prefix that fits wins. */
const states: Readonly<Record<string, FaultRow>> = {
  '08': {
    kind: 'unreachable',
    code: 'ConnectionFailed',
    sentence: 'The server gave the connection up.',
    remedy: 'Check the network and the log of the server.',
  },
  '0A': {
    kind: 'unsupported',
    code: 'NotSupportedAtSource',
    sentence: 'The server does not support what was asked.',
    remedy: 'Check the version of the server, and whether a pooler stands between that must be passed by.',
  },
  '21': {
    kind: 'invalid',
    code: 'StatementRefused',
    sentence: 'The server refused a statement.',
    remedy: 'The log of the server says why.',
  },
  '22': {
    kind: 'invalid',
    code: 'ValueRefused',
    sentence: 'The server could not work with a value.',
    remedy: 'The log of the server names the value.',
  },
  '23': {
    kind: 'conflict',
    code: 'ConstraintViolated',
    sentence: 'A constraint of the source refused a row.',
    remedy: 'The log of the server names the constraint.',
  },
  '25': {
    kind: 'conflict',
    code: 'TransactionState',
    sentence: 'The server refused a statement in the present transaction.',
    remedy: 'Check whether the server or the role is set to read-only.',
  },
  '25006': {
    kind: 'precondition',
    code: 'SourceReadOnly',
    sentence: 'The source is read-only.',
    remedy: 'Connect to the primary, or turn default_transaction_read_only off for this role.',
  },
  '28': {
    kind: 'unauthenticated',
    code: 'LoginRefused',
    sentence: 'The server refused the login.',
    remedy: 'Check user, database and the lines of pg_hba.conf for this address; for a replication connection the role needs REPLICATION.',
  },
  '28P01': {
    kind: 'unauthenticated',
    code: 'WrongPassword',
    sentence: 'The server refused the password.',
    remedy: 'Check user and password.',
  },
  '3D000': {
    kind: 'missing',
    code: 'DatabaseMissing',
    sentence: 'The database does not exist.',
    remedy: 'Check the name after the last slash of the URL; it minds upper and lower case.',
  },
  '3F000': {
    kind: 'missing',
    code: 'SchemaMissing',
    sentence: 'The schema does not exist.',
    remedy: 'Check its name; it minds upper and lower case.',
  },
  '40': {
    kind: 'throttled',
    code: 'SourceBusy',
    sentence: 'The server gave a statement up because others worked on the same rows.',
    remedy: 'It is tried again.',
  },
  '42': {
    kind: 'invalid',
    code: 'StatementRefused',
    sentence: 'The server refused a statement.',
    remedy: 'The log of the server says why. A product that is not PostgreSQL, or an old version, may lack what is needed.',
  },
  '42501': {
    kind: 'denied',
    code: 'PermissionDenied',
    sentence: 'The role may not do this at the source.',
    remedy:
      'Grant it: SELECT on the tables, USAGE on their schemas, REPLICATION for the role. Where row-level security hides rows, the role needs BYPASSRLS.',
  },
  '42P01': {
    kind: 'missing',
    code: 'TableMissing',
    sentence: 'The table does not exist.',
    remedy: 'Check its schema and name; it may have been dropped or renamed.',
  },
  '42703': {
    kind: 'missing',
    code: 'ColumnMissing',
    sentence: 'The column does not exist.',
    remedy: 'It may have been dropped or renamed meanwhile.',
  },
  '42704': {
    kind: 'missing',
    code: 'ObjectMissing',
    sentence: 'A slot, publication or another object does not exist at the source.',
    remedy: 'It may have been dropped by someone else.',
  },
  '42710': {
    kind: 'conflict',
    code: 'ObjectExists',
    sentence: 'A slot, publication or another object of this name exists already.',
    remedy: 'Drop it, or choose another name.',
  },
  '53': {
    kind: 'throttled',
    code: 'SourceExhausted',
    sentence: 'The server lacks the means.',
    remedy: 'Look at its memory and disk, and at its log.',
  },
  '53100': {
    kind: 'throttled',
    code: 'SourceDiskFull',
    sentence: 'The disk of the source is full.',
    remedy: 'Make room at the source; log kept for replication slots may be what fills it.',
  },
  '53300': {
    kind: 'throttled',
    code: 'TooManyConnections',
    sentence: 'The server has no connection left.',
    remedy: 'Raise max_connections or max_wal_senders, or close other connections.',
  },
  '53400': {
    kind: 'precondition',
    code: 'ConfigurationLimit',
    sentence: 'A limit in the configuration of the server is reached.',
    remedy: 'Raise max_replication_slots, or drop slots that are not used.',
  },
  '54': {
    kind: 'unsupported',
    code: 'SourceLimit',
    sentence: 'A limit of the server is reached.',
    remedy: 'A row whose text form is above 1 GB cannot be read from PostgreSQL; leave its column out.',
  },
  '55000': {
    kind: 'precondition',
    code: 'NotReady',
    sentence: 'The server is not in the state that is needed.',
    remedy: 'Check wal_level = logical, and that the slot was not invalidated.',
  },
  '55006': {
    kind: 'conflict',
    code: 'ObjectInUse',
    sentence: 'The slot or another object is in use.',
    remedy: 'Another reader may hold it: end it, or wait until the server notices that its connection is gone (wal_sender_timeout).',
  },
  '55P02': { kind: 'denied', code: 'SettingRefused', sentence: 'A setting cannot be changed now.', remedy: 'Check who may change it.' },
  '55P03': {
    kind: 'throttled',
    code: 'LockNotAvailable',
    sentence: 'A lock could not be had in time.',
    remedy: 'It is tried again; look for long transactions at the source.',
  },
  '57014': {
    kind: 'cancelled',
    code: 'StatementCancelled',
    sentence: 'The server cancelled the statement.',
    remedy: 'An administrator or a time limit of the server ended it; start it again.',
  },
  '57': { kind: 'unreachable', code: 'SourceUnavailable', sentence: 'The server is not available.', remedy: 'It is tried again.' },
  '57P01': {
    kind: 'unreachable',
    code: 'SourceStopping',
    sentence: 'The server is shutting down, or an administrator ended the connection.',
    remedy: 'It is tried again.',
  },
  '57P02': {
    kind: 'unreachable',
    code: 'SourceCrashed',
    sentence: 'The server restarts after a crash.',
    remedy: 'It is tried again; look at the log of the server.',
  },
  '57P03': {
    kind: 'unreachable',
    code: 'SourceStarting',
    sentence: 'The server is starting, stopping or recovering.',
    remedy: 'It is tried again.',
  },
  '57P04': { kind: 'missing', code: 'DatabaseMissing', sentence: 'The database was dropped.', remedy: 'Check the name of the database.' },
  '57P05': {
    kind: 'unreachable',
    code: 'ConnectionLost',
    sentence: 'The server ended an idle connection.',
    remedy: 'It is tried again; idle_session_timeout of the role can be raised.',
  },
  '58': {
    kind: 'unreachable',
    code: 'SourceSystem',
    sentence: 'The operating system of the source failed it.',
    remedy: 'Look at the log of the server.',
  },
  '58P01': {
    kind: 'precondition',
    code: 'SourceFileMissing',
    sentence: 'A file of the source is gone.',
    remedy:
      'If it is log that a slot needs, copy the tables again and raise max_slot_wal_keep_size; otherwise complete the installation of the server.',
  },
  '72': { kind: 'precondition', code: 'SnapshotTooOld', sentence: 'The snapshot is too old.', remedy: 'Start again.' },
  F0: {
    kind: 'precondition',
    code: 'SourceConfiguration',
    sentence: 'A configuration file of the server is wrong.',
    remedy: 'Look at the log of the server.',
  },
  XX: {
    kind: 'corrupt',
    code: 'SourceInternalError',
    sentence: 'The server reports an internal error.',
    remedy: 'Look at the log of the server.',
  },
  XX001: { kind: 'corrupt', code: 'SourceDamaged', sentence: 'The server found damaged rows.', remedy: 'Repair the table at the source.' },
  XX002: { kind: 'corrupt', code: 'SourceDamaged', sentence: 'The server found a damaged index.', remedy: 'REINDEX it at the source.' },
};
const otherState: FaultRow = {
  kind: 'invalid',
  code: 'StatementRefused',
  sentence: 'The server refused a statement.',
  remedy: 'The log of the server says why.',
};

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
 * `target` is `host:port`.
 */
export function serverFault(error: ServerNotice, target: string): Fault {
  const row = states[error.sqlstate] ?? states[error.sqlstate.slice(0, 2)] ?? otherState;
  const quote = quotable.test(error.sqlstate) && error.message !== '' ? `: ${printable(error.message)}` : '';
  const made = fault(row.kind, row.code, `${row.sentence} (SQLSTATE ${printable(error.sqlstate)}${quote})`, {
    target: error.table === undefined ? target : `${error.schema ?? ''}.${error.table}`,
    remedy: row.remedy,
  });
  sqlstates.set(made, error.sqlstate);
  return made;
}

/** Whether the fault is the server's own answer; after one that is not FATAL the connection still works. */
export function endsConnection(error: ServerNotice): boolean {
  return error.severity === 'FATAL' || error.severity === 'PANIC';
}

function printable(text: string): string {
  return text.slice(0, quotedCharacters).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** Node's names of what is wrong with a certificate (its documentation: "X509 certificate error codes"). */
const certificates: Readonly<Record<string, ConnectionFaultName>> = {
  CERT_HAS_EXPIRED: 'certificateExpired',
  CERT_NOT_YET_VALID: 'certificateExpired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknownAuthority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknownAuthority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknownAuthority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknownAuthority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknownAuthority',
  CERT_UNTRUSTED: 'unknownAuthority',
  CERT_SIGNATURE_FAILURE: 'unknownAuthority',
};

/** Why a server's certificate was refused. */
export function certificateFault(reason: string, target: string): Fault {
  return connectionFault(certificates[reason] ?? 'certificateRefused', target, fault('unauthenticated', 'Certificate', printable(reason)));
}

/** A failed dial as a fault; faults of the dialer are kept. */
export function dialFault(error: unknown, target: string): Fault {
  return error instanceof Fault ? error : connectionFault('dialFailed', target, error);
}
