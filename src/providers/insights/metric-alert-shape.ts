import { z } from 'zod';
import type { Aggregation } from '#arm/metric.ts';
import { durationMs } from './duration.ts';

export const metricAlertType = 'Microsoft.Insights/metricAlerts';

export type Operator = 'Equals' | 'GreaterThan' | 'GreaterThanOrEqual' | 'LessThan' | 'LessThanOrEqual';

export interface MetricCriterion {
  readonly name: string;
  readonly metricName: string;
  readonly metricNamespace?: string | undefined;
  readonly operator: Operator;
  readonly threshold: number;
  readonly timeAggregation: Aggregation;
  readonly dimensions: readonly DimensionCondition[];
  readonly criterionType: 'StaticThresholdCriterion';
  readonly skipMetricValidation?: boolean | undefined;
}

export interface DimensionCondition {
  readonly name: string;
  readonly operator: 'Include' | 'Exclude';
  /** `*`: any, each by itself. */
  readonly values: readonly string[];
}

export interface MetricAlertProperties {
  readonly description: string;
  readonly severity: number;
  readonly enabled: boolean;
  readonly scopes: readonly string[];
  readonly evaluationFrequency: string;
  readonly windowSize: string;
  readonly criteria: { readonly 'odata.type': string; readonly allOf: readonly MetricCriterion[] };
  readonly autoMitigate: boolean;
  readonly actions: readonly {
    readonly actionGroupId: string;
    readonly webHookProperties?: Readonly<Record<string, string>> | undefined;
  }[];
  readonly customProperties?: Readonly<Record<string, string>> | undefined;
}

const text = (most: number) => z.string().max(most);
const noControl = z.string().regex(/^[^\p{Cc}]{1,260}$/u, 'must be a text of 1 to 260 characters, without control characters');
const id = z.string().regex(/^\/[^\s?#]{1,1000}$/, 'must be the id of a resource');
const more = z.record(text(100), text(1_000)).refine((all) => Object.keys(all).length <= 20, 'has more than 20 members');

const duration = (least: string, most: string) =>
  z.string().refine((given) => {
    const ms = durationMs(given);
    return ms !== undefined && ms >= durationMs(least)! && ms <= durationMs(most)!;
  }, `must be a duration from ${least} to ${most}`);

const criterion = z.object({
  name: noControl,
  metricName: noControl,
  metricNamespace: text(260).optional(),
  operator: z.enum(['Equals', 'GreaterThan', 'GreaterThanOrEqual', 'LessThan', 'LessThanOrEqual']),
  threshold: z.number(),
  timeAggregation: z.enum(['Average', 'Count', 'Minimum', 'Maximum', 'Total']),
  dimensions: z
    .array(
      z.object({ name: noControl, operator: z.enum(['Include', 'Exclude']).default('Include'), values: z.array(text(260)).min(1).max(50) }),
    )
    .max(5)
    .default([]),
  criterionType: z.literal('StaticThresholdCriterion', 'must be StaticThresholdCriterion').default('StaticThresholdCriterion'),
  skipMetricValidation: z.boolean().optional(),
});

const kinds = [
  'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria',
  'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria',
];

/**
 * Rule: https://learn.microsoft.com/rest/api/monitor/metric-alerts/create-or-update. Beyond Azure: from one second on. Not served: dynamic thresholds,
 * PromQL and web tests.
 */
export const metricAlertProperties: z.ZodType<MetricAlertProperties> = z
  .object({
    description: text(1_000).default(''),
    severity: z.int().min(0).max(4).default(3),
    enabled: z.boolean().default(true),
    scopes: z.array(id).min(1).max(50),
    evaluationFrequency: duration('PT1S', 'PT1H').default('PT1M'),
    windowSize: duration('PT1S', 'P1D').default('PT5M'),
    targetResourceType: text(260).optional(),
    targetResourceRegion: text(100).optional(),
    criteria: z.object({ 'odata.type': z.enum(kinds as [string, string]), allOf: z.array(criterion).min(1).max(5) }),
    autoMitigate: z.boolean().default(true),
    actions: z
      .array(z.object({ actionGroupId: id, webHookProperties: more.optional() }))
      .max(5)
      .default([]),
    customProperties: more.optional(),
  })
  .refine((given) => durationMs(given.windowSize)! >= durationMs(given.evaluationFrequency)!, {
    message: 'must not be shorter than evaluationFrequency',
    path: ['windowSize'],
  })
  .refine((given) => given.scopes.length === 1 || given.criteria['odata.type'] === kinds[1], {
    message: 'must be one; several go with MultipleResourceMultipleMetricCriteria',
    path: ['scopes'],
  }) as unknown as z.ZodType<MetricAlertProperties>;
