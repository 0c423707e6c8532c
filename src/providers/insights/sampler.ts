import { toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { delay, type Service } from '#base/service.ts';
import type { MetricSource } from '#arm/metric.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { MetricCatalog } from './metric-catalog.ts';
import type { SeriesStore } from './series-store.ts';

export interface SamplerOptions {
  readonly sources: readonly MetricSource[];
  readonly catalog: MetricCatalog;
  readonly series: SeriesStore;
  readonly store: Pick<ResourceStore, 'onChange'>;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Given by tests. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const usualMs = 1_000;
const nothing = {};

/** Reads what is measured, at each whole second, and has it kept. */
export class Sampler implements Service {
  readonly name = 'metrics';
  readonly #options: SamplerOptions;
  readonly #readMs = new Map<MetricSource, number>();
  /** Sources that failed when they were last read. */
  readonly #failing = new Set<MetricSource>();

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, series, nowMs, pause = delay } = this.#options;
    const ignoreChanges = store.onChange(({ id, kind }) => {
      if (kind === 'removed') series.forget(id);
    });
    try {
      while (!signal.aborted) {
        await this.sample();
        await pause(usualMs - (nowMs() % usualMs), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      ignoreChanges();
    }
  }

  /** Reads those sources whose time has come. One that fails leaves a gap, and is said once. */
  async sample(): Promise<void> {
    this.#options.series.begin(this.#options.nowMs());
    for (const source of this.#options.sources) {
      const atMs = this.#options.nowMs();
      // A little before its time is in time: whoever waits wakes up early at times.
      if (atMs - (this.#readMs.get(source) ?? -Infinity) < 0.8 * (source.everyMs ?? usualMs)) continue;
      this.#readMs.set(source, atMs);
      try {
        await this.#read(source, atMs);
        this.#failing.delete(source);
      } catch (error) {
        if (!this.#failing.has(source)) this.#options.log.warn({ err: toFault(error) }, 'metrics could not be read');
        this.#failing.add(source);
      }
    }
  }

  async #read(source: MetricSource, atMs: number): Promise<void> {
    const { catalog, series } = this.#options;
    for (const { resource, metric, value, dimensions = nothing } of await source.read(atMs)) {
      const definition = catalog.definition(source, metric);
      if (definition !== undefined) series.record({ resource, metric, dimensions }, definition.kind, { atMs, value });
    }
  }
}
