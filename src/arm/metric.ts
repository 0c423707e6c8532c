/** How values of an interval become one. */
export type Aggregation = 'Average' | 'Minimum' | 'Maximum' | 'Total' | 'Count';

/** What is measured of resources of a type. */
export interface MetricDefinition {
  /** Azure's name where Azure measures the same. */
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly category: string;
  readonly unit: 'Count' | 'Bytes' | 'Seconds' | 'Percent';
  /** `level`: what is so at a moment. `amount`: what has come since the reading before. */
  readonly kind: 'level' | 'amount';
  /** The first is the usual one. */
  readonly aggregations: readonly Aggregation[];
  readonly dimensions: readonly string[];
}

/** One reading. A metric with dimensions is read once for each of their values. */
export interface MetricReading {
  /** The resource's id. */
  readonly resource: string;
  readonly metric: string;
  /** A measurement: floating point will do. */
  readonly value: number;
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** What is measured of resources of some types, and how they are read. */
export interface MetricSource {
  readonly types: readonly string[];
  readonly definitions: readonly MetricDefinition[];
  /** Resources that show the metrics of those that lie in them, told apart by their names as one more dimension. */
  readonly within?: { readonly types: readonly string[]; readonly dimension: string };
  /** Read so often. Default: every second. */
  readonly everyMs?: number;
  /** What is so now; of nothing that is not known. One call at a time: amounts are the differences between calls. */
  read(nowMs: number): Promise<readonly MetricReading[]>;
}
