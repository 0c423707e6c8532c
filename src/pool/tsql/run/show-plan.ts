import type { Rowset } from '../catalogue/rowset.ts';
import { columnsOf, queryOf } from '../catalogue/rowset.ts';
import { columnsAs } from '../catalogue/view-columns.ts';
import type { Plan } from '../query/plan.ts';
import type { SqlValue } from '../session.ts';
import type { Frame } from './frame.ts';
import type { SessionCore } from './session-core.ts';

const all = columnsAs(
  'StmtText nvarcharmax?, StmtId int, NodeId int, Parent int, PhysicalOp nvarchar128?, LogicalOp nvarchar128?, Argument nvarcharmax?, DefinedValues nvarcharmax?, EstimateRows float?, EstimateIO float?, EstimateCPU float?, AvgRowSize int?, TotalSubtreeCost float?, OutputList nvarcharmax?, Warnings nvarchar4000?, Type nvarchar64, Parallel bit, EstimateExecutions float?',
);

/** `SET SHOWPLAN_ALL ON`: in place of running a statement, one row with how many rows the engine expects. */
export async function showPlan(plan: Plan, core: SessionCore, frame: Frame, signal: AbortSignal): Promise<void> {
  const step = plan.steps.find(({ kind }) => kind === 'result' || kind === 'change');
  const estimate = step && 'sql' in step ? await estimatedRows(core, step.sql, signal) : 1;
  const isText = core.options.flags.get('SHOWPLAN_TEXT') === true;
  const row: readonly SqlValue[] = [
    plan.command.toUpperCase(),
    1n,
    1n,
    0n,
    null,
    null,
    null,
    null,
    estimate,
    0,
    0,
    null,
    0,
    null,
    null,
    plan.command.toUpperCase(),
    false,
    1,
  ];
  const rowset: Rowset = isText ? { columns: all.slice(0, 1), rows: [row.slice(0, 1)] } : { columns: all, rows: [row] };
  const result = await core.connection.stream(queryOf(rowset), signal);
  frame.sink.columns(columnsOf(rowset));
  for (let chunk = await core.connection.next(result, signal); chunk; chunk = await core.connection.next(result, signal))
    await frame.sink.rows(chunk);
}

async function estimatedRows(core: SessionCore, sql: string, signal: AbortSignal): Promise<number> {
  const [row] = await core.connection.rows(`EXPLAIN ${sql}`, signal);
  const found = /~([\d,]+) rows?/.exec(String(row?.[1] ?? ''));
  return found ? Number(found[1]!.replaceAll(',', '')) : 1;
}
