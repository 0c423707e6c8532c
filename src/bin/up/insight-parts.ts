import type { Log } from '#base/log.ts';
import type { Service } from '#base/service.ts';
import type { MetricSource } from '#arm/metric.ts';
import type { OwnProvider } from '#arm/own-provider.ts';
import type { ResourceStore } from '#arm/store.ts';
import { metricAnswers } from '#providers/insights/metric-answers.ts';
import { MetricCatalog } from '#providers/insights/metric-catalog.ts';
import { Sampler } from '#providers/insights/sampler.ts';
import { SeriesStore } from '#providers/insights/series-store.ts';

export interface InsightParts {
  readonly own: readonly OwnProvider[];
  readonly services: readonly Service[];
}

/** What is measured, and what shows it. */
export function insightParts({
  store,
  sources,
  log,
}: {
  readonly store: ResourceStore;
  readonly sources: readonly MetricSource[];
  readonly log: Log;
}): InsightParts {
  const catalog = new MetricCatalog(sources);
  const series = new SeriesStore();
  const nowMs = Date.now;
  const sampler = new Sampler({ sources, catalog, series, store, nowMs, log: log.child({ part: 'metrics' }) });
  return {
    own: [{ namespace: 'Microsoft.Insights', answers: metricAnswers({ store, catalog, series, nowMs }) }],
    services: [sampler],
  };
}
