import { quoteName } from './names.ts';

/**
 * Every text that a SQL Server source sends, in one place: what it asks can be read here, granted, and answered by a double.
 * Columns of results are read by their place. Texts with parameters go through `sp_executesql`; those without as a batch.
 */

/** A value in a result, and how it is asked for so that nothing of it is lost: see `types.ts`. */
export interface StatementColumn {
  readonly name: string;
  /** The expression for the column under this (quoted, qualified) name. */
  readonly select: (column: string) => string;
}

export interface StatementKey extends StatementColumn {
  /** The expression of the key's own type for a parameter that holds the text of a value. */
  readonly parse: (parameter: string) => string;
  /** The primary key's index runs downwards here. */
  readonly descending: boolean;
}

/** What a statement must know of a table. */
export interface StatementTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly StatementColumn[];
  /** In the order of the primary key's index. Empty: it has none. */
  readonly key: readonly StatementKey[];
}

/**
 * When the changes of the table that `ct` tells of began to be tracked: begin_version, which TRUNCATE TABLE sets anew, and when the table of its
 * changes was made, since tracking that ended and began again may begin at the same version.
 */
const begun = `CAST(ct.begin_version AS nvarchar(20)) + N'@' + COALESCE((SELECT CONVERT(nvarchar(30), MAX(i.create_date), 126) FROM sys.internal_tables AS i WHERE i.parent_object_id = ct.object_id AND i.internal_type = 209), N'')`;

/**
 * The server and the database that the session stands in. One row: EngineEdition (int; 5 Azure SQL Database, 8 Managed Instance), ProductVersion,
 * Edition, Updateability (`READ_WRITE`, `READ_ONLY`), the database's name, snapshot_isolation_state (tinyint: 0 off, 1 on, 2 and 3 between),
 * is_cdc_enabled (bit), service_broker_guid (text), create_date (text, style 126), is_auto_cleanup_on (bit; null: no change tracking),
 * retention in minutes (int, or null), UNMASK (int: 1 the user sees masked values).
 */
export const serverStatement = `SELECT CAST(SERVERPROPERTY('EngineEdition') AS int), CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)),
  CAST(DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS nvarchar(128)), DB_NAME(), d.snapshot_isolation_state, d.is_cdc_enabled,
  CONVERT(nvarchar(36), d.service_broker_guid), CONVERT(nvarchar(30), d.create_date, 126), CAST(c.is_auto_cleanup_on AS bit),
  c.retention_period * CASE c.retention_period_units WHEN 1 THEN 1 WHEN 2 THEN 60 ELSE 1440 END,
  CAST(COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'UNMASK'), 0) AS int)
FROM sys.databases AS d LEFT JOIN sys.change_tracking_databases AS c ON c.database_id = d.database_id
WHERE d.database_id = DB_ID()`;

/**
 * Which history of the database this is: a restore begins another. One row, or none: recovery_fork_guid (text, or null).
 * Errors 208, 229, 297, 300, 371, 40515: it cannot be seen here (Azure SQL Database, or a user without rights); it is done without then.
 */
export const recoveryForkStatement = `SELECT CONVERT(nvarchar(36), r.recovery_fork_guid) FROM sys.database_recovery_status AS r WHERE r.database_id = DB_ID()`;

/**
 * Every table of users, ordered by schema and name. Columns: object_id (int), schema, name, is_memory_optimized (bit), rows (bigint, about),
 * when tracking began (text; null: changes are not tracked; see `marksStatement`), SELECT and VIEW CHANGE TRACKING (int: 1 may, 0 may not),
 * filtered (int: 1 a security policy hides rows), is_tracked_by_cdc (bit).
 */
export const tablesStatement: string = `SELECT t.object_id, s.name, t.name, t.is_memory_optimized,
  (SELECT CAST(SUM(p.rows) AS bigint) FROM sys.partitions AS p WHERE p.object_id = t.object_id AND p.index_id IN (0, 1)), ${begun},
  CAST(COALESCE(HAS_PERMS_BY_NAME(QUOTENAME(s.name) + N'.' + QUOTENAME(t.name), N'OBJECT', N'SELECT'), 0) AS int),
  CAST(COALESCE(HAS_PERMS_BY_NAME(QUOTENAME(s.name) + N'.' + QUOTENAME(t.name), N'OBJECT', N'VIEW CHANGE TRACKING'), 0) AS int),
  CASE WHEN EXISTS (SELECT 1 FROM sys.security_predicates AS f JOIN sys.security_policies AS y ON y.object_id = f.object_id AND y.is_enabled = 1 WHERE f.target_object_id = t.object_id AND f.predicate_type = 0) THEN 1 ELSE 0 END,
  t.is_tracked_by_cdc
FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id LEFT JOIN sys.change_tracking_tables AS ct ON ct.object_id = t.object_id
WHERE t.is_ms_shipped = 0 ORDER BY s.name, t.name`;

/**
 * The columns of the tables with these object ids (whole numbers, at least one), ordered by object_id and column_id. Columns: object_id (int),
 * column_id (int), name, type (the system's name of it, lower case; of a CLR type its own), max_length (smallint, bytes; -1: max), precision (tinyint),
 * scale (tinyint), is_nullable (bit), is_computed (bit), encrypted (int: 1), masked (int: 1), collation_name (null: no text), is_clr (bit),
 * key_ordinal (int; null: not of the primary key), is_descending_key (bit, or null).
 */
export function columnsStatement(objectIds: readonly number[]): string {
  return `SELECT c.object_id, c.column_id, c.name, CASE WHEN y.is_assembly_type = 1 THEN y.name ELSE TYPE_NAME(c.system_type_id) END, c.max_length, c.precision, c.scale,
  c.is_nullable, c.is_computed, CASE WHEN c.encryption_type IS NULL THEN 0 ELSE 1 END, CASE WHEN c.is_masked = 1 THEN 1 ELSE 0 END,
  c.collation_name, y.is_assembly_type, CAST(ic.key_ordinal AS int), ic.is_descending_key
FROM sys.columns AS c JOIN sys.types AS y ON y.user_type_id = c.user_type_id
LEFT JOIN sys.indexes AS i ON i.object_id = c.object_id AND i.is_primary_key = 1
LEFT JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.column_id = c.column_id AND ic.key_ordinal > 0
WHERE c.object_id IN (${objectIds.map((id) => Math.trunc(id)).join(', ')}) ORDER BY c.object_id, c.column_id`;
}

/**
 * First in a SNAPSHOT transaction: pins its moment. One row: the version of the last commit (bigint; null: change tracking is off), and the
 * server's clock (text, `2024-05-06 07:08:09.1234567` in UTC).
 */
export const versionStatement = `SELECT CHANGE_TRACKING_CURRENT_VERSION(), CONVERT(varchar(27), SYSUTCDATETIME(), 121)`;

/**
 * Tables whose changes are tracked, in no order. Columns: object_id (int), the table's schema and name, the oldest version from which changes are
 * kept (bigint; null: the user may not know), when tracking began (text: begin_version, `@`, and when the table of its changes was made).
 */
export const marksStatement: string = `SELECT ct.object_id, s.name, t.name, CHANGE_TRACKING_MIN_VALID_VERSION(ct.object_id), ${begun}
FROM sys.change_tracking_tables AS ct JOIN sys.tables AS t ON t.object_id = ct.object_id JOIN sys.schemas AS s ON s.schema_id = t.schema_id`;

/**
 * What became of rows that changed after the version `@from` (bigint parameter), by key, in the order of the version. Columns: SYS_CHANGE_VERSION
 * (bigint), SYS_CHANGE_OPERATION (`I`, `U`, `D`; not relied on), exists (int: 1 the row is there now), the key as it was logged, in key order, then
 * all columns of the table as they are now (null where it is not there). Errors: 22105 not tracked; 229 not allowed; 22117 on a secondary replica.
 */
export function changesStatement(table: StatementTable): string {
  const columns = [
    'CT.SYS_CHANGE_VERSION',
    'CT.SYS_CHANGE_OPERATION',
    `CASE WHEN T.${quoteName(table.key[0]!.name)} IS NULL THEN 0 ELSE 1 END`,
    ...selected(table.key, 'CT'),
    ...selected(table.columns, 'T'),
  ];
  const join = table.key.map(({ name }) => `T.${quoteName(name)} = CT.${quoteName(name)}`).join(' AND ');
  return `SELECT ${columns.join(', ')} FROM CHANGETABLE(CHANGES ${tableOf(table)}, @from) AS CT LEFT JOIN ${tableOf(table)} AS T ON ${join} ORDER BY CT.SYS_CHANGE_VERSION`;
}

/**
 * The next rows, at most `@rows` (int parameter), in the order of the key; `after`: those behind the key in `@k0`, `@k1`, … (nvarchar
 * parameters: texts of the values). Columns: those of the table.
 */
export function pageStatement(table: StatementTable, after: boolean): string {
  const order = table.key.map(({ name, descending }) => `T.${quoteName(name)}${descending ? ' DESC' : ''}`).join(', ');
  return `SELECT TOP (@rows) ${selected(table.columns, 'T').join(', ')} FROM ${tableOf(table)} AS T${after ? ` WHERE ${behind(table)}` : ''} ORDER BY ${order}`;
}

/** All rows of a table without key, in no order. Columns: those of the table. */
export function allRowsStatement(table: StatementTable): string {
  return `SELECT ${selected(table.columns, 'T').join(', ')} FROM ${tableOf(table)} AS T`;
}

/** The row with the key in `@k0`, `@k1`, … (nvarchar parameters), if it exists. Columns: those of the table. */
export function rowStatement(table: StatementTable): string {
  const where = table.key.map(({ name, parse }, i) => `T.${quoteName(name)} = ${parse(`@k${i}`)}`).join(' AND ');
  return `SELECT ${selected(table.columns, 'T').join(', ')} FROM ${tableOf(table)} AS T WHERE ${where}`;
}

/** Some rows, for people, at most `rows`, in no order. Columns: those given. */
export function previewStatement(table: Pick<StatementTable, 'schema' | 'name' | 'columns'>, rows: number): string {
  return `SELECT TOP (${Math.trunc(rows)}) ${selected(table.columns, 'T').join(', ')} FROM ${tableOf(table)} AS T`;
}

/**
 * Capture instances, those of one table from old to new. Columns: capture_instance, the table's object_id (int), the change table's object_id (int),
 * start_lsn (char(20), hex), the oldest place it has changes from (char(20), hex; null: none), when it was made (text, style 126).
 * Errors 208, 229: CDC is off, or its tables may not be read.
 */
export const capturesStatement = `SELECT c.capture_instance, c.source_object_id, c.object_id, CONVERT(char(20), c.start_lsn, 2), CONVERT(char(20), sys.fn_cdc_get_min_lsn(c.capture_instance), 2), CONVERT(nvarchar(30), c.create_date, 126)
FROM cdc.change_tables AS c ORDER BY c.source_object_id, c.create_date, c.capture_instance`;

/** The columns that each capture instance has, ordered by change table and ordinal. Columns: the change table's object_id (int), name, the table's column_id (int). */
export const capturedColumnsStatement = `SELECT c.object_id, c.column_name, c.column_id FROM cdc.captured_columns AS c ORDER BY c.object_id, c.column_ordinal`;

/** How far the capture job has read the log. One row: the last place (char(20), hex; null: the job has not run), and the server's clock as in `versionStatement`. */
export const maxLsnStatement = `SELECT CONVERT(char(20), sys.fn_cdc_get_max_lsn(), 2), CONVERT(varchar(27), SYSUTCDATETIME(), 121)`;

/**
 * Where transactions ended after the place `@from` (binary(10) as its hex, a parameter), in order, at most `@rows` (int) of them. Columns: start_lsn
 * (char(20), hex), tran_end_time (text, style 121, in UTC by the offset that the server's clock has now).
 */
export const commitsStatement = `SELECT TOP (@rows) CONVERT(char(20), m.start_lsn, 2), CONVERT(varchar(23), DATEADD(minute, DATEDIFF(minute, GETDATE(), GETUTCDATE()), m.tran_end_time), 121) FROM cdc.lsn_time_mapping AS m WHERE m.start_lsn > CONVERT(binary(10), @from, 2) AND m.tran_id <> 0x00 ORDER BY m.start_lsn`;

/**
 * What one capture instance holds after `@from` up to `@to` (hex of places, parameters), in the order of the log. Columns: __$start_lsn (char(20), hex),
 * __$seqval (char(20), hex), __$operation (int: 1 delete, 2 insert, 3 before and 4 after an update), then the columns given.
 */
export function capturedStatement(captureInstance: string, columns: readonly StatementColumn[]): string {
  const list = [
    'CONVERT(char(20), T.[__$start_lsn], 2)',
    'CONVERT(char(20), T.[__$seqval], 2)',
    'T.[__$operation]',
    ...selected(columns, 'T'),
  ];
  return `SELECT ${list.join(', ')} FROM [cdc].${quoteName(`${captureInstance}_CT`)} AS T WHERE T.[__$start_lsn] > CONVERT(binary(10), @from, 2) AND T.[__$start_lsn] <= CONVERT(binary(10), @to, 2) ORDER BY T.[__$start_lsn], T.[__$command_id], T.[__$seqval], T.[__$operation]`;
}

function tableOf({ schema, name }: Pick<StatementTable, 'schema' | 'name'>): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

function selected(columns: readonly StatementColumn[], alias: string): string[] {
  return columns.map(({ name, select }) => select(`${alias}.${quoteName(name)}`));
}

/** `a >= @k0 AND ((a > @k0) OR (a = @k0 AND b > @k1))`: SQL Server knows no order of several values at once; the first part lets it seek. */
function behind({ key }: StatementTable): string {
  const { name: first, parse: parseFirst, descending: firstDescends } = key[0]!;
  const seek = key.length > 1 ? `T.${quoteName(first)} ${firstDescends ? '<=' : '>='} ${parseFirst('@k0')} AND ` : '';
  const alternatives = key.map((_, last) =>
    key
      .slice(0, last + 1)
      .map(({ name, parse, descending }, i) => `T.${quoteName(name)} ${i < last ? '=' : descending ? '<' : '>'} ${parse(`@k${i}`)}`)
      .join(' AND '),
  );
  return `${seek}(${alternatives.map((one) => `(${one})`).join(' OR ')})`;
}
