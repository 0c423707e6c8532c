import { fault } from '#base/fault.ts';
import type { MySqlConnection } from '#replication/sources/mysql/connection.ts';

/** Tables of the database chosen, or of all; with how many of them the user may read in whole, whether by itself or through roles. */
const tablesQuestion = `SELECT COUNT(*), COALESCE(SUM(readable), 0) FROM (
  SELECT MIN(FIND_IN_SET('select', c.PRIVILEGES) > 0) AS readable
  FROM information_schema.TABLES t JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
  WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
    AND (DATABASE() IS NULL OR t.TABLE_SCHEMA = DATABASE())
  GROUP BY t.TABLE_SCHEMA, t.TABLE_NAME) AS seen`;

const logQuestion = 'SELECT @@log_bin, @@binlog_format, @@binlog_row_image';

/** What a link needs beside SELECT. MariaDB calls the second BINLOG MONITOR. */
const replicationRights = [
  { name: 'REPLICATION SLAVE', words: /\bREPLICATION SLAVE\b(?! ADMIN)/ },
  { name: 'REPLICATION CLIENT', words: /\bREPLICATION CLIENT\b|\bBINLOG MONITOR\b/ },
] as const;

/**
 * What the user may do, in a sentence, and then what a link would still need. Fault: `NoReadableTable` (denied), where there are tables and none may
 * be read.
 */
export async function readMySqlRights(connection: MySqlConnection, user: string): Promise<string> {
  const [counts] = await connection.query(tablesQuestion);
  const [all, readable] = [counts?.[0] ?? '0', counts?.[1] ?? '0'];
  if (all !== '0' && readable === '0')
    throw fault('denied', 'NoReadableTable', `${user} may read none of the ${all} tables that it sees.`, {
      target: user,
      remedy: 'As administrator: GRANT SELECT ON `database`.* TO the user;',
    });
  const missing = missingRights(await connection.query('SHOW GRANTS'));
  const [log] = await connection.query(logQuestion);
  const [kept, format, image] = [log?.[0] ?? '0', log?.[1] ?? '', log?.[2] ?? ''];
  const logs = kept === '1' || kept.toUpperCase() === 'ON';
  const follows =
    missing.length === 0 ? 'and follow the binary log' : `and not follow the binary log, for want of ${missing.join(' and ')}`;
  const kind = logs ? `which holds ${format} changes with ${image} rows` : 'which is off';
  const needs = [
    missing.length > 0 && `GRANT ${missing.join(', ')} ON *.* TO the user`,
    !logs && 'log_bin at the start of the server',
    format.toUpperCase() !== 'ROW' && 'binlog_format = ROW',
    image.toUpperCase() !== 'FULL' && 'binlog_row_image = FULL',
  ].filter((need) => need !== false);
  const sentence = `${user} may SELECT from ${readable} of ${all} tables ${follows}, ${kind}.`;
  return needs.length === 0 ? sentence : `${sentence} A link would need: ${needs.join('; ')}.`;
}

/** Rights on everything only: those on single databases do not count for the log. */
function missingRights(grants: readonly (readonly (string | null)[])[]): readonly string[] {
  const everywhere = grants.map(([grant]) => /^GRANT (.+?) ON \*\.\* TO /.exec(grant ?? '')?.[1]?.toUpperCase() ?? '');
  if (everywhere.some((rights) => /\bALL PRIVILEGES\b/.test(rights))) return [];
  return replicationRights.filter(({ words }) => !everywhere.some((rights) => words.test(rights))).map(({ name }) => name);
}
