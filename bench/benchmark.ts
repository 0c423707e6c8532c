import type { Workplace } from './workplace.ts';

/** What a measure must reach: a ratio (how many times as fast as the reference), or a bound on our own value. */
export type Target = { readonly ratioAtLeast: number } | { readonly atMost: number };

/** One comparison, or one number without reference. Medians over `runs`. */
export interface Measure {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** The same work by another program, or the limit of the machine, in the same unit. */
  readonly reference?: number;
  /** Median over the rounds of reference ÷ ours (for times) of one round: above 1 means that we are faster. */
  readonly ratio?: number;
  readonly target?: Target;
  /** Each round's value, or pair of ours and reference. */
  readonly runs: readonly (number | readonly [ours: number, reference: number])[];
  readonly note?: string;
}

export interface Benchmark {
  readonly name: string;
  /** One sentence: what is measured. */
  readonly about: string;
  run(place: Workplace): Promise<readonly Measure[]>;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the two nearest values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  if (low === undefined || high === undefined) throw new Error('no values');
  return low + (high - low) * (at - Math.floor(at));
}

/** A comparison of times, from pairs measured next to each other. */
export function compared(what: string, pairs: readonly (readonly [ours: number, reference: number])[], target?: Target): Measure {
  const rounded = pairs.map(([ours, reference]) => [round(ours), round(reference)] as const);
  return {
    what,
    unit: 's',
    ours: round(median(pairs.map((pair) => pair[0]))),
    reference: round(median(pairs.map((pair) => pair[1]))),
    ratio: round(median(pairs.map(([ours, reference]) => reference / ours))),
    ...(target && { target }),
    runs: rounded,
  };
}

/** A number without reference. */
export function counted(what: string, unit: string, runs: readonly number[], target?: Target): Measure {
  return { what, unit, ours: round(median(runs)), ...(target && { target }), runs: runs.map(round) };
}

/** Like `counted`, but the largest value counts. */
export function worst(what: string, unit: string, runs: readonly number[], target?: Target): Measure {
  return { what, unit, ours: round(Math.max(...runs)), ...(target && { target }), runs: runs.map(round) };
}

export function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** Undefined: there is no target. */
export function isReached(measure: Measure): boolean | undefined {
  const { target } = measure;
  if (target === undefined) return undefined;
  return 'atMost' in target ? measure.ours <= target.atMost : measure.ratio !== undefined && measure.ratio >= target.ratioAtLeast;
}

/** The one line that a benchmark prints: its first measure, and the others under `more`. */
export function resultLine(name: string, measures: readonly Measure[]): string {
  const [first, ...more] = measures.map((measure) => ({ ...measure, reached: isReached(measure) }));
  if (first === undefined) throw new Error(`${name} measured nothing`);
  const { ours, reference = null, ratio = null, unit, runs, ...rest } = first;
  return JSON.stringify({ name, ours, reference, ratio, unit, runs, ...rest, more });
}
