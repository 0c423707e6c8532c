import { counter, gauge, histogram, type Count, type Distribution } from '#base/metrics.ts';

const boundariesMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

const runs: Count = counter('reconcile.runs', { unit: '{run}', description: 'Tries to make a resource true, by type and outcome' });
const duration: Distribution = histogram(
  'reconcile.duration',
  { unit: 'ms', description: 'From the begin of a try to its record in the store, by type' },
  boundariesMs,
);

/** Notes one try. `outcome`: as in a status, or `gone`. */
export function noteRun(type: string, outcome: string, ms: number): void {
  runs.add(1, { type, outcome });
  duration.record(ms, { type });
}

/** Lets what waits and what runs be read, until disposed. */
export function showQueue(read: () => { readonly queued: number; readonly running: number }): Disposable {
  const description = 'Resources that are being tried, and those found due that wait for a place';
  return gauge('reconcile.queue', { unit: '{resource}', description }, () => {
    const { queued, running } = read();
    return [
      { value: queued, attributes: { state: 'queued' } },
      { value: running, attributes: { state: 'running' } },
    ];
  });
}
