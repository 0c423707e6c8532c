import { sqlError } from '../sql-error.ts';
import type { SqlParameter } from '../session.ts';
import {
  columnsRowset,
  foreignKeysRowset,
  primaryKeysRowset,
  proceduresRowset,
  specialColumnsRowset,
  statisticsRowset,
  tablesRowset,
  typesRowset,
  type Wanted,
} from '../catalogue/odbc-rowsets.ts';
import { int, nvarchar, type Rowset, sysname, varchar } from '../catalogue/rowset.ts';
import { databaseRowset, attributesRowset, whoRowset } from '../catalogue/server-rowsets.ts';
import type { Snapshot } from '../catalogue/snapshot.ts';
import { type Called, type Calling, intParameter, type Procedure, textParameter, wentWell } from './calling.ts';
import { sendRowset } from './send-rowset.ts';

type Parameters = readonly SqlParameter[];
type Making = (snapshot: Snapshot, parameters: Parameters, calling: Calling) => Rowset;

/** A procedure whose answer is one result from the catalogue. */
function answering(make: Making): Procedure {
  return async (calling, parameters) => {
    await sendRowset(calling, (snapshot) => make(snapshot, parameters, calling));
    return wentWell;
  };
}

/** Names come first: table, owner, database. */
function wanted(parameters: Parameters, { core }: Calling, defaults: Partial<Wanted> = {}): Wanted {
  const database = core.pool.options.database;
  const qualifier = textParameter(parameters, 2, 'table_qualifier');
  if (qualifier !== undefined && ![database.toLowerCase(), '', 'master', 'tempdb'].includes(qualifier.toLowerCase()))
    throw sqlError(15_250, 'The database name component of the object qualifier must be the name of the current database.');
  return {
    database,
    owner: textParameter(parameters, 1, 'table_owner'),
    table: textParameter(parameters, 0, 'table_name'),
    patterns: false,
    version: 2,
    ...defaults,
  };
}

const tables: Making = (snapshot, parameters, calling) => {
  const kinds = textParameter(parameters, 3, 'table_type');
  const types = kinds === undefined ? undefined : [...kinds.matchAll(/[A-Z ]+/gi)].map(([word]) => word.trim().toUpperCase());
  const patterns = intParameter(parameters, 4, 'fusepattern') !== 0;
  return tablesRowset(snapshot, wanted(parameters, calling, { patterns }), types);
};

function columns(more: boolean): Making {
  return (snapshot, parameters, calling) => {
    const version = intParameter(parameters, 5, 'odbcver') ?? intParameter(parameters, 4, 'odbcver') ?? 2;
    const patterns = intParameter(parameters, 6, 'fusepattern') !== 0;
    const column = textParameter(parameters, 3, 'column_name');
    return columnsRowset(snapshot, wanted(parameters, calling, { column, patterns, version }), more);
  };
}

const specialColumns: Making = (snapshot, parameters, calling) =>
  specialColumnsRowset(
    snapshot,
    wanted(parameters, calling, { version: intParameter(parameters, 6, 'odbcver') ?? 2 }),
    textParameter(parameters, 3, 'col_type')?.toUpperCase() === 'V',
  );

const types: Making = (_, parameters) =>
  typesRowset(intParameter(parameters, 0, 'data_type') ?? 0, intParameter(parameters, 1, 'odbcver') ?? 2);

const spaceUsed: Making = (snapshot, parameters, { core }) => {
  const name = textParameter(parameters, 0, 'objname');
  const plain = name?.replaceAll(/[[\]"]/g, '').toLowerCase();
  if (plain === undefined)
    return {
      columns: [
        ['database_name', sysname],
        ['database_size', varchar(18)],
        ['unallocated space', varchar(18)],
      ],
      rows: [[core.pool.options.database, null, null]],
    };
  const table = [...snapshot.tables.values()].find(({ facts }) =>
    [facts.name.toLowerCase(), `${facts.schema}.${facts.name}`.toLowerCase()].includes(plain),
  );
  if (!table)
    throw sqlError(
      15_009,
      `The object '${name}' does not exist in database '${core.pool.options.database}' or is invalid for this operation.`,
    );
  return {
    columns: [
      ['name', sysname],
      ['rows', { name: 'char', length: 20 }],
      ['reserved', varchar(18), true],
      ['data', varchar(18), true],
      ['index_size', varchar(18), true],
      ['unused', varchar(18), true],
    ],
    rows: [[table.facts.name, String(table.rows).padEnd(20), null, null, null, null]],
  };
};

/** A lock that an application names would have to hold across sessions: there is none, and pretending would be worse. */
const lockRefused: Procedure = async (): Promise<Called> => {
  throw sqlError(40_510, 'Application locks are not supported by this SQL pool. Keep the order of work in the application.', {
    kind: 'unsupported',
  });
};

export const catalogueProcedures: Readonly<Record<string, Procedure>> = {
  sp_tables: answering(tables),
  sp_columns: answering(columns(false)),
  sp_columns_90: answering(columns(false)),
  sp_columns_100: answering(columns(true)),
  sp_pkeys: answering((snapshot, parameters, calling) => primaryKeysRowset(snapshot, wanted(parameters, calling))),
  sp_fkeys: answering(() => foreignKeysRowset),
  sp_statistics: answering((snapshot, parameters, calling) => statisticsRowset(snapshot, wanted(parameters, calling))),
  sp_statistics_100: answering((snapshot, parameters, calling) => statisticsRowset(snapshot, wanted(parameters, calling))),
  sp_special_columns: answering(specialColumns),
  sp_special_columns_90: answering(specialColumns),
  sp_special_columns_100: answering(specialColumns),
  sp_datatype_info: answering(types),
  sp_datatype_info_90: answering(types),
  sp_datatype_info_100: answering(types),
  sp_databases: answering((_, __, { core }) => databaseRowset(core.asker)),
  sp_server_info: answering((_, parameters) => attributesRowset(intParameter(parameters, 0, 'attribute_id'))),
  sp_stored_procedures: answering(() => proceduresRowset),
  sp_sproc_columns: answering(() => ({
    columns: [
      ['PROCEDURE_QUALIFIER', sysname, true],
      ['COLUMN_NAME', nvarchar(128), true],
      ['DATA_TYPE', int],
    ],
    rows: [],
  })),
  sp_table_privileges: answering(() => ({
    columns: [
      ['TABLE_QUALIFIER', sysname, true],
      ['TABLE_OWNER', sysname, true],
      ['TABLE_NAME', sysname],
      ['GRANTOR', sysname, true],
      ['GRANTEE', sysname, true],
      ['PRIVILEGE', varchar(32)],
      ['IS_GRANTABLE', varchar(3), true],
    ],
    rows: [],
  })),
  sp_who: answering((_, __, { core }) => whoRowset(core.asker)),
  sp_who2: answering((_, __, { core }) => whoRowset(core.asker)),
  sp_spaceused: answering(spaceUsed),
  sp_getapplock: lockRefused,
  sp_releaseapplock: lockRefused,
};
