import type { FaultKind } from '#base/fault.ts';

/** One way things go wrong. `%` in a sentence stands for the target, as `host:port`. */
export interface FaultRow {
  readonly kind: FaultKind;
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
}

/** Faults by the server's own state (PostgreSQL documentation, "PostgreSQL Error Codes"). The longest prefix that fits wins. */
export const states: Readonly<Record<string, FaultRow>> = {
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
    remedy: "Check the database's name; it minds upper and lower case.",
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
export const otherState: FaultRow = {
  kind: 'invalid',
  code: 'StatementRefused',
  sentence: 'The server refused a statement.',
  remedy: 'The log of the server says why.',
};
