import type { SqlValue } from '../session.ts';
import { madeAt } from './sys-objects.ts';
import { type CatalogueTable, keyObjectId, type Snapshot } from './snapshot.ts';
import { emptyView, type RowsetMaker } from './system-view.ts';
import { columnsAs } from './view-columns.ts';

/** An index as T-SQL declared it, a key, or the table itself: its rows lie in columns. */
interface IndexRow {
  readonly table: CatalogueTable;
  readonly id: number;
  readonly name: string | null;
  readonly type: readonly [number, string];
  readonly unique: boolean;
  readonly key: 'primary' | 'unique' | undefined;
  readonly columns: readonly string[];
}

const columnstore: readonly [number, string] = [5, 'CLUSTERED COLUMNSTORE'];
const nonclustered: readonly [number, string] = [2, 'NONCLUSTERED'];
const clustered: readonly [number, string] = [1, 'CLUSTERED'];

function indexesOf(snapshot: Snapshot): readonly IndexRow[] {
  return [...snapshot.tables.values()].flatMap((table): readonly IndexRow[] => {
    if (table.facts.kind === 'view') return [];
    const own: IndexRow = {
      table,
      id: 1,
      name: `ClusteredIndex_${table.objectId}`,
      type: columnstore,
      unique: false,
      key: undefined,
      columns: [],
    };
    const keys = table.keys.map(({ kind, name, columns }, place): IndexRow => ({
      table,
      id: place + 2,
      name,
      type: nonclustered,
      unique: true,
      key: kind,
      columns,
    }));
    const declared = (table.declared?.objects ?? []).filter(({ kind }) => kind === 'index');
    return [own, ...keys, ...declared.map((index, place) => declaredIndex(table, index, keys.length + 2 + place))];
  });
}

function declaredIndex(
  table: CatalogueTable,
  { name, definition }: NonNullable<CatalogueTable['declared']>['objects'][number],
  id: number,
): IndexRow {
  const known = (definition ?? {}) as { readonly clustered?: boolean; readonly columns?: readonly (string | { readonly name: string })[] };
  const columns = (known.columns ?? []).map((column) => (typeof column === 'string' ? column : column.name));
  return { table, id, name, type: known.clustered === true ? clustered : nonclustered, unique: false, key: undefined, columns };
}

const indexes: RowsetMaker = (snapshot) => ({
  columns: columnsAs(
    'object_id int, name sysname?, index_id int, type tinyint, type_desc nvarchar60?, is_unique bit?, data_space_id int?, ignore_dup_key bit?, is_primary_key bit?, is_unique_constraint bit?, fill_factor tinyint, is_padded bit?, is_disabled bit?, is_hypothetical bit?, is_ignored_in_optimization bit?, allow_row_locks bit?, allow_page_locks bit?, has_filter bit?, filter_definition nvarcharmax?, compression_delay int?, suppress_dup_key_messages bit?, auto_created bit?, optimize_for_sequential_key bit?',
  ),
  rows: indexesOf(snapshot).map(({ table, id, name, type, unique, key }) => [
    BigInt(table.objectId),
    name,
    BigInt(id),
    BigInt(type[0]),
    type[1],
    unique,
    1n,
    false,
    key === 'primary',
    key === 'unique',
    0n,
    false,
    false,
    false,
    false,
    true,
    true,
    false,
    null,
    null,
    false,
    false,
    false,
  ]),
});

const indexColumns: RowsetMaker = (snapshot) => ({
  columns: columnsAs(
    'object_id int, index_id int, index_column_id int, column_id int, key_ordinal tinyint, partition_ordinal tinyint, is_descending_key bit?, is_included_column bit?, column_store_order_ordinal tinyint?',
  ),
  rows: indexesOf(snapshot).flatMap(({ table, id, columns, type }) => {
    const all = type === columnstore ? table.facts.columns.map(({ name }) => name) : columns;
    return all.map((name, place): readonly SqlValue[] => {
      const column = table.facts.columns.findIndex((one) => one.name.toLowerCase() === name.toLowerCase()) + 1;
      const isKey = type !== columnstore;
      return [BigInt(table.objectId), BigInt(id), BigInt(place + 1), BigInt(column), isKey ? BigInt(place + 1) : 0n, 0n, false, !isKey, 0n];
    });
  }),
});

const partitions: RowsetMaker = (snapshot) => ({
  columns: columnsAs(
    'partition_id bigint, object_id int, index_id int, partition_number int, hobt_id bigint, rows bigint?, filestream_filegroup_id smallint, data_compression tinyint, data_compression_desc nvarchar60?',
  ),
  rows: [...snapshot.tables.values()]
    .filter(({ facts }) => facts.kind === 'table')
    .map(({ objectId, rows }) => [BigInt(objectId), BigInt(objectId), 1n, 1n, BigInt(objectId), rows, 0n, 3n, 'COLUMNSTORE']),
});

const partitionStats: RowsetMaker = (snapshot) => ({
  columns: columnsAs(
    'partition_id bigint?, object_id int, index_id int, partition_number int, in_row_data_page_count bigint?, in_row_used_page_count bigint?, in_row_reserved_page_count bigint?, lob_used_page_count bigint?, lob_reserved_page_count bigint?, row_overflow_used_page_count bigint?, row_overflow_reserved_page_count bigint?, used_page_count bigint?, reserved_page_count bigint?, row_count bigint?',
  ),
  rows: [...snapshot.tables.values()]
    .filter(({ facts }) => facts.kind === 'table')
    .map(({ objectId, rows }) => [BigInt(objectId), BigInt(objectId), 1n, 1n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, rows]),
});

const identityColumns: RowsetMaker = (snapshot) => ({
  columns: columnsAs(
    'object_id int, name sysname?, column_id int, seed_value bigint?, increment_value bigint?, last_value bigint?, is_not_for_replication bit?',
  ),
  rows: [...snapshot.tables.values()].flatMap(({ objectId, facts }) =>
    facts.columns.flatMap(({ name, identity }, place): readonly (readonly SqlValue[])[] =>
      identity ? [[BigInt(objectId), name, BigInt(place + 1), BigInt(identity.seed), BigInt(identity.increment), null, false]] : [],
    ),
  ),
});

const defaults: RowsetMaker = (snapshot) => ({
  columns: columnsAs(
    'name sysname, object_id int, principal_id int?, schema_id int, parent_object_id int, type char2?, type_desc nvarchar60?, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, parent_column_id int, definition nvarcharmax?, is_system_named bit',
  ),
  rows: [...snapshot.tables.values()].flatMap((table) =>
    table.facts.columns.flatMap((column, place): readonly (readonly SqlValue[])[] => {
      if (column.default === undefined) return [];
      const name = `DF_${table.facts.name}_${column.name}`;
      const id = BigInt(keyObjectId(table, name));
      const shared = [name, id, null, BigInt(table.schemaId), BigInt(table.objectId), 'D ', 'DEFAULT_CONSTRAINT', madeAt, madeAt];
      return [[...shared, false, false, false, BigInt(place + 1), `(${column.default})`, true]];
    }),
  ),
});

const modules: RowsetMaker = (snapshot) => ({
  columns: columnsAs(
    'object_id int, definition nvarcharmax?, uses_ansi_nulls bit?, uses_quoted_identifier bit?, is_schema_bound bit?, uses_database_collation bit?, is_recompiled bit?, null_on_null_input bit?, execute_as_principal_id int?, uses_native_compilation bit?',
  ),
  rows: [...snapshot.tables.values()].flatMap(({ facts, objectId }): readonly (readonly SqlValue[])[] =>
    facts.view
      ? [
          [
            BigInt(objectId),
            `CREATE VIEW [${facts.schema}].[${facts.name}] AS ${facts.view.text}`,
            true,
            true,
            false,
            false,
            false,
            false,
            null,
            false,
          ],
        ]
      : [],
  ),
});

/** How a table of a dedicated pool is spread: here it is in one place, whatever was declared. */
const distribution: RowsetMaker = (snapshot) => ({
  columns: columnsAs('object_id int, distribution_policy tinyint, distribution_policy_desc nvarchar60?'),
  rows: [...snapshot.tables.values()]
    .filter(({ facts }) => facts.kind === 'table')
    .map(({ objectId, declared }) => {
      const text = JSON.stringify(declared?.options ?? {}).toUpperCase();
      const policy: readonly [bigint, string] = text.includes('"HASH')
        ? [2n, 'HASH']
        : text.includes('REPLICATE')
          ? [3n, 'REPLICATE']
          : [4n, 'ROUND_ROBIN'];
      return [BigInt(objectId), ...policy];
    }),
});

export const keyViews: Readonly<Record<string, RowsetMaker>> = {
  indexes,
  index_columns: indexColumns,
  partitions,
  dm_db_partition_stats: partitionStats,
  identity_columns: identityColumns,
  default_constraints: defaults,
  sql_modules: modules,
  all_sql_modules: modules,
  pdw_table_distribution_properties: distribution,
  pdw_column_distribution_properties: emptyView(...columnsAs('object_id int, column_id int, distribution_ordinal tinyint')),
  foreign_keys: emptyView(
    ...columnsAs(
      'name sysname, object_id int, principal_id int?, schema_id int, parent_object_id int, type char2?, type_desc nvarchar60?, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, referenced_object_id int?, key_index_id int?, is_disabled bit, is_not_for_replication bit, is_not_trusted bit, delete_referential_action tinyint?, delete_referential_action_desc nvarchar60?, update_referential_action tinyint?, update_referential_action_desc nvarchar60?, is_system_named bit',
    ),
  ),
  foreign_key_columns: emptyView(
    ...columnsAs(
      'constraint_object_id int, constraint_column_id int, parent_object_id int, parent_column_id int, referenced_object_id int, referenced_column_id int',
    ),
  ),
  check_constraints: emptyView(
    ...columnsAs(
      'name sysname, object_id int, principal_id int?, schema_id int, parent_object_id int, type char2?, type_desc nvarchar60?, create_date datetime, modify_date datetime, is_ms_shipped bit, is_disabled bit, is_not_for_replication bit, is_not_trusted bit, parent_column_id int, definition nvarcharmax?, uses_database_collation bit?, is_system_named bit',
    ),
  ),
  computed_columns: emptyView(
    ...columnsAs(
      'object_id int, name sysname?, column_id int, definition nvarcharmax?, uses_database_collation bit, is_persisted bit, is_computed bit',
    ),
  ),
  stats: emptyView(
    ...columnsAs(
      'object_id int, name sysname?, stats_id int, auto_created bit?, user_created bit?, no_recompute bit?, has_filter bit?, filter_definition nvarcharmax?',
    ),
  ),
  stats_columns: emptyView(...columnsAs('object_id int, stats_id int, stats_column_id int?, column_id int?')),
};
