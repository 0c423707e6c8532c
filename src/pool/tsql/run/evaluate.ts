import { assert } from '#base/fault.ts';
import { planStatement, type PlannedStatement } from '../query/statement.ts';
import type { SqlValue } from '../session.ts';
import type { Condition, Expression, Place } from '../syntax/ast.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { Frame } from './frame.ts';
import { planContext } from './plan-context.ts';
import { itemOf, readsTables, selecting, truthOf } from './query-node.ts';
import { runSteps } from './run-plan.ts';
import type { SessionCore } from './session-core.ts';
import { sqlValueOf } from './values.ts';

export interface Worth {
  readonly value: SqlValue;
  /** Undefined: nothing but NULL. */
  readonly type: TsqlType;
}

/** What an expression is worth now. */
export async function evaluate(expression: Expression, core: SessionCore, frame: Frame): Promise<Worth> {
  const known = knownWorth(expression, frame);
  if (known) return known;
  return within(selecting([itemOf(expression)], expression), core, frame, async (statement, signal) => {
    const plan = planStatement(statement, planContext(core, frame));
    const [step] = plan.steps;
    assert(step?.kind === 'result' && plan.steps.length === 1, 'an expression is one result');
    const [row] = await core.connection.rows(step.sql, signal);
    const { type } = step.columns[0]!;
    return { value: sqlValueOf(row?.[0], type), type };
  });
}

/** Is it true? What is unknown is not. */
export async function isTrue(condition: Condition, core: SessionCore, frame: Frame): Promise<boolean> {
  return (await evaluate(truthOf(condition), core, frame)).value === 1n;
}

/** Gives a variable the value of an expression, as its own type has it. */
export async function assign(
  target: { readonly name: string; readonly operator: '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^='; readonly place: Place },
  value: Expression,
  core: SessionCore,
  frame: Frame,
): Promise<void> {
  const { at, line } = target.place;
  const item = { at, line, kind: 'assign', variable: target.name, operator: target.operator, value } as const;
  await within(selecting([item], target.place), core, frame, async (statement, signal) => {
    await runSteps(planStatement(statement, planContext(core, frame)), core, frame, signal);
  });
}

/** Plans and runs a statement of our own making; into a transaction only if it looks at tables. */
async function within<T>(
  statement: PlannedStatement,
  core: SessionCore,
  frame: Frame,
  work: (statement: PlannedStatement, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return core.admitted(readsTables(statement) ? 'read' : 'none', frame.signal, (signal) => work(statement, signal));
}

function knownWorth(expression: Expression, frame: Frame): Worth | undefined {
  if (expression.kind === 'variable') {
    const variable = frame.variables.get(expression.name.toLowerCase());
    return variable && { value: variable.value, type: variable.type };
  }
  if (expression.kind === 'integer' && expression.text.length < 10) return { value: BigInt(expression.text), type: { name: 'int' } };
  if (expression.kind === 'string' && expression.value.length > 0 && expression.value.length <= 4000)
    return { value: expression.value, type: { name: expression.national ? 'nvarchar' : 'varchar', length: expression.value.length } };
  return undefined;
}
