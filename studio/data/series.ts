export type Aggregation = 'Average' | 'Maximum' | 'Minimum' | 'Total';

/** What was measured, all metrics at the same times. */
export interface Series {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  /** By the metric's name; null: nothing is known of that time. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
}

/** As Azure Monitor answers it. */
export interface MetricsAnswer {
  readonly value: readonly {
    readonly name: { readonly value: string };
    readonly timeseries: readonly { readonly data: readonly Point[] }[];
  }[];
}

type Point = Readonly<Record<string, string | number | undefined>> & { readonly timeStamp: string };

/** All metrics on the same times. */
export function seriesOf({ value }: MetricsAnswer, aggregation: Aggregation): Series {
  const member = aggregation.toLowerCase();
  const all = value.map(({ name, timeseries }) => {
    const points = timeseries[0]?.data ?? [];
    return { name: name.value, at: new Map(points.map((point) => [Date.parse(point.timeStamp), numberIn(point[member])])) };
  });
  const times = [...new Set(all.flatMap(({ at }) => [...at.keys()]))].toSorted((a, b) => a - b);
  return { times, values: Object.fromEntries(all.map(({ name, at }) => [name, times.map((ms) => at.get(ms) ?? null)])) };
}

function numberIn(value: string | number | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
