import type { SqlValue } from '../session.ts';
import { madeAt } from './sys-objects.ts';
import { emptyView, type RowsetMaker } from './system-view.ts';
import { collation } from './type-facts.ts';
import { columnsAs } from './view-columns.ts';

const databaseColumns = columnsAs(
  'name sysname, database_id int, source_database_id int?, owner_sid varbinary85?, create_date datetime, compatibility_level tinyint, collation_name sysname?, user_access tinyint?, user_access_desc nvarchar60?, is_read_only bit?, is_auto_close_on bit, is_auto_shrink_on bit?, state tinyint?, state_desc nvarchar60?, is_in_standby bit?, is_cleanly_shutdown bit?, is_supplemental_logging_enabled bit?, snapshot_isolation_state tinyint?, snapshot_isolation_state_desc nvarchar60?, is_read_committed_snapshot_on bit?, recovery_model tinyint?, recovery_model_desc nvarchar60?, page_verify_option tinyint?, page_verify_option_desc nvarchar60?, is_auto_create_stats_on bit?, is_auto_create_stats_incremental_on bit?, is_auto_update_stats_on bit?, is_auto_update_stats_async_on bit?, is_ansi_null_default_on bit?, is_ansi_nulls_on bit?, is_ansi_padding_on bit?, is_ansi_warnings_on bit?, is_arithabort_on bit?, is_concat_null_yields_null_on bit?, is_numeric_roundabort_on bit?, is_quoted_identifier_on bit?, is_recursive_triggers_on bit?, is_cursor_close_on_commit_on bit?, is_local_cursor_default bit?, is_fulltext_enabled bit?, is_trustworthy_on bit?, is_db_chaining_on bit?, is_parameterization_forced bit?, is_master_key_encrypted_by_server bit, is_query_store_on bit?, is_published bit, is_subscribed bit, is_merge_published bit, is_distributor bit, is_sync_with_backup bit, service_broker_guid uniqueidentifier?, is_broker_enabled bit, log_reuse_wait tinyint?, log_reuse_wait_desc nvarchar60?, is_date_correlation_on bit, is_cdc_enabled bit, is_encrypted bit?, is_honor_broker_priority_on bit?, replica_id uniqueidentifier?, group_database_id uniqueidentifier?, resource_pool_id int?, default_language_lcid smallint?, default_language_name nvarchar128?, default_fulltext_language_lcid int?, default_fulltext_language_name nvarchar128?, is_nested_triggers_on bit?, is_transform_noise_words_on bit?, two_digit_year_cutoff smallint?, containment tinyint?, containment_desc nvarchar60?, target_recovery_time_in_seconds int?, delayed_durability int?, delayed_durability_desc nvarchar60?, is_memory_optimized_elevate_to_snapshot_on bit?, is_federation_member bit?, is_remote_data_archive_enabled bit?, is_mixed_page_allocation_on bit?, is_temporal_history_retention_enabled bit?, catalog_collation_type int?, catalog_collation_type_desc nvarchar60?, physical_database_name nvarchar128?, is_result_set_caching_on bit?, is_accelerated_database_recovery_on bit?, is_tempdb_spill_to_remote_store bit?, is_stale_page_detection_on bit?, is_memory_optimized_enabled bit?, is_ledger_on bit?',
);

const databases: RowsetMaker = (_, { database, mayWrite }) => {
  const known = (name: string, id: bigint): ReadonlyMap<string, SqlValue> =>
    new Map<string, SqlValue>([
      ['name', name],
      ['database_id', id],
      ['create_date', madeAt],
      ['compatibility_level', 130n],
      ['collation_name', collation],
      ['user_access', 0n],
      ['user_access_desc', 'MULTI_USER'],
      ['is_read_only', name === database && !mayWrite],
      ['state', 0n],
      ['state_desc', 'ONLINE'],
      ['snapshot_isolation_state', 1n],
      ['snapshot_isolation_state_desc', 'ON'],
      ['is_read_committed_snapshot_on', true],
      ['recovery_model', 1n],
      ['recovery_model_desc', 'FULL'],
      ['page_verify_option', 2n],
      ['page_verify_option_desc', 'CHECKSUM'],
      ['is_ansi_null_default_on', true],
      ['is_ansi_nulls_on', true],
      ['is_ansi_padding_on', true],
      ['is_ansi_warnings_on', true],
      ['is_arithabort_on', true],
      ['is_concat_null_yields_null_on', true],
      ['is_quoted_identifier_on', true],
      ['log_reuse_wait', 0n],
      ['log_reuse_wait_desc', 'NOTHING'],
      ['containment', 0n],
      ['containment_desc', 'NONE'],
      ['physical_database_name', name],
    ]);
  return {
    columns: databaseColumns,
    rows: [known('master', 1n), known(database, 5n)].map((values) =>
      databaseColumns.map(([name, type, nullable]) => values.get(name) ?? (type.name === 'bit' ? false : nullable === true ? null : 0n)),
    ),
  };
};

const isoTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

const sessions: RowsetMaker = (_, { sessions: open }) => ({
  columns: columnsAs(
    'session_id smallint, login_time datetime, host_name nvarchar128?, program_name nvarchar128?, host_process_id int?, client_version int?, client_interface_name nvarchar32?, security_id varbinary85, login_name nvarchar128, nt_domain nvarchar128?, nt_user_name nvarchar128?, status nvarchar30, cpu_time int, memory_usage int, total_scheduled_time int, total_elapsed_time int, endpoint_id int, last_request_start_time datetime, last_request_end_time datetime?, reads bigint, writes bigint, logical_reads bigint, is_user_process bit, text_size int, language nvarchar128?, date_format nvarchar3?, date_first smallint, transaction_isolation_level smallint, lock_timeout int, original_login_name nvarchar128, open_transaction_count int, database_id smallint',
  ),
  rows: open.map((session) => [
    BigInt(session.number),
    isoTime(session.loginMs),
    session.host,
    session.application,
    null,
    null,
    null,
    Buffer.from(session.user.name),
    session.user.name,
    null,
    null,
    session.running ? 'running' : 'sleeping',
    0n,
    0n,
    0n,
    0n,
    4n,
    isoTime(session.requestMs),
    null,
    0n,
    0n,
    0n,
    true,
    2_147_483_647n,
    'us_english',
    'mdy',
    7n,
    2n,
    -1n,
    session.user.name,
    BigInt(session.transactions),
    5n,
  ]),
});

const requests: RowsetMaker = (_, { sessions: open }) => ({
  columns: columnsAs(
    'session_id smallint, request_id int, start_time datetime, status nvarchar30, command nvarchar32, sql_handle varbinary64?, database_id smallint, user_id int, connection_id uniqueidentifier?, blocking_session_id smallint?, wait_type nvarchar60?, wait_time int, last_wait_type nvarchar60, wait_resource nvarchar256, open_transaction_count int, percent_complete real, cpu_time int, total_elapsed_time int, reads bigint, writes bigint, logical_reads bigint',
  ),
  rows: open
    .filter(({ running }) => running)
    .map((session) => [
      BigInt(session.number),
      0n,
      isoTime(session.requestMs),
      'running',
      'SELECT',
      null,
      5n,
      1n,
      null,
      0n,
      null,
      0n,
      '',
      '',
      BigInt(session.transactions),
      0,
      0n,
      0n,
      0n,
      0n,
      0n,
    ]),
});

const connections: RowsetMaker = (_, { sessions: open }) => ({
  columns: columnsAs(
    'session_id int?, most_recent_session_id int?, connect_time datetime, net_transport nvarchar40, protocol_type nvarchar40?, protocol_version int?, endpoint_id int?, encrypt_option nvarchar40, auth_scheme nvarchar40, node_affinity smallint, num_reads int?, num_writes int?, net_packet_size int?, client_net_address varchar48?, client_tcp_port int?, local_net_address varchar48?, local_tcp_port int?',
  ),
  rows: open.map((session) => [
    BigInt(session.number),
    BigInt(session.number),
    isoTime(session.loginMs),
    'TCP',
    'TSQL',
    1_946_157_060n,
    4n,
    session.encrypted ? 'TRUE' : 'FALSE',
    'SQL',
    0n,
    null,
    null,
    null,
    session.address,
    null,
    null,
    null,
  ]),
});

const principals: RowsetMaker = (_, { userName }) => ({
  columns: columnsAs(
    'name sysname, principal_id int, type char1, type_desc nvarchar60?, default_schema_name sysname?, create_date datetime, modify_date datetime, owning_principal_id int?, sid varbinary85?, is_fixed_role bit, authentication_type int, authentication_type_desc nvarchar60?, default_language_name sysname?, default_language_lcid int?, allow_encrypted_value_modifications bit',
  ),
  rows: (
    [
      ['public', 0n, 'R', 'DATABASE_ROLE'],
      ['dbo', 1n, 'S', 'SQL_USER'],
      [userName, 5n, 'S', 'SQL_USER'],
      ['db_owner', 16_384n, 'R', 'DATABASE_ROLE'],
      ['db_datareader', 16_390n, 'R', 'DATABASE_ROLE'],
      ['db_datawriter', 16_391n, 'R', 'DATABASE_ROLE'],
    ] as const
  ).map(([name, id, type, description]) => [
    name,
    id,
    type,
    description,
    type === 'S' ? 'dbo' : null,
    madeAt,
    madeAt,
    type === 'R' ? 1n : null,
    null,
    name.startsWith('db_'),
    type === 'S' ? 1n : 0n,
    type === 'S' ? 'INSTANCE' : 'NONE',
    null,
    null,
    false,
  ]),
});

const serverPrincipals: RowsetMaker = (_, { userName }) => ({
  columns: columnsAs(
    'name sysname, principal_id int, sid varbinary85?, type char1, type_desc nvarchar60?, is_disabled bit?, create_date datetime, modify_date datetime, default_database_name sysname?, default_language_name sysname?, credential_id int?, owning_principal_id int?, is_fixed_role bit',
  ),
  rows: [
    ['public', 2n, null, 'R', 'SERVER_ROLE', false, madeAt, madeAt, null, null, null, 1n, true],
    [userName, 257n, Buffer.from(userName), 'S', 'SQL_LOGIN', false, madeAt, madeAt, 'master', 'us_english', null, null, false],
  ],
});

const configurations: RowsetMaker = () => ({
  columns: columnsAs(
    'configuration_id int, name nvarchar35, value int?, minimum int?, maximum int?, value_in_use int?, description nvarchar255, is_dynamic bit, is_advanced bit',
  ),
  rows: (
    [
      [115n, 'nested triggers', 1n],
      [124n, 'default language', 0n],
      [503n, 'max worker threads', 0n],
      [505n, 'network packet size (B)', 4096n],
      [518n, 'show advanced options', 0n],
      [1534n, 'user options', 0n],
      [1539n, 'max degree of parallelism', 0n],
      [16_390n, 'xp_cmdshell', 0n],
    ] as const
  ).map(([id, name, value]) => [id, name, value, 0n, 32_767n, value, name, true, false]),
});

const hostFacts: RowsetMaker = () => ({
  columns: columnsAs(
    'host_platform nvarchar256, host_distribution nvarchar256, host_release nvarchar256, host_service_pack_level nvarchar256, host_sku int?, os_language_version int',
  ),
  rows: [['Linux', 'Linux', '', '', null, 0n]],
});

const languages: RowsetMaker = () => ({
  columns: columnsAs(
    'langid smallint, dateformat nchar3, datefirst tinyint, upgrade int?, name sysname, alias sysname?, months nvarchar372?, shortmonths nvarchar132?, days nvarchar217?, lcid int, msglangid smallint',
  ),
  rows: [
    [
      0n,
      'mdy',
      7n,
      0n,
      'us_english',
      'English',
      'January,February,March,April,May,June,July,August,September,October,November,December',
      'Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec',
      'Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday',
      1033n,
      1033n,
    ],
  ],
});

const sysdatabases: RowsetMaker = (_, { database }) => ({
  columns: columnsAs(
    'name sysname?, dbid smallint?, sid varbinary85?, mode smallint?, status int?, crdate datetime, cmptlevel tinyint, filename nvarchar260?, version smallint?',
  ),
  rows: [
    ['master', 1n, null, 0n, 0n, madeAt, 130n, null, 912n],
    [database, 5n, null, 0n, 0n, madeAt, 130n, null, 912n],
  ],
});

const sysusers: RowsetMaker = (_, { userName }) => ({
  columns: columnsAs(
    'uid smallint?, status int?, name sysname?, sid varbinary85?, createdate datetime, updatedate datetime, gid smallint?, issqluser int?, issqlrole int?',
  ),
  rows: [
    [0n, 0n, 'public', null, madeAt, madeAt, 0n, 0n, 1n],
    [1n, 0n, 'dbo', null, madeAt, madeAt, 0n, 1n, 0n],
    [5n, 0n, userName, null, madeAt, madeAt, 0n, 1n, 0n],
  ],
});

export const serverViews: Readonly<Record<string, RowsetMaker>> = {
  databases,
  sysdatabases,
  sysusers,
  configurations,
  dm_exec_sessions: sessions,
  dm_exec_requests: requests,
  dm_exec_connections: connections,
  dm_os_host_info: hostFacts,
  database_principals: principals,
  server_principals: serverPrincipals,
  syslanguages: languages,
  database_role_members: emptyView(...columnsAs('role_principal_id int, member_principal_id int')),
  server_role_members: emptyView(...columnsAs('role_principal_id int, member_principal_id int')),
  database_permissions: emptyView(
    ...columnsAs(
      'class tinyint, class_desc nvarchar60?, major_id int, minor_id int, grantee_principal_id int, grantor_principal_id int, type char4, permission_name nvarchar128?, state char1, state_desc nvarchar60?',
    ),
  ),
  database_files: emptyView(
    ...columnsAs(
      'file_id int, type tinyint, type_desc nvarchar60?, data_space_id int, name sysname, physical_name nvarchar260?, state tinyint?, size int, max_size int, growth int, is_read_only bit',
    ),
  ),
  extended_properties: emptyView(
    ...columnsAs('class tinyint, class_desc nvarchar60?, major_id int, minor_id int, name sysname, value nvarchar4000?'),
  ),
  procedures: emptyView(
    ...columnsAs(
      'name sysname, object_id int, principal_id int?, schema_id int, parent_object_id int, type char2?, type_desc nvarchar60?, create_date datetime, modify_date datetime, is_ms_shipped bit, is_published bit, is_schema_published bit, is_auto_executed bit',
    ),
  ),
  parameters: emptyView(
    ...columnsAs(
      'object_id int, name sysname?, parameter_id int, system_type_id tinyint, user_type_id int, max_length smallint, precision tinyint, scale tinyint, is_output bit, is_cursor_ref bit, has_default_value bit, is_xml_document bit, default_value nvarchar4000?, xml_collection_id int, is_readonly bit, is_nullable bit?',
    ),
  ),
  triggers: emptyView(
    ...columnsAs(
      'name sysname, object_id int, parent_class tinyint, parent_class_desc nvarchar60?, parent_id int, type char2, type_desc nvarchar60?, create_date datetime, modify_date datetime, is_ms_shipped bit, is_disabled bit, is_not_for_replication bit, is_instead_of_trigger bit',
    ),
  ),
  synonyms: emptyView(
    ...columnsAs(
      'name sysname, object_id int, principal_id int?, schema_id int, parent_object_id int, type char2?, type_desc nvarchar60?, create_date datetime, modify_date datetime, is_ms_shipped bit, base_object_name nvarchar1035?',
    ),
  ),
  sequences: emptyView(
    ...columnsAs(
      'name sysname, object_id int, principal_id int?, schema_id int, parent_object_id int, type char2?, type_desc nvarchar60?, create_date datetime, modify_date datetime, is_ms_shipped bit, start_value bigint?, increment bigint?, minimum_value bigint?, maximum_value bigint?, is_cycling bit?, current_value bigint?',
    ),
  ),
  table_types: emptyView(...columnsAs('name sysname, system_type_id tinyint, user_type_id int, schema_id int, type_table_object_id int')),
  assembly_types: emptyView(
    ...columnsAs('name sysname, system_type_id tinyint, user_type_id int, schema_id int, assembly_id int, assembly_class sysname?'),
  ),
  external_tables: emptyView(
    ...columnsAs('name sysname, object_id int, schema_id int, data_source_id int, file_format_id int?, location nvarchar4000?'),
  ),
  external_data_sources: emptyView(
    ...columnsAs('data_source_id int, name sysname, location nvarchar4000, type tinyint, type_desc nvarchar255?'),
  ),
  change_tracking_databases: emptyView(
    ...columnsAs(
      'database_id int, is_auto_cleanup_on bit?, retention_period int?, retention_period_units tinyint?, retention_period_units_desc nvarchar60?',
    ),
  ),
  change_tracking_tables: emptyView(
    ...columnsAs(
      'object_id int, is_track_columns_updated_on bit, begin_version bigint?, cleanup_version bigint?, min_valid_version bigint?',
    ),
  ),
};
