import { createHash } from 'node:crypto';
import { parseResourceId } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { AlertMoment, AlertRecord, Delivery } from './alert-record.ts';

/** What a message is made of. */
export interface AlertNews {
  /** Id of the rule. */
  readonly rule: string;
  readonly alert: AlertRecord;
  readonly delivery: Pick<Delivery, 'id' | 'about' | 'properties'>;
}

/** Azure's common alert schema. Rule: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples */
export function commonAlertSchema({ rule, alert, delivery }: AlertNews): JsonObject {
  const { about } = delivery;
  const { name, subscription } = parseResourceId(rule);
  const { conditions, windowStart, windowEnd } = momentOf({ alert, delivery });
  return {
    schemaId: 'azureMonitorCommonAlertSchema',
    data: {
      essentials: {
        alertId: `/subscriptions/${subscription ?? ''}/providers/Microsoft.AlertsManagement/alerts/${alert.id}`,
        alertRule: name,
        alertRuleID: rule,
        severity: `Sev${alert.severity}`,
        signalType: 'Metric',
        monitorCondition: about,
        monitoringService: 'Platform',
        alertTargetIDs: [alert.target],
        configurationItems: [parseResourceId(alert.target).name],
        originAlertId: originId(rule, alert),
        firedDateTime: alert.firedAt,
        ...(about === 'Resolved' && alert.resolvedAt !== null ? { resolvedDateTime: alert.resolvedAt } : {}),
        description: alert.description,
        essentialsVersion: '1.0',
        alertContextVersion: '1.0',
      },
      alertContext: {
        properties: Object.keys(delivery.properties).length === 0 ? null : delivery.properties,
        conditionType: alert.criteria,
        condition: {
          windowSize: alert.windowSize,
          allOf: conditions.map(({ metricName, metricNamespace, operator, threshold, timeAggregation, dimensions, value }): Json => ({
            metricName,
            metricNamespace,
            operator,
            threshold: String(threshold),
            timeAggregation,
            dimensions: dimensions as unknown as Json,
            ...(value === null ? {} : { metricValue: value }),
          })),
          windowStartTime: windowStart,
          windowEndTime: windowEnd,
        },
      },
      customProperties: alert.properties,
    },
  };
}

function momentOf({ alert, delivery }: Pick<AlertNews, 'alert' | 'delivery'>): AlertMoment {
  return delivery.about === 'Resolved' ? (alert.resolved ?? alert.fired) : alert.fired;
}

/** The same for all alerts of a rule's line. */
export function originId(rule: string, { target, fired }: Pick<AlertRecord, 'target' | 'fired'>): string {
  const { subscription = '', group = '', name } = parseResourceId(rule);
  const line = JSON.stringify([target.toLowerCase(), fired.conditions.map(({ dimensions }) => dimensions)]);
  const digest = createHash('sha256').update(line).digest('hex').slice(0, 12);
  return `${subscription}_${group}_Microsoft.Insights_metricAlerts_${name}_${digest}`;
}

/** One line, for a subject. */
export function subjectOf({ rule, alert, delivery }: AlertNews): string {
  const { name } = parseResourceId(rule);
  return `[Isthmus] ${delivery.about} Sev${alert.severity}: ${name} on ${parseResourceId(alert.target).name}`;
}

/** Plain text, for people. */
export function textOf({ rule, alert, delivery }: AlertNews): string {
  const lines = momentOf({ alert, delivery }).conditions.map(({ metricName, timeAggregation, operator, threshold, value, dimensions }) => {
    const by = dimensions.map((one) => ` ${one.name}=${one.value}`).join('');
    return `  ${timeAggregation} ${metricName}${by}: ${value ?? 'nothing measured'} (${operator} ${threshold}, over ${alert.windowSize})`;
  });
  return [
    `${delivery.about}: ${parseResourceId(rule).name}, severity ${alert.severity}`,
    ...(alert.description === '' ? [] : ['', alert.description]),
    '',
    `About:    ${alert.target}`,
    `Fired:    ${alert.firedAt}`,
    ...(alert.resolvedAt === null ? [] : [`Resolved: ${alert.resolvedAt}`]),
    '',
    delivery.about === 'Fired' ? 'Its conditions when it fired:' : 'Its conditions when it was resolved:',
    ...lines,
    '',
    `Rule:     ${rule}`,
    `Alert:    ${alert.id}`,
    '',
  ].join('\n');
}
