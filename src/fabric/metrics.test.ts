import { metrics } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { ask, stage, over } from './engine-stage.contract.ts';
import { showFabric } from './metrics.ts';
import { openUserspaceEngine } from './userspace/engine.ts';

test('connections, bytes, refusals and health are to be seen', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  try {
    await using on = await stage(() => openUserspaceEngine());
    const plan = on.sample.plan({ backends: [{}, { admin: 'Down' }], running: [true, true] });
    await on.engine.apply(plan);
    using _shown = showFabric(on.engine, () => plan);
    const peers = [on.call(), await on.dial()];
    for (const peer of peers) await ask(peer, 'hello');
    await on.refusal('nowhere.example');
    expect(on.engine.counters().length).toBeGreaterThan(0);
    await reader.forceFlush();
    const seen = new Map(
      exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) =>
          scopeMetrics.flatMap((scope) =>
            scope.metrics.map((metric) => [
              metric.descriptor.name,
              metric.dataPoints.map(({ attributes, value }) => ({ ...attributes, value })),
            ]),
          ),
        ),
    );
    expect(seen.get('fabric.syns')).toEqual([{ value: 3 }]);
    expect(seen.get('fabric.refused')).toEqual([{ code: 'NameNotFound', value: 1 }]);
    expect(seen.get('fabric.bytes')).toEqual([
      { direction: 'in', value: 10 },
      { direction: 'out', value: 10 },
    ]);
    expect(seen.get('fabric.connect')).toMatchObject([{ value: { count: 2 } }]);
    expect(seen.get('fabric.engine')).toEqual([{ kind: 'userspace', value: 1 }]);
    expect(seen.get('fabric.open')).toEqual([{ value: 2 }]);
    expect(seen.get('fabric.backends_up')).toEqual([{ value: 50 }]);
    expect(seen.get('fabric.rules_up')).toEqual([{ value: 100 }]);
    for (const peer of peers) {
      peer.stream.destroy();
      await over(peer, 'reset');
    }
  } finally {
    metrics.disable();
    await provider.shutdown();
  }
});
