import { fault } from '#base/fault.ts';
import type { TdsConnection } from '#replication/sources/sqlserver/connection.ts';
import type { TdsValue } from '#wire/tds/types/tds-type.ts';

/**
 * What the user may do in the database it stands in. A user sees the tables only on which it has some right, so that the counts are of those.
 * One row: in db_owner, CONTROL, VIEW DATABASE STATE, VIEW DEFINITION, tables, with SELECT, with VIEW CHANGE TRACKING.
 */
export const sqlServerRightsQuestion = `SELECT
  CAST(COALESCE(IS_ROLEMEMBER(N'db_owner'), 0) AS int) AS owner_role,
  CAST(COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'CONTROL'), 0) AS int) AS control_right,
  CAST(COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE STATE'), 0) AS int) AS state_right,
  CAST(COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DEFINITION'), 0) AS int) AS definition_right,
  CAST(COUNT(*) AS int) AS tables_seen,
  CAST(COALESCE(SUM(HAS_PERMS_BY_NAME(t.name, N'OBJECT', N'SELECT')), 0) AS int) AS tables_read,
  CAST(COALESCE(SUM(HAS_PERMS_BY_NAME(t.name, N'OBJECT', N'VIEW CHANGE TRACKING')), 0) AS int) AS tables_tracked
FROM (SELECT QUOTENAME(SCHEMA_NAME(schema_id)) + N'.' + QUOTENAME(name) AS name FROM sys.tables WHERE is_ms_shipped = 0) AS t;`;

/** One sentence. Faults: `NoReadableTable` (denied), where there are tables and none may be read; `UnexpectedMessage` (corrupt). */
export async function readSqlServerRights(connection: TdsConnection, user: string): Promise<string> {
  const [row] = await connection.query(sqlServerRightsQuestion);
  const [owner, control, state, definition, tables, readable, tracked] = (row ?? []).map(wholeNumber);
  if (tracked === undefined || tables === undefined || readable === undefined)
    throw fault('corrupt', 'UnexpectedMessage', 'The server answers another question than that for the rights of the user.', {
      remedy: 'Check what stands between: something answers in the place of the server.',
    });
  if (tables > 0 && readable === 0)
    throw fault('denied', 'NoReadableTable', `${user} may read none of the ${tables} tables that it sees.`, {
      target: user,
      remedy: `As db_owner, for each schema: GRANT SELECT, VIEW CHANGE TRACKING ON SCHEMA::… TO ${quoted(user)};`,
    });
  const whole =
    owner === 1 ? 'is in db_owner' : control === 1 ? 'has CONTROL, without being in db_owner' : 'has neither db_owner nor CONTROL';
  const views = [state === 1 && 'VIEW DATABASE STATE', definition === 1 && 'VIEW DEFINITION'].filter((right) => right !== false);
  const viewing = views.length === 0 ? 'neither VIEW DATABASE STATE nor VIEW DEFINITION' : views.join(' and ');
  if (tables === 0) return `${user} ${whole}, has ${viewing}, and sees no table.`;
  const may = `${user} ${whole}, has ${viewing}, and may SELECT from ${readable} of ${tables} tables, with VIEW CHANGE TRACKING on ${tracked}.`;
  if (tracked >= readable) return may;
  return `${may} A link needs both on its tables: GRANT SELECT, VIEW CHANGE TRACKING ON SCHEMA::… TO ${quoted(user)};`;
}

function wholeNumber(value: TdsValue): number | undefined {
  return typeof value === 'bigint' ? Number(value) : undefined;
}

/** For text that a person copies; nothing is run from it. */
function quoted(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}
