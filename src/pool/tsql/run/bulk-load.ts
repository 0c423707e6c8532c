import { notSupported } from '../sql-error.ts';
import type { BulkRows } from '../session.ts';
import type { Statement } from '../syntax/statement.ts';
import { tableNamed } from '../query/names.ts';
import type { TableFacts } from '../query/plan.ts';
import { planBulk } from '../query/statement.ts';
import { typeOfName } from '../translate/type-name.ts';
import type { TsqlType } from '../tsql-type.ts';
import { statementFault } from './engine-faults.ts';
import type { Frame } from './frame.ts';
import { planContext } from './plan-context.ts';
import { refuseAnyWrite } from './rights.ts';
import { runSteps } from './run-plan.ts';
import type { SessionCore } from './session-core.ts';
import { stageValues } from './staged-rows.ts';

/** An INSERT BULK whose rows are to come. */
export interface AnnouncedBulk {
  readonly table: TableFacts;
  readonly columns: readonly { readonly name: string; readonly type: TsqlType }[];
}

const never = ['FIRE_TRIGGERS'];

/** Error 208, and the same as an INSERT's where the table is only read. */
export async function announceBulk(
  statement: Statement & { readonly kind: 'insert-bulk' },
  core: SessionCore,
  frame: Frame,
): Promise<void> {
  const refused = statement.options.find((option) => never.some((name) => option.toUpperCase().startsWith(name)));
  if (refused !== undefined) throw notSupported(`INSERT BULK with ${refused}`, statement);
  const columns = statement.columns.map(({ name, type }) => ({ name, type: typeOfName(type) }));
  core.bulk = await core.admitted('read', frame.signal, async () => {
    const context = planContext(core, frame);
    const table = tableNamed(statement.table, context);
    // What is wrong with the load is said before its rows are sent.
    planBulk(
      table,
      columns.map(({ name }) => name),
      { reference: 'given', columns: columns.map(nullable) },
      context,
    );
    return { table, columns };
  });
}

function nullable<T extends object>(column: T): T & { readonly nullable: true } {
  return { ...column, nullable: true };
}

/** Rows are taken in first, so that a slow client keeps nobody from the engine; then they are inserted, all or none. */
export async function loadBulk({ table, columns }: AnnouncedBulk, rows: BulkRows, core: SessionCore, frame: Frame): Promise<bigint> {
  const { connection } = core;
  const entered = await core.enter('none', frame.signal);
  const staged = await stageValues(connection, { columns: rows.columns.map(nullable), rows: rows.rows }, frame.signal).catch(
    async (error: unknown) => {
      await entered.failed(statementFault(error));
      throw error;
    },
  );
  await using _ = staged;
  await entered.done();
  return await core.admitted('write', frame.signal, async (signal, within) => {
    const names = columns.map(({ name }) => name);
    const plan = planBulk(table, names, staged.given, planContext(core, frame));
    if (plan.writes === 'pool') {
      refuseAnyWrite(core, { line: 1 });
      within.wrote(plan.changesNames);
    }
    return runSteps(plan, core, frame, signal);
  });
}
