import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';

/** One message to one receiver. Delivered at least once: its id is the same each time. */
export interface Delivery {
  /** A GUID. */
  readonly id: string;
  readonly about: 'Fired' | 'Resolved';
  /** Id of the action group. */
  readonly group: string;
  readonly receiver: string;
  readonly kind: 'webhook' | 'email';
  /** `dropped`: it will not be tried, for the reason in `error`. */
  readonly state: 'waiting' | 'delivered' | 'failed' | 'dropped';
  readonly attempts: number;
  /** When it is tried next, milliseconds since 1970. */
  readonly nextMs: number;
  /** When it was tried last, ISO 8601. */
  readonly at: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** What its action adds to the message. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface AlertCondition {
  readonly name: string;
  readonly metricName: string;
  readonly metricNamespace: string;
  readonly operator: string;
  readonly threshold: number;
  readonly timeAggregation: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  /** Null: nothing was measured. */
  readonly value: number | null;
}

/** What was so when it fired, or was resolved. */
export interface AlertMoment {
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly conditions: readonly AlertCondition[];
}

/** An alert: that a rule's conditions were met, and whether they are still. */
export interface AlertRecord {
  /** A GUID. */
  readonly id: string;
  /** Id of what it is about. */
  readonly target: string;
  readonly targetType: string;
  readonly severity: number;
  readonly description: string;
  readonly state: 'Fired' | 'Resolved';
  readonly firedAt: string;
  readonly resolvedAt: string | null;
  /** Why it was resolved where that is not because its conditions are met no more. */
  readonly because: string | null;
  readonly windowSize: string;
  /** The kind of the rule's criteria: `SingleResourceMultipleMetricCriteria`. */
  readonly criteria: string;
  readonly fired: AlertMoment;
  /** Null: not yet, or not by the rule. */
  readonly resolved: AlertMoment | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly deliveries: readonly Delivery[];
}

/** What is kept of a rule: which of its lines are fired, by their keys, and the alerts that it had. */
export interface RuleRecord {
  /** The rule's id. */
  readonly rule: string;
  readonly lines: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly alerts: readonly AlertRecord[];
}

const text = z.string();
const texts = z.record(text, text);
const dimension = z.object({ name: text, value: text });
const condition = z.object({
  name: text,
  metricName: text,
  metricNamespace: text,
  operator: text,
  threshold: z.number(),
  timeAggregation: text,
  dimensions: z.array(dimension),
  value: z.number().nullable(),
});
const delivery = z.object({
  id: text,
  about: z.enum(['Fired', 'Resolved']),
  group: text,
  receiver: text,
  kind: z.enum(['webhook', 'email']),
  state: z.enum(['waiting', 'delivered', 'failed', 'dropped']),
  attempts: z.int(),
  nextMs: z.number(),
  at: text.nullable(),
  error: z.object({ code: text, message: text }).nullable(),
  properties: texts,
});
const moment = z.object({ windowStart: text, windowEnd: text, conditions: z.array(condition) });
const alert = z.object({
  id: text,
  target: text,
  targetType: text,
  severity: z.int(),
  description: text,
  state: z.enum(['Fired', 'Resolved']),
  firedAt: text,
  resolvedAt: text.nullable(),
  because: text.nullable(),
  windowSize: text,
  criteria: text,
  fired: moment,
  resolved: moment.nullable(),
  properties: texts,
  deliveries: z.array(delivery),
});
const shape: z.ZodType<RuleRecord> = z.object({ rule: text, lines: texts, alerts: z.array(alert) });

/** Fault: `AlertRecordBroken` (corrupt). */
export function parseRuleRecord(value: JsonObject, rule: string): RuleRecord {
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  throw fault('corrupt', 'AlertRecordBroken', 'What is kept of the alerts of a rule cannot be read.', {
    target: rule,
    remedy: 'Put the store back from a backup.',
    cause: read.error,
  });
}

const keptMs = 30 * 86_400_000;
const mostAlerts = 200;

/** Without what is too old, or too much. What is fired, or has something to deliver, stays. */
export function pruned(record: RuleRecord, nowMs: number): RuleRecord {
  const isOpen = ({ state, deliveries }: AlertRecord): boolean => state === 'Fired' || deliveries.some((one) => one.state === 'waiting');
  const recent = record.alerts.filter((one) => isOpen(one) || Date.parse(one.resolvedAt ?? one.firedAt) > nowMs - keptMs);
  const tooMany = recent.length - mostAlerts;
  let left = tooMany;
  return { ...record, alerts: recent.filter((one) => isOpen(one) || (left -= 1) < 0) };
}
