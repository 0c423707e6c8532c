/** Holds what one read of a busy direction takes: large enough that a read costs little per byte, small enough for a processor's second cache. */
const largeBytes = 524_288;
/** Idle and talking connections read into one buffer that all share, and what they read is copied out at once: they need no memory of their own. */
const sharedBytes = 65_536;
/** So many kept ready for reuse. */
const mostShelved = 16;

/**
 * The read buffers of a relay. Small reads go through the shared one; a direction that streams gets a large one of its own, as long as fewer than
 * `mostLent` are out, and beyond that goes on copying.
 */
export class ReadBuffers {
  readonly shared: Buffer = Buffer.allocUnsafeSlow(sharedBytes);
  readonly #shelf: Buffer[] = [];
  readonly #mostLent: number;
  #lent = 0;

  constructor(mostLent = 128) {
    this.#mostLent = mostLent;
  }

  /** A large buffer for one direction alone; undefined: there are enough about. */
  lend(): Buffer | undefined {
    if (this.#lent >= this.#mostLent) return undefined;
    this.#lent += 1;
    return this.#shelf.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
  }

  /** Takes one back that nothing reads into or writes from any more. */
  giveBack(buffer: Buffer): void {
    this.#lent -= 1;
    if (this.#shelf.length < mostShelved) this.#shelf.push(buffer);
  }

  /** One is gone: the operating system may still hold it. */
  forget(): void {
    this.#lent -= 1;
  }

  get lent(): number {
    return this.#lent;
  }
}
