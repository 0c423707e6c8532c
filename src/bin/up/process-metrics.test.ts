import { expect, test } from 'vitest';
import { counter } from '#base/metrics.ts';
import { measureProcess, mergeMetrics } from './process-metrics.ts';

test('texts of several processes become one, each measure once', () => {
  const merged = mergeMetrics([
    '# HELP a first\n# UNIT a s\n# TYPE a gauge\na{p="1"} 1\n# HELP b second\n# TYPE b counter\nb_total{x="#"} 2',
    '# HELP a first\n# UNIT a s\n# TYPE a gauge\na{p="2"} 5\n\n',
    '# no registered metrics',
    '',
  ]);
  expect(merged).toBe(
    '# HELP a first\n# UNIT a s\n# TYPE a gauge\na{p="1"} 1\na{p="2"} 5\n# HELP b second\n# TYPE b counter\nb_total{x="#"} 2\n',
  );
});

test('a process tells its memory, its processor time and what its instruments counted', async () => {
  const metrics = measureProcess('test');
  counter('test.things', { unit: '{thing}', description: 'Things' }).add(3, { kind: 'small' });
  const text = await metrics.text();
  expect(text).toMatch(/^process_memory\{process="test"\} \d+$/m);
  expect(text).toMatch(/^process_cpu\{process="test"\} [\d.]+$/m);
  expect(text).toContain('test_things_total{kind="small"} 3');
  expect(text).not.toContain('otel_scope');
});
