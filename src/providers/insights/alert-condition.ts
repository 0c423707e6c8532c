import type { Aggregation } from '#arm/metric.ts';
import { durationMs } from './duration.ts';
import { aggregated } from './metric-answers.ts';
import type { ShownMetric } from './metric-catalog.ts';
import type { DimensionFilter } from './metric-filter.ts';
import { grainFor } from './metric-query.ts';
import type { MetricAlertProperties, MetricCriterion, Operator } from './metric-alert-shape.ts';
import { type Bin, grains } from './series.ts';
import type { SeriesStore } from './series-store.ts';
import { splitSeries } from './split-series.ts';

/** What a rule found of one of its lines. */
export interface Finding {
  /** Same for the same scope and values of dimensions. */
  readonly key: string;
  readonly scope: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  /** `unknown`: too little was measured to say. */
  readonly is: 'met' | 'not-met' | 'unknown';
  /** Of each condition, in the rule's order; undefined: nothing was measured. */
  readonly values: readonly (number | undefined)[];
}

export interface ConditionScene {
  readonly series: SeriesStore;
  /** Metrics of the scope. */
  readonly metrics: readonly ShownMetric[];
  readonly nowMs: number;
}

interface Span {
  readonly fromMs: number;
  readonly nowMs: number;
  /** The program has measured all through it. */
  readonly isWhole: boolean;
}

type Judged = Pick<Finding, 'is' | 'dimensions'> & { readonly value: number | undefined };

/** How a rule stands with one of its scopes. A rule that is split by dimensions has a line for each of their values, else one. */
export function judge(scope: string, { criteria, windowSize }: MetricAlertProperties, scene: ConditionScene): readonly Finding[] {
  const windowMs = durationMs(windowSize) ?? 1_000;
  const fromMs = scene.nowMs - windowMs;
  const span = { fromMs, nowMs: scene.nowMs, isWhole: scene.series.beganMs <= fromMs };
  const judged = criteria.allOf.map((criterion) => judgeCriterion(scope, criterion, { scene, span }));
  const split = judged.filter((_, i) => criteria.allOf[i]!.dimensions.length > 0);
  const keys = split.length === 0 ? [''] : new Set(split.flatMap((lines) => [...lines.keys()]));
  return [...keys].map((key) => {
    const lines = judged.map((all, i) => (criteria.allOf[i]!.dimensions.length > 0 ? all.get(key) : all.get('')));
    return {
      key: `${scope.toLowerCase()} ${key}`,
      scope,
      dimensions: lines.find((line) => line !== undefined && line.dimensions.length > 0)?.dimensions ?? [],
      is: all(lines.map((line) => line?.is ?? 'unknown')),
      values: lines.map((line) => line?.value),
    };
  });
}

function all(parts: readonly Finding['is'][]): Finding['is'] {
  if (parts.includes('not-met')) return 'not-met';
  return parts.includes('unknown') ? 'unknown' : 'met';
}

/** By the values of its dimensions; without any there is one, of the key ''. */
function judgeCriterion(
  scope: string,
  criterion: MetricCriterion,
  { scene, span }: { readonly scene: ConditionScene; readonly span: Span },
): ReadonlyMap<string, Judged> {
  const metric = scene.metrics.find(({ definition }) => definition.name.toLowerCase() === criterion.metricName.toLowerCase());
  const found = new Map<string, Judged>();
  if (metric === undefined) return found;
  for (const line of splitSeries(scene.series, { scope, metric, filter: filterOf(criterion) })) {
    if (!isIncluded(line.values, criterion)) continue;
    const value = aggregated(bin(line, span), criterion.timeAggregation, metric.definition);
    const key = JSON.stringify(line.values.map(({ name, value: of }) => [name, of.toLowerCase()]));
    found.set(line.values.length === 0 ? '' : key, { is: compared(value, criterion, span), value, dimensions: line.values });
  }
  return found;
}

function bin(line: ReturnType<typeof splitSeries>[number], { fromMs, nowMs }: Span): Bin | undefined {
  const grain = grainFor(60_000, fromMs, nowMs) ?? grains.length - 1;
  const { stepMs } = grains[grain]!;
  // The interval that is not over yet is the last one of the window.
  const count = Math.max(1, Math.round((nowMs - fromMs) / stepMs));
  const first = (Math.floor(nowMs / stepMs) - count + 1) * stepMs;
  line.read({ grain, fromMs: first, stepMs, count });
  return line.whole();
}

function filterOf({ dimensions }: MetricCriterion): DimensionFilter | undefined {
  if (dimensions.length === 0) return undefined;
  return new Map(dimensions.map(({ name, operator, values }) => [name.toLowerCase(), operator === 'Include' ? values : ['*']]));
}

function isIncluded(values: readonly { readonly name: string; readonly value: string }[], { dimensions }: MetricCriterion): boolean {
  return dimensions.every(({ name, operator, values: listed }) => {
    const value = values.find((one) => one.name === name.toLowerCase())?.value.toLowerCase();
    return operator === 'Include' || !listed.some((one) => one.toLowerCase() === value);
  });
}

/**
 * A program that began within the window has not seen all of it. What more values cannot change is said all the same: a sum that is too large, a
 * greatest value that is too great.
 */
function compared(value: number | undefined, { operator, threshold, timeAggregation }: MetricCriterion, { isWhole }: Span): Finding['is'] {
  if (value === undefined) return 'unknown';
  const is = holds(operator, value, threshold) ? 'met' : 'not-met';
  return isWhole || isFinal(is, operator, timeAggregation) ? is : 'unknown';
}

function isFinal(is: 'met' | 'not-met', operator: Operator, by: Aggregation): boolean {
  if (by === 'Average') return true;
  if (operator === 'Equals') return false;
  const isAbove = operator === 'GreaterThan' || operator === 'GreaterThanOrEqual';
  // Least values only fall, all others only grow.
  return (by === 'Minimum') === isAbove ? is === 'not-met' : is === 'met';
}

function holds(operator: Operator, value: number, threshold: number): boolean {
  switch (operator) {
    case 'Equals':
      return value === threshold;
    case 'GreaterThan':
      return value > threshold;
    case 'GreaterThanOrEqual':
      return value >= threshold;
    case 'LessThan':
      return value < threshold;
    case 'LessThanOrEqual':
      return value <= threshold;
  }
}
