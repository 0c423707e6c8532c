import { setTimeout as delay } from 'node:timers/promises';
import { Fault, policies } from '#base/fault.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft, Position, TableProgress } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import { alterSteps, anewSteps, lostSteps, refusedSteps } from './alteration.ts';
import { readColumns, shapeOf, type SqlServerShape } from './catalog.ts';
import type { DatabaseIdentity } from './database.ts';
import { markOf, readMarks, readMoment, type Mark, type Moment } from './marks.ts';
import type { OpenSession } from './open-session.ts';
import { ofTable } from './pages.ts';
import { TransactionParts } from './parts.ts';
import { olderSource, versionOf, versionPosition } from './place.ts';
import type { SqlServerSession } from './session.ts';
import { changesStatement } from './statements.ts';
import { TrackedRows } from './tracked-rows.ts';

export interface FollowSettings {
  /** How often the source is asked while nothing else is to be done. */
  readonly pollMs: number;
  /** Values of a draft, in bytes. */
  readonly maxBytes: number;
  /** How often shapes are looked at while nothing changes. */
  readonly watchMs: number;
}

export const defaultFollowSettings: FollowSettings = { pollMs: 1_000, maxBytes: 8 * 1024 * 1024, watchMs: 10_000 };

export interface TrackedSource {
  /** Used by nobody else meanwhile. */
  readonly session: OpenSession;
  readonly identity: DatabaseIdentity;
  /** The link's tables, kept current. */
  readonly chosen: () => readonly string[];
  readonly settings: FollowSettings;
  readonly onHeard: () => void;
}

const mostAttempts = 8;
const attemptMs = 50;

/**
 * Follows change tracking from a version: see `ChangeSource.follow`. Each look is one transaction that sees one moment, of all tables: what changed
 * since the last, as it is at that moment, is one transaction of the pool. What is in between is not told, and the rows need not it.
 */
export async function* followTracked(
  source: TrackedSource,
  { from: start, tables, signal }: { readonly from: Position; readonly tables: FollowedTables; readonly signal: AbortSignal },
): AsyncGenerator<Draft> {
  let from = versionOf(start);
  let lookedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    signal.throwIfAborted();
    const watches = performance.now() - lookedAt >= source.settings.watchMs;
    if (watches) lookedAt = performance.now();
    from = yield* look(source, { from, tables, watches, signal });
    if (!tables.impatient) await delay(source.settings.pollMs, undefined, { signal });
  }
}

interface Look {
  readonly from: bigint;
  readonly tables: FollowedTables;
  /** Shapes are looked at though nothing changed. */
  readonly watches: boolean;
  readonly signal: AbortSignal;
}

/** One look; done again from the start where the moment passed before anything of it was given. */
async function* look(source: TrackedSource, ask: Look): AsyncGenerator<Draft, bigint> {
  for (let attempt = 1; ; attempt++) {
    const parts = new TransactionParts();
    try {
      return yield* lookOnce(source, ask, parts);
    } catch (error) {
      const passes = error instanceof Fault && policies[error.kind].retry === 'backoff';
      if (!passes || parts.isOut || attempt === mostAttempts || ask.signal.aborted) throw error;
      await delay(attemptMs * attempt, undefined, { signal: ask.signal });
    }
  }
}

async function* lookOnce(source: TrackedSource, ask: Look, parts: TransactionParts): AsyncGenerator<Draft, bigint> {
  const session = await source.session.get();
  let isWhole = false;
  try {
    await session.begin();
    const moment = await readMoment(session);
    if (moment.version < ask.from) throw olderSource();
    const plan = planLook(await readMarks(session), source.chosen(), ask);
    for (const { progress } of plan.lost) parts.push(...lostSteps(progress));
    if (moment.version !== ask.from || plan.gaps.length > 0 || ask.watches)
      yield* readTables(source, session, { plan, ask, moment, parts });
    await session.commit();
    isWhole = true;
    source.onHeard();
    yield parts.end(versionPosition(source.identity, moment.version), moment.at);
    return moment.version;
  } finally {
    if (!isWhole) session.destroy();
  }
}

interface Followed {
  readonly known: TableSchema;
  readonly progress: TableProgress;
}

interface LookPlan {
  readonly live: readonly Followed[];
  /** Changes of these are not all there any more, or never were. */
  readonly gaps: readonly (Followed & { readonly mark: Mark })[];
  /** Nothing is told of these. */
  readonly lost: readonly Followed[];
}

/** Which tables go on, which are to be copied anew, and which cannot go on. Nothing is passed over in silence. */
function planLook(marks: ReadonlyMap<string, Mark>, chosen: readonly string[], { from, tables }: Look): LookPlan {
  const live: Followed[] = [];
  const gaps: (Followed & { readonly mark: Mark })[] = [];
  const lost: Followed[] = [];
  for (const table of chosen) {
    const known = tables.schema(table);
    const progress = tables.progress(table);
    // One that waits is read whole by its first page, which comes after this moment.
    if (!known || !progress || (progress.state !== 'Replicating' && progress.state !== 'Snapshotting')) continue;
    const mark = markOf(marks, known);
    if (mark?.oldest === undefined) lost.push({ known, progress });
    else if (mark.begun !== known.version || mark.oldest > from) gaps.push({ known, progress, mark });
    else live.push({ known, progress });
  }
  return { live, gaps, lost };
}

interface Reading {
  readonly plan: LookPlan;
  readonly ask: Look;
  readonly moment: Moment;
  readonly parts: TransactionParts;
}

async function* readTables(source: TrackedSource, session: SqlServerSession, reading: Reading): AsyncGenerator<Draft> {
  const { plan, ask, moment, parts } = reading;
  const all = [...plan.gaps, ...plan.live];
  const columns = await readColumns(
    session,
    all.map(({ known }) => Number(known.id)),
  );
  const shapeNow = ({ known }: Followed, begun: string | undefined): SqlServerShape =>
    shapeOf({ objectId: Number(known.id), schema: known.schema, name: known.name, begun }, columns.get(Number(known.id)) ?? []);
  for (const table of plan.gaps) {
    const { schema } = shapeNow(table, table.mark.begun);
    parts.push(...(schema.identity === 'key' ? anewSteps(schema, table.known) : lostSteps(table.progress)));
  }
  for (const table of plan.live) {
    const shape = shapeNow(table, table.known.version);
    if (shape.schema.identity !== 'key') {
      parts.push(...lostSteps(table.progress));
      continue;
    }
    const altered = alterSteps(shape.schema, table.known, table.progress);
    parts.push(...altered);
    const isAnew = altered.some((step) => step.kind === 'progress' && step.progress.state === 'Waiting');
    if (moment.version !== ask.from && !isAnew) yield* readChanges(source, session, { ...reading, shape, table });
  }
}

async function* readChanges(
  source: TrackedSource,
  session: SqlServerSession,
  { shape, table, ask, parts }: Reading & { readonly shape: SqlServerShape; readonly table: Followed },
): AsyncGenerator<Draft> {
  const taken = new TrackedRows(shape);
  const put = (): void => {
    const step = taken.step();
    if (step !== undefined) parts.push(step);
    parts.count(taken.changes);
    taken.changes = 0;
  };
  try {
    for await (const rows of session.rows(changesStatement(shape.statement), { from: ask.from })) {
      for (const row of rows) taken.take(row);
      if (taken.bytes < source.settings.maxBytes) continue;
      put();
      yield parts.part();
    }
  } catch (error) {
    const trouble = ofTable(error, table.known.table);
    if (!concerns(trouble, table.known.table)) throw trouble;
    parts.push(...(trouble.code === 'TableChanged' ? lostSteps(table.progress) : refusedSteps(table.progress, trouble)));
    return;
  }
  put();
}

/** What waiting does not mend, of one table: that one stops, and the others go on. */
function concerns(trouble: unknown, table: string): trouble is Fault {
  if (!(trouble instanceof Fault) || policies[trouble.kind].retry !== 'never') return false;
  const target = trouble.target ?? '';
  const fatal = trouble.kind === 'cancelled' || trouble.kind === 'bug' || trouble.kind === 'corrupt';
  return !fatal && (target === table || target.startsWith(`${table}.`));
}
