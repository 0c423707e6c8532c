import { counter, histogram, type Count, type Distribution } from '#base/metrics.ts';

interface RuntimeMetrics {
  readonly jobs: Count;
  readonly lost: Count;
  readonly attempts: Count;
  readonly start: Distribution;
}

const startBucketsMs = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

/** Of the control side of integration runtimes, over all workers. */
export const runtimeMetrics: RuntimeMetrics = {
  jobs: counter('runtime.jobs', { unit: '{job}', description: 'Jobs given to workers, by kind' }),
  lost: counter('runtime.lost', { unit: '{worker}', description: 'Workers that ended without a word' }),
  attempts: counter('runtime.attempts', {
    unit: '{connection}',
    description: "Connections that workers tried to make and their networks do not, as the kernel counts them; added at a worker's end",
  }),
  start: histogram(
    'runtime.start',
    { unit: 'ms', description: 'From asking for a worker to its having its job; a spare one is there already' },
    startBucketsMs,
  ),
};
