import { notSupported, sqlError } from '../sql-error.ts';
import type { SqlParameter } from '../session.ts';
import type { Statement } from '../syntax/statement.ts';
import { isOfCompiling } from './engine-faults.ts';
import { assign, evaluate } from './evaluate.ts';
import { type Flow, type Frame, innerFrame, next } from './frame.ts';
import { callProcedure } from './procedures.ts';
import type { SessionCore } from './session-core.ts';
import { parsed } from './parsed.ts';

type Of<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** `EXEC p @a, @b = 2, @c = @x OUTPUT`. */
export async function execute(statement: Of<'execute'>, core: SessionCore, frame: Frame): Promise<Flow> {
  const parameters: SqlParameter[] = [];
  const outputs = new Map<number, string>();
  for (const [place, argument] of statement.arguments.entries()) {
    const { name = '', output } = argument;
    if (argument.value.kind === 'default') {
      parameters.push({ name, type: { name: 'int' }, value: null, output: false, isDefault: true });
      continue;
    }
    if (output && argument.value.kind !== 'variable')
      throw sqlError(179, 'Cannot use the OUTPUT option when passing a constant to a stored procedure.', {
        place: statement,
        severity: 15,
      });
    if (output && argument.value.kind === 'variable') outputs.set(place, argument.value.name);
    const { value, type } = await evaluate(argument.value, core, frame);
    parameters.push({ name, type, value, output });
  }
  const called = await callProcedure({ core, frame, line: statement.line }, statement.procedure.parts.join('.'), parameters);
  if (called.flow.kind === 'failed') return afterFailure(called.flow, frame);
  for (const [place, name] of outputs) {
    const outcome = called.outputs.find((output) => output.place === place);
    if (outcome) await give(name, outcome.parameter, core, frame);
  }
  if (statement.status !== undefined) await give(statement.status, { type: { name: 'int' }, value: BigInt(called.status) }, core, frame);
  frame.sink.done({ command: 'other', rows: undefined });
  return next;
}

/** Gives a variable a value of another type, as an assignment does. */
async function give(name: string, from: Pick<SqlParameter, 'type' | 'value'>, core: SessionCore, frame: Frame): Promise<void> {
  const passing = '@ passing';
  frame.variables.set(passing, { name: passing, type: from.type, value: from.value });
  const place = { at: 0, line: 1 };
  try {
    await assign({ name, operator: '=', place }, { ...place, kind: 'variable', name: passing }, core, frame);
  } finally {
    frame.variables.delete(passing);
  }
}

/** What an inner text's compilation found ends that text only. */
function afterFailure(flow: Flow & { readonly kind: 'failed' }, frame: Frame): Flow {
  return flow.frame !== frame && isOfCompiling(flow.message) ? { ...flow, ends: false } : flow;
}

/** `EXEC ('text' + @x)`. */
export async function executeText(statement: Of<'execute-text'>, core: SessionCore, frame: Frame): Promise<Flow> {
  let text = '';
  for (const part of statement.text) {
    const { value } = await evaluate(part, core, frame);
    if (typeof value !== 'string' && value !== null) throw notSupported('EXEC of what is no text', statement);
    text += value ?? '';
  }
  const flow = await runText(text, core, innerFrame(frame, undefined));
  return flow.kind === 'failed' ? afterFailure(flow, frame) : next;
}

const mostLevels = 32;

/** Parses a text and runs it in a frame of its own. Error 217: texts within texts, too many. */
async function runText(text: string, core: SessionCore, inner: Frame): Promise<Flow> {
  if (inner.level > mostLevels)
    throw sqlError(217, `Maximum stored procedure, function, trigger, or view nesting level exceeded (limit ${mostLevels}).`);
  return inner.interpret(parsed(text, core), core, inner);
}
