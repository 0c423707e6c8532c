import type { Duplex } from 'node:stream';
import { fault, type Fault } from '#base/fault.ts';
import { packetType } from '#wire/tds/packets.ts';
import { doneStatus, type Done } from '#wire/tds/token-done.ts';
import { encodeTokens, type Token } from '#wire/tds/tokens.ts';
import type { TdsVersion } from '#wire/tds/version.ts';
import type { TdsAnswer } from './conversation-terms.ts';

const headerBytes = 8;
const endOfMessage = 0x01;
/** Packets go out together: a write for each would cost more than all else. */
const bytesAtOnce = 64 * 1024;
/** A client that waits for rows of a slow statement sees them after this long. */
const restlessMs = 50;

export interface AnswerOptions {
  readonly packetBytes: number;
  readonly tds: TdsVersion;
  /** In each packet's header. */
  readonly session: number;
}

/** Messages to a client: tokens in packets, many of them in one write. One message after the other. */
export class AnswerWriter implements TdsAnswer {
  readonly #stream: Duplex;
  readonly #options: AnswerOptions;
  readonly #capacity: number;
  #out: Buffer;
  /** Where the packet begins that is being filled, and where its next byte goes. */
  #packetAt = 0;
  #at = headerBytes;
  #packets = 0;
  /** A statement's end, kept until it is known whether anything follows. */
  #held: Done | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Duplex, options: AnswerOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#capacity = Math.max(1, Math.floor(bytesAtOnce / options.packetBytes)) * options.packetBytes;
    this.#out = Buffer.allocUnsafe(this.#capacity);
  }

  /** Nothing of this message is written yet. */
  get isEmpty(): boolean {
    return this.#packets === 0 && this.#at === headerBytes && this.#packetAt === 0 && this.#held === undefined;
  }

  tokens(...tokens: readonly Token[]): void {
    let from = 0;
    tokens.forEach((token, index) => {
      if (!isEnd(token)) return;
      this.#encode(tokens.slice(from, index));
      this.#release(true);
      this.#held = token;
      from = index + 1;
    });
    this.#encode(tokens.slice(from));
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#release(true);
    this.#append(bytes);
  }

  async room(): Promise<void> {
    if (this.#stream.destroyed || this.#stream.closed) throw lost();
    if (this.#stream.writableNeedDrain) await drained(this.#stream);
  }

  /** Ends the message. `failed`: what runs has no end of its own any more. */
  end(failed = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held ??= { kind: 'done', status: failed ? doneStatus.error : 0, command: 0, rows: 0n };
    this.#release(false);
    this.#close(endOfMessage);
    this.#write();
    this.#packets = 0;
  }

  /** A message of its own: the interruption was heard. */
  acknowledge(): void {
    this.#held = { kind: 'done', status: doneStatus.attention, command: 0, rows: 0n };
    this.end();
  }

  #encode(tokens: readonly Token[]): void {
    if (tokens.length > 0) this.bytes(encodeTokens(tokens, this.#options.tds));
  }

  #release(more: boolean): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const status = more ? held.status | doneStatus.more : held.status & ~doneStatus.more;
    this.#append(encodeTokens([{ ...held, status }], this.#options.tds));
  }

  #append(bytes: Uint8Array): void {
    const { packetBytes } = this.#options;
    for (let from = 0; from < bytes.length;) {
      if (this.#at === this.#packetAt + packetBytes) this.#close(0);
      const length = Math.min(bytes.length - from, this.#packetAt + packetBytes - this.#at);
      this.#out.set(length === bytes.length ? bytes : bytes.subarray(from, from + length), this.#at);
      this.#at += length;
      from += length;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#packetAt > 0) this.#write();
    }, restlessMs);
  }

  /** The packet is full, or the last. */
  #close(status: number): void {
    const at = this.#packetAt;
    this.#out[at] = packetType.response;
    this.#out[at + 1] = status;
    this.#out.writeUInt16BE(this.#at - at, at + 2);
    this.#out.writeUInt16BE(this.#options.session & 0xffff, at + 4);
    this.#packets += 1;
    this.#out[at + 6] = this.#packets & 0xff;
    this.#out[at + 7] = 0;
    this.#packetAt = this.#at;
    this.#at += headerBytes;
    if (this.#packetAt >= this.#capacity) this.#write();
  }

  /** Whole packets go; what is in the one begun goes on in a new buffer. */
  #write(): void {
    if (this.#packetAt === 0) return;
    const written = this.#out.subarray(0, this.#packetAt);
    // What waits for a slow client keeps its whole buffer in memory.
    const full = written.length < this.#capacity / 4 ? Buffer.from(written) : written;
    const begun = this.#out.subarray(this.#packetAt, this.#at);
    const next = Buffer.allocUnsafe(this.#capacity);
    if (this.#packetAt < this.#capacity) next.set(begun);
    if (!this.#stream.destroyed) this.#stream.write(full);
    this.#at -= this.#packetAt;
    this.#packetAt = 0;
    this.#out = next;
  }
}

function isEnd(token: Token): token is Done {
  return token.kind === 'done' || token.kind === 'done-proc' || token.kind === 'done-in-proc';
}

export function lost(cause?: unknown): Fault {
  return fault('unreachable', 'ConnectionLost', 'The client is gone.', { remedy: 'Connect again.', cause });
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      stream.removeListener('drain', onDrain);
      stream.removeListener('close', onLost);
      stream.removeListener('error', onLost);
      outcome();
    };
    const onDrain = (): void => settle(resolve);
    const onLost = (): void => settle(() => reject(lost()));
    stream.on('drain', onDrain);
    stream.on('close', onLost);
    stream.on('error', onLost);
  });
}
