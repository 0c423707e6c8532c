import { quoteIdentifier, quoteLiteral, tableName } from '#replication/schema.ts';
import type { Finding } from '#replication/source.ts';
import type { PgTable } from './catalog.ts';
import { canPublishChanges, type PublicationNames } from './publications.ts';
import type { Sql } from './sql-session.ts';
import type { TablePatterns } from './table-patterns.ts';

interface ServerFacts {
  readonly walLevel: string;
  readonly slots: number;
  readonly slotsLeft: number;
  readonly senders: number;
  readonly sendersLeft: number;
  readonly keepSize: string;
  readonly idleSlotTimeout: string;
  readonly user: string;
  readonly database: string;
  readonly mayReplicate: boolean;
  readonly mayCreate: boolean;
  readonly encoding: string;
  readonly inRecovery: boolean;
}

const factsQuery = (names: PublicationNames): string => `
SELECT current_setting('wal_level'),
  current_setting('max_replication_slots')::int, (SELECT count(*) FROM pg_catalog.pg_replication_slots),
  current_setting('max_wal_senders')::int, (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'walsender'),
  current_setting('max_slot_wal_keep_size'), current_setting('idle_replication_slot_timeout', true),
  current_user, current_database(),
  (SELECT r.rolreplication OR r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    OR EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'rds_replication' AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')),
  pg_catalog.has_database_privilege(current_database(), 'CREATE')
    OR (SELECT count(*) = 2 FROM pg_catalog.pg_publication WHERE pubname IN (${quoteLiteral(names.changes)}, ${quoteLiteral(names.appends)})),
  current_setting('server_encoding'), pg_catalog.pg_is_in_recovery()`;

async function readFacts(sql: Sql, names: PublicationNames): Promise<ServerFacts> {
  const [row = []] = await sql.query(factsQuery(names));
  return {
    walLevel: row[0] ?? '',
    slots: Number(row[1]),
    slotsLeft: Number(row[1]) - Number(row[2]),
    senders: Number(row[3]),
    sendersLeft: Number(row[3]) - Number(row[4]),
    keepSize: row[5] ?? '',
    idleSlotTimeout: row[6] ?? '0',
    user: row[7] ?? '',
    database: row[8] ?? '',
    mayReplicate: row[9] === 't',
    mayCreate: row[10] === 't',
    encoding: row[11] ?? '',
    inRecovery: row[12] === 't',
  };
}

export interface PreflightInput {
  readonly tables: readonly PgTable[];
  readonly patterns: TablePatterns;
  readonly names: PublicationNames;
  /** Our slot is there already: none needs to be free. */
  readonly slotExists: boolean;
}

/**
 * Everything that keeps the source or a table from being replicated, and everything that will be lost, before anything is changed.
 * A remedy that begins with an SQL command can be run as it stands, by somebody with the right to; what else is to be done is a comment in it.
 */
export async function preflight(sql: Sql, input: PreflightInput): Promise<readonly Finding[]> {
  const facts = await readFacts(sql, input.names);
  const found = [...serverFindings(sql.serverVersion, facts, input.slotExists), ...choiceFindings(input)];
  for (const table of input.tables) found.push(...rightsFindings(table, facts.user), ...identityFindings(table), ...columnFindings(table));
  if (input.tables.some(canPublishChanges)) found.push(keyFinding(input.names));
  return found;
}

function finding(severity: Finding['severity'], code: string, message: string, more: { target?: string; remedy?: string } = {}): Finding {
  return { severity, code, message, target: more.target, remedy: more.remedy };
}

function serverFindings(version: number, facts: ServerFacts, slotExists: boolean): Finding[] {
  const found: Finding[] = [];
  if (version < 130_000) {
    found.push(
      finding('error', 'VersionTooOld', `PostgreSQL ${Math.floor(version / 10_000)} is older than 13.`, {
        remedy: 'Upgrade the source to PostgreSQL 13 or later.',
      }),
    );
  } else if (losesLateTables(version)) {
    found.push(
      finding(
        'warning',
        'VersionLosesChanges',
        `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000} can leave out changes of a table that is taken in while the link runs and a transaction is open on it.`,
        {
          remedy: 'Upgrade the source to the newest minor release, or stop all writers while tables are added.',
        },
      ),
    );
  }
  if (facts.walLevel !== 'logical') {
    found.push(
      finding('error', 'WalLevel', `wal_level is ${facts.walLevel}; changes are only logged for reading at logical.`, {
        remedy:
          'ALTER SYSTEM SET wal_level = logical; -- then restart PostgreSQL; at a managed service set its parameter for logical replication',
      }),
    );
  }
  if (!facts.mayReplicate) {
    found.push(
      finding('error', 'NoReplicationRight', `The role ${facts.user} may not replicate.`, {
        target: facts.user,
        remedy: `ALTER ROLE ${quoteIdentifier(facts.user)} REPLICATION; -- at Amazon RDS: GRANT rds_replication TO ${quoteIdentifier(facts.user)};`,
      }),
    );
  }
  if (!facts.mayCreate) {
    found.push(
      finding('error', 'NoCreateRight', `The role ${facts.user} may not create a publication in the database ${facts.database}.`, {
        target: facts.database,
        remedy: `GRANT CREATE ON DATABASE ${quoteIdentifier(facts.database)} TO ${quoteIdentifier(facts.user)};`,
      }),
    );
  }
  return [...found, ...roomFindings(facts, slotExists), ...textFindings(facts)];
}

/** Minor releases before May 2025 (PostgreSQL release notes 17.5, "Fix data loss in logical replication"). */
export function losesLateTables(version: number): boolean {
  const mended: Readonly<Record<number, number>> = { 13: 21, 14: 18, 15: 13, 16: 9, 17: 5 };
  return version % 10_000 < (mended[Math.floor(version / 10_000)] ?? 0);
}

function roomFindings(facts: ServerFacts, slotExists: boolean): Finding[] {
  const found: Finding[] = [];
  if (!slotExists && facts.slotsLeft <= 0) {
    found.push(
      finding(
        'error',
        'NoSlotLeft',
        `All of the source's ${facts.slots} replication slots are taken; perhaps one of them is read by nobody (pg_replication_slots).`,
        {
          remedy: `ALTER SYSTEM SET max_replication_slots = ${facts.slots + 10}; -- then restart PostgreSQL`,
        },
      ),
    );
  }
  if (facts.sendersLeft <= 0) {
    found.push(
      finding('warning', 'NoSenderLeft', `All of the source's ${facts.senders} max_wal_senders are in use.`, {
        remedy: `ALTER SYSTEM SET max_wal_senders = ${facts.senders + 10}; -- then restart PostgreSQL`,
      }),
    );
  }
  if (facts.keepSize === '-1') {
    found.push(
      finding(
        'warning',
        'LogUnbounded',
        "max_slot_wal_keep_size is unlimited: if the link is away for long, the log it still needs can fill the source's disk.",
        {
          remedy: "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();",
        },
      ),
    );
  } else
    found.push(
      finding('info', 'LogBudget', `The source keeps up to ${facts.keepSize} of log for the link; past that the link must copy anew.`),
    );
  if (!facts.idleSlotTimeout.startsWith('0')) {
    found.push(
      finding(
        'warning',
        'IdleSlotTimeout',
        `The source invalidates slots that were idle for ${facts.idleSlotTimeout}: a link that is away for longer must copy anew.`,
        {
          remedy: 'ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf();',
        },
      ),
    );
  }
  return found;
}

function textFindings(facts: ServerFacts): Finding[] {
  const found: Finding[] = [];
  if (facts.encoding === 'SQL_ASCII') {
    found.push(
      finding('error', 'Encoding', "The database's encoding is SQL_ASCII: its text has no known encoding.", {
        remedy: 'Create a database in UTF8 and load the text there.',
      }),
    );
  } else if (facts.encoding !== 'UTF8')
    found.push(finding('info', 'Encoding', `The database's encoding is ${facts.encoding}; text travels as UTF-8.`));
  if (facts.inRecovery) {
    found.push(
      finding(
        'warning',
        'Standby',
        'The source is a standby: publications must be made at its primary, and an idle link advances only with the primary.',
        { remedy: 'Connect to the primary if you can.' },
      ),
    );
  }
  return found;
}

function choiceFindings(input: PreflightInput): Finding[] {
  const found: Finding[] = [];
  for (const exact of input.patterns.exact) {
    if (input.tables.some((table) => table.schema.schema === exact.schema && table.schema.name === exact.name)) continue;
    const target = tableName(exact.schema, exact.name);
    found.push(
      finding('error', 'TableMissing', `There is no table ${target} that could be replicated.`, {
        target,
        remedy: 'Check schema and name; views, foreign tables, temporary tables and single partitions cannot be replicated.',
      }),
    );
  }
  if (found.length === 0 && input.tables.length === 0)
    found.push(
      finding('warning', 'NoTable', 'No table matches yet; tables that come to match later are taken in.', {
        remedy: 'Check which tables are chosen (--tables).',
      }),
    );
  return found;
}

/** What keeps one table from being replicated. */
export function tableRefusals(table: PgTable, user: string): readonly Finding[] {
  return [...rightsFindings(table, user), ...columnFindings(table)].filter((one) => one.severity === 'error');
}

function rightsFindings(table: PgTable, user: string): Finding[] {
  const target = table.schema.table;
  const { rights, sqlName } = table;
  const role = quoteIdentifier(user);
  const found: Finding[] = [];
  const refuse = (code: string, message: string, remedy: string): void =>
    void found.push(finding('error', code, message, { target, remedy }));
  if (table.unlogged !== undefined)
    refuse(
      'Unlogged',
      `${target} is unlogged${table.partitioned ? ' in part' : ''}: the source writes no log of its changes.`,
      `ALTER TABLE ${table.unlogged} SET LOGGED;`,
    );
  if (!rights.usage)
    refuse(
      'NoUsageRight',
      `The role ${user} may not use the schema of ${target}.`,
      `GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema.schema)} TO ${role};`,
    );
  if (!rights.select) refuse('NoSelectRight', `The role ${user} may not read ${target}.`, `GRANT SELECT ON ${sqlName} TO ${role};`);
  if (!rights.allRows)
    refuse('RowSecurity', `Row-level security may hide rows of ${target} from the role ${user}.`, `ALTER ROLE ${role} BYPASSRLS;`);
  if (!rights.owner) {
    // Nobody is made a superuser for a table's sake.
    const remedy = table.owner.superuser
      ? `ALTER TABLE ${sqlName} OWNER TO ${role};`
      : `GRANT ${quoteIdentifier(table.owner.name)} TO ${role};`;
    refuse(
      'NotOwner',
      `Only its owner can publish ${target}: that is ${table.owner.name}, and the role ${user} is no member of it.`,
      remedy,
    );
  }
  return found;
}

/** How changed rows are found again. */
function identityFindings(table: PgTable): Finding[] {
  const target = table.schema.table;
  const found: Finding[] = [];
  if (!canPublishChanges(table)) {
    found.push(
      finding(
        'warning',
        'AppendOnly',
        `${target} has no key by which the source would log its changes: inserts and truncates travel, updates and deletes do not. A primary key is best; with REPLICA IDENTITY FULL every update and delete logs the whole old row.`,
        {
          target,
          remedy: identityRemedy(table),
        },
      ),
    );
  } else if (table.schema.identity === 'full') {
    const index = table.candidateIndex;
    found.push(
      finding(
        'warning',
        'FullIdentity',
        `${target} has no key: changed rows are found by all their columns, which is slow on large tables.`,
        {
          target,
          remedy:
            index === undefined
              ? 'Add a primary key, or a unique index on columns that are NOT NULL and make it the replica identity.'
              : `ALTER TABLE ${table.sqlName} REPLICA IDENTITY USING INDEX ${quoteIdentifier(index)};`,
        },
      ),
    );
  }
  if (table.partitioned) {
    found.push(
      finding(
        'info',
        'Partitioned',
        `${target} travels as one table; emptying, dropping or detaching a single partition is not in the source's log, and its rows stay in the pool.`,
        { target, remedy: 'After such a step copy the table anew: retry it, or run isthmus link with --resync.' },
      ),
    );
  }
  for (const name of table.foreign) {
    found.push(
      finding(
        'warning',
        'ForeignPartition',
        `The partition ${name} of ${target} is a foreign table: its rows are copied, and its changes are not in the source's log.`,
        { target, remedy: `Detach it, or copy ${target} anew when its rows have changed: retry it, or run isthmus link with --resync.` },
      ),
    );
  }
  return found;
}

function identityRemedy(table: PgTable): string {
  const all = table.partitioned ? [table.sqlName, ...table.leaves] : [table.sqlName];
  const set = (how: string): string => all.map((name) => `ALTER TABLE ${name} REPLICA IDENTITY ${how};`).join(' ');
  if (table.hasPrimaryKey) return set('DEFAULT');
  return table.candidateIndex === undefined || table.partitioned
    ? set('FULL')
    : set(`USING INDEX ${quoteIdentifier(table.candidateIndex)}`);
}

function columnFindings(table: PgTable): Finding[] {
  const { table: name } = table.schema;
  const found: Finding[] = [];
  if (table.columns.length === 0)
    found.push(
      finding('error', 'NoColumns', `${name} has no column that could travel.`, {
        target: name,
        remedy: 'Add a column to the table, or leave it out of the link.',
      }),
    );
  for (const column of table.leftOut) {
    const target = `${name}.${column.name}`;
    if (column.why === 'generated')
      found.push(
        finding('warning', 'ColumnLeftOut', `${target} is left out: it is generated, and the source does not log it.`, {
          target,
          remedy: 'Compute it in a view over the pool.',
        }),
      );
    else
      found.push(
        finding('warning', 'ColumnLeftOut', `${target} is left out: it has the type ${column.sourceType}, which has no value to send.`, {
          target,
        }),
      );
  }
  for (const column of table.columns) {
    if (column.schema.fidelity !== 'text') continue;
    const target = `${name}.${column.schema.name}`;
    found.push(
      finding(
        'info',
        'ColumnAsText',
        `${target} (${column.schema.sourceType}) arrives as the source's own text for it. Altering a type, as by renaming a value of an enum, is not in the source's log.`,
        { target },
      ),
    );
  }
  return found;
}

function keyFinding(names: PublicationNames): Finding {
  return finding(
    'info',
    'KeyDropped',
    'A table whose key or replica identity is taken away while it is replicated refuses UPDATE and DELETE (a rule of PostgreSQL) until the running link moves it to those of which only inserts travel: within seconds, but not while the link is stopped.',
    {
      remedy: `Before dropping a key, take the table out; the link takes it in again and copies it anew: ALTER PUBLICATION ${quoteIdentifier(names.changes)} DROP TABLE …;`,
    },
  );
}
