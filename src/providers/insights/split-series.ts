import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { ShownMetric } from './metric-catalog.ts';
import { type DimensionFilter, isWanted } from './metric-filter.ts';
import { type Bin, joined, type Series, type SeriesRead } from './series.ts';
import type { SeriesStore } from './series-store.ts';

export interface SplitAsk {
  /** The id of the resource that is asked about. */
  readonly scope: string;
  readonly metric: ShownMetric;
  /** Undefined: one line of everything. */
  readonly filter: DimensionFilter | undefined;
  /** Dimensions, in lower case, that are filtered by and do not split. */
  readonly rollUp?: readonly string[];
}

/** All series that have the same values of the dimensions by which it is split. */
export interface SplitSeries {
  /** Names in lower case, as Azure has them there. */
  readonly values: readonly { readonly name: string; readonly value: string }[];
  read(read: SeriesRead): readonly (Bin | undefined)[];
  /** Everything of the last read. */
  whole(): Bin | undefined;
}

/** The lines that a metric of a resource shows, by the values of their dimensions. Nothing was recorded: none. */
export function splitSeries(store: SeriesStore, { scope, metric, filter, rollUp = [] }: SplitAsk): readonly SplitSeries[] {
  const lines = new Map<string, { values: SplitSeries['values']; series: Series[] }>();
  const by = metric.dimensions.filter((one) => filter?.has(one.toLowerCase()) === true);
  const shown = by.filter((one) => !rollUp.includes(one.toLowerCase()));
  for (const { dimensions, series } of recorded(store, scope, metric)) {
    if (!by.every((one) => isWanted(filter!.get(one.toLowerCase())!, dimensions[one]))) continue;
    const values = shown.map((one) => ({ name: one.toLowerCase(), value: dimensions[one]! }));
    const key = keyOf(JSON.stringify(values));
    const line = lines.get(key) ?? { values, series: [] };
    line.series.push(series);
    lines.set(key, line);
  }
  return [...lines.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, line]) => splitOf(line));
}

function splitOf({ values, series }: { readonly values: SplitSeries['values']; readonly series: readonly Series[] }): SplitSeries {
  let last: readonly (Bin | undefined)[] = [];
  return {
    values,
    read: (read) => {
      const all = series.map((one) => one.read(read));
      last = Array.from({ length: read.count }, (_, i) => all.reduce<Bin | undefined>((bin, bins) => joined(bin, bins[i]), undefined));
      return last;
    },
    whole: () => last.reduce<Bin | undefined>((bin, one) => joined(bin, one), undefined),
  };
}

function recorded(
  store: SeriesStore,
  scope: string,
  { definition, inner }: ShownMetric,
): readonly { readonly dimensions: Series['dimensions']; readonly series: Series }[] {
  if (inner === undefined) return store.of(scope, definition.name).map((series) => ({ dimensions: series.dimensions, series }));
  return store
    .within(scope, definition.name)
    .map(({ id, series }) => ({ dimensions: { ...series.dimensions, [inner]: parseResourceId(id).name }, series }));
}
