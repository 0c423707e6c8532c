import { fault } from '#base/fault.ts';
import { malformed } from './bytes.ts';
import { headerBytes, tag } from './backend.ts';

/** Whole messages of one kind, one after another, each with its 5-byte header. */
export interface Run {
  /** The messages' first byte: see `tag`. */
  readonly tag: number;
  readonly bytes: Uint8Array;
}

/** Messages of these kinds may be long; all others are short. The rule, and the bound, of PostgreSQL's own client (libpq, `VALID_LONG_MESSAGE_TYPE`). */
const mayBeLong: ReadonlySet<number> = new Set([tag.copyData, tag.dataRow, tag.rowDescription, tag.error, tag.notice, tag.notification]);
const shortBytes = 30_000;
/** The server builds no message above 1 GiB (`MaxAllocSize`). */
const longestBytes = 0x4000_0000;
/** Above this a cut message gets a buffer of its own at once, so that its bytes are moved only one time. */
const largeBytes = 256 * 1024;
const known: ReadonlySet<number> = new Set(Object.values(tag));
const nothing = new Uint8Array(0);

/**
 * Cuts the server's bytes into runs of whole messages (PostgreSQL documentation, "Message Flow": a tag byte, then a length that counts itself).
 * What a run holds is a view of the chunks pushed wherever no message was cut; only the cut ones are moved.
 * Faults: `corrupt` for what no server sends, `unsupported` (`ValueTooLarge`) for a row above `maxFrameBytes`.
 */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  #ready: Run[] = [];
  #first = 0;
  #readyBytes = 0;
  /** A message that is not whole yet lies in `#cut[0 .. #cutBytes]`. */
  #cut: Uint8Array = nothing;
  #cutBytes = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes in runs that `next` has still to give. */
  get readyBytes(): number {
    return this.#readyBytes;
  }

  /** Bytes of a message that is not whole yet. */
  get cutBytes(): number {
    return this.#cutBytes;
  }

  /** Takes the next bytes, whatever they end with. They must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#cutBytes === 0) return this.#split(chunk);
    let taken = 0;
    while (this.#cutBytes < headerBytes && taken < chunk.length) {
      if (this.#cut.length < headerBytes) this.#grow(headerBytes);
      this.#cut[this.#cutBytes++] = chunk[taken++]!;
    }
    if (this.#cutBytes < headerBytes) return;
    const frameBytes = this.#frameBytes(this.#cut, 0);
    const missing = frameBytes - this.#cutBytes;
    if (chunk.length - taken < missing) {
      this.#keep(taken === 0 ? chunk : chunk.subarray(taken), frameBytes);
      return;
    }
    // Only the cut message is moved: joining the chunk to it would copy every byte once more, and a buffer each is what the collector runs for.
    this.#keep(chunk.subarray(taken, taken + missing), frameBytes);
    const whole = this.#cut.subarray(0, frameBytes);
    this.#drop();
    this.#add(whole, 0, frameBytes);
    this.#split(chunk.subarray(taken + missing));
  }

  /** The next messages; undefined: more bytes are needed. */
  next(): Run | undefined {
    const run = this.#ready[this.#first];
    if (run === undefined) return undefined;
    this.#first++;
    if (this.#first === this.#ready.length) {
      this.#ready = [];
      this.#first = 0;
    }
    this.#readyBytes -= run.bytes.length;
    return run;
  }

  #split(bytes: Uint8Array): void {
    const length = bytes.length;
    let at = 0;
    let from = 0;
    try {
      while (at + headerBytes <= length) {
        const end = at + this.#frameBytes(bytes, at);
        if (end > length) break;
        if (bytes[at] !== bytes[from]) {
          this.#add(bytes, from, at);
          from = at;
        }
        at = end;
      }
    } finally {
      // What came before a message that is refused is still good: often the error that explains it.
      if (at > from) this.#add(bytes, from, at);
    }
    if (at < length) this.#keep(bytes.subarray(at), length - at >= headerBytes ? this.#frameBytes(bytes, at) : headerBytes);
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    this.#ready.push({ tag: bytes[start]!, bytes: start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end) });
    this.#readyBytes += end - start;
  }

  /** Bytes of the message whose header lies at `at`. */
  #frameBytes(bytes: Uint8Array, at: number): number {
    const kind = bytes[at]!;
    const length = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
    if (!known.has(kind)) throw malformed(`kind ${kind} is unknown`);
    if (length < 4 || length > longestBytes) throw malformed(`a length of ${length}`);
    if (length >= shortBytes && !mayBeLong.has(kind)) throw malformed(`a length of ${length} for a message of kind ${kind}`);
    if (length + 1 > this.#maxFrameBytes) {
      throw fault('unsupported', 'ValueTooLarge', `A row of ${length - 4} bytes is larger than the ${this.#maxFrameBytes} bytes allowed.`, {
        remedy: 'Leave the table or its large column out, make the value smaller at the source, or allow larger rows.',
      });
    }
    return length + 1;
  }

  /** Adds to the message that is not whole yet. Small ones are copied so that a few bytes do not hold a whole chunk. */
  #keep(part: Uint8Array, frameBytes: number): void {
    const used = this.#cutBytes + part.length;
    if (used > this.#cut.length)
      this.#grow(frameBytes >= largeBytes ? frameBytes : Math.max(used, Math.min(frameBytes, this.#cut.length * 2)));
    this.#cut.set(part, this.#cutBytes);
    this.#cutBytes = used;
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
    grown.set(this.#cut.subarray(0, this.#cutBytes));
    this.#cut = grown;
  }

  #drop(): void {
    this.#cut = nothing;
    this.#cutBytes = 0;
  }
}

/** Where the message that begins at `at` ends. For runs of `FrameSplitter`, whose lengths are checked. */
export function frameEnd(bytes: Uint8Array, at: number): number {
  return at + 1 + ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!);
}

/** The messages of a run, one by one. For cold messages. */
export function* framesOf(run: Run): Generator<Uint8Array, void> {
  for (let at = 0; at < run.bytes.length;) {
    const end = frameEnd(run.bytes, at);
    yield run.bytes.subarray(at, end);
    at = end;
  }
}
