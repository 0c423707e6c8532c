import { fault } from '#base/fault.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { Aggregation, MetricDefinition } from '#arm/metric.ts';
import type { OwnAnswer, OwnAsk } from '#arm/own-provider.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { durationText } from './duration.ts';
import type { MetricCatalog, ShownMetric } from './metric-catalog.ts';
import { badFilter } from './metric-filter.ts';
import { type MetricQuery, parseMetricQuery, timeText } from './metric-query.ts';
import { type Bin, grains } from './series.ts';
import type { SeriesStore } from './series-store.ts';
import { type SplitSeries, splitSeries } from './split-series.ts';

export interface MetricAnswersOptions {
  readonly store: Pick<ResourceReader, 'get'>;
  readonly catalog: MetricCatalog;
  readonly series: SeriesStore;
  readonly nowMs: () => number;
}

/**
 * `metrics`, `metricDefinitions` and `metricNamespaces` of any resource, as Azure Monitor has them. Beyond it: intervals from one second on, and
 * all metrics where none is named. Rule: https://learn.microsoft.com/rest/api/monitor/metrics/list
 */
export function metricAnswers(options: MetricAnswersOptions): readonly OwnAnswer[] {
  const { catalog } = options;
  return [
    {
      verb: 'GET',
      word: 'metrics',
      summary: 'What was measured of a resource',
      permission: 'Microsoft.Insights/metrics/read',
      run: async (ask) => metricsOf(ask, await typeAt(ask, options), options),
    },
    {
      verb: 'GET',
      word: 'metricDefinitions',
      summary: 'What is measured of a resource',
      permission: 'Microsoft.Insights/metricDefinitions/read',
      run: async (ask) => {
        const type = await typeAt(ask, options);
        checkNamespace(ask, type);
        return { value: catalog.of(type).map((one) => shownDefinition(ask.scope, type, one)) };
      },
    },
    {
      verb: 'GET',
      word: 'metricNamespaces',
      summary: 'Which metrics a resource has, as a whole',
      permission: 'Microsoft.Insights/metricNamespaces/read',
      run: async (ask) => {
        const type = await typeAt(ask, options);
        const name = type.replaceAll('/', '-');
        const id = `${ask.scope}/providers/microsoft.insights/metricNamespaces/${name}`;
        const properties = { metricNamespaceName: type };
        const shown = { id, type: 'microsoft.insights/metricNamespaces', name, classification: 'Platform', properties };
        return { value: catalog.of(type).length === 0 ? [] : [shown] };
      },
    },
  ];
}

/** The type of the resource that is asked about. Fault: `ResourceNotFound` (missing). */
async function typeAt({ scope }: OwnAsk, { store }: Pick<MetricAnswersOptions, 'store'>): Promise<string> {
  const found = scope === '' ? undefined : await store.get(parseResourceId(scope).text);
  if (found !== undefined) return found.type;
  throw fault(
    'missing',
    'ResourceNotFound',
    `There is no resource ${scope === '' ? 'here' : scope.slice(0, 300)} that anything is measured of.`,
    {
      target: scope.slice(0, 300),
      remedy:
        'Put the id of a link connection, workspace, private endpoint or private link service in front of /providers/Microsoft.Insights.',
    },
  );
}

function checkNamespace({ query }: OwnAsk, type: string): void {
  const asked = query.get('metricnamespace');
  if (asked === undefined || asked === '' || asked.toLowerCase() === type.toLowerCase()) return;
  throw fault(
    'invalid',
    'InvalidMetricNamespace',
    `A resource of the type ${type} has no metrics of the namespace '${asked.slice(0, 100)}'.`,
    {
      target: 'metricnamespace',
      remedy: `Its namespace is ${type}; leave it out.`,
    },
  );
}

function metricsOf(ask: OwnAsk, type: string, options: MetricAnswersOptions): Json {
  checkNamespace(ask, type);
  const query = parseMetricQuery(ask.query, options.nowMs());
  const metrics = named(options.catalog.of(type), query.names, type);
  return {
    cost: 0,
    timespan: query.timespan,
    ...(query.onlyMetadata ? {} : { interval: query.interval }),
    namespace: type,
    value: metrics.map((metric) => shownMetric(metric, { scope: ask.scope, query }, options)),
  };
}

/** Fault: `InvalidMetricName` (invalid). */
function named(metrics: readonly ShownMetric[], names: readonly string[] | undefined, type: string): readonly ShownMetric[] {
  return (names ?? metrics.map(({ definition }) => definition.name)).map((name) => {
    const found = metrics.find(({ definition }) => definition.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    const known = metrics.map(({ definition }) => definition.name).join(', ');
    throw fault('invalid', 'InvalidMetricName', `A resource of the type ${type} has no metric '${name.slice(0, 100)}'.`, {
      target: 'metricnames',
      remedy: known === '' ? 'Nothing is measured of such resources.' : `It has: ${known}.`,
    });
  });
}

function shownMetric(
  metric: ShownMetric,
  { scope, query }: { readonly scope: string; readonly query: MetricQuery },
  { series }: Pick<MetricAnswersOptions, 'series'>,
): JsonObject {
  const { definition } = metric;
  checkDimensions(metric, query);
  const lines = splitSeries(series, { scope, metric, filter: query.filter, rollUp: query.rollUp });
  const read = lines.map((line) => ({ line, bins: line.read(query) }));
  return {
    id: `${scope}/providers/Microsoft.Insights/metrics/${definition.name}`,
    type: 'Microsoft.Insights/metrics',
    name: localizable(definition.name, definition.displayName),
    displayDescription: definition.description,
    unit: definition.unit,
    timeseries: ordered(read, query, definition)
      .slice(0, query.top)
      .map(({ line, bins }) => ({
        metadatavalues: line.values.map(({ name, value }) => ({ name: localizable(name, name), value })),
        ...(query.onlyMetadata
          ? {}
          : { data: bins.map((bin, i) => shownBin(bin, query.fromMs + i * query.stepMs, { query, definition })) }),
      })),
    errorCode: 'Success',
  };
}

function checkDimensions({ dimensions, definition }: ShownMetric, { filter, lenient }: MetricQuery): void {
  if (lenient) return;
  const wrong = [...(filter?.keys() ?? [])].find((asked) => !dimensions.some((one) => one.toLowerCase() === asked));
  if (wrong === undefined) return;
  throw badFilter(`'${definition.name}' has no dimension '${wrong}', only: ${dimensions.join(', ') || 'none'}`);
}

interface ReadLine {
  readonly line: SplitSeries;
  readonly bins: readonly (Bin | undefined)[];
}

function ordered(lines: readonly ReadLine[], { order, stepMs }: MetricQuery, definition: MetricDefinition): readonly ReadLine[] {
  if (order === undefined || stepMs === 0) return lines;
  const worth = ({ line }: ReadLine): number => aggregated(line.whole(), order.by, definition) ?? -Infinity;
  return lines.toSorted((one, other) => (order.descending ? worth(other) - worth(one) : worth(one) - worth(other)));
}

/** One value of a bin; undefined: nothing is known. */
export function aggregated(bin: Bin | undefined, by: Aggregation, { kind }: Pick<MetricDefinition, 'kind'>): number | undefined {
  if (bin === undefined) return undefined;
  if (by === 'Count') return bin.count;
  if (by === 'Total') return bin.sum;
  if (bin.count === 0) return kind === 'amount' ? 0 : undefined;
  if (by === 'Average') return bin.sum / bin.count;
  return by === 'Minimum' ? bin.least : bin.most;
}

function shownBin(
  bin: Bin | undefined,
  atMs: number,
  { query, definition }: { readonly query: MetricQuery; readonly definition: MetricDefinition },
): JsonObject {
  const shown: Record<string, Json> = { timeStamp: timeText(atMs) };
  for (const by of query.aggregations ?? definition.aggregations.slice(0, 1)) {
    const value = aggregated(bin, by, definition);
    if (value !== undefined) shown[by.toLowerCase()] = value;
  }
  return shown;
}

function shownDefinition(scope: string, type: string, { definition, dimensions }: ShownMetric): JsonObject {
  const { name, displayName, description, category, unit, aggregations } = definition;
  return {
    id: `${scope}/providers/Microsoft.Insights/metricDefinitions/${name}`,
    resourceId: scope,
    namespace: type,
    name: localizable(name, displayName),
    displayDescription: description,
    category,
    isDimensionRequired: false,
    unit,
    primaryAggregationType: aggregations[0]!,
    supportedAggregationTypes: [...aggregations],
    metricAvailabilities: grains.map(({ stepMs, keptMs }) => ({ timeGrain: durationText(stepMs), retention: durationText(keptMs) })),
    dimensions: dimensions.map((one) => localizable(one, one)),
  };
}

function localizable(value: string, localizedValue: string): JsonObject {
  return { value, localizedValue };
}
