import type { Duplex } from 'node:stream';
import { fault, toFault, type Fault } from '#base/fault.ts';
import { malformed } from '#wire/tds/bytes.ts';
import { packetType } from '#wire/tds/packets.ts';
import { lost } from './answer-writer.ts';

const headerBytes = 8;
const mostPacketBytes = 32_767;
const status = { end: 0x01, ignore: 0x02, reset: 0x08, resetKeepsTransaction: 0x10 } as const;
/** So much of a bulk load waits to be read. */
const mostWaitingBytes = 1024 * 1024;
/** A client sends its next request when it has the answer to the last: more than this are not read. */
const mostWaitingMessages = 4;

export interface MessageIn {
  readonly type: number;
  readonly reset: 'no' | 'all' | 'keeps-transaction';
  /** The client has thought better of it while it was sending. */
  readonly ignored: boolean;
  /** All of it; empty for a bulk load. */
  readonly payload: Uint8Array;
  /** Of a bulk load. */
  readonly parts: PartsIn | undefined;
}

interface MessageBegun {
  readonly type: number;
  /** Of its first packet. */
  readonly bits: number;
  readonly parts: Uint8Array[];
  /** How many of the first parts were made of small ones. */
  joined: number;
  bytes: number;
  readonly stream: PartsIn | undefined;
}

/** Parts that are kept as they came: what is kept of each is more than a small one has. */
const mostParts = 4_096;

function keepPart(open: MessageBegun, payload: Uint8Array): void {
  if (payload.length === 0) return;
  open.bytes += payload.length;
  open.parts.push(payload);
  // Those that grew together stay whole, so that each byte is copied a few times at most.
  if (open.parts.length - open.joined < mostParts) return;
  const few = open.parts.splice(open.joined);
  open.parts.push(new Uint8Array(Buffer.concat(few)));
  open.joined = open.parts.length;
}

/** Hears what happens while a request runs. */
export interface RequestWatch {
  /** The client wants no more of it. */
  readonly interrupted: () => void;
  /** The client is gone, or sends what nobody understands. */
  readonly gone: () => void;
}

/** A client's messages as they come: whole ones, bulk loads in parts, interruptions at once. */
export class RequestsIn {
  readonly #stream: Duplex;
  readonly #mostBytes: number;
  readonly #types: ReadonlySet<number>;
  #rest: Uint8Array = new Uint8Array(0);
  #open: MessageBegun | undefined;
  readonly #ready: MessageIn[] = [];
  #waiting: { readonly resolve: (message: MessageIn) => void; readonly reject: (trouble: Fault) => void } | undefined;
  #watch: RequestWatch | undefined;
  #trouble: Fault | undefined;

  constructor(stream: Duplex, options: { readonly mostBytes: number; readonly types: readonly number[] }) {
    this.#stream = stream;
    this.#mostBytes = options.mostBytes;
    this.#types = new Set(options.types);
    stream.on('data', this.#onBytes);
    stream.on('error', this.#onEnd);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.resume();
  }

  /** The stream is read by somebody else from now on. Bytes that came behind the last message are given back. */
  leave(): void {
    this.#stream.pause();
    this.#stream.removeListener('data', this.#onBytes);
    this.#stream.removeListener('error', this.#onEnd);
    this.#stream.removeListener('end', this.#onEnd);
    this.#stream.removeListener('close', this.#onEnd);
    if (this.#rest.length > 0) this.#stream.unshift(this.#rest);
    this.#rest = new Uint8Array(0);
  }

  /** Whether bytes came that nobody has taken. */
  get isBetween(): boolean {
    return this.#rest.length === 0 && this.#open === undefined && this.#ready.length === 0;
  }

  /** Faults: `ConnectionLost` (unreachable), `MalformedMessage` (corrupt). */
  next(): Promise<MessageIn> {
    const ready = this.#ready.shift();
    if (ready !== undefined) {
      this.#flow();
      return Promise.resolve(ready);
    }
    if (this.#trouble !== undefined) return Promise.reject(this.#trouble);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** While a request runs; undefined: none does any more. What happened before is told at once. An interruption is taken by being told. */
  whileRunning(watch: RequestWatch | undefined): void {
    this.#watch = watch;
    if (watch === undefined) return;
    if (this.#trouble !== undefined) watch.gone();
    if (this.#ready[0]?.type !== packetType.attention) return;
    this.#ready.shift();
    watch.interrupted();
  }

  readonly #onBytes = (chunk: Uint8Array): void => {
    try {
      const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      let at = 0;
      for (
        let length = this.#lengthAt(bytes, at);
        length !== undefined && at + length <= bytes.length;
        length = this.#lengthAt(bytes, at)
      ) {
        this.#take(bytes.subarray(at, at + length));
        at += length;
      }
      this.#rest = Uint8Array.prototype.slice.call(bytes, at);
      this.#flow();
    } catch (error) {
      this.#break(toFault(error));
    }
  };

  readonly #onEnd = (cause?: unknown): void => this.#break(lost(cause));

  #break(trouble: Fault): void {
    if (this.#trouble !== undefined) return;
    this.#trouble = trouble;
    this.#open?.stream?.fail(trouble);
    this.#waiting?.reject(trouble);
    this.#waiting = undefined;
    this.#watch?.gone();
  }

  /** Bytes of the packet that begins here. Undefined: its header is not whole. */
  #lengthAt(bytes: Uint8Array, at: number): number | undefined {
    if (at >= bytes.length) return undefined;
    const type = bytes[at]!;
    if (!this.#types.has(type)) throw malformed(`a packet of the type ${type}, which does not belong here`);
    if (bytes.length - at < headerBytes) return undefined;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (length < headerBytes || length > mostPacketBytes) throw malformed(`a packet of ${length} bytes`);
    return length;
  }

  #take(packet: Uint8Array): void {
    const [type, bits] = [packet[0]!, packet[1]!];
    const open = (this.#open ??= this.#begin(type, bits));
    if (open.type !== type) throw malformed(`a packet of type ${type} within a message of type ${open.type}`);
    const payload = Uint8Array.prototype.slice.call(packet, headerBytes);
    const isLast = (bits & status.end) !== 0;
    const ignored = isLast && (bits & status.ignore) !== 0;
    if (open.stream === undefined) {
      keepPart(open, payload);
      if (open.bytes > this.#mostBytes) throw malformed(`a message of more than ${this.#mostBytes} bytes`);
    } else open.stream.add(payload);
    if (!isLast) return;
    this.#open = undefined;
    if (open.stream !== undefined) return ignored ? open.stream.fail(thoughtBetter()) : open.stream.end();
    const whole = open.parts.length === 1 ? open.parts[0]! : new Uint8Array(Buffer.concat(open.parts));
    this.#give({ type, reset: resetOf(open.bits), ignored, payload: whole, parts: undefined });
  }

  #begin(type: number, bits: number): MessageBegun {
    if (type !== packetType.bulkLoad) return { type, bits, parts: [], joined: 0, bytes: 0, stream: undefined };
    const parts = new PartsIn(() => this.#flow());
    this.#give({ type, reset: resetOf(bits), ignored: false, payload: new Uint8Array(0), parts });
    return { type, bits, parts: [], joined: 0, bytes: 0, stream: parts };
  }

  #give(message: MessageIn): void {
    if (message.type === packetType.attention && this.#watch !== undefined && this.#ready.length === 0) return this.#watch.interrupted();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#ready.push(message);
    else waiting.resolve(message);
  }

  /** Reads on where there is room. */
  #flow(): void {
    const isFull = this.#ready.length >= mostWaitingMessages || (this.#open?.stream?.waitingBytes ?? 0) > mostWaitingBytes;
    if (isFull) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
  }
}

/** The bytes of a message that is not read whole. */
export class PartsIn implements AsyncIterable<Uint8Array> {
  readonly #onRoom: () => void;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;
  #trouble: Fault | undefined;
  #wake: (() => void) | undefined;

  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }

  get waitingBytes(): number {
    return this.#bytes;
  }

  add(part: Uint8Array): void {
    if (this.#isOver || part.length === 0) return;
    this.#parts.push(part);
    this.#bytes += part.length;
    this.#wake?.();
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  fail(trouble: Fault): void {
    this.#trouble ??= trouble;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        this.#bytes -= part.length;
        this.#onRoom();
        yield part;
      } else if (this.#trouble !== undefined) throw this.#trouble;
      else if (this.#isOver) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  /** Reads what is left, for nobody. Faults as those of the client's end. */
  async drain(): Promise<void> {
    for await (const _ of this);
  }
}

function resetOf(bits: number): MessageIn['reset'] {
  if ((bits & status.resetKeepsTransaction) !== 0) return 'keeps-transaction';
  return (bits & status.reset) === 0 ? 'no' : 'all';
}

function thoughtBetter(): Fault {
  return fault('cancelled', 'Canceled', 'The client has broken off what it was sending.');
}
