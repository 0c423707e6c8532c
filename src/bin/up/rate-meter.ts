const windowMs = 5_000;
const slots = 20;

/** How many a second, over the last five seconds. Times are monotonic milliseconds. */
export class RateMeter {
  readonly #counts = new Float64Array(slots);
  #begunMs: number | undefined;
  #slot = 0;

  add(count: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#begunMs ??= nowMs;
    this.#counts[this.#slot % slots]! += count;
  }

  perSecond(nowMs: number): number {
    if (this.#begunMs === undefined) return 0;
    this.#turn(nowMs);
    const sinceMs = Math.min(windowMs, Math.max(nowMs - this.#begunMs, 1_000));
    return (this.#counts.reduce((sum, one) => sum + one, 0) / sinceMs) * 1_000;
  }

  /** Forgets what is older than the window. */
  #turn(nowMs: number): void {
    const slot = Math.floor((nowMs / windowMs) * slots);
    for (let old = Math.max(this.#slot, slot - slots) + 1; old <= slot; old++) this.#counts[old % slots] = 0;
    this.#slot = slot;
  }
}
