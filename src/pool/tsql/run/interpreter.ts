import { setImmediate as nextTurn } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { type GivenRows, planStatement, type PlannedStatement } from '../query/statement.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Statement } from '../syntax/statement.ts';
import { endsBatch, isOfCompiling, messageOf, statementFault } from './engine-faults.ts';
import { announceBulk } from './bulk-load.ts';
import { assign, isTrue } from './evaluate.ts';
import type { Flow, Frame } from './frame.ts';
import { next } from './frame.ts';
import { planContext } from './plan-context.ts';
import { readsTables } from './query-node.ts';
import { runSteps } from './run-plan.ts';
import type { SessionCore } from './session-core.ts';
import type { Access } from './session-transaction.ts';
import { declare, raise, returnWith, runSimple, throwError, waitFor } from './simple-statements.ts';
import { execute, executeText } from './execute.ts';
import { stageExecuted } from './insert-execute.ts';
import { showPlan } from './show-plan.ts';
import { endTemporaries } from './temporaries.ts';
import { refuseAnyWrite, refuseWrite } from './rights.ts';

/** Statements after which whatever else the process does has its turn. */
const turnEvery = 256;

/** Runs statements in order, until one ends the batch. What is wrong with one is told, and the next one runs, as T-SQL has it. */
async function runStatements(statements: readonly Statement[], core: SessionCore, frame: Frame): Promise<Flow> {
  for (const statement of statements) {
    const flow = await runStatement(statement, core, frame);
    if (flow.kind === 'failed' && !flow.ends && !isCatchable(flow, frame)) continue;
    if (flow.kind !== 'next') return flow;
  }
  return next;
}

/** All statements of a text, and what its temporary tables leave. */
export async function runFrame(statements: readonly Statement[], core: SessionCore, frame: Frame): Promise<Flow> {
  try {
    return await runStatements(statements, core, frame);
  } finally {
    await endTemporaries(core, frame);
  }
}

function isCatchable(flow: Flow & { readonly kind: 'failed' }, frame: Frame): boolean {
  if (frame.isTriedOutside) return true;
  return frame.tries > 0 && !(flow.frame === frame && isOfCompiling(flow.message));
}

async function runStatement(statement: Statement, core: SessionCore, frame: Frame): Promise<Flow> {
  frame.budget.left--;
  if (frame.budget.left % turnEvery === 0) await nextTurn();
  if (frame.signal.aborted) throw fault('cancelled', 'QueryCanceled', 'The batch was cancelled.', { cause: frame.signal.reason });
  try {
    if (frame.budget.left < 0)
      throw sqlError(8623, 'The batch ran more statements than one request may. Split it, or do in one query what its loop does.', {
        severity: 17,
        kind: 'throttled',
      });
    return await dispatch(statement, core, frame);
  } catch (error) {
    return failed(error, statement, core, frame);
  }
}

/** A statement has failed: says so, unless a CATCH will hear of it. */
async function failed(error: unknown, statement: Statement, core: SessionCore, frame: Frame): Promise<Flow> {
  const known = statementFault(error);
  // The client has gone or thought better of it, or the pool has gone: nobody is told.
  if (frame.signal.aborted || core.connection.engine.broken || known.code === 'PoolReopened') throw known;
  const message = messageOf(known, statement.line, frame.procedure);
  if (known.kind === 'bug')
    core.pool.options.log.error({ err: known, session: core.client.number }, 'a statement could not be carried out');
  core.error = message.number;
  core.rowCount = 0n;
  const isRaised = statement.kind === 'raiserror';
  const flow: Flow = { kind: 'failed', message, frame, ends: endsBatch(message) || statement.kind === 'throw' };
  const isCaught = isCatchable(flow, frame);
  if (core.options.flags.get('XACT_ABORT') === true && !isRaised) {
    if (isCaught) await core.transaction.doom(known);
    else await core.transaction.abort(frame.sink);
  }
  if (isCaught) return flow;
  frame.sink.message(message);
  frame.sink.done({ command: 'other', rows: undefined, failed: true });
  return core.options.flags.get('XACT_ABORT') === true && !isRaised ? { ...flow, ends: true } : flow;
}

async function dispatch(statement: Statement, core: SessionCore, frame: Frame): Promise<Flow> {
  const { flags } = core.options;
  if (flags.get('NOEXEC') === true && statement.kind !== 'set-option') return next;
  switch (statement.kind) {
    case 'block':
      return runStatements(statement.statements, core, frame);
    case 'if':
      return runIf(statement, core, frame);
    case 'while':
      return runWhile(statement, core, frame);
    case 'try':
      return runTry(statement, core, frame);
    case 'break':
    case 'continue':
      return { kind: statement.kind };
    case 'return':
      return returnWith(statement, core, frame);
    case 'declare':
      await declare(statement, core, frame);
      return next;
    case 'set-variable':
      await assign({ name: statement.name, operator: statement.operator, place: statement }, statement.value, core, frame);
      settle(core, 1n);
      return done(frame);
    case 'raiserror':
      await raise(statement, core, frame);
      return done(frame);
    case 'throw':
      return throwError(statement, core, frame);
    case 'execute':
      return execute(statement, core, frame);
    case 'execute-text':
      return executeText(statement, core, frame);
    case 'wait-for':
      await waitFor(statement, core, frame);
      settle(core, 0n);
      return done(frame);
    case 'insert-bulk':
      refuseWrite(statement, core);
      await announceBulk(statement, core, frame);
      settle(core, 0n);
      return done(frame);
    case 'kill':
      throw notSupported('KILL', statement, 'End the session at its client.');
    case 'unsupported':
      throw notSupported(statement.words, statement);
    case 'print':
    case 'set-option':
    case 'use':
    case 'begin-transaction':
    case 'commit':
    case 'rollback':
    case 'save-transaction':
      await runSimple(statement, core, frame);
      return done(frame);
    default:
      return runPlanned(statement, core, frame);
  }
}

function settle(core: SessionCore, rows: bigint): void {
  core.error = 0;
  core.rowCount = rows;
}

function done(frame: Frame): Flow {
  frame.sink.done({ command: 'other', rows: undefined });
  return next;
}

/** Statements that begin a transaction where IMPLICIT_TRANSACTIONS is on. */
const implicit: ReadonlySet<string> = new Set([
  'query',
  'insert',
  'update',
  'delete',
  'merge',
  'truncate',
  'create-table',
  'create-table-as',
  'alter-table',
  'drop',
  'create-view',
  'create-schema',
  'create-index',
  'rename',
]);

/** A query, or a change of rows or tables: planned, then carried out in the transaction in which it was planned. */
async function runPlanned(statement: PlannedStatement, core: SessionCore, frame: Frame): Promise<Flow> {
  refuseWrite(statement, core);
  if (statement.kind === 'insert' && statement.source.kind === 'execute') {
    await using executed = await stageExecuted(statement.source.statement, core, frame, runStatements);
    return await carryOut(statement, core, frame, executed.given);
  }
  return carryOut(statement, core, frame);
}

async function carryOut(statement: PlannedStatement, core: SessionCore, frame: Frame, given?: GivenRows): Promise<Flow> {
  const { flags } = core.options;
  const access = accessOf(statement);
  if (flags.get('IMPLICIT_TRANSACTIONS') === true && core.transaction.count === 0 && implicit.has(statement.kind) && access !== 'none')
    core.transaction.begin('', frame.sink);
  const outcome = await core.admitted(access, frame.signal, async (signal, entered) => {
    const plan = planStatement(statement, planContext(core, frame), given);
    if (flags.get('FMTONLY') === true) {
      for (const step of plan.steps) if (step.kind === 'result') frame.sink.columns(step.columns);
      return { plan, rows: 0n };
    }
    if (flags.get('SHOWPLAN_ALL') === true || flags.get('SHOWPLAN_TEXT') === true) {
      await showPlan(plan, core, frame, signal);
      return { plan, rows: 1n };
    }
    if (plan.writes === 'pool') {
      refuseAnyWrite(core, statement);
      entered.wrote(plan.changesNames);
    }
    const rows = await runSteps(plan, core, frame, signal);
    if (plan.changesNames) core.reshape();
    if (plan.temporary) core.changeTemporaries(plan.temporary, frame.temporaries);
    return { plan, rows };
  });
  const { plan, rows } = outcome;
  settle(core, plan.counts ? rows : 0n);
  frame.sink.done({ command: plan.command, rows: plan.counts && flags.get('NOCOUNT') !== true ? rows : undefined });
  return next;
}

/** A query only reads; one that looks at no table needs no transaction. */
function accessOf(statement: PlannedStatement): Access {
  if (statement.kind !== 'query') return 'write';
  if (statement.query.body.kind === 'select' && statement.query.body.into) return 'write';
  return readsTables(statement) ? 'read' : 'none';
}

async function runIf(statement: Statement & { readonly kind: 'if' }, core: SessionCore, frame: Frame): Promise<Flow> {
  const holds = await isTrue(statement.condition, core, frame);
  settle(core, 0n);
  const chosen = holds ? statement.then : statement.otherwise;
  return chosen ? runStatements([chosen], core, frame) : next;
}

async function runWhile(statement: Statement & { readonly kind: 'while' }, core: SessionCore, frame: Frame): Promise<Flow> {
  while (await isTrue(statement.condition, core, frame)) {
    frame.budget.left--;
    const flow = await runStatement(statement.body, core, frame);
    if (flow.kind === 'break') break;
    if (flow.kind === 'failed' && !flow.ends && !isCatchable(flow, frame)) continue;
    if (flow.kind !== 'next' && flow.kind !== 'continue') return flow;
  }
  return next;
}

async function runTry(statement: Statement & { readonly kind: 'try' }, core: SessionCore, frame: Frame): Promise<Flow> {
  frame.tries++;
  let flow: Flow;
  try {
    flow = await runStatements(statement.body, core, frame);
  } finally {
    frame.tries--;
  }
  if (flow.kind !== 'failed') return flow;
  if (flow.frame === frame && isOfCompiling(flow.message)) return flow;
  frame.caught.push(flow.message);
  try {
    return await runStatements(statement.catch, core, frame);
  } finally {
    frame.caught.pop();
  }
}
