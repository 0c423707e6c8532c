/** What is known of an interval. */
export interface Bin {
  readonly sum: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

/** How finely values are kept, and for how long. Finest first; each step is a multiple of those before it. */
export const grains: readonly { readonly stepMs: number; readonly keptMs: number }[] = [
  { stepMs: 1_000, keptMs: 15 * 60_000 },
  { stepMs: 10_000, keptMs: 6 * 3_600_000 },
  { stepMs: 60_000, keptMs: 7 * 86_400_000 },
];

const chunkBins = 64;
/** Of each bin three floating point numbers and a count. */
const chunkBytes = chunkBins * (3 * 8 + 4);

interface Chunk {
  /** sum, least, most of each bin. */
  readonly values: Float64Array;
  readonly counts: Uint32Array;
}

/** Bytes that all series hold together. */
export interface Held {
  bytes: number;
}

/**
 * The values of one metric of one resource, as they came. Memory is taken only for stretches in which something was recorded: of an amount that is
 * zero nothing is kept but that it was looked at.
 */
export class Series {
  readonly kind: 'level' | 'amount';
  readonly dimensions: Readonly<Record<string, string>>;
  readonly #held: Held;
  /** Of each grain: chunks by number, oldest first. */
  readonly #chunks: readonly Map<number, Chunk>[] = grains.map(() => new Map<number, Chunk>());
  #since: number | undefined;
  #last = -Infinity;

  constructor(kind: Series['kind'], dimensions: Series['dimensions'], held: Held) {
    this.kind = kind;
    this.dimensions = dimensions;
    this.#held = held;
  }

  /** When it was last recorded, milliseconds since 1970. */
  get lastMs(): number {
    return this.#last;
  }

  get bytes(): number {
    return this.#chunks.reduce((sum, chunks) => sum + chunks.size * chunkBytes, 0);
  }

  record(atMs: number, value: number): void {
    this.#since ??= atMs;
    this.#last = Math.max(this.#last, atMs);
    if (this.kind === 'amount' && value === 0) return;
    for (const [i, { stepMs, keptMs }] of grains.entries()) {
      const bin = Math.floor(atMs / stepMs);
      add(this.#chunk(this.#chunks[i]!, Math.floor(bin / chunkBins)), bin % chunkBins, value);
      this.#drop(this.#chunks[i]!, Math.floor((atMs - keptMs) / stepMs / chunkBins));
    }
  }

  /** What came in each interval from `fromMs` on, of `stepMs` each; undefined where nothing is known. The grain must be one whose step divides both. */
  read({ grain, fromMs, stepMs, count }: SeriesRead): readonly (Bin | undefined)[] {
    const fine = grains[grain]!.stepMs;
    const chunks = this.#chunks[grain]!;
    const bins = Array.from({ length: count }, (_, i) => (this.#seen(fromMs + i * stepMs, stepMs) ? nothing : undefined));
    const [first, last] = [fromMs / fine, (fromMs + count * stepMs) / fine];
    for (const [number, chunk] of chunks) {
      const begin = number * chunkBins;
      if (begin + chunkBins <= first || begin >= last) continue;
      for (let at = Math.max(begin, first); at < Math.min(begin + chunkBins, last); at += 1) {
        const to = Math.floor(((at - first) * fine) / stepMs);
        bins[to] = joined(bins[to], binOf(chunk, at - begin));
      }
    }
    return bins;
  }

  /** Gives up what is oldest; false: there is nothing left. */
  forgetOldest(): boolean {
    for (const chunks of this.#chunks.toReversed()) {
      const [oldest] = chunks.keys();
      if (oldest === undefined) continue;
      chunks.delete(oldest);
      this.#held.bytes -= chunkBytes;
      return true;
    }
    return false;
  }

  forget(): void {
    this.#held.bytes -= this.bytes;
    for (const chunks of this.#chunks) chunks.clear();
  }

  /** Whether an amount was looked at all through the interval: nothing came then, which is not the same as that nothing is known. */
  #seen(fromMs: number, stepMs: number): boolean {
    return this.kind === 'amount' && this.#since !== undefined && fromMs + stepMs > this.#since && fromMs <= this.#last;
  }

  #chunk(chunks: Map<number, Chunk>, number: number): Chunk {
    const found = chunks.get(number);
    if (found !== undefined) return found;
    const made = { values: new Float64Array(3 * chunkBins), counts: new Uint32Array(chunkBins) };
    chunks.set(number, made);
    this.#held.bytes += chunkBytes;
    return made;
  }

  #drop(chunks: Map<number, Chunk>, before: number): void {
    for (const number of chunks.keys()) {
      if (number >= before) return;
      chunks.delete(number);
      this.#held.bytes -= chunkBytes;
    }
  }
}

export interface SeriesRead {
  /** Which of `grains`. */
  readonly grain: number;
  /** A multiple of `stepMs`. */
  readonly fromMs: number;
  readonly stepMs: number;
  readonly count: number;
}

const nothing: Bin = { sum: 0, least: 0, most: 0, count: 0 };

function add({ values, counts }: Chunk, at: number, value: number): void {
  const known = counts[at]! > 0;
  values[3 * at] = values[3 * at]! + value;
  values[3 * at + 1] = known ? Math.min(values[3 * at + 1]!, value) : value;
  values[3 * at + 2] = known ? Math.max(values[3 * at + 2]!, value) : value;
  counts[at] = counts[at]! + 1;
}

function binOf({ values, counts }: Chunk, at: number): Bin | undefined {
  const count = counts[at]!;
  return count === 0 ? undefined : { sum: values[3 * at]!, least: values[3 * at + 1]!, most: values[3 * at + 2]!, count };
}

/** Both together. An interval in which nothing came has no least and most of its own. */
export function joined(one: Bin | undefined, other: Bin | undefined): Bin | undefined {
  if (one === undefined || (one.count === 0 && other !== undefined)) return other;
  if (other === undefined || other.count === 0) return one;
  return {
    sum: one.sum + other.sum,
    least: Math.min(one.least, other.least),
    most: Math.max(one.most, other.most),
    count: one.count + other.count,
  };
}
