import type { MetricDefinition, MetricReading, MetricSource } from '#arm/metric.ts';
import { wantedOf } from '#replication/link-state.ts';
import { tableName } from '#replication/schema.ts';
import type { LinkReport } from '#runtime/job.ts';
import type { LinkHappening } from './link-record.ts';
import { budgetOf } from './link-shape.ts';
import { behindMs, heldOf, type LinkSeen } from './link-view.ts';
import type { PoolLinkReport, PoolTableReport } from './pool-host.ts';
import { linkConnectionType, workspaceType } from './type-names.ts';

const amount = { category: 'Integration', unit: 'Count', kind: 'amount', aggregations: ['Total'], dimensions: [] } as const;
const level = { ...amount, kind: 'level', aggregations: ['Maximum', 'Minimum', 'Average'] } as const;

/** Rule: https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-synapse-workspaces-metrics. Those without `Integration` are ours. */
const definitions: readonly MetricDefinition[] = [
  {
    ...level,
    name: 'IntegrationLinkProcessingLatencyInSeconds',
    displayName: 'Link latency in seconds',
    description: 'How late the pool is behind the source',
  },
  {
    ...amount,
    name: 'IntegrationLinkProcessedChangedRows',
    displayName: 'Link processed rows',
    description: 'Rows that were copied and changed in the pool',
  },
  {
    ...amount,
    name: 'IntegrationLinkProcessedDataVolume',
    displayName: 'Link processed data volume (bytes)',
    description: 'Bytes of the rows that were copied and changed in the pool',
    unit: 'Bytes',
  },
  {
    ...amount,
    name: 'IntegrationLinkConnectionEvents',
    displayName: 'Link connection events',
    description: 'Changes of state of the link, and its failures, by EventType',
    dimensions: ['EventType'],
  },
  {
    ...amount,
    name: 'IntegrationLinkTableEvents',
    displayName: 'Link table events',
    description: 'Changes of state of the tables of the link, and their removals, by EventType',
    dimensions: ['EventType'],
  },
  {
    ...level,
    name: 'LinkSourceLogHeldBytes',
    displayName: 'Source log held',
    description: 'Bytes of its log that the source keeps for the link',
    unit: 'Bytes',
  },
  {
    ...level,
    name: 'LinkSourceLogHeldPercent',
    displayName: 'Source log held, of the budget',
    description: 'How much of its log budget the link has used up; at 100 % it gives its place up',
    unit: 'Percent',
  },
  {
    ...level,
    name: 'LinkTablesSuspended',
    displayName: 'Tables suspended',
    description: 'Tables that wait: for the source, the pool, or the link, which gave its place up',
  },
  { ...level, name: 'LinkTablesFailed', displayName: 'Tables failed', description: 'Tables that wait for somebody to mend them' },
  {
    ...level,
    name: 'LinkSnapshotProgress',
    displayName: 'Snapshot progress',
    description: 'How much of the tables is copied, by rows as far as their number is known',
    unit: 'Percent',
  },
];

export interface LinkSeriesOptions {
  readonly links: {
    seenAll(): Promise<readonly LinkSeen[]>;
    /** Told what is new in a link's timeline. */
    onHappened(listener: (link: string, lines: readonly LinkHappening[]) => void): () => void;
  };
}

/** What was told of the source's log is taken for true so long: a little longer than a link that rests is not looked at. */
const freshMs = 200_000;

type EventMetric = 'IntegrationLinkConnectionEvents' | 'IntegrationLinkTableEvents';

/** Events of a link since they were read. */
class Events {
  readonly #counts = new Map<string, Map<string, number>>();

  add(link: string, type: string): void {
    const ofLink = this.#counts.get(link) ?? new Map<string, number>();
    ofLink.set(type, (ofLink.get(type) ?? 0) + 1);
    this.#counts.set(link, ofLink);
  }

  take(metric: EventMetric): readonly MetricReading[] {
    const readings: MetricReading[] = [];
    for (const [resource, ofLink] of this.#counts)
      for (const [type, value] of ofLink) readings.push({ resource, metric, value, dimensions: { EventType: type } });
    this.#counts.clear();
    return readings;
  }
}

const none: ReadonlyMap<string, PoolTableReport> = new Map();

interface Known {
  report: PoolLinkReport | undefined;
  tables: ReadonlyMap<string, PoolTableReport>;
}

/**
 * What is measured of link connections, which their workspaces show too, by `LinkConnectionName`. Azure's dimension `TableName` is left out: five
 * thousand tables of a link would be as many series; `querytablestatus` has what is so of each.
 */
export function linkSeries({ links }: LinkSeriesOptions): MetricSource {
  const known = new Map<string, Known>();
  const happened = new Events();
  const tableEvents = new Events();
  let beganMs: number | undefined;
  links.onHappened((link, lines) => {
    for (const { code, state, table } of lines) if (table === undefined) happened.add(link, code === null ? state : 'Failure');
  });
  return {
    types: [linkConnectionType],
    definitions,
    within: { types: [workspaceType], dimension: 'LinkConnectionName' },
    read: async (nowMs) => {
      beganMs ??= nowMs;
      const readings: MetricReading[] = [];
      const all = await links.seenAll();
      for (const seen of all) {
        const resource = seen.link.id;
        readings.push(...levels(seen));
        const report = seen.pool.report;
        if (report === undefined) continue;
        const before = known.get(resource);
        // Whatever a run has brought that began while it was looked at came since then.
        const isNew = Date.parse(seen.record.startedAt ?? '') >= beganMs;
        const tables = before?.report === report ? before.tables : tablesOf(report, isNew);
        const { rows, bytes } = grown(before?.tables ?? (isNew ? none : undefined), tables, (type) => tableEvents.add(resource, type));
        known.set(resource, { report, tables });
        readings.push(
          { resource, metric: 'IntegrationLinkProcessedChangedRows', value: rows },
          { resource, metric: 'IntegrationLinkProcessedDataVolume', value: bytes },
        );
      }
      const there = new Set(all.map(({ link }) => link.id));
      for (const id of known.keys()) if (!there.has(id)) known.delete(id);
      readings.push(...happened.take('IntegrationLinkConnectionEvents'), ...tableEvents.take('IntegrationLinkTableEvents'));
      return readings;
    },
  };
}

function tablesOf({ tables }: PoolLinkReport, isNew: boolean): Known['tables'] {
  return tables.length === 0 && isNew ? none : new Map(tables.map((table) => [table.table, table]));
}

/** What came since the report before. Of tables that were there before this program nobody knows when their rows came: they count from now on. */
function grown(
  before: Known['tables'] | undefined,
  now: Known['tables'],
  event: (type: string) => void,
): { readonly rows: number; readonly bytes: number } {
  let [rows, bytes] = [0, 0];
  if (before === undefined || before === now) return { rows, bytes };
  // The first report may come before the pool has looked.
  const isFirst = before.size === 0 && before !== none;
  for (const [name, { state, processedRows, processedBytes }] of now) {
    const last = before.get(name);
    if (last?.state !== state && !isFirst) event(state);
    if (last === undefined && isFirst) continue;
    // A table that was copied anew may count from nothing again.
    rows += processedRows - (last !== undefined && last.processedRows <= processedRows ? last.processedRows : 0);
    bytes += processedBytes - (last !== undefined && last.processedBytes <= processedBytes ? last.processedBytes : 0);
  }
  for (const name of before.keys()) if (!now.has(name)) event('Removed');
  return { rows, bytes };
}

function levels(seen: LinkSeen): readonly MetricReading[] {
  const { link, record } = seen;
  const wanted = wantedOf(record.state);
  if (record.run === null || (wanted !== 'run' && wanted !== 'rest')) return [];
  const held = heldOf(seen);
  // A worker tells it every few seconds; of a link that rests it is looked at every few minutes.
  const heldBytes = held === undefined || held.atMs < seen.nowMs - freshMs ? undefined : Number(held.heldBytes);
  const behind = behindMs(seen);
  const tables = standing(seen);
  const values: Readonly<Record<string, number | undefined>> = {
    IntegrationLinkProcessingLatencyInSeconds: behind === undefined ? undefined : behind / 1_000,
    LinkSourceLogHeldBytes: heldBytes,
    LinkSourceLogHeldPercent: heldBytes === undefined ? undefined : (100 * heldBytes) / budgetOf(link.properties).mostBytes,
    LinkTablesSuspended: tables.suspended,
    LinkTablesFailed: tables.failed,
    LinkSnapshotProgress: tables.progress,
  };
  return Object.entries(values).flatMap(([metric, value]) => (value === undefined ? [] : [{ resource: link.id, metric, value }]));
}

interface Standing {
  readonly suspended: number;
  readonly failed: number;
  /** Undefined: nothing is known of them. */
  readonly progress: number | undefined;
}

/** How the tables stand, by the rules of `querytablestatus`. */
function standing({ link, record, live, pool }: LinkSeen): Standing {
  const asked = link.properties.linkTables ?? [];
  const there = new Map((pool.report?.tables ?? []).map((one) => [one.table, one]));
  const read = new Map((live?.report?.tables ?? []).map((one) => [tableName(one.schema, one.name), one]));
  const allWait = record.suspended !== null || pool.standing === 'paused';
  let [suspended, failed, whole, done] = [0, 0, 0, 0];
  for (const { source } of asked) {
    const name = tableName(source.schemaName, source.tableName);
    const [inPool, worker] = [there.get(name), read.get(name)];
    const states = [inPool?.state, worker?.fault == null ? undefined : worker.state];
    if (states.includes('Failed')) failed += 1;
    else if (allWait || states.includes('Suspended')) suspended += 1;
    const rows = Math.max(1, worker?.estimatedRows ?? 0, worker?.rowsCopied ?? 0);
    whole += rows;
    done += copied(inPool, worker, rows);
  }
  const isKnown = whole > 0 && (there.size > 0 || read.size > 0);
  return { suspended, failed, progress: isKnown ? (100 * done) / whole : undefined };
}

/** Of so many rows. Only what the pool says is done is done. */
function copied(inPool: PoolTableReport | undefined, worker: LinkReport['tables'][number] | undefined, rows: number): number {
  if (inPool?.state === 'Replicating') return rows;
  if (worker === undefined || worker.state === 'Waiting' || rows <= 1) return 0;
  return Math.min(worker.rowsCopied, 0.99 * rows);
}
