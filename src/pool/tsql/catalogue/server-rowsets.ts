import type { SqlValue } from '../session.ts';
import { char, int, type Rowset, smallint, sysname, varchar } from './rowset.ts';
import type { Asker } from './system-view.ts';

/** `sp_databases`. */
export function databaseRowset({ database }: Asker): Rowset {
  return {
    columns: [
      ['DATABASE_NAME', sysname],
      ['DATABASE_SIZE', int, true],
      ['REMARKS', varchar(254), true],
    ],
    rows: [database, 'master'].map((name): readonly SqlValue[] => [name, null, null]),
  };
}

const attributes: readonly (readonly [id: bigint, name: string, value: string])[] = [
  [1n, 'DBMS_NAME', 'Microsoft SQL Server'],
  [2n, 'DBMS_VER', 'Microsoft Azure SQL Data Warehouse - 12.0.2000.8'],
  [10n, 'OWNER_TERM', 'owner'],
  [11n, 'TABLE_TERM', 'table'],
  [12n, 'MAX_OWNER_NAME_LENGTH', '128'],
  [13n, 'TABLE_LENGTH', '128'],
  [14n, 'MAX_QUAL_LENGTH', '128'],
  [15n, 'COLUMN_LENGTH', '128'],
  [16n, 'IDENTIFIER_CASE', 'MIXED'],
  [17n, 'TX_ISOLATION', '2'],
  [18n, 'COLLATION_SEQ', 'charset=iso_1 sort_order=nocase_iso charset_num=1 sort_order_num=52'],
  [19n, 'SAVEPOINT_SUPPORT', 'N'],
  [20n, 'MULTI_RESULT_SETS', 'Y'],
  [22n, 'ACCESSIBLE_TABLES', 'Y'],
  [100n, 'USERID_LENGTH', '128'],
  [101n, 'QUALIFIER_TERM', 'database'],
  [102n, 'NAMED_TRANSACTIONS', 'Y'],
  [103n, 'SPROC_AS_LANGUAGE', 'N'],
  [104n, 'ACCESSIBLE_SPROC', 'Y'],
  [105n, 'MAX_INDEX_COLS', '16'],
  [106n, 'RENAME_TABLE', 'Y'],
  [107n, 'RENAME_COLUMN', 'Y'],
  [108n, 'DROP_COLUMN', 'Y'],
  [109n, 'INCREASE_COLUMN_LENGTH', 'Y'],
  [110n, 'DDL_IN_TRANSACTION', 'Y'],
  [111n, 'DESCENDING_INDEXES', 'Y'],
  [112n, 'SP_RENAME', 'Y'],
  [113n, 'REMOTE_SPROC', 'N'],
  [500n, 'SYS_SPROC_VERSION', '12.00.2000'],
];

/** `sp_server_info`. */
export function attributesRowset(wanted: number | undefined): Rowset {
  return {
    columns: [
      ['attribute_id', int],
      ['attribute_name', varchar(60)],
      ['attribute_value', varchar(255), true],
    ],
    rows: attributes.filter(([id]) => wanted === undefined || id === BigInt(wanted)),
  };
}

/** `sp_who`. */
export function whoRowset({ sessions, database }: Asker): Rowset {
  return {
    columns: [
      ['spid', smallint],
      ['ecid', smallint],
      ['status', { name: 'nchar', length: 30 }],
      ['loginame', sysname, true],
      ['hostname', { name: 'nchar', length: 128 }],
      ['blk', char(5), true],
      ['dbname', sysname, true],
      ['cmd', { name: 'nchar', length: 26 }],
      ['request_id', int],
    ],
    rows: sessions.map((session): readonly SqlValue[] => [
      BigInt(session.number),
      0n,
      (session.running ? 'runnable' : 'sleeping').padEnd(30),
      session.user.name,
      session.host.padEnd(128).slice(0, 128),
      '0    ',
      database,
      (session.running ? 'SELECT' : 'AWAITING COMMAND').padEnd(26),
      0n,
    ]),
  };
}
