import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { counter, gauge, histogram } from '#base/metrics.ts';
import { delay, retryLevel } from '#base/service.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { ingest } from '#pool/ingest.ts';
import { readAll, serveQueries } from '#pool/query-server.ts';
import { EngineReader } from '#pool/query.ts';
import { DurableProgress } from '#replication/landing-zone/durable-progress.ts';
import { LandingReader } from '#replication/landing-zone/landing-reader.ts';
import { listSegments, readManifest, spaceOf } from '#replication/landing-zone/zone-folder.ts';
import { lagMs, noteLag } from '#replication/metrics.ts';
import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import type { Segment } from '#replication/segment.ts';
import { faultText, type FaultText } from '#base/fault-text.ts';
import type { PoolJob, PoolReport } from './channel.ts';
import type { ChildWork } from './child.ts';
import { RateMeter } from './rate-meter.ts';

const lookEveryMs = 1_000;
const reportAtMostEveryMs = 200;
/** Manifests read to know how much waits; of more than these the size is estimated. */
const mostManifests = 200;
/** Tables up to this size are counted, which takes a few milliseconds. */
const countedRows = 2_000_000;

const poolMetrics = {
  segments: counter('pool.segments', { unit: '{segment}', description: 'Segments applied' }),
  changes: counter('pool.changes', { unit: '{row}', description: 'Row changes applied' }),
  apply: histogram(
    'pool.apply.duration',
    { unit: 'ms', description: 'Time that applying one segment takes' },
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000],
  ),
};

/** Owns a pool: brings the landing zone's segments into it and answers queries, until the signal aborts. */
export async function runPoolJob(job: PoolJob, { signal, log, report }: ChildWork<PoolReport>): Promise<void> {
  await mkdir(dirname(job.file), { recursive: true, mode: 0o700 });
  await using pool = await DuckDbPool.open(job.file, { memoryLimitMb: job.memoryMb });
  await using _served = await serveQueries(pool);
  const writer = pool.writer();
  const state = new PoolState(job, new DurableProgress(await writer.progress()), report);
  measure(job.name, state);
  const ends = new AbortController();
  const watching = watch(job, pool, state, AbortSignal.any([signal, ends.signal]));
  try {
    await ingest({
      reader: new LandingReader({ folder: job.landing }),
      writer: timed(writer, job.name),
      signal,
      onApplied: (segment) => state.applied(segment),
      onRetry: (trouble, retryMs) => {
        log[retryLevel(trouble, retryMs)]({ err: trouble, retryMs }, 'pool waits');
        state.trouble = faultText(trouble);
        state.tell();
      },
    });
  } finally {
    ends.abort();
    await watching;
  }
}

function timed(writer: PoolWriter, pool: string): PoolWriter {
  return {
    progress: () => writer.progress(),
    apply: async (segment) => {
      const begun = performance.now();
      await writer.apply(segment);
      poolMetrics.apply.record(performance.now() - begun, { pool });
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

function measure(pool: string, state: PoolState): void {
  const attributes = { pool };
  gauge('pool.tables', { unit: '{table}', description: 'Tables of the pool by their state' }, () =>
    [...state.states].map(([kind, value]) => ({ value, attributes: { pool, kind } })),
  );
  gauge('landing.segments', { unit: '{segment}', description: 'Segments in the landing zone that are not applied yet' }, () => [
    { value: state.waitingSegments, attributes },
  ]);
  gauge('landing.bytes', { unit: 'By', description: 'Disk space of those segments' }, () => [{ value: state.waitingBytes, attributes }]);
}

/** Looks now and then at what changes without a segment being applied. */
async function watch(job: PoolJob, pool: DuckDbPool, state: PoolState, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // Numbers for people: where they cannot be had now the last ones stay.
    await look({ job, pool, state, signal }).catch(() => undefined);
    state.tell();
    await delay(lookEveryMs, signal).catch(() => undefined);
  }
}

interface Looking {
  readonly job: PoolJob;
  readonly pool: DuckDbPool;
  readonly state: PoolState;
  readonly signal: AbortSignal;
}

async function look({ job, pool, state, signal }: Looking): Promise<void> {
  const waiting = (await listSegments(job.landing)).filter((number) => number > state.number);
  const looked = waiting.slice(0, mostManifests);
  let bytes = 0;
  for (const number of looked) {
    const found = await readManifest(job.landing, number);
    if (found) bytes += spaceOf(found.manifest, found.size);
  }
  state.waitingSegments = waiting.length;
  state.waitingBytes = looked.length === 0 ? 0 : Math.round((bytes / looked.length) * waiting.length);
  if (state.rowsAt === state.number) return;
  state.rowsAt = state.number;
  state.rows = await countRows(pool, signal);
}

/** How many rows each table has, by the source's name of it; of large ones about how many, deleted ones among them. */
async function countRows(pool: DuckDbPool, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  await using reader = new EngineReader(() => pool.engine());
  const { rows } = await readAll(
    reader,
    `SELECT t.table_name, d.estimated_size, t.target_schema, t.target_name FROM isthmus.tables AS t
     JOIN duckdb_tables() AS d ON d.schema_name = t.target_schema AND d.table_name = t.target_name AND NOT d.internal`,
    signal,
  );
  const sizes = new Map(rows.map((row) => [String(row[0]), Number(row[1])]));
  const small = rows.filter((row) => Number(row[1]) <= countedRows);
  if (small.length === 0) return sizes;
  const counts = small.map(
    ([table, , schema, name]) =>
      `SELECT ${quoteLiteral(table!)}, (SELECT count(*) FROM ${quoteIdentifier(schema!)}.${quoteIdentifier(name!)})`,
  );
  for (const row of (await readAll(reader, counts.join(' UNION ALL '), signal)).rows) sizes.set(String(row[0]), Number(row[1]));
  return sizes;
}

/** What is told of the pool. */
class PoolState {
  rows: ReadonlyMap<string, number> = new Map();
  /** The segment after which rows were counted. */
  rowsAt: number | undefined;
  waitingSegments = 0;
  waitingBytes = 0;
  trouble: FaultText | undefined;
  readonly #job: PoolJob;
  readonly #progress: DurableProgress;
  readonly #report: (now: () => PoolReport) => void;
  readonly #changes = new Map<string, number>();
  readonly #rate = new RateMeter();
  #total = 0;
  #lagMs: number | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(job: PoolJob, progress: DurableProgress, report: (now: () => PoolReport) => void) {
    this.#job = job;
    this.#progress = progress;
    this.#report = report;
  }

  get number(): number {
    return this.#progress.number;
  }

  /** How many tables are in each state. */
  get states(): ReadonlyMap<string, number> {
    const states = new Map<string, number>();
    for (const { state } of this.#progress.get().tables.values()) states.set(state, (states.get(state) ?? 0) + 1);
    return states;
  }

  applied(segment: Segment): void {
    this.#progress.take(segment);
    this.trouble = undefined;
    const attributes = { pool: this.#job.name };
    poolMetrics.segments.add(1, attributes);
    if (segment.changes > 0) this.#count(segment);
    if (segment.last && segment.committedAt !== undefined) {
      this.#lagMs = lagMs(segment.committedAt, Date.now());
      noteLag(this.#lagMs, { link: this.#job.name });
    }
    if (segment.last && performance.now() - this.#toldAt >= reportAtMostEveryMs) this.tell();
  }

  tell(): void {
    this.#toldAt = performance.now();
    this.#report(() => this.#now());
  }

  #now(): PoolReport {
    const { tables } = this.#progress.get();
    return {
      number: this.#progress.number,
      tables: [...tables.values()].map(({ table, state, rowsCopied, fault }) => ({
        table,
        state,
        rows: this.rows.get(table) ?? rowsCopied,
        changes: this.#changes.get(table) ?? 0,
        fault,
      })),
      changes: this.#total,
      changesPerSecond: this.#rate.perSecond(performance.now()),
      lagMs: this.#lagMs,
      waitingSegments: this.waitingSegments,
      waitingBytes: this.waitingBytes,
      trouble: this.trouble,
    };
  }

  #count(segment: Segment): void {
    this.#total += segment.changes;
    this.#rate.add(segment.changes, performance.now());
    poolMetrics.changes.add(segment.changes, { pool: this.#job.name });
    for (const step of segment.steps) {
      if (step.kind !== 'rows') continue;
      const rows = Math.max(step.removes?.rows ?? 0, (step.inserts?.rows ?? 0) + (step.patches?.rows.rows ?? 0));
      this.#changes.set(step.table, (this.#changes.get(step.table) ?? 0) + rows);
    }
  }
}
