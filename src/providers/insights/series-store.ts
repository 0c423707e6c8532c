import { isWithin, keyOf } from '#arm/resource-id.ts';
import { type Held, Series } from './series.ts';

interface Measured {
  readonly id: string;
  /** By metric, then by the values of its dimensions. */
  readonly metrics: Map<string, Map<string, Series>>;
}

export interface SeriesKey {
  /** The resource's id, in any casing. */
  readonly resource: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

const usualBytes = 128 * 1_048_576;
/** What was not recorded for so long goes first when memory is short. */
const silentMs = 15 * 60_000;

/**
 * All series, in memory: a program that begins anew begins to measure anew. Bounded: where there is more than fits, series of what is silent go
 * first, then the oldest values of the largest.
 */
export class SeriesStore {
  readonly #resources = new Map<string, Measured>();
  readonly #held: Held = { bytes: 0 };
  readonly #mostBytes: number;
  #beganMs = Infinity;

  constructor(mostBytes: number = usualBytes) {
    this.#mostBytes = mostBytes;
  }

  /** Since when it is recorded at all, milliseconds since 1970. */
  get beganMs(): number {
    return this.#beganMs;
  }

  begin(nowMs: number): void {
    this.#beganMs = Math.min(this.#beganMs, nowMs);
  }

  get bytes(): number {
    return this.#held.bytes;
  }

  record({ resource, metric, dimensions }: SeriesKey, kind: Series['kind'], { atMs, value }: { atMs: number; value: number }): void {
    if (!Number.isFinite(value)) return;
    this.#series({ resource, metric, dimensions }, kind).record(atMs, value);
    if (this.#held.bytes > this.#mostBytes) this.#shrink(atMs);
  }

  /** Those of the resource itself. */
  of(resource: string, metric: string): readonly Series[] {
    return [...(this.#resources.get(keyOf(resource))?.metrics.get(metric)?.values() ?? [])];
  }

  /** Those of all that lies in a resource, with the id that each was recorded with. */
  within(resource: string, metric: string): readonly { readonly id: string; readonly series: Series }[] {
    const place = keyOf(resource);
    const found: { id: string; series: Series }[] = [];
    for (const [key, { id, metrics }] of this.#resources) {
      if (key === place || !isWithin(key, place)) continue;
      for (const series of metrics.get(metric)?.values() ?? []) found.push({ id, series });
    }
    return found;
  }

  /** What comes in its place later is another one. */
  forget(resource: string): void {
    const key = keyOf(resource);
    this.#each(key, (series) => series.forget());
    this.#resources.delete(key);
  }

  #series({ resource, metric, dimensions }: SeriesKey, kind: Series['kind']): Series {
    const key = keyOf(resource);
    const measured = this.#resources.get(key) ?? { id: resource, metrics: new Map() };
    this.#resources.set(key, measured);
    const ofMetric = measured.metrics.get(metric) ?? new Map<string, Series>();
    measured.metrics.set(metric, ofMetric);
    const values = JSON.stringify(dimensions);
    const found = ofMetric.get(values) ?? new Series(kind, dimensions, this.#held);
    ofMetric.set(values, found);
    return found;
  }

  #shrink(nowMs: number): void {
    for (const key of this.#resources.keys()) {
      let latestMs = -Infinity;
      this.#each(key, ({ lastMs }) => (latestMs = Math.max(latestMs, lastMs)));
      if (latestMs < nowMs - silentMs) this.forget(key);
      if (this.#held.bytes <= this.#mostBytes) return;
    }
    while (this.#held.bytes > this.#mostBytes && this.#largest()?.forgetOldest() === true);
  }

  #largest(): Series | undefined {
    let largest: Series | undefined;
    for (const key of this.#resources.keys())
      this.#each(key, (series) => {
        if (largest === undefined || series.bytes > largest.bytes) largest = series;
      });
    return largest;
  }

  #each(key: string, visit: (series: Series) => void): void {
    for (const ofMetric of this.#resources.get(key)?.metrics.values() ?? []) for (const series of ofMetric.values()) visit(series);
  }
}
