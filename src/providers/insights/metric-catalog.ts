import { must } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { MetricDefinition, MetricSource } from '#arm/metric.ts';

/** A metric as resources of a type show it. */
export interface ShownMetric {
  readonly definition: MetricDefinition;
  /** All by which it may be split. */
  readonly dimensions: readonly string[];
  /** It is measured of what lies in the resource, which this dimension names. */
  readonly inner: string | undefined;
}

/** Which metrics resources of which type have. */
export class MetricCatalog {
  readonly #types = new Map<string, readonly ShownMetric[]>();
  readonly #sources = new Map<MetricSource, ReadonlyMap<string, MetricDefinition>>();

  constructor(sources: readonly MetricSource[]) {
    for (const source of sources) {
      const { types, definitions, within } = source;
      this.#sources.set(source, new Map(definitions.map((one) => [one.name, one])));
      const own = definitions.map((definition) => ({ definition, dimensions: definition.dimensions, inner: undefined }));
      for (const type of types) this.#add(type, own);
      if (within === undefined) continue;
      const { dimension } = within;
      const inner = definitions.map((definition) => ({ definition, dimensions: [...definition.dimensions, dimension], inner: dimension }));
      for (const type of within.types) this.#add(type, inner);
    }
  }

  /** Empty: nothing is measured of such resources. */
  of(type: string): readonly ShownMetric[] {
    return this.#types.get(keyOf(type)) ?? [];
  }

  definition(source: MetricSource, metric: string): MetricDefinition | undefined {
    return must(this.#sources.get(source), 'a source of the catalogue').get(metric);
  }

  #add(type: string, metrics: readonly ShownMetric[]): void {
    this.#types.set(keyOf(type), [...this.of(type), ...metrics]);
  }
}
