import type { Attributes } from '@opentelemetry/api';
import { counter, histogram, type Count, type Distribution } from '#base/metrics.ts';
import type { Draft } from './segment.ts';

interface LinkMetrics {
  readonly rows: Count;
  readonly bytes: Count;
  readonly transactions: Count;
  readonly lag: Distribution;
}

const lagBucketsMs = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 600_000];

/** The link's instruments. Nothing is kept until a program attaches an exporter. What is only known when asked for, the program reads: see `gauge`. */
const linkMetrics: LinkMetrics = {
  rows: counter('link.rows', { unit: '{row}', description: 'Rows copied and row changes read' }),
  bytes: counter('link.bytes', { unit: 'By', description: 'Bytes of values handed over' }),
  transactions: counter('link.transactions', {
    unit: '{transaction}',
    description: 'Transactions made durable, in the pool or in the landing zone',
  }),
  lag: histogram('link.lag', { unit: 'ms', description: 'From the commit at the source to the commit in the pool' }, lagBucketsMs),
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
export function countDurable(attributes: Attributes): void {
  linkMetrics.transactions.add(1, attributes);
}

/** Notes how late a transaction became visible in the pool. */
export function noteLag(ms: number, attributes: Attributes): void {
  linkMetrics.lag.record(ms, attributes);
}
