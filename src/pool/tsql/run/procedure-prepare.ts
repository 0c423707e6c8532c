import { sqlError } from '../sql-error.ts';
import type { SqlParameter } from '../session.ts';
import { parsed } from './parsed.ts';
import { declaredParameters, runWith } from './procedure-execute-sql.ts';
import { type Called, type Calling, intParameter, intType, textParameter, wentWell } from './calling.ts';

/** `sp_prepare @handle OUTPUT, @params, @stmt, @options`. */
export async function prepare(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  const handle = keep(calling, parameters);
  return { ...wentWell, outputs: [handleOutput(handle)] };
}

/** `sp_prepexec @handle OUTPUT, @params, @stmt, values …`. */
export async function prepareAndExecute(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  const handle = keep(calling, parameters);
  const text = calling.core.prepared.get(handle)!;
  const called = await runWith(calling, text, { given: parameters, from: 3 });
  return { ...called, outputs: [handleOutput(handle), ...called.outputs] };
}

/** `sp_execute @handle, values …`. */
export async function executePrepared(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  const text = calling.core.prepared.get(handleOf(parameters));
  if (!text) throw unknownHandle(parameters);
  return runWith(calling, text, { given: parameters, from: 1 });
}

/** `sp_unprepare @handle`. */
export async function unprepare(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  if (!calling.core.prepared.delete(handleOf(parameters))) throw unknownHandle(parameters);
  return wentWell;
}

function handleOf(parameters: readonly SqlParameter[]): number {
  const first = parameters[0]?.value;
  return typeof first === 'bigint' ? Number(first) : (intParameter(parameters, 0, 'handle') ?? -1);
}

function unknownHandle(parameters: readonly SqlParameter[]): Error {
  return sqlError(8179, `Could not find prepared statement with handle ${handleOf(parameters)}.`, { kind: 'missing' });
}

/** Statements that a session may have prepared at a time. */
const mostPrepared = 10_000;

function keep({ core }: Calling, parameters: readonly SqlParameter[]): number {
  const declared = textParameter(parameters, 1, 'params') ?? '';
  const statement = textParameter(parameters, 2, 'stmt') ?? '';
  if (core.prepared.size >= mostPrepared)
    throw sqlError(8180, `Statement(s) could not be prepared: the session holds ${mostPrepared} prepared statements. Unprepare some.`, {
      kind: 'throttled',
    });
  const text = { statements: parsed(statement, core), declared: declaredParameters(declared) };
  const handle = ++core.lastHandle;
  core.prepared.set(handle, text);
  return handle;
}

function handleOutput(handle: number): Called['outputs'][number] {
  return { place: 0, parameter: { type: intType, value: BigInt(handle) } };
}
