import type { SqlValue } from '../session.ts';
import { bit, char, datetime, int, nvarchar, type RowsetColumn, sysname, tinyint } from './rowset.ts';
import { keyObjectId, type CatalogueTable, type Snapshot } from './snapshot.ts';
import type { RowsetMaker } from './system-view.ts';

/** A pool does not note when objects were made: all were made when it was. */
export const madeAt = '2020-01-01 00:00:00.000';

const objectColumns: readonly RowsetColumn[] = [
  ['name', sysname],
  ['object_id', int],
  ['principal_id', int, true],
  ['schema_id', int],
  ['parent_object_id', int],
  ['type', char(2), true],
  ['type_desc', nvarchar(60), true],
  ['create_date', datetime],
  ['modify_date', datetime],
  ['is_ms_shipped', bit],
  ['is_published', bit],
  ['is_schema_published', bit],
];

interface ObjectRow {
  readonly name: string;
  readonly id: number;
  readonly schemaId: number;
  readonly parent: number;
  readonly type: string;
  readonly description: string;
}

function rowOf({ name, id, schemaId, parent, type, description }: ObjectRow): readonly SqlValue[] {
  return [name, BigInt(id), null, BigInt(schemaId), BigInt(parent), type, description, madeAt, madeAt, false, false, false];
}

function tableRow({ facts, objectId, schemaId }: CatalogueTable): readonly SqlValue[] {
  const isView = facts.kind === 'view';
  return rowOf({
    name: facts.name,
    id: objectId,
    schemaId,
    parent: 0,
    type: isView ? 'V ' : 'U ',
    description: isView ? 'VIEW' : 'USER_TABLE',
  });
}

function keyRows(table: CatalogueTable): readonly (readonly SqlValue[])[] {
  return table.keys.map((key) =>
    rowOf({
      name: key.name,
      id: keyObjectId(table, key.name),
      schemaId: table.schemaId,
      parent: table.objectId,
      type: key.kind === 'primary' ? 'PK' : 'UQ',
      description: key.kind === 'primary' ? 'PRIMARY_KEY_CONSTRAINT' : 'UNIQUE_CONSTRAINT',
    }),
  );
}

function tablesOf(snapshot: Snapshot, kind: 'table' | 'view'): readonly CatalogueTable[] {
  return [...snapshot.tables.values()].filter(({ facts }) => facts.kind === kind);
}

const objects: RowsetMaker = (snapshot) => ({
  columns: objectColumns,
  rows: [...snapshot.tables.values()].flatMap((table) => [tableRow(table), ...keyRows(table)]),
});

const tables: RowsetMaker = (snapshot) => ({
  columns: [
    ...objectColumns,
    ['lob_data_space_id', int],
    ['filestream_data_space_id', int, true],
    ['max_column_id_used', int],
    ['lock_on_bulk_load', bit],
    ['uses_ansi_nulls', bit, true],
    ['is_replicated', bit, true],
    ['has_replication_filter', bit, true],
    ['is_merge_published', bit, true],
    ['is_sync_tran_subscribed', bit, true],
    ['has_unchecked_assembly_data', bit],
    ['text_in_row_limit', int, true],
    ['large_value_types_out_of_row', bit, true],
    ['is_tracked_by_cdc', bit, true],
    ['lock_escalation', tinyint, true],
    ['lock_escalation_desc', nvarchar(60), true],
    ['is_filetable', bit, true],
    ['is_memory_optimized', bit, true],
    ['durability', tinyint, true],
    ['durability_desc', nvarchar(60), true],
    ['temporal_type', tinyint, true],
    ['temporal_type_desc', nvarchar(60), true],
    ['history_table_id', int, true],
    ['is_remote_data_archive_enabled', bit, true],
    ['is_external', bit],
    ['history_retention_period', int, true],
    ['history_retention_period_unit', int, true],
    ['history_retention_period_unit_desc', nvarchar(10), true],
    ['is_node', bit, true],
    ['is_edge', bit, true],
  ],
  rows: tablesOf(snapshot, 'table').map((table) => [
    ...tableRow(table),
    0n,
    null,
    BigInt(table.facts.columns.length),
    false,
    true,
    table.link !== undefined,
    false,
    false,
    false,
    false,
    0n,
    false,
    false,
    0n,
    'TABLE',
    false,
    false,
    0n,
    'SCHEMA_AND_DATA',
    0n,
    'NON_TEMPORAL_TABLE',
    null,
    false,
    false,
    null,
    null,
    null,
    false,
    false,
  ]),
});

const views: RowsetMaker = (snapshot) => ({
  columns: [
    ...objectColumns,
    ['is_replicated', bit, true],
    ['has_replication_filter', bit, true],
    ['has_opaque_metadata', bit],
    ['has_unchecked_assembly_data', bit],
    ['with_check_option', bit],
    ['is_date_correlation_view', bit],
    ['is_tracked_by_cdc', bit, true],
  ],
  rows: tablesOf(snapshot, 'view').map((view) => [...tableRow(view), false, false, false, false, false, false, false]),
});

const schemas: RowsetMaker = (snapshot) => ({
  columns: [
    ['name', sysname],
    ['schema_id', int],
    ['principal_id', int, true],
  ],
  rows: [
    ...[...snapshot.schemas.values()].map(({ name, id }): readonly SqlValue[] => [name, BigInt(id), 1n]),
    ['guest', 2n, 2n],
    ['INFORMATION_SCHEMA', 3n, 3n],
    ['sys', 4n, 4n],
  ],
});

const keyConstraints: RowsetMaker = (snapshot) => ({
  columns: [...objectColumns, ['unique_index_id', int, true], ['is_system_named', bit], ['is_enforced', bit, true]],
  rows: [...snapshot.tables.values()].flatMap((table) =>
    keyRows(table).map((row, place) => [...row, BigInt(place + 1), false, table.link === undefined]),
  ),
});

/** The old names' columns: `sysobjects`. */
const sysobjects: RowsetMaker = (snapshot) => ({
  columns: [
    ['name', sysname],
    ['id', int],
    ['xtype', char(2)],
    ['uid', { name: 'smallint' }, true],
    ['parent_obj', int],
    ['crdate', datetime],
    ['type', char(2), true],
  ],
  rows: [...snapshot.tables.values()]
    .flatMap((table) => [tableRow(table), ...keyRows(table)])
    .map((row) => [row[0]!, row[1]!, row[5]!, row[3]!, row[4]!, madeAt, row[5]!]),
});

export const objectViews: Readonly<Record<string, RowsetMaker>> = {
  objects,
  all_objects: objects,
  tables,
  views,
  all_views: views,
  schemas,
  key_constraints: keyConstraints,
  sysobjects,
};
