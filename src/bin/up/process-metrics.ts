import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { gauge } from '#base/metrics.ts';

/** The measurements of one process. */
export interface ProcessMetrics {
  /** All of them as they are now, in Prometheus' text form. */
  text(): Promise<string>;
}

/** Attaches a reader to every instrument of this process. `process` names it in what all processes have. */
export function measureProcess(process: string): ProcessMetrics {
  const reader = new PrometheusExporter({ preventServerStart: true });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const attributes = { process };
  gauge('process.memory', { unit: 'By', description: 'Memory that the process holds' }, () => [
    { value: globalThis.process.memoryUsage.rss(), attributes },
  ]);
  gauge('process.cpu', { unit: 's', description: 'Processor time that the process has used' }, () => {
    const { user, system } = globalThis.process.cpuUsage();
    return [{ value: (user + system) / 1e6, attributes }];
  });
  return { text: async () => serializer.serialize((await reader.collect()).resourceMetrics) };
}

/** The texts of several processes as one: each measure once, with the readings of all. */
export function mergeMetrics(texts: readonly string[]): string {
  const heads = new Map<string, string>();
  const readings = new Map<string, string>();
  for (const [, head = '', name = '', lines = ''] of texts.flatMap((text) => [...text.matchAll(family)])) {
    if (!heads.has(name)) heads.set(name, head);
    readings.set(name, (readings.get(name) ?? '') + (lines.endsWith('\n') || lines === '' ? lines : `${lines}\n`));
  }
  return [...heads].map(([name, head]) => head + readings.get(name)!).join('');
}

/** `# HELP name …`, other comments on it, and its readings. */
const family = /(# HELP (\S+)[^\n]*\n(?:# (?!HELP)[^\n]*\n)*)((?:[^#\n][^\n]*(?:\n|$))*)/g;
