import { fault, type Fault } from '#base/fault.ts';
import type { Aggregation } from '#arm/metric.ts';
import { durationMs, durationText } from './duration.ts';
import { type DimensionFilter, parseDimensionFilter } from './metric-filter.ts';
import { grains } from './series.ts';

/** What is asked of metrics, as the query of the address says it. */
export interface MetricQuery {
  /** As it is answered: `start/end`. */
  readonly timespan: string;
  /** `PT1M`, or `FULL`. */
  readonly interval: string;
  /** Which of `grains` is read. */
  readonly grain: number;
  /** Milliseconds since 1970, of the first interval, and how long and how many they are. */
  readonly fromMs: number;
  readonly stepMs: number;
  readonly count: number;
  /** Undefined: all there are. */
  readonly names: readonly string[] | undefined;
  /** Undefined: the usual one of each metric. */
  readonly aggregations: readonly Aggregation[] | undefined;
  readonly filter: DimensionFilter | undefined;
  /** Dimensions in lower case that are filtered by and not shown. */
  readonly rollUp: readonly string[];
  readonly top: number;
  readonly order: { readonly by: Aggregation; readonly descending: boolean } | undefined;
  readonly onlyMetadata: boolean;
  /** Dimensions of the filter that a metric does not have are not refused. */
  readonly lenient: boolean;
}

const usualSpanMs = 3_600_000;
const usualStepMs = 60_000;
const mostPoints = 11_000;
const mostNames = 20;
const mostTop = 1_000;
const usualTop = 10;
/** What may be asked for where something has to be chosen. */
const steps = ['PT1S', 'PT10S', 'PT1M', 'PT5M', 'PT15M', 'PT30M', 'PT1H', 'PT6H', 'PT12H', 'P1D'].map((text) => durationMs(text)!);

/** Rule: https://learn.microsoft.com/rest/api/monitor/metrics/list. Faults (invalid) name the parameter. `query`: names in lower case. */
export function parseMetricQuery(query: ReadonlyMap<string, string>, nowMs: number): MetricQuery {
  const span = spanOf(query.get('timespan'), nowMs);
  const filter = parseDimensionFilter(query.get('$filter'));
  const { stepMs, interval } = stepOf(query, span, nowMs);
  const whole = interval === 'FULL';
  const fine = grainFor(whole ? usualStepMs : stepMs, span.fromMs, nowMs);
  const grain = fine ?? grains.length - 1;
  const unit = whole ? grains[grain]!.stepMs : stepMs;
  const fromMs = Math.floor(span.fromMs / unit) * unit;
  const untilMs = Math.max(Math.min(span.toMs, nowMs + 1), fromMs);
  const count = Math.ceil((untilMs - fromMs) / unit);
  return {
    timespan: `${timeText(span.fromMs)}/${timeText(span.toMs)}`,
    interval,
    grain,
    fromMs,
    stepMs: whole ? Math.max(1, count) * unit : stepMs,
    count: whole ? Math.min(1, count) : count,
    names: namesOf(query.get('metricnames')),
    aggregations: aggregationsOf(query.get('aggregation')),
    filter,
    rollUp: listed(query.get('rollupby')).map((one) => one.toLowerCase()),
    top: topOf(query.get('top'), filter),
    order: orderOf(query.get('orderby')),
    onlyMetadata: query.get('resulttype')?.toLowerCase() === 'metadata',
    lenient: query.get('validatedimensions')?.toLowerCase() === 'false',
  };
}

/** The finest grain that is kept back to then and of which the step is a multiple; undefined: there is none. */
export function grainFor(stepMs: number, fromMs: number, nowMs: number): number | undefined {
  const last = grains.length - 1;
  const found = grains.findIndex((grain, i) => stepMs % grain.stepMs === 0 && (fromMs >= nowMs - grain.keptMs || i === last));
  return found < 0 ? undefined : found;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

function spanOf(text: string | undefined, nowMs: number): Span {
  if (text === undefined || text === '') return { fromMs: nowMs - usualSpanMs, toMs: nowMs };
  const [first = '', second, ...more] = text.split('/');
  const [firstMs, secondMs] = [durationMs(first), durationMs(second ?? '')];
  if (more.length > 0) throw badSpan(text);
  if (second === undefined && firstMs !== undefined) return { fromMs: nowMs - firstMs, toMs: nowMs };
  const fromMs = firstMs === undefined ? timeOf(first) : undefined;
  const toMs = secondMs === undefined ? timeOf(second ?? '') : fromMs === undefined ? undefined : fromMs + secondMs;
  if (toMs === undefined) throw badSpan(text);
  const span = { fromMs: fromMs ?? toMs - (firstMs ?? 0), toMs };
  if (span.fromMs >= span.toMs || (fromMs === undefined && firstMs === undefined)) throw badSpan(text);
  return span;
}

function timeOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:T[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?$/i.test(text)) return undefined;
  const ms = Date.parse(/T.*(?:Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes('T') ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function badSpan(text: string): Fault {
  return fault('invalid', 'InvalidTimespan', `'${text.slice(0, 100)}' is not a timespan: it has no beginning before its end.`, {
    target: 'timespan',
    remedy: 'Write it like 2026-01-31T10:00:00Z/2026-01-31T11:00:00Z, or PT1H for the last hour.',
  });
}

function stepOf(query: ReadonlyMap<string, string>, { fromMs, toMs }: Span, nowMs: number): { stepMs: number; interval: string } {
  const text = query.get('interval') ?? '';
  if (text.toUpperCase() === 'FULL') return { stepMs: toMs - fromMs, interval: 'FULL' };
  const asked = text === '' ? usualStepMs : durationMs(text);
  if (asked === undefined)
    throw badStep(`'${text.slice(0, 40)}' is not a duration`, 'Write it like PT1M, or FULL for one value of the whole timespan.');
  const fits = (stepMs: number): boolean =>
    grainFor(stepMs, fromMs, nowMs) !== undefined && (Math.min(toMs, nowMs) - fromMs) / stepMs <= mostPoints;
  if (fits(asked)) return { stepMs: asked, interval: durationText(asked) };
  const next = steps.find((stepMs) => stepMs >= asked && fits(stepMs)) ?? steps.at(-1)!;
  if (query.get('autoadjusttimegrain')?.toLowerCase() === 'true') return { stepMs: next, interval: durationText(next) };
  throw badStep(
    `values of ${durationText(asked)} are not kept back to the beginning of the timespan, or would be more than ${mostPoints}`,
    `Ask for interval=${durationText(next)} or a shorter timespan, or set AutoAdjustTimegrain=true.`,
  );
}

function badStep(why: string, remedy: string): Fault {
  return fault('invalid', 'InvalidTimeGrain', `The interval cannot be used: ${why}.`, { target: 'interval', remedy });
}

function namesOf(text: string | undefined): readonly string[] | undefined {
  const names = listed(text);
  if (names.length <= mostNames) return names.length === 0 ? undefined : names;
  throw fault('invalid', 'TooManyMetrics', `${names.length} metrics were asked for at once.`, {
    target: 'metricnames',
    remedy: `Ask for at most ${mostNames}.`,
  });
}

function listed(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

const words: Readonly<Record<string, Aggregation>> = {
  average: 'Average',
  avg: 'Average',
  minimum: 'Minimum',
  min: 'Minimum',
  maximum: 'Maximum',
  max: 'Maximum',
  total: 'Total',
  sum: 'Total',
  count: 'Count',
};

/** Fault: `InvalidAggregation` (invalid). */
function aggregationOf(text: string, target: string): Aggregation {
  const key = text.toLowerCase();
  if (Object.hasOwn(words, key)) return words[key]!;
  throw fault('invalid', 'InvalidAggregation', `'${text.slice(0, 40)}' is not a way to put values together.`, {
    target,
    remedy: 'It is Average, Minimum, Maximum, Total or Count.',
  });
}

function aggregationsOf(text: string | undefined): readonly Aggregation[] | undefined {
  const found = listed(text).map((one) => aggregationOf(one, 'aggregation'));
  return found.length === 0 ? undefined : found;
}

function orderOf(text: string | undefined): MetricQuery['order'] {
  if (text === undefined || text.trim() === '') return undefined;
  const [by = '', direction = 'asc'] = text.trim().split(/\s+/);
  return { by: aggregationOf(by, 'orderby'), descending: direction.toLowerCase() === 'desc' };
}

function topOf(text: string | undefined, filter: DimensionFilter | undefined): number {
  if (text === undefined || filter === undefined) return usualTop;
  const top = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (top >= 1 && top <= mostTop) return top;
  throw fault('invalid', 'InvalidSeriesCount', `'${text.slice(0, 40)}' is no number of series.`, {
    target: 'top',
    remedy: `Ask for 1 to ${mostTop}.`,
  });
}

/** As Azure writes it: without fractions where there are none. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
