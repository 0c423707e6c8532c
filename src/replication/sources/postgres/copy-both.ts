import { connectionFault, endsConnection, serverFault } from './faults.ts';
import type { PgTransport } from './transport.ts';
import { Fault } from '#base/fault.ts';
import { parseNotice, tag } from '#wire/pg/backend.ts';
import { framesOf, type Run } from '#wire/pg/frames.ts';
import { copyDone, copyMessage } from '#wire/pg/frontend.ts';

const defaultEndMs = 5000;

/**
 * Both directions of a replication stream (PostgreSQL documentation, "Streaming Replication Protocol", START_REPLICATION).
 * The connection is free for queries again once `read` has answered undefined.
 */
export class CopyBoth implements AsyncDisposable {
  readonly #transport: PgTransport;
  readonly #leave: () => void;
  #fault: Fault | undefined;
  #reading: Promise<Uint8Array | undefined> | undefined;
  #state: 'open' | 'ending' | 'ended' = 'open';
  #sentDone = false;

  /** `leave` is called once, when the stream has ended. */
  constructor(transport: PgTransport, leave: () => void) {
    this.#transport = transport;
    this.#leave = leave;
  }

  /** When bytes last came, on the monotonic clock (`performance.now()`); for a watchdog of half-open connections. Moves on while reading is paused. */
  get lastReceivedAtMs(): number {
    return this.#transport.lastReceivedAtMs;
  }

  /** Bytes that were read from the socket and not given by `read` yet. */
  get bufferedBytes(): number {
    return this.#transport.bufferedBytes;
  }

  /**
   * The next whole CopyData messages, each with its 5-byte header; undefined once either side has ended the stream. One call at a time.
   * Faults: the server's, and all of the connection.
   */
  read(): Promise<Uint8Array | undefined> {
    if (this.#state !== 'open') return this.#fault === undefined ? Promise.resolve(undefined) : Promise.reject(this.#fault);
    return this.#read();
  }

  /** Sends one CopyData message with this payload. */
  write(payload: Uint8Array): void {
    if (!this.#sentDone) this.#transport.send(copyMessage(payload));
  }

  /** Leaves the socket unread, so that the server's sending stalls. It still wants to hear from us within its `wal_sender_timeout`. */
  pause(): void {
    this.#transport.hold(true);
  }

  resume(): void {
    this.#transport.hold(false);
  }

  /**
   * Ends the stream in order; what was not read is discarded. Where the server does not end its side in time, as in the midst of a
   * large transaction, the connection is destroyed. Never rejects.
   */
  async end(timeoutMs: number = defaultEndMs): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#sendDone();
    this.#transport.pace(0);
    this.#transport.hold(false);
    const timer = setTimeout(() => this.#transport.destroy(connectionFault('closed', this.#transport.target)), timeoutMs);
    try {
      await this.#reading;
      while (this.#transport.fault === undefined && !this.#hasEnded() && (await this.#read()) !== undefined);
    } catch (error) {
      // Whatever broke it, it has ended; the next use of the connection says why.
      this.#fault ??= error instanceof Fault ? error : undefined;
    } finally {
      clearTimeout(timer);
      this.#ended();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #read(): Promise<Uint8Array | undefined> {
    this.#reading = this.#advance().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #advance(): Promise<Uint8Array | undefined> {
    try {
      for (;;) {
        const run = await this.#transport.next();
        if (run.tag === tag.copyData) return run.bytes;
        if (this.#takeOther(run)) break;
      }
    } catch (error) {
      this.#ended();
      // The server's own words say more than that the connection broke after them.
      throw this.#fault ?? error;
    }
    this.#ended();
    if (this.#fault !== undefined) throw this.#fault;
    return undefined;
  }

  /** True once the server is ready for queries. */
  #takeOther(run: Run): boolean {
    for (const frame of framesOf(run)) {
      switch (run.tag) {
        case tag.copyDone:
          this.#sendDone();
          break;
        case tag.error: {
          const error = parseNotice(frame);
          this.#fault ??= serverFault(error, this.#transport.target);
          if (endsConnection(error)) this.#transport.destroy(this.#fault);
          break;
        }
        case tag.readyForQuery:
          return true;
        case tag.commandComplete:
        case tag.notice:
        case tag.notification:
        case tag.parameterStatus:
        // A timeline's end is told as a row.
        case tag.rowDescription:
        case tag.dataRow:
          break;
        default:
          this.#transport.destroy(connectionFault('outOfStep', this.#transport.target));
      }
    }
    return false;
  }

  #sendDone(): void {
    if (this.#sentDone) return;
    this.#sentDone = true;
    this.#transport.send(copyDone());
  }

  #hasEnded(): boolean {
    return this.#state === 'ended';
  }

  #ended(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#transport.pace(0);
    this.#transport.hold(false);
    this.#leave();
  }
}
