import { sqlError } from '../sql-error.ts';
import type { SqlParameter } from '../session.ts';
import { type Called, type Calling, type Procedure, wentWell } from './calling.ts';
import { catalogueProcedures } from './procedure-catalogue.ts';
import { describeFirstResult, describeUndeclared } from './procedure-describe.ts';
import { duckDb } from './procedure-duckdb.ts';
import { executeSql } from './procedure-execute-sql.ts';
import { executePrepared, prepare, prepareAndExecute, unprepare } from './procedure-prepare.ts';

const procedures: Readonly<Record<string, Procedure>> = {
  ...catalogueProcedures,
  sp_describe_first_result_set: describeFirstResult,
  sp_describe_undeclared_parameters: describeUndeclared,
  sp_duckdb: duckDb,
  sp_executesql: executeSql,
  sp_prepare: prepare,
  sp_execute: executePrepared,
  sp_prepexec: prepareAndExecute,
  sp_unprepare: unprepare,
  sp_reset_connection: async ({ core }) => {
    await core.reset();
    return wentWell;
  },
};

const cursors = new Set([
  'sp_cursor',
  'sp_cursoropen',
  'sp_cursorprepare',
  'sp_cursorexecute',
  'sp_cursorprepexec',
  'sp_cursorunprepare',
  'sp_cursorfetch',
  'sp_cursoroption',
  'sp_cursorclose',
]);

/** Calls a procedure by its name, as `sp_tables`, `sys.sp_tables` or `[master].[dbo].[sp_tables]`. Errors: 2812 (none of that name), 16937 (cursors). */
export async function callProcedure(calling: Calling, written: string, parameters: readonly SqlParameter[]): Promise<Called> {
  const name = (
    written
      .replaceAll(/[[\]"]/g, '')
      .split('.')
      .at(-1) ?? ''
  )
    .replace(/;\d+$/, '')
    .toLowerCase();
  const place = { line: calling.line };
  if (cursors.has(name))
    throw sqlError(
      16_937,
      'A server cursor cannot be opened: this SQL pool has none. Use the default result set (forward only, read only).',
      {
        place,
        kind: 'unsupported',
      },
    );
  const procedure = Object.hasOwn(procedures, name) ? procedures[name] : undefined;
  if (!procedure) throw sqlError(2812, `Could not find stored procedure '${written}'.`, { place, kind: 'missing' });
  return procedure(calling, parameters);
}

/** Their names, for docs/tsql.md. */
export function procedureNames(): readonly string[] {
  return Object.keys(procedures);
}
