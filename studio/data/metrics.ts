import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { arm } from './arm.ts';
import type { Watch } from './live.ts';
import { seriesOf, type Aggregation, type MetricsAnswer, type Series } from './series.ts';

export interface MetricAsk {
  readonly names: readonly string[];
  /** ISO 8601 durations: how far back, and how fine. */
  readonly timespan: string;
  readonly interval: string;
  readonly aggregation: Aggregation;
}

/** Series of a resource, read anew with it and then not more often than values come. */
export function useMetrics(id: string, ask: MetricAsk, watch: Watch, everyMs = 5_000): UseQueryResult<Series> {
  const { names, timespan, interval, aggregation } = ask;
  const query = new URLSearchParams({ metricnames: names.join(','), timespan, interval, aggregation, AutoAdjustTimegrain: 'true' });
  const path = `${id}/providers/Microsoft.Insights/metrics?${query.toString()}`;
  return useQuery({
    queryKey: ['metrics', path],
    queryFn: async ({ signal }) => {
      await rested(path, everyMs);
      return seriesOf((await arm.get(path, { signal })) as unknown as MetricsAnswer, aggregation);
    },
    meta: { watch },
    enabled: id !== '',
  });
}

const readMs = new Map<string, number>();

async function rested(path: string, everyMs: number): Promise<void> {
  const restMs = (readMs.get(path) ?? -everyMs) + everyMs - performance.now();
  if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  readMs.set(path, performance.now());
}
