import { parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { Finding } from './alert-condition.ts';
import type { AlertMoment, AlertRecord, Delivery, RuleRecord } from './alert-record.ts';
import type { ActionGroupProperties } from './action-group.ts';
import { durationMs } from './duration.ts';
import type { MetricAlertProperties } from './metric-alert-shape.ts';
import { timeText } from './metric-query.ts';

/** With what a rule's record is moved. */
export interface AlertContext {
  readonly rule: Resource<MetricAlertProperties>;
  /** Of what the finding is about. */
  readonly targetType: string;
  /** Of the rule's actions, in their order; undefined: it is not there. */
  readonly groups: readonly (Resource<ActionGroupProperties> | undefined)[];
  readonly nowMs: number;
  /** A GUID that nobody can guess. */
  readonly newId: () => string;
}

/** A line's conditions are met: an alert, and a message to each receiver. Undefined: it is fired already. Pure. */
export function fired(finding: Finding, context: AlertContext): (record: RuleRecord) => RuleRecord | undefined {
  const { rule, targetType, nowMs, newId } = context;
  const { severity, description, windowSize, criteria, customProperties = {} } = rule.properties;
  return (record) => {
    if (record.lines[finding.key] !== undefined) return undefined;
    const alert: AlertRecord = {
      id: newId(),
      target: finding.scope,
      targetType,
      severity,
      description,
      state: 'Fired',
      firedAt: new Date(nowMs).toISOString(),
      resolvedAt: null,
      because: null,
      windowSize,
      criteria: criteria['odata.type'].slice(criteria['odata.type'].lastIndexOf('.') + 1),
      fired: momentOf(finding, context),
      resolved: null,
      properties: customProperties,
      deliveries: messages('Fired', context),
    };
    return { rule: rule.id, lines: { ...record.lines, [finding.key]: alert.id }, alerts: [...record.alerts, alert] };
  };
}

/** A line's conditions are met no more. A rule that does not mitigate leaves its alert as it is, and may fire anew. Pure. */
export function resolved(finding: Finding, context: AlertContext): (record: RuleRecord) => RuleRecord | undefined {
  const { rule, nowMs } = context;
  return (record) => {
    const id = record.lines[finding.key];
    if (id === undefined) return undefined;
    const lines = without(record.lines, finding.key);
    if (!rule.properties.autoMitigate) return { ...record, lines };
    const isGone = finding.values.every((value) => value === undefined);
    const change = (alert: AlertRecord): AlertRecord => ({
      ...alert,
      state: 'Resolved',
      resolvedAt: new Date(nowMs).toISOString(),
      because: isGone ? 'Nothing is measured of it any more.' : null,
      resolved: momentOf(finding, context),
      deliveries: [...alert.deliveries, ...messages('Resolved', context)],
    });
    return { ...record, lines, alerts: record.alerts.map((alert) => (alert.id === id ? change(alert) : alert)) };
  };
}

/** Nobody looks at these lines any more: their alerts are over, and nobody is told. Pure. */
export function ended(isEnded: (key: string) => boolean, because: string, nowMs: number): (record: RuleRecord) => RuleRecord | undefined {
  return (record) => {
    const over = new Set(Object.keys(record.lines).filter((key) => isEnded(key)));
    if (over.size === 0) return undefined;
    const ids = new Set([...over].map((key) => record.lines[key]));
    const resolvedAt = new Date(nowMs).toISOString();
    return {
      ...record,
      lines: Object.fromEntries(Object.entries(record.lines).filter(([key]) => !over.has(key))),
      alerts: record.alerts.map((alert) => (ids.has(alert.id) ? { ...alert, state: 'Resolved', resolvedAt, because } : alert)),
    };
  };
}

function without(lines: RuleRecord['lines'], key: string): RuleRecord['lines'] {
  return Object.fromEntries(Object.entries(lines).filter(([one]) => one !== key));
}

function momentOf({ values, dimensions }: Finding, { rule, targetType, nowMs }: AlertContext): AlertMoment {
  const { criteria, windowSize } = rule.properties;
  return {
    windowStart: timeText(nowMs - (durationMs(windowSize) ?? 0)),
    windowEnd: timeText(nowMs),
    conditions: criteria.allOf.map(({ name, metricName, operator, threshold, timeAggregation, dimensions: asked }, i) => ({
      name,
      metricName,
      metricNamespace: targetType,
      operator,
      threshold,
      timeAggregation,
      dimensions: asked.map((one) => ({
        name: one.name,
        value: dimensions.find((found) => found.name === one.name.toLowerCase())?.value ?? '',
      })),
      value: values[i] ?? null,
    })),
  };
}

/** One to each receiver; of what cannot be sent it is kept why. */
function messages(about: Delivery['about'], { rule, groups, nowMs, newId }: AlertContext): readonly Delivery[] {
  return rule.properties.actions.flatMap(({ actionGroupId, webHookProperties = {} }, i) => {
    const group = groups[i];
    const message = { about, group: group?.id ?? actionGroupId, attempts: 0, nextMs: nowMs, at: null, properties: webHookProperties };
    const dropped = (code: string, text: string): Delivery[] => [
      { ...message, id: newId(), receiver: '', kind: 'webhook', state: 'dropped', error: { code, message: text } },
    ];
    if (group === undefined) return dropped('ActionGroupGone', `The action group ${parseResourceId(actionGroupId).name} is not there.`);
    const { enabled, webhookReceivers, emailReceivers } = group.properties;
    if (!enabled) return dropped('ActionGroupDisabled', `The action group ${group.name} is not enabled.`);
    const to = (kind: Delivery['kind'], receiver: string): Delivery => ({
      ...message,
      id: newId(),
      receiver,
      kind,
      state: 'waiting',
      error: null,
    });
    return [...webhookReceivers.map(({ name }) => to('webhook', name)), ...emailReceivers.map(({ name }) => to('email', name))];
  });
}
