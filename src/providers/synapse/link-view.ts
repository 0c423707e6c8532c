import { fault } from '#base/fault.ts';
import { faultText, type FaultText } from '#base/fault-text.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import { wantedOf } from '#replication/link-state.ts';
import { tableName } from '#replication/schema.ts';
import type { LinkReport, LinkTableReport } from '#runtime/job.ts';
import type { LinkRecord } from './link-record.ts';
import { budgetOf, type LinkProperties } from './link-shape.ts';
import type { LinkTableAsked } from './link-table-shape.ts';
import { nameOf } from './link-tables.ts';
import { poolIdOf } from './link-target.ts';
import type { PoolLinkReport, PoolTableReport } from './pool-host.ts';

/** What is known of a link only while this process runs. */
export interface LinkLive {
  /** Of the worker that runs, or ran last. */
  readonly report: LinkReport | undefined;
  readonly isolated: boolean | undefined;
  readonly pid: number | undefined;
  /** Interval mode: when the next batch begins, milliseconds since 1970. */
  readonly nextBatchMs: number | undefined;
  /** When the worker was last heard of, milliseconds since 1970. */
  readonly heardMs: number | undefined;
  /** What the source keeps of its log for a link that rests, as it was looked at last: bytes, and milliseconds since 1970. */
  readonly looked: { readonly heldBytes: string | undefined; readonly atMs: number } | undefined;
}

/** All that is known of a link at a moment. */
export interface LinkSeen {
  readonly link: Resource<LinkProperties>;
  readonly record: LinkRecord;
  readonly live: LinkLive | undefined;
  readonly pool: SeenPool;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

export interface SeenPool {
  readonly standing: 'running' | 'paused' | 'gone' | 'unknown';
  /** Why it could not be had, or why it waits. */
  readonly trouble: FaultText | undefined;
  readonly report: PoolLinkReport | undefined;
}

/** Rule: https://learn.microsoft.com/rest/api/synapse/data-plane/link-connection/get-detailed-status. `isthmus` is ours. */
export function detailedStatus(seen: LinkSeen): JsonObject {
  const { link, record, live, pool } = seen;
  const error = errorOf(seen);
  const stateOf = tableStates(seen);
  const tables = (link.properties.linkTables ?? []).map((table) => stateOf(table));
  const report = live?.report;
  return defined({
    id: link.id,
    name: link.name,
    status: record.state,
    isApplyingChanges: wantedOf(record.state) === 'run' && pool.report?.applying === true,
    isPartiallyFailed: tables.some(({ state }) => state === 'Failed' || state === 'Suspended'),
    startTime: record.startedAt ?? undefined,
    stopTime: record.stoppedAt ?? undefined,
    continuousRunId: record.run?.id,
    error: error && shownFault(error),
    refreshStatus: { refreshStatus: 'Succeeded' },
    lagSeconds: lagSecondsOf(seen),
    isthmus: defined({
      isolated: live?.isolated,
      run: record.run === null ? undefined : { number: record.run.number, slot: record.run.slot },
      lag: lagOf(seen),
      pid: live?.pid,
      log: logOf(seen),
      waiting: pool.report === undefined ? undefined : { segments: pool.report.waitingSegments, bytes: pool.report.waitingBytes },
      changesPerSecond: pool.report?.changesPerSecond,
      tables: countsOf(tables),
      position: report?.position ?? undefined,
      lastHeard: timeText(live?.heardMs),
      nextBatch: timeText(live?.nextBatchMs),
      trouble: record.fault === null ? undefined : shownFault(record.fault),
      owed: record.owed,
      findings: (report?.findings ?? []) as unknown as Json,
      events: record.happenings as unknown as Json,
    }),
  });
}

/** Why it is not as it should be: what stands in the way first. */
function errorOf({ link, record, pool }: LinkSeen): FaultText | undefined {
  if (record.fault !== null && wantedOf(record.state) === 'release') return orAbandon(record.fault, link.id);
  if (record.suspended !== null) return record.suspended.fault;
  if (record.fault !== null) return record.fault;
  if (wantedOf(record.state) !== 'run') return undefined;
  if (pool.standing === 'paused') return faultText(poolPaused(poolIdOf(link)));
  return pool.trouble ?? pool.report?.trouble;
}

/** Whoever waits for a source that does not come back learns the way out. */
function orAbandon(trouble: FaultText, id: string): FaultText {
  const way = `If the source is gone for good: POST ${id}/abandon.`;
  return { ...trouble, remedy: trouble.remedy === undefined ? way : `${trouble.remedy} ${way}` };
}

function poolPaused(id: string) {
  return fault('conflict', 'SqlPoolPaused', 'The SQL pool is paused: what is read waits in the landing zone.', {
    target: id,
    remedy: `POST ${id}/resume`,
  });
}

/** How late the pool is, in milliseconds; undefined: nothing is known. */
export function behindMs({ record, live, pool, nowMs }: LinkSeen): number | undefined {
  const wanted = wantedOf(record.state);
  if (record.run === null || (wanted !== 'run' && wanted !== 'rest')) return undefined;
  const { report } = pool;
  const current = record.state === 'Running' && pool.standing === 'running' && report !== undefined && report.waitingSegments === 0;
  if (current && live?.nextBatchMs === undefined) return report.lagMs;
  // Nobody knows what the source has since then.
  const sinceMs = report?.committedAtUs === undefined ? undefined : Number(report.committedAtUs / 1000n);
  return sinceMs === undefined ? report?.lagMs : Math.max(0, nowMs - sinceMs);
}

function lagSecondsOf(seen: LinkSeen): number | undefined {
  const ms = behindMs(seen);
  return ms === undefined ? undefined : Math.round(ms) / 1_000;
}

function lagOf(seen: LinkSeen): Json | undefined {
  const { report } = seen.pool;
  const at = report?.committedAtUs === undefined ? undefined : timeText(Number(report.committedAtUs / 1000n));
  return defined({ seconds: lagSecondsOf(seen), lastTransactionCommitTime: at });
}

/** What the source keeps of its log for the link, as it was told last, and when. */
export function heldOf({ live }: Pick<LinkSeen, 'live'>): { readonly heldBytes: string; readonly atMs: number } | undefined {
  const { report, heardMs, looked } = live ?? {};
  const heldBytes = report?.heldBytes ?? undefined;
  const told = heldBytes === undefined || heardMs === undefined ? undefined : { heldBytes, atMs: heardMs };
  if (looked?.heldBytes === undefined || (told !== undefined && told.atMs > looked.atMs)) return told;
  return { heldBytes: looked.heldBytes, atMs: looked.atMs };
}

function logOf(seen: LinkSeen): Json {
  const { link, live } = seen;
  const { headroomBytes } = live?.report ?? {};
  const heldBytes = heldOf(seen)?.heldBytes;
  const { warnBytes, mostBytes, whenExceeded } = budgetOf(link.properties);
  return defined({
    heldBytes,
    headroomBytes: headroomBytes ?? undefined,
    warnBytes: String(warnBytes),
    mostBytes: String(mostBytes),
    whenExceeded,
  });
}

/** `GET …/linktables`. */
export function linkTables({ linkTables: tables = [] }: LinkProperties): JsonObject {
  const value = tables.map(({ id, source, target }) => ({ id, name: nameOf(source), source, target }));
  return { value: value as unknown as Json };
}

interface SeenTable {
  readonly state: string;
  readonly fault: Pick<FaultText, 'code' | 'message' | 'remedy'> | undefined;
  readonly pool: PoolTableReport | undefined;
  readonly worker: LinkTableReport | undefined;
}

/** What the pool has is what is so; what stands in a table's way may be known to its worker only. Thousands of tables are looked up by name. */
export function tableStates({ link, record, live, pool }: LinkSeen): (table: LinkTableAsked) => SeenTable {
  const inPool = new Map((pool.report?.tables ?? []).map((one) => [one.table, one]));
  const ofWorker = new Map((live?.report?.tables ?? []).map((one) => [tableName(one.schema, one.name), one]));
  const wanted = wantedOf(record.state);
  const rests = record.run === null || wanted === 'nothing' || wanted === 'release';
  const paused = pool.standing === 'paused' ? faultText(poolPaused(poolIdOf(link))) : undefined;
  return ({ source }) => {
    const [there, read] = [inPool.get(nameOf(source)), ofWorker.get(nameOf(source))];
    const found = { pool: there, worker: read };
    if (rests) return { ...found, state: 'Waiting', fault: undefined };
    if (there?.fault !== undefined) return { ...found, state: there.state === 'Suspended' ? 'Suspended' : 'Failed', fault: there.fault };
    if (read?.fault !== undefined && read.fault !== null)
      return { ...found, state: read.state === 'Failed' ? 'Failed' : 'Suspended', fault: read.fault };
    if (paused !== undefined) return { ...found, state: 'Suspended', fault: paused };
    if (there !== undefined) return { ...found, state: there.state, fault: undefined };
    return { ...found, state: read?.state === 'Replicating' ? 'Snapshotting' : (read?.state ?? 'Waiting'), fault: undefined };
  };
}

/** How many tables are in which state, and how far their copying is: by rows, of the tables whose number of rows is known. */
function countsOf(tables: readonly SeenTable[]): JsonObject {
  const states: Record<string, number> = {};
  let [rowsCopied, estimatedRows] = [0, 0];
  for (const { state, worker } of tables) {
    states[state] = (states[state] ?? 0) + 1;
    const estimated = worker?.estimatedRows ?? undefined;
    if (worker === undefined || estimated === undefined) continue;
    const isWhole = state === 'Replicating';
    // An estimate is one: what is copied whole is as much as it is.
    const whole = isWhole ? Math.max(estimated, worker.rowsCopied) : Math.max(estimated, worker.rowsCopied + 1);
    estimatedRows += whole;
    rowsCopied += isWhole ? whole : worker.rowsCopied;
  }
  return { count: tables.length, states, rowsCopied, estimatedRows };
}

export interface StatusQuery {
  readonly maxSegmentCount: number;
  /** How many tables were answered before. */
  readonly after: number;
}

/** `POST …/querytablestatus`. Rule: https://learn.microsoft.com/rest/api/synapse/data-plane/link-connection/query-table-status */
export function tableStatus(seen: LinkSeen, { maxSegmentCount, after }: StatusQuery): JsonObject {
  const { link, record } = seen;
  const tables = link.properties.linkTables ?? [];
  const stateOf = tableStates(seen);
  const value = tables.slice(after, after + maxSegmentCount).map((table) => {
    const { state, fault: trouble, pool, worker } = stateOf(table);
    return defined({
      id: table.id,
      linkTableId: table.id,
      status: state,
      errorCode: trouble?.code,
      errorMessage: trouble && [trouble.message, trouble.remedy].filter((one) => one !== undefined).join(' '),
      startTime: record.startedAt ?? undefined,
      stopTime: record.stoppedAt ?? undefined,
      lastProcessedData: timeText(pool?.lastProcessedMs),
      lastTransactionCommitTime: timeText(pool?.lastCommitMs),
      processedRows: pool?.processedRows ?? 0,
      processedDataVolume: pool?.processedBytes ?? 0,
      remedy: trouble?.remedy,
      isthmus: defined({
        source: { ...table.source },
        target: { schemaName: pool?.target?.schema ?? table.target.schemaName, tableName: pool?.target?.name ?? table.target.tableName },
        rows: pool?.rows,
        rowsCopied: worker?.rowsCopied,
        estimatedRows: worker?.estimatedRows ?? undefined,
      }),
    });
  });
  const next = after + maxSegmentCount;
  return { value, ...(next < tables.length ? { continuationToken: String(next) } : {}) };
}

function shownFault({ code, message, target, remedy }: FaultText): JsonObject {
  return defined({ code, message: remedy === undefined ? message : `${message} ${remedy}`, target, remedy });
}

function timeText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function defined(given: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as JsonObject;
}
