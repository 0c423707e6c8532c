import {
  capturedColumnsStatement,
  capturesStatement,
  columnsStatement,
  marksStatement,
  maxLsnStatement,
  recoveryForkStatement,
  serverStatement,
  tablesStatement,
  versionStatement,
} from '#replication/sources/sqlserver/statements.ts';
import { sqlServerRightsQuestion } from '#runtime/jobs/sqlserver-rights.ts';
import type { TdsType, TdsValue } from '#wire/tds/types/tds-type.ts';
import { lsnBytes, type CaptureState, type Lsn } from './capture.ts';
import { isOwner, maySelect, mayViewTracking, seesTable } from './logins.ts';
import type { TableState } from './table.ts';
import { StatementError, type AnswerColumn, type Asking, type StatementAnswer } from './terms.ts';
import { catalogueType } from './types.ts';

const int: TdsType = { name: 'int' };
const bigint: TdsType = { name: 'bigint' };
const bit: TdsType = { name: 'bit' };
const tinyint: TdsType = { name: 'tinyint' };
const smallint: TdsType = { name: 'smallint' };
const sysname: TdsType = { name: 'nvarchar', length: 128 };
const lsnText: TdsType = { name: 'char', length: 20 };
const varchar = (length: number): TdsType => ({ name: 'varchar', length });
const nvarchar = (length: number): TdsType => ({ name: 'nvarchar', length });

function unnamed(...types: readonly TdsType[]): readonly AnswerColumn[] {
  return types.map((type) => ({ name: '', type }));
}

const snapshotStates = { off: 0n, on: 1n, 'to-off': 2n, 'to-on': 3n } as const;
type Answers = (asking: Asking) => StatementAnswer;

/** Questions that have one text, by what they are called in tests. */
export const catalogueAnswers: readonly { readonly name: string; readonly sql: string; readonly answer: Answers; readonly pins?: true }[] =
  [
    { name: 'server', sql: serverStatement, answer: serverRow },
    { name: 'recovery fork', sql: recoveryForkStatement, answer: recoveryFork },
    { name: 'tables', sql: tablesStatement, answer: tableRows },
    { name: 'version', sql: versionStatement, answer: version, pins: true },
    { name: 'marks', sql: marksStatement, answer: marks },
    { name: 'captures', sql: capturesStatement, answer: captures },
    { name: 'captured columns', sql: capturedColumnsStatement, answer: capturedColumns },
    { name: 'max lsn', sql: maxLsnStatement, answer: maxLsn },
    { name: 'rights', sql: sqlServerRightsQuestion, answer: rights },
  ];

function serverRow({ database, ...asking }: Asking): StatementAnswer {
  const [server, login] = [asking.server(), asking.login()];
  const { tracking, capture } = database.state;
  return {
    columns: unnamed(int, nvarchar(128), nvarchar(128), nvarchar(128), sysname, tinyint, bit, nvarchar(36), nvarchar(30), bit, int, int),
    rows: [
      [
        BigInt(server.engineEdition),
        server.productVersion,
        server.edition,
        database.isReadOnly ? 'READ_ONLY' : 'READ_WRITE',
        database.name,
        snapshotStates[database.snapshotIsolation],
        capture !== undefined,
        database.identity.brokerGuid,
        database.identity.createdAt.replace(' ', 'T'),
        tracking?.autoCleanup ?? null,
        tracking === undefined ? null : BigInt(tracking.retentionMinutes),
        isOwner(login) || login.unmask === true ? 1n : 0n,
      ],
    ],
  };
}

function recoveryFork({ database, ...asking }: Asking): StatementAnswer {
  const [server, login] = [asking.server(), asking.login()];
  if (server.engineEdition === 5) throw new StatementError({ number: 208, text: "Invalid object name 'sys.database_recovery_status'." });
  if (!isOwner(login) && login.viewDefinition !== true)
    throw new StatementError({ number: 300, severity: 14, text: 'VIEW ANY DEFINITION permission was denied.' });
  return { columns: unnamed(nvarchar(36)), rows: [[database.identity.forkGuid]] };
}

/** Catalogue views show what is now, whatever a SNAPSHOT transaction sees of rows. */
function tablesOf({ database, ...asking }: Asking): readonly TableState[] {
  const login = asking.login();
  return [...database.state.tables.values()]
    .filter((table) => isOwner(login) || seesTable(login, table))
    .toSorted((a, b) => (a.schema === b.schema ? order(a.name, b.name) : order(a.schema, b.schema)));
}

function order(a: string, b: string): number {
  return a.toLowerCase() < b.toLowerCase() ? -1 : 1;
}

const begunText: TdsType = { name: 'nvarchar', length: 51 };

function begun(tracking: TableState['tracking']): string | null {
  return tracking === undefined ? null : `${tracking.beginVersion}@${tracking.createdAt.replace(' ', 'T')}`;
}

const right = (has: boolean): bigint => (has ? 1n : 0n);

function tableRows(asking: Asking): StatementAnswer {
  const instances = asking.database.state.capture?.instances ?? [];
  return {
    columns: unnamed(int, sysname, sysname, bit, bigint, begunText, int, int, int, bit),
    rows: tablesOf(asking).map((table) => [
      BigInt(table.objectId),
      table.schema,
      table.name,
      table.isMemoryOptimized,
      BigInt(table.rows.size),
      begun(table.tracking),
      right(maySelect(asking.login(), table)),
      right(mayViewTracking(asking.login(), table)),
      right(table.isFiltered),
      instances.some(({ sourceObjectId }) => sourceObjectId === table.objectId),
    ]),
  };
}

/** The text names the tables that it is about. */
export function columnsAnswer(sql: string, asking: Asking): StatementAnswer | undefined {
  const [, list = ''] = / IN \((\d+(?:, \d+)*)\) ORDER BY /.exec(sql) ?? [];
  const ids = list.split(', ').map(Number);
  if (list === '' || columnsStatement(ids) !== sql) return undefined;
  const tables = tablesOf(asking)
    .filter(({ objectId }) => ids.includes(objectId))
    .toSorted((a, b) => a.objectId - b.objectId);
  return {
    columns: unnamed(int, int, sysname, sysname, smallint, tinyint, tinyint, bit, bit, int, int, sysname, bit, int, bit),
    rows: tables.flatMap((table) =>
      table.columns.map((column): readonly TdsValue[] => {
        const { typeName, maxLength, precision, scale, collation } = catalogueType(column.type);
        const place = table.key.indexOf(column.id);
        return [
          BigInt(table.objectId),
          BigInt(column.id),
          column.name,
          typeName,
          BigInt(maxLength),
          BigInt(precision),
          BigInt(scale),
          column.nullable,
          column.computed !== undefined,
          0n,
          right(column.isMasked),
          collation,
          ['hierarchyid', 'geometry', 'geography'].includes(column.type.name),
          place < 0 ? null : BigInt(place + 1),
          place < 0 ? null : false,
        ];
      }),
    ),
  };
}

function version({ database, seen }: Asking): StatementAnswer {
  return { columns: unnamed(bigint, varchar(27)), rows: [[seen().tracking?.version ?? null, clock(database.now())]] };
}

function clock(now: string): string {
  return `${now}0000`;
}

function marks(asking: Asking): StatementAnswer {
  const login = asking.login();
  return {
    columns: unnamed(int, sysname, sysname, bigint, begunText),
    rows: tablesOf(asking).flatMap(({ tracking, ...table }) =>
      tracking === undefined
        ? []
        : [
            [
              BigInt(table.objectId),
              table.schema,
              table.name,
              mayViewTracking(login, table) ? tracking.minValidVersion : null,
              begun(tracking),
            ],
          ],
    ),
  };
}

/** What only exists while change data capture is on, and only its readers may see. */
export function captureOf({ database, ...asking }: Asking, object: string): CaptureState {
  const login = asking.login();
  const { capture } = database.state;
  if (capture === undefined) throw new StatementError({ number: 208, text: `Invalid object name '${object}'.` });
  if (!isOwner(login) && login.readsCapture !== true)
    throw new StatementError({ number: 229, severity: 14, text: `The SELECT permission was denied on the object '${object}'.` });
  return capture;
}

export function lsnHex(lsn: Lsn): string {
  return Buffer.from(lsnBytes(lsn)).toString('hex').toUpperCase();
}

function captures(asking: Asking): StatementAnswer {
  const instances = captureOf(asking, 'cdc.change_tables').instances.toSorted(
    (a, b) => a.sourceObjectId - b.sourceObjectId || order(a.createdAt, b.createdAt),
  );
  return {
    columns: unnamed(sysname, int, int, lsnText, lsnText, nvarchar(30)),
    rows: instances.map((one) => [
      one.name,
      BigInt(one.sourceObjectId),
      BigInt(one.objectId),
      lsnHex(one.startLsn),
      lsnHex(one.minLsn),
      one.createdAt.replace(' ', 'T'),
    ]),
  };
}

function capturedColumns(asking: Asking): StatementAnswer {
  const instances = captureOf(asking, 'cdc.captured_columns').instances.toSorted((a, b) => a.objectId - b.objectId);
  return {
    columns: unnamed(int, sysname, int),
    rows: instances.flatMap((one) => one.columns.map(({ id, name }) => [BigInt(one.objectId), name, BigInt(id)])),
  };
}

function maxLsn({ database }: Asking): StatementAnswer {
  const last = database.state.capture?.mapping.at(-1)?.lsn;
  return { columns: unnamed(lsnText, varchar(27)), rows: [[last === undefined ? null : lsnHex(last), clock(database.now())]] };
}

function rights(asking: Asking): StatementAnswer {
  const login = asking.login();
  const tables = tablesOf(asking);
  const names = ['owner_role', 'control_right', 'state_right', 'definition_right', 'tables_seen', 'tables_read', 'tables_tracked'];
  return {
    columns: names.map((name) => ({ name, type: int })),
    rows: [
      [
        right(login.owner === true),
        right(isOwner(login)),
        right(isOwner(login) || login.viewState === true),
        right(isOwner(login) || login.viewDefinition === true),
        BigInt(tables.length),
        BigInt(tables.filter((table) => maySelect(login, table)).length),
        BigInt(tables.filter((table) => mayViewTracking(login, table)).length),
      ],
    ],
  };
}
