import type { Duplex } from 'node:stream';
import { assert, Fault, toFault } from '#base/fault.ts';
import { MessageReader, packetsOf, usualPacketBytes, type TdsMessage } from '#wire/tds/packets.ts';
import { untilDeadline, type Connecting } from '../connecting.ts';
import { connectionFault } from './faults.ts';

/** Answers to what is asked here have a few kilobytes. */
const mostAnswerBytes = 1024 * 1024;

interface Waiting {
  readonly resolve: (message: TdsMessage) => void;
  readonly reject: (fault: Fault) => void;
}

/** Messages over whatever stream is attached: in the clear, through TLS, in the clear again. */
export class TdsTransport {
  readonly #target: string;
  #reader = new MessageReader(mostAnswerBytes);
  #stream: Duplex | undefined;
  #waiting: Waiting | undefined;
  #fault: Fault | undefined;

  constructor(target: string) {
    this.#target = target;
  }

  /** Reads and writes this stream from now on. */
  attach(stream: Duplex): void {
    this.#stream = stream;
    this.#reader = new MessageReader(mostAnswerBytes);
    stream.on('data', this.#onBytes);
    stream.on('error', this.#onLost);
    stream.on('end', this.#onLost);
    stream.on('close', this.#onLost);
    stream.resume();
  }

  /** Leaves the stream to somebody else. Fault: `UnencryptedBytes` (corrupt), where bytes came that nobody asked for. */
  detach(): Duplex {
    const stream = this.#stream;
    assert(stream !== undefined, 'nothing is attached');
    stream.pause();
    stream.removeListener('data', this.#onBytes);
    stream.removeListener('error', this.#onLost);
    stream.removeListener('end', this.#onLost);
    stream.removeListener('close', this.#onLost);
    this.#stream = undefined;
    if (this.#fault !== undefined) throw this.#fault;
    // Bytes behind an answer were not sent by whom the certificate will name.
    if (!this.#reader.isBetween || this.#reader.next() !== undefined) throw connectionFault('tlsInjected', this.#target);
    return stream;
  }

  send(message: TdsMessage): void {
    if (this.#fault === undefined) this.#stream?.write(packetsOf(message, usualPacketBytes));
  }

  /** The next message. Faults: `ConnectionLost`, `MalformedMessage`, and those of the deadline. */
  async receive(connecting: Connecting, waitsFor: string): Promise<TdsMessage> {
    const ready = this.#reader.next();
    if (ready !== undefined) return ready;
    if (this.#fault !== undefined) throw this.#fault;
    assert(this.#waiting === undefined, 'two readers on one connection');
    const message = new Promise<TdsMessage>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    return await untilDeadline(message, connecting, waitsFor);
  }

  readonly #onBytes = (bytes: Uint8Array): void => {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      return this.#break(toFault(error));
    }
    const waiting = this.#waiting;
    const message = waiting === undefined ? undefined : this.#reader.next();
    if (waiting === undefined || message === undefined) return;
    this.#waiting = undefined;
    waiting.resolve(message);
  };

  readonly #onLost = (cause?: unknown): void => this.#break(cause instanceof Fault ? cause : connectionFault('lost', this.#target, cause));

  #break(trouble: Fault): void {
    this.#fault ??= trouble;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#fault);
  }
}
