import { sqlError } from '../sql-error.ts';
import type { SqlValue } from '../session.ts';
import type { Typed } from '../translate/typed.ts';
import type { TsqlType } from '../tsql-type.ts';
import { type Asking, chosen, int, knownText, sysname, type SessionFunction, worth } from './asking.ts';
import type { Frame } from './frame.ts';
import { objectFunctions } from './object-functions.ts';
import { databaseProperty, serverProperty, sessionProperty, connectionProperty } from './properties.ts';
import type { SessionCore } from './session-core.ts';

function constant(type: TsqlType, value: (asking: Asking) => SqlValue): SessionFunction {
  return (asking) => worth(value(asking), type);
}

const user = constant(sysname, ({ core }) => core.client.user.name);
const databaseUser = constant(sysname, () => 'dbo');
const caught = (type: TsqlType, pick: (message: NonNullable<Frame['caught'][number]>) => SqlValue): SessionFunction =>
  constant(type, ({ frame }) => {
    const message = frame.caught.at(-1);
    return message ? pick(message) : null;
  });

/** Databases that there are, with their numbers. */
function databases(core: SessionCore): ReadonlyMap<string, bigint> {
  return new Map([
    ['master', 1n],
    [core.pool.options.database.toLowerCase(), 5n],
  ]);
}

function databaseName({ core }: Asking, args: readonly Typed[]): Typed {
  if (args.length === 0) return worth(core.database, sysname);
  return chosen(
    args[0]!,
    new Map([
      ['1', 'master'],
      ['5', core.pool.options.database],
    ]),
    sysname,
  );
}

function roleOf({ core }: Asking, args: readonly Typed[]): Typed {
  const { mayWrite } = core.client.user;
  const roles = ['public', 'db_datareader', ...(mayWrite ? ['db_owner', 'db_datawriter', 'db_ddladmin'] : [])];
  const none = mayWrite
    ? ['db_securityadmin', 'db_accessadmin', 'db_backupoperator']
    : ['db_owner', 'db_datawriter', 'db_ddladmin', 'db_securityadmin'];
  return chosen(
    args[0]!,
    new Map([...roles.map((role): [string, bigint] => [role, 1n]), ...none.map((role): [string, bigint] => [role, 0n])]),
    int,
  );
}

function hasPermission({ core }: Asking, args: readonly Typed[]): Typed {
  const permission = knownText(args[2])?.toUpperCase() ?? '';
  const reading = new Set([
    'SELECT',
    'CONNECT',
    'VIEW DEFINITION',
    'ANY',
    'EXECUTE',
    'VIEW DATABASE STATE',
    'SHOWPLAN',
    'CONNECT SQL',
    'VIEW ANY DATABASE',
  ]);
  return worth(reading.has(permission) || core.client.user.mayWrite ? 1n : 0n, int);
}

const functions: Readonly<Record<string, SessionFunction>> = {
  ...objectFunctions,
  DB_NAME: databaseName,
  DB_ID: ({ core }, args) => {
    return args.length === 0
      ? worth(core.database === 'master' ? 1n : 5n, { name: 'smallint' })
      : chosen(args[0]!, databases(core), { name: 'smallint' });
  },
  ORIGINAL_DB_NAME: constant(sysname, ({ core }) => core.pool.options.database),
  SUSER_SNAME: user,
  SUSER_NAME: user,
  ORIGINAL_LOGIN: user,
  SYSTEM_USER: user,
  SUSER_ID: constant(int, () => 257n),
  SUSER_SID: constant({ name: 'varbinary', length: 85 }, ({ core }) => Buffer.from(core.client.user.name).subarray(0, 85)),
  USER_NAME: databaseUser,
  CURRENT_USER: databaseUser,
  SESSION_USER: databaseUser,
  USER: databaseUser,
  USER_ID: constant(int, () => 1n),
  DATABASE_PRINCIPAL_ID: constant(int, () => 1n),
  APP_NAME: constant(sysname, ({ core }) => core.client.application),
  PROGRAM_NAME: constant(sysname, ({ core }) => core.client.application),
  HOST_NAME: constant(sysname, ({ core }) => core.client.host),
  HOST_ID: constant({ name: 'char', length: 10 }, () => ''.padEnd(10)),
  GETANSINULL: constant({ name: 'smallint' }, () => 1n),
  XACT_STATE: constant({ name: 'smallint' }, ({ core }) => BigInt(core.transaction.state)),
  CURRENT_TRANSACTION_ID: constant({ name: 'bigint' }, ({ core }) => BigInt(core.transaction.sight)),
  SCOPE_IDENTITY: constant({ name: 'decimal', precision: 38, scale: 0 }, ({ core }) => core.identity ?? null),
  ROWCOUNT_BIG: constant({ name: 'bigint' }, ({ core }) => core.rowCount),
  CONTEXT_INFO: constant({ name: 'varbinary', length: 128 }, ({ core }) => core.options.contextInfo ?? null),
  ERROR_NUMBER: caught(int, ({ number }) => BigInt(number)),
  ERROR_MESSAGE: caught({ name: 'nvarchar', length: 4000 }, ({ text }) => text),
  ERROR_SEVERITY: caught(int, ({ severity }) => BigInt(severity)),
  ERROR_STATE: caught(int, ({ state }) => BigInt(state)),
  ERROR_LINE: caught(int, ({ line }) => BigInt(line)),
  ERROR_PROCEDURE: caught(sysname, ({ procedure }) => procedure ?? null),
  IS_MEMBER: roleOf,
  IS_ROLEMEMBER: roleOf,
  IS_SRVROLEMEMBER: (_, args) =>
    chosen(
      args[0]!,
      new Map([
        ['public', 1n],
        ['sysadmin', 0n],
        ['serveradmin', 0n],
        ['dbcreator', 0n],
        ['securityadmin', 0n],
        ['bulkadmin', 0n],
      ]),
      int,
    ),
  HAS_DBACCESS: ({ core }, args) => chosen(args[0]!, new Map([...databases(core).keys()].map((name) => [name, 1n])), int),
  HAS_PERMS_BY_NAME: hasPermission,
  SERVERPROPERTY: serverProperty,
  DATABASEPROPERTYEX: databaseProperty,
  SESSIONPROPERTY: sessionProperty,
  CONNECTIONPROPERTY: connectionProperty,
  FULLTEXTSERVICEPROPERTY: constant(int, () => 0n),
  FULLTEXTCATALOGPROPERTY: constant(int, () => null),
  FILEGROUP_NAME: constant(sysname, () => 'PRIMARY'),
  CURSOR_STATUS: ({ place }) => {
    throw sqlError(40_510, 'CURSOR_STATUS is not supported by this SQL pool. It has no cursors: use a query over the whole set.', {
      place,
      kind: 'unsupported',
    });
  },
};

/** Of those that mean nothing without. */
const leastArguments: Readonly<Record<string, number>> = {
  COLUMNPROPERTY: 3,
  COL_LENGTH: 2,
  COL_NAME: 2,
  CONNECTIONPROPERTY: 1,
  DATABASEPROPERTYEX: 2,
  HAS_DBACCESS: 1,
  HAS_PERMS_BY_NAME: 3,
  IS_MEMBER: 1,
  IS_ROLEMEMBER: 1,
  IS_SRVROLEMEMBER: 1,
  OBJECTPROPERTY: 2,
  OBJECTPROPERTYEX: 2,
  OBJECT_DEFINITION: 1,
  OBJECT_ID: 1,
  OBJECT_NAME: 1,
  OBJECT_SCHEMA_NAME: 1,
  SERVERPROPERTY: 1,
  SESSIONPROPERTY: 1,
  TYPE_ID: 1,
  TYPE_NAME: 1,
};

/** What the session says of itself; undefined: it has no function of that name. */
export function sessionFunction(asking: Asking, name: string, args: readonly Typed[]): Typed | undefined {
  const key = name.toUpperCase();
  if (!Object.hasOwn(functions, key)) return undefined;
  const least = leastArguments[key] ?? 0;
  if (args.length < least) {
    throw sqlError(174, `The ${name.toLowerCase()} function requires ${least} argument(s).`, { severity: 15, place: asking.place });
  }
  return functions[key]!(asking, args);
}

/** Their names, for docs/tsql.md. */
export function sessionFunctionNames(): readonly string[] {
  return Object.keys(functions);
}
