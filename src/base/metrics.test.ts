import { metrics } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, expect, test } from 'vitest';
import { counter, gauge, histogram, upDownCounter } from './metrics.ts';

afterEach(() => metrics.disable());

/** Attaches an exporter, as a program does; answers a reading of all instruments. */
function attach(): () => Promise<Record<string, unknown>> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000, exportTimeoutMillis: 1_000 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return async () => {
    await reader.forceFlush();
    const scopes = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
    const read = scopes.flatMap((scope) =>
      scope.metrics.map((metric) => [metric.descriptor.name, metric.dataPoints.map((point) => [point.attributes, point.value])]),
    );
    await reader.shutdown();
    return Object.fromEntries(read) as Record<string, unknown>;
  };
}

test('instruments made, and even used, before an exporter is attached count from then on', async () => {
  const rows = counter('test.rows', { unit: '{row}', description: 'rows' });
  rows.add(5);
  const read = attach();
  rows.add(1, { link: 'a' });
  rows.add(2, { link: 'a' });
  rows.add(4, { link: 'b' });
  expect(await read()).toEqual({
    'test.rows': [
      [{ link: 'a' }, 3],
      [{ link: 'b' }, 4],
    ],
  });
});

test('ups and downs, spreads, and gauges until they are disposed', async () => {
  const open = upDownCounter('test.open', { unit: '{connection}', description: 'open' });
  const took = histogram('test.took', { unit: 's', description: 'took' }, [1, 10]);
  const read = attach();
  open.add(3);
  open.add(-1);
  took.record(0.5);
  took.record(100);
  using _ = gauge('test.lag', { unit: 's', description: 'lag' }, () => [{ value: 7, attributes: { link: 'a' } }]);
  gauge('test.gone', { unit: 's', description: 'gone' }, () => [{ value: 1 }])[Symbol.dispose]();
  expect(await read()).toMatchObject({
    'test.open': [[{}, 2]],
    'test.took': [[{}, { count: 2, sum: 100.5, buckets: { boundaries: [1, 10], counts: [1, 0, 1] } }]],
    'test.lag': [[{ link: 'a' }, 7]],
  });
});
