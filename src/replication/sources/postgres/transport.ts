import type { Duplex } from 'node:stream';
import { performance } from 'node:perf_hooks';
import { Fault, assert, toFault } from '#base/fault.ts';
import { FrameSplitter, type Run } from '#wire/pg/frames.ts';
import { connectionFault } from './faults.ts';

export interface TransportOptions {
  /** `host:port`, for faults. */
  readonly target: string;
  /** The longest message that is taken. */
  readonly maxFrameBytes: number;
}

/** How far the socket is read ahead of the consumer. */
const aheadBytes = 1024 * 1024;
/** More than this within one pause's time, and the sender is busy: reading on at once would wake it and us for every message. */
const busyBytes = 16 * 1024;
/** A burst as long as this shows that more lies ready: pausing would only slow it down. */
const flowingBytes = 512 * 1024;

/**
 * Messages over one byte stream, with back-pressure. One reader at a time.
 * Once broken or destroyed, everything pending and everything that follows rejects with the same fault.
 */
export class PgTransport {
  readonly target: string;
  /** When bytes last came, or reading was last taken up again; milliseconds of the monotonic clock (`performance.now()`). */
  lastReceivedAtMs: number = performance.now();
  readonly #stream: Duplex;
  readonly #splitter: FrameSplitter;
  #fault: Fault | undefined;
  #dropped = false;
  #waiting: { readonly resolve: (run: Run) => void; readonly reject: (fault: Fault) => void } | undefined;
  #flowing = true;
  #held = false;
  #pacing = false;
  #paceMs = 0;
  #burstBytes = 0;
  #windowBytes = 0;
  #windowFromMs = 0;
  #paceTimer: NodeJS.Timeout | undefined;

  constructor(stream: Duplex, options: TransportOptions) {
    this.target = options.target;
    this.#stream = stream;
    readNothingWhilePaused(stream);
    this.#splitter = new FrameSplitter(options.maxFrameBytes);
    stream.on('data', (chunk: Uint8Array) => this.#take(chunk));
    stream.on('error', (cause) => this.#break(cause instanceof Fault ? cause : connectionFault('lost', this.target, cause)));
    stream.on('end', () => this.#break(connectionFault('lost', this.target)));
    stream.on('close', () => this.#break(connectionFault('lost', this.target)));
    stream.resume();
  }

  /** Bytes read from the socket that `next` has still to give, and those of a message that is not whole yet. */
  get bufferedBytes(): number {
    return this.#splitter.readyBytes + this.#splitter.cutBytes;
  }

  /** Why no more comes; undefined while all is well. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** The next messages. What came before the connection broke is still given; after `destroy` nothing is. */
  next(): Promise<Run> {
    const run = this.#dropped ? undefined : this.#splitter.next();
    if (run !== undefined) {
      this.#flow();
      return Promise.resolve(run);
    }
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    assert(this.#waiting === undefined, 'two readers on one connection');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Sends whole messages. What cannot be sent any more shows at the next `next`. */
  send(bytes: Uint8Array): void {
    if (this.#fault === undefined && !this.#stream.writableEnded) this.#stream.write(bytes);
  }

  /** Stops and takes up reading from the socket. */
  hold(held: boolean): void {
    this.#held = held;
    this.#flow();
  }

  /** Leaves the socket alone for this long after busy reads, so that the server's small sends arrive as few large ones; 0: never. */
  pace(paceMs: number): void {
    this.#paceMs = paceMs;
  }

  /** Destroys the connection after `signal` aborts or `timeoutMs` (0: never) have passed, until the answered function is called. */
  guard(limits: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined }): () => void {
    const { signal, timeoutMs = 0 } = limits;
    const onAbort = (): void => this.destroy(abortFault(signal, this.target));
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = timeoutMs > 0 ? setTimeout(() => this.destroy(connectionFault('queryTimeout', this.target)), timeoutMs) : undefined;
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  /** Ends the connection at once; what is pending rejects with `fault`. */
  destroy(fault: Fault): void {
    this.#dropped = true;
    this.#break(fault);
  }

  /** Sends the last bytes and ends the connection in order; at once where that takes longer than `graceMs`. */
  async finish(last: Uint8Array, graceMs: number): Promise<void> {
    if (this.#fault !== undefined) return;
    const closed = connectionFault('closed', this.target);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#stream.end(last, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.destroy(closed);
  }

  #take(chunk: Uint8Array): void {
    if (this.#fault !== undefined) return;
    const nowMs = performance.now();
    this.lastReceivedAtMs = nowMs;
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      this.#break(toFault(error));
      return;
    }
    if (this.#paceMs > 0) this.#measure(chunk.length, nowMs);
    this.#wake();
    this.#flow();
  }

  #wake(): void {
    const waiting = this.#waiting;
    const run = waiting === undefined ? undefined : this.#splitter.next();
    if (waiting === undefined || run === undefined) return;
    this.#waiting = undefined;
    waiting.resolve(run);
  }

  #measure(bytes: number, nowMs: number): void {
    if (nowMs - this.#windowFromMs > this.#paceMs) {
      this.#windowFromMs = nowMs;
      this.#windowBytes = 0;
    }
    this.#windowBytes += bytes;
    if (this.#burstBytes === 0) setImmediate(() => this.#rest());
    this.#burstBytes += bytes;
  }

  /** After all that lay ready was read: gives a busy server time to send more at once. */
  #rest(): void {
    const burstBytes = this.#burstBytes;
    this.#burstBytes = 0;
    if (this.#windowBytes < busyBytes || burstBytes >= flowingBytes || this.#pacing || this.#fault !== undefined) return;
    this.#pacing = true;
    this.#flow();
    this.#paceTimer = setTimeout(() => {
      this.#pacing = false;
      this.#windowBytes = 0;
      this.#windowFromMs = performance.now();
      this.#flow();
    }, this.#paceMs);
  }

  #flow(): void {
    const full = this.#splitter.readyBytes > (this.#flowing ? aheadBytes : aheadBytes / 2);
    const flowing = !this.#held && !full && !this.#pacing;
    if (flowing === this.#flowing || this.#fault !== undefined) return;
    this.#flowing = flowing;
    if (flowing) {
      this.lastReceivedAtMs = performance.now();
      this.#stream.resume();
    } else this.#stream.pause();
  }

  #break(fault: Fault): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    clearTimeout(this.#paceTimer);
    this.#stream.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const run = waiting === undefined || this.#dropped ? undefined : this.#splitter.next();
    if (run === undefined) waiting?.reject(fault);
    else waiting?.resolve(run);
  }
}

/**
 * A paused stream goes on reading until its own buffer is full: 64 KiB in small reads, each of which wakes us and the server.
 * There is no public way to say that it shall not (sockets come from the dialer); where this one fails, only speed is lost.
 */
function readNothingWhilePaused(stream: Duplex): void {
  const state: unknown = Reflect.get(stream, '_readableState');
  if (typeof state === 'object' && state !== null && 'highWaterMark' in state) Reflect.set(state, 'highWaterMark', 1);
}

/** What an abort means: the fault given as its reason, or a plain cancellation. */
export function abortFault(signal: AbortSignal | undefined, target: string): Fault {
  return signal?.reason instanceof Fault ? signal.reason : connectionFault('cancelled', target);
}
