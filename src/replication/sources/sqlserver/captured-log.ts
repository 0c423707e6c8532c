import { setTimeout as delay } from 'node:timers/promises';
import { Fault, fault, policies } from '#base/fault.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft, TableProgress } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import { alterSteps, anewSteps, lostSteps } from './alteration.ts';
import { CapturedRows } from './captured-rows.ts';
import { capturedShape, readCaptures, type CaptureInstance } from './captures.ts';
import { readColumns, type SqlServerShape } from './catalog.ts';
import type { ChangeLog } from './change-log.ts';
import { ofTable } from './pages.ts';
import { TransactionParts } from './parts.ts';
import { lsnOf, lsnPosition, olderSource } from './place.ts';
import type { SqlRow, SqlServerSession } from './session.ts';
import { capturedStatement, commitsStatement, maxLsnStatement } from './statements.ts';
import type { TrackedSource } from './tracked-changes.ts';
import { microsOf } from './value-text.ts';

/** Transactions of the source that make one of the pool, at most. */
const mostTransactions = 500;
const mostAttempts = 8;
const attemptMs = 50;

/** How far the capture job has read. Fault: `CaptureJobStopped` (throttled), where it has not yet. */
async function readEnd(session: SqlServerSession): Promise<string> {
  const [row] = await session.query(maxLsnStatement);
  if (typeof row?.[0] === 'string') return row[0];
  throw fault('throttled', 'CaptureJobStopped', 'The capture job has not read the log yet: no change is told.', {
    remedy: "EXEC sys.sp_cdc_start_job @job_type = N'capture'; -- SQL Server Agent must run; in Azure SQL Database wait a moment",
  });
}

/**
 * Change data capture: every change, in the order of the log, as the capture job has read it. Each look takes whole transactions of the source, of
 * all tables up to one place, and makes one of the pool. A table keeps its capture instance until a newer one has all that is still to be read.
 */
export const capturedLog: ChangeLog = {
  look: async (session, input) => {
    if (!input.database.capturesChanges) return input;
    const captures = await readCaptures(session);
    if (captures === undefined) return input;
    const [end] = await session.query(maxLsnStatement);
    const newest = (objectId: number): CaptureInstance | undefined => captures.get(String(objectId))?.at(-1);
    const columns = await readColumns(
      session,
      input.tables.map(({ facts }) => facts.objectId).filter((id) => newest(id) !== undefined),
    );
    const tables = input.tables.map((table) => {
      const instance = newest(table.facts.objectId);
      return instance === undefined
        ? table
        : { ...table, shape: capturedShape(table.facts, columns.get(table.facts.objectId) ?? [], instance) };
    });
    return { ...input, tables, captured: new Set([...captures.keys()].map(Number)), jobRuns: typeof end?.[0] === 'string' };
  },

  begin: async (session, identity, from) => {
    const end = await readEnd(session);
    if (from === undefined) return lsnPosition(identity, end);
    if (end < lsnOf(from)) throw olderSource();
    return lsnPosition(identity, lsnOf(from));
  },

  head: async (session, identity) => lsnPosition(identity, await readEnd(session)),

  beginPage: async (session, schema) => {
    await session.begin();
    const instance = (await readCaptures(session))?.get(schema.id)?.find((one) => one.name === schema.version);
    if (instance === undefined)
      throw fault('conflict', 'TableChanged', `${schema.table} is captured otherwise now.`, { target: schema.table });
    if ((await readEnd(session)) < instance.start)
      throw fault('throttled', 'CaptureBehind', `The capture job has not come to where changes of ${schema.table} begin to be captured.`, {
        target: schema.table,
        remedy: 'Wait; if it stays so, see whether the capture job runs: EXEC sys.sp_cdc_help_jobs;',
      });
    const objectId = Number(schema.id);
    const columns = await readColumns(session, [objectId]);
    const rows = columns.get(objectId);
    if (rows === undefined)
      throw fault('missing', 'TableMissing', `${schema.table} is no longer there.`, {
        target: schema.table,
        remedy: 'Create it again, or take it out of the link.',
      });
    return { shape: capturedShape({ objectId, schema: schema.schema, name: schema.name }, rows, instance), seen: undefined };
  },

  follow: async function* (source, { from: start, tables, signal }) {
    let from = lsnOf(start);
    for (;;) {
      signal.throwIfAborted();
      const looked: { to: string; more: boolean } = yield* look(source, { from, tables, signal });
      from = looked.to;
      if (!tables.impatient && !looked.more) await delay(source.settings.pollMs, undefined, { signal });
    }
  },
};

interface Look {
  readonly from: string;
  readonly tables: FollowedTables;
  readonly signal: AbortSignal;
}

interface Looked {
  readonly to: string;
  /** There is more at hand. */
  readonly more: boolean;
}

async function* look(source: TrackedSource, ask: Look): AsyncGenerator<Draft, Looked> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { draft, looked } = await lookOnce(source, ask);
      yield draft;
      return looked;
    } catch (error) {
      const passes = error instanceof Fault && policies[error.kind].retry === 'backoff';
      if (!passes || attempt === mostAttempts || ask.signal.aborted) throw error;
      await delay(attemptMs * attempt, undefined, { signal: ask.signal });
    }
  }
}

async function lookOnce(source: TrackedSource, ask: Look): Promise<{ readonly draft: Draft; readonly looked: Looked }> {
  const session = await source.session.get();
  const parts = new TransactionParts();
  let isWhole = false;
  try {
    await session.begin();
    const end = await readEnd(session);
    if (end < ask.from) throw olderSource();
    const commits = await session.query(commitsStatement, { rows: mostTransactions, from: ask.from });
    const last = commits.at(-1);
    const more = commits.length === mostTransactions;
    const to = more && typeof last?.[0] === 'string' ? last[0] : end;
    await readTables(session, { source, ask, to, parts });
    await session.commit();
    isWhole = true;
    source.onHeard();
    const committedAt = typeof last?.[1] === 'string' ? microsOf(last[1]) : undefined;
    return { draft: parts.end(lsnPosition(source.identity, to), committedAt), looked: { to, more } };
  } finally {
    if (!isWhole) session.destroy();
  }
}

interface Reading {
  readonly source: TrackedSource;
  readonly ask: Look;
  readonly to: string;
  readonly parts: TransactionParts;
}

async function readTables(session: SqlServerSession, reading: Reading): Promise<void> {
  const { source, ask } = reading;
  const followed = source.chosen().flatMap((table) => {
    const [known, progress] = [ask.tables.schema(table), ask.tables.progress(table)];
    const follows = progress?.state === 'Replicating' || progress?.state === 'Snapshotting';
    return known !== undefined && progress !== undefined && follows ? [{ known, progress }] : [];
  });
  if (followed.length === 0) return;
  const captures = await readCaptures(session);
  const columns = await readColumns(
    session,
    followed.map(({ known }) => Number(known.id)),
  );
  for (const { known, progress } of followed) {
    const instances = captures?.get(known.id) ?? [];
    await readTable(session, reading, { known, progress, instances, columns: columns.get(Number(known.id)) ?? [] });
  }
}

interface Followed {
  readonly known: TableSchema;
  readonly progress: TableProgress;
  readonly instances: readonly CaptureInstance[];
  readonly columns: readonly SqlRow[];
}

async function readTable(session: SqlServerSession, { ask, to, parts }: Reading, table: Followed): Promise<void> {
  const { known, progress, instances } = table;
  const newest = instances.at(-1);
  if (newest === undefined || table.columns.length === 0) return parts.push(...lostSteps(progress));
  // All that is still to be read is in the newest: it is gone over to.
  const instance = newest.start <= ask.from ? newest : instances.find((one) => one.name === known.version);
  const shape = (of: CaptureInstance): SqlServerShape =>
    capturedShape({ objectId: Number(known.id), schema: known.schema, name: known.name }, table.columns, of);
  if (instance === undefined || instance.oldest > ask.from) return parts.push(...anew(shape(newest), table));
  const now = shape(instance);
  if (now.schema.identity !== 'key') return parts.push(...lostSteps(progress));
  const altered = alterSteps(now.schema, known, progress);
  parts.push(...altered);
  if (altered.length === 0 && now.schema.version !== known.version) parts.push({ kind: 'schema', schema: now.schema, fills: [] });
  if (to === ask.from || altered.some((step) => step.kind === 'progress' && step.progress.state === 'Waiting')) return;
  try {
    const captured = new CapturedRows(now);
    for await (const rows of session.rows(capturedStatement(instance.name, now.statement.columns), { from: ask.from, to }))
      for (const row of rows) captured.take(row);
    parts.count(captured.changes);
    const step = captured.step();
    if (step !== undefined) parts.push(step);
  } catch (error) {
    throw ofTable(error, known.table);
  }
}

function anew({ schema }: SqlServerShape, { known, progress }: Followed): ReturnType<typeof anewSteps> {
  return schema.identity === 'key' ? anewSteps(schema, known) : lostSteps(progress);
}
