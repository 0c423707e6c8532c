import type { DuckDBValue } from '@duckdb/node-api';
import type { Plan, Step } from '../query/plan.ts';
import type { ResultColumn } from '../session.ts';
import type { Frame } from './frame.ts';
import type { SessionCore } from './session-core.ts';
import { sqlValueOf } from './values.ts';

/** What the steps of a statement have come to. */
interface Progress {
  rows: bigint;
}

/** Carries out a statement's steps in the transaction that is entered. Answers how many rows it counts. */
export async function runSteps(plan: Plan, core: SessionCore, frame: Frame, signal: AbortSignal): Promise<bigint> {
  const progress: Progress = { rows: 0n };
  const running = { core, frame, signal, progress };
  await runAll(plan.steps, running);
  return progress.rows;
}

interface Running {
  readonly core: SessionCore;
  readonly frame: Frame;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

async function runAll(steps: readonly Step[], running: Running): Promise<void> {
  for (const step of steps) await runStep(step, running);
}

async function runStep(step: Step, running: Running): Promise<void> {
  const { core, signal, progress } = running;
  const { connection } = core;
  switch (step.kind) {
    case 'run':
      await connection.run(step.sql, signal);
      return;
    case 'result': {
      const rows = await sendResult(step.sql, step.columns, running);
      if (step.uncounted !== true) progress.rows += rows;
      return;
    }
    case 'change':
      progress.rows += BigInt((await connection.run(step.sql, signal)).rowsChanged);
      return;
    case 'identity':
      return identityStep(step, running);
    case 'count': {
      const [row] = await connection.rows(step.sql, signal);
      progress.rows += BigInt(String(row?.[0] ?? 0));
      return;
    }
    case 'assign':
      return assignStep(step, running);
    case 'ask': {
      const [row] = await connection.rows(step.sql, signal);
      return runAll(step.next(row), running);
    }
    default:
      return step satisfies never;
  }
}

/** Rows go to the client as they come. */
async function sendResult(sql: string, columns: readonly ResultColumn[], { core, frame, signal }: Running): Promise<bigint> {
  const result = await core.connection.stream(sql, signal);
  frame.sink.columns(columns);
  let rows = 0n;
  for (let chunk = await core.connection.next(result, signal); chunk; chunk = await core.connection.next(result, signal)) {
    rows += BigInt(chunk.rowCount);
    await core.forClient(frame.sink.rows(chunk));
  }
  return rows;
}

async function identityStep(step: Step & { readonly kind: 'identity' }, { core, signal, progress }: Running): Promise<void> {
  const rows = await core.connection.rows(step.sql, signal);
  progress.rows += BigInt(rows.length);
  let last: bigint | undefined;
  for (const [value] of rows) {
    const number = BigInt(String(value));
    if (last === undefined || (step.descending ? number < last : number > last)) last = number;
  }
  if (last !== undefined) core.identity = String(last);
}

async function assignStep(step: Step & { readonly kind: 'assign' }, { core, frame, signal, progress }: Running): Promise<void> {
  const result = await core.connection.stream(step.sql, signal);
  let last: readonly DuckDBValue[] | undefined;
  for (let chunk = await core.connection.next(result, signal); chunk; chunk = await core.connection.next(result, signal)) {
    if (step.uncounted !== true) progress.rows += BigInt(chunk.rowCount);
    last = chunk.getRowValues(chunk.rowCount - 1);
  }
  if (!last) return;
  for (const [place, { name, type }] of step.variables.entries()) {
    const variable = frame.variables.get(name.toLowerCase());
    if (variable) variable.value = sqlValueOf(last[place], type);
  }
}
