import { metrics, type Attributes, type Counter, type Gauge, type Histogram } from '@opentelemetry/api';
import type { Draft } from './segment.ts';

const meter = metrics.getMeter('isthmus.replication');

/** The link's instruments. Nothing is kept until a program attaches an exporter. */
export const linkMetrics: Readonly<Record<'rows' | 'bytes' | 'segments', Counter> & Record<'lag' | 'heldLog', Gauge> & { applied: Histogram }> = {
  lag: meter.createGauge('link.lag', { unit: 'ms', description: 'From the commit at the source to the commit in the pool, of the last transaction applied' }),
  rows: meter.createCounter('link.rows', { unit: '{row}', description: 'Rows copied and row changes applied' }),
  bytes: meter.createCounter('link.bytes', { unit: 'By', description: 'Bytes of values handed over' }),
  segments: meter.createCounter('link.segments', { unit: '{segment}', description: 'Transactions made durable in the pool or the landing zone' }),
  heldLog: meter.createGauge('link.source.held_log', { unit: 'By', description: 'Log that the source keeps because of the link' }),
  applied: meter.createHistogram('link.transaction.duration', { unit: 'ms', description: 'Time from the first part put to the transaction durable' }),
};

/** Milliseconds between a commit at the source and now; never negative, whatever the two clocks say. */
export function lagMs(committedAtUs: bigint, nowMs: number): number {
  return Math.max(0, nowMs - Number(committedAtUs / 1000n));
}

/** Rows in a draft: rows copied, or changes of the source. */
export function draftRows(draft: Draft): number {
  if (draft.changes > 0) return draft.changes;
  return draft.steps.reduce((sum, step) => sum + (step.kind === 'rows' ? (step.inserts?.rows ?? 0) : 0), 0);
}

/** Counts a part that is on its way. */
export function countPut(draft: Draft, attributes: Attributes): void {
  const rows = draftRows(draft);
  if (rows > 0) linkMetrics.rows.add(rows, attributes);
  if (draft.bytes > 0) linkMetrics.bytes.add(draft.bytes, attributes);
}

/** Counts a transaction that is durable. */
export function countDurable(draft: Draft, attributes: Attributes): void {
  linkMetrics.segments.add(1, attributes);
  if (draft.committedAt !== undefined) linkMetrics.lag.record(lagMs(draft.committedAt, Date.now()), attributes);
}
