import type { FaultKind } from '#base/fault.ts';
import type { ServerMessage } from '#wire/tds/token-message.ts';

/** What an error of the server means for whoever logs in. */
export interface ServerErrorRow {
  readonly kind: FaultKind;
  readonly code: string;
  /** `%` stands for `host:port`, `$` for what `quotes` finds in the server's text. */
  readonly sentence: string;
  readonly remedy: string;
  /** Its first group is shown. Of the rest of the server's text nothing is. */
  readonly quotes?: RegExp;
}

const clientAddress = /IP address '([0-9a-fA-F.:]{2,45})'/;

const paused: ServerErrorRow = {
  kind: 'unreachable',
  code: 'DatabaseUnavailable',
  sentence: 'The database at % is not available at the moment.',
  remedy: 'Try again in a moment. If it stays so: check that the database is not paused, and that the instance is well.',
};
const busy: ServerErrorRow = {
  kind: 'throttled',
  code: 'ServerBusy',
  sentence: '% has no room for another session at the moment.',
  remedy: 'Try again in a moment; end idle sessions, or give the database more resources.',
};
const disabled: ServerErrorRow = {
  kind: 'unauthenticated',
  code: 'LoginDisabled',
  sentence: '% has that login, and it is disabled or locked.',
  remedy: 'As administrator: ALTER LOGIN … ENABLE; or with UNLOCK.',
};
const expired: ServerErrorRow = {
  kind: 'unauthenticated',
  code: 'PasswordExpired',
  sentence: '% asks for another password: it has expired, or must be changed at the first login.',
  remedy: 'Change it with a client of your own, and give the linked service the new one.',
};
const nameless: ServerErrorRow = {
  kind: 'missing',
  code: 'ServerNameUnknown',
  sentence: 'The gateway at % serves no server of the name that was addressed.',
  remedy: "Address it by its own fully qualified name: the managed private endpoint's fqdns must hold that name, not one of a forwarder.",
};

/** Nothing is wrong but the moment: the same is asked again. */
const overtaken: ServerErrorRow = {
  kind: 'throttled',
  code: 'ReadingOvertaken',
  sentence: 'Something changed at % while it was being read.',
  remedy: 'It is read again by itself; if it stays so, look for long transactions and for whoever alters tables.',
};
const hidden: ServerErrorRow = {
  kind: 'denied',
  code: 'PermissionDenied',
  sentence: '% does not let this user see the state of the server.',
  remedy: 'As administrator: GRANT VIEW SERVER STATE to the login.',
};

/** By number, as in sys.messages and "Error messages in Azure SQL Database": https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues */
export const serverErrors: Readonly<Record<number, ServerErrorRow>> = {
  18456: {
    kind: 'unauthenticated',
    code: 'WrongPassword',
    sentence: '% does not take user and password.',
    remedy: "Check user, password and database of the linked service; the server's error log says for the same state which of them it was.",
  },
  18452: {
    kind: 'unauthenticated',
    code: 'IntegratedLoginOnly',
    sentence: '% takes logins of a Windows domain only, and this is none that it trusts.',
    remedy: 'Allow SQL Server authentication at the server (mixed mode), and give a SQL login; Windows logins are not supported from here.',
  },
  18470: disabled,
  18486: disabled,
  18487: expired,
  18488: expired,
  18451: paused,
  18401: paused,
  17142: paused,
  17892: {
    kind: 'denied',
    code: 'LogonTrigger',
    sentence: 'A logon trigger at % refuses the login.',
    remedy: 'Let the trigger admit this user from where the path ends.',
  },
  4060: {
    kind: 'missing',
    code: 'DatabaseMissing',
    sentence: '% has no such database, or this login may not open it.',
    remedy: 'Check the database of the linked service; in it: CREATE USER … FOR LOGIN …;',
  },
  4064: {
    kind: 'missing',
    code: 'DatabaseMissing',
    sentence: '% cannot open the default database of this login.',
    remedy: 'Name a database in the linked service, or: ALTER LOGIN … WITH DEFAULT_DATABASE = …;',
  },
  40531: nameless,
  40532: nameless,
  40607: {
    kind: 'unauthenticated',
    code: 'IntegratedLoginOnly',
    sentence: '% takes no Windows logins.',
    remedy: 'Give a SQL login.',
  },
  40615: {
    kind: 'denied',
    code: 'FirewallDenied',
    sentence: "The firewall of % lets nobody in from there: Client with IP address '$' is not allowed to access the server.",
    remedy:
      "Add a firewall rule for it at the server, or let the path end at the server's private endpoint, which no firewall rule concerns.",
    quotes: clientAddress,
  },
  40914: {
    kind: 'denied',
    code: 'VirtualNetworkDenied',
    sentence: 'The virtual network rules of % do not let the subnet in from which the path ends.',
    remedy: 'Add a virtual network rule for that subnet at the server.',
  },
  47073: {
    kind: 'denied',
    code: 'PublicAccessDenied',
    sentence: 'Public network access is denied at %, and the path ends at its public side.',
    remedy: "Let the path end at the server's private endpoint, or allow public network access there.",
  },
  40613: paused,
  40197: paused,
  40143: paused,
  40540: paused,
  42108: paused,
  42109: paused,
  42119: paused,
  40501: busy,
  10928: busy,
  10929: busy,
  49918: busy,
  49919: busy,
  49920: busy,
  17809: busy,
  1205: { ...overtaken, sentence: '% gave the reading up for another transaction (deadlock).' },
  1222: { ...overtaken, sentence: '% holds a lock that keeps what is asked from being read.' },
  3960: overtaken,
  3961: { ...overtaken, sentence: 'A table was altered at % while it was being read.' },
  3952: {
    kind: 'throttled',
    code: 'SnapshotIsolationOff',
    sentence: 'The database at % does not allow transactions that see one moment.',
    remedy: 'As db_owner: ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;',
  },
  3956: { ...overtaken, sentence: 'The database at % is changing whether it allows transactions that see one moment.' },
  207: {
    kind: 'conflict',
    code: 'ColumnMissing',
    sentence: 'A column that is asked for is not there at %.',
    remedy: 'It was altered: what is known of the table is read anew.',
  },
  208: {
    kind: 'missing',
    code: 'ObjectMissing',
    sentence: 'A table that is asked for is not there at %, or the user may not see it.',
    remedy: 'Check that it exists, and what the user may see.',
  },
  313: {
    kind: 'lost-history',
    code: 'ChangesForgotten',
    sentence: '% does not have the changes any more from where they are asked for.',
    remedy: 'The table is to be copied anew; let the source keep its changes for longer than the link is ever paused.',
  },
  22105: {
    kind: 'precondition',
    code: 'NotTracked',
    sentence: 'Changes of a table are not tracked at %.',
    remedy: 'As owner of the table: ALTER TABLE … ENABLE CHANGE_TRACKING;',
  },
  22117: {
    kind: 'precondition',
    code: 'SecondaryReplica',
    sentence: '% is a secondary replica, which does not tell what changed.',
    remedy: 'Let the linked service lead to the primary: the listener of the availability group, without ApplicationIntent=ReadOnly.',
  },
  297: hidden,
  300: hidden,
  371: hidden,
  229: {
    kind: 'denied',
    code: 'PermissionDenied',
    sentence: '% does not let this user read what was asked.',
    remedy: 'As owner: GRANT what is missing to the user.',
  },
};

const endsConnection = 20;

/** Any other error. */
export function otherError({ severity }: ServerMessage): ServerErrorRow {
  return {
    kind: severity >= endsConnection ? 'unreachable' : 'denied',
    code: 'ServerRefused',
    sentence: '% refuses.',
    remedy: 'Look the number up in the documentation of SQL Server; its error log says more.',
  };
}
