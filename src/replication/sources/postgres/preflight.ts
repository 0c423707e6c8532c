import { quoteIdentifier } from '#replication/schema.ts';
import type { Finding } from '#replication/source.ts';
import type { PgTable } from './catalog.ts';
import type { PgConnection } from './connection.ts';
import { canPublishChanges } from './publications.ts';
import type { TablePatterns } from './table-patterns.ts';

interface ServerFacts {
  readonly walLevel: string;
  readonly slotsLeft: number;
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

const factsQuery = `
SELECT current_setting('wal_level'),
  current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_catalog.pg_replication_slots),
  current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'walsender'),
  current_setting('max_slot_wal_keep_size'), current_setting('idle_replication_slot_timeout', true),
  current_user, current_database(),
  (SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
  pg_catalog.has_database_privilege(current_database(), 'CREATE'),
  current_setting('server_encoding'), pg_catalog.pg_is_in_recovery()`;

async function readFacts(connection: PgConnection): Promise<ServerFacts> {
  const [row = []] = await connection.query(factsQuery);
  return {
    walLevel: row[0] ?? '', slotsLeft: Number(row[1]), sendersLeft: Number(row[2]), keepSize: row[3] ?? '', idleSlotTimeout: row[4] ?? '0',
    user: row[5] ?? '', database: row[6] ?? '', mayReplicate: row[7] === 't', mayCreate: row[8] === 't', encoding: row[9] ?? '', inRecovery: row[10] === 't',
  };
}

export interface PreflightInput {
  readonly tables: readonly PgTable[];
  readonly patterns: TablePatterns;
  /** Our slot is there already: none needs to be free. */
  readonly slotExists: boolean;
}

/** Everything that keeps the source or a table from being replicated, and everything that will be lost, before anything is changed. */
export async function preflight(connection: PgConnection, input: PreflightInput): Promise<readonly Finding[]> {
  const facts = await readFacts(connection);
  return [...serverFindings(connection.serverVersion, facts, input.slotExists), ...choiceFindings(input), ...input.tables.flatMap((table) => tableFindings(table, facts))];
}

function finding(severity: Finding['severity'], code: string, message: string, more: { target?: string; remedy?: string } = {}): Finding {
  return { severity, code, message, target: more.target, remedy: more.remedy };
}

function serverFindings(version: number, facts: ServerFacts, slotExists: boolean): Finding[] {
  const found: Finding[] = [];
  if (version < 130_000) found.push(finding('error', 'VersionTooOld', `PostgreSQL ${Math.floor(version / 10_000)} is older than 13.`, { remedy: 'Upgrade the source to PostgreSQL 13 or later.' }));
  if (facts.walLevel !== 'logical') {
    found.push(finding('error', 'WalLevel', `wal_level is ${facts.walLevel}; changes are only logged for reading at logical.`, { remedy: 'ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL (managed services: the parameter for logical replication).' }));
  }
  if (!facts.mayReplicate) found.push(finding('error', 'NoReplicationRight', `The role ${facts.user} may not replicate.`, { target: facts.user, remedy: `ALTER ROLE ${quoteIdentifier(facts.user)} REPLICATION;` }));
  if (!facts.mayCreate) {
    found.push(finding('error', 'NoCreateRight', `The role ${facts.user} may not create a publication in the database ${facts.database}.`, { target: facts.database, remedy: `GRANT CREATE ON DATABASE ${quoteIdentifier(facts.database)} TO ${quoteIdentifier(facts.user)};` }));
  }
  if (!slotExists && facts.slotsLeft <= 0) {
    found.push(finding('error', 'NoSlotLeft', 'The source has no replication slot left.', { remedy: 'ALTER SYSTEM SET max_replication_slots = 20; then restart PostgreSQL, or drop a slot that nobody reads.' }));
  }
  if (facts.sendersLeft <= 0) found.push(finding('warning', 'NoSenderLeft', 'All of the source\'s max_wal_senders are in use.', { remedy: 'ALTER SYSTEM SET max_wal_senders = 20; then restart PostgreSQL.' }));
  if (facts.keepSize === '-1') {
    found.push(finding('warning', 'LogUnbounded', 'max_slot_wal_keep_size is unlimited: if the link is away for long, the log it still needs can fill the source\'s disk.', { remedy: "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();" }));
  } else {
    found.push(finding('info', 'LogBudget', `The source keeps up to ${facts.keepSize} of log for the link; past that the link must copy anew.`));
  }
  if (!/^0/.test(facts.idleSlotTimeout)) found.push(finding('warning', 'IdleSlotTimeout', `The source invalidates slots that were idle for ${facts.idleSlotTimeout}.`, { remedy: 'ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf();' }));
  if (facts.encoding !== 'UTF8') {
    const severity = facts.encoding === 'SQL_ASCII' ? 'error' : 'info';
    found.push(finding(severity, 'Encoding', `The database's encoding is ${facts.encoding}; text travels as UTF-8.`, facts.encoding === 'SQL_ASCII' ? { remedy: 'Text in an SQL_ASCII database has no known encoding: create a UTF8 database and load it there.' } : {}));
  }
  if (facts.inRecovery) found.push(finding('warning', 'Standby', 'The source is a standby: publications must be made at its primary, and an idle link advances only with the primary.', { remedy: 'Connect to the primary if you can.' }));
  return found;
}

function choiceFindings(input: PreflightInput): Finding[] {
  const found: Finding[] = [];
  for (const exact of input.patterns.exact) {
    if (input.tables.some((table) => table.schema.schema === exact.schema && table.schema.name === exact.name)) continue;
    found.push(finding('error', 'TableMissing', `There is no table ${exact.schema}.${exact.name} that could be replicated.`, { target: `${exact.schema}.${exact.name}`, remedy: 'Check schema and name; views, foreign tables, temporary tables and single partitions cannot be replicated.' }));
  }
  if (found.length === 0 && input.tables.length === 0) found.push(finding('warning', 'NoTable', 'No table matches yet; tables that come to match later are taken in.', { remedy: 'Check --tables.' }));
  return found;
}

function tableFindings(table: PgTable, facts: ServerFacts): Finding[] {
  const target = table.schema.table;
  const found: Finding[] = [];
  const role = quoteIdentifier(facts.user);
  if (table.unlogged) found.push(finding('error', 'Unlogged', `${target} is unlogged: the source writes no log of its changes.`, { target, remedy: `ALTER TABLE ${table.sqlName} SET LOGGED;` }));
  if (!table.rights.select) found.push(finding('error', 'NoSelectRight', `The role ${facts.user} may not read ${target}.`, { target, remedy: `GRANT SELECT ON ${table.sqlName} TO ${role};` }));
  if (!table.rights.owner) found.push(finding('error', 'NotOwner', `Only its owner can publish ${target}, and ${facts.user} is not.`, { target, remedy: `GRANT ${quoteIdentifier('owner of the table')} TO ${role}; or ALTER TABLE ${table.sqlName} OWNER TO ${role};` }));
  if (!canPublishChanges(table)) {
    found.push(finding('warning', 'AppendOnly', `${target} has no key that its changes could be found by: inserts and truncates travel, updates and deletes do not.`, {
      target,
      remedy: `Add a primary key, or: ALTER TABLE ${table.sqlName} REPLICA IDENTITY FULL; (every update and delete then logs the whole old row).`,
    }));
  } else if (table.schema.identity === 'full') {
    found.push(finding('warning', 'FullIdentity', `${target} has no key: changed rows are found by all their columns, which is slow on large tables.`, { target, remedy: `Add a primary key, or a unique index on columns that are NOT NULL and ALTER TABLE ${table.sqlName} REPLICA IDENTITY USING INDEX it.` }));
  }
  if (table.partitioned) found.push(finding('info', 'Partitioned', `${target} travels as one table; emptying, dropping or detaching a single partition is not in the source's log.`, { target, remedy: 'After such a step copy the table anew: --resync.' }));
  for (const column of table.leftOut) {
    const why = column.why === 'generated' ? 'is generated, which this version of PostgreSQL does not log' : `has the type ${column.sourceType}, which has no value to send`;
    found.push(finding('warning', 'ColumnLeftOut', `${target}.${column.name} is left out: it ${why}.`, { target: `${target}.${column.name}`, ...(column.why === 'generated' ? { remedy: 'Compute it in a view over the pool.' } : {}) }));
  }
  for (const column of table.columns) {
    if (column.schema.fidelity !== 'text') continue;
    found.push(finding('info', 'ColumnAsText', `${target}.${column.schema.name} (${column.schema.sourceType}) arrives as the source's own text for it.`, { target: `${target}.${column.schema.name}` }));
  }
  return found;
}

