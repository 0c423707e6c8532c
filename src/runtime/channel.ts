import type { Duplex } from 'node:stream';
import type { FaultText } from '#base/fault-text.ts';
import type { JobEvent, LinkMessage, RuntimeJob } from './job.ts';

/** How a job's own target is reached from inside a sandbox, where it is no endpoint: its host stands for this address. */
export interface OwnWay {
  readonly host: string;
  readonly port: number;
  readonly address: string;
}

/** Where a worker without sandbox gets its streams: a socket of its own, and what it must say there. */
export interface StreamAccess {
  readonly path: string;
  readonly token: string;
}

/** What is said to a worker. */
export type ToWorker =
  /** Load what a job of this kind will need. */
  | { readonly kind: 'load'; readonly job: RuntimeJob['kind'] }
  /** Load what any job needs; answered by `ready`. `keep`: keep what became of the code for later workers, and end. */
  | { readonly kind: 'prepare'; readonly keep: boolean }
  | {
      readonly kind: 'job';
      readonly job: RuntimeJob;
      readonly own: OwnWay | null;
      readonly streams: StreamAccess | null;
      /** PEM: who is trusted, besides the usual, to sign the certificates of servers. */
      readonly authorities: readonly string[];
    }
  | { readonly kind: 'own'; readonly own: OwnWay | null }
  | { readonly kind: 'message'; readonly message: LinkMessage }
  /** Answered by an event `moved`. */
  | { readonly kind: 'tell' }
  /** What became of a connection that the worker made to a door: it leads to the far side, or was refused. */
  | { readonly kind: 'way'; readonly way: string; readonly fault: FaultText | null }
  /** Answers `why`; no fault: the target is reached by now. */
  | { readonly kind: 'why'; readonly fault: FaultText | null }
  | { readonly kind: 'stop' };

/** What a worker says; nothing in it is to be trusted. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly event: JobEvent }
  /** The job's own target has no door: what stands in the way? */
  | { readonly kind: 'why' };

/** As it is written. */
export function lineOf(message: ToWorker | FromWorker): string {
  return `${JSON.stringify(message)}\n`;
}

/** Names a connection on both sides of a door. */
export function wayKey(address: string, port: number, localPort: number): string {
  return `${address}#${port}#${localPort}`;
}

/** The descriptor that the channel has in a worker. */
export const channelDescriptor: number = 3;

const nothing = Buffer.alloc(0);
/** Longer lines end the channel: lists of very many tables are the longest. */
const mostLineBytes = 8 * 1024 * 1024;

export interface LineListener {
  /** One line, which is not known to be JSON. Answers false to be told nothing more before `resume`. */
  readonly onLine: (line: Buffer) => boolean;
  /** Nothing more comes. `reason`: what was wrong, where it is not the end. */
  readonly onEnd: (reason: string | undefined) => void;
}

/** Lines of JSON over a stream, each way. What comes is never kept beyond the longest line. */
export class LineChannel {
  readonly #stream: Duplex;
  readonly #listener: LineListener;
  readonly #mostBytes: number;
  /** What came of a line whose end did not. It grows by doubling: who sends byte by byte costs no more than their number. */
  #kept: Buffer = nothing;
  #bytes = 0;
  #rest: Buffer | undefined;
  #stopped = false;
  /** Nothing more comes than what is kept. */
  #isOver = false;
  #ended = false;

  constructor(stream: Duplex, listener: LineListener, mostBytes: number = mostLineBytes) {
    this.#stream = stream;
    this.#listener = listener;
    this.#mostBytes = mostBytes;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    const over = (): void => {
      this.#isOver = true;
      if (!this.#stopped) this.#end(undefined);
    };
    stream.on('error', over);
    stream.once('end', over);
    stream.once('close', over);
  }

  /** What is sent to an end that is gone is lost. */
  send(message: ToWorker | FromWorker, sent?: () => void): void {
    if (this.#ended || !this.#stream.writable) sent?.();
    else this.#stream.write(lineOf(message), () => sent?.());
  }

  /** Bytes that wait to be taken by the other end. */
  get waiting(): number {
    return this.#stream.writableLength;
  }

  resume(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#take(rest);
    if (this.#stopped) return;
    if (this.#isOver) this.#end(undefined);
    else this.#stream.resume();
  }

  /** Ends it; what was not heard by now is not. */
  close(): void {
    this.#end(undefined);
  }

  #take(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0 && !this.#ended; at = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, at);
      from = at + 1;
      if (this.#isTooLong(part)) return;
      const line = this.#bytes === 0 ? part : this.#keep(part);
      this.#kept = nothing;
      this.#bytes = 0;
      if (this.#listener.onLine(line)) continue;
      this.#stopped = true;
      this.#rest = from < chunk.length ? chunk.subarray(from) : undefined;
      this.#stream.pause();
      return;
    }
    if (this.#ended || from === chunk.length) return;
    const part = chunk.subarray(from);
    if (!this.#isTooLong(part)) this.#keep(part);
  }

  /** All that is kept, with this part. */
  #keep(part: Buffer): Buffer {
    const bytes = this.#bytes + part.length;
    if (bytes > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(bytes, 2 * this.#kept.length, 1_024), this.#mostBytes));
      this.#kept.copy(larger, 0, 0, this.#bytes);
      this.#kept = larger;
    }
    part.copy(this.#kept, this.#bytes);
    this.#bytes = bytes;
    return this.#kept.subarray(0, bytes);
  }

  #isTooLong(part: Buffer): boolean {
    if (this.#bytes + part.length <= this.#mostBytes) return false;
    this.#end(`a line of more than ${this.#mostBytes} bytes`);
    return true;
  }

  #end(reason: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#kept = nothing;
    this.#bytes = 0;
    this.#rest = undefined;
    this.#stream.destroy();
    this.#listener.onEnd(reason);
  }
}
