import type { OnReadOpts, Socket } from 'node:net';
import type { ReadBuffers } from './read-buffers.ts';

/** A read of this size means that there is more: the direction gets a large buffer. */
const streamingFromBytes = 32_768;
/** A read of less than this means that the stream has run dry: the large buffer goes back. */
const dryBelowBytes = 8_192;
/** What may wait for the sink in copies before the source is stopped. */
const mostQueuedBytes = 65_536;

/** What a course tells of what passes. */
export interface Touched {
  /** Set to the number of the clock's tick with every read. */
  touchedTick: number;
}

/**
 * One direction of a relayed connection: what the source sends is written to the sink, never more than one buffer ahead of it. The buffer is
 * reused for the next read as soon as the operating system has taken the bytes, which is mostly at once.
 */
export class Course {
  /** What the source's socket is made with, where it can read into a buffer of ours. */
  readonly onread: OnReadOpts;
  /** Read from the source so far. */
  bytes = 0;
  readonly #buffers: ReadBuffers;
  readonly #tick: { readonly now: number };
  readonly #touched: Touched;
  #source: Socket | undefined;
  #sink: Socket | undefined;
  /** What the source reads into next, if not the shared buffer. */
  #large: Buffer | undefined;
  /** Holds bytes that the sink has not taken yet. */
  #pinned: Buffer | undefined;
  #stopped = false;

  constructor(buffers: ReadBuffers, tick: { readonly now: number }, touched: Touched) {
    this.#buffers = buffers;
    this.#tick = tick;
    this.#touched = touched;
    this.onread = { buffer: () => this.#large ?? buffers.shared, callback: (count, bytes) => this.#take(count, bytes as Buffer) };
  }

  /** Ties the ends together. The source must not have been read from. `copies`: it cannot read into our buffers. */
  join(source: Socket, sink: Socket, copies: boolean): void {
    this.#source = source;
    this.#sink = sink;
    if (copies) source.on('data', (bytes: Buffer) => this.#pass(bytes));
  }

  /** Nothing passes any more, whatever is read. */
  halt(): void {
    this.#source = undefined;
    this.#sink = undefined;
  }

  /** Gives the buffers back. No read or write of this course may follow. */
  close(): void {
    if (this.#large !== undefined) this.#buffers.giveBack(this.#large);
    if (this.#pinned !== undefined) this.#buffers.forget();
    this.#large = undefined;
    this.#pinned = undefined;
  }

  /** False: no more for now. Node asks `onread.buffer` for the next buffer afterwards. */
  #take(count: number, bytes: Buffer): boolean {
    const sink = this.#sink;
    // Nothing can be read before the ends are joined; a sink that is gone takes the source with it in a moment.
    if (sink === undefined || !sink.writable) return false;
    this.bytes += count;
    this.#touched.touchedTick = this.#tick.now;
    const own = this.#large;
    if (own === undefined) {
      sink.write(copied(bytes, count), this.#written);
      if (count >= streamingFromBytes) this.#large = this.#buffers.lend();
      if (sink.writableLength < mostQueuedBytes) return true;
      this.#stopped = true;
      return false;
    }
    sink.write(own.subarray(0, count), this.#written);
    if (sink.writableLength === 0) {
      if (count < dryBelowBytes) this.#putAway(own);
      return true;
    }
    // At most one is held, so that many slow readers hold little: the source stands still until it is free, and then begins with the shared one.
    this.#pinned = own;
    this.#large = undefined;
    this.#stopped = true;
    return false;
  }

  #pass(bytes: Buffer): void {
    const sink = this.#sink;
    if (sink === undefined || !sink.writable) return;
    this.bytes += bytes.length;
    this.#touched.touchedTick = this.#tick.now;
    sink.write(bytes, this.#written);
    if (sink.writableLength < mostQueuedBytes) return;
    this.#stopped = true;
    this.#source?.pause();
  }

  #putAway(own: Buffer): void {
    this.#large = undefined;
    this.#buffers.giveBack(own);
  }

  readonly #written = (error?: Error | null): void => {
    this.#touched.touchedTick = this.#tick.now;
    if (!this.#stopped || error || this.#sink === undefined || this.#sink.writableLength > 0) return;
    this.#stopped = false;
    const free = this.#pinned;
    this.#pinned = undefined;
    if (free !== undefined) this.#buffers.giveBack(free);
    if (this.#source !== undefined && !this.#source.destroyed) this.#source.resume();
  };
}

function copied(bytes: Buffer, count: number): Buffer {
  const copy = Buffer.allocUnsafe(count);
  copy.set(count === bytes.length ? bytes : bytes.subarray(0, count));
  return copy;
}
