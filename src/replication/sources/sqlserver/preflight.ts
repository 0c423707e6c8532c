import { tableName } from '#replication/schema.ts';
import type { Finding } from '#replication/source.ts';
import { sqlName, type SqlServerTable, type TableFilter } from './catalog.ts';
import type { SqlServerDatabase } from './database.ts';
import { quoteName, quoteText } from './names.ts';
import type { Capture } from './place.ts';

export interface PreflightInput {
  readonly capture: Capture;
  readonly database: SqlServerDatabase;
  /** The chosen tables, whether or not they can be replicated. */
  readonly tables: readonly SqlServerTable[];
  readonly filter: TableFilter;
  readonly user: string;
  /** With `cdc`: tables that have a capture instance, by object id; undefined: they may not be read. */
  readonly captured: ReadonlySet<number> | undefined;
  /** With `cdc`: the capture job has read the log. */
  readonly jobRuns: boolean;
}

const oldestMajor = 13;
const shortRetentionMinutes = 3 * 24 * 60;

/**
 * What stands against a link, and what will be lost. A remedy that begins with an SQL command can be run as it stands, by somebody with the right
 * to; where several are needed the last finding has them all, as one script.
 */
export function preflight(input: PreflightInput): readonly Finding[] {
  const found = [
    ...databaseFindings(input),
    ...choiceFindings(input),
    ...input.tables.flatMap((table) => [...tableFindings(table, input), ...columnFindings(table)]),
  ];
  const steps = [...new Set(found.map((one) => one.remedy ?? '').filter((remedy) => runnable.test(remedy)))];
  if (steps.length > 1)
    found.push(
      finding('info', 'FixScript', 'What is to be done at the source, in one script.', {
        remedy: steps.map((step) => step.replace(/\s*--.*$/, '')).join(' '),
      }),
    );
  return found;
}

const runnable = /^(?:ALTER|GRANT|EXEC|USE)\b/;

function finding(
  severity: Finding['severity'],
  code: string,
  message: string,
  more: { readonly target?: string; readonly remedy?: string } = {},
): Finding {
  return { severity, code, message, target: more.target, remedy: more.remedy };
}

function databaseFindings(input: PreflightInput): Finding[] {
  const { database, capture } = input;
  const found: Finding[] = [];
  if (!database.isAzure && Number(database.version.split('.')[0]) < oldestMajor)
    found.push(
      finding('error', 'VersionTooOld', `The source is SQL Server ${database.version}; 2016 (13.0) and later can be followed.`, {
        remedy: 'Upgrade the source to SQL Server 2016 or later.',
      }),
    );
  if (database.readOnly)
    found.push(
      finding('error', 'ReadOnlyDatabase', `The database ${database.name} is read only here: a secondary does not tell what changed.`, {
        remedy: 'Let the linked service lead to the primary: the listener of the group, without ApplicationIntent=ReadOnly.',
      }),
    );
  found.push(...snapshotFindings(database), ...(capture === 'cdc' ? captureFindings(input) : trackingFindings(database)));
  return found;
}

function snapshotFindings({ name, snapshots }: SqlServerDatabase): Finding[] {
  if (snapshots === 'on') return [];
  if (snapshots === 'changing')
    return [
      finding(
        'error',
        'SnapshotIsolationPending',
        `The database ${name} is about to allow transactions that see one moment, and waits for others to end.`,
        {
          remedy:
            'End old transactions: SELECT session_id, transaction_begin_time FROM sys.dm_tran_active_transactions AS t JOIN sys.dm_tran_session_transactions AS s ON s.transaction_id = t.transaction_id ORDER BY 2;',
        },
      ),
    ];
  return [
    finding(
      'error',
      'SnapshotIsolationOff',
      `The database ${name} does not allow transactions that see one moment. Without them tables are read at different moments, and no page fits the changes after it.`,
      { remedy: `ALTER DATABASE ${quoteName(name)} SET ALLOW_SNAPSHOT_ISOLATION ON;` },
    ),
  ];
}

function trackingFindings({ name, tracking }: SqlServerDatabase): Finding[] {
  const retention = 'CHANGE_RETENTION = 7 DAYS, AUTO_CLEANUP = ON';
  if (tracking === undefined)
    return [
      finding('error', 'ChangeTrackingOff', `The database ${name} does not track changes.`, {
        remedy: `ALTER DATABASE ${quoteName(name)} SET CHANGE_TRACKING = ON (${retention});`,
      }),
    ];
  const found: Finding[] = [];
  if (tracking.cleansUp && tracking.retentionMinutes < shortRetentionMinutes)
    found.push(
      finding(
        'warning',
        'RetentionShort',
        `The source keeps changes for ${tracking.retentionMinutes / 60} h: after a longer pause of the link tables are copied anew.`,
        { remedy: `ALTER DATABASE ${quoteName(name)} SET CHANGE_TRACKING (${retention});` },
      ),
    );
  if (!tracking.cleansUp)
    found.push(
      finding('warning', 'CleanupOff', 'The source never forgets what changed: what it keeps for that grows for ever.', {
        remedy: `ALTER DATABASE ${quoteName(name)} SET CHANGE_TRACKING (AUTO_CLEANUP = ON);`,
      }),
    );
  return found;
}

function captureFindings({ database, captured, jobRuns }: PreflightInput): Finding[] {
  if (!database.capturesChanges)
    return [
      finding('error', 'CaptureOff', `The database ${database.name} does not capture changes (CDC).`, {
        remedy: 'EXEC sys.sp_cdc_enable_db;',
      }),
    ];
  if (captured === undefined)
    return [
      finding('error', 'NoCaptureRight', `What CDC captures in ${database.name} may not be read by this user.`, {
        remedy: `GRANT SELECT ON SCHEMA::[cdc] TO CURRENT_USER; -- as db_owner, with the user's name for CURRENT_USER`,
      }),
    ];
  if (jobRuns) return [];
  return [
    finding('error', 'CaptureJobStopped', 'The capture job has not read the log yet: no change is told.', {
      remedy: "EXEC sys.sp_cdc_start_job @job_type = N'capture'; -- SQL Server Agent must run; in Azure SQL Database wait a moment",
    }),
  ];
}

function choiceFindings({ tables, filter }: PreflightInput): Finding[] {
  const found: Finding[] = [];
  for (const exact of filter.exact) {
    if (tables.some(({ facts }) => facts.schema === exact.schema && facts.name === exact.name)) continue;
    const target = tableName(exact.schema, exact.name);
    found.push(
      finding('error', 'TableMissing', `There is no table ${target} that this user sees.`, {
        target,
        remedy: 'Check schema and name, in capitals too, and what the user may see; views cannot be replicated.',
      }),
    );
  }
  if (found.length === 0 && tables.length === 0)
    found.push(
      finding('warning', 'NoTable', 'No table matches yet; tables that come to match later are taken in.', {
        remedy: 'Check which tables are chosen (--tables).',
      }),
    );
  return found;
}

/** What keeps one table from being replicated. */
export function tableRefusals(table: SqlServerTable, input: Omit<PreflightInput, 'tables' | 'filter'>): readonly Finding[] {
  return [...tableFindings(table, input), ...columnFindings(table)].filter((one) => one.severity === 'error');
}

function tableFindings(table: SqlServerTable, input: Omit<PreflightInput, 'tables' | 'filter'>): Finding[] {
  const { facts, shape } = table;
  const target = shape.schema.table;
  const user = quoteName(input.user);
  const found: Finding[] = [];
  const refuse = (code: string, message: string, remedy: string): void =>
    void found.push(finding('error', code, message, { target, remedy }));
  if (!facts.mayRead) refuse('NoSelectRight', `${input.user} may not read ${target}.`, `GRANT SELECT ON ${sqlName(facts)} TO ${user};`);
  if (facts.filtered)
    refuse(
      'RowSecurity',
      `A security policy may hide rows of ${target} from ${input.user}: what it hides would be missing without a trace.`,
      'Take the filter predicate off the table, or leave the table out of the link.',
    );
  const masked = shape.columns.filter((column) => column.masked).map((column) => column.schema.name);
  if (masked.length > 0 && !input.database.unmasked)
    refuse(
      'MaskedColumns',
      `${input.user} sees ${masked.join(', ')} of ${target} masked: other values than there are.`,
      `GRANT UNMASK TO ${user};`,
    );
  found.push(...(input.capture === 'cdc' ? capturedTableFindings(table, input) : trackedTableFindings(table, input.user)));
  return found;
}

function trackedTableFindings({ facts, shape }: SqlServerTable, user: string): Finding[] {
  const target = shape.schema.table;
  const refuse = (code: string, message: string, remedy: string): Finding => finding('error', code, message, { target, remedy });
  if (facts.memoryOptimized)
    return [refuse('MemoryOptimized', `${target} is kept in memory: its changes cannot be tracked.`, 'Leave it out of the link.')];
  if (!shape.hasKey)
    return [
      refuse(
        'NoPrimaryKey',
        `${target} has no primary key: changes are tracked by it.`,
        `Give it one, such as ALTER TABLE ${sqlName(facts)} ADD CONSTRAINT ${quoteName(`PK_${facts.name}`)} PRIMARY KEY (…);`,
      ),
    ];
  if (shape.keyTrouble.length > 0)
    return [
      refuse(
        'KeyNotUsable',
        `The primary key of ${target} holds ${shape.keyTrouble.join(', ')}, by whose type rows cannot be found again exactly.`,
        'Use a key of whole numbers, decimals, text, dates, uniqueidentifier or binary.',
      ),
    ];
  const found: Finding[] = [];
  if (facts.begun === undefined)
    found.push(
      refuse(
        'NotTracked',
        `Changes of ${target} are not tracked.`,
        `ALTER TABLE ${sqlName(facts)} ENABLE CHANGE_TRACKING WITH (TRACK_COLUMNS_UPDATED = OFF);`,
      ),
    );
  if (!facts.mayTrack)
    found.push(
      refuse(
        'NoTrackingRight',
        `${user} may not ask what changed in ${target}.`,
        `GRANT VIEW CHANGE TRACKING ON ${sqlName(facts)} TO ${quoteName(user)};`,
      ),
    );
  return [...found, ...keySpelling(target, shape.schema)];
}

function capturedTableFindings(
  { facts, shape }: SqlServerTable,
  { captured, database }: Omit<PreflightInput, 'tables' | 'filter'>,
): Finding[] {
  const target = shape.schema.table;
  const refuse = (code: string, message: string, remedy: string): Finding => finding('error', code, message, { target, remedy });
  if (!shape.hasKey)
    return [
      refuse(
        'NoPrimaryKey',
        `${target} has no primary key: which of its changes a copied row already has cannot be told.`,
        `Give it one, such as ALTER TABLE ${sqlName(facts)} ADD CONSTRAINT ${quoteName(`PK_${facts.name}`)} PRIMARY KEY (…);`,
      ),
    ];
  if (!database.capturesChanges || captured === undefined) return [];
  if (!captured.has(facts.objectId))
    return [
      refuse(
        'NotCaptured',
        `Changes of ${target} are not captured.`,
        `EXEC sys.sp_cdc_enable_table @source_schema = ${quoteText(facts.schema)}, @source_name = ${quoteText(facts.name)}, @role_name = NULL, @supports_net_changes = 0;`,
      ),
    ];
  if (shape.keyTrouble.length === 0) return keySpelling(target, shape.schema);
  return [
    refuse(
      'KeyNotUsable',
      `The primary key of ${target} holds ${shape.keyTrouble.join(', ')}, which is not captured, or by whose type rows cannot be found again exactly.`,
      'Let all of the key be captured, by a second instance; use a key of whole numbers, decimals, text, dates, uniqueidentifier or binary.',
    ),
  ];
}

/** Texts that are written differently and are one key at the source. */
function keySpelling(target: string, { key, columns }: SqlServerTable['shape']['schema']): Finding[] {
  const texts = key.map((place) => columns[place]!).filter(({ type }) => type.kind === 'text');
  if (texts.length === 0) return [];
  return [
    finding(
      'warning',
      'KeySpelling',
      `The key of ${target} holds text (${texts.map((one) => one.name).join(', ')}). The source takes texts for one key that differ in capitals or in blanks at the end, as its collation says; the pool does not. Where only the spelling of a key is changed, the pool may keep the row under both until the table is copied anew.`,
      {
        target,
        remedy: 'Do not change only the spelling of a key; after it, copy the table anew: retry it, or run isthmus link with --resync.',
      },
    ),
  ];
}

function columnFindings({ shape }: SqlServerTable): Finding[] {
  const { table } = shape.schema;
  const found: Finding[] = [];
  if (shape.columns.length === 0)
    found.push(
      finding('error', 'NoColumns', `${table} has no column that could travel.`, {
        target: table,
        remedy: 'Add a column to the table, or leave it out of the link.',
      }),
    );
  for (const { name, sourceType, reason } of shape.leftOut)
    found.push(finding('warning', 'ColumnLeftOut', `${table}.${name} (${sourceType}): ${reason}`, { target: `${table}.${name}` }));
  for (const { schema, plan } of shape.columns)
    if (plan.fidelity === 'text')
      found.push(
        finding('warning', 'ColumnAsText', `${table}.${schema.name} (${schema.sourceType}): ${plan.reason ?? ''}`, {
          target: `${table}.${schema.name}`,
        }),
      );
  return found;
}
