/** A count at a time. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** So far back a rate looks: long enough to be quiet, short enough to be now. */
const windowMs = 60_000;
const mostSamples = 240;
const leastMs = 2_000;

/** The samples with one more, without those that are too old. A count that fell began anew. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  if (last !== undefined && sample.value < last.value) return [sample];
  if (last !== undefined && sample.atMs <= last.atMs) return samples;
  const kept = samples.filter(({ atMs }) => atMs >= sample.atMs - windowMs);
  // Where changes come one a minute the one before is what is compared with.
  const before = kept.length === 0 && last !== undefined ? [last] : kept;
  return [...before, sample].slice(-mostSamples);
}

/** How much a second; undefined: too little is known. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return undefined;
  return ((last.value - first.value) * 1_000) / (last.atMs - first.atMs);
}

export interface Progress {
  readonly done: number;
  /** Undefined: nobody knows. */
  readonly whole: number | undefined;
}

/** Between 0 and 1. An estimate that was too low never says that all is done. */
export function shareOf({ done, whole }: Progress): number | undefined {
  if (whole === undefined || whole <= 0) return undefined;
  return Math.min(done / whole, 0.999);
}

/** Seconds until all is done at this rate; undefined: nobody can say. */
export function secondsLeft({ done, whole }: Progress, ratePerSecond: number | undefined): number | undefined {
  if (whole === undefined || ratePerSecond === undefined || ratePerSecond <= 0) return undefined;
  return Math.max(0, whole - done) / ratePerSecond;
}

/** Without samples yet: since it began. `fromMs`, `nowMs`: milliseconds since 1970. */
export function rateSince(done: number, fromMs: number | undefined, nowMs: number): number | undefined {
  if (fromMs === undefined || Number.isNaN(fromMs) || nowMs - fromMs < leastMs) return undefined;
  return (done * 1_000) / (nowMs - fromMs);
}
